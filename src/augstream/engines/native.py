"""The native engine: one call into the core per batch, the GIL released for all of it."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream import _core
from augstream.decode.sample import Sample, Stack
from augstream.engines.engine import Engine, Layout, Reasons, dtype_of
from augstream.plan.fuse import Pass, Plan
from augstream.plan.ops import Color, Curve, Warp

# The order of the enums in src/core/plan.h.
BORDERS = {"constant": 0, "edge": 1, "reflect": 2, "mirror": 3, "wrap": 4, "overlap": 5}
INTERPOLATIONS = {"nearest": 0, "bilinear": 1, "bicubic": 2}


def decode(samples: Sequence[Sample], plan: Plan, *, pool: _core.Pool | None = None) -> tuple[list[Sample], Reasons]:
    """Blocks of JPEG files, at the scale that the plan asks for; blocks and arrays are what they are.

    The core decodes and runs a sample in one go, while its planes are in the processor's cache, so that this costs as
    much as `run`, which hands out the blocks besides the batch where `keep` asks for them.
    """
    keep: list[Any] = [True] * len(samples)
    _, errors = run(samples, plan, dtype="uint8", pool=pool, keep=keep)
    return [
        block if isinstance(block, np.ndarray) else sample for sample, block in zip(samples, keep, strict=True)
    ], errors


def run(
    samples: Sequence[Sample],
    plan: Plan,
    *,
    dtype: str = "float32",
    layout: Layout = "NHWC",
    pool: _core.Pool | None = None,
    slots: _core.Slots | None = None,
    keep: list[Any] | None = None,
    clock: NDArray[np.float64] | None = None,
) -> tuple[NDArray[Any], Reasons]:
    """Run the plan over a batch of JPEG files (bytes), blocks, and arrays (h, w, c) of uint8, uint16 or float32.

    dtype: uint8, uint16, float16, bfloat16 or float32; integers are rounded and clipped to their range.
    pool: the threads to work in; None works in the calling thread. slots: where the batch's memory comes from.
    keep: for each sample whether what it is decoded to is to be kept: where so, a block (or None) takes its place here.
    clock: (2,) seconds of the threads are added: [decoding, decoding and all that follows].

    Returns the batch, (n, h, w, c) or (n, c, h, w), and for each sample None or the reason why it could not be read
    (its slot is zero then).
    """
    channels = plan.frame_in.channels
    height, width = (int(v) for v in plan.frame_out.size[0])
    planar = layout == "NCHW"
    shape = (len(samples), channels, height, width) if planar else (len(samples), height, width, channels)
    out = empty(shape, dtype, slots)
    passes = [_pass(step, channels) for step in plan.passes] or [(None, [])]
    raw = out.view(np.uint16) if dtype == "bfloat16" else out
    errors: Reasons = [None] * len(samples)
    given = (samples.array, samples.numbers) if isinstance(samples, Stack) else list(samples)
    for position, reason in (pool or _inline()).run(given, passes, channels, raw, dtype, planar, keep, clock):
        errors[position] = reason
    return out, errors


def empty(shape: tuple[int, ...], dtype: str, slots: _core.Slots | None) -> NDArray[Any]:
    """An array of any values, in recycled memory where `slots` are given."""
    kind = dtype_of(dtype)
    if slots is None:
        return np.empty(shape, kind)
    return slots.take(int(np.prod(shape)) * kind.itemsize).view(kind).reshape(shape)


def hint(plan: Plan, i: int, stored: tuple[int, int]) -> tuple[int, int, int, int, int]:
    """What the decoder reads of sample i, stored as (height, width): (top, bottom, left, right, scale denominator)."""
    warp = plan.passes[0].warp if plan.passes else None
    if warp is None:
        return 0, stored[0], 0, stored[1], 1
    border, interpolation = _modes(warp)
    matrix = np.ascontiguousarray(warp.matrix[i : i + 1], np.float64)
    size = np.ascontiguousarray(warp.size[i : i + 1], np.int64)
    return _core.hint(matrix, size, border, interpolation, warp.antialias, *stored)


def scales(plan: Plan, stored: NDArray[np.int64]) -> NDArray[np.int64]:
    """The denominator of the scale at which the decoder reads each picture; stored: (n, 2) (height, width)."""
    warp = plan.passes[0].warp if plan.passes else None
    if warp is None:
        return np.ones(len(stored), np.int64)
    border, interpolation = _modes(warp)
    matrix, size, sizes = (
        np.ascontiguousarray(warp.matrix, np.float64),
        np.ascontiguousarray(warp.size, np.int64),
        np.ascontiguousarray(stored, np.int64),
    )
    return _core.scales(matrix, size, border, interpolation, warp.antialias, sizes)


@cache
def _inline() -> _core.Pool:
    return _core.Pool(0)


def _modes(warp: Warp) -> tuple[int, int]:
    return BORDERS[warp.border or "edge"], INTERPOLATIONS[warp.interpolation or "bilinear"]


def _pass(step: Pass, channels: int) -> tuple[Any, list[Any]]:
    """The pass as the bindings read it; see `pass_of` in src/bindings.cpp."""
    warp = None
    if step.warp is not None:
        fill = step.warp.fill
        n = len(step.warp.size)
        warp = (
            np.ascontiguousarray(step.warp.matrix, np.float64),
            np.ascontiguousarray(step.warp.size, np.int64),
            *_modes(step.warp),
            step.warp.antialias,
            None if fill is None else np.ascontiguousarray(np.broadcast_to(fill, (n, channels)), np.float32),
        )
    return warp, [_color(op) if isinstance(op, Color) else _curve(op, channels) for op in step.points]


def _color(op: Color) -> tuple[Any, ...]:
    clip = None if op.clip is None else np.ascontiguousarray(op.clip, np.float32)
    return np.ascontiguousarray(op.matrix, np.float32), clip


def _curve(op: Curve, channels: int) -> tuple[Any, ...]:
    full = np.broadcast_to(op.table, (len(op.table), channels, 256))
    on = None if op.on is None else op.on.astype(np.uint8)
    return np.ascontiguousarray(full, np.float32), float(op.peak), op.steps, on


class Native:
    """The functions of this module as an engine."""

    decode = staticmethod(decode)
    run = staticmethod(run)
    scales = staticmethod(scales)
    hint = staticmethod(hint)


NATIVE: Engine = Native()
