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
from augstream.engines import native
from augstream.errors import PipelineError
from augstream.fuse import Pass, Plan
from augstream.ops import Array, Warp

Owners: TypeAlias = NDArray[np.int64]
MASKS = ("bool", "uint8", "uint16", "int32")
_AHEAD = 1e-6


@dataclass(frozen=True, eq=False)
class Targets:
    """What belongs to one picture besides its label, in pixels of the picture as seen (EXIF orientation applied).

    mask: (h, w) or (h, w, c) numbers, of bool, uint8, uint16 or int32, as large as the picture; or the bytes of an
    image file, whose numbers are then taken as they are stored. boxes: (k, 4) x0 y0 x1 y1, where pixel i covers
    [i, i+1). box_label: (k,) the class of each. points: (k, 2) x y; NaN where one is missing.
    relative: boxes and points are fractions of the width and the height.
    """

    mask: NDArray[Any] | bytes | None = None
    boxes: NDArray[Any] | None = None
    box_label: NDArray[Any] | None = None
    points: NDArray[Any] | None = None
    relative: bool = False

    def checked(self, size: tuple[int, int]) -> "Targets":
        """In pixels of a picture of this (height, width), as arrays; ValueError says what does not fit."""
        boxes, points, box_label = _rows("boxes", self.boxes, 4), _rows("points", self.points, 2), self.box_label
        if self.relative:
            scale = np.array([size[1], size[0]], np.float64)
            boxes = None if boxes is None else boxes * np.tile(scale, 2)
            points = None if points is None else points * scale
        if boxes is not None and not np.isfinite(boxes).all():
            row = int(np.flatnonzero(~np.isfinite(boxes).all(axis=1))[0])
            raise ValueError(f"box {row} is {boxes[row].tolist()}; boxes must be finite numbers")
        if box_label is not None:
            box_label = np.asarray(box_label)
            if boxes is None or box_label.shape[:1] != boxes.shape[:1]:
                raise ValueError(f"{box_label.shape[:1]} box labels for {0 if boxes is None else len(boxes)} boxes")
        return Targets(_mask(self.mask, size), boxes, box_label, points)


@dataclass(frozen=True)
class Rules:
    """What happens to targets at the edge of the picture.

    mask_fill: the number that a mask has where the picture shows a constant border. min_visible: a box is dropped
    where a smaller share of its area is left in the picture; one of which nothing is left is always dropped.
    """

    mask_fill: int = 0
    min_visible: float = 0.1


