"""Masks, boxes and points under a plan: written once, and not per transform.

A plan's matrices tell where each output pixel looks. A mask is gathered through the same matrices, by nearest neighbor;
points go through their inverses; a box is what is left to see of its four corners, and of places along its edges where
a field bends these. A shuffle of tiles takes a box to pieces, and the new one is around all that are left. What only
changes levels, or spreads pixels among their neighbors, changes no target. A plan with several passes is followed pass
by pass, so that what one pass leaves outside its image is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.engines.engine import Engine, Layout
from augstream.engines.native import NATIVE
from augstream.errors import PipelineError
from augstream.plan import polygon
from augstream.plan.kinds.field import Field
from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array
from augstream.plan.plan import Plan, every_step
from augstream.plan.route import Cover, Route, Stage, mask_steps
from augstream.plan.step import Step
from augstream.sources.targets import Rules, Targets

Owners: TypeAlias = NDArray[np.int64]
_AHEAD = 1e-6
_FAR = 1e6  # pixels, beyond any image
_ALONG = 12  # pieces of an edge that a field bends


@dataclass(eq=False)
class TargetBatch:
    """The targets of a batch, moved as its images were: one row, or one entry of a list, per sample.

    mask: (n, h, w) or in the layout of the images, in the dtype the source has. boxes: (k, 4) float32 each, clipped
    to the image, without those that are hardly seen any more; box_label: (k,) each, of the boxes that are left, and
    polygons: the outlines (m, 2) of each, not clipped. points: (k, 2) float32 each: all of them, in order, those
    outside the image or cropped away too; NaN where a mix or a hiding shape lies over one.
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
    """The targets (checked ones) of m images under the plan that was made for these images as seen; n come out.

    A mix brings the boxes, points and outlines of all its images together, each as far as it is seen.
    """
    moved, n = TargetBatch(), len(plan.frame_out)
    masks = [one.mask for one in targets if isinstance(one.mask, np.ndarray)]
    if masks:
        _same("masks", [mask is not None for mask in (one.mask for one in targets)])
        moved.mask = move_masks(masks, plan, rules.mask_fill, layout=layout, pool=pool, engine=engine)
    routes = plan.routes
    if any(one.points is not None for one in targets):
        _same("points", [one.points is not None for one in targets])
        parts = [_spread(one.sources, [some.points for some in targets]) for one in routes]
        places = [move_points(points, at, one) for one, (points, at) in zip(routes, parts, strict=True)]
        owners = [one.rows[at] for one, (_, at) in zip(routes, parts, strict=True)]
        moved.points = _apart(np.concatenate(places).astype(np.float32), np.concatenate(owners), n)
    if any(one.boxes is not None for one in targets):
        _same("boxes", [one.boxes is not None for one in targets])
        for name, column in (("polygons", "polygons"), ("box labels", "box_label")):
            have = [getattr(one, column) is not None for one in targets]
            if any(have):
                _same(name, have)
        found = [_moved_boxes(targets, plan, one, rules.min_visible) for one in routes]
        owner = np.concatenate([part.owner for part in found])
        moved.boxes = _apart(np.concatenate([part.boxes for part in found]).astype(np.float32), owner, n)
        labels = [part.label for part in found if part.label is not None]
        if labels:
            moved.box_label = _apart(np.concatenate(labels), owner, n)
        if any(part.polygons is not None for part in found):
            outlines = [some for part in found for some in part.polygons or ()]
            order = np.argsort(owner, kind="stable").tolist()
            ends = np.searchsorted(np.sort(owner), np.arange(n + 1)).tolist()
            moved.polygons = [[outlines[k] for k in order[a:b]] for a, b in pairwise(ends)]
    return moved


class _Boxes(NamedTuple):
    """The boxes that come out of one route. owner: (k,) of which result each is."""

    boxes: Array
    owner: Owners
    label: NDArray[Any] | None
    polygons: list[list[NDArray[np.float32]]] | None


