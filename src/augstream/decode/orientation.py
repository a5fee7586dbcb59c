"""EXIF orientation: which way up an image is meant to be seen."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.plan.kinds.warp import Warp

# output -> input for each EXIF orientation, as ((column from x, from y, width, height), (row from ...)).
_ORIENT = {
    1: ((1, 0, 0, 0), (0, 1, 0, 0)),
    2: ((-1, 0, 1, 0), (0, 1, 0, 0)),
    3: ((-1, 0, 1, 0), (0, -1, 0, 1)),
    4: ((1, 0, 0, 0), (0, -1, 0, 1)),
    5: ((0, 1, 0, 0), (1, 0, 0, 0)),
    6: ((0, 1, 0, 0), (-1, 0, 0, 1)),
    7: ((0, -1, 1, 0), (-1, 0, 0, 1)),
    8: ((0, -1, 1, 0), (1, 0, 0, 0)),
}
_ORIENT_TABLE = np.array([np.zeros((2, 4)), *(_ORIENT[key] for key in range(1, 9))])


def oriented_size(orientation: NDArray[np.int64], stored: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n, 2) (height, width) after EXIF orientation: orientations 5 to 8 swap the two."""
    return np.where((orientation > 4)[:, None], stored[:, ::-1], stored)


def orient(orientation: NDArray[np.int64], stored: NDArray[np.int64]) -> Warp:
    """Rotates and flips images as their EXIF orientation (n,) says: the first op of a plan, exact and free.

    stored: (n, 2) (height, width) in the file.
    """
    table = _ORIENT_TABLE[orientation]
    matrix = np.zeros((len(stored), 3, 3))
    matrix[:, :2, :2] = table[:, :, :2]
    matrix[:, 0, 2] = table[:, 0, 2] * stored[:, 1]
    matrix[:, 1, 2] = table[:, 1, 3] * stored[:, 0]
    matrix[:, 2, 2] = 1
    return Warp(matrix, oriented_size(orientation, stored), covers=True)


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """One image (h, w, c) as its EXIF orientation says."""
    (column_x, column_y, *_), (row_x, row_y, *_) = _ORIENT[orientation]
    seen = pixels if column_x else pixels.transpose(1, 0, 2)
    seen = seen[:, ::-1] if column_x + row_x < 0 else seen
    return np.ascontiguousarray(seen[::-1] if column_y + row_y < 0 else seen)
