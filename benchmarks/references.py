"""What a warped image should look like, computed slowly and obviously, and apart from the package.

Images are (h, w, c) float32 levels. A matrix is (3, 3) and maps output to input; coordinates are continuous, pixel i
covers [i, i+1), angles are counter-clockwise as seen.
"""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Matrix = NDArray[np.float64]
Size = tuple[int, int]


def about_center(size: Size, linear: Matrix) -> Matrix:
    """The output-to-input map (2, 2) about the center of an image."""
    center = np.array([size[1] / 2, size[0] / 2])
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = linear, center - linear @ center
    return matrix


def rotate(size: Size, degrees: float) -> Matrix:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return about_center(size, np.array([[cos, -sin], [sin, cos]]))


def shear(size: Size, degrees: float) -> Matrix:
    return about_center(size, np.array([[1, -np.tan(np.radians(degrees))], [0, 1]]))


def shift(size: Size, x: float, y: float) -> Matrix:
    return np.array([[1, 0, -x * size[1]], [0, 1, -y * size[0]], [0, 0, 1]])


def resize(old: Size, new: Size) -> Matrix:
    return np.diag([old[1] / new[1], old[0] / new[0], 1.0])


def look(
    matrix: Matrix, size: Size, dx: float = 0.5, dy: float = 0.5
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the point (dx, dy) of each output pixel comes from: x and y, (h, w) each."""
    y, x = np.mgrid[: size[0], : size[1]] + np.array([dy, dx])[:, None, None]
    (a, b, tx), (c, d, ty), _ = matrix
    return a * x + b * y + tx, c * x + d * y + ty


def bilinear(picture: Picture, matrix: Matrix, size: Size, dx: float = 0.5, dy: float = 0.5) -> Picture:
    """Plain bilinear interpolation at one point of each output pixel."""
    x, y = look(matrix, size, dx, dy)
    return _weighted(picture, x, y, 1, lambda distance: 1 - np.abs(distance))


def supersampled(picture: Picture, matrix: Matrix, size: Size, side: int = 8) -> Picture:
    """The mean over each output pixel of the bilinearly interpolated image, at side x side points."""
    points = (np.arange(side) + 0.5) / side
    total = np.zeros((*size, picture.shape[2]))
    for dy in points:
        for dx in points:
            total += bilinear(picture, matrix, size, dx, dy)
    return (total / side**2).astype(np.float32)


def lanczos(picture: Picture, matrix: Matrix, size: Size, reach: int = 4) -> Picture:
    """Windowed-sinc interpolation over 2 reach x 2 reach pixels: as sharp as the image is."""
    x, y = look(matrix, size)
    return _weighted(picture, x, y, reach, lambda distance: np.sinc(distance) * np.sinc(distance / reach))


def inside(matrices: list[Matrix], old: Size, size: Size, margin: float) -> NDArray[np.bool_]:
    """Which output pixels look `margin` pixels or more inside the image, after each step back through the chain."""
    kept = np.ones(size, bool)
    back = np.eye(3)
    for matrix in reversed(matrices):
        back = matrix @ back
        x, y = look(back, size)
        kept &= (x >= margin) & (x <= old[1] - margin) & (y >= margin) & (y <= old[0] - margin)
    return kept


def psnr(one: Picture, other: Picture, where: NDArray[np.bool_]) -> float:
    return float(10 * np.log10(255**2 / np.square(one - other)[where].mean(dtype=np.float64)))


def _weighted(picture: Picture, x: NDArray[np.float64], y: NDArray[np.float64], reach: int, kernel) -> Picture:  # type: ignore[no-untyped-def]
    """Interpolation by a separable kernel that is zero from `reach` on; the edge goes on outside."""
    height, width, channels = picture.shape
    pixels = picture.reshape(-1, channels)
    left, top = np.floor(x - 0.5).astype(np.intp), np.floor(y - 0.5).astype(np.intp)
    fx, fy = (x - 0.5 - left).astype(np.float32), (y - 0.5 - top).astype(np.float32)
    taps = range(1 - reach, reach + 1)
    across = np.stack([kernel(fx - tap) for tap in taps])
    across /= across.sum(axis=0)
    down = np.stack([kernel(fy - tap) for tap in taps])
    down /= down.sum(axis=0)
    columns = [np.clip(left + tap, 0, width - 1) for tap in taps]
    total = np.zeros((*x.shape, channels), np.float32)
    for j, tap in enumerate(taps):
        row = np.clip(top + tap, 0, height - 1) * width
        line = sum(pixels.take(row + columns[i], axis=0) * across[i, ..., None] for i in range(len(taps)))
        total += line * down[j, ..., None]
    return total
