"""Curves over the levels, and maps of the levels themselves."""

import numbers
from collections.abc import Iterator
from dataclasses import KW_ONLY
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np

import augstream._core as _core
from augstream.errors import MisplacedError
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.statistic import Statistic, What
from augstream.plan.op import Array, Frame, Op, repeated
from augstream.rng import Rng
from augstream.transforms.arguments import Integer, Number, Numbers, Option, Pair, Range, Spread, WholeRange
from augstream.transforms.color import levels
from augstream.transforms.distributions import logarithm
from augstream.transforms.limits import UnfitError
from augstream.transforms.transform import Transform

Per: TypeAlias = Literal["image", "channel"]
PER: tuple[Per, ...] = ("image", "channel")
NODES = np.linspace(0, 1, 256)


def curve(frame: Frame, peak: float, table: Array, steps: bool = False) -> Curve:
    """The op with this table (n, 256) of levels up to the peak; alpha keeps its own."""
    tables = table[:, None]
    if frame.channels == 4:
        tables = np.repeat(tables, 4, axis=1)
        tables[:, 3] = NODES * peak
    return Curve(tables, peak, steps)


class Ratio(Range):
    """A range of factors; one number v is (1 / v, v)."""

    def __init__(self, default: Pair) -> None:
        super().__init__(default, "(v, v)", 0, open=True)

    def accept(self, value: Any) -> Spread:
        kept = super().accept(value)
        if not isinstance(kept, tuple) or not isinstance(value, numbers.Real):
            return kept
        _, high = kept
        return min(high, 1 / high), max(high, 1 / high)

    def _hint(self) -> str:
        return "A number v stands for (1 / v, v)."


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


class SigmoidContrast(Transform):
    """Raise the contrast of the middle levels along a sigmoid, 1 / (1 + exp(gain (cutoff - level))), as scikit-image.

    gain: range of how steep it is, 0 or more; below 4 it lowers the contrast. cutoff: range of the level that becomes
    one half, as a fraction of the peak.

    >>> SigmoidContrast(10)
    SigmoidContrast(gain=(10, 10), cutoff=(0.4, 0.6))
    """

    gain: Range = Range((4, 10), "(v, v)", 0)
    cutoff: Range = Range((0.4, 0.6), "(v, v)", 0, 1)
    sentence = "Send the levels through a sigmoid of gain {gain} around {cutoff} of the peak"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        peak = levels(self, frame)
        gain, cutoff = rng.draw("gain", self.gain), rng.draw("cutoff", self.cutoff, unit="of the peak")
        steep = np.minimum(gain[:, None] * (cutoff[:, None] - NODES), 700)  # exp() ends at 709
        yield curve(frame, peak, peak / (1 + np.exp(steep)))


class ToneCurve(Transform):
    """Send the levels through a random curve that rises, as one drawn by hand in a photo editor: black and white stay.

    slope: range of the slopes of its pieces before black and white are put in place, above 0, drawn evenly on a
    logarithmic scale; one number v is (1 / v, v). points: how many control points there are between black and white, at
    even distances. Between them the curve is the monotone cubic of Fritsch and Carlson (1980).

    >>> ToneCurve(2, points=2)
    ToneCurve(slope=(0.5, 2), points=2)
    """

    slope: Ratio = Ratio((0.4, 2.5))
    points: Integer = Integer(3, 1)
    sentence = "Send the levels through a random curve whose slopes are {slope}, with {points} points"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        drawn = np.exp(rng.draw("slope", logarithm(self.slope), k=self.points + 1, unit="log"))
        yield curve(frame, levels(self, frame), rising(drawn) * levels(self, frame))


def rising(slopes: Array) -> Array:
    """(n, 256) curves from 0 to 1 through points at even distances; slopes: (n, k), of the pieces, to another."""
    n, k = slopes.shape
    rise = slopes / slopes.sum(axis=1, keepdims=True) * k  # per piece
    heights = np.concatenate([np.zeros((n, 1)), np.cumsum(rise, axis=1) / k], axis=1)
    # The harmonic mean of the two slopes beside each point keeps what lies between monotone.
    inner = 2 * rise[:, 1:] * rise[:, :-1] / (rise[:, 1:] + rise[:, :-1])
    tangent = np.concatenate([rise[:, :1], inner, rise[:, -1:]], axis=1)
    piece = np.minimum((NODES * k).astype(np.int64), k - 1)
    t = NODES * k - piece
    left, right = heights[:, piece], heights[:, piece + 1]
    out: Array = left + (right - left) * t * t * (3 - 2 * t)
    out += t * (1 - t) * ((1 - t) * tangent[:, piece] - t * tangent[:, piece + 1]) / k
    return np.clip(out, 0, 1)


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
    `photos.mean_std()` measures those of a source. per: "image" takes both from the image at hand, over all channels;
    "channel" from each of its channels; mean and std then have no meaning. A flat image becomes 0.

    >>> Normalize(mean=0.5, std=0.5)
    Normalize(mean=(0.5,), std=(0.5,))
    """

    mean: Numbers = Numbers((0.485, 0.456, 0.406))
    std: Numbers = Numbers((0.229, 0.224, 0.225), low=0, open=True)
    _: KW_ONLY
    per: Option[Per] = Option(PER)
    p: Always = Always(1.0)
    sentence = "Normalize: subtract {mean} and divide by {std}, in fractions of the peak"

    def describe(self) -> str:
        if self.per is None:
            return super().describe()
        return f"Normalize: subtract the mean and divide by the standard deviation of each {self.per}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        if self.per is not None:
            what: What = "standardize" if self.per == "image" else "standardize channels"
            on, amount = np.ones(len(frame), bool), np.zeros((len(frame), 2))
            yield Statistic(what, frame.channels, levels(self, frame), amount, on)
            return
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
