"""The native engine: one call into the core per batch, the GIL released for all of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.decode.sample import Sample, Stack
from augstream.engines.engine import Engine, Layout, Reasons, dtype_of
from augstream.errors import PipelineError
from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.warp import Warp
from augstream.plan.plan import Plan, every_step


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
    """`Engine.run` in the core, over JPEG files (bytes), blocks, and arrays (h, w, c) of uint8, uint16 or float32.

    Returns the batch, and for each sample None or the reason why it could not be read: what is made of it is zero.
    """
    channels = plan.frame_in.channels
    height, width = plan.frame_out.size[0].tolist()
    planar, n = layout == "NCHW", len(plan.frame_out)
    out = empty((n, channels, height, width) if planar else (n, height, width, channels), dtype, slots)
    raw = out.view(np.uint16) if dtype == "bfloat16" else out
    given = (samples.array, samples.numbers) if isinstance(samples, Stack) else list(samples)
    with _in_words(plan):
        failed = (pool or _inline()).run(given, plan.wire(), channels, raw, dtype, planar, keep, clock)
    errors: Reasons = [None] * len(samples)
    for row, source, reason in failed:
        errors[source if source >= 0 else plan.source(row)] = reason
    return out, errors


def empty(shape: tuple[int, ...], dtype: str, slots: _core.Slots | None) -> NDArray[Any]:
    """An array of any values, in recycled memory where `slots` are given."""
    kind = dtype_of(dtype)
    if slots is None:
        return np.empty(shape, kind)
    return slots.take(int(np.prod(shape)) * kind.itemsize).view(kind).reshape(shape)


def hint(plan: Plan, row: int, stored: tuple[int, int]) -> tuple[int, int, int, int, int]:
    """What the decoder reads for one result, of a file of (height, width): (top, bottom, left, right, denominator)."""
    group, at = plan.at(row)
    steps = group.steps
    while steps and isinstance(steps[0].head, Mix):
        steps = steps[0].head.branches[0].steps
    head = steps[0].head if steps else None
    warp = head.take(np.array([at])).wire(plan.frame_in.channels) if isinstance(head, Warp) else None
    return _core.hint(warp, *stored)


def scales(plan: Plan, stored: NDArray[np.int64]) -> NDArray[np.int64]:
    """The denominator of the scale at which each image is decoded, 0 where that differs between the results it goes
    into; stored: (m, 2) (height, width).
    """
    sizes = np.ascontiguousarray(stored, np.int64)
    with _in_words(plan):
        return _core.scales(plan.wire(), sizes, plan.frame_in.channels, len(plan.frame_out))


@contextmanager
def _in_words(plan: Plan) -> Iterator[None]:
    """What the core says of a kind of op that it has not got, with the kind's name."""
    try:
        yield
    except ValueError as error:
        what, _, tag = str(error).rpartition(" ")
        if what != "the core has no op of kind":
            raise
        ops = (op for group in plan.groups for step in every_step(group.steps) for op in step.ops)
        names = ", ".join(sorted({type(op).__name__ for op in ops if op.tag == int(tag)}))
        fact = f"The native engine has no op of the kind {names}"
        raise PipelineError(f"{fact}. Leave out the transform that draws it, or add the kind to the core.") from None


@cache
def _inline() -> _core.Pool:
    return _core.Pool(0)


class Native:
    """The functions of this module as an engine."""

    decode = staticmethod(decode)
    run = staticmethod(run)
    scales = staticmethod(scales)
    hint = staticmethod(hint)


NATIVE: Engine = Native()
