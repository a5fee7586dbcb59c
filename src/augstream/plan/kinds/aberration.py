"""Aberration: each channel at a scale of its own."""

from typing import Any

import numpy as np

from augstream.plan.kinds.sampling import taps
from augstream.plan.op import Array, Facts, Frame, Mask, Op, numbers, sound
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Aberration(Op):
    """Scales channels about the center of the image, as a lens does colors.

    spread: (n, c) how much a channel is enlarged: the pixel at `d` from the center looks at `d / (1 + spread)`, by
    bilinear interpolation, and the edge goes on outside. 0 leaves a channel as it is.
    """

    spread: Array

    tag = 25
    head = True

    def where(self, on: Mask, frame: Frame) -> "Aberration":
        return replace(self, spread=np.where(on[:, None], self.spread, 0.0))

    def idle(self, frame: Frame) -> Mask:
        still: Mask = (self.spread == 0).all(axis=1)
        return still

    def check(self, n: int, c: int) -> Facts:
        yield "aberration.spread", sound(self.spread, (n, c)) and bool((np.abs(self.spread) <= 0.5).all())

    def text(self, row: int) -> str:
        spread = self.spread[row]
        return f"Aberration, channels enlarged by {numbers(spread)}" if spread.any() else "Aberration none"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, np.ascontiguousarray(self.spread)

    def apply(self, image: Array, row: int) -> Array:
        planes = []
        for plane, spread in zip(np.moveaxis(image, 2, 0), self.spread[row], strict=True):
            gain = 1 / (1 + spread)
            down, along = (taps(gain, n / 2 * (1 - gain), n, n, "edge", "bilinear", False) for n in plane.shape)
            planes.append(down @ plane @ along.T if spread else plane)
        return np.stack(planes, axis=2)
