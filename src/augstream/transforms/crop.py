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
from augstream.transforms.arguments import Height, Maybe, MaybeRange, Option, Range, SameAs
from augstream.transforms.distributions import logarithm
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
        low, high = self.ratio if isinstance(self.ratio, tuple) else (0.0, math.inf)
        share = rng.draw("area", self.scale, k=TRIES, unit="of the image")
        ratio = rng.draw("ratio", logarithm(self.ratio), k=TRIES, unit="log")
        box, corner, places = _core.crop_boxes(frame.size, share, ratio, low, high)
        top = rng.integers("top", places[:, 0], "px", corner[:, 0])
        left = rng.integers("left", places[:, 1], "px", corner[:, 1])
        place = matrix.stretch(box, top, left, self.height, self.width)
        how = self.interpolation or frame.interpolation
        yield Warp(place, sizes(len(rng), self.height, self.width), interpolation=how)


class Crop(Transform):
    """Cut off a random share of each side. amount: range of shares of the height or the width, below 0.5.

    One number v is (0, v). top, right, bottom, left: ranges of their own; None: as `amount` says. The size follows, so
    that a Resize has to come behind it in a batch.

    >>> Crop(0.2, bottom=0)
    Crop(amount=(0, 0.2), bottom=(0, 0))
    """

    amount: Range = Range(0.15, "(0, v)", 0, 0.49)
    _: KW_ONLY
    top: MaybeRange = Maybe(Range(0.15, "(0, v)", 0, 0.49), "the same")
    right: MaybeRange = Maybe(Range(0.15, "(0, v)", 0, 0.49), "the same")
    bottom: MaybeRange = Maybe(Range(0.15, "(0, v)", 0, 0.49), "the same")
    left: MaybeRange = Maybe(Range(0.15, "(0, v)", 0, 0.49), "the same")
    sentence = "Cut off {amount} of each side (top {top}, right {right}, bottom {bottom}, left {left})"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        spans = {"top": self.top, "right": self.right, "bottom": self.bottom, "left": self.left}
        height, width = frame.size.T
        cut = {}
        for side, span in spans.items():
            along = height if side in ("top", "bottom") else width
            share = rng.draw(side, self.amount if span is None else span, unit="of the side")
            cut[side] = np.floor(share * along).astype(np.int64)
        size = np.stack([height - cut["top"] - cut["bottom"], width - cut["left"] - cut["right"]], axis=1)
        yield Warp(matrix.affine(len(rng), 1.0, 0.0, cut["left"], 0.0, 1.0, cut["top"]), size)
