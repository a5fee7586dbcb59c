"""Images as functions of the plane: ops and plans evaluated at points, without pixels, as plainly as can be.

What `fuse` does is held to this. An image is `f(points (m, 2) of x, y) -> (m, c) levels`, defined everywhere; a warp
looks at it elsewhere, a point op changes what is seen there.
"""

from dataclasses import replace

import numpy as np

from augstream.plan.fuse import layout
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame
from augstream.plan.plan import Plan

HALF = 0.5


def ramp(channels):
    """An image whose levels grow linearly, another way in each channel, and stay away from the ends."""
    slopes = np.array([[0.11, 0.05], [-0.07, 0.09], [0.03, -0.12], [0.02, 0.04]])[:channels]

    def picture(points):
        return 120 + 10 * np.arange(channels) + points @ slopes.T

    return picture


def colored(levels, color, row):
    """What a Color makes of levels (m, c), and for which points its clip changes something."""
    matrix = color.matrix[row]
    out = levels @ matrix[:, :-1].T + matrix[:, -1]
    if color.clip is None:
        return out, np.zeros(len(out), bool)
    low, high = color.clip[row].T
    clipped = np.clip(out, low, high)
    return clipped, (np.abs(clipped - out) > 1e-9).any(axis=1)


def curved(levels, curve, row):
    """What a Curve makes of levels (m, c)."""
    if curve.on is not None and not curve.on[row]:
        return levels
    table = np.broadcast_to(curve.table[row], (levels.shape[1], 256))
    place = np.clip(levels / curve.peak * 255, 0, 255)
    if curve.steps:
        return np.stack([t[np.floor(p + HALF).astype(int)] for t, p in zip(table, place.T, strict=True)], axis=1)
    return np.stack([np.interp(p, np.arange(256), t) for t, p in zip(table, place.T, strict=True)], axis=1)


def covered(levels, shapes, row, points):
    """The levels behind boxes of constant fill, and which points are so near to an edge that either is right."""
    assert shapes.filling == "constant"
    near = np.zeros(len(points), bool)
    levels = levels.copy()
    for box, fill in zip(shapes.boxes[row], shapes.fill[row], strict=True):
        inside = ((points >= box[:2]) & (points < box[2:])).all(axis=1)
        levels[inside, : shapes.channels] = fill[: shapes.channels]
        near |= (np.abs(points[:, [0, 1, 0, 1]] - box) < 1e-6).any(axis=1)
    return levels, near


def mapped(matrix, points):
    """Where a matrix takes points."""
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def bent(warp, row, points):
    """Where the warp's field leads the points of the output."""
    return warp.field.displaced(mapped(warp.matrix[row], points), np.full(len(points), row))


def seen_through(warp, row, points):
    """Where the points of the output look."""
    if warp.field is None:
        return mapped(warp.matrix[row], points)
    return mapped(warp.field.matrix[row], bent(warp, row, points))


def look(ops, frame, row, picture, points):
    """The levels (m, c) that one sees at the points of the result, and which of them are plain.

    Plain are those that no warp looked up outside of the image before it, and that no clip changed. Outside, a
    constant border shows its fill and another one the function itself, which goes on.
    """
    frames = [frame]
    for op in ops:
        frames.append(frames[-1].after(op))
    places = [points]
    for op in reversed(ops):
        if isinstance(op, Warp):
            places.append(seen_through(op, row, places[-1]))
        else:
            places.append(places[-1])
    places.reverse()
    levels = picture(places[0])
    plain = np.ones(len(points), bool)
    for op, before, place, behind in zip(ops, frames, places, places[1:], strict=False):
        if isinstance(op, Warp):
            height, width = before.size[row]
            inside = ((place >= 0) & (place <= (width, height))).all(axis=1)
            if op.border == "constant":
                levels = np.where(inside[:, None], levels, np.broadcast_to(op.fill[row], levels.shape))
            plain &= inside
            for window in op.windows:
                there = bent(op, row, behind) if window.bent else behind
                there, (h, w) = mapped(window.matrix[row], there), window.size[row]
                within = ((there >= 0) & (there <= (w, h))).all(axis=1)
                levels = np.where(within[:, None], levels, np.broadcast_to(window.fill[row], levels.shape))
                plain &= within
        elif isinstance(op, Color):
            levels, clipped = colored(levels, op, row)
            plain &= ~clipped
        elif isinstance(op, Shapes):
            levels, near = covered(levels, op, row, place)
            plain &= ~near
        else:
            assert isinstance(op, Curve)
            levels = curved(levels, op, row)
    return levels, plain


def grid(size, count=7):
    """Points all over an image of this (height, width)."""
    height, width = size
    y, x = np.meshgrid(np.linspace(0.5, height - 0.5, count), np.linspace(0.5, width - 0.5, count))
    return np.column_stack([x.ravel(), y.ravel()])


