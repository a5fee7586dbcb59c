"""Native threads, shared by the loops that want the same number, and how many a process should have."""

import os
import sys
from weakref import WeakValueDictionary

import augstream._core as _core
from augstream.concurrency.lock import Lock


class SharedPool:
    """Native threads, which end with the last loop that uses them.

    Loops with the same number share them, so that training and validation do not ask for twice the cores.
    """

    def __init__(self, threads: int) -> None:
        self.pool = _core.Pool(threads)


_pools: WeakValueDictionary[int, SharedPool] = WeakValueDictionary()
_lock = Lock()


def shared_pool(threads: int) -> SharedPool:
    """The pool of so many threads."""
    with _lock:
        shared = _pools.get(threads)
        if shared is None:
            shared = _pools[threads] = SharedPool(threads)
        return shared


def cores() -> int:
    """The processor cores that this process may use: its part of them, in a worker of a torch DataLoader."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        count = os.cpu_count() or 1
    torch = sys.modules.get("torch.utils.data")
    worker = None if torch is None else torch.get_worker_info()
    return count if worker is None else max(count // worker.num_workers, 1)
