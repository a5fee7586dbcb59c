"""What numbers an argument takes, and the error for those that it does not."""

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

MOST = 2**31 - 1


class UnfitError(Exception):
    """What a value must be, and what to do about it; `Argument` adds the name and the value."""

    def __init__(self, must: str, advice: str = "") -> None:
        self.must, self.advice = must, advice


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
