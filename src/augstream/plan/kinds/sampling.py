"""How a warp samples an image: the definition that both engines follow.

* Axis-aligned warps (resizes, crops, flips, quarter turns) use the exact separable kernel, widened by the shrink factor
  (triangle for bilinear, Keys' cubic with a = -1/2 for bicubic), as a good plain resize does.
* Other warps read one interpolated value. Where they shrink, the image is first averaged in whole boxes
  (`reduction`) and then blurred by three taps per axis (`prefilter`), which leaves 46 dB or better against
  8x8 supersampling for shrink factors 1.3 to 3 (`benchmarks/quality.py`).

The image covers [0, w] x [0, h] and is sampled there without any border effect; a constant border fades in over half
a pixel (half an output pixel where it shrinks) outside of it, the other borders continue the image.

A warp with a field is one of the others: the product of its two matrices says how much it shrinks.
"""

import math

import numpy as np
from numpy.typing import NDArray

from augstream.plan.op import Array, Border, Interpolation

Index = NDArray[np.int64]
ALIGNED = 1e-4  # a warp is axis-aligned when its cross terms move no output pixel by more than this


def sample(
    image: Array, matrix: Array, height: int, width: int, border: Border, interpolation: Interpolation, antialias: bool
) -> Array:
    """The output (height, width, c) of a warp, whatever a constant border would cover."""
    m = scaled(matrix)
    if _skewed(m, width, height) and not _skewed(m[[1, 0, 2]], width, height):
        image, m = image.swapaxes(0, 1), m[[1, 0, 2]]
    if not _skewed(m, width, height):
        rows = taps(m[1, 1], m[1, 2], height, image.shape[0], border, interpolation, antialias)
        cols = taps(m[0, 0], m[0, 2], width, image.shape[1], border, interpolation, antialias)
        out: Array = np.einsum("yi,ijc,xj->yxc", rows, image, cols, optimize=True)
        return out
    return gather(image, *places(m, height, width), shrunk(m, width, height, antialias), border, interpolation)


def coverage(
    matrix: Array, height: int, width: int, size: tuple[int, int], interpolation: Interpolation, antialias: bool
) -> Array:
    """How much of an image of `size` each output pixel sees through this matrix, (height, width) of 0 to 1."""
    m = scaled(matrix)
    (h, w) = size
    if _skewed(m, width, height) and not _skewed(m[[1, 0, 2]], width, height):
        m, (h, w) = m[[1, 0, 2]], (w, h)
    if not _skewed(m, width, height):
        place_y = m[1, 1] * (np.arange(height) + 0.5) + m[1, 2]
        place_x = m[0, 0] * (np.arange(width) + 0.5) + m[0, 2]
        sy, sx = (max(1.0, abs(gain)) if antialias else 1.0 for gain in (m[1, 1], m[0, 0]))
        seen_y = visible(place_y, h, sy, antialias, interpolation)
        seen_x = visible(place_x, w, sx, antialias, interpolation)
        return np.outer(seen_y, seen_x)
    shrink = shrunk(m, width, height, antialias)
    return seen_at(*places(m, height, width), size, shrink, interpolation, antialias)


def seen_at(
    u: Array,
    v: Array,
    size: tuple[int, int],
    shrink: tuple[float, float],
    interpolation: Interpolation,
    antialias: bool,
) -> Array:
    """The same of pixels that look at these places."""
    seen: Array = visible(u, size[1], max(1.0, shrink[0]), antialias, interpolation)
    return seen * visible(v, size[0], max(1.0, shrink[1]), antialias, interpolation)


def scaled(m: Array) -> Array:
    """The matrix with a last entry of 1; the sign of the last row says what is in front of the camera, and is kept."""
    scaled: Array = m / ((abs(m[2, 2]) or 1.0) if m[2, :2].any() else m[2, 2])
    return scaled


def widened(gain: float, n: int, antialias: bool) -> float:
    """The factor by which the kernel of an axis-aligned warp is widened."""
    # A kernel that covers the image twice over would see no more if it were wider.
    return min(max(1.0, abs(gain)), 2 * n + 16) if antialias else 1.0


