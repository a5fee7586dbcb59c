"""Plans of pipelines for images at hand, fused and step by step, and what the engines make of them."""

from itertools import product

import numpy as np
from conftest import scene

from augstream.engines import native, reference
from augstream.plan.fuse import fuse, unfused
from augstream.plan.op import Frame
from augstream.plan.plan import verify
from augstream.rng import gather, successors
from augstream.transforms.compose import Compose


def pictures(n, height=40, width=52, odd=True):
    """n images of sizes of their own, or of one size."""
    return [scene(height + 3 * k * odd, width - 2 * k * odd, k) for k in range(n)]


def frame_of(images):
    return Frame(np.array([image.shape[:2] for image in images]), images[0].shape[2])


def inputs_of(transforms, rows):
    """The samples that these results are made of, and who is mixed with whom."""
    return gather(np.asarray(rows), Compose(list(transforms)).mixers, successors)


def plans(transforms, images, rows=None, seed=1):
    """The images that the results `rows` (None: all, where nothing mixes) need, their plan fused and step by step."""
    index, crowd = inputs_of(transforms, range(len(images)) if rows is None else rows)
    given = [images[number] for number in index]
    made = [
        Compose(list(transforms), fuse=fused).plan(seed, 0, index, frame_of(given), crowd) for fused in (True, False)
    ]
    for plan in made:
        verify(plan)
    return given, *made


def shown(images, plan):
    """What the reference makes of it."""
    return reference.run(images, plan)


def fast(images, plan, dtype="float32", pool=None):
    """What the core makes of it."""
    made, errors = native.run(images, plan, dtype=dtype, pool=pool)
    assert set(errors) == {None}
    return made


def assert_same_pictures(one, other, atol=1e-6):
    assert len(one) == len(other)
    for row, (left, right) in enumerate(zip(one, other, strict=True)):
        np.testing.assert_allclose(left, right, rtol=0, atol=atol, err_msg=f"row {row}")


def assert_lawful(transforms, images, rows=None, seed=1, atol=1e-6, core=2e-2):
    """Fused = step by step by the reference, and the core = the reference; the fused plan."""
    given, fused, steps = plans(transforms, images, rows, seed)
    by_reference = shown(given, fused)
    assert_same_pictures(by_reference, shown(given, steps), atol)
    assert_same_pictures(fast(given, fused), by_reference, core)
    return fused


def kinds(plan, row=0):
    """The ops of each step of a result, by name."""
    group, _ = plan.at(row)
    return [[type(op).__name__ for op in step.ops] for step in group.steps]


def drawn_ops(transforms, frame, seed=1):
    """The ops of a pipeline without mixes."""
    from augstream.transforms.compose import rng_for

    return list(Compose(list(transforms)).ops(rng_for(seed, 0, np.arange(len(frame))), frame))


def plan_of(ops, frame, fused=True):
    plan = (fuse if fused else unfused)(ops, frame)
    verify(plan)
    return plan


def seen(plan, row, points, picture):
    """The levels (m, c) at places of a result where the images are functions of the plane, and which places are so
    near to an edge that they may count as either side of it.
    """
    group, at = plan.at(row)
    source = row if group.sources is None else int(group.sources[at])
    return _seen(group.steps, at, plan.frame_in.size[source], points, picture)


def _seen(steps, row, size, points, picture):
    if not steps:
        return picture(points), np.zeros(len(points), bool)
    *before, step = steps
    warp = step.head
    place = points if warp is None else _moved(warp.matrix[row], points)
    levels, near = _seen(before, row, size, place, picture)
    if warp is not None:
        own = size
        for done in before:
            own = own if done.head is None else done.head.size[row]
        edges = [(warp.matrix[row], own, warp.fill[row])] if warp.border == "constant" else []
        edges += [(window.matrix[row], window.size[row], window.fill[row]) for window in warp.windows]
        for matrix, (height, width), fill in edges:
            there = _moved(matrix, points)
            inside = ((there >= 0) & (there <= (width, height))).all(axis=1)
            near |= (np.abs(there - (0, 0)).min(axis=1) < 1e-6) | (np.abs(there - (width, height)).min(axis=1) < 1e-6)
            levels = np.where(inside[:, None], levels, np.broadcast_to(fill, levels.shape))
    for point in step.points:
        levels = point.apply(levels[None], row)[0]
    return levels, near


def _moved(matrix, points):
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def every(**choices):
    """All the combinations, as (name, value) dictionaries."""
    return [dict(zip(choices, some, strict=True)) for some in product(*choices.values())]
