"""What transforms take: each argument is checked when it is set, kept in one form, and knows how it reads in English.

An `Argument` is a descriptor, so a transform declares its fields as `degrees: Range = Range(30)`: users may pass what
the argument accepts (40), and `draw` always finds what it keeps ((-40.0, 40.0)).
"""

import math
import numbers
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar, overload

import numpy as np

from augstream.errors import RefusedError

Given = TypeVar("Given", contravariant=True)
Kept = TypeVar("Kept", covariant=True)
Pair: TypeAlias = tuple[float, float]
Whole: TypeAlias = tuple[int, int]
MOST = 2**31 - 1


class UnfitError(Exception):
    """What a value must be, and what to do about it; `Argument` adds the name and the value."""

    def __init__(self, must: str, advice: str = "") -> None:
        self.must, self.advice = must, advice


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
            obj.__dict__[self.name] = self.accept(value)
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


def real(value: Any) -> float:
    """A finite number that is not a bool, as a float."""
    try:
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise UnfitError("a number")
        return float(value) + 0.0  # without the sign of -0.0
    except OverflowError:
        raise UnfitError("a number below 1.8e308") from None


def whole(value: Any) -> int:
    """A whole number that is not a bool, as an int."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise UnfitError("a whole number")
    number = int(value)
    if abs(number) > MOST:
        raise UnfitError(f"a whole number, {MOST} at most")
    return number


def several(value: Any) -> list[Any]:
    """The members of a list, a tuple or a 1-d array."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    raise UnfitError("a list")


def plain(value: Any) -> Any:
    """The value as it is printed and stored: whole floats without their point."""
    if isinstance(value, tuple):
        return tuple(plain(member) for member in value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


class Limits:
    """The lowest and the highest number that an argument takes; `open`: the lowest itself is refused."""

    def __init__(self, low: float = -math.inf, high: float = math.inf, open: bool = False) -> None:  # noqa: A002
        self.low, self.high, self.open = low, high, open

    def __contains__(self, value: float) -> bool:
        return (self.low < value if self.open else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        if self.high < math.inf:
            return f"between {self.low:g} and {self.high:g}"
        return f"above {self.low:g}" if self.open else f"{self.low:g} or more"


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


class Range(Argument[float | tuple[float, float], Pair]):
    """A range (low, high) to draw from; (x, x) is a fixed value, and `short` says what a single number v stands for."""

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

    def accept(self, value: Any) -> Pair:
        low, high = self._ends(value)
        if low > high:
            raise UnfitError("(low, high) with low <= high", "Swap the two numbers.")
        if low not in self.limits or high not in self.limits:
            raise UnfitError(str(self.limits), self._hint())
        return low, high

    def english(self, value: Any) -> str:
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


class WholeRange(Argument[int | tuple[int, int], Whole]):
    """A range of whole numbers, both ends included; a single number is a fixed value."""

    def __init__(self, default: int | Whole, low: int, high: float = math.inf) -> None:
        super().__init__(default)
        self.limits = Limits(low, high)

    def accept(self, value: Any) -> Whole:
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
        low, high = value
        return f"{low}" if low == high else f"{low} to {high}"


class OddRange(WholeRange):
    """A range of odd numbers, of which the even ones between its ends are left out."""

    def accept(self, value: Any) -> Whole:
        low, high = super().accept(value)
        if low % 2 == 0 or high % 2 == 0:
            raise UnfitError("an odd number, or (low, high) of two odd numbers", "The pixel itself is in the middle.")
        return low, high


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


class SameAs(Argument[int | None, int]):
    """One whole number from 1; None, the default, is what an earlier field was given."""

    def __init__(self, other: str) -> None:
        super().__init__(None)
        self.other = other

    def __set__(self, obj: object, value: int | None) -> None:
        super().__set__(obj, obj.__dict__[self.other] if value is None else value)

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


MaybeRange: TypeAlias = Maybe[float | tuple[float, float], Pair]
MaybeNumbers: TypeAlias = Maybe[float | Sequence[float], tuple[float, ...]]
MaybeWholeRange: TypeAlias = Maybe[int | tuple[int, int], Whole]
