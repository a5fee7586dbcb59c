"""How many bytes of files, and of images that Pillow decodes, are held at a time, whatever is in the batches.

A batch that would hold more is made in parts, which makes no difference to its samples. Nobody who holds anything waits
for room: a sample that does not fit is left for the next part of its batch. So there is no way to lock up.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from augstream.concurrency.prefetch import Cancelled, wanted

MAX_BYTES = 1 << 30
"""A larger file is refused where nothing else is said: it is no image that anybody trains on."""
HELD = 1 << 30
"""Bytes that are held at a time where nothing else is said."""

_LOOK = 0.1


class Later(Exception):  # noqa: N818 - not an error: the sample is made in the next part of its batch
    """There is no room for this sample beside what is held already."""


class Flight:
    """Room for `limit` bytes, shared by the batches in the making. max_bytes: a larger file is refused, unread."""

    def __init__(self, limit: int = HELD, max_bytes: int = MAX_BYTES) -> None:
        self.limit = limit
        self.max_bytes = max_bytes
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self.held = 0
        self.changed = threading.Condition()
        self._reserved = False

    @contextmanager
    def hold(self, alone: bool = False) -> Iterator[None]:
        """A part of a batch, within which `take` is from this flight; what it took is given back at its end.

        alone: it waits until nobody else holds anything, and then gets whatever it asks for.
        """
        if self._pid != os.getpid():
            self._begin()  # what the parent of a fork holds is not held here
        hold = Hold(self, alone)
        self._enter(alone)
        before = _current.set(hold)
        try:
            yield
        finally:
            _current.reset(before)
            with self.changed:
                self.held -= hold.held
                self._reserved = self._reserved and not alone
                self.changed.notify_all()

    def _enter(self, alone: bool) -> None:
        with self.changed:
            # With less than half of it free, hardly anything would get done.
            self._wait(lambda: not self._reserved and (alone or self.held <= self.limit // 2))
            if alone:
                self._reserved = True  # nobody else begins from now on
                try:
                    self._wait(lambda: not self.held)
                except BaseException:
                    self._reserved = False
                    raise

    def _wait(self, until: Callable[[], bool]) -> None:
        while not self.changed.wait_for(until, _LOOK):
            if not wanted():
                raise Cancelled


class Hold:
    """What one part of a batch holds."""

    def __init__(self, flight: Flight, alone: bool) -> None:
        self.flight = flight
        self.alone = alone
        self.held = 0

    def add(self, size: int, here: bool = False) -> None:
        """Takes so many bytes, or gives them back where `size` is negative; Later where there is no room.

        here: they are in memory already, and only counted.
        """
        with self.flight.changed:
            if size > 0 and not (here or self.alone) and self.flight.held + size > self.flight.limit:
                raise Later
            self.flight.held += size
            self.held += size
            if size < 0:
                self.flight.changed.notify_all()


_current: ContextVar[Hold | None] = ContextVar("hold", default=None)


def take(size: int, here: bool = False) -> None:
    """Room for so many bytes until the part that is being made is done; Later where there is none, unless `here`."""
    hold = _current.get()
    if hold is not None:
        hold.add(size, here)


def max_bytes() -> int:
    """The size above which a file is refused."""
    hold = _current.get()
    return MAX_BYTES if hold is None else hold.flight.max_bytes


@dataclass
class Work:
    """Work that needs memory. kept: how many bytes of it are held on when it is done."""

    kept: int = 0


@contextmanager
def working(most: int) -> Iterator[Work]:
    """Room for work that needs `most` bytes while it lasts."""
    take(most)
    work = Work()
    try:
        yield work
    finally:
        take(min(work.kept - most, 0))
