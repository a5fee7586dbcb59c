"""The native engine: one call into the core per batch, the GIL released for all of it."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream import _core
from augstream.decode.sample import Sample, Stack
from augstream.plan.kinds import Color, Curve, Warp
from augstream.plan.op import Op
from augstream.plan.plan import Plan
from augstream.plan.step import Step

Layout: TypeAlias = Literal["NHWC", "NCHW"]

# The order of the enums in src/core/plan.h.
BORDERS = {"constant": 0, "edge": 1, "symmetric": 2, "reflect": 3, "wrap": 4, "overlap": 5}
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
    height, width = plan.frame_out.size[0].tolist()
    planar = layout == "NCHW"
    n = len(plan.frame_out)
    shape = (n, channels, height, width) if planar else (n, height, width, channels)
    out = empty(shape, dtype, slots)
    if not _old(plan):
        return _by_reference(samples, plan, out, dtype, planar)
    passes = [_pass(step, channels) for step in plan.steps] or [(None, [])]
    raw = out.view(np.uint16) if dtype == "bfloat16" else out
    errors: list[str | None] = [None] * len(samples)
    given = (samples.array, samples.numbers) if isinstance(samples, Stack) else list(samples)
    for position, reason in (pool or _inline()).run(given, passes, channels, raw, dtype, planar, keep, clock):
        errors[position] = reason
    return out, errors


def _old(plan: Plan) -> bool:
    """INTERIM: what the core of today can run."""
    if len(plan.groups) != 1 or plan.groups[0].sources is not None:
        return False
    return all(
        type(op) in (Warp, Color, Curve) and not (isinstance(op, Warp) and op.windows)
        for step in plan.steps
        for op in step.ops
    )


def _by_reference(samples: Any, plan: Plan, out: Any, dtype: str, planar: bool) -> Any:
    """INTERIM."""
    from augstream.decode import pillow
    from augstream.engines import reference

    images = []
    for sample in samples:
        if isinstance(sample, bytes):
            image, _ = pillow.decode(sample, {1: "gray", 3: "rgb", 4: "rgba"}[plan.frame_in.channels])  # type: ignore[index]
            images.append(image)
        else:
            images.append(sample)
    for row, image in enumerate(reference.run(images, plan)):
        if np.dtype(dtype_of(dtype)).kind == "u":
            image = np.clip(np.rint(image), 0, np.iinfo(dtype).max)
        out[row] = image.transpose(2, 0, 1) if planar else image
    return out, [None] * len(plan.frame_out)


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
    warp = _first_warp(plan)
    if warp is None:
        return 0, stored[0], 0, stored[1], 1
    border, interpolation = _modes(warp)
    matrix = np.ascontiguousarray(warp.matrix[i : i + 1], np.float64)
    size = np.ascontiguousarray(warp.size[i : i + 1], np.int64)
    return _core.hint(matrix, size, border, interpolation, warp.antialias, *stored)


def scales(plan: Plan, stored: NDArray[np.int64]) -> NDArray[np.int64]:
    """The denominator of the scale at which the decoder reads each picture; stored: (n, 2) (height, width)."""
    warp = _first_warp(plan)
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


def _first_warp(plan: Plan) -> Warp | None:
    steps = plan.groups[0].steps
    return steps[0].head if steps and isinstance(steps[0].head, Warp) else None


def _modes(warp: Warp) -> tuple[int, int]:
    return BORDERS[warp.border or "edge"], INTERPOLATIONS[warp.interpolation or "bilinear"]


def _pass(step: Step, channels: int) -> tuple[Any, list[Any]]:
    """INTERIM: the pass as the bindings of today read it; see `pass_of` in src/bindings.cpp."""
    warp = None if step.head is None else step.head.wire(channels)[1:7]
    return warp, [_point(op, channels) for op in step.points]


def _point(op: Op, channels: int) -> tuple[Any, ...]:
    """INTERIM."""
    _, rows, *rest = op.wire(channels)
    return (rows if rows.shape[1] == channels else np.repeat(rows, channels, axis=1)), *rest
