"""Superpixels: areas of like color become of one color."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.plan.kinds import pixel_hash
from augstream.plan.kinds.recode import eight_bits
from augstream.plan.op import Array, Facts, Frame, Mask, Op, Rows, float32, sound
from augstream.record import record, replace

STEP = 240  # how many quarters of a level a step of the grid counts as
ROUNDS = 4
FINE = 8  # boxes that a step of the grid has, where they are larger than
SMALL = 4  # pixels; the image is not reduced where a step has less than four of these
Labels = NDArray[np.int64]


@record(frozen=True, eq=False)
class Superpixels(Op):
    """Areas of like color, some of which get their mean color.

    SLIC (Achanta et al., 2012) in whole numbers, so that all engines draw the same borders: the image is reduced by
    whole boxes, a box belongs to the nearest of the nine centers around its cell of a regular grid, in color (RGB, in
    quarters of a level of 8 bits) and place (`STEP` to a cell), and centers move `ROUNDS` times. Then a pixel of the
    full image goes to the nearest of the centers that its box and the eight around it belong to, so that areas are
    smooth inside and their borders follow the image.

    grid: (n, 2) rows and columns of centers; (0, 0) leaves an image as it is. share: (n,) of the areas that get their
    mean color; which ones depends on key: (n,). peak: the highest level. Alpha stays; of more than three channels the
    first three say which pixels are alike.
    """

    grid: Rows
    share: Array
    key: NDArray[np.uint64]
    peak: float

    tag = 22
    head = True

    def where(self, on: Mask, frame: Frame) -> "Superpixels":
        return replace(self, grid=np.where(on[:, None], self.grid, 0))

    def idle(self, frame: Frame) -> Mask:
        none: Mask = (self.grid == 0).any(axis=1) | (self.share == 0)
        return none

    def check(self, n: int, c: int) -> Facts:
        whole = self.grid.shape == (n, 2) and self.grid.dtype == np.int64
        yield "superpixels.grid", whole and bool((self.grid >= 0).all())
        yield "superpixels.share", sound(self.share, (n,)) and bool(((self.share >= 0) & (self.share <= 1)).all())
        yield "superpixels.key", self.key.shape == (n,) and self.key.dtype == np.uint64
        yield "superpixels.peak", self.peak > 0

    def text(self, row: int) -> str:
        rows, columns = self.grid[row].tolist()
        if not rows or not self.share[row]:
            return "Superpixels none"
        return f"Superpixels {rows} x {columns}, {self.share[row]:.4g} of them, key {int(self.key[row]):016x}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, self.grid, float32(self.share), self.key, self.peak

    def apply(self, image: Array, row: int) -> Array:
        rows, columns = grid = (int(self.grid[row, 0]), int(self.grid[row, 1]))
        if not rows or not self.share[row]:
            return image
        height, width, c = image.shape
        seen = eight_bits(image, self.peak)[..., :3].astype(np.int64)
        side = side_of((height, width), grid)
        small, y, x = _reduced(seen, side, grid)
        labels = (y // STEP)[:, None] * columns + x // STEP
        centers = np.zeros((rows * columns, small.shape[2] + 2), np.int64)
        centers[:, -2] = np.repeat(np.arange(rows), columns) * STEP + STEP // 2
        centers[:, -1] = np.tile(np.arange(columns), rows) * STEP + STEP // 2
        _move(centers, labels, small, y, x)
        for _ in range(ROUNDS):
            labels = _nearest(centers, small, y, x, grid)
            _move(centers, labels, small, y, x)
        labels = _nearest(centers, small, y, x, grid)
        if side > 1:
            labels = _refined(centers, labels, side, *_reduced(seen, 1, grid))
        words = pixel_hash.words(int(self.key[row]), rows, columns, 1).reshape(-1)
        chosen = pixel_hash.uniform(words) < np.float32(self.share[row])
        color = image[..., :3] if c == 4 else image
        many = np.maximum(np.bincount(labels.reshape(-1), minlength=rows * columns), 1)
        sums = [
            np.bincount(labels.reshape(-1), plane.reshape(-1), rows * columns) for plane in np.moveaxis(color, 2, 0)
        ]
        means = np.stack(sums, axis=1) / many[:, None]
        made = np.where(chosen[labels][..., None], means[labels], color)
        return np.concatenate([made, image[..., 3:]], axis=2) if c == 4 else made


def side_of(size: tuple[int, int], grid: tuple[int, int]) -> int:
    """The side of the boxes that an image is reduced by."""
    step = min(size[0] // grid[0], size[1] // grid[1])
    return max(SMALL, step // FINE) if step >= 4 * SMALL else 1


def _reduced(seen: Labels, side: int, grid: tuple[int, int]) -> tuple[Labels, Labels, Labels]:
    """The means of boxes of `side` x `side` pixels in quarters of a level, and where their rows and columns are."""
    height, width, c = seen.shape
    many = (height // side, width // side)
    boxes = seen[: many[0] * side, : many[1] * side].reshape(many[0], side, many[1], side, c).sum(axis=(1, 3))
    y, x = (
        (2 * np.arange(n) + 1) * side * STEP * steps // (2 * size)
        for n, steps, size in zip(many, grid, (height, width), strict=True)
    )
    return (8 * boxes + side * side) // (2 * side * side), y, x


def _move(centers: Labels, labels: Labels, small: Labels, y: Labels, x: Labels) -> None:
    """Each center to the mean of its pixels; one without any stays."""
    values = [*np.moveaxis(small, 2, 0), *np.broadcast_arrays(y[:, None], x)]
    many = np.bincount(labels.reshape(-1), minlength=len(centers))
    some = many > 0
    for k, value in enumerate(values):
        # Sums of whole numbers below 2**53 are exact in floats.
        total = np.bincount(labels.reshape(-1), value.reshape(-1), len(centers)).astype(np.int64)
        centers[some, k] = (2 * total[some] + many[some]) // (2 * many[some])


def _nearest(centers: Labels, small: Labels, y: Labels, x: Labels, grid: tuple[int, int]) -> Labels:
    """The center that each pixel is nearest to; the first of equals."""
    rows, columns = grid
    best, labels = np.full(small.shape[:2], 2**30), np.zeros(small.shape[:2], np.int64)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            cy, cx = (y // STEP + down)[:, None], x // STEP + right
            there = (cy >= 0) & (cy < rows) & (cx >= 0) & (cx < columns)
            label = np.where(there, cy * columns + cx, 0)
            gap = _gap(centers[label], small, y, x)
            nearer = there & (gap < best)
            best, labels = np.where(nearer, gap, best), np.where(nearer, label, labels)
    return labels


def _refined(centers: Labels, boxes: Labels, side: int, seen: Labels, y: Labels, x: Labels) -> Labels:
    """The center that each pixel is nearest to, of those of the boxes around it; the first of equals."""
    (height, width), (down, right) = seen.shape[:2], boxes.shape
    box_y, box_x = np.minimum(np.arange(height) // side, down - 1), np.minimum(np.arange(width) // side, right - 1)
    best, labels = np.full((height, width), 2**30), np.zeros((height, width), np.int64)
    for j in (-1, 0, 1):
        for i in (-1, 0, 1):
            label = boxes[np.clip(box_y + j, 0, down - 1)[:, None], np.clip(box_x + i, 0, right - 1)]
            gap = _gap(centers[label], seen, y, x)
            best, labels = np.where(gap < best, gap, best), np.where(gap < best, label, labels)
    return labels


def _gap(center: Labels, small: Labels, y: Labels, x: Labels) -> Labels:
    """The squared distance of pixels from a center, in color and place."""
    gap: Labels = ((center[..., :-2] - small) ** 2).sum(axis=2)
    gap += (center[..., -2] - y[:, None]) ** 2 + (center[..., -1] - x) ** 2
    return gap
