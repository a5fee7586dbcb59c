"""Curve: a lookup table over the levels."""

from typing import Any

import numpy as np

from augstream.plan.op import Array, Facts, Frame, Mask, Op, Rows, float32, numbers, sound
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Curve(Op):
    """A lookup table of output levels over the input levels, channel by channel.

    table: (n, 1 or c, 256) output levels at 256 evenly spaced input levels from 0 to `peak`; inputs beyond are clipped.
    steps: False interpolates linearly between entries, True takes the nearest entry.
    on: (n,) the images it is for, the others stay as they are; None: all of them.
    """

    table: Array
    peak: float
    steps: bool = False
    on: Mask | None = None

    tag = 2

    def where(self, on: Mask, frame: Frame) -> "Curve":
        return replace(self, on=on if self.on is None else self.on & on)

    def idle(self, frame: Frame) -> Mask:
        return np.zeros(len(self.table), bool) if self.on is None else ~self.on

    def take(self, rows: Rows) -> "Curve":
        on = None if self.on is None or self.on[rows].all() else self.on[rows]
        return replace(self, table=self.table[rows], on=on)

    def check(self, n: int, c: int) -> Facts:
        yield "curve.on", self.on is None or (self.on.shape == (n,) and self.on.dtype == np.bool_)
        yield "curve.table", sound(self.table, (n, 1, 256), (n, c, 256)) and self.peak > 0

    def text(self, row: int) -> str:
        if self.on is not None and not self.on[row]:
            return "Curve  none"
        nodes = [0, 64, 128, 192, 255]
        curves = " / ".join(numbers(channel[nodes]) for channel in self.table[row])
        return f"Curve  {numbers(np.array(nodes) * self.peak / 255)} -> {curves}{', in steps' if self.steps else ''}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        on = None if self.on is None else self.on.view(np.uint8)
        return self.tag, float32(self.table), float(self.peak), self.steps, on

    def apply(self, image: Array, row: int) -> Array:
        if self.on is not None and not self.on[row]:
            return image
        table = np.broadcast_to(self.table[row], (image.shape[2], 256))
        place = np.minimum(np.fmax(image * (255 / self.peak), 0), 255)  # fmax: 0 for what is no number
        if self.steps:
            place = np.floor(place + 0.5)
        low = np.minimum(np.floor(place).astype(np.int64), 254)
        channel = np.arange(image.shape[2])
        a, b = table[channel, low], table[channel, low + 1]
        return np.asarray(a + (place - low) * (b - a))


def merge(first: Curve, second: Curve) -> Curve | None:
    """A stepped table, then any table, are one stepped table: look its entries up in the second."""
    if not (first.steps and first.on is second.on is None):
        return None
    place = np.clip(first.table * (255 / second.peak), 0, 255)
    table = np.broadcast_to(second.table, np.broadcast_shapes(place.shape, second.table.shape))
    place = np.broadcast_to(place, table.shape)
    if second.steps:
        return Curve(np.take_along_axis(table, np.floor(place + 0.5).astype(np.int64), 2), first.peak, True)
    low = np.minimum(place.astype(np.int64), 254)
    left, right = (np.take_along_axis(table, low + side, 2) for side in (0, 1))
    return Curve(left + (right - left) * (place - low), first.peak, True)
