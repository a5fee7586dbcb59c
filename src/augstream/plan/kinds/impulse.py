"""Impulse: a pixel becomes one of two levels, by chance."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.plan.kinds import pixel_hash
from augstream.plan.op import Array, Facts, Frame, Mask, Op, float32, numbers, sound
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Impulse(Op):
    """Sets some pixels, each by chance, to one of two levels.

    chance: (n, 2) how likely each of the two is, their sum at most 1. fill: (n, 2, c) their levels. key: (n,) what the
    numbers depend on besides the pixel's place. per_channel: whether each channel of a pixel takes a chance of its own.
    channels: how many are set; what comes behind them (alpha) stays.
    """

    chance: Array
    fill: Array
    key: NDArray[np.uint64]
    channels: int
    per_channel: bool = False

    tag = 20

    def where(self, on: Mask, frame: Frame) -> "Impulse":
        return replace(self, chance=np.where(on[:, None], self.chance, 0.0))

    def idle(self, frame: Frame) -> Mask:
        silent: Mask = (self.chance == 0).all(axis=1)
        return silent

    def check(self, n: int, c: int) -> Facts:
        possible = sound(self.chance, (n, 2)) and bool((self.chance >= 0).all())
        yield "impulse.chance", possible and bool((self.chance.sum(axis=1) <= 1 + 1e-9).all())
        yield "impulse.fill", sound(self.fill, (n, 2, c))
        yield "impulse.key", self.key.shape == (n,) and self.key.dtype == np.uint64
        yield "impulse.channels", 0 < self.channels <= c

    def text(self, row: int) -> str:
        parts = [
            f"{chance:.4g} of the pixels {numbers(fill[: self.channels])}"
            for chance, fill in zip(self.chance[row], self.fill[row], strict=True)
            if chance
        ]
        each = ", channel by channel" if self.per_channel and parts else ""
        return f"Impulse {', '.join(parts) or 'none'}{each}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, self._below, float32(self.fill), self.key, self.channels, self.per_channel

    @property
    def _below(self) -> NDArray[np.int64]:
        """(n, 2) how many of the 2**24 numbers stand for each of the two: the lowest ones, and the highest ones."""
        return np.minimum(np.ceil(self.chance * 2.0**24), 2.0**24).astype(np.int64)

    def apply(self, image: Array, row: int) -> Array:
        height, width, _ = image.shape
        c = self.channels
        hashes = pixel_hash.words(int(self.key[row]), height, width, c if self.per_channel else 1) >> np.uint32(8)
        first, second = self._below[row]
        out = image.copy()
        for hit, fill in ((hashes >= 2**24 - second, self.fill[row, 1]), (hashes < first, self.fill[row, 0])):
            out[..., :c] = np.where(hit, fill[:c], out[..., :c])
        return out
