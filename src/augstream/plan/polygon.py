"""Polygons under a projective map and at the edges of an image, many at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from augstream.plan.op import Array


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


def project(points: Array, matrix: Array) -> Array:
    """Points (..., 2) under matrices (..., 3, 3); NaN behind the camera."""
    x, y = points[..., 0], points[..., 1]
    u, v, w = (matrix[..., row, 0] * x + matrix[..., row, 1] * y + matrix[..., row, 2] for row in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = w > 0
        return np.stack([np.where(ahead, u / w, np.nan), np.where(ahead, v / w, np.nan)], axis=-1)


def inside(corners: Array, size: NDArray[np.int64]) -> Array:
    """The part of polygons (m, v, 2) that is inside their images, (m, u, 2)."""
    # Most boxes are inside anyway.
    if len(corners) and (corners >= 0).all() and (corners <= size[:, None, ::-1]).all():
        return corners
    return within(corners, np.concatenate([np.zeros_like(size), size[:, ::-1]], axis=1).astype(np.float64))


def within(corners: Array, boxes: Array) -> Array:
    """The part of polygons (m, v, 2) that is inside of boxes (m, 4) x0 y0 x1 y1, (m, u, 2)."""
    left, top, right, bottom = boxes.T
    one, none = np.ones_like(left), np.zeros_like(left)
    for side in ((one, none, -left), (-one, none, right), (none, one, -top), (none, -one, bottom)):
        corners = cut(corners, np.stack(side, axis=1))
    return corners


def cut(corners: Array, line: Array) -> Array:
    """The part of polygons (m, v, 2) where a x + b y + c >= 0, (m, u, 2): Sutherland and Hodgman, 1974.

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
    count = valid.sum(axis=1)
    most = max(1, int(count.max(initial=1)))
    order = np.argsort(~valid, axis=1, kind="stable")[:, :most]
    order = np.where(np.arange(most) < count[:, None], order, order[:, :1])
    left = np.take_along_axis(found, order[..., None], axis=1)
    return np.where((count > 0)[:, None, None], left, np.nan)


def area(corners: Array) -> Array:
    """(m,) areas of polygons (m, v, 2)."""
    x, y = corners[..., 0], corners[..., 1]
    areas: Array = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2
    return areas


def corners(boxes: Array) -> Array:
    """The four corners of boxes (..., 4), (..., 4, 2)."""
    left, top, right, bottom = np.moveaxis(boxes, -1, 0)
    corners = np.stack([left, top, right, top, right, bottom, left, bottom], axis=-1)
    return corners.reshape(*boxes.shape[:-1], 4, 2)


def around(polygons: Sequence[Sequence[Array]]) -> Array:
    """The boxes (k, 4) around the outlines of each object."""
    together = [np.concatenate([*some]) if some else np.full((1, 2), np.nan) for some in polygons]
    return np.array([[*one.min(axis=0), *one.max(axis=0)] for one in together]).reshape(-1, 4)
