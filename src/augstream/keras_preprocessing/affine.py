"""One transformation of one image, as the old API has them."""

import importlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augstream.engines.default import default_engine
from augstream.errors import ArgumentError
from augstream.keras_preprocessing import geometry, spline
from augstream.keras_preprocessing import intensity as levels
from augstream.keras_preprocessing.legacy import Legacy
from augstream.keras_preprocessing.load import array_to_img, img_to_array
from augstream.keras_preprocessing.names import demand
from augstream.keras_preprocessing.parameters import Compat, checked_compat, rng_of
from augstream.plan.fuse import fuse
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame

Picture = NDArray[Any]
PUBLIC = "image.affine_transformations"  # where users find these, and say that a package is missing
HAIR = 2e-4  # what float32 may be off by at level 255, after some sums


class _Unsaid(int):
    """A default that keras3 has another one in the place of."""


_ROW, _COL, _CHANNEL = _Unsaid(0), _Unsaid(1), _Unsaid(2)


def flip_axis(x: ArrayLike, axis: int) -> Picture:
    """The picture with the order along one axis turned round; a view."""
    return np.flip(np.asarray(x), axis)


def random_rotation(
    x: Picture,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    *,
    seed: int | None = None,
    compat: Compat | None = None,
) -> Picture:
    """Turn by -rg to rg degrees."""
    theta = _uniform("theta", -rg, rg, seed, compat)
    axes = _axes(row_axis, col_axis, channel_axis, compat)
    return apply_affine_transform(
        x, theta=theta, **axes, fill_mode=fill_mode, cval=cval, order=interpolation_order, compat=compat
    )


def random_shift(
    x: Picture,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    *,
    seed: int | None = None,
    compat: Compat | None = None,
) -> Picture:
    """Move by up to a fraction wrg of the width, and hrg of the height."""
    height, width = x.shape[row_axis], x.shape[col_axis]
    if checked_compat(compat):
        source = Legacy(seed)
        tx, ty = source.uniform(-hrg, hrg) * height, source.uniform(-wrg, wrg) * width
    else:
        rng = rng_of(seed)
        tx, ty = (float(rng.uniform(name, -v, v)[0]) for name, v in (("tx", wrg * width), ("ty", hrg * height)))
    axes = _axes(row_axis, col_axis, channel_axis, compat)
    return apply_affine_transform(
        x, tx=tx, ty=ty, **axes, fill_mode=fill_mode, cval=cval, order=interpolation_order, compat=compat
    )


def random_shear(
    x: Picture,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    *,
    seed: int | None = None,
    compat: Compat | None = None,
) -> Picture:
    """Lean by -intensity to intensity degrees."""
    shear = _uniform("shear", -intensity, intensity, seed, compat)
    axes = _axes(row_axis, col_axis, channel_axis, compat)
    return apply_affine_transform(
        x, shear=shear, **axes, fill_mode=fill_mode, cval=cval, order=interpolation_order, compat=compat
    )


def random_zoom(
    x: Picture,
    zoom_range: Any,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    *,
    seed: int | None = None,
    compat: Compat | None = None,
) -> Picture:
    """Zoom by factors from zoom_range (low, high), one for each direction; below 1 makes bigger."""
    if len(zoom_range) != 2:
        raise ArgumentError(f"`zoom_range` should be a tuple or list of two floats. Received: {zoom_range}")
    low, high = zoom_range
    if low == 1 and high == 1:
        zx = zy = 1.0
    elif checked_compat(compat):
        zx, zy = Legacy(seed).pair(low, high)
    else:
        rng = rng_of(seed)
        zx, zy = (float(rng.uniform(name, low, high)[0]) for name in ("zx", "zy"))
    axes = _axes(row_axis, col_axis, channel_axis, compat)
    return apply_affine_transform(
        x, zx=zx, zy=zy, **axes, fill_mode=fill_mode, cval=cval, order=interpolation_order, compat=compat
    )


