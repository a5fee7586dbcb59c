"""What a range may be besides (low, high), from which every number comes equally often: other distributions.

>>> import augstream as aug
>>> aug.Rotate(aug.normal(0, 10)), aug.Rotate(aug.choice([-90, 0, 90], weights=[1, 2, 1]))
(Rotate(degrees=normal(0, 10)), Rotate(degrees=choice([-90, 0, 90], weights=[1, 2, 1])))
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.errors import ArgumentError
from augstream.plan.kinds.pixel_hash import normal_quantile
from augstream.rng import Rng
from augstream.transforms.limits import Limits, UnfitError, plain, real, several


class Distribution:
    """Draws numbers for an argument."""

    def within(self, limits: Limits) -> Self:
        """The distribution for an argument with these limits; UnfitError where it has numbers outside of them."""
        raise NotImplementedError

    def values(self, rng: Rng, name: str, k: int) -> NDArray[np.float64]:
        """(n, k) numbers, drawn under this name."""
        raise NotImplementedError

    def english(self) -> str:
        """As it stands in a sentence."""
        raise NotImplementedError

    def store(self) -> dict[str, Any]:
        """As JSON takes it."""
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Normal(Distribution):
    """See `normal`."""

    mean: float
    std: float
    # Of the normal distribution's function: where the argument's limits cut it off.
    cut: tuple[float, float] = field(default=(0.0, 1.0), compare=False)
    limits: Limits = field(default=Limits(), compare=False)

    def within(self, limits: Limits) -> "Normal":
        if self.mean not in limits:
            raise UnfitError(f"{limits}, so the mean of a normal distribution too")
        if not self.std:
            return self
        ends = ((end - self.mean) / self.std for end in (limits.low, limits.high))
        low, high = (0.5 * (1 + math.erf(end / math.sqrt(2))) for end in ends)
        return replace(self, cut=(low, high), limits=limits)

    def values(self, rng: Rng, name: str, k: int) -> NDArray[np.float64]:
        low, high = self.cut
        # Never an end itself, which is infinitely far away.
        share = (1 - 2.0**-24) * _core.uniform(*rng.stream(name), k, 0.0, 1.0) + 2.0**-25
        drawn: NDArray[np.float64] = self.mean + self.std * normal_quantile(low + (high - low) * share)
        return np.clip(drawn, self.limits.low, self.limits.high)

    def english(self) -> str:
        return f"about {self.mean:.6g} (normal, std {self.std:.6g})"

    def __repr__(self) -> str:
        return f"normal({plain(self.mean)}, {plain(self.std)})"

    def store(self) -> dict[str, Any]:
        return {"normal": [plain(self.mean), plain(self.std)]}


@dataclass(frozen=True, repr=False)
class Choice(Distribution):
    """See `choice`."""

    numbers: tuple[float, ...]
    weights: tuple[float, ...] | None = None

    def within(self, limits: Limits) -> "Choice":
        if any(number not in limits for number in self.numbers):
            raise UnfitError(str(limits))
        return self

    def values(self, rng: Rng, name: str, k: int) -> NDArray[np.float64]:
        weights = np.ones(len(self.numbers)) if self.weights is None else np.array(self.weights)
        ends = np.cumsum(weights) / weights.sum()
        place = np.searchsorted(ends[:-1], _core.uniform(*rng.stream(name), k, 0.0, 1.0), side="right")
        return np.array(self.numbers)[place]

    def english(self) -> str:
        among = ", ".join(f"{number:.6g}" for number in self.numbers)
        return f"one of {among}" + (f" (weights {', '.join(f'{w:.6g}' for w in self.weights)})" if self.weights else "")

    def __repr__(self) -> str:
        weights = "" if self.weights is None else f", weights={list(plain(self.weights))}"
        return f"choice({list(plain(self.numbers))}{weights})"

    def store(self) -> dict[str, Any]:
        stored = {"choice": list(plain(self.numbers))}
        return stored if self.weights is None else {**stored, "weights": list(plain(self.weights))}


@dataclass(frozen=True, repr=False)
class LogUniform(Distribution):
    """See `log_uniform`."""

    low: float
    high: float

    def within(self, limits: Limits) -> "LogUniform":
        if self.low not in limits or self.high not in limits:
            raise UnfitError(str(limits))
        return self

    def values(self, rng: Rng, name: str, k: int) -> NDArray[np.float64]:
        exponent = _core.uniform(*rng.stream(name), k, math.log(self.low), math.log(self.high))
        return np.clip(np.exp(exponent), self.low, self.high)

    def english(self) -> str:
        return f"{self.low:.6g} to {self.high:.6g} (log-uniform)"

    def __repr__(self) -> str:
        return f"log_uniform({plain(self.low)}, {plain(self.high)})"

    def store(self) -> dict[str, Any]:
        return {"log_uniform": [plain(self.low), plain(self.high)]}


@dataclass(frozen=True)
class Log(Distribution):
    """The logarithms of another one's numbers."""

    of: Distribution

    def values(self, rng: Rng, name: str, k: int) -> NDArray[np.float64]:
        logarithms: NDArray[np.float64] = np.log(self.of.values(rng, name, k))
        return logarithms


