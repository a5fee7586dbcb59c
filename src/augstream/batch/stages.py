"""A batch in the making: stages over one record, from numbers of samples to pixels and targets.

    read -> header -> decode -> plan -> run -> move targets

A cache is three stages more (`batch/caching.py`), and a sub-class adds its own.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.batch import stats
from augstream.batch.cache import Cache, Lookup
from augstream.batch.parts import LATER, LostPartner, Part, Shares, in_parts, unread
from augstream.batch.stats import Clock
from augstream.concurrency.flight import Flight, Later
from augstream.concurrency.prefetch import Threads
from augstream.decode import pillow
from augstream.decode.header import PILLOW, oversized, peek
from augstream.decode.orientation import oriented_size
from augstream.decode.sample import MAX_PIXELS, ColorMode, Sample, Stack, Undecodable, bomb, checked, encoded
from augstream.engines.default import default_engine
from augstream.engines.engine import Engine, Layout
from augstream.engines.targets import TargetBatch, move
from augstream.errors import PipelineError
from augstream.plan.plan import Plan
from augstream.rng import Crowd
from augstream.sources.source import Source
from augstream.sources.targets import Targets

Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tools:
    """What batches are made with, and what makes no difference to them.

    slots: where their memory comes from. flight: what files and images from Pillow may take meanwhile.
    """

    threads: Threads
    pool: _core.Pool
    slots: _core.Slots | None = None
    cache: Cache | None = None
    clock: Clock = field(default_factory=Clock)
    flight: Flight = field(default_factory=Flight)


@dataclass(frozen=True, eq=False)
class Ready:
    """What an engine is given for the rows out that can be made: samples, and what is known of them.

    rows: which rows out these are. own: which rows of the record's `inputs` the samples are. crowd: which of them are
    partners of which, for a pipeline with mixes; there are more samples than rows out then.
    """

    rows: list[int]
    own: list[int]
    samples: list[Sample] | Stack
    index: Integers
    stored: Integers
    orientation: Integers
    noted: list[Targets] | None = None
    crowd: Crowd | None = None


class Planned(NamedTuple):
    """The plan for images as stored, and the same for images after EXIF orientation, which targets are drawn on."""

    stored: Plan
    upright: Plan


@dataclass(eq=False)
class Record:
    """What is known of a batch in the making; each stage adds what it finds out.

    index: (n,) the samples that come out, one a row. inputs: (m,) the samples that are read; uses: (n, k) of which rows
    of `inputs` each row out is made, its own first; None: of that alone. All else is by row of `inputs`.
    samples: a file's bytes, an array or a block. blocks: those that a cache had. noted: targets. decoded: the rows that
    Pillow decoded. stored: (m, 2) (height, width) in the file; orientation: (m,) EXIF, 1 to 8. reasons: why a row
    cannot be used.
    """

    epoch: int
    index: Integers
    tools: Tools
    inputs: Integers
    uses: Integers | None = None
    reasons: dict[int, str] = field(default_factory=dict)
    blocks: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    lookup: Lookup | None = None
    samples: list[Sample] | Stack = field(default_factory=list)
    noted: dict[int, Targets] = field(default_factory=dict)
    decoded: list[int] = field(default_factory=list)
    stored: Integers = field(default_factory=lambda: np.empty((0, 2), np.int64))
    orientation: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    ready: Ready = field(init=False)
    planned: Planned = field(init=False)
    scales: list[int] = field(default_factory=list)
    keep: list[Any] | None = None
    image: NDArray[Any] = field(default_factory=lambda: np.empty(0))
    targets: TargetBatch = field(default_factory=TargetBatch)
    shares: Shares | None = None

    @property
    def usable(self) -> list[int]:
        """The rows of `inputs` that nothing is known against."""
        return [row for row in range(len(self.inputs)) if row not in self.reasons]

    def wrong(self) -> dict[int, str]:
        """Row out -> why it cannot be made."""
        if self.uses is None or not self.reasons:
            return self.reasons
        found: dict[int, str] = {}
        for row, (own, *partners) in enumerate(self.uses.tolist()):
            bad = [one for one in partners if one in self.reasons]
            if own in self.reasons:
                found[row] = self.reasons[own]
            elif any(self.reasons[one] is LATER for one in bad):
                found[row] = LATER
            elif bad:
                found[row] = LostPartner(int(self.inputs[bad[0]]), self.reasons[bad[0]])
        return found

    def settle(self) -> Ready:
        """The rows out that can be made, as far as is known."""
        wrong = self.wrong()
        rows = [row for row in range(len(self.index)) if row not in wrong]
        if self.uses is None:
            return self.ready_of(rows, rows if wrong else None)
        return self.ready_of(rows, None if not wrong else list(dict.fromkeys(self.uses[rows].reshape(-1).tolist())))

    def ready_of(self, rows: list[int], own: list[int] | None, crowd: Crowd | None = None) -> Ready:
        """Rows out, and the inputs that they are made of; None: all of them."""
        noted = [self.noted[row] for row in own or range(len(self.inputs))] if self.noted else None
        if own is None:
            every = list(range(len(self.inputs)))
            return Ready(rows, every, self.samples, self.inputs, self.stored, self.orientation, noted, crowd)
        samples = [self.samples[row] for row in own]
        return Ready(rows, own, samples, self.inputs[own], self.stored[own], self.orientation[own], noted, crowd)

    def part(self) -> Part:
        """What has come of it."""
        made = Part(self.image, self.wrong(), self.targets, self.shares)
        if len(self.image) in (0, len(self.index)):
            return made
        part = Part(np.empty(0), made.reasons)
        part.put(self.ready.rows, made, len(self.index))
        return part


Stage: TypeAlias = tuple[stats.Stage | None, Callable[[Record], None]]
"""What its time counts as, None where it counts itself, and what it does."""


@dataclass(frozen=True, kw_only=True)
class Stages(ABC):
    """How samples become pixels; with (epoch, index) it says all about them."""

    source: Source
    seed: int
    layout: Layout = "NHWC"
    dtype: str = "float32"
    color: ColorMode = "rgb"
    max_pixels: int = MAX_PIXELS
    engine: Engine = field(default_factory=default_engine)

    def stages(self, tools: Tools) -> list[Stage]:
        """The row of stages; a sub-class may put its own between them."""
        return [
            ("read", self.read),
            ("read", self.read_targets),
            ("decode", self.header),
            ("decode", self.decode),
            ("decode", self.decode_targets),
            ("plan", self.plan),
            (None, self.run),
            ("run", self.move_targets),
        ]

    def make(self, epoch: int, index: Integers, tools: Tools) -> Part:
        """Pixels and targets of the samples `index` (n,), made at once or in as many parts as there is room for."""
        return in_parts(lambda some: self._made(epoch, some, tools), index, tools.flight)

    def _made(self, epoch: int, index: Integers, tools: Tools) -> Part:
        """The same, at once; LATER is the reason of samples for which there was no room."""
        record = self.begin(epoch, index, tools)
        for name, stage in self.stages(tools):
            tools.threads.check()
            begin = time.perf_counter()
            stage(record)
            if name is not None:
                tools.clock.add(name, time.perf_counter() - begin)
            if len(record.wrong()) == len(record.index):
                break
        return record.part()

    def begin(self, epoch: int, index: Integers, tools: Tools) -> Record:
        """The record of these samples, of which nothing is known yet."""
        return Record(epoch, index, tools, index)

    def read(self, record: Record) -> None:
        """The files or arrays of what is in no cache."""
        record.samples, reasons = self.read_some(record.inputs, record.blocks)
        record.reasons |= reasons

    def read_targets(self, record: Record) -> None:
        """What the source says of each sample besides its label."""
        if not self.source.targeted:
            return

        def one(row: int) -> Targets | str | None:
            try:
                return self.source.targets(int(record.inputs[row]))
            except Exception as error:
                return LATER if isinstance(error, Later) else f"its targets: {unread(error)}"

        self._note(record, one, record.usable)

    def header(self, record: Record) -> None:
        """Sizes and orientations, as stored, of all that the core knows."""
        table = peek(record.samples)
        record.stored, record.orientation = table[:, 1:3], table[:, 4]
        if isinstance(record.samples, Stack):
            return
        for row in oversized(table, self.max_pixels):
            record.reasons[row] = self.refused(bomb(int(table[row, 2]), int(table[row, 1]), self.max_pixels))
        record.decoded = [
            row for row in np.flatnonzero(self.foreign(table[:, 0])).tolist() if row not in record.reasons
        ]

    def foreign(self, kind: Integers) -> NDArray[np.bool_]:
        """Which samples are left to Pillow."""
        found: NDArray[np.bool_] = kind == PILLOW
        return found

    def decode(self, record: Record) -> None:
        """What the core does not decode, in place."""
        if not record.decoded or isinstance(record.samples, Stack):
            return
        rows = record.decoded
        results = record.tools.threads.map(self.decode_one, [record.samples[row] for row in rows])
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, str):
                record.reasons[row] = result
            else:
                record.samples[row], record.orientation[row] = result
                record.stored[row] = result[0].shape[:2]

    def decode_one(self, sample: Sample) -> tuple[NDArray[Any], int] | str:
        """An array (h, w, c) and its EXIF orientation, not applied; or why there is none."""
        try:
            return pillow.decode(encoded(sample), self.color, fill=self.fill, max_pixels=self.max_pixels)
        except Later:
            return LATER
        except Undecodable as error:
            return str(error)

    @property
    def fill(self) -> Any:
        """What transparent images are seen over."""
        return 0

    def decode_targets(self, record: Record) -> None:
        """Targets as arrays, in pixels of the image that they belong to."""
        size = oriented_size(record.orientation, record.stored)

        def one(row: int) -> Targets | str:
            height, width = size[row].tolist()
            try:
                return record.noted[row].checked((height, width), self.source.rules.values)
            except Undecodable as error:
                return f"its mask: {error}"
            except Exception as error:
                return LATER if isinstance(error, Later) else f"its targets: {unread(error)}"

        if record.noted:
            self._note(record, one, [row for row in record.usable if row in record.noted])
        if record.noted and any(row not in record.noted for row in record.usable):
            raise PipelineError(
                "A source must have targets for every sample or none; use empty ones where there are none."
            )

    def plan(self, record: Record) -> None:
        """What is going to be done to the samples."""
        record.ready = self.settle(record)
        record.planned = self.planned(record.epoch, record.ready)

    def settle(self, record: Record) -> Ready:
        """The rows out that can be made, and what they are made of."""
        return record.settle()

    @abstractmethod
    def planned(self, epoch: int, ready: Ready) -> Planned:
        """The plan of these samples, which come out in one size."""

    def run(self, record: Record) -> None:
        """The pixels."""
        tools, seconds = record.tools, np.zeros(2)
        record.image, errors = self.engine.run(
            record.ready.samples,
            record.planned.stored,
            dtype=self.dtype,
            layout=self.layout,
            pool=tools.pool,
            slots=tools.slots,
            keep=record.keep,
            clock=seconds,
        )
        tools.clock.core(seconds)
        for row, reason in zip(record.ready.own, errors, strict=True):
            if reason is not None:
                record.reasons.setdefault(row, reason)

    def move_targets(self, record: Record) -> None:
        """Masks, boxes and points under the plan."""
        if record.ready.noted is not None:
            record.targets = move(
                record.ready.noted,
                record.planned.upright,
                self.source.rules,
                layout=self.layout,
                pool=record.tools.pool,
                engine=self.engine,
            )

    def read_some(
        self, index: Integers, blocks: Mapping[int, NDArray[np.uint8]] = MappingProxyType({})
    ) -> tuple[list[Sample] | Stack, dict[int, str]]:
        """Samples, and row -> reason for those that cannot be read; what is in `blocks`, by row, is not read."""
        samples: list[Sample] = []
        reasons: dict[int, str] = {}
        wanted = [number for row, number in enumerate(index.tolist()) if row not in blocks]
        try:
            found = self.source.read_many(wanted) if wanted else ()
        except MemoryError:
            found = Source.read_many(self.source, wanted)  # one after the other, as it need not be all of them
        if isinstance(found, Stack) and not blocks:
            return found, reasons
        fresh = iter(found)
        for row in range(len(index)):
            if row in blocks:
                samples.append(blocks[row])
                continue
            sample = next(fresh)
            try:
                samples.append(b"" if isinstance(sample, Exception) else checked(sample))
                if isinstance(sample, Exception):
                    reasons[row] = self.unread(sample)
            except Exception as error:
                # Sources are anybody's code, and a failure to read is a fact about the sample, not about the batch.
                reasons[row] = self.unread(error)
                samples.append(b"")
        return samples, reasons

    def unread(self, error: Exception) -> str:
        """Why a sample cannot be read."""
        return unread(error)

    def refused(self, reason: str) -> str:
        """The reason why an image is too large, as users are told it."""
        return reason

    def _note(self, record: Record, one: Callable[[int], Targets | str | None], rows: Sequence[int]) -> None:
        for row, result in zip(rows, record.tools.threads.map(one, rows), strict=True):
            if isinstance(result, str):
                record.reasons[row] = result
            elif result is not None:
                record.noted[row] = result
