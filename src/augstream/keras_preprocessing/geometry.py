"""Parameters -> warps: the matrices of the old API, in our coordinates."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.keras_preprocessing.parameters import Compat, Parameters
from augstream.plan import matrix
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Border

Sizes = NDArray[np.int64]

# As in scipy.ndimage, whose "wrap" lets the last pixel lie on the next first one.
BORDERS: dict[str, Border] = {"constant": "constant", "nearest": "edge", "reflect": "symmetric", "wrap": "overlap"}
SWAP = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def border(fill_mode: str) -> Border:
    """The border that a fill_mode asks for."""
    if fill_mode not in BORDERS:
        names = ", ".join(map(repr, BORDERS))
        raise ArgumentError(f"fill_mode must be one of {names}; got {fill_mode!r}.")
    return BORDERS[fill_mode]


def core(theta: Any, tx: Any, ty: Any, shear: Any, zx: Any, zy: Any) -> Array:
    """(n, 3, 3): zoom, then shear, then shift, then turn, about the origin, output to input."""
    turn, lean = np.deg2rad(theta), np.deg2rad(shear)
    cos, sin = np.cos(turn), np.sin(turn)
    n = len(cos)
    turned = matrix.affine(n, cos, -sin, 0.0, sin, cos, 0.0)
    shifted = matrix.affine(n, 1.0, 0.0, tx, 0.0, 1.0, ty)
    leaned = matrix.affine(n, 1.0, -np.sin(lean), 0.0, 0.0, np.cos(lean), 0.0)
    zoomed = matrix.affine(n, zx, 0.0, 0.0, 0.0, zy, 0.0)
    made: Array = turned @ shifted @ leaned @ zoomed
    return made


def affine(p: Parameters, size: Sizes) -> Array:
    """(n, 3, 3) output to input of pictures of `size` (n, 2), in continuous coordinates."""
    return about(core(p.theta, p.tx, p.ty, p.shear, p.zx, p.zy), size)


def about(made: Array, size: Sizes, compat: Compat | None = None) -> Array:
    """A matrix about the origin, (n, 3, 3), as one about the center of pictures of `size` (n, 2).

    Documented: x runs across and the picture turns about its true center. 1.1.2: x runs down, and the center is a whole
    pixel off. keras3: the center is right for square pictures, and has its coordinates swapped for others.
    """
    height, width = size.T
    if compat == "1.1.2":
        made, x, y = SWAP @ made @ SWAP, width / 2 + 1, height / 2 + 1
    elif compat == "keras3":
        x, y = height / 2, width / 2
    else:
        x, y = width / 2, height / 2
    n = len(size)
    there, back = matrix.affine(n, 1.0, 0.0, x, 0.0, 1.0, y), matrix.affine(n, 1.0, 0.0, -x, 0.0, 1.0, -y)
    moved: Array = there @ made @ back
    return moved


def flips(p: Parameters, size: Sizes) -> Array:
    """(n, 3, 3): swap left and right, and top and bottom, where drawn."""
    across, down = p.flip_horizontal, p.flip_vertical
    return matrix.affine(
        len(size),
        np.where(across, -1.0, 1.0),
        0.0,
        np.where(across, size[:, 1], 0.0),
        0.0,
        np.where(down, -1.0, 1.0),
        np.where(down, size[:, 0], 0.0),
    )


def resize(seen: Sizes, target: tuple[int, int], keep_aspect_ratio: bool) -> Array:
    """(n, 3, 3): pictures of sizes `seen` (n, 2) come out at `target` (height, width).

    keep_aspect_ratio: of the largest part in the middle that has the target's proportions, in whole pixels.
    """
    height, width = (side.astype(np.int64) for side in seen.T)
    top = left = np.zeros(len(seen), np.int64)
    if keep_aspect_ratio:
        part_height = np.minimum(height, width * target[0] // target[1])
        part_width = np.minimum(width, height * target[1] // target[0])
        top, left = (height - part_height) // 2, (width - part_width) // 2
        # A part of no height would be a picture of nothing.
        height, width = np.maximum(part_height, 1), np.maximum(part_width, 1)
    return matrix.affine(len(seen), width / target[1], 0.0, left, 0.0, height / target[0], top)


def sampling(order: int) -> Any:
    """The interpolation of a spline order that the engine does."""
    return "nearest" if order == 0 else "bilinear"


def warp(made: Array, size: Sizes, fill_mode: str, cval: float, order: int, antialias: bool) -> Warp:
    """The warp with this matrix, and the border and order of the old API's arguments."""
    edge = border(fill_mode)
    fill = np.full((len(made), 1), float(cval)) if edge == "constant" else None
    return Warp(made, size, edge, fill, sampling(order), antialias)
