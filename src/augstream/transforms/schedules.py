"""Values that change from epoch to epoch: an argument of a transform may be a schedule of what it takes.

A schedule is a function of the epoch alone, so a sample is the same in every thread, on every rank and after a resume.

>>> import augstream as aug
>>> aug.MixUp(p=aug.steps({0: 1, 90: 0}))  # not in the last ten of a hundred epochs
MixUp(alpha=0.2, p=steps({0: 1, 90: 0}))
>>> aug.Rotate(aug.ramp(5, 40, epochs=(0, 20)))
Rotate(degrees=ramp((-5, 5), (-40, 40), epochs=(0, 20)))
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from augstream.errors import ArgumentError
from augstream.transforms.limits import UnfitError, plain


class Schedule:
    """What an argument is in each epoch."""

    @property
    def turning_points(self) -> tuple[int, ...]:
        """The epochs at which it changes its course, the first one too."""
        raise NotImplementedError

    def at(self, epoch: int) -> Any:
        """The value in this epoch."""
        raise NotImplementedError

    def over(self, change: Callable[[Any], Any]) -> "Schedule":
        """The schedule of changed values."""
        raise NotImplementedError

    def english(self, read: Callable[[Any], str]) -> str:
        """As it stands in a sentence; read: how one value does."""
        raise NotImplementedError

    def store(self, store: Callable[[Any], Any]) -> dict[str, Any]:
        """As JSON takes it; store: how one value is stored."""
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Ramp(Schedule):
    """See `ramp`."""

    start: Any
    stop: Any
    epochs: tuple[int, int]

    @property
    def turning_points(self) -> tuple[int, ...]:
        return 0, *self.epochs

    def at(self, epoch: int) -> Any:
        first, last = self.epochs
        share = min(max((epoch - first) / (last - first), 0.0), 1.0)
        return self.start if share == 0 else self.stop if share == 1 else _between(self.start, self.stop, share)

    def over(self, change: Callable[[Any], Any]) -> "Ramp":
        made = Ramp(change(self.start), change(self.stop), self.epochs)
        _between(made.start, made.stop, 0.5)
        return made

    def english(self, read: Callable[[Any], str]) -> str:
        first, last = self.epochs
        return f"{read(self.start)} (moving to {read(self.stop)} over epochs {first} to {last})"

    def store(self, store: Callable[[Any], Any]) -> dict[str, Any]:
        return {"ramp": [store(self.start), store(self.stop)], "epochs": list(self.epochs)}

    def __repr__(self) -> str:
        return f"ramp({plain(self.start)!r}, {plain(self.stop)!r}, epochs={self.epochs})"


@dataclass(frozen=True, repr=False)
class Steps(Schedule):
    """See `steps`."""

    values: tuple[tuple[int, Any], ...]

    @property
    def turning_points(self) -> tuple[int, ...]:
        return tuple(epoch for epoch, _ in self.values)

    def at(self, epoch: int) -> Any:
        return [value for first, value in self.values if first <= epoch][-1]

    def over(self, change: Callable[[Any], Any]) -> "Steps":
        return Steps(tuple((epoch, change(value)) for epoch, value in self.values))

    def english(self, read: Callable[[Any], str]) -> str:
        (_, first), *others = self.values
        later = ", ".join(f"{read(value)} from epoch {epoch}" for epoch, value in others)
        return f"{read(first)} ({later})" if others else read(first)

    def store(self, store: Callable[[Any], Any]) -> dict[str, Any]:
        return {"steps": {str(epoch): store(value) for epoch, value in self.values}}

    def __repr__(self) -> str:
        shown = ", ".join(f"{epoch}: {plain(value)!r}" for epoch, value in self.values)
        return f"steps({{{shown}}})"


# Typed as Any, because every argument takes them in the place of its own type.
def ramp(start: Any, stop: Any, epochs: tuple[int, int]) -> Any:
    """From `start` to `stop` in a straight line while the epoch goes from the first to the last of `epochs`.

    start, stop: what the argument takes: a number or a range (not a distribution). epochs: (first, last), first < last;
    before and after them the value stays.

    >>> ramp(0.1, 0.5, epochs=(0, 30))
    ramp(0.1, 0.5, epochs=(0, 30))
    """
    try:
        first, last = epochs
    except (TypeError, ValueError):
        first, last = -1, -1
    if not (_epoch(first) and _epoch(last) and first < last):
        raise ArgumentError(f"The epochs of ramp() must be (first, last), 0 <= first < last; got {epochs!r:.80}.")
    return Ramp(start, stop, (int(first), int(last)))


def steps(values: Mapping[int, Any]) -> Any:
    """A value from each of these epochs on, until the next one. values: {epoch: what the argument takes}, from epoch 0.

    >>> steps({0: 0.5, 50: 0})
    steps({0: 0.5, 50: 0})
    """
    if 0 not in values or not all(_epoch(epoch) for epoch in values):
        raise ArgumentError(f"steps() takes {{epoch: value}} with a value for epoch 0; got {values!r:.80}.")
    return Steps(tuple((int(epoch), values[epoch]) for epoch in sorted(values)))


def stored_schedule(stored: Mapping[str, Any], load: Callable[[Any], Any]) -> Any:
    """The schedule whose stored form this is, None where it is of something else; load: what reads one value."""
    if "ramp" in stored:
        ends, epochs = stored["ramp"], stored.get("epochs")
        if not isinstance(ends, list) or len(ends) != 2 or not isinstance(epochs, list):
            raise ArgumentError(f"A stored ramp must have two values and two epochs; got {stored!r:.80}.")
        return ramp(load(ends[0]), load(ends[1]), tuple(epochs))
    if "steps" in stored:
        values = stored["steps"]
        if not isinstance(values, Mapping) or not all(epoch.isdecimal() for epoch in values):
            raise ArgumentError(f"Stored steps must have a value for each epoch; got {stored!r:.80}.")
        return steps({int(epoch): load(value) for epoch, value in values.items()})
    return None


def _epoch(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool) and 0 <= value < 2**32


def _between(start: Any, stop: Any, share: float) -> Any:
    """What lies between two values of an argument; whole numbers stay whole."""
    if isinstance(start, tuple) and isinstance(stop, tuple) and len(start) == len(stop):
        return tuple([_between(a, b, share) for a, b in zip(start, stop, strict=True)])
    if any(isinstance(end, bool) or not isinstance(end, int | float) for end in (start, stop)):
        raise UnfitError("numbers or ranges at both ends of a ramp", "Take steps() for anything else.")
    value = start + share * (stop - start)
    return round(value) if isinstance(start, int) and isinstance(stop, int) else value