def places(m: Array, height: int, width: int) -> tuple[Array, Array]:
    """Where each output pixel looks, x and y; far outside where that is behind the camera."""
    y, x = np.mgrid[:height, :width] + 0.5
    return projected(m, x, y)


def projected(m: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Where a matrix takes places; far outside where that is behind the camera."""
    u, v, scale = (m[r, 0] * x + m[r, 1] * y + m[r, 2] for r in range(3))
    ahead = scale > 1e-9
    u, v = (np.where(ahead, a / np.where(ahead, scale, 1), -1e6) for a in (u, v))
    return u, v


def _skewed(m: Array, width: int, height: int) -> bool:
    """Whether output rows and columns do not run along the source's (perspective counts)."""
    drift = max(abs(m[0, 1]) * height, abs(m[1, 0]) * width)
    return bool(drift >= ALIGNED or abs(m[2, 0]) * width > 1e-9 or abs(m[2, 1]) * height > 1e-9)


def taps(
    gain: float, shift: float, n_out: int, n_in: int, border: Border, interpolation: Interpolation, antialias: bool
) -> Array:
    """Weights (n_out, n_in) of an axis-aligned warp along one axis."""
    center: Array = gain * (np.arange(n_out, dtype=np.float64) + 0.5) + shift
    if border == "overlap":
        # The last pixel and the first share one place, so the place is brought back and not the index.
        center = fold(center, n_in, border)
    shrink = widened(gain, n_in, antialias)
    weights = np.zeros((n_out, n_in))
    rows = np.arange(n_out)
    if interpolation == "nearest":
        np.add.at(weights, (rows, wrap_index(np.floor(center).astype(np.int64), n_in, border)), 1.0)
        return weights
    radius = shrink * (2 if interpolation == "bicubic" else 1)
    first = np.floor(center - radius).astype(np.int64)
    index = first[:, None] + np.arange(math.ceil(2 * radius) + 2)
    distance = np.abs(index + 0.5 - center[:, None]) / shrink
    value = keys(distance) if interpolation == "bicubic" else np.maximum(0, 1 - distance)
    value /= value.sum(axis=1, keepdims=True)
    np.add.at(weights, (np.repeat(rows[:, None], index.shape[1], 1), wrap_index(index, n_in, border)), value)
    return weights


def keys(distance: Array) -> Array:
    """Keys' cubic convolution kernel with a = -1/2 (IEEE Trans. ASSP 29, 1981), at |distance|."""
    d = distance
    near = (1.5 * d - 2.5) * d * d + 1
    far = ((-0.5 * d + 2.5) * d - 4) * d + 2
    return np.where(d < 1, near, np.where(d < 2, far, 0))


def visible(x: Array, n: int, shrink: float, antialias: bool, interpolation: Interpolation) -> Array:
    """How much of the image is seen at x: 1 inside [0, n], fading to 0 within half a (shrunk) pixel outside."""
    if not antialias:
        return ((x >= 0.5) & (x <= n - 0.5)).astype(np.float64)
    if interpolation == "nearest":
        return ((x >= 0) & (x < n)).astype(np.float64)
    outside = np.maximum(np.maximum(-x, x - n), 0)
    return np.clip(1 - 2 * outside / shrink, 0, 1)


def wrap_index(index: Index, n: int, border: Border) -> Index:
    """Pixel indices with those beyond 0..n-1 brought back by the border rule."""
    if border == "wrap":
        return index % n
    if border == "symmetric":
        index = index % (2 * n)
        return np.minimum(index, 2 * n - 1 - index)
    if border == "reflect":
        index = index % max(1, 2 * n - 2)
        return np.minimum(index, np.maximum(2 * n - 2 - index, 0))
    if border == "overlap":
        return np.where((index < 0) | (index >= n), index % max(1, n - 1), index)
    return np.clip(index, 0, n - 1)


def fold(x: Array, n: int, border: Border) -> Array:
    """Places beyond [0, n] brought back into it by the border rule."""
    if border == "wrap":
        return x % n
    if border == "symmetric":
        x = x % (2 * n)
        return np.minimum(x, 2 * n - x)
    if border == "reflect":
        x = (x - 0.5) % max(1, 2 * n - 2)
        return np.minimum(x, np.maximum(2 * n - 2 - x, 0)) + 0.5
    if border == "overlap":
        return np.where((x < 0.5) | (x > n - 0.5), (x - 0.5) % max(1, n - 1) + 0.5, x)
    return np.clip(x, 0, n)


def shrink_factors(m: Array, width: int, height: int) -> tuple[float, float]:
    """How far the source place moves in x and in y while the output moves one pixel, at the output's center."""
    x, y = width / 2, height / 2
    w = m[2, 0] * x + m[2, 1] * y + m[2, 2]
    place = (m[:2] @ np.array([x, y, 1.0])) / w
    jacobian = (m[:2, :2] - np.outer(place, m[2, :2])) / w
    sx, sy = np.hypot(jacobian[:, 0], jacobian[:, 1])
    return float(sx), float(sy)


def shrunk(m: Array, width: int, height: int, antialias: bool) -> tuple[float, float]:
    """The shrink factors that count."""
    return shrink_factors(m, width, height) if antialias else (1.0, 1.0)


def reduction(shrink: float) -> int:
    """Side of the boxes that are averaged before a shrinking warp: what is left to shrink is at most 3.5."""
    return max(1, math.ceil(shrink / 3.5 - 1e-6))


def prefilter(shrink: float, reduced: float) -> float:
    """Weight v of the three taps (v/2, 1-v, v/2) that go before a warp, of what is left to shrink behind `reduced`.

    Fitted so that boxes, taps and the bilinear triangle together have the spread of an output pixel's footprint; boxes
    bring some of it along.
    """
    v = min(0.65 * (shrink - 1), 0.265 * shrink - 0.15, 2 / 3)
    return max(0.0, v - 0.125 * (1 - 1 / (reduced * reduced)))


def reduce(image: Array, kx: int, ky: int) -> Array:
    """Average boxes of ky x kx pixels; the last box of a row or column averages what is there."""
    for axis, k in ((0, ky), (1, kx)):
        if k > 1:
            starts = np.arange(0, image.shape[axis], k)
            counts = np.diff([*starts, image.shape[axis]])
            shape = [1, 1, 1]
            shape[axis] = len(starts)
            image = np.add.reduceat(image, starts, axis=axis) / counts.reshape(shape)
    return image


def blur3(image: Array, vx: float, vy: float) -> Array:
    """The three prefilter taps along each axis; beyond the edge the edge pixel goes on."""
    for axis, v in ((0, vy), (1, vx)):
        if v > 0:
            padded = np.pad(image, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
            n = image.shape[axis]
            before, after = (np.take(padded, np.arange(n) + s, axis=axis) for s in (0, 2))
            image = (1 - v) * image + v / 2 * (before + after)
    return image


def gather(
    image: Array, u: Array, v: Array, shrink: tuple[float, float], border: Border, interpolation: Interpolation
) -> Array:
    """One interpolated value for each place, after reduction and prefilter where the warp shrinks."""
    h, w, _ = image.shape
    sx, sy = shrink
    if interpolation == "nearest":
        if border == "overlap":
            u, v = fold(u, w, border), fold(v, h, border)
        rows = wrap_index(np.floor(v).astype(np.int64), h, border)
        cols = wrap_index(np.floor(u).astype(np.int64), w, border)
        nearest: Array = image[rows, cols]
        return nearest
    kx, ky = reduction(sx), reduction(sy)
    image = blur3(reduce(image, kx, ky), prefilter(sx / kx, kx), prefilter(sy / ky, ky))
    u, v = fold(u, w, border) / kx - 0.5, fold(v, h, border) / ky - 0.5
    u0, v0 = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    cubic = interpolation == "bicubic"
    reach = (-1, 0, 1, 2) if cubic else (0, 1)
    kernel = keys if cubic else lambda d: np.maximum(0, 1 - d)
    beyond: Border = border if cubic or border == "wrap" else "edge"  # a folded place is half a pixel outside at most
    out = np.zeros((*u.shape, image.shape[2]))
    for dy in reach:
        for dx in reach:
            weight = kernel(np.abs(u0 + dx - u)) * kernel(np.abs(v0 + dy - v))
            rows, cols = wrap_index(v0 + dy, image.shape[0], beyond), wrap_index(u0 + dx, image.shape[1], beyond)
            out += weight[..., None] * image[rows, cols]
    return out
