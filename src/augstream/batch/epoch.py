"""The loop over one epoch."""

from __future__ import annotations

import time
from collections.abc import Iterator

from augstream.batch.batch import Batch
from augstream.batch.batches import Batches
from augstream.batch.failures import Failure, tell
from augstream.concurrency.lock import Lock
from augstream.errors import AugstreamError


class Epoch(Iterator[Batch]):
    """One epoch of batches. Dropping it, or `close`, ends its threads and frees what they have prepared.

    start: the batch to begin with. loop: the number by which `Place` knows that this loop tells where it is; None
    where it does not.
    """

    def __init__(self, batches: Batches, epoch: int, start: int = 0, loop: int | None = None) -> None:
        self.epoch = epoch
        self._batches = batches
        self._loop = loop
        self._stream = batches.stream(epoch, start)
        self._skipped: list[Failure] = []
        self._left: float | None = None
        self._turn = Lock()

    @property
    def position(self) -> int:
        """The batch that comes next."""
        return self._stream.position

    def __next__(self) -> Batch:
        # Threads may share an epoch; without turns two of them would get one batch, and nobody another.
        with self._turn:
            return self._next()

    def _next(self) -> Batch:
        begin = time.perf_counter()
        try:
            made = next(self._stream)
            self._batches.failures.note(made.failures)
            self._skipped += made.failures
        except AugstreamError as error:
            self.close()
            # The frames of the other thread would keep its batch alive for as long as the error, and explain nothing.
            raise error.with_traceback(None) from None
        if self.position == len(self._batches):
            self._batches.flush()
            tell(self.epoch, self._skipped, len(self._batches.source), stacklevel=3)
        now = time.perf_counter()
        away = 0.0 if self._left is None else begin - self._left
        self._batches.clock.handed(len(made.batch), now - begin, away)
        self._left = now
        # Last of all: what is interrupted before has not handed the batch out, and the state must say so.
        self._batches.place.move(self._loop, self.epoch, self.position)
        return made.batch

    def close(self) -> None:
        """Ends the epoch early."""
        self._stream.close()
        self._batches.flush()


def next_epoch(batches: Batches) -> Epoch:
    """The next epoch; each call advances one epoch."""
    return Epoch(batches, *batches.place.begin())


def epoch_from(batches: Batches, epoch: int, start: int = 0) -> Epoch:
    """The batches of an epoch, which from now on is the one that the state tells of."""
    return Epoch(batches, epoch, start, batches.place.follow(epoch, start))
