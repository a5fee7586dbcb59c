"""The batches of a source: any of them from (epoch, position), and where the loop over them is."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.batch.batch import Batch
from augstream.batch.cache import Cache
from augstream.batch.encoding import Encoding, checked_encoding, encoded
from augstream.batch.failures import Failure, Failures
from augstream.batch.fill import Bad, fill
from augstream.batch.mixed_labels import check_labels, mixed_labels
from augstream.batch.parts import Shares
from augstream.batch.place import Place
from augstream.batch.prepare import Prepare
from augstream.batch.sampler import Sampler
from augstream.batch.stages import Integers, Tools
from augstream.batch.state import pipeline_fingerprint, place_of, source_fingerprint, state_of
from augstream.batch.stats import Clock, Stats
from augstream.concurrency.flight import Flight
from augstream.concurrency.pool import cores, shared_pool
from augstream.concurrency.prefetch import Stream, Threads
from augstream.errors import NO_OTHER, PipelineError, SampleError
from augstream.sources.source import Source
from augstream.transforms.compose import Compose

_TRIES = 1000
_OWN = ("clock", "_slots", "flight")  # each process has its own


class Made(NamedTuple):
    """A batch, and the (index, name, reason) of samples that were skipped to fill it."""

    batch: Batch
    failures: list[Failure]


class Batches:
    """Makes any batch from nothing, in any thread, and knows where the most recent loop is.

    labels: the form of the labels. threads: of the native pool; None is one per core. prefetch: batches prepared ahead.
    held: what `Flight` takes.
    """

    def __init__(
        self,
        prepare: Prepare,
        sampler: Sampler,
        failures: Failures,
        *,
        threads: int | None = None,
        prefetch: int = 2,
        cache: Cache | None = None,
        held: tuple[int, int],
        labels: Encoding = "index",
    ) -> None:
        self.prepare, self.sampler, self.failures = prepare, sampler, failures
        self.threads, self.prefetch, self.cache, self._held = threads, prefetch, cache, held
        self.place = Place()
        self.encoding = checked_encoding(prepare.source, labels)
        self._classes = check_labels(prepare.source) if prepare.pipeline.mixers else None
        self._begin()

    def _begin(self) -> None:
        """What each process has for itself; without `cached_property`, whose lock a fork could leave closed."""
        self.clock = Clock()
        self.flight = Flight(*self._held)
        self._slots: _core.Slots | None = None

    @property
    def source(self) -> Source:
        """Where the samples come from."""
        return self.prepare.source

    def __len__(self) -> int:
        """Batches of an epoch, the same on every rank."""
        return len(self.sampler)

    def make(self, epoch: int, position: int, tools: Tools) -> Made:
        """This rank's part of a batch."""
        return self._make(epoch, self.sampler.positions(position), tools)

    def _make(self, epoch: int, positions: Integers, tools: Tools) -> Made:
        index = self.sampler.index(epoch, positions)
        part = self.prepare.make(epoch, index, tools)
        self.failures.judge(self._named(part.lost))
        bad: Bad = {}
        if part.reasons:
            positions, n = positions.copy(), self.sampler.n

            def following(rows: list[int]) -> Integers:
                # What stands at a position is thus a function of the position alone, whatever batch or rank asks.
                tools.threads.check()
                positions[rows] = (positions[rows] + 1) % n
                return self.sampler.index(epoch, positions[rows])

            index, bad, full = fill(
                part,
                index,
                following=following,
                make=lambda some: self.prepare.make(epoch, some, tools),
                judge=lambda met: self.failures.judge(self._named(met)),
                tries=min(n - 1, _TRIES),
            )
            if not full:
                raise SampleError(self._named(bad), NO_OTHER)
        labels = self._labels(index) if part.shares is None else self._mixed(part.shares)
        labels = encoded(labels, self.encoding, self.source.class_count)
        return Made(Batch(part.image, labels, index, epoch, self.source, part.targets), self._named(bad | part.lost))

    def batch(self, epoch: int, position: int) -> Batch:
        """One batch of any epoch, made here and now."""
        threads = Threads(self.cores)
        try:
            pool = shared_pool(self.cores).pool
            made = self.make(epoch, position, Tools(threads, pool, cache=self.cache, flight=self.flight))
            self.failures.note(made.failures)
            return made.batch
        finally:
            threads.stop()

    def peek(self, epoch: int, position: int, count: int) -> Batch:
        """The first samples of a batch; it is not cached, and nothing is counted."""
        threads = Threads(self.cores)
        try:
            tools = Tools(threads, shared_pool(self.cores).pool, flight=self.flight)
            return self._make(epoch, self.sampler.positions(position)[:count], tools).batch
        finally:
            threads.stop()

    def like(self, pipeline: Compose) -> "Batches":
        """The same samples in the same order, as (h, w, c) float32 under another pipeline."""
        prepare = replace(self.prepare, pipeline=pipeline, layout="NHWC", dtype="float32")
        failures = Failures(self.failures.on_error, None, len(self.source))
        return Batches(prepare, self.sampler, failures, threads=self.threads, held=self._held, labels=self.encoding)

    def stream(self, epoch: int, start: int = 0, step: int = 1) -> Stream[Made]:
        """The batches of one epoch, made ahead: every `step`-th from `start` on."""
        shared, first = shared_pool(self.cores), start % step
        if self._slots is None:
            # Kept from epoch to epoch: fresh memory for every batch costs as much as reading its samples.
            self._slots = _core.Slots(self.prefetch + 2)
        slots, cache, clock, flight = self._slots, self.cache, self.clock, self.flight
        return Stream(
            lambda count, threads: self.make(
                epoch, first + count * step, Tools(threads, shared.pool, slots, cache, clock, flight)
            ),
            len(range(first, len(self), step)),
            ahead=self.prefetch,
            threads=self.cores,
            start=start // step,
        )

    @property
    def cores(self) -> int:
        """How many threads make batches."""
        return self.threads or cores()

    @cached_property
    def fingerprints(self) -> tuple[str, str]:
        """Of the source and of the pipeline, as the state has them."""
        return source_fingerprint(self.source), pipeline_fingerprint(self.prepare.pipeline)

    def state(self, epoch: int, batch: int) -> dict[str, Any]:
        """The state before a batch of an epoch."""
        return state_of(self.sampler, *self.fingerprints, epoch, batch)

    def place_in(self, state: Mapping[str, Any]) -> tuple[int, int]:
        """(epoch, batch) of a state that belongs to these batches; ArgumentError where it does not."""
        return place_of(state, self.sampler, *self.fingerprints)

    def state_dict(self) -> dict[str, Any]:
        """The state of the most recent loop."""
        return self.state(*self.place.now)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The next loop goes on where the state was taken."""
        self.place.set(*self.place_in(state))

    def stats(self, reset: bool = False) -> Stats:
        """Where the time went; `reset` begins to count anew."""
        cache = self.cache
        stats = self.clock.stats(
            self.cores, cores(), cache.bytes if cache else 0, len(self.failures), bool(cache and cache.full)
        )
        if reset:
            self.clock.clear()
        return stats

    def flush(self) -> None:
        """Makes what is cached on disk last."""
        if self.cache is not None:
            self.cache.flush()

    def _mixed(self, shares: Shares) -> NDArray[Any] | None:
        labels = self._labels(shares.samples.reshape(-1))
        if labels is None:
            return None
        labels = labels.reshape(*shares.samples.shape, *labels.shape[1:])
        return mixed_labels(labels, shares.share, self._classes)

    def _labels(self, index: Integers) -> NDArray[Any] | None:
        source = self.source
        if source.labels is not None:
            return source.labels[index]
        rows = [source.label(number) for number in index.tolist()]
        missing = [number for number, row in zip(index.tolist(), rows, strict=True) if row is None]
        if len(missing) == len(rows):
            return None
        if missing:
            raise SampleError(
                self._named(dict.fromkeys(missing, "has no label, and others of its batch have one")),
                "Give a label to every sample, or to none.",
            )
        try:
            labels = np.asarray(rows)
        except ValueError:
            raise PipelineError(
                f"The labels of a batch must be of one shape; got {', '.join(map(repr, rows)):.200}."
            ) from None
        return labels.astype(np.int64) if labels.dtype.kind in "iu" else labels

    def _named(self, bad: Bad) -> list[Failure]:
        return [(index, self.source.name(index), reason) for index, reason in bad.items()]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _OWN}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()
