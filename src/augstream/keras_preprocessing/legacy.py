"""The draws of the old lines, bit for bit: the one place in the package that uses NumPy's legacy generator.

A private one, whose order of draws is part of what is reproduced. The global one is asked for nothing but the seeds of
iterators that were given none; `docs/decisions.md` says why it is allowed here.
"""

from typing import Any

import numpy as np
from numpy.random import RandomState, randint  # the exception to "no generator that keeps a state"

from augstream.keras_preprocessing.parameters import Ranges


def global_seed() -> int:
    """A seed from NumPy's global generator, so that seeding it, as Keras' `set_random_seed` does, repeats a run."""
    return int(randint(2**32, dtype=np.uint32))  # noqa: NPY002 (whoever seeds a run by it seeds this one)


class Legacy:
    """A Mersenne Twister as the old API used the global one, re-seeded for every batch."""

    def __init__(self, seed: int | None = None) -> None:
        self.state = RandomState(seed)

    def seed(self, seed: int) -> None:
        """Starts anew."""
        self.state.seed(seed)

    def order(self, n: int) -> Any:
        """A shuffled range(n)."""
        return self.state.permutation(n)

    def below(self, limit: int) -> int:
        """A whole number in [0, limit)."""
        return int(self.state.randint(limit))

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return self.state.uniform(low, high)

    def pair(self, low: float, high: float) -> Any:
        """Two numbers in [low, high), drawn together."""
        return self.state.uniform(low, high, 2)

    def transform(self, ranges: Ranges, shape: tuple[int, int]) -> dict[str, Any]:
        """The parameters of one picture of `shape` (height, width), drawn in the historical order.

        Height comes before width, under the names tx and ty; two flips are always drawn.
        """
        theta = self.uniform(-ranges.rotation_range, ranges.rotation_range) if ranges.rotation_range else 0
        tx = self._shift(ranges.height_shift_range, shape[0])
        ty = self._shift(ranges.width_shift_range, shape[1])
        shear = self.uniform(-ranges.shear_range, ranges.shear_range) if ranges.shear_range else 0
        low, high = ranges.zoom_range
        zx, zy = (1, 1) if low == 1 and high == 1 else self.pair(low, high)
        flip_horizontal = (self.state.random_sample() < 0.5) * ranges.horizontal_flip
        flip_vertical = (self.state.random_sample() < 0.5) * ranges.vertical_flip
        intensity = brightness = None
        if ranges.channel_shift_range != 0:
            intensity = self.uniform(-ranges.channel_shift_range, ranges.channel_shift_range)
        if ranges.brightness_range is not None:
            brightness = self.uniform(*ranges.brightness_range)
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flip_horizontal,
            "flip_vertical": flip_vertical,
            "channel_shift_intensity": intensity,
            "brightness": brightness,
        }

    def _shift(self, value: Any, length: int) -> Any:
        if not value:
            return 0
        try:
            # A list, or an integer; a float is none of the two, and NumPy says so before it has drawn anything.
            drawn = self.state.choice(value)
            drawn *= self.state.choice([-1, 1])
        except ValueError:
            drawn = self.uniform(-value, value)
        if np.max(value) < 1:
            drawn *= length
        return drawn
