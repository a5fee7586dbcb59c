"""Batches of a flow made ahead in threads: what stands behind `next(flow)` and `flow[i]`."""

import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.batch.fill import Bad, fill
from augstream.batch.parts import Part
from augstream.batch.sampler import Sampler
from augstream.batch.stages import Tools
from augstream.concurrency.flight import Flight
from augstream.concurrency.pool import cores, shared_pool
from augstream.concurrency.prefetch import Stream, Threads
from augstream.engines.targets import TargetBatch
from augstream.errors import NO_OTHER, AugstreamError, SampleError
from augstream.keras_preprocessing.flow_plan import ABSENT, FlowPlan
from augstream.printable import printable

AHEAD = 2
ENDLESS = 2**62
HINT = 'Repair or remove the files, or pass on_error="skip" to the flow.'
Integers = NDArray[np.int64]
Failure: TypeAlias = tuple[int, str, str]


class FlowBatch(NamedTuple):
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


@dataclass(frozen=True)
class FlowBatches:
    """Everything that a batch is made of; it knows no iterator, so that a dropped one ends its threads."""

    images: FlowPlan
    masks: FlowPlan | None
    sampler: Sampler
    skip: bool

    def at(self, turn: int, tools: Tools) -> FlowBatch:
        """The batch number `turn`, counted from the first one of epoch 0."""
        epoch, position = divmod(turn, len(self.sampler))
        return self.make(epoch, self.sampler.index(epoch, self.sampler.positions(position)), tools)

    def make(self, epoch: int, index: Integers, tools: Tools) -> FlowBatch:
        """The samples `index` (m,) as they are in an epoch, the next readable ones of the source in place of others."""
        part, bad = self._part(epoch, index, tools), Bad()
        if part.reasons:
            current, n = index.copy(), len(self.images.source)

            def following(rows: list[int]) -> Integers:
                tools.threads.check()
                current[rows] = (current[rows] + 1) % n
                return current[rows]

            index, bad, full = fill(
                part,
                index,
                following=following,
                make=lambda some: self._part(epoch, some, tools),
                judge=self._judge,
                tries=n - 1,
            )
            if not full:
                raise unreadable(self._named(bad), NO_OTHER)
        return FlowBatch(part.image, part.targets.mask, index, self._named(bad))

    def _part(self, epoch: int, index: Integers, tools: Tools) -> Part:
        """Images, and the masks as their targets."""
        part = self.images.make(epoch, index, tools)
        if self.masks is not None:
            mask = self.masks.make(epoch, index, tools)
            if len(mask.image):
                part.targets = TargetBatch(mask.image)
            part.reasons = {row: f"mask: {reason}" for row, reason in mask.reasons.items()} | part.reasons
        return part

    def _judge(self, bad: Bad) -> None:
        if bad and not self.skip:
            raise unreadable(self._named(bad))

    def _named(self, bad: Bad) -> list[Failure]:
        return [(index, self.images.source.name(index), reason) for index, reason in bad.items()]


class Prefetching:
    """For iterators: batches that come in turn are made ahead of it; any other is made when it is asked for."""

    n: int
    batch_size: int
    shuffle: bool
    image_data_generator: Any
    threads: int | None = None
    _key: int
    _stream: Stream[FlowBatch] | None = None
    _turn: int = -1
    _last: int = -2
    _settings: tuple[Any, ...] = ()

    def sampler(self, n: int) -> Sampler:
        """The order of n samples, as things stand now."""
        return Sampler(n, self.batch_size, self._key, self.shuffle)

    def batches(self) -> FlowBatches:
        """What makes the batches, as things stand now."""
        raise NotImplementedError

    def made(self, epoch: int, position: int, per_epoch: int, index: Integers) -> FlowBatch:
        """The batch at this position of an epoch, which has these samples."""
        turn = epoch * per_epoch + position
        generator = self.image_data_generator
        # A method that was put on the generator is one of its attributes, like what it was given or has measured.
        settings = (self.n, self.batch_size, self.shuffle, generator, *getattr(generator, "__dict__", {}).values())
        with self._serving():
            if [*map(id, settings)] != [*map(id, self._settings)]:
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

    def made_now(self, epoch: int, index: Integers) -> FlowBatch:
        """Any samples of any epoch, made here and now."""
        threads = Threads(self.threads or cores())
        try:
            shared = shared_pool(threads.count)
            return self.batches().make(epoch, np.asarray(index, np.int64), Tools(threads, shared.pool))
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
        batches, count = self.batches(), self.threads or cores()
        shared, slots, flight = shared_pool(count), _core.Slots(AHEAD + 2), Flight()
        self._turn = turn
        self._stream = Stream(
            lambda number, threads: batches.at(number, Tools(threads, shared.pool, slots, flight=flight)),
            ENDLESS,
            ahead=AHEAD,
            threads=count,
            start=turn,
        )

    def _serving(self) -> Any:
        return self.__dict__.setdefault("_serving_lock", threading.RLock())
