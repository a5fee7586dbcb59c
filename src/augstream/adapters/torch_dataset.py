"""The loader behind a torch DataLoader, for frameworks that insist on one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from augstream.adapters.torch import tensor, tensors
from augstream.errors import MissingPackageError
from augstream.state import state_of

if TYPE_CHECKING:
    from augstream.loader import Loader

TorchDataset: TypeAlias = Any  # a class made when torch is there: see `_dataset`
_MOST_WORKERS = 512
_OWN = ("_begun", "_place", "_resumed")


def torch_dataset(loader: Loader) -> TorchDataset:
    """The loader as an IterableDataset of whole batches; worker w of k makes batches w, w + k, ... of each epoch."""
    return _dataset()(loader)


@cache
def _dataset() -> type:
    try:
        import torch
        from torch.utils.data import IterableDataset, get_worker_info
    except ImportError as error:
        raise MissingPackageError("Loader.dataset()", "torch", "torch") from error

    class TorchDataset(IterableDataset):  # type: ignore[misc]
        """(image, label) tensors of whole batches, in the loader's order when `DataLoader(..., batch_size=None)` asks.

        Each pass over a DataLoader is the loader's next epoch. In a worker the loader has as many threads as there are
        cores for each worker.
        """

        def __init__(self, loader: Loader) -> None:
            super().__init__()
            self.loader = loader
            # For each worker the loader's epoch and how many it has begun since: workers may be new processes by then.
            self._begun = torch.full((_MOST_WORKERS + 1, 2), -1, dtype=torch.int64).share_memory_()
            self._place: tuple[int, int] | None = None
            self._resumed: tuple[int, int] | None = None

        def __iter__(self) -> Iterator[Any]:
            info = get_worker_info()
            worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
            begun = self._begun[_MOST_WORKERS if info is None else worker]
            begin, start = self.loader.place
            if begun[0] != begin:
                begun[0], begun[1] = begin, 0
            epoch = begin + int(begun[1])
            own, self._resumed = self._resumed, None
            if own is not None:
                epoch, start = own
                begun[1] = epoch - begin
            elif epoch != begin:
                start = 0
            begun[1] += 1
            # A DataLoader asks its workers in turn, so the loader's order comes out. A worker's own state says itself
            # which batch is its next one, unless it had not begun.
            if own is None or not start:
                start += worker
            self._place = epoch, start
            stream = self.loader.stream(epoch, start, step=workers)
            for made in stream:
                start += workers
                self._place = epoch, start
                self.loader.failures.note(made.failures)
                batch = made.batch
                image = tensor(batch.image)
                yield image if batch.y is None else (image, tensors(batch.y))
            self._place = epoch + 1, 0

        def __len__(self) -> int:
            return len(self.loader)

        def __reduce__(self) -> tuple[Any, ...]:
            # The class itself is made when it is needed, so that a process which unpickles it has to make it first.
            return torch_dataset, (self.loader,), {name: self.__dict__[name] for name in _OWN}

        def state_dict(self) -> dict[str, Any]:
            """Where this worker is; torchdata's StatefulDataLoader asks each."""
            epoch, batch = self.loader.place if self._place is None else self._place
            state = state_of(self.loader.order, *self.loader.fingerprints, epoch, 0)
            return state | {"batch": batch}

        def load_state_dict(self, state: Mapping[str, Any]) -> None:
            """Goes on where a worker was; the number of workers must be the same."""
            self.loader.place_in(dict(state) | {"batch": 0})
            self._resumed = int(state["epoch"]), int(state["batch"])

    return TorchDataset