def _moved_boxes(targets: Sequence[Targets], plan: Plan, route: Route, min_visible: float) -> _Boxes:
    boxes, at = _spread(route.sources, [one.boxes for one in targets])
    outlines = None
    if targets[0].polygons is not None:
        outlines = Outlines([some for source in route.sources.tolist() for some in targets[source].polygons or ()])
    final, kept = move_boxes(boxes, at, plan, route, min_visible, outlines)
    label = None
    if targets[0].box_label is not None:
        label = _spread(route.sources, [one.box_label for one in targets])[0][kept]
    polygons = None if outlines is None else outlines.moved(at, kept, route)
    return _Boxes(final, route.rows[at[kept]], label, polygons)


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
    for number in (fill, *_mask_fills(plan)):
        if not _holds(first.dtype, number):
            raise PipelineError(f"The mask_fill {number} is no number of a mask of {first.dtype}.")
    if any(_blends(group.steps) for group in plan.groups):
        raise unblended()
    channels = 1 if first.ndim == 2 else first.shape[2]
    # The engine knows no int32; two uint16 side by side travel the same way, and every id is preserved.
    words = np.dtype({"bool": np.uint8, "int32": np.uint16}.get(first.dtype.name, first.dtype))
    cubes = [np.ascontiguousarray(mask.reshape(*mask.shape[:2], channels)).view(words) for mask in masks]

    def levels(number: int) -> Array:
        return np.full(channels, number, first.dtype).view(words).astype(np.float64)

    plain = Plan(
        tuple(group._replace(steps=mask_steps(group.steps, levels(fill), levels)) for group in plan.groups),
        replace(plan.frame_in, channels=len(levels(fill))),
        replace(plan.frame_out, channels=len(levels(fill))),
    )
    out, errors = engine.run(cubes, plain, dtype=words.name, pool=pool)
    wrong = next((error for error in errors if error is not None), None)
    if wrong is not None:
        raise PipelineError(f"A mask could not be moved: {wrong}")
    result: NDArray[Any] = out.view(first.dtype)
    if first.ndim == 2:
        return result[..., 0]
    return np.ascontiguousarray(result.transpose(0, 3, 1, 2)) if layout == "NCHW" else result


def move_points(points: Array, at: Owners, route: Route) -> Array:
    """Where the points (m, 2) of the images `at` (m,) rows of a route land; NaN for one that is covered or behind."""
    places = route.forward(points, at)
    if route.covers:
        places = np.where(route.covered(points, at)[:, None], np.nan, places)
    return places


def unblended() -> PipelineError:
    """The error for masks under MixUp."""
    return PipelineError("MixUp can't blend masks of class ids. Take CutMix, or leave it out.")


def _mask_fills(plan: Plan) -> set[int]:
    """What the plan writes into masks."""
    shapes = (op for group in plan.groups for step in every_step(group.steps) for op in step.points)
    return {op.mask_fill for op in shapes if isinstance(op, Shapes) and op.mask_fill is not None}


def _blends(steps: Sequence[Step]) -> bool:
    return any(isinstance(step.head, Mix) and bool((step.head.weight % 1 != 0).any()) for step in every_step(steps))


class Outlines:
    """Polygons of many objects; several may belong to one, but every object has one."""

    def __init__(self, objects: Sequence[Sequence[Array]]) -> None:
        self.parts = [one for some in objects for one in some]
        self.owner = np.repeat(np.arange(len(objects)), [len(some) for some in objects])
        longest = max((len(one) for one in self.parts), default=1)
        # The last corner again, as often as it takes: the polygon stays what it is.
        self.corners = np.array([np.pad(one, ((0, longest - len(one)), (0, 0)), "edge") for one in self.parts])
        self.corners = self.corners.reshape(-1, longest, 2)

    def moved(self, at: Owners, kept: Owners, route: Route) -> list[list[NDArray[np.float32]]]:
        """Where they go, for each object that is kept; at: the row of each object in the route."""
        ends = np.cumsum([len(one) for one in self.parts])
        together = np.concatenate([*self.parts, np.empty((0, 2))])
        owner = np.repeat(at[self.owner], [len(one) for one in self.parts])
        places = np.split(route.forward(together, owner).astype(np.float32), ends)
        found = []
        for number in kept.tolist():
            rows = range(*np.searchsorted(self.owner, (number, number + 1)).tolist())
            found.append([places[row] for row in rows])
        return found


