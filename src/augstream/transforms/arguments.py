"""What transforms take: each argument is checked when it is set, kept in one form, and knows how it reads in English.

An `Argument` is a descriptor, so a transform declares its fields as `degrees: Range = Range(30)`: users may pass what
the argument accepts (40), and `draw` always finds what it keeps ((-40.0, 40.0)).
"""

import math
import numbers
import reprlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar, overload

from augstream.errors import RefusedError
from augstream.transforms.distributions import Choice, Distribution, stored_distribution
from augstream.transforms.limits import Limits, UnfitError, plain, real, several, whole
from augstream.transforms.schedules import Schedule, stored_schedule

Given = TypeVar("Given", contravariant=True)
Kept = TypeVar("Kept", covariant=True)
Pair: TypeAlias = tuple[float, float]
Whole: TypeAlias = tuple[int, int]
Spread: TypeAlias = Pair | Distribution
WholeSpread: TypeAlias = Whole | Distribution


class Argument(Generic[Given, Kept]):
    """One field of a transform. Sub-classes say in `accept` what is kept of what is given; this one keeps anything."""

    owner: str
    name: str

    def __init__(self, default: Any = MISSING) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner.__name__, name

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: object, owner: type) -> Kept: ...
    def __get__(self, obj: Any, owner: type) -> Any:
        if obj is not None:
            return obj.__dict__[self.name]
        if self.default is MISSING:  # how `dataclass` learns that there is no default
            raise AttributeError(self.name)
        return self.default

    def __set__(self, obj: object, value: Given) -> None:
        try:
            obj.__dict__[self.name] = value.over(self.accept) if isinstance(value, Schedule) else self.accept(value)
        except UnfitError as unfit:
            fact = f"{type(obj).__name__}.{self.name} must be {unfit.must}; got {reprlib.repr(value)}"
            raise RefusedError(fact, unfit.advice) from None

    def accept(self, value: Any) -> Kept:
        """What is kept of `value`, or UnfitError."""
        kept: Kept = value
        return kept

    def english(self, value: Any) -> str:
        """What is kept, as it stands in a sentence."""
        return str(plain(value))

    def written(self, name: str, value: Any) -> str:
        """What is kept, as it stands in a call."""
        return f"{name}={plain(value)!r}"

    def store(self, value: Any) -> Any:
        """What is kept, as JSON takes it."""
        return list(plain(value)) if isinstance(value, tuple) else plain(value)

    def load(self, stored: Any) -> Any:
        """What `store` made of what is kept, as `accept` takes it."""
        return stored

    def turning_points(self, value: Any) -> tuple[int, ...]:
        """The epochs at which what is kept changes its course, where it is a schedule."""
        return value.turning_points if isinstance(value, Schedule) else ()

    def at(self, value: Any, epoch: int) -> Any:
        """What is kept, in this epoch."""
        return value.at(epoch) if isinstance(value, Schedule) else value

    def say(self, value: Any) -> str:
        """What is kept, or the schedule of it, as it stands in a sentence."""
        return value.english(self.english) if isinstance(value, Schedule) else self.english(value)

    def to_json(self, value: Any) -> Any:
        """What is kept, or the schedule of it, as JSON takes it."""
        return value.store(self.store) if isinstance(value, Schedule) else self.store(value)

    def from_json(self, stored: Any) -> Any:
        """What `to_json` stored."""
        schedule = stored_schedule(stored, self.load) if isinstance(stored, Mapping) else None
        return self.load(stored) if schedule is None else schedule


class Number(Argument[float, float]):
    """One number."""

    def __init__(self, default: float, low: float = -math.inf, high: float = math.inf, open: bool = False) -> None:  # noqa: A002
        super().__init__(default)
        self.limits = Limits(low, high, open)

    def accept(self, value: Any) -> float:
        number = real(value)
        if number not in self.limits:
            raise UnfitError(str(self.limits))
        return number

    def english(self, value: Any) -> str:
        return f"{value:.6g}"


class Integer(Argument[int, int]):
    """One whole number."""

    def __init__(self, default: int, low: int) -> None:
        super().__init__(default)
        self.low = low

    def accept(self, value: Any) -> int:
        number = whole(value)
        if number < self.low:
            raise UnfitError(f"a whole number, {self.low} or more")
        return number


