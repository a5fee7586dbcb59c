"""Batches of a flow made ahead in threads: what stands behind `next(flow)` and `flow[i]`."""

import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream import _core
from augstream.batch.prepare import Tools
from augstream.concurrency.flight import Flight
from augstream.concurrency.pool import cores, shared_pool
from augstream.concurrency.prefetch import Stream, Threads
from augstream.errors import NO_OTHER, AugstreamError, SampleError
from augstream.keras_preprocessing.flow_plan import ABSENT, FlowRecipe
from augstream.printable import printable
from augstream.rng import permute

AHEAD = 2
ENDLESS = 2**62
HINT = 'Repair or remove the files, or pass on_error="skip" to the flow.'
Integers = NDArray[np.int64]
Failure: TypeAlias = tuple[int, str, str]


class Made(NamedTuple):
    """Pixels of some samples, their masks where there are any, and (index, name, reason) of skipped ones."""

    image: NDArray[Any]
    mask: NDArray[Any] | None
    samples: Integers
    failures: list[Failure]


class UnreadableError(SampleError, OSError):
    """Samples of a flow that cannot be read: an OSError, which programs that go on without them look for."""

    def __init__(self, failures: Sequence[Failure], hint: str = HINT) -> None:
        super().__init__(failures, hint)


class AbsentError(UnreadableError, FileNotFoundError):
    """Files of a flow that are not there."""


def unreadable(failures: Sequence[Failure], hint: str = HINT) -> UnreadableError:
    """The error that tells of these samples."""
    absent = all(reason == ABSENT for _, _, reason in failures)
    return AbsentError(failures, hint) if absent else UnreadableError(failures, hint)


def samples_at(epoch: int, position: int, n: int, batch_size: int, shuffle: bool, seed: int) -> Integers:
    """Which of n samples make the batch at this position of an epoch."""
    first = position * batch_size
    places = np.arange(first, min(first + batch_size, n))
    return permute(seed, epoch, n, places) if shuffle else places


@dataclass(frozen=True)
class Maker:
    """Everything that a batch is made of; it knows no iterator, so that a dropped one ends its threads."""

    recipe: FlowRecipe
    mask: FlowRecipe | None
    n: int
    batch_size: int
    shuffle: bool
    seed: int
    skip: bool

    def at(self, turn: int, tools: Tools) -> Made:
        """The batch number `turn`, counted from the first one of epoch 0."""
        epoch, position = divmod(turn, -(-self.n // self.batch_size))
        index = samples_at(epoch, position, self.n, self.batch_size, self.shuffle, self.seed)
        return self.make(epoch, index, tools)

    def make(self, epoch: int, index: Integers, tools: Tools) -> Made:
        """The samples `index` (m,) as they are in an epoch."""
        image, reasons = self.recipe.make(epoch, index, tools)
        mask = None
        if self.mask is not None:
            mask, more = self.mask.make(epoch, index, tools)
            reasons |= {row: f"mask: {reason}" for row, reason in more.items() if row not in reasons}
        if not reasons:
            return Made(image, mask, index, [])
        failures = [
            (int(index[row]), self.recipe.source.name(int(index[row])), reasons[row]) for row in sorted(reasons)
        ]
        if not self.skip:
            raise unreadable(failures)
        return self._filled(epoch, Made(image, mask, index, failures), sorted(reasons), tools)

    def _filled(self, epoch: int, made: Made, rows: list[int], tools: Tools) -> Made:
        """Puts the next readable sample of the source in the place of each unreadable one."""
        index, bad = made.samples.copy(), {failure[0] for failure in made.failures}
        image, mask, failures = made.image, made.mask, list(made.failures)
        for row in rows:
            for _ in range(self.n - 1):
                index[row] = (index[row] + 1) % self.n
                if int(index[row]) in bad:
                    continue
                try:
                    one = Maker(**{**vars(self), "skip": False}).make(epoch, index[row : row + 1], tools)
                except SampleError as error:
                    bad.add(int(index[row]))
                    failures += error.failures
                    continue
                if not len(image):
                    image = np.zeros((len(index), *one.image.shape[1:]), one.image.dtype)
                image[row] = one.image[0]
                if one.mask is not None:
                    if mask is None or not len(mask):
                        mask = np.zeros((len(index), *one.mask.shape[1:]), one.mask.dtype)
                    mask[row] = one.mask[0]
                break
            else:
                raise unreadable(failures, NO_OTHER)
        return Made(image, mask, index, failures)


class Prefetching:
    """For iterators: batches that come in turn are made ahead of it; any other is made when it is asked for."""

    n: int
    batch_size: int
    shuffle: bool
    image_data_generator: Any
    threads: int | None = None
    _stream: Stream[Made] | None = None
    _turn: int = -1
    _last: int = -2
    _settings: tuple[Any, ...] = ()

    def maker(self) -> Maker:
        """What makes the batches, as things stand now."""
        raise NotImplementedError

    def made(self, epoch: int, position: int, per_epoch: int, index: Integers) -> Made:
        """The batch at this position of an epoch, which has these samples."""
        turn = epoch * per_epoch + position
        settings = (self.n, self.batch_size, self.shuffle, self.image_data_generator)
        with self._serving():
            if settings != self._settings:
                self.stop()
                self._settings = settings
            follows, self._last = position == 0 or turn == self._last + 1, turn
            if self._stream is None or self._turn != turn:
                self.stop()
                if not follows:
                    return self.made_now(epoch, index)
                self._begin(turn)
            stream = self._stream
            if stream is None:
                raise RuntimeError("The flow was stopped while it was being started.")
            try:
                self._turn += 1
                return next(stream)
            except AugstreamError as error:
                self.stop()
                # The frames of the other thread would keep its batch alive as long as the error, and explain nothing.
                raise error.with_traceback(None) from None
            except BaseException:
                self.stop()
                raise

    def made_now(self, epoch: int, index: Integers) -> Made:
        """Any samples of any epoch, made here and now."""
        threads = Threads(self.threads or cores())
        try:
            shared = shared_pool(threads.count)
            return self.maker().make(epoch, np.asarray(index, np.int64), Tools(threads, shared.pool))
        finally:
            threads.stop()

    def stop(self) -> None:
        """Ends the threads that make batches ahead; they begin again when a batch is asked for."""
        if self._stream is not None:
            self._stream.close()
        self._stream, self._turn = None, -1

    def report(self, failures: list[Failure]) -> None:
        """Says which samples were skipped, each of them once."""
        errors: dict[int, tuple[str, str]] = self.__dict__.setdefault("errors", {})
        for index, name, reason in failures:
            if index not in errors:
                errors[index] = (name, reason)
                warnings.warn(printable(f"skipped sample {index} ({name}): {reason}"), stacklevel=4)

    def _begin(self, turn: int) -> None:
        maker, count = self.maker(), self.threads or cores()
        shared, slots, flight = shared_pool(count), _core.Slots(AHEAD + 2), Flight()
        self._turn = turn
        self._stream = Stream(
            lambda number, threads: maker.at(number, Tools(threads, shared.pool, slots, flight=flight)),
            ENDLESS,
            ahead=AHEAD,
            threads=count,
            start=turn,
        )

    def _serving(self) -> Any:
        return self.__dict__.setdefault("_serving_lock", threading.RLock())
