"""Batched 3x3 matrices that map output to input coordinates (x right, y down, pixel i covers [i, i+1)).

Builders are named by what one sees happen to the image. `size` is (n, 2): height, width; the center is (w/2, h/2).
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core

Array: TypeAlias = NDArray[np.float64]
Sizes: TypeAlias = NDArray[np.int64]
Entry: TypeAlias = NDArray[np.float64] | NDArray[np.int64] | float


def affine(n: int, a: Entry, b: Entry, x: Entry, c: Entry, d: Entry, y: Entry) -> Array:
    """(n, 3, 3) with the rows (a, b, x), (c, d, y), (0, 0, 1)."""
    return _core.affine(n, a, b, x, c, d, y)


def linear(size: Sizes, a: Entry, b: Entry, c: Entry, d: Entry) -> Array:
    """The output-to-input map ((a, b), (c, d)) about the center."""
    return _core.linear(size, a, b, c, d)


def rotate(size: Sizes, degrees: Entry) -> Array:
    """Turn counter-clockwise as seen."""
    return _core.rotate(size, degrees)


def shift(size: Sizes, x: Entry, y: Entry) -> Array:
    """Move right and down by fractions of the width and the height."""
    return _core.shift(size, x, y)


def shear(size: Sizes, x: Entry, y: Entry) -> Array:
    """Lean upright lines by x degrees, then level lines by y degrees, both counter-clockwise as seen."""
    return _core.shear(size, x, y)


def zoom(size: Sizes, x: Entry, y: Entry) -> Array:
    """Make bigger by the factors x and y."""
    return _core.zoom(size, x, y)


def perspective(size: Sizes, corners: Array) -> Array:
    """Pull the corners to `corners` (n, 4, 2): (x, y) fractions, clockwise from the top left."""
    return _core.perspective(size, corners)


def stretch(box: Sizes, top: Entry, left: Entry, height: int, width: int) -> Array:
    """Stretch the boxes of these sizes, whose corners are at (top, left), to height x width."""
    return _core.stretch(box, top, left, height, width)


def then(first: Array, second: Array) -> Array:
    """First one warp, then the other: the matrices look from the output back, so the first stands on the left."""
    return _core.then(first, second)
