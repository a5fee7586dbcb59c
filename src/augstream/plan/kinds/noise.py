"""Noise: a random number for each pixel, from its place and the image's key."""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.plan.kinds import pixel_hash
from augstream.plan.op import Array, Facts, Frame, Mask, Op, float32, numbers, sound
from augstream.record import record, replace

Distribution: TypeAlias = Literal["gaussian", "uniform", "laplace"]
DISTRIBUTIONS: dict[Distribution, int] = {"gaussian": 0, "uniform": 1, "laplace": 2}


@record(frozen=True, eq=False)
class Noise(Op):
    """Adds random numbers of mean 0 to the levels, then clips them.

    std: (n, c) standard deviation in levels; channels of 0 stay as they are. growth: (n, 2, c) a and b of the variance
    std**2 + a * level + b * level**2, which is 0 where that is negative; None: std**2 alone.
    key: (n,) what the numbers depend on besides the pixel's place. per_channel: False adds the same number to all
    channels, times their std. grain: (n,) pixels from 1 between the random numbers, which are interpolated between;
    None: each pixel has its own. low, high: the levels that the result is clipped to.
    """

    std: Array
    key: NDArray[np.uint64]
    high: float
    low: float = 0.0
    per_channel: bool = True
    distribution: Distribution = "gaussian"
    growth: Array | None = None
    grain: Array | None = None

    tag = 4

    def where(self, on: Mask, frame: Frame) -> "Noise":
        growth = None if self.growth is None else np.where(on[:, None, None], self.growth, 0.0)
        return replace(self, std=np.where(on[:, None], self.std, 0.0), growth=growth)

    def idle(self, frame: Frame) -> Mask:
        loud: Mask = np.any(self._loud, axis=1)
        return ~loud

    @property
    def _loud(self) -> Mask:
        """(n, c) which channels it changes."""
        strengths = [self.std[:, None]] if self.growth is None else [self.std[:, None], self.growth]
        loud: Mask = np.any(np.concatenate(strengths, axis=1) != 0, axis=1)
        return loud

    def check(self, n: int, c: int) -> Facts:
        yield "noise.std", sound(self.std, (n, c)) and bool((self.std >= 0).all())
        yield "noise.growth", self.growth is None or sound(self.growth, (n, 2, c))
        yield "noise.grain", self.grain is None or (sound(self.grain, (n,)) and bool((self.grain >= 1).all()))
        yield "noise.clip", self.low <= self.high
        yield "noise.key", self.key.shape == (n,) and self.key.dtype == np.uint64

    def text(self, row: int) -> str:
        if not self._loud[row].any():
            return "Noise  none"
        std = self.std[row]
        shown = numbers(std[:1] if (std == std[0]).all() else std)
        if self.growth is not None:
            linear, square = (numbers(growth) for growth in self.growth[row])
            shown += f", variance + ({linear}) level + ({square}) level^2"
        each = "each channel its own" if self.per_channel else "the same in all channels"
        grain = "" if self.grain is None else f", grain of {numbers(self.grain[row : row + 1])} px"
        return f"Noise  {self.distribution}, std {shown}, {each}{grain}, key {int(self.key[row]):016x}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        kind = DISTRIBUTIONS[self.distribution]
        growth, grain = (None if some is None else float32(some) for some in (self.growth, self.grain))
        return self.tag, kind, float32(self.std), self.key, self.per_channel, self.low, self.high, growth, grain

    def apply(self, image: Array, row: int) -> Array:
        height, width, c = image.shape
        variance = self.std[row] ** 2
        if self.growth is not None:
            variance = variance + self.growth[row, 0] * image + self.growth[row, 1] * image**2
        noise = np.sqrt(np.maximum(variance, 0)) * self._drawn(row, height, width, c if self.per_channel else 1)
        noisy = np.minimum(np.fmax(image + noise, self.low), self.high)  # fmax: low for a NaN
        return np.where(self._loud[row], noisy, image)

    def _drawn(self, row: int, height: int, width: int, channels: int) -> Array:
        """(height, width, channels) numbers of mean 0 and standard deviation 1."""
        if self.grain is None:
            return self._values(pixel_hash.words(int(self.key[row]), height, width, channels))
        # The weights of a node and the next one; divided by the root of their squares' sum, the variance is even.
        down, along = (_between(np.arange(n), float(np.float32(self.grain[row]))) for n in (height, width))
        nodes = [int(node[-1]) + 2 for node, _ in (down, along)]
        made = self._values(pixel_hash.words(int(self.key[row]), nodes[0], nodes[1], channels))
        for axis, (node, share) in enumerate((down, along)):
            weight = np.stack([1 - share, share]) / np.hypot(1 - share, share)
            shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
            one, two = (np.take(made, node + side, axis) * weight[side].reshape(shape) for side in (0, 1))
            made = one + two
        return made

    def _values(self, hashes: pixel_hash.Words) -> Array:
        if self.distribution == "gaussian":
            return pixel_hash.normal(hashes)
        x: Array = 2 * pixel_hash.uniform(hashes) + (2.0**-24 - 1)
        if self.distribution == "uniform":
            return np.multiply(x, np.sqrt(3))
        laplace: Array = -np.sign(x) * np.log1p(-np.abs(x)) / np.sqrt(2)
        return laplace


def _between(pixels: NDArray[np.int64], grain: float) -> tuple[NDArray[np.int64], Array]:
    """The node before each pixel, and how far it is on the way to the next one."""
    place = pixels / grain
    node = np.floor(place).astype(np.int64)
    return node, place - node
