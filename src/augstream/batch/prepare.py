"""One batch, from numbers of samples to pixels: read -> header -> plan -> run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream import _core, engines
from augstream.batch.cache import PIXELS, Cache, Lookup
from augstream.batch.stats import Clock
from augstream.concurrency.prefetch import Threads
from augstream.decode import pillow
from augstream.decode.header import PILLOW, oversized, peek, read_headers
from augstream.decode.orientation import orient, oriented_size
from augstream.decode.sample import (
    CHANNELS,
    MAX_PIXELS,
    PEAK,
    ColorMode,
    Sample,
    Stack,
    Undecodable,
    bomb,
    checked,
    encoded,
)
from augstream.engines.engine import Engine, Layout
from augstream.engines.targets import TargetBatch, move
from augstream.errors import ArgumentError, PipelineError, ragged
from augstream.plan.fuse import Plan, fuse, steps
from augstream.plan.ops import Frame
from augstream.sources.source import Source
from augstream.sources.targets import Targets
from augstream.transforms.compose import Compose, rng_for

Dtype: TypeAlias = Literal["uint8", "float16", "bfloat16", "float32"]
OR_ALONE = ", or pass batch_size=1"


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples that are ready for a network.

    image: (n, h, w, c) or (n, c, h, w). label: one row per sample, int64 for classes; None where the source has none.
    index: (n,) which samples of the source these are. epoch: in which epoch they were drawn.
    mask, boxes, box_label, polygons, points: the targets as `TargetBatch` has them; None where the source has none.
    """

    image: NDArray[Any]
    label: NDArray[Any] | None
    index: NDArray[np.int64]
    epoch: int
    source: Source = field(repr=False)
    moved: TargetBatch = field(default_factory=TargetBatch, repr=False)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def y(self) -> Any:
        """What a network learns to tell: the labels (structured ones as a dictionary of arrays), else the masks."""
        if self.label is None:
            return self.mask
        names = self.label.dtype.names
        return self.label if names is None else {name: np.ascontiguousarray(self.label[name]) for name in names}

    @property
    def mask(self) -> NDArray[Any] | None:
        """(n, h, w), or (n, h, w, c) in the layout of the pictures."""
        return self.moved.mask

    @property
    def boxes(self) -> list[NDArray[np.float32]] | None:
        """(k, 4) x0 y0 x1 y1 in pixels for each sample."""
        return self.moved.boxes

    @property
    def box_label(self) -> list[NDArray[Any]] | None:
        """(k,) classes of the boxes for each sample."""
        return self.moved.box_label

    @property
    def points(self) -> list[NDArray[np.float32]] | None:
        """(k, 2) x y in pixels for each sample."""
        return self.moved.points

    @property
    def polygons(self) -> list[list[list[NDArray[np.float32]]]] | None:
        """The outlines (m, 2) of each box for each sample."""
        return self.moved.polygons

    @property
    def weight(self) -> NDArray[np.float32] | None:
        """(n,) how much each sample counts in the loss; None where the source does not say."""
        weight = self.source.sample_weight
        return None if weight is None else weight[self.index]

    @property
    def name(self) -> list[str]:
        """What the source calls each sample: its path, for a folder."""
        return [self.source.name(index) for index in self.index.tolist()]


@dataclass(frozen=True, eq=False)
class Tools:
    """What batches are made with, and what makes no difference to them. slots: where their memory comes from."""

    threads: Threads
    pool: _core.Pool
    slots: _core.Slots | None = None
    cache: Cache | None = None
    clock: Clock = field(default_factory=Clock)


