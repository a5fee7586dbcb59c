"""Downscale: fewer pixels, shown at the size of before."""

from typing import Any

import numpy as np

from augstream.plan.kinds.sampling import taps
from augstream.plan.kinds.warp import INTERPOLATIONS
from augstream.plan.op import Array, Facts, Frame, Interpolation, Mask, Op, Rows
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Downscale(Op):
    """Resizes to a lower resolution, as a warp does (bilinear, antialiased), and back.

    low: (n, 2) the height and width in between; (0, 0) leaves an image as it is. interpolation: of the way back. Levels
    are clipped to 0..peak.
    """

    low: Rows
    interpolation: Interpolation
    peak: float

    tag = 24
    head = True

    def where(self, on: Mask, frame: Frame) -> "Downscale":
        return replace(self, low=np.where(on[:, None], self.low, 0))

    def idle(self, frame: Frame) -> Mask:
        none: Mask = (self.low == 0).any(axis=1) | (self.low == frame.size).all(axis=1)
        return none

    def check(self, n: int, c: int) -> Facts:
        whole = self.low.shape == (n, 2) and self.low.dtype == np.int64
        yield "downscale.low", whole and bool((self.low >= 0).all())
        yield "downscale.interpolation", self.interpolation in INTERPOLATIONS
        yield "downscale.peak", self.peak > 0

    def text(self, row: int) -> str:
        height, width = self.low[row].tolist()
        return f"Downscale to {height} x {width} and back, {self.interpolation}" if height else "Downscale none"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, self.low, INTERPOLATIONS[self.interpolation], self.peak

    def apply(self, image: Array, row: int) -> Array:
        if not self.low[row].all():
            return image
        for axis, low in enumerate(self.low[row].tolist()):
            n = image.shape[axis]
            down = taps(n / low, 0, low, n, "edge", "bilinear", True)
            up = taps(low / n, 0, n, low, "edge", self.interpolation, True)
            image = np.moveaxis(np.tensordot(up @ down, image, (1, axis)), 0, axis)
        return np.clip(image, 0, self.peak)
