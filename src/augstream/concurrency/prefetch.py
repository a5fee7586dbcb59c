"""Work done ahead in threads and handed out in order; the threads live as long as somebody wants the results."""

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")
S = TypeVar("S")

_AT_ONCE = 4


class Cancelled(Exception):  # noqa: N818 - not an error: nobody waits for the result any more
    """Raised within work whose stream was closed."""


_current = threading.local()


def wanted() -> bool:
    """Whether somebody still waits for what this thread does: for work that takes long and can stop early."""
    stopped = getattr(_current, "stopped", None)
    return stopped is None or not stopped.is_set()


class Threads:
    """Some threads, started when first needed, for work that cannot go to the native pool."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.pid = os.getpid()
        self.stopped = threading.Event()
        self._executor: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def submit(self, work: Callable[[S], T], item: S) -> "Future[T]":
        """Starts work on one item."""
        with self._lock:
            self.check()
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self.count, "augstream")
            # What is held for a batch is held by those who work on it.
            return self._executor.submit(copy_context().run, self._unless_stopped, work, item)

    def map(self, work: Callable[[S], T], items: Iterable[S]) -> list[T]:
        """The results for all items, in order."""
        items = list(items)
        if len(items) < 2 or self.count < 2:
            return [self._unless_stopped(work, item) for item in items]
        return [future.result() for future in [self.submit(work, item) for item in items]]

    def check(self) -> None:
        """Raises Cancelled once the threads were stopped."""
        if self.stopped.is_set():
            raise Cancelled

    def stop(self) -> None:
        """Drops what has not begun, and waits for what has."""
        self.stopped.set()
        # In a forked child the threads do not exist: there is nothing to wait for.
        if self._executor is not None and self.pid == os.getpid():
            inside = threading.current_thread().name.startswith("augstream")
            self._executor.shutdown(wait=not inside, cancel_futures=True)

    def _unless_stopped(self, work: Callable[[S], T], item: S) -> T:
        self.check()
        before = getattr(_current, "stopped", None)
        _current.stopped = self.stopped
        try:
            return work(item)
        finally:
            _current.stopped = before


class Stream(Generic[T], Iterator[T]):
    """make(start), make(start + 1), ... make(count - 1), in order, the next `ahead` of them in preparation.

    make: called in other threads (in this one where `ahead` is 0), with the position and with threads for parts of the
    work. It must not refer to the stream, which ends its threads when it is dropped.
    """

    def __init__(
        self, make: Callable[[int, Threads], T], count: int, *, ahead: int, threads: int, start: int = 0
    ) -> None:
        self._make: Callable[[int, Threads], T] | None = make
        self._count = count
        self._ahead = ahead
        self._threads = threads
        self.position = start
        self._begin(make)

    def _begin(self, make: Callable[[int, Threads], T]) -> None:
        parts = Threads(self._threads)
        self._work: Callable[[int], T] = lambda position: make(position, parts)
        # More at a time would hold more undecoded files, and a batch is already made by all threads.
        self._whole = Threads(min(max(self._ahead, 1), _AT_ONCE))
        self._pending: deque[Future[T]] = deque()
        self._finalizer = weakref.finalize(self, _stop, self._whole, parts, self._pending)

    def __next__(self) -> T:
        if self._make is None or self.position >= self._count:
            self.close()
            raise StopIteration
        if self._whole.pid != os.getpid():
            # Forked in the middle: the threads have stayed behind, but the work is a function of the position.
            self._finalizer.detach()
            self._begin(self._make)
        try:
            if not self._ahead:
                result = self._work(self.position)
            else:
                self._fill()
                result = self._pending.popleft().result()
            self.position += 1
            self._fill()
        except (Cancelled, CancelledError):
            # Closed by another thread in the meantime.
            self.close()
            raise StopIteration from None
        except BaseException:
            self.close()
            raise
        if self.position == self._count:
            self.close()
        return result

    def close(self) -> None:
        """Ends the stream and its threads; what was prepared is dropped."""
        self._finalizer()
        # What the work refers to, such as native threads and memory, is not to wait for this object to be dropped.
        self._make, self._work = None, _nothing

    def _fill(self) -> None:
        while len(self._pending) < min(self._ahead, self._count - self.position):
            self._pending.append(self._whole.submit(self._work, self.position + len(self._pending)))


def _nothing(_: int) -> NoReturn:
    raise Cancelled


def _stop(whole: Threads, parts: Threads, pending: "deque[Future[T]]") -> None:
    # The parts first, so that a batch which waits for one of them ends as well.
    parts.stopped.set()
    whole.stop()
    parts.stop()
    pending.clear()