class Spreading(Argument[Given, Kept]):
    """What is drawn from: a range or a distribution."""

    def store(self, value: Any) -> Any:
        return value.store() if isinstance(value, Distribution) else super().store(value)

    def load(self, stored: Any) -> Any:
        distribution = stored_distribution(stored) if isinstance(stored, Mapping) else None
        return stored if distribution is None else distribution


class Range(Spreading[float | tuple[float, float] | Distribution, Spread]):
    """A range (low, high) to draw from, or a distribution.

    (x, x) is a fixed value, and `short` says what a single number v stands for.
    """

    def __init__(
        self,
        default: float | Pair,
        short: Literal["(-v, v)", "(1 - v, 1 + v)", "(0, v)", "(v, v)"] = "(-v, v)",
        low: float = -math.inf,
        high: float = math.inf,
        open: bool = False,  # noqa: A002
    ) -> None:
        super().__init__(default)
        self.short, self.limits = short, Limits(low, high, open)

    def accept(self, value: Any) -> Spread:
        if isinstance(value, Distribution):
            return value.within(self.limits)
        low, high = self._ends(value)
        if low > high:
            raise UnfitError("(low, high) with low <= high", "Swap the two numbers.")
        if low not in self.limits or high not in self.limits:
            raise UnfitError(str(self.limits), self._hint())
        return low, high

    def english(self, value: Any) -> str:
        if isinstance(value, Distribution):
            return value.english()
        low, high = value
        return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"

    def _ends(self, value: Any) -> Pair:
        try:
            if not isinstance(value, numbers.Real):
                low, high = several(value)
                return real(low), real(high)
            number = real(value)
        except (UnfitError, ValueError):
            raise UnfitError("a number or (low, high)", self._hint()) from None
        if self.short == "(v, v)":
            return number, number
        if number < 0:
            raise UnfitError("(low, high), or a number that is 0 or more", self._hint())
        if self.short == "(1 - v, 1 + v)":
            # A spread of more than everything, as torchvision's ColorJitter allows, ends at nothing.
            return 1 - number if self.limits.open else max(self.limits.low, 1 - number), 1 + number
        return 0.0 - number if self.short == "(-v, v)" else 0.0, number

    def _hint(self) -> str:
        return f"A number v stands for {self.short}."


class WholeRange(Spreading[int | tuple[int, int] | Distribution, WholeSpread]):
    """A range of whole numbers, both ends included, or a distribution, rounded; a single number is a fixed value."""

    def __init__(self, default: int | Whole, low: int, high: float = math.inf) -> None:
        super().__init__(default)
        self.limits = Limits(low, high)

    def accept(self, value: Any) -> WholeSpread:
        if isinstance(value, Distribution):
            if isinstance(value, Choice) and any(number % 1 for number in value.numbers):
                raise UnfitError("a choice of whole numbers")
            return value.within(self.limits)
        try:
            ends = (value, value) if isinstance(value, numbers.Integral) else several(value)
            low, high = (whole(end) for end in ends)
        except (UnfitError, ValueError, TypeError):
            raise UnfitError("a whole number or (low, high)") from None
        if low > high:
            raise UnfitError("(low, high) with low <= high", "Swap the two numbers.")
        if low not in self.limits or high not in self.limits:
            raise UnfitError(str(self.limits))
        return low, high

    def english(self, value: Any) -> str:
        if isinstance(value, Distribution):
            return value.english()
        low, high = value
        return f"{low}" if low == high else f"{low} to {high}"


class Numbers(Argument[float | Sequence[float], tuple[float, ...]]):
    """One number for all channels, or one for each."""

    def __init__(self, default: Any, low: float = -math.inf, open: bool = False) -> None:  # noqa: A002
        super().__init__(default)
        self.limits = Limits(low, math.inf, open)

    def accept(self, value: Any) -> tuple[float, ...]:
        try:
            members = [value] if isinstance(value, numbers.Real) else several(value)
            kept = tuple(real(member) for member in members)
        except UnfitError:
            kept = ()
        if not kept:
            raise UnfitError("a number, or one number for each channel")
        if any(number not in self.limits for number in kept):
            raise UnfitError(str(self.limits))
        return kept