@dataclass(eq=False)
class Moved:
    """The targets of a batch, moved as its pictures were: one row, or one entry of a list, per sample.

    mask: (n, h, w) or in the layout of the pictures, in the dtype the source has. boxes: (k, 4) float32 each, clipped
    to the picture, without those that are hardly seen any more; box_label: (k,) each, of the boxes that are left.
    points: (k, 2) float32 each: all of them, in order, those outside the picture too.
    """

    mask: NDArray[Any] | None = None
    boxes: list[NDArray[np.float32]] | None = None
    box_label: list[NDArray[Any]] | None = None
    points: list[NDArray[np.float32]] | None = None

    def put(self, rows: Sequence[int], other: "Moved", n: int) -> None:
        """Takes row i of `other` as row rows[i] of n; rows that nobody puts stay empty."""
        if other.mask is not None:
            if self.mask is None:
                self.mask = np.zeros((n, *other.mask.shape[1:]), other.mask.dtype)
            self.mask[list(rows)] = other.mask
        for name in ("boxes", "box_label", "points"):
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
    layout: native.Layout = "NHWC",
    pool: _core.Pool | None = None,
) -> Moved:
    """The targets (checked ones) of n pictures under the plan that was made for these pictures as seen."""
    moved = Moved()
    masks = [one.mask for one in targets if isinstance(one.mask, np.ndarray)]
    if masks:
        _same("masks", [mask is not None for mask in (one.mask for one in targets)])
        moved.mask = move_masks(masks, plan, rules.mask_fill, layout=layout, pool=pool)
    points = [one.points for one in targets if one.points is not None]
    if points:
        _same("points", [one.points is not None for one in targets])
        together, owner = _together(points)
        moved.points = _apart(move_points(together, owner, plan).astype(np.float32), owner, len(targets))
    boxes = [one.boxes for one in targets if one.boxes is not None]
    if boxes:
        _same("boxes", [one.boxes is not None for one in targets])
        together, owner = _together(boxes)
        final, kept = move_boxes(together, owner, plan, rules.min_visible)
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
    layout: native.Layout = "NHWC",
    pool: _core.Pool | None = None,
) -> NDArray[Any]:
    """Masks (h, w) or (h, w, c), all of one kind, through the warps of the plan; their numbers survive."""
    first = masks[0]
    for mask in masks:
        if mask.dtype != first.dtype or mask.shape[2:] != first.shape[2:]:
            one, two = (f"{some.shape} {some.dtype}" for some in (first, mask))
            raise PipelineError(f"A batch needs masks of one kind, but here are {one} and {two}.")
    if not _holds(first.dtype, fill):
        raise PipelineError(f"The mask_fill {fill} is no number of a mask of {first.dtype}.")
    channels = 1 if first.ndim == 2 else first.shape[2]
    # The engine knows no int32; two uint16 side by side travel the same way, and every number survives.
    words = np.dtype({"bool": np.uint8, "int32": np.uint16}.get(first.dtype.name, first.dtype))
    cubes = [np.ascontiguousarray(mask.reshape(*mask.shape[:2], channels)).view(words) for mask in masks]
    levels = np.full(channels, fill, first.dtype).view(words).astype(np.float64)
    plain = Plan(
        tuple(Pass(_nearest(warp, levels)) for warp in _warps(plan)),
        replace(plan.frame_in, channels=len(levels)),
        replace(plan.frame_out, channels=len(levels)),
    )
    out, errors = native.run(cubes, plain, dtype=words.name, pool=pool)
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
        points = _project(points, inverse(warp.matrix)[owner])
    return points


def move_boxes(boxes: Array, owner: Owners, plan: Plan, min_visible: float) -> tuple[Array, NDArray[np.int64]]:
    """Boxes (m, 4) tight around what is seen of them, and which of the m they are; the others are hardly seen.

    What is inside a box is unknown, so it counts as full: a turned box grows to hold its corners.
    """
    edges = np.tile(plan.frame_in.size[owner][:, ::-1], 2).astype(np.float64)
    left, top, right, bottom = np.clip(boxes, 0, edges).T
    seen = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)
    whole = seen
    for warp in _warps(plan):
        back = inverse(warp.matrix)[owner]
        if (back[:, 2, :2] != 0).any():
            # What is behind the camera has no place in the picture, and would come out mirrored.
            seen, whole = (_cut(corners, back[:, 2] - [0, 0, _AHEAD]) for corners in (seen, whole))
        seen, whole = (_project(corners, back[:, None]) for corners in (seen, whole))
        seen = _inside(seen, warp.size[owner])
    if not len(seen):
        return np.empty((0, 4)), np.empty(0, np.int64)
    area, full = _area(seen), _area(whole)
    with np.errstate(invalid="ignore"):
        kept = np.flatnonzero((area > 0) & (area >= min_visible * full * (1 - 1e-9)))
    # The corners that were cut off may lie outside by a rounding error.
    corners = np.clip(seen[kept], 0, plan.frame_out.size[owner[kept], None, ::-1])
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1), kept


def inverse(matrix: Array) -> Array:
    """(n, 3, 3) input to output; the third part of a place is positive where the place is in front of the camera.

    The adjugate, so that a warp which sees but a single place is no error: its points are nowhere.
    """
    a, b, c = matrix[:, 0], matrix[:, 1], matrix[:, 2]
    back = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=2)
    determinant = np.einsum("ni,ni->n", a, np.cross(b, c))
    affine = ~matrix[:, 2, :2].any(axis=1)
    signed = np.where(affine, determinant * np.sign(matrix[:, 2, 2]), determinant)
    made: Array = back / np.where(determinant == 0, 1, signed)[:, None, None] * (determinant != 0)[:, None, None]
    return made


