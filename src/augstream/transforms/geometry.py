"""Rotation, translation, shear, zoom and perspective: one warp each. Angles are degrees, counter-clockwise as seen."""

from collections.abc import Iterator
from dataclasses import KW_ONLY

import numpy as np

from augstream.plan import matrix
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Maybe, MaybeRange, Number, Range, Wholes
from augstream.transforms.transform import Geometric, Transform

COS = np.array([1.0, 0.0, -1.0, 0.0])
SIN = np.array([0.0, 1.0, 0.0, -1.0])
CORNERS = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


class HorizontalFlip(Transform):
    """Swap left and right, in half of the images unless p says otherwise. Lossless: no resampling.

    >>> HorizontalFlip(p=1)
    HorizontalFlip(p=1)
    """

    _: KW_ONLY
    p: Number = Number(0.5, 0, 1)  # always mirrored would be no augmentation
    sentence = "Swap left and right"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        flip = matrix.affine(len(rng), -1.0, 0.0, frame.size[:, 1], 0.0, 1.0, 0.0)
        yield Warp(flip, frame.size, covers=True)


class VerticalFlip(Transform):
    """Swap top and bottom, in half of the images unless p says otherwise. Lossless: no resampling.

    >>> VerticalFlip()
    VerticalFlip()
    """

    _: KW_ONLY
    p: Number = Number(0.5, 0, 1)  # as HorizontalFlip
    sentence = "Swap top and bottom"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        flip = matrix.affine(len(rng), 1.0, 0.0, 0.0, 0.0, -1.0, frame.size[:, 0])
        yield Warp(flip, frame.size, covers=True)


class Rotate90(Transform):
    """Rotate by quarter turns. Lossless: no resampling; an odd turn swaps height and width.

    turns: how many, taken with equal chances from these (0 to 3).

    >>> Rotate90((1, 3))
    Rotate90(turns=(1, 3))
    """

    turns: Wholes = Wholes((0, 1, 2, 3), 0, 3)
    sentence = "Rotate by quarter turns, one of {turns}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        turns = np.array(self.turns)[rng.integers("turns", len(self.turns), unit=f"as place in {self.turns}")]
        size = np.where(turns[:, None] % 2 == 1, frame.size[:, ::-1], frame.size)
        cos, sin = COS[turns], SIN[turns]
        (y, x), (to_y, to_x) = frame.size.T / 2, size.T / 2
        place = matrix.affine(len(rng), cos, -sin, x - cos * to_x + sin * to_y, sin, cos, y - sin * to_x - cos * to_y)
        yield Warp(place, size, covers=True)


class Rotate(Geometric):
    """Rotate about the center. degrees: a range; one number v is (-v, v).

    >>> Rotate(40)
    Rotate(degrees=(-40, 40))
    """

    degrees: Range = Range(30)
    sentence = "Rotate by {degrees} degrees"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield self.warp(frame, matrix.rotate(frame.size, rng.draw("angle", self.degrees, unit="°")))


class Shift(Geometric):
    """Move right by x and down by y, ranges of fractions of the width and the height; one number v is (-v, v).

    >>> Shift(x=0.1, y=(0, 0.2))
    Shift(x=(-0.1, 0.1), y=(0, 0.2))
    """

    x: Range = Range(0.0)
    y: Range = Range(0.0)
    sentence = "Move right by {x} of the width and down by {y} of the height"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        x, y = rng.draw("x", self.x, unit="of the width"), rng.draw("y", self.y, unit="of the height")
        yield self.warp(frame, matrix.shift(frame.size, x, y))


class Shear(Geometric):
    """Shear vertical lines by x and horizontal lines by y degrees, ranges within -89..89; one number v is (-v, v).

    >>> Shear(11)
    Shear(x=(-11, 11), y=(0, 0))
    """

    x: Range = Range(10, low=-89, high=89)
    y: Range = Range(0.0, low=-89, high=89)
    sentence = "Shear vertical lines by {x} degrees and horizontal lines by {y}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        x, y = rng.draw("x", self.x, unit="°"), rng.draw("y", self.y, unit="°")
        yield self.warp(frame, matrix.shear(frame.size, x, y))


class Zoom(Geometric):
    """Make bigger (factors above 1) or smaller about the center; one number v is (1 - v, 1 + v).

    scale: range of factors. y: an own range for the height; None: the same factor as the width's.

    >>> Zoom((0.8, 1.2))
    Zoom(scale=(0.8, 1.2))
    """

    scale: Range = Range(0.2, "(1 - v, 1 + v)", 0, open=True)
    y: MaybeRange = Maybe(Range(0.2, "(1 - v, 1 + v)", 0, open=True), "the same")
    sentence = "Zoom by {scale} times across and {y} down"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        x = rng.draw("scale", self.scale, unit="times")
        y = x if self.y is None else rng.draw("y", self.y, unit="times")
        yield self.warp(frame, matrix.zoom(frame.size, x, y))


class Affine(Geometric):
    """Zoom, then shear, then rotate, then shift, in one transform; the arguments are those of the four.

    >>> Affine(degrees=10, zoom=(1, 1.5))
    Affine(degrees=(-10, 10), x=(0, 0), y=(0, 0), shear=(0, 0), zoom=(1, 1.5))
    """

    degrees: Range = Range(0.0)
    x: Range = Range(0.0)
    y: Range = Range(0.0)
    shear: Range = Range(0.0, low=-89, high=89)
    zoom: Range = Range(0.0, "(1 - v, 1 + v)", 0, open=True)
    sentence = (
        "Zoom by {zoom} times, shear vertical lines by {shear} degrees, rotate by {degrees} degrees, "
        "move right by {x} of the width and down by {y} of the height"
    )

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        zoom = rng.draw("zoom", self.zoom, unit="times")
        shear = rng.draw("shear", self.shear, unit="°")
        angle = rng.draw("angle", self.degrees, unit="°")
        x, y = rng.draw("x", self.x, unit="of the width"), rng.draw("y", self.y, unit="of the height")
        about = matrix.then(matrix.zoom(frame.size, zoom, zoom), matrix.shear(frame.size, shear, 0.0))
        turned = matrix.then(about, matrix.rotate(frame.size, angle))
        yield self.warp(frame, matrix.then(turned, matrix.shift(frame.size, x, y)))


class Perspective(Geometric):
    """Random perspective distortion: each corner moves towards the center, by its own share of the way in x and in y.

    strength: range of shares, within 0 and 0.9; one number v is (0, v).

    >>> Perspective(0.4)
    Perspective(strength=(0, 0.4))
    """

    strength: Range = Range(0.3, "(0, v)", 0, 0.9)
    sentence = "Distort the perspective: pull each corner in by {strength} of the way to the center"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        pull = rng.draw("strength", self.strength, k=8, unit="of the way").reshape(-1, 4, 2) / 2
        yield self.warp(frame, matrix.perspective(frame.size, CORNERS + pull * (1 - 2 * CORNERS)))
