"""Where places go: from an image to what a plan makes of it, and back. All that is asked of a plan by masks, boxes and
points, whatever kinds of ops it has.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.plan import polygon
from augstream.plan.kinds.field import Field
from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Rows
from augstream.plan.step import Group, Step

FAR = 1 << 40  # beyond any image


class Cover(NamedTuple):
    """What may hide a place: boxes (g, k, 4) that lie over the image, and whether only they are seen (a region).

    place: (g, 3, 3) from the image at hand to the frame that the boxes are in; None where they are the same.
    """

    boxes: Array
    place: Array | None
    inside: bool

    def take(self, rows: Rows) -> "Cover":
        """The cover for some of the results, (m,) of g."""
        return Cover(self.boxes[rows], None if self.place is None else self.place[rows], self.inside)


# Of a warp with a field: what stands before the field, the field, and the rest.
Stage: TypeAlias = Warp | Field | Cover


@dataclass(frozen=True, eq=False)
class Route:
    """How g results are reached, each from one image.

    rows: (g,) the results; sources: (g,) the images. share: (g,) of the label that is the image's.
    """

    rows: Rows
    sources: Rows
    stages: tuple[Stage, ...]
    share: Array

    @property
    def covers(self) -> bool:
        """Whether something may lie over places of the image."""
        return any(isinstance(stage, Cover) for stage in self.stages)

    def forward(self, points: Array, at: Rows) -> Array:
        """Where the places (m, 2) of images land, `at` (m,) being their rows in the route; NaN behind the camera."""
        for stage in self.stages:
            points = _onward(points, stage, at)
        return points

    def back(self, points: Array, at: Rows) -> Array:
        """Where the places (m, 2) of results come from; NaN where something else is seen there."""
        beyond = False  # whether the places are those of a warp behind, which may look outside of the image before it
        for stage in reversed(self.stages):
            if isinstance(stage, Warp):
                if beyond:
                    points = np.where(_within(points, stage.size[at]), points, np.nan)
                beyond = True
                for window in stage.windows:
                    points = np.where(
                        _within(polygon.project(points, window.matrix[at]), window.size[at]), points, np.nan
                    )
                points = polygon.project(points, stage.matrix[at])
            elif isinstance(stage, Field):
                points = stage.displaced(points, at)
                beyond = False
            else:
                points = np.where(hidden(points, stage, at)[:, None], np.nan, points)
        return points

    def covered(self, points: Array, at: Rows) -> NDArray[np.bool_]:
        """(m,) whether something lies over the places of images."""
        over = np.zeros(len(points), bool)
        for stage in self.stages:
            if isinstance(stage, Cover):
                over |= hidden(points, stage, at)
            points = _onward(points, stage, at)
        return over


def routes(groups: Sequence[Group], n: int) -> list[Route]:
    """The ways from the images to the n results; of a mix, one for each image that it takes."""
    found = []
    for group in groups:
        rows = np.arange(n) if group.rows is None else group.rows
        sources = rows if group.sources is None else group.sources
        for froms, stages, share in _ways(group.steps, sources):
            seen = np.flatnonzero(froms >= 0)
            if len(seen) < len(froms):
                stages = tuple([stage.take(seen) for stage in stages])
            if len(seen) or not len(froms):
                found.append(Route(rows[seen], froms[seen], stages, share[seen]))
    return found


def _onward(points: Array, stage: Stage, at: Rows) -> Array:
    """Where the places (m, 2) of images land behind a stage."""
    if isinstance(stage, Warp):
        return polygon.project(points, polygon.inverse(stage.matrix)[at])
    return stage.undone(points, at) if isinstance(stage, Field) else points


def _parts(warp: Warp) -> tuple[Stage, ...]:
    """The warp as stages of a route."""
    field = warp.field
    if field is None:
        return (warp,)
    windows = tuple(window for window in warp.windows if window.bent)
    anywhere = np.full_like(warp.size, FAR)
    before = Warp(field.matrix, anywhere, windows=windows)
    behind = tuple(window for window in warp.windows if not window.bent)
    return before, field, replace(warp, windows=behind, field=None)


def hidden(points: Array, cover: Cover, at: Rows) -> NDArray[np.bool_]:
    """(m,) which places of the image at hand are covered."""
    if cover.place is not None:
        points = polygon.project(points, cover.place[at])
    x, y = points[:, :1], points[:, 1:]
    boxes = cover.boxes[at]
    within = (x >= boxes[..., 0]) & (x < boxes[..., 2]) & (y >= boxes[..., 1]) & (y < boxes[..., 3])
    over: NDArray[np.bool_] = np.any(within, axis=1) != cover.inside
    return over


def mask_steps(steps: Sequence[Step], fill: Array, levels: Callable[[int], Array]) -> tuple[Step, ...]:
    """The steps that a mask takes where its image takes these: by nearest neighbor, without what only changes levels.

    fill: (c,) what it has where a constant border is seen. levels: a number of the mask -> (c,) levels of the engine.
    """
    made = []
    for step in steps:
        head = step.head
        if isinstance(head, Warp):
            head = _nearest(head, fill)
        elif isinstance(head, Mix):
            branches = tuple(branch._replace(steps=mask_steps(branch.steps, fill, levels)) for branch in head.branches)
            head = replace(head, branches=branches)
        else:
            head = None
        points = tuple(
            replace(point, filling="constant", channels=len(fill), key=None, fill=_filled(point, levels))
            for point in step.points
            if isinstance(point, Shapes) and point.mask_fill is not None
        )
        if head is not None or points:
            made.append(Step(head, points))
    return tuple(made)


Way: TypeAlias = tuple[Rows, tuple[Stage, ...], Array]


def _ways(steps: Sequence[Step], sources: Rows) -> Iterator[Way]:
    stages: list[Stage] = []
    ways: list[Way] = [(sources, (), np.ones(len(sources)))]
    for step in steps:
        head = step.head
        if isinstance(head, Warp):
            stages += _parts(head)
        elif isinstance(head, Mix):
            ways = list(_layers(head))
        for point in step.points:
            if isinstance(point, Shapes) and point.hides:
                stages.append(Cover(point.boxes, None, False))
    for froms, own, share in ways:
        yield froms, (*own, *stages), share


def _layers(mix: Mix) -> Iterator[Way]:
    """The ways of each branch, with -1 for the source of a result in which the branch has no part."""
    for number, branch in enumerate(mix.branches):
        over: list[Stage] = []
        if mix.region is not None:
            own = mix.region[:, number : number + 1]
            if np.isfinite(own).any():
                over.append(Cover(own, mix.place, True))
            later = np.where((mix.weight[:, number + 1 :] == 1)[..., None], mix.region[:, number + 1 :], 0.0)
            if later.shape[1]:
                over.append(Cover(later, mix.place, False))
        for sources, stages, share in _ways(branch.steps, branch.sources):
            seen = np.where(mix.weight[:, number] > 0, sources, -1)
            yield seen, (*stages, *over), mix.share[:, number] * share


def _within(points: Array, size: Rows) -> NDArray[np.bool_]:
    """(m, 1) whether places lie in images of these sizes."""
    inside: NDArray[np.bool_] = np.all((points >= 0) & (points <= size[:, ::-1]), axis=1, keepdims=True)
    return inside


def _nearest(warp: Warp, fill: Array) -> Warp:
    """The warp of a mask; what continues the image beyond its edge continues the mask."""
    filled = np.tile(fill, (len(warp.size), 1))
    windows = tuple(window._replace(fill=filled, seen=None) for window in warp.windows)
    own = filled if warp.border == "constant" else None
    field = warp.field
    if field is not None and field.kind == "pixels":
        # The grain of an image is none of its objects'.
        field = replace(field, nodes=np.zeros_like(field.nodes))
    return replace(warp, fill=own, seen=None, interpolation="nearest", windows=windows, field=field)


def _filled(shapes: Shapes, levels: Callable[[int], Array]) -> Array:
    n, k, _ = shapes.boxes.shape
    return np.tile(levels(shapes.mask_fill or 0), (n, k, 1))