def logarithm(span: tuple[float, float] | Distribution) -> tuple[float, float] | Distribution:
    """What draws the logarithms of what `span` stands for, evenly on their scale where it is a range."""
    return (math.log(span[0]), math.log(span[1])) if isinstance(span, tuple) else Log(span)


def normal(mean: float, std: float) -> Normal:
    """A normal distribution, for any range. What an argument does not take is cut off: its density there is zero.

    >>> normal(0, 10)
    normal(0, 10)
    """
    center, spread = _number("normal", "mean", mean), _number("normal", "std", std)
    if spread < 0:
        raise ArgumentError(f"The std of normal() must be 0 or more; got {std!r:.80}.")
    return Normal(center, spread)


def choice(values: Sequence[float], weights: Sequence[float] | None = None) -> Choice:
    """One of some numbers, for any range. weights: how often each is taken, in proportion; None: equally often.

    >>> choice([0, 90, 180])
    choice([0, 90, 180])
    """
    numbers = _numbers("choice", "values", values)
    if weights is None:
        return Choice(numbers)
    often = _numbers("choice", "weights", weights)
    if len(often) != len(numbers) or min(often) < 0 or not sum(often):
        raise ArgumentError(
            f"The weights of choice() must be one for each of {len(numbers)} values, 0 or more and not all 0; "
            f"got {weights!r:.80}."
        )
    return Choice(numbers, often)


def log_uniform(low: float, high: float) -> LogUniform:
    """Numbers whose logarithm comes from an even range, for any range above 0: twice as often as half as.

    For factors: 0.5 to 2 makes as many images smaller as larger.

    >>> log_uniform(0.5, 2)
    log_uniform(0.5, 2)
    """
    bottom, top = _number("log_uniform", "low", low), _number("log_uniform", "high", high)
    if not 0 < bottom <= top:
        raise ArgumentError(f"log_uniform() takes 0 < low <= high; got {low!r:.40} and {high!r:.40}.")
    return LogUniform(bottom, top)


def stored_distribution(stored: Mapping[str, Any]) -> Distribution | None:
    """The distribution whose stored form this is; None where it is of something else."""
    if "normal" in stored:
        return normal(*_pair("normal", stored["normal"]))
    if "choice" in stored:
        return choice(stored["choice"], stored.get("weights"))
    if "log_uniform" in stored:
        return log_uniform(*_pair("log_uniform", stored["log_uniform"]))
    return None


def _pair(word: str, stored: Any) -> tuple[Any, Any]:
    if not isinstance(stored, list) or len(stored) != 2:
        raise ArgumentError(f"A stored {word} must be a list of two numbers; got {stored!r:.80}.")
    return stored[0], stored[1]


def _number(function: str, name: str, value: Any) -> float:
    try:
        return real(value)
    except UnfitError:
        raise ArgumentError(f"The {name} of {function}() must be a number; got {value!r:.80}.") from None


def _numbers(function: str, name: str, values: Any) -> tuple[float, ...]:
    try:
        numbers = tuple(real(value) for value in several(values))
    except UnfitError:
        numbers = ()
    if not numbers:
        raise ArgumentError(f"The {name} of {function}() must be a list of numbers; got {values!r:.80}.")
    return numbers
