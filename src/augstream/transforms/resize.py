"""Resizing that keeps the aspect ratio. Sizes are (height, width), in pixels."""

from collections.abc import Iterator
from dataclasses import KW_ONLY

import numpy as np

from augstream.plan import matrix
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Frame, Interpolation, Op, Rows
from augstream.rng import Rng
from augstream.transforms.arguments import Height, Option, Range, SameAs, WholeRange
from augstream.transforms.crop import sizes
from augstream.transforms.geometry import factor
from augstream.transforms.transform import INTERPOLATIONS, Geometric, Transform


def resized(frame: Frame, size: Rows, interpolation: Interpolation | None) -> Warp:
    """The warp that stretches images to these sizes."""
    scale = frame.size / size
    onto = matrix.affine(len(frame), scale[:, 1], 0.0, 0.0, 0.0, scale[:, 0], 0.0)
    return Warp(onto, size, interpolation=interpolation or frame.interpolation, covers=True)


def scaled(size: Rows, scale: Array) -> Rows:
    """(n, 2) the sizes nearest to these times the scales (n,)."""
    return np.maximum(np.rint(size * scale[:, None]), 1).astype(np.int64)


class LongestSide(Transform):
    """Resize so that the longer side has `size` pixels, a whole number or a range; the aspect ratio stays.

    >>> LongestSide(512)
    LongestSide(size=(512, 512))
    """

    size: WholeRange = WholeRange(512, 1)
    _: KW_ONLY
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    sentence = "Resize the longer side to {size} pixels"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        side = rng.whole("size", self.size, unit="px")
        yield resized(frame, scaled(frame.size, side / frame.size.max(axis=1)), self.interpolation)


class ShortestSide(Transform):
    """Resize so that the shorter side has `size` pixels, a whole number or a range; the aspect ratio stays.

    >>> ShortestSide((256, 480))
    ShortestSide(size=(256, 480))
    """

    size: WholeRange = WholeRange(256, 1)
    _: KW_ONLY
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    sentence = "Resize the shorter side to {size} pixels"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        side = rng.whole("size", self.size, unit="px")
        yield resized(frame, scaled(frame.size, side / frame.size.min(axis=1)), self.interpolation)


class RandomScale(Transform):
    """Resize by a random factor; the image's size follows, so that a crop or a Resize has to come behind it in a batch.

    scale: range of factors, evenly on a logarithmic scale; one number v is (1 - v, 1 + v). Zoom keeps the size instead.

    >>> RandomScale((0.5, 2))
    RandomScale(scale=(0.5, 2))
    """

    scale: Range = Range(0.25, "(1 - v, 1 + v)", 0, open=True)
    _: KW_ONLY
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    sentence = "Resize by a factor of {scale}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield resized(frame, scaled(frame.size, factor(rng, "scale", self.scale)), self.interpolation)


class LetterBox(Geometric):
    """Resize to the largest size that fits into height x width, in the middle of border; the aspect ratio stays.

    width: None is the height. fill: of the bars, the Compose's unless it is said here (114 with detectors of the YOLO
    family).

    >>> LetterBox(640, fill=114)
    LetterBox(height=640, width=640, fill=(114,))
    """

    surrounds = True
    height: Height = Height(640)
    width: SameAs = SameAs("height")
    sentence = "Fit into {height} x {width}, in the middle of border"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        canvas = sizes(len(rng), self.height, self.width)
        inner = scaled(frame.size, (canvas / frame.size).min(axis=1))
        top, left = ((canvas - inner) // 2).T
        y, x = (frame.size / inner).T
        yield self.warp(frame, matrix.affine(len(rng), x, 0.0, -left * x, 0.0, y, -top * y), canvas)
