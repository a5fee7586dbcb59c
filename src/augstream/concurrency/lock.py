"""A lock that a fork leaves open in the child: the thread that held it in the parent does not exist there."""

import os
import threading
from types import TracebackType
from weakref import WeakSet


class Lock:
    """As threading.Lock in `with`; new and open in a forked child and in a pickled copy."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        _locks.add(self)

    def renew(self) -> None:
        """Forgets who holds it."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type["Lock"], tuple[()]]:
        return Lock, ()


_locks: WeakSet[Lock] = WeakSet()


def _renew() -> None:
    for lock in list(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