def _project(points: Array, matrix: Array) -> Array:
    x, y = points[..., 0], points[..., 1]
    u, v, w = (matrix[..., row, 0] * x + matrix[..., row, 1] * y + matrix[..., row, 2] for row in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = w > 0
        return np.stack([np.where(ahead, u / w, np.nan), np.where(ahead, v / w, np.nan)], axis=-1)


def _inside(corners: Array, size: NDArray[np.int64]) -> Array:
    """The part of convex polygons (m, v, 2) that is inside their pictures, (m, v + 4, 2)."""
    height, width = size.T.astype(np.float64)
    one, none = np.ones_like(width), np.zeros_like(width)
    sides = ((one, none, none), (-one, none, width), (none, one, none), (none, -one, height))
    # Most boxes are inside anyway.
    if len(corners) and (corners >= 0).all() and (corners <= np.stack([width, height], axis=1)[:, None]).all():
        return corners
    for side in sides:
        corners = _cut(corners, np.stack(side, axis=1))
    return corners


def _cut(corners: Array, line: Array) -> Array:
    """The part of convex polygons (m, v, 2) where a x + b y + c >= 0, (m, v + 1, 2): Sutherland and Hodgman, 1974.

    Rows that need fewer corners repeat one of them; NaN where nothing is left.
    """
    m, v, _ = corners.shape
    after = np.roll(corners, -1, axis=1)
    here = line[:, None, 0] * corners[..., 0] + line[:, None, 1] * corners[..., 1] + line[:, None, 2]
    there = np.roll(here, -1, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = corners + (here / (here - there))[..., None] * (after - corners)
        crosses = (here >= 0) != (there >= 0)
    crosses &= np.isfinite(crossing).all(axis=2)
    found = np.stack([corners, crossing], axis=2).reshape(m, 2 * v, 2)
    valid = np.stack([here >= 0, crosses], axis=2).reshape(m, 2 * v)
    order = np.argsort(~valid, axis=1, kind="stable")[:, : v + 1]
    count = valid.sum(axis=1)
    order = np.where(np.arange(v + 1) < count[:, None], order, order[:, :1])
    left = np.take_along_axis(found, order[..., None], axis=1)
    return np.where((count > 0)[:, None, None], left, np.nan)


def _area(corners: Array) -> Array:
    x, y = corners[..., 0], corners[..., 1]
    area: Array = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2
    return area


def _warps(plan: Plan) -> Iterator[Warp]:
    return (step.warp for step in plan.passes if step.warp is not None)


def _nearest(warp: Warp, levels: Array) -> Warp:
    """The warp of a mask; what continues the picture beyond its edge continues the mask."""
    fill = np.tile(levels, (len(warp.size), 1)) if warp.border == "constant" else None
    return replace(warp, fill=fill, interpolation="nearest")


def _mask(mask: NDArray[Any] | bytes | None, size: tuple[int, int]) -> NDArray[Any] | None:
    if mask is None:
        return None
    if isinstance(mask, bytes):
        from augstream import decode

        mask = decode.numbers(mask)
    mask = np.asarray(mask)
    if mask.dtype.name not in MASKS or mask.ndim not in (2, 3):
        got = f"{mask.shape} of {mask.dtype}"
        raise ValueError(f"the mask must be (h, w) or (h, w, c) of {', '.join(MASKS)}; got {got}")
    if mask.shape[:2] != size:
        (a, b), (c, d) = mask.shape[:2], size
        raise ValueError(f"the mask is {a} x {b} pixels (height x width) and the picture, as seen, {c} x {d}")
    return mask


def _rows(name: str, rows: NDArray[Any] | None, width: int) -> Array | None:
    if rows is None:
        return None
    found = np.asarray(rows, np.float64)
    if found.size == 0:
        return np.empty((0, width))
    if found.ndim != 2 or found.shape[1] != width:
        raise ValueError(f"{name} must be (k, {width}); got shape {found.shape}")
    return found


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
