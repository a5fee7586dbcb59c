"""Rotation, translation, shear, zoom and perspective: one warp each. Angles are degrees, counter-clockwise as seen."""

from collections.abc import Iterator
from dataclasses import KW_ONLY
from types import MappingProxyType
from typing import Literal

import numpy as np

from augstream.plan import matrix
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Frame, Op, Rows
from augstream.rng import Rng
from augstream.transforms.arguments import Maybe, MaybeRange, Number, Range, Spread, Wholes, Word
from augstream.transforms.distributions import log_uniform
from augstream.transforms.transform import Geometric, Transform

COS = np.array([1.0, 0.0, -1.0, 0.0])
SIN = np.array([0.0, 1.0, 0.0, -1.0])
CORNERS = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


def factor(rng: Rng, name: str, span: Spread) -> Array:
    """(n,) factors, those of a range evenly on a logarithmic scale."""
    return rng.draw(name, log_uniform(*span) if isinstance(span, tuple) else span, unit="times")


def quarter(frame: Frame, turns: Rows, mirrored: Array | float = 1.0) -> Warp:
    """The warp by quarter turns (n,) counter-clockwise as seen, behind a mirror where that is -1."""
    size = np.where(turns[:, None] % 2 == 1, frame.size[:, ::-1], frame.size)
    cos, sin = COS[turns], SIN[turns]
    (y, x), (to_y, to_x) = frame.size.T / 2, size.T / 2
    a, b = cos * mirrored, -sin * mirrored
    place = matrix.affine(len(frame), a, b, x - a * to_x - b * to_y, sin, cos, y - sin * to_x - cos * to_y)
    return Warp(place, size, covers=True)


def grown(size: Rows, angle: Array) -> Rows:
    """(n, 2) the smallest sizes that hold images of these sizes, turned by angles in radians."""
    cos, sin = np.abs(np.cos(angle)), np.abs(np.sin(angle))
    height, width = size.T
    sides = np.stack([width * sin + height * cos, width * cos + height * sin], axis=1)
    return np.ceil(sides - 1e-6).astype(np.int64)


def inscribed(size: Rows, angle: Array) -> Rows:
    """(n, 2) the largest upright rectangles by area within images of these sizes, turned by angles in radians.

    Two corners of it lie on a long side of the image where the short one is too short for all four sides to be touched.
    """
    cos, sin = np.abs(np.cos(angle)), np.abs(np.sin(angle))
    height, width = size.T
    short, long = size.min(axis=1), size.max(axis=1)
    slim = short <= 2 * sin * cos * long
    double = np.where(slim, 1.0, cos * cos - sin * sin)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = np.where(width >= height, short / 2 / sin, short / 2 / cos)
        down = np.where(width >= height, short / 2 / cos, short / 2 / sin)
        inner_width = np.where(slim, along, (width * cos - height * sin) / double)
        inner_height = np.where(slim, down, (height * cos - width * sin) / double)
    sides = np.stack([inner_height, inner_width], axis=1)
    return np.maximum(np.floor(sides + 1e-6), 1).astype(np.int64)


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


class Transpose(Transform):
    """Swap rows and columns, in half of the images unless p says otherwise. Lossless; height and width change places.

    >>> Transpose()
    Transpose()
    """

    _: KW_ONLY
    p: Number = Number(0.5, 0, 1)  # as the flips
    sentence = "Swap rows and columns"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield Warp(matrix.affine(len(rng), 0.0, 1.0, 0.0, 1.0, 0.0, 0.0), frame.size[:, ::-1].copy(), covers=True)


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
        yield quarter(frame, turns)


class D4(Transform):
    """One of the eight ways in which a square lies on itself: quarter turns, mirrored or not, all equally often.

    For images without an up and a left (microscopes, satellites). Lossless: no resampling; an odd turn swaps height and
    width.

    >>> D4()
    D4()
    """

    sentence = "Rotate by quarter turns and mirror, one of the eight ways"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        way = rng.integers("way", 8, unit="of 8")
        turns, mirrored = way % 4, np.where(way < 4, 1.0, -1.0)
        yield quarter(frame, turns, mirrored)


class Rotate(Geometric):
    """Rotate about the center. degrees: a range; one number v is (-v, v).

    canvas: "same", the size stays and the corners are cut off; "grow", to the smallest size that holds all of the
    image; "inside", the largest upright rectangle (by area) without border. With the last two, images come out in sizes
    of their own, so that a Resize has to follow in a batch.

    >>> Rotate(40)
    Rotate(degrees=(-40, 40))
    """

    degrees: Range = Range(30)
    _: KW_ONLY
    canvas: Word[Literal["same", "grow", "inside"]] = Word(("same", "grow", "inside"))
    sentence = "Rotate by {degrees} degrees"

    def describe(self) -> str:
        """One line of English with the ranges."""
        canvas = {"grow": ", the size grows to hold all", "inside": ", the size shrinks to what has no border"}
        return super().describe() + canvas.get(self.canvas, "")

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        degrees = rng.draw("angle", self.degrees, unit="°")
        if self.canvas == "same":
            yield self.warp(frame, matrix.rotate(frame.size, degrees))
            return
        size = (grown if self.canvas == "grow" else inscribed)(frame.size, np.radians(degrees))
        onto = (frame.size - size) / 2  # from the middle of the new canvas to that of the image
        moved = matrix.affine(len(rng), 1.0, 0.0, onto[:, 1], 0.0, 1.0, onto[:, 0])
        yield self.warp(frame, matrix.then(matrix.rotate(frame.size, degrees), moved), size)


class Shift(Geometric):
    """Move right by x and down by y, ranges of fractions of the width and the height; one number v is (-v, v).

    Without an argument, both are 0.1.

    >>> Shift(x=0.1, y=(0, 0.2))
    Shift(x=(-0.1, 0.1), y=(0, 0.2))
    """

    bare = MappingProxyType({"x": 0.1, "y": 0.1})

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

    Factors of a range come equally often on a logarithmic scale: from 0.5 to 2, half of them are below 1.

    scale: range of factors. y: an own range for the height; None: the same factor as the width's.

    >>> Zoom((0.8, 1.2))
    Zoom(scale=(0.8, 1.2))
    """

    scale: Range = Range(0.2, "(1 - v, 1 + v)", 0, open=True)
    y: MaybeRange = Maybe(Range(0.2, "(1 - v, 1 + v)", 0, open=True), "the same")
    sentence = "Zoom by {scale} times across and {y} down"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        x = factor(rng, "scale", self.scale)
        y = x if self.y is None else factor(rng, "y", self.y)
        yield self.warp(frame, matrix.zoom(frame.size, x, y))


class Affine(Geometric):
    """Zoom, then shear, then rotate, then shift, in one transform; the arguments are those of the four.

    Without an argument: 15 degrees, a shift and a zoom of 0.1, a shear of 5 degrees.

    >>> Affine(degrees=10, zoom=(1, 1.5))
    Affine(degrees=(-10, 10), x=(0, 0), y=(0, 0), shear=(0, 0), zoom=(1, 1.5))
    """

    bare = MappingProxyType({"degrees": 15, "x": 0.1, "y": 0.1, "shear": 5, "zoom": 0.1})
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
        zoom = factor(rng, "zoom", self.zoom)
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
