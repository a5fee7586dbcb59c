"""Masks, boxes and points under a plan: written once, and not per transform.

A plan's matrices tell where each output pixel looks. A mask is gathered through the same matrices, by nearest neighbor;
points go through their inverses; a box is what is left to see of its four corners. What only changes levels changes no
target. A plan with several passes is followed pass by pass, so that what one pass leaves outside its picture is gone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream import _core
from augstream.engines.engine import Engine, Layout
from augstream.engines.native import NATIVE
from augstream.errors import PipelineError
from augstream.plan import polygon
from augstream.plan.fuse import Pass, Plan
from augstream.plan.ops import Array, Warp
from augstream.sources.targets import Rules, Targets

Owners: TypeAlias = NDArray[np.int64]
_AHEAD = 1e-6


@dataclass(eq=False)
class TargetBatch:
    """The targets of a batch, moved as its pictures were: one row, or one entry of a list, per sample.

    mask: (n, h, w) or in the layout of the pictures, in the dtype the source has. boxes: (k, 4) float32 each, clipped
    to the picture, without those that are hardly seen any more; box_label: (k,) each, of the boxes that are left, and
    polygons: the outlines (m, 2) of each, not clipped. points: (k, 2) float32 each: all of them, in order, those
    outside the picture too.
    """

    mask: NDArray[Any] | None = None
    boxes: list[NDArray[np.float32]] | None = None
    box_label: list[NDArray[Any]] | None = None
    points: list[NDArray[np.float32]] | None = None
    polygons: list[list[list[NDArray[np.float32]]]] | None = None

    def put(self, rows: Sequence[int], other: "TargetBatch", n: int) -> None:
        """Takes row i of `other` as row rows[i] of n; rows that nobody puts stay empty."""
        if other.mask is not None:
            if self.mask is None:
                self.mask = np.zeros((n, *other.mask.shape[1:]), other.mask.dtype)
            self.mask[list(rows)] = other.mask
        for name in ("boxes", "box_label", "points", "polygons"):
            theirs = getattr(other, name)
            if theirs is not None:
                mine = getattr(self, name) or [theirs[0][:0]] * n
                for row, value in zip(rows, theirs, strict=True):
                    mine[row] = value
                setattr(self, name, mine)


def move(
    targets: Sequence[Targets],
    plan: Plan,
    rules: Rules,
    *,
    layout: Layout = "NHWC",
    pool: _core.Pool | None = None,
    engine: Engine = NATIVE,
) -> TargetBatch:
    """The targets (checked ones) of n images under the plan for these images after EXIF orientation."""
    moved = TargetBatch()
    masks = [one.mask for one in targets if isinstance(one.mask, np.ndarray)]
    if masks:
        _same("masks", [mask is not None for mask in (one.mask for one in targets)])
        moved.mask = move_masks(masks, plan, rules.mask_fill, layout=layout, pool=pool, engine=engine)
    points = [one.points for one in targets if one.points is not None]
    if points:
        _same("points", [one.points is not None for one in targets])
        together, owner = _together(points)
        moved.points = _apart(move_points(together, owner, plan).astype(np.float32), owner, len(targets))
    boxes = [one.boxes for one in targets if one.boxes is not None]
    if boxes:
        _same("boxes", [one.boxes is not None for one in targets])
        together, owner = _together(boxes)
        outlines = None
        if any(one.polygons is not None for one in targets):
            _same("polygons", [one.polygons is not None for one in targets])
            outlines = Outlines([some for one in targets for some in one.polygons or ()])
        final, kept = move_boxes(together, owner, plan, rules.min_visible, outlines)
        if outlines is not None:
            moved.polygons = outlines.moved(owner, kept, plan, len(targets))
        moved.boxes = _apart(final.astype(np.float32), owner[kept], len(targets))
        labels = [one.box_label for one in targets if one.box_label is not None]
        if labels:
            _same("box labels", [one.box_label is not None for one in targets])
            moved.box_label = _apart(np.concatenate(labels)[kept], owner[kept], len(targets))
    return moved


def move_masks(
    masks: Sequence[NDArray[Any]],
    plan: Plan,
    fill: int = 0,
    *,
    layout: Layout = "NHWC",
    pool: _core.Pool | None = None,
    engine: Engine = NATIVE,
) -> NDArray[Any]:
    """Masks (h, w) or (h, w, c), all of one kind, through the warps of the plan; class ids are preserved."""
    first = masks[0]
    for mask in masks:
        if mask.dtype != first.dtype or mask.shape[2:] != first.shape[2:]:
            one, two = (f"{some.shape} {some.dtype}" for some in (first, mask))
            raise PipelineError(f"A batch needs masks of one kind, but here are {one} and {two}.")
    if not _holds(first.dtype, fill):
        raise PipelineError(f"The mask_fill {fill} is no number of a mask of {first.dtype}.")
    channels = 1 if first.ndim == 2 else first.shape[2]
    # The engine knows no int32; two uint16 side by side travel the same way, and every id is preserved.
    words = np.dtype({"bool": np.uint8, "int32": np.uint16}.get(first.dtype.name, first.dtype))
    cubes = [np.ascontiguousarray(mask.reshape(*mask.shape[:2], channels)).view(words) for mask in masks]
    levels = np.full(channels, fill, first.dtype).view(words).astype(np.float64)
    plain = Plan(
        tuple(Pass(_nearest(warp, levels)) for warp in _warps(plan)),
        replace(plan.frame_in, channels=len(levels)),
        replace(plan.frame_out, channels=len(levels)),
    )
    out, errors = engine.run(cubes, plain, dtype=words.name, pool=pool)
    wrong = next((error for error in errors if error is not None), None)
    if wrong is not None:
        raise PipelineError(f"A mask could not be moved: {wrong}")
    result: NDArray[Any] = out.view(first.dtype)
    if first.ndim == 2:
        return result[..., 0]
    return np.ascontiguousarray(result.transpose(0, 3, 1, 2)) if layout == "NCHW" else result


def move_points(points: Array, owner: Owners, plan: Plan) -> Array:
    """Where the points (m, 2) of the pictures `owner` (m,) land; NaN for one that is behind the camera."""
    for warp in _warps(plan):
        points = polygon.project(points, polygon.inverse(warp.matrix)[owner])
    return points


class Outlines:
    """Polygons of many objects; several may belong to one, but every object has one."""

    def __init__(self, objects: Sequence[Sequence[Array]]) -> None:
        self.parts = [one for some in objects for one in some]
        self.owner = np.repeat(np.arange(len(objects)), [len(some) for some in objects])
        longest = max((len(one) for one in self.parts), default=1)
        # The last corner again, as often as it takes: the polygon stays what it is.
        self.corners = np.array([np.pad(one, ((0, longest - len(one)), (0, 0)), "edge") for one in self.parts])
        self.corners = self.corners.reshape(-1, longest, 2)

    def moved(self, pictures: Owners, kept: Owners, plan: Plan, n: int) -> list[list[list[NDArray[np.float32]]]]:
        """Where they go, for each picture and each object that is kept."""
        ends = np.cumsum([len(one) for one in self.parts])
        together = np.concatenate([*self.parts, np.empty((0, 2))])
        owner = np.repeat(pictures[self.owner], [len(one) for one in self.parts])
        places = np.split(move_points(together, owner, plan).astype(np.float32), ends)
        found: list[list[list[NDArray[np.float32]]]] = [[] for _ in range(n)]
        for number in kept.tolist():
            rows = range(*np.searchsorted(self.owner, (number, number + 1)).tolist())
            found[int(pictures[number])].append([places[row] for row in rows])
        return found


def move_boxes(
    boxes: Array, owner: Owners, plan: Plan, min_visible: float, outlines: Outlines | None = None
) -> tuple[Array, NDArray[np.int64]]:
    """Boxes (m, 4) tight around what is seen of them, and which of the m they are; the others are hardly seen.

    What is inside a box is unknown, so it counts as full: a rotated box grows to hold its corners. With outlines, boxes
    are tight around these.
    """
    if not len(boxes):
        return np.empty((0, 4)), np.empty(0, np.int64)
    seen, rows = polygon.corners(boxes), np.arange(len(boxes))
    if outlines is not None:
        seen, rows = outlines.corners, outlines.owner
    pictures = owner[rows]
    seen = whole = polygon.inside(seen, plan.frame_in.size[pictures])
    for warp in _warps(plan):
        back = polygon.inverse(warp.matrix)[pictures]
        if (back[:, 2, :2] != 0).any():
            # What is behind the camera has no place in the picture, and would come out mirrored.
            seen, whole = (polygon.cut(corners, back[:, 2] - [0, 0, _AHEAD]) for corners in (seen, whole))
        seen, whole = (polygon.project(corners, back[:, None]) for corners in (seen, whole))
        seen = polygon.inside(seen, warp.size[pictures])
    areas, wholes = (np.nan_to_num(polygon.area(corners)) for corners in (seen, whole))
    # An outline that only touches the picture is not seen, and makes no box larger.
    seen = np.where((areas > 0)[:, None, None], seen, np.nan)
    area, full = (np.bincount(rows, some, len(boxes)) for some in (areas, wholes))
    kept = np.flatnonzero((area > 0) & (area >= min_visible * full * (1 - 1e-9)))
    starts = np.searchsorted(rows, np.arange(len(boxes)))
    low = np.fmin.reduceat(np.fmin.reduce(seen, axis=1), starts)[kept]
    high = np.fmax.reduceat(np.fmax.reduce(seen, axis=1), starts)[kept]
    # The corners that were cut off may lie outside by a rounding error.
    edges = np.tile(plan.frame_out.size[owner[kept], ::-1], 2)
    return np.clip(np.concatenate([low, high], axis=1), 0, edges), kept


def _warps(plan: Plan) -> Iterator[Warp]:
    return (step.warp for step in plan.passes if step.warp is not None)


def _nearest(warp: Warp, levels: Array) -> Warp:
    """The warp of a mask; what continues the picture beyond its edge continues the mask."""
    fill = np.tile(levels, (len(warp.size), 1)) if warp.border == "constant" else None
    return replace(warp, fill=fill, interpolation="nearest")


def _together(rows: Sequence[Array]) -> tuple[Array, Owners]:
    return np.concatenate(rows), np.repeat(np.arange(len(rows)), [len(one) for one in rows])


def _apart(rows: NDArray[Any], owner: Owners, n: int) -> list[NDArray[Any]]:
    return np.split(rows, np.searchsorted(owner, np.arange(1, n)))


def _same(name: str, have: list[bool]) -> None:
    if not all(have):
        raise PipelineError(
            f"A source must have {name} for every sample or for none; use empty ones where there are none."
        )


def _holds(dtype: np.dtype[Any], number: int) -> bool:
    if dtype.kind == "b":
        return number in (0, 1)
    limits = np.iinfo(dtype)
    return bool(limits.min <= number <= limits.max)