def apply_channel_shift(x: Picture, intensity: float, channel_axis: int = 0) -> Picture:
    """Add `intensity` to all levels, clipped to the lowest and the highest level of the picture."""
    op = levels.shift(intensity, x.shape[channel_axis], float(np.min(x)), float(np.max(x)))
    return levels.run_one(x, op, channel_axis % 3)


def random_channel_shift(
    x: Picture,
    intensity_range: float,
    channel_axis: int = 0,
    *,
    seed: int | None = None,
    compat: Compat | None = None,
) -> Picture:
    """Add a number from -intensity_range to intensity_range to all levels."""
    intensity = _uniform("channel_shift", -intensity_range, intensity_range, seed, compat)
    return apply_channel_shift(x, intensity, channel_axis=channel_axis)


def apply_brightness_shift(
    x: Picture, brightness: float, scale: bool = True, *, compat: Compat | None = None, channel_axis: int | None = None
) -> Picture:
    """Multiply the levels by `brightness`, clipped to the range that the picture's dtype and levels stand for.

    A float picture whose levels are all within [0, 1] is one of [0, 1]. Alpha stays.
    channel_axis: None is the last, or the first where only that one can be.
    scale: only under `compat`, where 1.1.2 always stretches the levels to 0..255 first, and keras3 if it is True.
    """
    demand(
        "image.affine_transformations", "ImageEnhance", "Using brightness shifts requires PIL. Install PIL or Pillow."
    )
    if checked_compat(compat):
        return _old_brightness(x, brightness, scale, compat)
    x = np.asarray(x)
    if x.ndim != 3:
        raise ArgumentError(f"Expected image array to have rank 3 (single image). Got array with shape: {x.shape}")
    axis = channel_axis
    if axis is None:
        axis = 0 if x.shape[2] not in (1, 3, 4) and x.shape[0] in (1, 3, 4) else 2
    op = levels.brightness(np.array([brightness]), x.shape[axis], np.array([levels.bounds_of(x)]))
    return levels.run_one(x, op, axis)


def _old_brightness(x: Picture, brightness: float, scale: bool, compat: Compat | None) -> Picture:
    """As it was: by Pillow, in eight bits."""
    enhance = importlib.import_module("PIL.ImageEnhance")
    # Levels are cut off below the point, and beyond 255 all of them are stretched: the engine's floats must not be a
    # hair less or more where SciPy's doubles came out whole.
    whole = np.rint(x)
    x = np.where(np.abs(x - whole) < HAIR, whole, x)
    low, high = np.min(x), np.max(x)
    beyond = bool(low < 0 or high > 255)
    stretch = compat == "1.1.2" or beyond or scale
    made = img_to_array(enhance.Brightness(array_to_img(x, scale=stretch)).enhance(brightness))
    if compat == "keras3" and not scale and beyond:
        made = made / 255 * (high - low) + low
    return made


def random_brightness(
    x: Picture, brightness_range: Any, scale: bool = True, *, seed: int | None = None, compat: Compat | None = None
) -> Picture:
    """Multiply the levels by a number from brightness_range (low, high)."""
    if len(brightness_range) != 2:
        raise ArgumentError(f"`brightness_range should be tuple or list of two floats. Received: {brightness_range}")
    low, high = brightness_range
    factor = _uniform("brightness", low, high, seed, compat)
    if compat:
        return apply_brightness_shift(x, factor, scale, compat=compat)
    return apply_brightness_shift(x, factor)


def transform_matrix_offset_center(matrix: ArrayLike, x: float, y: float, *, compat: Compat | None = None) -> Picture:
    """The matrix (3, 3) in pixel indices, turning about the middle of x by y pixels and not about the origin.

    The middle is ((x-1)/2, (y-1)/2); 1.1.2 has it a whole pixel further.
    """
    off = 0.5 if checked_compat(compat) == "1.1.2" else -0.5
    there, back = np.eye(3), np.eye(3)
    there[:2, 2] = x / 2 + off, y / 2 + off
    back[:2, 2] = -there[:2, 2]
    made: Picture = there @ np.asarray(matrix) @ back
    return made


