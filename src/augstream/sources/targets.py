"""What belongs to a sample besides its label: a mask, boxes, polygons, points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.decode import pillow
from augstream.plan import polygon
from augstream.plan.op import Array

Values: TypeAlias = tuple[tuple[int, int], ...]
MASKS = ("bool", "uint8", "uint16", "int32")


@dataclass(frozen=True, eq=False)
class Targets:
    """What belongs to one image besides its label, in pixels of the image after EXIF orientation.

    mask: (h, w) or (h, w, c) numbers, of bool, uint8, uint16 or int32, as large as the image; or the bytes of an
    image file, whose numbers are then taken as they are stored. boxes: (k, 4) x0 y0 x1 y1, where pixel i covers
    [i, i+1). box_label: (k,) the class of each. polygons: for each box the outlines (m, 2) of what is in it, one or
    several; boxes may be left out then. points: (k, 2) x y; NaN where one is missing.
    relative: boxes, polygons and points are fractions of the width and the height.
    """

    mask: NDArray[Any] | bytes | None = None
    boxes: NDArray[Any] | None = None
    box_label: NDArray[Any] | None = None
    points: NDArray[Any] | None = None
    relative: bool = False
    polygons: Sequence[Sequence[NDArray[Any]]] | None = None

    def checked(self, size: tuple[int, int], values: Values = ()) -> "Targets":
        """In pixels of an image of this (height, width), as arrays; ValueError says what does not fit.

        values: what becomes of numbers of the mask; see `Rules`.
        """
        boxes, points, box_label = _rows("boxes", self.boxes, 4), _rows("points", self.points, 2), self.box_label
        if self.relative:
            scale = np.array([size[1], size[0]], np.float64)
            boxes = None if boxes is None else boxes * np.tile(scale, 2)
            points = None if points is None else points * scale
        if boxes is not None and not np.isfinite(boxes).all():
            row = int(np.flatnonzero(~np.isfinite(boxes).all(axis=1))[0])
            raise ValueError(f"box {row} is {boxes[row].tolist()}; boxes must be finite numbers")
        if boxes is not None and (boxes[:, :2] > boxes[:, 2:]).any():
            row = int(np.flatnonzero((boxes[:, :2] > boxes[:, 2:]).any(axis=1))[0])
            raise ValueError(f"box {row} is {boxes[row].tolist()}; boxes are x0 y0 x1 y1 with x0 <= x1 and y0 <= y1")
        if points is not None and np.isinf(points).any():
            raise ValueError("a point is infinite; NaN marks one that is missing")
        polygons = None
        if self.polygons is not None:
            scale = np.array([size[1], size[0]], np.float64) if self.relative else np.ones(2)
            polygons = [[_outline(one) * scale for one in some] for some in self.polygons]
            boxes = polygon.around(polygons) if boxes is None else boxes
            if len(polygons) != len(boxes):
                raise ValueError(f"polygons of {len(polygons)} objects for {len(boxes)} boxes")
            # What has no outline, as a crowd, is as large as its box.
            polygons = [some or [polygon.corners(box)] for some, box in zip(polygons, boxes, strict=True)]
        if box_label is not None:
            box_label = np.asarray(box_label)
            if boxes is None or box_label.shape[:1] != boxes.shape[:1]:
                raise ValueError(f"{box_label.shape[:1]} box labels for {0 if boxes is None else len(boxes)} boxes")
        return Targets(_mask(self.mask, size, values), boxes, box_label, points, polygons=polygons)


@dataclass(frozen=True)
class Rules:
    """What happens to targets at the edge of the image, and what the numbers of masks stand for.

    mask_fill: the number that a mask has where the image shows a constant border. min_visible: a box is dropped
    where a smaller share of its area is left in the image; one of which nothing is left is always dropped.
    values: pairs (number in the mask as stored, class id), sorted; other numbers stay.
    """

    mask_fill: int = 0
    min_visible: float = 0.1
    values: Values = ()


def _outline(corners: NDArray[Any]) -> Array:
    found = _rows("polygons", corners, 2)
    if found is None or len(found) < 3 or not np.isfinite(found).all():
        raise ValueError(f"an outline must be (m, 2) finite numbers, m at least 3; got shape {np.shape(corners)}")
    return found


def _mask(mask: NDArray[Any] | bytes | None, size: tuple[int, int], values: Values) -> NDArray[Any] | None:
    if mask is None:
        return None
    if isinstance(mask, bytes):
        mask = pillow.numbers(mask)
    mask = np.asarray(mask)
    if mask.dtype.name not in MASKS or mask.ndim not in (2, 3):
        got = f"{mask.shape} of {mask.dtype}"
        raise ValueError(f"the mask must be (h, w) or (h, w, c) of {', '.join(MASKS)}; got {got}")
    if mask.shape[:2] != size:
        (a, b), (c, d) = mask.shape[:2], size
        raise ValueError(f"the mask is {a} x {b} pixels (height x width) and the oriented image {c} x {d}")
    return recoded(mask, values) if values else mask


def recoded(mask: NDArray[Any], values: Values) -> NDArray[Any]:
    """The mask with class ids for numbers: in its own dtype, or in the next one that has room for them."""
    numbers, ids = np.array(values).T
    dtype = next(
        np.dtype(name)
        for name in MASKS[MASKS.index(mask.dtype.name) :]
        if name == "int32"
        or (ids.min() >= 0 and ids.max() < (2 if name == "bool" else 1 << 8 * np.dtype(name).itemsize))
    )
    if mask.dtype == np.int32:
        place = np.minimum(np.searchsorted(numbers, mask), len(numbers) - 1)
        return np.where(numbers[place] == mask, ids[place], mask).astype(dtype)
    table = np.arange(2 if mask.dtype == bool else 1 << 8 * mask.itemsize)
    known = (numbers >= 0) & (numbers < len(table))
    table[numbers[known]] = ids[known]
    made: NDArray[Any] = table.astype(dtype)[mask.astype(np.uint8) if mask.dtype == bool else mask]
    return made


def _rows(name: str, rows: NDArray[Any] | None, width: int) -> Array | None:
    if rows is None:
        return None
    found = np.asarray(rows, np.float64)
    if found.size == 0:
        return np.empty((0, width))
    if found.ndim != 2 or found.shape[1] != width:
        raise ValueError(f"{name} must be (k, {width}); got shape {found.shape}")
    return found
