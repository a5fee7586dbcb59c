"""Batches as NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from augstream.batch.batch import Batch
from augstream.batch.batches import Batches
from augstream.batch.described import Described
from augstream.batch.epoch import next_epoch


class Adapter(Described):
    """(image, y) of each batch, image alone where there is no y, and the weight behind y where the source has weights.

    Each `for` is the loader's next epoch.

    Has the loader's state, so that what saves and restores a data loader (torchdata, Lightning) does so with this one.
    """

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        for batch in next_epoch(self.batches):
            yield self.convert(batch)

    def convert(self, batch: Batch) -> Any:
        """What the framework gets of a batch."""
        return together(batch)

    def state_dict(self) -> dict[str, Any]:
        """As `Loader.state_dict`."""
        return self.batches.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """As `Loader.load_state_dict`."""
        self.batches.load_state_dict(state)


def together(parts: Iterable[Any]) -> Any:
    """The parts of a batch as a tuple, or what is the only one."""
    every = tuple(parts)
    return every if len(every) > 1 else every[0]


class NumpyBatches(Adapter):
    """The batches' own arrays."""