def move_boxes(
    boxes: Array, at: Owners, plan: Plan, route: Route, min_visible: float, outlines: Outlines | None = None
) -> tuple[Array, NDArray[np.int64]]:
    """Boxes (m, 4) tight around what is seen of them, and which of the m they are; the others are hardly seen.

    at: (m,) the row of each one's image in the route. What is inside a box is unknown, so it counts as full: a rotated
    box grows to hold its corners. With outlines, boxes are tight around these.
    """
    if not len(boxes):
        return np.empty((0, 4)), np.empty(0, np.int64)
    seen, rows = polygon.corners(boxes), np.arange(len(boxes))
    if outlines is not None:
        seen, rows = outlines.corners, outlines.owner
    place = at[rows]
    seen = whole = polygon.inside(seen, plan.frame_in.size[route.sources[place]])
    over: list[int] = []  # what lies over the images: numbers of stages
    for number, stage in enumerate(route.stages):
        if isinstance(stage, Cover):
            if stage.inside:
                seen = _within_region(seen, stage, place)
            else:
                over.append(number)
            continue
        if isinstance(stage, Field):
            if stage.kind == "tiles":
                seen, whole = (_pieces(corners, stage, place) for corners in (seen, whole))
                rows = np.repeat(rows, len(seen) // len(rows))
                place = at[rows]
            elif stage.kind == "smooth":
                seen, whole = (_bent(corners, stage, place, outlines is None) for corners in (seen, whole))
            continue
        back = polygon.inverse(stage.matrix)[place]
        if (back[:, 2, :2] != 0).any():
            # What is behind the camera has no place in the image, and would come out mirrored.
            seen, whole = (polygon.cut(corners, back[:, 2] - [0, 0, _AHEAD]) for corners in (seen, whole))
        seen, whole = (polygon.project(corners, back[:, None]) for corners in (seen, whole))
        for window in stage.windows:
            there = polygon.inside(polygon.project(seen, window.matrix[place][:, None]), window.size[place])
            seen = polygon.project(there, polygon.inverse(window.matrix)[place][:, None])
        seen = polygon.inside(seen, stage.size[place])
    areas, wholes = (np.nan_to_num(polygon.area(corners)) for corners in (seen, whole))
    for number in over:
        cover = route.stages[number]
        if isinstance(cover, Cover):
            there = _under(seen, route.stages[number + 1 :], place)
            there = there if cover.place is None else polygon.project(there, cover.place[place][:, None])
            areas = areas * (1 - _covered(there, cover.boxes[place]))
    # An outline that only touches the image is not seen, and makes no box larger.
    seen = np.where((areas > 0)[:, None, None], seen, np.nan)
    area, full = (np.bincount(rows, some, len(boxes)) for some in (areas, wholes))
    kept = np.flatnonzero((area > 0) & (area >= min_visible * full * (1 - 1e-9)))
    starts = np.searchsorted(rows, np.arange(len(boxes)))
    low = np.fmin.reduceat(np.fmin.reduce(seen, axis=1), starts)[kept]
    high = np.fmax.reduceat(np.fmax.reduce(seen, axis=1), starts)[kept]
    # The corners that were cut off may lie outside by a rounding error.
    edges = np.tile(plan.frame_out.size[route.rows[at[kept]], ::-1], 2)
    return np.clip(np.concatenate([low, high], axis=1), 0, edges), kept


def _bent(corners: Array, field: Field, at: Owners, along: bool) -> Array:
    """Polygons (m, v, 2) behind a field; along: with places along their edges, which it bends."""
    if along:
        share = np.arange(_ALONG)[:, None] / _ALONG
        after = np.roll(corners, -1, axis=1)
        corners = (corners[:, :, None] + share * (after - corners)[:, :, None]).reshape(len(corners), -1, 2)
    many = corners.shape[1]
    return field.undone(corners.reshape(-1, 2), np.repeat(at, many)).reshape(corners.shape)


def _pieces(corners: Array, field: Field, at: Owners) -> Array:
    """Of each polygon (m, v, 2) what every one of k tiles shows, where it shows it, (m * k, u, 2)."""
    low, high, shift = (part.reshape(-1, 2) for part in field.tiles(at))
    many = len(low) // max(1, len(corners))
    there = np.repeat(corners, many, axis=0) - shift[:, None]
    return polygon.within(there, np.concatenate([low, high], axis=1))


def _under(corners: Array, stages: Sequence[Stage], at: Owners) -> Array:
    """Polygons (m, v, 2) of results as they lie before some stages."""
    for stage in reversed(stages):
        if isinstance(stage, Warp):
            corners = polygon.project(corners, stage.matrix[at][:, None])
        elif isinstance(stage, Field):
            owners = np.repeat(at, corners.shape[1])
            corners = stage.displaced(corners.reshape(-1, 2), owners).reshape(corners.shape)
    return corners


def _within_region(corners: Array, cover: Cover, at: Owners) -> Array:
    """Polygons (m, v, 2) cut to the region that is left of their image; as they are where that is everything."""
    boxes = cover.boxes[at, 0]
    somewhere = np.flatnonzero(np.isfinite(boxes).any(axis=1))
    there = corners[somewhere]
    if cover.place is not None:
        there = polygon.project(there, cover.place[at[somewhere]][:, None])
    cut = polygon.within(there, np.clip(boxes[somewhere], -_FAR, _FAR))
    if cover.place is not None:
        cut = polygon.project(cut, polygon.inverse(cover.place)[at[somewhere]][:, None])
    more = max(cut.shape[1], corners.shape[1])
    result = np.pad(corners, ((0, 0), (0, more - corners.shape[1]), (0, 0)), "edge")
    result[somewhere] = np.pad(cut, ((0, 0), (0, more - cut.shape[1]), (0, 0)), "edge")
    return result


def _covered(corners: Array, boxes: Array) -> Array:
    """(m,) the share of each polygon (m, v, 2) that is covered by boxes (m, k, 4), which may overlap.

    The sides of the boxes cut the plane into cells, each of which is covered or is not.
    """
    boxes = np.clip(boxes, -_FAR, _FAR)
    x, y = (np.sort(boxes[..., [axis, axis + 2]].reshape(len(boxes), -1), axis=1) for axis in (0, 1))
    middle_x, middle_y = (((edges[:, 1:] + edges[:, :-1]) / 2)[..., None] for edges in (x, y))
    across = (middle_x >= boxes[:, None, :, 0]) & (middle_x < boxes[:, None, :, 2])
    down = (middle_y >= boxes[:, None, :, 1]) & (middle_y < boxes[:, None, :, 3])
    taken = np.einsum("mik,mjk->ijm", across, down)
    hidden = np.zeros(len(corners))
    for i, j in np.argwhere(taken.any(axis=2)).tolist():
        cells = np.stack([x[:, i], y[:, j], x[:, i + 1], y[:, j + 1]], axis=1)
        hidden += np.where(taken[i, j], np.nan_to_num(polygon.area(polygon.within(corners, cells))), 0)
    areas = np.nan_to_num(polygon.area(corners))
    return np.clip(hidden / np.where(areas > 0, areas, 1), 0, 1)


def _spread(sources: Owners, rows: Sequence[NDArray[Any] | None]) -> tuple[NDArray[Any], Owners]:
    """The rows of the images (g,) that a route begins with, in a row, and which of the g each belongs to."""
    some = [np.asarray(rows[source]) for source in sources.tolist()]
    return np.concatenate(some), np.repeat(np.arange(len(some)), [len(one) for one in some])


def _apart(rows: NDArray[Any], owner: Owners, n: int) -> list[NDArray[Any]]:
    order = np.argsort(owner, kind="stable")
    return np.split(rows[order], np.searchsorted(owner[order], np.arange(1, n)))


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
