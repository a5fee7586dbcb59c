"""Dither: few levels, in a pattern that keeps the mean."""

from typing import Any

import numpy as np

from augstream.plan.op import Array, Facts, Frame, Mask, Op, Rows
from augstream.record import record, replace


def bayer(n: int) -> Array:
    """The matrix of 0 .. n * n - 1 whose numbers lie apart (Bayer, 1973); n is a power of two."""
    if n == 1:
        return np.zeros((1, 1))
    half = 4 * bayer(n // 2)
    return np.block([[half, half + 2], [half + 3, half + 1]])


BAYER = bayer(8)


@record(frozen=True, eq=False)
class Dither(Op):
    """Rounds to a few levels, up or down by the 8 x 8 matrix of Bayer.

    levels: (n,) how many, 2 to 16, from 0 to the peak; 0 leaves an image as it is. shift: (n, 2) rows and columns, 0 to
    7, that the matrix is moved by. Alpha stays.
    """

    levels: Rows
    shift: Rows
    peak: float

    tag = 23

    def where(self, on: Mask, frame: Frame) -> "Dither":
        return replace(self, levels=np.where(on, self.levels, 0))

    def idle(self, frame: Frame) -> Mask:
        none: Mask = self.levels == 0
        return none

    def check(self, n: int, c: int) -> Facts:
        good = (self.levels == 0) | ((self.levels >= 2) & (self.levels <= 16))
        yield "dither.levels", self.levels.shape == (n,) and self.levels.dtype == np.int64 and bool(good.all())
        whole = self.shift.shape == (n, 2) and self.shift.dtype == np.int64
        yield "dither.shift", whole and bool(((self.shift >= 0) & (self.shift < 8)).all())
        yield "dither.peak", self.peak > 0

    def text(self, row: int) -> str:
        levels, (down, right) = int(self.levels[row]), self.shift[row].tolist()
        return f"Dither {levels} levels, pattern moved by {down} {right}" if levels else "Dither none"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, self.levels, self.shift, self.peak

    def apply(self, image: Array, row: int) -> Array:
        if not self.levels[row]:
            return image
        height, width, c = image.shape
        steps, (down, right) = int(self.levels[row]) - 1, self.shift[row].tolist()
        y, x = np.ogrid[:height, :width]
        threshold = (BAYER[(y + down) % 8, (x + right) % 8, None] + 0.5) / 64
        color = np.clip(np.nan_to_num(image[..., :3] if c == 4 else image), 0, self.peak)
        made = np.floor(color * (steps / self.peak) + threshold) * (self.peak / steps)
        return np.concatenate([made, image[..., 3:]], axis=2) if c == 4 else made
