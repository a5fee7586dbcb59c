"""Adding border around the image. Sizes are (height, width), in pixels."""

from collections.abc import Iterator
from dataclasses import KW_ONLY
from typing import Literal

import numpy as np

from augstream.plan import matrix
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Frame, Op, Rows
from augstream.rng import Rng
from augstream.transforms.arguments import Height, Integer, Range, SameAs, Wholes, Word
from augstream.transforms.geometry import factor
from augstream.transforms.transform import Bordered


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


class Placed(Bordered):
    """An image on a larger canvas. position: where it lies on it; "random" is anywhere, drawn for each image."""

    surrounds = True
    _: KW_ONLY
    position: Word[Literal["center", "random", "top left"]] = Word(("center", "random", "top left"))

    def onto(self, rng: Rng, frame: Frame, size: Rows) -> Warp:
        """The warp onto a canvas of these sizes."""
        spare = size - frame.size
        if self.position == "random":
            top, left = (rng.integers(side, spare[:, axis] + 1, "px") for axis, side in enumerate(("top", "left")))
        else:
            top, left = (spare // 2 if self.position == "center" else spare * 0).T
        return self.warp(frame, matrix.affine(len(rng), 1.0, 0.0, -left, 0.0, 1.0, -top), size)


class PadTo(Placed):
    """Add border until the image is at least height x width pixels; what is larger stays. width: None is the height.

    >>> PadTo(256, border="symmetric")
    PadTo(height=256, width=256, border='symmetric')
    """

    height: Height = Height(512)
    width: SameAs = SameAs("height")
    sentence = "Add border up to {height} x {width} pixels, the image at the {position}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield self.onto(rng, frame, np.maximum(frame.size, (self.height, self.width)))


class PadToMultiple(Placed):
    """Add border until height and width are multiples of a number, as networks that halve their maps want it.

    >>> PadToMultiple(32)
    PadToMultiple(multiple=32)
    """

    multiple: Integer = Integer(32, 1)
    sentence = "Add border up to multiples of {multiple} pixels, the image at the {position}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield self.onto(rng, frame, -(-frame.size // self.multiple) * self.multiple)


class ZoomOut(Placed):
    """Lay the image at a random place of a larger canvas of border, to make objects small.

    It is SSD's "expand" (Liu et al., 2016). scale: range of factors of the canvas's sides, from 1; evenly on a
    logarithmic scale. The size follows, so that a Resize has to come behind it in a batch.

    >>> ZoomOut((1, 2))
    ZoomOut(scale=(1, 2))
    """

    scale: Range = Range((1, 4), "(v, v)", 1)
    _: KW_ONLY
    position: Word[Literal["random", "center", "top left"]] = Word(("random", "center", "top left"))
    sentence = "Lay it on a canvas {scale} times as large, at {position}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        times: Array = factor(rng, "scale", self.scale)
        yield self.onto(rng, frame, np.floor(frame.size * times[:, None]).astype(np.int64))
