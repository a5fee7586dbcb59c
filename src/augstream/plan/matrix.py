"""Batched 3x3 matrices that map output to input coordinates (x right, y down, pixel i covers [i, i+1)).

Builders are named by what one sees happen to the picture. `size` is (n, 2): height, width; the center is (w/2, h/2).
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Sizes: TypeAlias = NDArray[np.int64]
Entry: TypeAlias = NDArray[np.float64] | NDArray[np.int64] | float


def affine(n: int, a: Entry, b: Entry, x: Entry, c: Entry, d: Entry, y: Entry) -> Array:
    """(n, 3, 3) with the rows (a, b, x), (c, d, y), (0, 0, 1)."""
    matrix = np.zeros((n, 3, 3))
    matrix[:, 0, 0], matrix[:, 0, 1], matrix[:, 0, 2] = a, b, x
    matrix[:, 1, 0], matrix[:, 1, 1], matrix[:, 1, 2] = c, d, y
    matrix[:, 2, 2] = 1
    return matrix


def linear(size: Sizes, a: Entry, b: Entry, c: Entry, d: Entry) -> Array:
    """The output-to-input map ((a, b), (c, d)) about the center."""
    y, x = (size * 0.5).T
    return affine(len(size), a, b, x - a * x - b * y, c, d, y - c * x - d * y)


def rotate(size: Sizes, degrees: Array) -> Array:
    """Turn counter-clockwise as seen."""
    angle = degrees * (np.pi / 180)
    cos, sin = np.cos(angle), np.sin(angle)
    return linear(size, cos, -sin, sin, cos)


def shift(size: Sizes, x: Array, y: Array) -> Array:
    """Move right and down by fractions of the width and the height."""
    return affine(len(size), 1.0, 0.0, -x * size[:, 1], 0.0, 1.0, -y * size[:, 0])


def shear(size: Sizes, x: Array, y: Array) -> Array:
    """Lean upright lines by x degrees, then level lines by y degrees, both counter-clockwise as seen."""
    lean, rise = np.tan(x * (np.pi / 180)), np.tan(y * (np.pi / 180))
    return linear(size, 1 - lean * rise, -lean, rise, 1.0)


def zoom(size: Sizes, x: Array, y: Array) -> Array:
    """Make bigger by the factors x and y."""
    return linear(size, 1 / x, 0.0, 0.0, 1 / y)


def perspective(size: Sizes, corners: Array) -> Array:
    """Pull the corners to `corners` (n, 4, 2): (x, y) fractions, clockwise from the top left.

    The map of the unit square to a quadrilateral is Heckbert's ("Fundamentals of texture mapping", 1989); a homography
    has no scale of its own, so its adjugate serves as its inverse.
    """
    (x0, x1, x2, x3), (y0, y1, y2, y3) = corners.transpose(2, 1, 0)
    ax, ay, bx, by = x1 - x2, y1 - y2, x3 - x2, y3 - y2
    sx, sy = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    area = ax * by - bx * ay
    g, h = (sx * by - bx * sy) / area, (ax * sy - sx * ay) / area
    a, b, c = x1 - x0 + g * x1, x3 - x0 + h * x3, x0
    d, e, f = y1 - y0 + g * y1, y3 - y0 + h * y3, y0
    height, width = size.T
    matrix = np.empty((len(size), 3, 3))
    matrix[:, 0] = np.stack([(e - f * h), (c * h - b) * width / height, (b * f - c * e) * width], axis=1)
    matrix[:, 1] = np.stack([(f * g - d) * height / width, (a - c * g), (c * d - a * f) * height], axis=1)
    matrix[:, 2] = np.stack([(d * h - e * g) / width, (b * g - a * h) / height, a * e - b * d], axis=1)
    return matrix / matrix[:, 2:, 2:]


def then(first: Array, second: Array) -> Array:
    """First one warp, then the other: the matrices look from the output back, so the first stands on the left."""
    return first @ second
