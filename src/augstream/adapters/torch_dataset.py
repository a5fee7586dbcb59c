"""The loader behind a torch DataLoader, for frameworks that insist on one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

from augstream.adapters.numpy import together
from augstream.adapters.torch import tensors
from augstream.batch.batches import Batches
from augstream.batch.described import Described
from augstream.batch.failures import Failure, tell
from augstream.errors import MissingPackageError

TorchDataset: TypeAlias = Any  # a class made when torch is there: see `_dataset`
_MOST_WORKERS = 512
_OWN = ("_begun", "_place", "_resumed")


def torch_dataset(batches: Batches) -> TorchDataset:
    """The loader as an IterableDataset of whole batches; worker w of k makes batches w, w + k, ... of each epoch."""
    return _dataset()(batches)


@cache
def _dataset() -> type:
    try:
        import torch
        from torch.utils.data import IterableDataset, get_worker_info
    except ImportError as error:
        raise MissingPackageError("Loader.dataset()", "torch", "torch") from error

    class TorchDataset(Described, IterableDataset):  # type: ignore[misc]
        """(image, y) tensors of whole batches, in the loader's order when `DataLoader(..., batch_size=None)` asks.

        Each pass over a DataLoader is the loader's next epoch. In a worker the loader has as many threads as there are
        cores for each worker.
        """

        def __init__(self, batches: Batches) -> None:
            super().__init__()
            self.batches = batches
            # For each worker the loader's epoch and how many it has begun since: workers may be new processes by then.
            self._begun = torch.full((_MOST_WORKERS + 1, 2), -1, dtype=torch.int64).share_memory_()
            self._place: tuple[int, int] | None = None
            self._resumed: tuple[int, int] | None = None

        def __iter__(self) -> Iterator[Any]:
            worker, workers, begun = self._worker()
            begin = self.batches.place.following[0]
            epoch, start = self._first()
            own, self._resumed = self._resumed, None
            if own is not None:
                epoch, start = own
                begun[1] = epoch - begin
            begun[1] += 1
            # A DataLoader asks its workers in turn, so the loader's order comes out. A worker's own state says itself
            # which batch is its next one, unless it had not begun.
            if own is None or not start:
                start += worker
            self._place = epoch, start
            skipped: list[Failure] = []
            for made in self.batches.stream(epoch, start, step=workers):
                start += workers
                self.batches.failures.note(made.failures)
                skipped += made.failures
                self._place = epoch, start
                yield together(tensors(part) for part in made.batch)
            self._place = epoch + 1, 0
            tell(epoch, skipped, len(self.batches.source))

        def _worker(self) -> tuple[int, int, Any]:
            """This process's number among the workers, how many there are, and its row of `_begun`."""
            info = get_worker_info()
            if info is None:
                return 0, 1, self._begun[_MOST_WORKERS]
            return info.id, info.num_workers, self._begun[info.id]

        def _first(self) -> tuple[int, int]:
            """(epoch, batch) of the loader that the next pass begins with, if no state says otherwise."""
            begun, (begin, start) = self._worker()[2], self.batches.place.following
            if begun[0] != begin:
                begun[0], begun[1] = begin, 0
            return begin + int(begun[1]), 0 if begun[1] else start

        def _recent(self) -> tuple[int, int]:
            begin = self.batches.place.following[0]
            begun = self._begun[self._begun[:, 0] == begin, 1]
            return begin + max(0, int(begun.max()) - 1 if len(begun) else 0), 0

        def __reduce__(self) -> tuple[Any, ...]:
            # The class itself is made when it is needed, so that a process which unpickles it has to make it first.
            return torch_dataset, (self.batches,), {name: self.__dict__[name] for name in _OWN}

        def state_dict(self) -> dict[str, Any]:
            """Where this worker is; torchdata's StatefulDataLoader asks each."""
            # Of workers that are made anew for each epoch, some may not have begun when the first batch is there.
            epoch, batch = self._resumed or self._place or self._first()
            state = self.batches.state(epoch, 0)
            return state | {"batch": batch}

        def load_state_dict(self, state: Mapping[str, Any]) -> None:
            """Goes on where a worker was; the number of workers must be the same."""
            self.batches.place_in(dict(state) | {"batch": 0})
            self._resumed = int(state["epoch"]), int(state["batch"])

    return TorchDataset
