"""Filter: a convolution, each image with a kernel of its own."""

from typing import Any

import numpy as np

import augstream._core as _core
from augstream.plan.kinds.sampling import wrap_index
from augstream.plan.kinds.warp import BORDERS
from augstream.plan.op import Array, Border, Facts, Frame, Mask, Op, Rows, float32, numbers, sound
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Filter(Op):
    """A separable convolution: along the rows, then down the columns.

    along: (n, kx), down: (n, ky), odd and centered, their sums 1. reach: (n, 2) radii (down, along) beyond which an
    image's kernels are zero; (0, 0) leaves the image as it is. border: what continues the image outside; fill:
    (n, 1 or c) levels of a constant one.
    """

    along: Array
    down: Array
    reach: Rows
    border: Border = "edge"
    fill: Array | None = None

    tag = 3
    head = True

    def where(self, on: Mask, frame: Frame) -> "Filter":
        return replace(self, reach=np.where(on[:, None], self.reach, 0))

    def idle(self, frame: Frame) -> Mask:
        still: Mask = (self.reach == 0).all(axis=1)
        return still

    def check(self, n: int, c: int) -> Facts:
        for name, kernel, reach in (("along", self.along, self.reach[:, 1]), ("down", self.down, self.reach[:, 0])):
            size = kernel.shape[1]
            yield f"filter.{name}", size % 2 == 1 and sound(kernel, (n, size))
            yield f"filter.{name}", bool((reach <= size // 2).all())
        whole = self.reach.shape == (n, 2) and self.reach.dtype == np.int64
        yield "filter.reach", whole and bool((self.reach >= 0).all())
        yield "filter.fill", (self.fill is None) != (self.border == "constant")
        yield "filter.fill", self.fill is None or sound(self.fill, (n, 1), (n, c))

    def text(self, row: int) -> str:
        if not self.reach[row].any():
            return "Filter none"
        down, along = (f"{numbers(kernel)}" for kernel in self._kernels(row))
        kernels = along if along == down else f"{along} by {down}"
        fill = f" {numbers(self.fill[row])}" if self.fill is not None else ""
        return f"Filter {kernels}, border {self.border}{fill}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        fill = None if self.fill is None else _core.fill_levels(self.fill, channels)
        return self.tag, float32(self.along), float32(self.down), self.reach, BORDERS[self.border], fill

    def apply(self, image: Array, row: int) -> Array:
        for axis, kernel in enumerate(self._kernels(row)):
            image = self._convolved(np.moveaxis(image, axis, 0), kernel, row)
            image = np.moveaxis(image, 0, axis)
        return image

    def _kernels(self, row: int) -> tuple[Array, Array]:
        """Down the columns and along the rows, without the zeros at their ends."""
        down, along = self.reach[row]
        middle_y, middle_x = self.down.shape[1] // 2, self.along.shape[1] // 2
        return (
            self.down[row, middle_y - down : middle_y + down + 1],
            self.along[row, middle_x - along : middle_x + along + 1],
        )

    def _convolved(self, image: Array, kernel: Array, row: int) -> Array:
        """Along the first axis."""
        if len(kernel) == 1:
            return image
        n, reach = len(image), len(kernel) // 2
        out = np.zeros_like(image)
        for offset, weight in zip(range(-reach, reach + 1), kernel, strict=True):
            index = np.arange(n) + offset
            seen = image[wrap_index(index, n, self.border)]
            if self.fill is not None:
                outside = (index < 0) | (index >= n)
                seen[outside] = self.fill[row]
            out += weight * seen
        return out
