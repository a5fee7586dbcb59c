"""Ops -> plan: the only place that merges, and only by these identities, each with a law test.

1. Two warps are one whose matrix is the product, where border, interpolation (with its antialiasing) and constant fill
   agree or one of the two has none. The merged warp reads the original picture: sharper, and real pixels instead of the
   first one's border.
2. Two colors are one whose matrix is the product; levels are clipped once, by the last clip. A map of the levels
   (no clip of its own) maps the clip before it.
3. A stepped curve, then any curve, are one stepped curve, where both are for every sample: look its entries up in the
   second. (A linear curve is not merged: between its entries the result would differ.)
4. A color, then a warp, are the same warp, then the color: it is affine, and a warp's weights sum to one. A constant
   fill goes back through the color, so that it looks as asked behind it.
5. Anything pointwise, then a warp that keeps pixels whole, are the same warp, then the point: true of every border but
   the constant one, which a curve can't be undone for.

Which ops merge follows from their kinds and from what the user wrote, never from what was drawn: a sample's plan is the
same whatever its batch-mates are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from augstream.errors import PipelineError
from augstream.plan.matrix import then
from augstream.plan.ops import Array, Color, Curve, Frame, Op, Warp

Point: TypeAlias = Color | Curve


@dataclass(frozen=True, eq=False)
class Merged(Warp):
    """A warp with a fill that has gone back through colors; `seen` is what it looks like behind them."""

    seen: Array | None = None


@dataclass(frozen=True, eq=False)
class Pass:
    """What an engine does in one go: gather the pixels (None: they stay where they are), then treat each by itself."""

    warp: Warp | None
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, eq=False)
class Plan:
    """What an engine runs: the passes, and what is known of the pictures before and after them."""

    passes: tuple[Pass, ...]
    frame_in: Frame
    frame_out: Frame

    @property
    def ops(self) -> tuple[Op, ...]:
        """The passes as a row of ops; fused again, they are the same plan."""
        return tuple(op for one in self.passes for op in (one.warp, *one.points) if op is not None)

    def __str__(self) -> str:
        from augstream.plan.text import plan_text  # only where it is asked for

        return plan_text(self)


class _Open:
    """A pass that still takes ops."""

    def __init__(self) -> None:
        self.warp: Warp | None = None
        self.points: tuple[Point, ...] = ()
        self.fill: Array | None = None  # the last constant border's,
        self.under: tuple[Point, ...] = ()  # and the points it has to go back through
        self.seen: Array | None = None  # the same fill as the user gave it

    def takes(self, warp: Warp) -> bool:
        """Whether a warp behind this pass may move to its front."""
        own = self.warp
        if own is not None:
            if own.border != warp.border and own.border is not None and warp.border is not None:
                return False
            apart = own.interpolation != warp.interpolation
            apart = apart or own.antialias != warp.antialias
            if apart and own.interpolation is not None and warp.interpolation is not None:
                return False
            seen = _seen(warp)
            if self.seen is not None and seen is not None and not np.array_equal(self.seen, seen):
                return False
        whole = warp.interpolation is None and warp.border != "constant"
        return whole or all(isinstance(point, Color) for point in self.points)

    def add_warp(self, warp: Warp) -> None:
        """Identities 1, 4 and 5."""
        if warp.border == "constant":
            self.fill, self.under, self.seen = warp.fill, self.points, _seen(warp)
        own = self.warp
        if own is not None:
            border, interpolation = warp.border or own.border, warp.interpolation or own.interpolation
            antialias = own.antialias if warp.interpolation is None else warp.antialias
            warp = Warp(then(own.matrix, warp.matrix), warp.size, border, self.fill, interpolation, antialias)
        self.warp = warp

    def add_point(self, point: Point) -> None:
        """Identities 2 and 3."""
        last = self.points[-1] if self.points else None
        if isinstance(last, Color) and isinstance(point, Color):
            self.points = (*self.points[:-1], _color(last, point))
        elif isinstance(last, Curve) and isinstance(point, Curve) and last.steps and last.on is point.on is None:
            self.points = (*self.points[:-1], _curve(last, point))
        else:
            self.points = (*self.points, point)

    def close(self) -> Pass:
        """The pass as it stands."""
        fill = self.fill
        for color in reversed(self.under):
            if isinstance(color, Color) and fill is not None:
                fill = _before(color, fill)
        own = self.warp
        if own is not None and fill is not self.seen:
            own = Merged(own.matrix, own.size, own.border, fill, own.interpolation, own.antialias, self.seen)
        return Pass(own, self.points)


def fuse(ops: Iterable[Op], frame: Frame) -> Plan:
    """The plan with as few passes as the identities allow; ops keep their order otherwise."""
    done: list[Pass] = []
    current: _Open | None = None
    later = frame
    for op in ops:
        later = later.after(op)
        if current is None:
            current = _Open()
        if isinstance(op, Warp):
            if not current.takes(op):
                done.append(current.close())
                current = _Open()
            current.add_warp(op)
        else:
            current.add_point(op)
    if current is not None:
        done.append(current.close())
    return Plan(tuple(done), frame, later)


def steps(ops: Iterable[Op], frame: Frame) -> Plan:
    """The plan that does one op after the other: `Compose(..., fuse=False)`."""
    done: list[Pass] = []
    later = frame
    for op in ops:
        later = later.after(op)
        done.append(Pass(op) if isinstance(op, Warp) else Pass(None, (op,)))
    return Plan(tuple(done), frame, later)


def verify(plan: Plan) -> None:
    """Shapes, dtypes, finite numbers and positive sizes of a plan; what is wrong is a bug of ours, found by tests."""
    n, c = len(plan.frame_in), plan.frame_in.channels
    for number, one in enumerate(plan.passes):
        wrong = [name for name, good in _facts(one, n, c) if not good]
        if wrong:
            raise PipelineError(f"Pass {number} of the plan is wrong in: {', '.join(wrong)}")


def _facts(one: Pass, n: int, c: int) -> Iterator[tuple[str, bool]]:
    warp = one.warp
    if warp is not None:
        yield "warp.matrix", _sound(warp.matrix, [(n, 3, 3)])
        yield "warp.size", warp.size.shape == (n, 2) and warp.size.dtype == np.int64 and bool((warp.size > 0).all())
        yield "warp.fill", (warp.fill is None) != (warp.border == "constant")
        yield "warp.fill", warp.fill is None or _sound(warp.fill, [(n, 1), (n, c)])
    for point in one.points:
        if isinstance(point, Color):
            yield "color.matrix", _sound(point.matrix, [(n, c, c + 1)])
            yield "color.clip", point.clip is None or _sound(point.clip, [(n, c, 2)])
        else:
            yield "curve.on", point.on is None or (point.on.shape == (n,) and point.on.dtype == np.bool_)
            yield "curve.table", _sound(point.table, [(n, 1, 256), (n, c, 256)]) and point.peak > 0


def _sound(array: Array, shapes: list[tuple[int, ...]]) -> bool:
    return array.shape in shapes and array.dtype == np.float64 and bool(np.isfinite(array).all())


def _seen(warp: Warp) -> Array | None:
    if warp.border != "constant":
        return None
    return warp.seen if isinstance(warp, Merged) else warp.fill


def _color(first: Color, second: Color) -> Color:
    """Identity 2."""
    gain = second.matrix[:, :, :-1]
    matrix = gain @ first.matrix
    matrix[:, :, -1] += second.matrix[:, :, -1]
    clip = second.clip
    if clip is None and first.clip is not None:
        ends = gain.diagonal(axis1=1, axis2=2)[:, :, None] * first.clip + second.matrix[:, :, -1:]
        clip = np.sort(ends, axis=2)  # a negative gain turns low and high round
    return Color(matrix, clip)


def _curve(first: Curve, second: Curve) -> Curve:
    """Identity 3."""
    place = np.clip(first.table * (255 / second.peak), 0, 255)
    table = np.broadcast_to(second.table, np.broadcast_shapes(place.shape, second.table.shape))
    place = np.broadcast_to(place, table.shape)
    if second.steps:
        return Curve(np.take_along_axis(table, np.floor(place + 0.5).astype(np.int64), 2), first.peak, True)
    low = np.minimum(place.astype(np.int64), 254)
    left, right = (np.take_along_axis(table, low + side, 2) for side in (0, 1))
    return Curve(left + (right - left) * (place - low), first.peak, True)


def _before(color: Color, fill: Array) -> Array:
    """The fill that looks like `fill` behind the color, or as near to it as there is one.

    The pseudo-inverse, so that a color that loses something (gray, no contrast) needs no case of its own.
    """
    gain, rest = color.matrix[:, :, :-1], fill - color.matrix[:, :, -1]
    if gain.shape[1] != 3:
        return _lost(gain, rest)
    # A batch of singular values costs more than the rest of the plan, so most samples go by Cramer's rule.
    one, two = [1, 2, 0], [2, 0, 1]
    cofactor = gain[:, one][:, :, one] * gain[:, two][:, :, two] - gain[:, one][:, :, two] * gain[:, two][:, :, one]
    area = gain[:, 0, 0] * cofactor[:, 0, 0] + gain[:, 0, 1] * cofactor[:, 0, 1] + gain[:, 0, 2] * cofactor[:, 0, 2]
    # 9 x both maxima bounds the condition number: below 1000 nothing counts as lost.
    lossy = 9 * np.abs(gain).max((1, 2)) * np.abs(cofactor).max((1, 2)) >= 1000 * np.abs(area)
    area[lossy] = 1
    back = (cofactor[:, 0] * rest[:, :1] + cofactor[:, 1] * rest[:, 1:2] + cofactor[:, 2] * rest[:, 2:]) / area[:, None]
    if lossy.any():
        back[lossy] = _lost(gain[lossy], rest[lossy])
    return back


def _lost(gain: Array, rest: Array) -> Array:
    back: Array = (np.linalg.pinv(gain, rcond=1e-3) @ rest[:, :, None])[:, :, 0]
    return back
