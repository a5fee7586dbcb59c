"""Samples of a source under a pipeline: the stages of a `Loader`."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from augstream.batch.caching import Caching
from augstream.batch.partners import Partners
from augstream.batch.parts import OR_ALONE, LostPartner, Part, Shares
from augstream.batch.stages import Integers, Planned, Ready, Record, Stage, Stages, Tools
from augstream.decode.header import read_headers
from augstream.decode.orientation import oriented_size
from augstream.decode.sample import CHANNELS, PEAK, Stack
from augstream.engines.targets import move, unblended
from augstream.errors import ArgumentError, PipelineError, ragged
from augstream.plan.fuse import fuse
from augstream.plan.op import Frame, Known
from augstream.rng import Crowd, Rng, gather
from augstream.transforms.compose import Compose, rng_for

Dtype: TypeAlias = Literal["uint8", "float16", "bfloat16", "float32"]


@dataclass(frozen=True, kw_only=True)
class Prepare(Stages):
    """How samples become pixels: decoded, and as the pipeline draws for them."""

    pipeline: Compose
    lost: frozenset[int] = frozenset()
    """Samples that cannot be read, and are no partners of anybody."""

    def make(self, epoch: int, index: Integers, tools: Tools) -> Part:
        """Pixels and targets of the samples `index` (n,); who has lost a partner gets the next one."""
        part = super().make(epoch, index, tools)
        alone = {row: reason for row, reason in part.reasons.items() if isinstance(reason, LostPartner)}
        if not alone:
            return part
        rows = sorted(alone)
        part.reasons = {row: reason for row, reason in part.reasons.items() if row not in alone}
        lost = {reason.partner: reason.why for reason in alone.values()}
        more = replace(self, lost=self.lost | lost.keys()).make(epoch, index[rows], tools)
        part.put(rows, more, len(index))
        part.reasons |= {rows[row]: reason for row, reason in more.reasons.items()}
        part.lost |= lost
        return part

    def begin(self, epoch: int, index: Integers, tools: Tools) -> Record:
        """The record of these samples and the partners that mixes need."""
        inputs, crowd = self._crowd(epoch, index)
        if crowd is None:
            return super().begin(epoch, index, tools)
        uses = np.arange(len(index))[:, None]
        for k in reversed(self.pipeline.at(epoch).mixers):
            uses = np.concatenate([uses, crowd.partners[uses, :k].reshape(len(index), -1)], axis=1)
        return Record(epoch, index, tools, inputs, uses)

    def settle(self, record: Record) -> Ready:
        """The rows out that can be made, and their partners."""
        wrong = record.wrong()
        rows = [row for row in range(len(record.index)) if row not in wrong]
        inputs, crowd = self._crowd(record.epoch, record.index[rows])
        if crowd is None:
            return super().settle(record)
        where = {number: row for row, number in reversed(list(enumerate(record.inputs.tolist())))}
        return record.ready_of(rows, [where[number] for number in inputs.tolist()], crowd)

    def _crowd(self, epoch: int, index: Integers) -> tuple[Integers, Crowd | None]:
        mixers = self.pipeline.at(epoch).mixers
        if not mixers:
            return index, None
        return gather(index, mixers, self._partners.follow(epoch, self.lost))

    @cached_property
    def _partners(self) -> Partners:
        return Partners(self.source, self.seed)

    def stages(self, tools: Tools) -> list[Stage]:
        row = super().stages(tools)
        if self.pipeline.mixers:
            row.append((None, self.share))
        if tools.cache is None:
            return row
        read, read_targets, header, decode, decode_targets, plan, run, *rest = row
        cache = Caching(tools.cache, self)
        look: Stage = "read", cache.look
        swap: Stage = "read", cache.swap
        keep: Stage = "run", cache.keep
        return [look, read, read_targets, header, decode, decode_targets, plan, swap, run, keep, *rest]

    def share(self, record: Record) -> None:
        """Of whose labels those of mixed images are made."""
        sources, share = record.planned.upright.shares()
        record.shares = Shares(record.ready.index[sources], share)

    @property
    def fill(self) -> Any:
        return self.pipeline.fill or 0

    def planned(self, epoch: int, ready: Ready) -> Planned:
        """Their EXIF orientation, then what the pipeline draws; all come out in one size."""
        frame = self._frame(ready, oriented_size(ready.orientation, ready.stored))
        if self.pipeline.blends and ready.noted is not None and any(one.mask is not None for one in ready.noted):
            raise unblended()
        if self.pipeline.needy and ready.noted is not None:
            targets, before, rules = ready.noted, frame, self.source.rules
            frame = replace(frame, known=Known(lambda ops: move(targets, fuse(ops, before), rules, engine=self.engine)))
        rng = replace(rng_for(self.seed, epoch, ready.index), crowd=ready.crowd)
        planned = oriented_plan(self.pipeline, rng, frame, ready.stored, ready.orientation)
        size = planned.stored.frame_out.size
        if (size != size[0]).any():
            other = int(np.flatnonzero((size != size[0]).any(axis=1))[0])
            one, two = (f"{self.source.name(int(ready.index[row]))} {tuple(size[row].tolist())}" for row in (0, other))
            raise ragged(one, two, OR_ALONE)
        return planned

    def try_out(self, index: Integers) -> Frame | None:
        """Plans some samples without decoding them; raises what the pipeline has against them.

        Returns what comes out of the plan, None where none of the samples can be read.
        """
        inputs, _ = self._crowd(0, index)
        samples, reasons = self.read_some(inputs)
        headers = read_headers(samples, self.max_pixels)
        bad = [row for row in range(len(inputs)) if row in reasons or headers.reasons[row] is not None]
        lost = self.lost.union(inputs[bad].tolist())
        good = np.array([number for number in index.tolist() if number not in lost], np.int64)
        if not len(good):
            return None
        if self.pipeline.blends and self._has_mask(int(good[0])):
            raise unblended()
        if bad and self.pipeline.mixers:
            return replace(self, lost=lost).try_out(good)
        inputs, crowd = self._crowd(0, good)
        rows = [row for row in range(len(headers.reasons)) if row not in bad]
        some = [samples[row] for row in rows]
        ready = Ready(rows, rows, some, inputs, headers.stored[rows], headers.orientation[rows], None, crowd)
        frame = self.planned(0, ready).stored.frame_out
        if self.dtype == "uint8" and not (frame.peak and 1 < frame.peak < 256):
            made = "Normalize brings its levels around 0" if frame.peak is None else f"its white is {frame.peak:g}"
            raise ArgumentError(
                f"Loader.dtype is 'uint8', which takes levels from 0 to 255, but what the pipeline makes does not fit: "
                f"{made}. Pass dtype='float32', or let a Rescale bring white to 255."
            )
        return frame

    def _has_mask(self, index: int) -> bool:
        try:
            noted = self.source.targets(index) if self.source.targeted else None
        except Exception:  # sources are anybody's code; what can't be read is told of where it is read
            return False
        return noted is not None and noted.mask is not None

    def _frame(self, ready: Ready, size: Integers) -> Frame:
        samples, own = ready.samples, self.source.peak
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
                f"{self.source.name(int(ready.index[row]))} ({kinds[row][0]} channels, white is {kinds[row][1]:g})"
                for row in (0, other)
            )
            raise PipelineError(f"A batch needs images of one kind, but here are {one} and {two}.")
        return Frame(size, channels, peak)


def oriented_plan(
    pipeline: Compose,
    rng: Rng,
    frame: Frame,
    stored: Integers,
    orientation: Integers,
) -> Planned:
    """The plan for images as stored: first rotated as their EXIF orientation says, then as the pipeline draws.

    frame: of the images after EXIF orientation, so that "left" is what a person calls left.
    """
    return Planned(*pipeline.oriented(rng, frame, stored, orientation))