def assert_same_sight(ops, others, frame, picture=None, least=0.0):
    """Both rows of ops show the same at every plain point, for each sample; at least this share must be plain.

    others may be a plan.
    """
    picture = picture or ramp(frame.channels)
    plain_ones = total = 0
    last = frame
    for op in ops:
        last = last.after(op)
    for row in range(len(frame)):
        points = grid(last.size[row])
        seen, plain = look(ops, frame, row, picture, points)
        if isinstance(others, Plan):
            group, at = others.at(row)
            own = frame if group.sources is None else replace(frame, size=frame.size[group.sources])
            other, _ = look([op for step in group.steps for op in step.ops], own, at, picture, points)
        else:
            other, _ = look(others, frame, row, picture, points)
        np.testing.assert_allclose(other[plain], seen[plain], rtol=0, atol=1e-9 * max(1.0, np.abs(seen).max()))
        plain_ones += plain.sum()
        total += len(plain)
    assert plain_ones >= least * total, f"only {plain_ones} of {total} points are plain"


ARRAYS = (
    "matrix",
    "size",
    "fill",
    "clip",
    "table",
    "std",
    "key",
    "boxes",
    "along",
    "down",
    "reach",
    "weight",
    "region",
    "change",
    "amount",
    "target",
    "amplitude",
    "weights",
    "factor",
    "mask",
)
WORDS = ("border", "interpolation", "antialias", "peak", "steps", "filling", "channels", "explicit", "covers")
WORDS += ("what", "which", "high")


def assert_same_ops(ops, others, rows=slice(None), other_rows=slice(None)):
    """Both rows of ops are bit for bit the same, for these samples."""
    assert [type(op).__name__ for op in ops] == [type(op).__name__ for op in others]
    for op, other in zip(ops, others, strict=True):
        for name in ARRAYS:
            one, two = getattr(op, name, None), getattr(other, name, None)
            assert (one is None) == (two is None), name
            if one is not None:
                one, two = one[rows], two[other_rows]
                if name in ("along", "down", "weights"):
                    one, two = (centered(kernels, max(one.shape[1], two.shape[1])) for kernels in (one, two))
                if name == "amplitude":
                    one, two = lowest(one, two)
                np.testing.assert_array_equal(one, two, err_msg=name, strict=True)
        for name in WORDS:
            assert getattr(op, name, None) == getattr(other, name, None), name
        if getattr(op, "field", None) is not None:
            assert_same_field(op.field, other.field, rows, other_rows)
        if isinstance(op, Mix):
            assert_same_mix(op, other, rows, other_rows)


def assert_same_field(field, other, rows, other_rows):
    """Bit for bit, for these samples."""
    assert field.kind == other.kind
    for name in ("nodes", "box", "matrix", "key"):
        one, two = getattr(field, name), getattr(other, name)
        assert (one is None) == (two is None), name
        if one is not None:
            np.testing.assert_array_equal(one[rows], two[other_rows], err_msg=name, strict=True)


def centered(kernels, width):
    """The same kernels with zeros at their ends: those of a batch are as wide as the widest of them."""
    more = (width - kernels.shape[1]) // 2
    return np.pad(kernels, ((0, 0), *[(more, more)] * (kernels.ndim - 1))) if more else kernels


def lowest(*amplitudes):
    """The frequencies that all have: those of a batch go as far as the widest of them."""
    k = min(each.shape[3] for each in amplitudes) - 1
    return (each[:, :, each.shape[3] - 1 - k : each.shape[3] + k, : k + 1] for each in amplitudes)


def assert_same_mix(mix, other, rows, other_rows):
    """The same warps and branches; which images they are for may be numbered in another way."""
    assert [one is None for one in mix.warps] == [one is None for one in other.warps]
    for one, two in zip(mix.warps, other.warps, strict=True):
        if one is not None:
            assert_same_ops([one], [two], rows, other_rows)
    assert len(mix.branches) == len(other.branches)
    for one, two in zip(mix.branches, other.branches, strict=True):
        ops, others = ([op for step in some.steps for op in step.ops] for some in (one, two))
        assert_same_ops(ops, others, rows, other_rows)


def assert_same_plan(plan, other):
    """Group for group, step for step, bit for bit."""
    assert structure(plan) == structure(other)
    for one, two in zip(plan.groups, other.groups, strict=True):
        assert_same_ops([op for step in one.steps for op in step.ops], [op for step in two.steps for op in step.ops])
    np.testing.assert_array_equal(plan.frame_out.size, other.frame_out.size)


def structure(plan):
    """Which ops stand in which step of which group, without their numbers."""
    return [[[shape(op) for op in one.ops] for one in group.steps] for group in plan.groups]


def shape(op):
    """An op without its numbers."""
    if op is None:
        return None
    filled = [name for name in (*ARRAYS, "field") if getattr(op, name, None) is not None]
    return (type(op).__name__, *filled, *(getattr(op, name, None) for name in WORDS if name != "peak"))


def merged(ops):
    """The steps of images to which all of these ops do something."""
    if not ops:
        return ()
    n = next(len(value) for value in vars(ops[0]).values() if isinstance(value, np.ndarray))
    return layout(ops, Frame(np.ones((n, 2), np.int64)))
