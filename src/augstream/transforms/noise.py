"""Noise: random numbers on the levels, other ones for each pixel."""

from collections.abc import Iterator

import numpy as np

from augstream.plan.kinds.noise import Noise
from augstream.plan.op import Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Flag, Range
from augstream.transforms.color import levels
from augstream.transforms.transform import Transform


class GaussianNoise(Transform):
    """Add normally distributed noise. std: range of its standard deviation, as a fraction of the peak, 0 or more.

    A single number is a fixed std. per_channel: whether each channel has noise of its own; False is gray noise. Alpha
    gets none.

    >>> GaussianNoise(0.05)
    GaussianNoise(std=(0.05, 0.05), per_channel=True)
    """

    std: Range = Range((0.02, 0.1), "(v, v)", 0)
    per_channel: Flag = Flag(True)
    sentence = "Add Gaussian noise of std {std} of the peak"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        peak, c = levels(self, frame), frame.channels
        std = np.repeat(rng.draw("std", self.std, unit="of the peak")[:, None] * peak, c, axis=1)
        if c == 4:
            std[:, 3] = 0
        yield Noise(std, rng.key("pixels"), peak, per_channel=self.per_channel)
