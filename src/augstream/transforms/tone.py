"""Curves over the levels, and maps of the levels themselves."""

from collections.abc import Iterator
from dataclasses import KW_ONLY
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import MisplacedError
from augstream.plan.kinds import Color, Curve
from augstream.plan.op import Array, Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Number, Numbers, Range, UnfitError, WholeRange
from augstream.transforms.color import levels
from augstream.transforms.transform import Transform

NODES = np.linspace(0, 1, 256)
LOGARITHMS = np.concatenate([[-np.inf], np.log(NODES[1:])])


def curve(transform: Transform, frame: Frame, table: Array, steps: bool = False) -> Curve:
    """The op with this table (n, 256), in fractions of the peak, which is overwritten; alpha keeps its levels."""
    peak = levels(transform, frame)
    # In place: fresh pages for another table cost more than filling it.
    table *= peak
    tables = table[:, None]
    if frame.channels == 4:
        tables = np.repeat(tables, 4, axis=1)
        tables[:, 3] = NODES * peak
    return Curve(tables, peak, steps)


class Gamma(Transform):
    """Raise the levels, as fractions of the peak, to a power: below 1 brightens the dark parts.

    gamma: range, above 0; one number v is (1 - v, 1 + v).

    >>> Gamma(0.2)
    Gamma(gamma=(0.8, 1.2))
    """

    gamma: Range = Range(0.2, "(1 - v, 1 + v)", 0, open=True)
    sentence = "Raise the levels to the power of {gamma}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        gamma = rng.uniform("gamma", *self.gamma)
        table = gamma[:, None] * LOGARITHMS
        yield curve(self, frame, np.exp(table, out=table))


class Posterize(Transform):
    """Keep only the highest bits of each level, of eight. bits: whole numbers from 1 to 8, both ends included.

    >>> Posterize((3, 5))
    Posterize(bits=(3, 5))
    """

    bits: WholeRange = WholeRange((4, 7), 1, 8)
    sentence = "Keep {bits} bits of each level"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        low, high = self.bits
        step = 2 ** (8 - low - rng.integers("bits", high - low + 1, unit=f"more than {low}"))[:, None]
        yield curve(self, frame, np.arange(256) // step * step / 255, steps=True)


class Solarize(Transform):
    """Invert the levels from a threshold up. threshold: range of fractions of the peak; one number is a fixed one.

    >>> Solarize(0.5)
    Solarize(threshold=(0.5, 0.5))
    """

    threshold: Range = Range((0.5, 1), "(v, v)", 0, 1)
    sentence = "Invert the levels above {threshold} of the peak"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        threshold = rng.uniform("threshold", *self.threshold, unit="of the peak")
        yield curve(self, frame, np.where(threshold[:, None] <= NODES, 1 - NODES, NODES))


class Always(Number):
    """The p of a map of the levels: a batch whose pictures differ in that is no batch."""

    def accept(self, value: Any) -> float:
        if value not in (0, 1):
            raise UnfitError("0 or 1", "The levels of all pictures change, or of none.")
        return float(value)


class Normalize(Transform):
    """Subtract the mean and divide by the standard deviation, channel by channel; the result is meant for float.

    mean, std: fractions of the peak, one for all channels or one for each; those of ImageNet's RGB photos unless given.

    >>> Normalize(mean=0.5, std=0.5)
    Normalize(mean=(0.5,), std=(0.5,))
    """

    mean: Numbers = Numbers((0.485, 0.456, 0.406))
    std: Numbers = Numbers((0.229, 0.224, 0.225), low=0, open=True)
    _: KW_ONLY
    p: Always = Always(1.0)
    sentence = "Normalize: subtract {mean} and divide by {std}, in fractions of the peak"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        std, peak = self._channels("std", frame), levels(self, frame)
        yield spread(frame, 1 / (std * peak), -self._channels("mean", frame) / std)

    def _channels(self, name: str, frame: Frame) -> NDArray[np.float64]:
        values: tuple[float, ...] = getattr(self, name)
        if len(values) not in (1, frame.channels):
            fact = f"Normalize.{name} has {len(values)} numbers and the pictures {frame.channels} channels"
            raise MisplacedError(fact, "Give one number, or one for each channel.")
        return np.broadcast_to(np.array(values), (frame.channels,))


class Rescale(Transform):
    """Multiply the levels by a factor above 0 and add an offset; the result is meant for float.

    >>> Rescale(2, offset=-1)
    Rescale(factor=2, offset=-1)
    """

    factor: Number = Number(1 / 255, 0, open=True)
    offset: Number = Number(0.0)
    _: KW_ONLY
    p: Always = Always(1.0)
    sentence = "Multiply the levels by {factor} and add {offset}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        ones = np.ones(frame.channels)
        yield spread(frame, ones * self.factor, ones * self.offset)


def spread(frame: Frame, gain: Array, offset: Array) -> Color:
    """The map of the levels, channel by channel (c,), for every picture."""
    c = frame.channels
    matrix = np.zeros((c, c + 1))
    matrix[range(c), range(c)], matrix[:, c] = gain, offset
    return Color(np.tile(matrix, (len(frame), 1, 1)), None)
