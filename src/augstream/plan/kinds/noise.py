"""Noise: a random number for each pixel, from its place and the image's key."""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.plan.kinds import pixel_hash
from augstream.plan.op import Array, Facts, Frame, Mask, Op, float32, numbers, sound
from augstream.record import record, replace

Distribution: TypeAlias = Literal["gaussian", "uniform"]
DISTRIBUTIONS: dict[Distribution, int] = {"gaussian": 0, "uniform": 1}


@record(frozen=True, eq=False)
class Noise(Op):
    """Adds random numbers of mean 0 to the levels, then clips them.

    std: (n, c) standard deviation in levels; channels of 0 stay as they are. key: (n,) what the numbers depend on
    besides the pixel's place. per_channel: False adds the same number to all channels, times their std.
    low, high: the levels that the result is clipped to.
    """

    std: Array
    key: NDArray[np.uint64]
    high: float
    low: float = 0.0
    per_channel: bool = True
    distribution: Distribution = "gaussian"

    tag = 4

    def where(self, on: Mask, frame: Frame) -> "Noise":
        return replace(self, std=np.where(on[:, None], self.std, 0.0))

    def idle(self, frame: Frame) -> Mask:
        silent: Mask = (self.std == 0).all(axis=1)
        return silent

    def check(self, n: int, c: int) -> Facts:
        yield "noise.std", sound(self.std, (n, c)) and bool((self.std >= 0).all())
        yield "noise.clip", self.low <= self.high
        yield "noise.key", self.key.shape == (n,) and self.key.dtype == np.uint64

    def text(self, row: int) -> str:
        std = self.std[row]
        if not std.any():
            return "Noise  none"
        shown = std[:1] if (std == std[0]).all() else std
        each = "each channel its own" if self.per_channel else "the same in all channels"
        return f"Noise  {self.distribution}, std {numbers(shown)}, {each}, key {int(self.key[row]):016x}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        kind = DISTRIBUTIONS[self.distribution]
        return self.tag, kind, float32(self.std), self.key, self.per_channel, self.low, self.high

    def apply(self, image: Array, row: int) -> Array:
        height, width, c = image.shape
        hashes = pixel_hash.words(int(self.key[row]), height, width, c if self.per_channel else 1)
        if self.distribution == "gaussian":
            drawn = pixel_hash.normal(hashes)
        else:
            drawn = (2 * pixel_hash.uniform(hashes) - 1) * np.sqrt(3)
        noisy = np.minimum(np.fmax(image + self.std[row] * drawn, self.low), self.high)  # fmax: low for a NaN
        return np.where(self.std[row] > 0, noisy, image)
