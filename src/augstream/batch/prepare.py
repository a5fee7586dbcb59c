"""Samples of a source under a pipeline: the stages of a `Loader`."""

from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal, TypeAlias

import numpy as np

from augstream.batch.caching import Caching
from augstream.batch.parts import OR_ALONE
from augstream.batch.stages import Integers, Planned, Ready, Stage, Stages, Tools
from augstream.decode.header import read_headers
from augstream.decode.orientation import orient, oriented_size
from augstream.decode.sample import CHANNELS, PEAK, Stack
from augstream.errors import ArgumentError, PipelineError, ragged
from augstream.plan.fuse import fuse, unfused
from augstream.plan.op import Frame
from augstream.plan.plan import Plan
from augstream.plan.step import Group
from augstream.transforms.compose import Compose, rng_for

Dtype: TypeAlias = Literal["uint8", "float16", "bfloat16", "float32"]


@dataclass(frozen=True, kw_only=True)
class Prepare(Stages):
    """How samples become pixels: decoded, and as the pipeline draws for them."""

    pipeline: Compose

    def stages(self, tools: Tools) -> list[Stage]:
        row = super().stages(tools)
        if tools.cache is None:
            return row
        read, read_targets, header, decode, decode_targets, plan, run, move = row
        cache = Caching(tools.cache, self)
        look: Stage = "read", cache.look
        swap: Stage = "read", cache.swap
        keep: Stage = "run", cache.keep
        return [look, read, read_targets, header, decode, decode_targets, plan, swap, run, keep, move]

    @property
    def fill(self) -> Any:
        return self.pipeline.fill or 0

    def planned(self, epoch: int, ready: Ready) -> Planned:
        """Their EXIF orientation, then what the pipeline draws; all come out in one size."""
        frame = self._frame(ready, oriented_size(ready.orientation, ready.stored))
        planned = oriented_plan(self.pipeline, self.seed, epoch, ready.index, frame, ready.stored, ready.orientation)
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
        samples, reasons = self.read_some(index)
        headers = read_headers(samples, self.max_pixels)
        rows = [row for row in range(len(index)) if row not in reasons and headers.reasons[row] is None]
        if not rows:
            return None
        some = [samples[row] for row in rows]
        ready = Ready(rows, rows, some, index[rows], headers.stored[rows], headers.orientation[rows])
        frame = self.planned(0, ready).stored.frame_out
        if self.dtype == "uint8" and not (frame.peak and 1 < frame.peak < 256):
            made = "Normalize brings its levels around 0" if frame.peak is None else f"its white is {frame.peak:g}"
            raise ArgumentError(
                f"Loader.dtype is 'uint8', which takes levels from 0 to 255, but what the pipeline makes does not fit: "
                f"{made}. Pass dtype='float32', or let a Rescale bring white to 255."
            )
        return frame

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
    seed: int,
    epoch: int,
    index: Integers,
    frame: Frame,
    stored: Integers,
    orientation: Integers,
) -> Planned:
    """The plan for images as stored: first rotated as their EXIF orientation says, then as the pipeline draws.

    frame: of the images after EXIF orientation, so that "left" is what a person calls left.
    """
    ops = pipeline.ops(rng_for(seed, epoch, index), frame)
    compiled = fuse if pipeline.fuse else unfused
    if (orientation == 1).all():
        plan = compiled(ops, frame)
        return Planned(plan, plan)
    drawn, lying, rotation = list(ops), replace(frame, size=stored), orient(orientation, stored)
    upright = compiled(drawn, frame)
    if pipeline.fuse:
        return Planned(fuse(chain([rotation], drawn), lying), upright)
    # The rotation is part of the first step: a step more would change the samples of the batch that need none.
    first = fuse([rotation, *upright.ops[:1]], lying)
    steps = (*first.steps, *upright.steps[1:])
    return Planned(Plan((Group(None, None, steps),), lying, upright.frame_out), upright)
