"""Radial: an image averaged with itself, zoomed about its center by many factors."""

from typing import Any

import numpy as np

from augstream.plan.kinds import outside
from augstream.plan.kinds.warp import BORDERS
from augstream.plan.op import Array, Border, Facts, Frame, Mask, Op, sound
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Radial(Op):
    """The mean of 2**m zooms, bilinear, by factors evenly spaced (as logarithms) from factor**-0.5 to factor**0.5.

    factor: (n,) 1 to 4; 1 leaves the image as it is. m is the least number with which two neighbors among the zooms
    are less than a pixel apart at the middle of the longer image's edges. It takes m passes: the first one averages two
    zooms of the image, and each of the others its result with a zoom of that by the square of the ratio before.
    border: what continues the image outside; fill: (n, 1 or c) levels of a constant one.
    """

    factor: Array
    border: Border = "edge"
    fill: Array | None = None

    tag = 9
    head = True

    def where(self, on: Mask, frame: Frame) -> "Radial":
        return replace(self, factor=np.where(on, self.factor, 1.0))

    def idle(self, frame: Frame) -> Mask:
        still: Mask = self.factor == 1
        return still

    def check(self, n: int, c: int) -> Facts:
        yield "radial.factor", sound(self.factor, (n,)) and bool(((self.factor >= 1) & (self.factor <= 4)).all())
        yield "radial.fill", (self.fill is None) != (self.border == "constant")
        yield "radial.fill", self.fill is None or sound(self.fill, (n, 1), (n, c))

    def text(self, row: int) -> str:
        if self.factor[row] == 1:
            return "Radial none"
        return f"Radial zooms by {self.factor[row]:.5g}{outside.text(self.border, self.fill, row)}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        fill = outside.levels(self.fill, channels)
        return self.tag, np.ascontiguousarray(self.factor), BORDERS[self.border], fill

    def apply(self, image: Array, row: int) -> Array:
        factor, fill = float(self.factor[row]), None if self.fill is None else self.fill[row]
        if factor == 1:
            return image
        root = np.sqrt(factor)
        spread, passes = (root - 1 / root) * max(image.shape[:2]) / 2, 1
        while 2**passes - 1 < spread:
            passes += 1
        ratio = factor ** (1 / (2**passes - 1))
        image = (self._zoomed(image, 1 / root, fill) + self._zoomed(image, ratio / root, fill)) / 2
        for number in range(1, passes):
            image = (image + self._zoomed(image, ratio ** (2**number), fill)) / 2
        return image

    def _zoomed(self, image: Array, factor: float, fill: Array | None) -> Array:
        for axis in (0, 1):
            n = image.shape[axis]
            place = (np.arange(n) + 0.5 - n / 2) / factor + n / 2 - 0.5
            before = np.floor(place).astype(np.int64)
            more = int(max(0, -before.min(), before.max() + 2 - n))
            seen = outside.padded(np.moveaxis(image, axis, 0), np.array([more, 0]), self.border, fill)
            share = (place - before)[:, None, None]
            lines = seen[before + more] * (1 - share) + seen[before + more + 1] * share
            image = np.moveaxis(lines, 0, axis)
        return image
