"""Choosing a part of the picture and the size of the result. Sizes are (height, width), in pixels."""

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY

import numpy as np
from numpy.typing import NDArray

from augstream.plan import matrix
from augstream.plan.kinds import Warp
from augstream.plan.op import Frame, Interpolation, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Integer, Option, Range, SameAs, Wholes
from augstream.transforms.transform import INTERPOLATIONS, Bordered, Transform

TRIES = 10


def sizes(n: int, height: int, width: int) -> NDArray[np.int64]:
    """(n, 2), all the same."""
    size = np.empty((n, 2), np.int64)
    size[:] = height, width
    return size


class Resize(Transform):
    """Stretch to height x width, whatever the shape was; antialiased when shrinking. width: None is the height.

    >>> Resize(224)
    Resize(height=224, width=224)
    """

    height: Integer = Integer(224, 1)
    width: SameAs = SameAs("height")
    _: KW_ONLY
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    sentence = "Resize to {height} x {width}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        n, height, width = len(rng), self.height, self.width
        scale = matrix.affine(n, frame.size[:, 1] / width, 0.0, 0.0, 0.0, frame.size[:, 0] / height, 0.0)
        how = self.interpolation or frame.interpolation
        yield Warp(scale, sizes(n, height, width), interpolation=how, covers=True)


class CenterCrop(Bordered):
    """Keep height x width pixels about the center; what a smaller picture lacks is border. width: None is the height.

    >>> CenterCrop(200, 100)
    CenterCrop(height=200, width=100)
    """

    height: Integer = Integer(224, 1)
    width: SameAs = SameAs("height")
    sentence = "Keep the middle {height} x {width} pixels"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        size = sizes(len(rng), self.height, self.width)
        top, left = ((frame.size - size) // 2).T
        yield self.warp(frame, matrix.affine(len(rng), 1.0, 0.0, left, 0.0, 1.0, top), size)


class RandomCrop(Bordered):
    """Keep height x width pixels at a random place. width: None is the height.

    All places inside the picture are equally likely; a smaller picture lands at a random place of the result, and what
    it lacks is border.

    >>> RandomCrop(32)
    RandomCrop(height=32, width=32)
    """

    height: Integer = Integer(224, 1)
    width: SameAs = SameAs("height")
    sentence = "Keep {height} x {width} pixels at a random place"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        size = sizes(len(rng), self.height, self.width)
        spare = frame.size - size
        low, places = np.minimum(spare, 0), np.abs(spare) + 1
        top = low[:, 0] + rng.integers("top", places[:, 0], unit="px")
        left = low[:, 1] + rng.integers("left", places[:, 1], unit="px")
        yield self.warp(frame, matrix.affine(len(rng), 1.0, 0.0, left, 0.0, 1.0, top), size)


class RandomResizedCrop(Transform):
    """Stretch a random box of the picture to height x width, as torchvision's. width: None is the height.

    scale: range of the box's share of the area, within 0 and 1. ratio: range of its width over its height, drawn evenly
    on a logarithmic scale. Ten boxes are drawn and the first that fits is taken; if none does, the largest box in the
    middle whose ratio is in range.

    >>> RandomResizedCrop(224)
    RandomResizedCrop(height=224, width=224, scale=(0.08, 1), ratio=(0.75, 1.3333333333333333))
    """

    height: Integer = Integer(224, 1)
    width: SameAs = SameAs("height")
    scale: Range = Range((0.08, 1), "(v, v)", 0, 1, open=True)
    ratio: Range = Range((3 / 4, 4 / 3), "(v, v)", 0, open=True)
    _: KW_ONLY
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    sentence = "Stretch a box of {scale} of the area, {ratio} times as wide as high, to {height} x {width}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        n, height, width = len(rng), self.height, self.width
        box, fits = self._boxes(rng, frame)
        spare = frame.size - box
        anywhere = [rng.integers(name, spare[:, axis] + 1, unit="px") for axis, name in enumerate(("top", "left"))]
        top, left = np.where(fits, anywhere, spare.T // 2)
        tall, wide = box.T
        how = self.interpolation or frame.interpolation
        place = matrix.affine(n, wide / width, 0.0, left, 0.0, tall / height, top)
        yield Warp(place, sizes(n, height, width), interpolation=how)

    def _boxes(self, rng: Rng, frame: Frame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Sizes (n, 2) of boxes, and where they are drawn ones (n,)."""
        size = frame.size
        low, high = self.ratio
        area = rng.uniform("area", *self.scale, k=TRIES, unit="of the picture") * (size[:, :1] * size[:, 1:])
        ratio = rng.uniform("ratio", math.log(low), math.log(high), k=TRIES, unit="log")
        side, root = np.sqrt(area), np.exp(ratio / 2)
        boxes = np.rint(np.stack([side / root, side * root], axis=2))
        fits = ((boxes >= 1) & (boxes <= size[:, None])).all(axis=2)
        some, drawn = fits.any(axis=1), boxes[np.arange(len(size)), fits.argmax(axis=1)]
        tall, wide = size.T.astype(np.float64)
        middle = np.stack([np.minimum(tall, np.rint(wide / low)), np.minimum(wide, np.rint(tall * high))], axis=1)
        return np.where(some[:, None], drawn, np.maximum(middle, 1)).astype(np.int64), some


class Pad(Bordered):
    """Add border around the picture. pixels: one number for all sides, or (top, right, bottom, left).

    >>> Pad(4, border="reflect")
    Pad(pixels=(4, 4, 4, 4), border='reflect')
    """

    surrounds = True
    pixels: Wholes = Wholes(4, 0, count=4)
    sentence = "Add {pixels} pixels of border (top, right, bottom, left)"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        top, right, bottom, left = self.pixels
        size = frame.size + np.array((top + bottom, left + right))
        yield self.warp(frame, matrix.affine(len(rng), 1.0, 0.0, -left, 0.0, 1.0, -top), size)