class Wholes(Argument[int | Sequence[int], tuple[int, ...]]):
    """Some whole numbers out of a range; `count` says how many there must be, a single one standing for all."""

    def __init__(self, default: Any, low: int, high: float = math.inf, count: int | None = None) -> None:
        super().__init__(default)
        self.limits, self.count = Limits(low, high), count

    def accept(self, value: Any) -> tuple[int, ...]:
        try:
            members = [value] * (self.count or 1) if isinstance(value, numbers.Integral) else several(value)
            kept = tuple(whole(member) for member in members)
        except UnfitError:
            kept = ()
        if not kept or any(number not in self.limits for number in kept) or len(kept) != (self.count or len(kept)):
            many = f"a whole number or {self.count} of them" if self.count else "one or more whole numbers"
            raise UnfitError(f"{many}, {self.limits}")
        return kept


class Flag(Argument[bool, bool]):
    """True or False."""

    def accept(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise UnfitError("True or False")
        return value


AnyOf = TypeVar("AnyOf", bound=str)


class Word(Argument[AnyOf, AnyOf]):
    """One of some words, the first of which is the default."""

    def __init__(self, words: Sequence[AnyOf]) -> None:
        super().__init__(words[0])
        self.words = tuple(words)

    def accept(self, value: Any) -> AnyOf:
        if value not in self.words:
            raise UnfitError(f"one of {', '.join(map(repr, self.words))}")
        kept: AnyOf = value
        return kept


class Option(Argument[AnyOf | None, AnyOf | None]):
    """One of some words, or None: what the Compose says. foreign: what others call them, for the error."""

    def __init__(self, words: Sequence[str], foreign: Mapping[str, str] | None = None) -> None:
        super().__init__(None)
        self.words, self.foreign = tuple(words), foreign or {}

    def accept(self, value: Any) -> AnyOf | None:
        if value is not None and value not in self.words:
            ours = self.foreign.get(value) if isinstance(value, str) else None
            hint = f"It is called {ours!r} here, as in NumPy." if ours else ""
            raise UnfitError(f"one of {', '.join(map(repr, self.words))} or None", hint)
        kept: AnyOf | None = value
        return kept


class Height(Argument[int | Sequence[int], int]):
    """A whole number from 1; or (height, width), of which the field `width`, a `SameAs`, keeps the second."""

    def __set__(self, obj: object, value: int | Sequence[int]) -> None:
        with suppress(UnfitError, ValueError):  # one number, or what is refused below
            value, obj.__dict__["width"] = several(value)
        super().__set__(obj, value)

    def accept(self, value: Any) -> int:
        try:
            return Integer(1, 1).accept(value)
        except UnfitError as unfit:
            raise UnfitError(f"{unfit.must}, or (height, width)") from None


class SameAs(Argument[int | None, int]):
    """One whole number from 1; None, the default, is what an earlier field was given, of a pair the second."""

    def __init__(self, other: str) -> None:
        super().__init__(None)
        self.other = other

    def __set__(self, obj: object, value: int | None) -> None:
        kept = obj.__dict__
        if self.name in kept and value is not None:
            pair = kept[self.other], kept[self.name]
            fact = f"{type(obj).__name__}.{self.other} is {pair}, so there can be no {self.name}; got {value!r:.80}"
            raise RefusedError(fact, "Leave one of the two out.")
        super().__set__(obj, kept.get(self.name, kept[self.other]) if value is None else value)

    def accept(self, value: Any) -> int:
        return Integer(1, 1).accept(value)


class Maybe(Argument[Given | None, Kept | None]):
    """What another argument takes, or None, the default; `none` is how that reads in English."""

    def __init__(self, inner: Argument[Given, Kept], none: str = "none") -> None:
        super().__init__(None)
        self.inner, self.none = inner, none

    def accept(self, value: Any) -> Kept | None:
        return None if value is None else self.inner.accept(value)

    def english(self, value: Any) -> str:
        return self.none if value is None else self.inner.english(value)

    def store(self, value: Any) -> Any:
        return None if value is None else self.inner.store(value)

    def load(self, stored: Any) -> Any:
        return None if stored is None else self.inner.load(stored)


MaybeRange: TypeAlias = Maybe[float | tuple[float, float] | Distribution, Spread]
MaybeNumbers: TypeAlias = Maybe[float | Sequence[float], tuple[float, ...]]
MaybeWholeRange: TypeAlias = Maybe[int | tuple[int, int] | Distribution, WholeSpread]
