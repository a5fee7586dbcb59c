"""The native engine: one call into the core per batch, the GIL released for all of it."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream import _core
from augstream.decode.sample import Sample, Stack
from augstream.plan.fuse import Pass, Plan
from augstream.plan.ops import Color, Curve, Warp

Layout: TypeAlias = Literal["NHWC", "NCHW"]

# The tags of the kinds and the numbers of the modes on the wire; see src/core/plan/kinds.cpp and step.h.
WARP, COLOR, CURVE = 0, 1, 2
BORDERS = {"constant": 0, "edge": 1, "reflect": 2, "mirror": 3, "wrap": 4, "overlap": 5}
INTERPOLATIONS = {"nearest": 0, "bilinear": 1, "bicubic": 2}


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
) -> tuple[NDArray[Any], list[str | None]]:
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
    programs = [(None, None, [_step(step, channels) for step in plan.passes])]
    raw = out.view(np.uint16) if dtype == "bfloat16" else out
    errors: list[str | None] = [None] * len(samples)
    given = (samples.array, samples.numbers) if isinstance(samples, Stack) else list(samples)
    for position, _, reason in (pool or _inline()).run(given, programs, channels, raw, dtype, planar, keep, clock):
        errors[position] = reason
    return out, errors


def empty(shape: tuple[int, ...], dtype: str, slots: _core.Slots | None) -> NDArray[Any]:
    """An array of any values, in recycled memory where `slots` are given."""
    kind = dtype_of(dtype)
    if slots is None:
        return np.empty(shape, kind)
    return slots.take(int(np.prod(shape)) * kind.itemsize).view(kind).reshape(shape)


def dtype_of(name: str) -> np.dtype[Any]:
    """The NumPy dtype of an output type; bfloat16 comes from the package ml_dtypes."""
    if name != "bfloat16":
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        from augstream.errors import MissingPackageError

        raise MissingPackageError('dtype="bfloat16"', "ml_dtypes") from None
    bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return bfloat16


def hint(plan: Plan, i: int, stored: tuple[int, int]) -> tuple[int, int, int, int, int]:
    """What the decoder reads of sample i, stored as (height, width): (top, bottom, left, right, scale denominator)."""
    warp = plan.passes[0].warp if plan.passes else None
    return _core.hint(None if warp is None else _warp(warp, plan.frame_in.channels, slice(i, i + 1)), *stored)


def scales(plan: Plan, stored: NDArray[np.int64]) -> NDArray[np.int64]:
    """The denominator of the scale at which the decoder reads each picture; stored: (n, 2) (height, width)."""
    channels = plan.frame_in.channels
    programs = [(None, None, [_step(step, channels) for step in plan.passes])]
    return _core.scales(programs, np.ascontiguousarray(stored, np.int64), channels, len(stored))


@cache
def _inline() -> _core.Pool:
    return _core.Pool(0)


def _step(step: Pass, channels: int) -> tuple[Any, tuple[Any, ...]]:
    """The pass as the core reads it: (head, points), each op (tag, field, ...)."""
    head = None if step.warp is None else _warp(step.warp, channels)
    return head, tuple(_color(op) if isinstance(op, Color) else _curve(op) for op in step.points)


def _warp(warp: Warp, channels: int, rows: slice = slice(None)) -> tuple[Any, ...]:
    fill = None
    if warp.fill is not None:
        fill = np.ascontiguousarray(np.broadcast_to(warp.fill, (len(warp.size), channels))[rows], np.float32)
    return (
        WARP,
        np.ascontiguousarray(warp.matrix[rows], np.float64),
        np.ascontiguousarray(warp.size[rows], np.int64),
        BORDERS[warp.border or "edge"],
        INTERPOLATIONS[warp.interpolation or "bilinear"],
        warp.antialias,
        fill,
        (),
    )


def _color(op: Color) -> tuple[Any, ...]:
    clip = None if op.clip is None else np.ascontiguousarray(op.clip, np.float32)
    return COLOR, np.ascontiguousarray(op.matrix, np.float32), clip


def _curve(op: Curve) -> tuple[Any, ...]:
    on = None if op.on is None else op.on.astype(np.uint8)
    return CURVE, np.ascontiguousarray(op.table, np.float32), float(op.peak), op.steps, on
