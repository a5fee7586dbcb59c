"""Choosing a part of the image and the size of the result. Sizes are (height, width), in pixels; a pair will do."""

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.plan import matrix
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame, Interpolation, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Height, Option, Range, SameAs, Wholes
from augstream.transforms.transform import INTERPOLATIONS, Bordered, Transform

TRIES = 10


@lru_cache(maxsize=128)
def sizes(n: int, height: int, width: int) -> NDArray[np.int64]:
    """(n, 2), all the same. It is shared, so nobody may write to it."""
    size = np.empty((n, 2), np.int64)
    size[:] = height, width
    size.flags.writeable = False
    return size


class Resize(Transform):
    """Resize to height x width, whatever the aspect ratio was; antialiased when shrinking. width: None is the height.

    >>> Resize(224)
    Resize(height=224, width=224)
    """

    height: Height = Height(224)
    width: SameAs = SameAs("height")
    _: KW_ONLY
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    sentence = "Resize to {height} x {width}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        scale = matrix.stretch(frame.size, 0.0, 0.0, self.height, self.width)
        how = self.interpolation or frame.interpolation
        yield Warp(scale, sizes(len(rng), self.height, self.width), interpolation=how, covers=True)


class CenterCrop(Bordered):
    """Keep height x width pixels about the center; the border pads smaller images. width: None is the height.

    >>> CenterCrop(200, 100)
    CenterCrop(height=200, width=100)
    """

    height: Height = Height(224)
    width: SameAs = SameAs("height")
    sentence = "Keep the middle {height} x {width} pixels"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        size = sizes(len(rng), self.height, self.width)
        top, left = ((frame.size - size) // 2).T
        yield self.warp(frame, matrix.stretch(size, top, left, self.height, self.width), size)


class RandomCrop(Bordered):
    """Keep height x width pixels at a random place. width: None is the height.

    All places inside the image are equally likely; a smaller image lands at a random place of the result and is
    padded with the border.

    >>> RandomCrop(32)
    RandomCrop(height=32, width=32)
    """

    height: Height = Height(224)
    width: SameAs = SameAs("height")
    sentence = "Keep {height} x {width} pixels at a random place"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        size = sizes(len(rng), self.height, self.width)
        spare = frame.size - size
        low, places = np.minimum(spare, 0), np.abs(spare) + 1
        top = rng.integers("top", places[:, 0], "px", low[:, 0])
        left = rng.integers("left", places[:, 1], "px", low[:, 1])
        yield self.warp(frame, matrix.stretch(size, top, left, self.height, self.width), size)


class RandomResizedCrop(Transform):
    """Stretch a random box of the image to height x width, as torchvision's. width: None is the height.

    scale: range of the box's share of the area, within 0 and 1. ratio: range of its width over its height, drawn evenly
    on a logarithmic scale. Ten boxes are drawn and the first that fits is taken; if none does, the largest box in the
    middle whose ratio is in range.

    >>> RandomResizedCrop(224)
    RandomResizedCrop(height=224, width=224, scale=(0.08, 1), ratio=(0.75, 1.3333333333333333))
    """

    height: Height = Height(224)
    width: SameAs = SameAs("height")
    scale: Range = Range((0.08, 1), "(v, v)", 0, 1, open=True)
    ratio: Range = Range((3 / 4, 4 / 3), "(v, v)", 0, open=True)
    _: KW_ONLY
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    sentence = "Resize a random box, {scale} of the area and {ratio} times as wide as high, to {height} x {width}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        low, high = self.ratio
        share = rng.draw("area", self.scale, k=TRIES, unit="of the image")
        ratio = rng.draw("ratio", (math.log(low), math.log(high)), k=TRIES, unit="log")
        box, corner, places = _core.crop_boxes(frame.size, share, ratio, low, high)
        top = rng.integers("top", places[:, 0], "px", corner[:, 0])
        left = rng.integers("left", places[:, 1], "px", corner[:, 1])
        place = matrix.stretch(box, top, left, self.height, self.width)
        how = self.interpolation or frame.interpolation
        yield Warp(place, sizes(len(rng), self.height, self.width), interpolation=how)


class Pad(Bordered):
    """Add border around the image. pixels: one number for all sides, or (top, right, bottom, left).

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