def apply_affine_transform(
    x: Picture,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = _ROW,
    col_axis: int = _COL,
    channel_axis: int = _CHANNEL,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
    *,
    compat: Compat | None = None,
) -> Picture:
    """Zoom, lean, move and turn a picture about its center; where nothing is asked, the picture itself.

    theta, shear: degrees. tx, ty: where in the picture the output looks, in pixels to the right and down.
    zx, zy: how far apart the output's pixels lie in the picture, across and down: below 1 makes bigger.
    order: of the spline; 2 to 5 need SciPy. dtype and shape stay.
    """
    demand(PUBLIC, "scipy", "Image transformations require SciPy. Install SciPy.")
    checked_compat(compat)
    if compat == "keras3":
        row_axis, col_axis, channel_axis = _keras3_axes(row_axis, col_axis, channel_axis)
    if theta == 0 and tx == 0 and ty == 0 and shear == 0 and zx == 1 and zy == 1:
        return x
    x = np.asarray(x)
    if x.ndim != 3:
        raise ArgumentError(f"Input arrays must be multi-channel 2D images. Got array with shape: {x.shape}")
    if compat == "1.1.2":
        # The center comes from the axes that were named, the planes from those that are left over.
        planes = np.moveaxis(x, channel_axis, 2)
        about = (x.shape[row_axis], x.shape[col_axis])
    else:
        planes = np.moveaxis(x, (row_axis, col_axis, channel_axis), (0, 1, 2))
        about = (planes.shape[0], planes.shape[1])
    one = geometry.core(*(np.array([float(value)]) for value in (theta, tx, ty, shear, zx, zy)))
    made = geometry.about(one, np.array([about], np.int64), compat)
    size = np.array([planes.shape[:2]], np.int64)
    warp = geometry.warp(made, size, fill_mode, cval, order, antialias=False)
    out = _warped(planes, warp, cval, order)
    if compat == "1.1.2":
        return np.moveaxis(out, 2, channel_axis)
    return np.moveaxis(out, (0, 1, 2), (row_axis, col_axis, channel_axis))


def _warped(planes: Picture, warp: Warp, cval: float, order: int) -> Picture:
    if order > 1:
        return spline.transform(planes, warp.matrix[0], warp.border or "edge", cval, order)
    plain = planes.dtype.name in ("uint8", "float32")
    cube = planes if plain or planes.dtype == np.uint16 else planes.astype(np.float32)
    frame = Frame(warp.size, cube.shape[2], None)
    dtype = planes.dtype.name if plain else "float32"
    out, _ = default_engine().run([np.ascontiguousarray(cube)], fuse([warp], frame), dtype=dtype)
    made = np.rint(out[0]) if planes.dtype.kind in "iu" and not plain else out[0]
    return np.asarray(made, planes.dtype)


def _keras3_axes(row_axis: int, col_axis: int, channel_axis: int) -> tuple[int, int, int]:
    if all(isinstance(axis, _Unsaid) for axis in (row_axis, col_axis, channel_axis)):
        row_axis, col_axis, channel_axis = 1, 2, 0
    axes = {row_axis, col_axis, channel_axis}
    if len(axes) != 3:
        raise ArgumentError("'row_axis', 'col_axis', and 'channel_axis' must be distinct")
    if axes != {0, 1, 2}:
        raise ArgumentError(f"Invalid axis' indices: {axes - {0, 1, 2}}")
    if channel_axis not in (0, 2):
        raise ArgumentError("Channels are allowed and the first and last dimensions.")
    return row_axis, col_axis, channel_axis


def _axes(row_axis: int, col_axis: int, channel_axis: int, compat: Compat | None) -> dict[str, int]:
    """What the random functions hand on: 1.1.2 forgot two of the three."""
    if compat == "1.1.2":
        return {"channel_axis": channel_axis}
    return {"row_axis": row_axis, "col_axis": col_axis, "channel_axis": channel_axis}


def _uniform(name: str, low: float, high: float, seed: int | None, compat: Compat | None) -> float:
    if checked_compat(compat):
        return float(Legacy(seed).uniform(low, high))
    return float(rng_of(seed).uniform(name, low, high)[0])