@dataclass(frozen=True)
class Recipe:
    """How samples become pixels; with (epoch, index) it says all about them."""

    source: Source
    pipeline: Compose
    seed: int
    layout: Layout = "NHWC"
    dtype: Dtype = "float32"
    color: ColorMode = "rgb"
    max_pixels: int = MAX_PIXELS
    engine: Engine = field(default_factory=engines.default)

    def make(
        self, epoch: int, index: NDArray[np.int64], tools: Tools
    ) -> tuple[NDArray[Any], dict[int, str], TargetBatch]:
        """Pixels and targets of the samples `index` (m,), and row -> reason for those that cannot be read.

        The rows of these hold any values; an empty array where no sample could even be opened.
        """
        clock = tools.clock
        with clock.stage("read"):
            found = None if tools.cache is None else tools.cache.look(index)
            samples, reasons = self._read(index, {} if found is None else found.blocks)
        if found is not None:
            clock.looked_up(len(found.blocks), len(index))
        stored, orientation = self._open(samples, reasons, tools, found)
        tools.threads.check()
        with clock.stage("decode"):
            targets = self._targets(index, oriented_size(orientation, stored), reasons, tools.threads)
        good = np.array([row for row in range(len(index)) if row not in reasons], dtype=np.int64)
        if not len(good):
            return np.empty(0), reasons, TargetBatch()
        some = len(good) < len(index)
        if some:
            samples, stored, orientation = [samples[row] for row in good], stored[good], orientation[good]
        drawn = index[good] if some else index
        with clock.stage("plan"):
            plan = self.plan(epoch, drawn, samples, stored, orientation)
        tools.threads.check()
        keep: list[Any] | None = None
        scales: list[int] = []
        late: dict[int, str] = {}
        if found is not None and isinstance(samples, list):
            scales = self.engine.scales(plan, stored).tolist()
            late = self._rescale(found, good.tolist(), samples, scales, stored, orientation)
            keep = [not found.cache.full] * len(good)
        seconds = np.zeros(2)
        pixels, errors = self.engine.run(
            samples,
            plan,
            dtype=self.dtype,
            layout=self.layout,
            pool=tools.pool,
            slots=tools.slots,
            keep=keep,
            clock=seconds,
        )
        clock.core(seconds)
        reasons |= {row: reason for row, reason in zip(good.tolist(), errors, strict=True) if reason is not None} | late
        if found is not None and keep is not None:
            for row, scale, block in zip(good.tolist(), scales, keep, strict=True):
                if isinstance(block, np.ndarray) and row not in reasons:
                    found.put(row, scale, block)
        moved = TargetBatch()
        if targets:
            if (orientation != 1).any():
                # Targets are drawn on the picture as seen: theirs is the plan without the turn.
                size = oriented_size(orientation, stored)
                plan = self.plan(epoch, drawn, samples, size, np.ones_like(orientation))
            known = [targets[row] for row in good.tolist()]
            with clock.stage("run"):
                moved = move(known, plan, self.source.rules, layout=self.layout, pool=tools.pool, engine=self.engine)
        if some:
            full = np.zeros((len(index), *pixels.shape[1:]), pixels.dtype)
            full[good] = pixels
            spread = TargetBatch()
            spread.put(good.tolist(), moved, len(index))
            return full, reasons, spread
        return pixels, reasons, moved

    def plan(
        self,
        epoch: int,
        index: NDArray[np.int64],
        samples: Sequence[Sample],
        stored: NDArray[np.int64],
        orientation: NDArray[np.int64],
    ) -> Plan:
        """What is going to be done to the samples, their EXIF orientation included; all come out in one size."""
        frame = self._frame(index, samples, oriented_size(orientation, stored))
        plan = oriented_plan(self.pipeline, self.seed, epoch, index, frame, stored, orientation)
        size = plan.frame_out.size
        if (size != size[0]).any():
            other = int(np.flatnonzero((size != size[0]).any(axis=1))[0])
            one, two = (f"{self.source.name(int(index[row]))} {tuple(size[row].tolist())}" for row in (0, other))
            raise ragged(one, two, OR_ALONE)
        return plan

    def try_out(self, index: NDArray[np.int64]) -> Frame | None:
        """Plans some samples without decoding them; raises what the pipeline has against them.

        Returns what comes out of the plan, None where none of the samples can be read.
        """
        samples, reasons = self._read(index)
        headers = read_headers(samples, self.max_pixels)
        good = [row for row in range(len(index)) if row not in reasons and headers.reasons[row] is None]
        if not good:
            return None
        some = [samples[row] for row in good]
        frame = self.plan(0, index[good], some, headers.stored[good], headers.orientation[good]).frame_out
        if self.dtype == "uint8" and not (frame.peak and 1 < frame.peak < 256):
            made = "Normalize brings its levels around 0" if frame.peak is None else f"its white is {frame.peak:g}"
            raise ArgumentError(
                f"Loader.dtype is 'uint8', which takes levels from 0 to 255, but what the pipeline makes does not fit: "
                f"{made}. Pass dtype='float32', or let a Rescale bring white to 255."
            )
        return frame

    def _rescale(
        self,
        found: Lookup,
        good: list[int],
        samples: list[Sample],
        scales: list[int],
        stored: NDArray[np.int64],
        orientation: NDArray[np.int64],
    ) -> dict[int, str]:
        """Puts the block of the right scale, or the file, in the place of one that is kept at another scale only."""
        late = {}
        for place, row in enumerate(good):
            if found.scales.get(row, PIXELS) in (PIXELS, scales[place]):
                continue
            block = found.at(row, scales[place])
            if block is not None:
                samples[place] = block
                continue
            one, reasons = self._read(np.array(found.index[row : row + 1]), {})
            table = peek(one)[0]
            if not reasons and (*table[1:3], table[4]) != (*stored[place], orientation[place]):
                reasons = {0: "the file has changed since it was cached"}
            if reasons:
                late[row], one = reasons[0], [b""]
            samples[place] = one[0]
        return late

    def _read(
        self, index: NDArray[np.int64], blocks: Mapping[int, NDArray[np.uint8]] = MappingProxyType({})
    ) -> tuple[list[Sample] | Stack, dict[int, str]]:
        """The samples of a batch; those that are in `blocks`, by row, are not read."""
        samples: list[Sample] = []
        reasons: dict[int, str] = {}
        wanted = [number for row, number in enumerate(index.tolist()) if row not in blocks]
        found = self.source.read_many(wanted) if wanted else ()
        if isinstance(found, Stack) and not blocks:
            return found, reasons
        fresh = iter(found)
        for row in range(len(index)):
            if row in blocks:
                samples.append(blocks[row])
                continue
            sample = next(fresh)
            try:
                if isinstance(sample, Exception):
                    raise sample
                samples.append(checked(sample))
            except Exception as error:
                # Sources are anybody's code, and a failure to read is a fact about the sample, not about the batch.
                reasons[row] = _unread(error)
                samples.append(b"")
        return samples, reasons

    def _targets(
        self, index: NDArray[np.int64], size: NDArray[np.int64], reasons: dict[int, str], threads: Threads
    ) -> dict[int, Targets]:
        """Row -> targets of the pictures that could be read; nothing where the source has none."""

        def one(row: int) -> Targets | str | None:
            try:
                found = self.source.targets(int(index[row]))
                height, width = size[row].tolist()
                return None if found is None else found.checked((height, width))
            except Undecodable as error:
                return f"its mask: {error}"
            except Exception as error:
                return f"its targets: {_unread(error)}"

        rows = [row for row in range(len(index)) if row not in reasons]
        if not self.source.targeted or not rows:
            return {}
        found: dict[int, Targets] = {}
        for row, result in zip(rows, threads.map(one, rows), strict=True):
            if isinstance(result, str):
                reasons[row] = result
            elif result is not None:
                found[row] = result
        if found and len(found) < sum(row not in reasons for row in rows):
            raise PipelineError(
                "A source must have targets for every sample or none; use empty ones where there are none."
            )
        return found

    def _open(
        self, samples: list[Sample] | Stack, reasons: dict[int, str], tools: Tools, found: Lookup | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Stored sizes and orientations; what the core cannot decode is decoded here, in place."""
        table = peek(samples)
        if isinstance(samples, Stack):
            return table[:, 1:3], table[:, 4]
        for row in oversized(table, self.max_pixels):
            reasons[row] = bomb(int(table[row, 2]), int(table[row, 1]), self.max_pixels)
        rows = [row for row in np.flatnonzero(table[:, 0] == PILLOW).tolist() if row not in reasons]
        if not rows:
            return table[:, 1:3], table[:, 4]
        with tools.clock.stage("decode"):
            results = tools.threads.map(self._decode, [samples[row] for row in rows])
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, str):
                reasons[row] = result
            else:
                samples[row], orientation = result
                if found is not None and not found.cache.full:
                    found.put(row, PIXELS, _core.pack(np.ascontiguousarray(samples[row]), orientation))
                table[row, 1:] = *samples[row].shape, orientation  # type: ignore[union-attr]
        return table[:, 1:3], table[:, 4]

    def _decode(self, data: Sample) -> tuple[NDArray[np.uint8], int] | str:
        try:
            return pillow.decode(encoded(data), self.color, fill=self.pipeline.fill or 0, max_pixels=self.max_pixels)
        except Undecodable as error:
            return str(error)

    def _frame(self, index: NDArray[np.int64], samples: Sequence[Sample], size: NDArray[np.int64]) -> Frame:
        own = self.source.peak
        if isinstance(samples, Stack):
            return Frame(size, samples.array.shape[3], own or PEAK[samples.array.dtype])
        encoded = (CHANNELS[self.color], 255.0)
        kinds = [
            encoded if isinstance(sample, bytes) or sample.ndim == 1 else (sample.shape[2], own or PEAK[sample.dtype])
            for sample in samples
        ]
        channels, peak = kinds[0]
        if len(set(kinds)) > 1:
            other = next(row for row, kind in enumerate(kinds) if kind != kinds[0])
            one, two = (
                f"{self.source.name(int(index[row]))} ({kinds[row][0]} channels, white is {kinds[row][1]:g})"
                for row in (0, other)
            )
            raise PipelineError(f"A batch needs pictures of one kind, but here are {one} and {two}.")
        return Frame(size, channels, peak)


def oriented_plan(
    pipeline: Compose,
    seed: int,
    epoch: int,
    index: NDArray[np.int64],
    frame: Frame,
    stored: NDArray[np.int64],
    orientation: NDArray[np.int64],
) -> Plan:
    """The plan for pictures as stored: first turned as their EXIF orientation says, then as the pipeline draws.

    frame: of the pictures as seen, so that "left" is what a person calls left.
    """
    ops, lying = pipeline.ops(rng_for(seed, epoch, index), frame), replace(frame, size=stored)
    if (orientation == 1).all():
        return (fuse if pipeline.fuse else steps)(ops, lying)
    turn = orient(orientation, stored)
    if pipeline.fuse:
        return fuse(chain([turn], ops), lying)
    # The turn is part of the first step: a step more would change the samples of the batch that need no turn.
    plan = steps(ops, frame)
    first = fuse([turn, *plan.ops[:1]], lying)
    return Plan((*first.passes, *plan.passes[1:]), lying, plan.frame_out)


def _unread(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "the file does not exist (any more)"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    if isinstance(error, MemoryError):
        return "cannot be read: not enough memory"
    return f"cannot be read: {' '.join(str(error).split())} ({type(error).__name__})"
