"""Curves over the levels, and maps of the levels themselves."""

from collections.abc import Iterator
from dataclasses import KW_ONLY
from functools import lru_cache
from typing import Any

import numpy as np

import augstream._core as _core
from augstream.errors import MisplacedError
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.op import Array, Frame, Op, repeated
from augstream.rng import Rng
from augstream.transforms.arguments import Number, Numbers, Range, WholeRange
from augstream.transforms.color import levels
from augstream.transforms.limits import UnfitError
from augstream.transforms.transform import Transform

NODES = np.linspace(0, 1, 256)


def curve(frame: Frame, peak: float, table: Array, steps: bool = False) -> Curve:
    """The op with this table (n, 256) of levels up to the peak; alpha keeps its own."""
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
        peak = levels(self, frame)
        yield curve(frame, peak, _core.power_table(rng.draw("gamma", self.gamma), peak))


class Posterize(Transform):
    """Keep only the highest bits of each level, of eight. bits: whole numbers from 1 to 8, both ends included.

    >>> Posterize((3, 5))
    Posterize(bits=(3, 5))
    """

    bits: WholeRange = WholeRange((4, 7), 1, 8)
    sentence = "Keep {bits} bits of each level"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        peak = levels(self, frame)
        step = 2 ** (8 - rng.whole("bits", self.bits))[:, None]
        yield curve(frame, peak, np.arange(256) // step * step / 255 * peak, steps=True)


class Solarize(Transform):
    """Invert the levels from a threshold up. threshold: range of fractions of the peak; one number is a fixed one.

    >>> Solarize(0.5)
    Solarize(threshold=(0.5, 0.5))
    """

    threshold: Range = Range((0.5, 1), "(v, v)", 0, 1)
    sentence = "Invert the levels above {threshold} of the peak"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        peak = levels(self, frame)
        threshold = rng.draw("threshold", self.threshold, unit="of the peak")
        yield curve(frame, peak, np.where(threshold[:, None] <= NODES, 1 - NODES, NODES) * peak)


class Always(Number):
    """The p of a map of the levels: a batch whose images differ in that is no batch."""

    def accept(self, value: Any) -> float:
        if value not in (0, 1):
            raise UnfitError("0 or 1", "The levels of all images change, or of none.")
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
        std, mean = self._channels("std", frame), self._channels("mean", frame)
        yield normalizing(mean, std, levels(self, frame), len(rng))

    def _channels(self, name: str, frame: Frame) -> tuple[float, ...]:
        values: tuple[float, ...] = getattr(self, name)
        if len(values) not in (1, frame.channels):
            fact = f"Normalize.{name} has {len(values)} numbers and the images {frame.channels} channels"
            raise MisplacedError(fact, "Give one number, or one for each channel.")
        return values if len(values) == frame.channels else values * frame.channels


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
        yield spread((self.factor,) * frame.channels, (self.offset,) * frame.channels, len(rng))


@lru_cache(maxsize=128)
def spread(gain: tuple[float, ...], offset: tuple[float, ...], n: int) -> Color:
    """The map of the levels, channel by channel, for each of n images. It is shared."""
    c = len(gain)
    zeros = (0.0,) * c
    return Color(repeated(tuple([(*zeros[:k], gain[k], *zeros[k + 1 :], offset[k]) for k in range(c)]), n), None)


@lru_cache(maxsize=128)
def normalizing(mean: tuple[float, ...], std: tuple[float, ...], peak: float, n: int) -> Color:
    """The map to mean 0 and standard deviation 1, of levels up to the peak."""
    gain = tuple([1 / (s * peak) for s in std])
    return spread(gain, tuple([-m / s for m, s in zip(mean, std, strict=True)]), n)
