"""Filter: a convolution, each image with a kernel of its own."""

from typing import Any

import numpy as np

from augstream.plan.kinds import outside
from augstream.plan.kinds.sampling import wrap_index
from augstream.plan.kinds.warp import BORDERS
from augstream.plan.op import Array, Border, Facts, Frame, Mask, Op, Rows, float32, numbers, sound
from augstream.record import record, replace

TINY = 1e-30


@record(frozen=True, eq=False)
class Filter(Op):
    """A separable convolution: along the rows, then down the columns.

    along: (n, kx), down: (n, ky), odd and centered, their sums 1. reach: (n, 2) radii (down, along) beyond which an
    image's kernels are zero; (0, 0) leaves the image as it is. border: what continues the image outside; fill:
    (n, 1 or c) levels of a constant one.
    mask: None, or (n, 3) amount, threshold and high of an unsharp mask: the image gets its difference from the
    convolution added, times the amount, and is clipped to 0..high (0: not). Nothing of a difference up to the threshold
    is added, all of one from twice the threshold on, and a growing part in between.
    """

    along: Array
    down: Array
    reach: Rows
    border: Border = "edge"
    fill: Array | None = None
    mask: Array | None = None

    tag = 3
    head = True

    def where(self, on: Mask, frame: Frame) -> "Filter":
        return replace(self, reach=np.where(on[:, None], self.reach, 0))

    def idle(self, frame: Frame) -> Mask:
        return outside.still(self.reach)

    def check(self, n: int, c: int) -> Facts:
        for name, kernel, reach in (("along", self.along, self.reach[:, 1]), ("down", self.down, self.reach[:, 0])):
            size = kernel.shape[1]
            yield f"filter.{name}", size % 2 == 1 and sound(kernel, (n, size))
            yield f"filter.{name}", bool((reach <= size // 2).all())
        yield from outside.right("filter", self.reach, self.border, self.fill, n, c)
        yield "filter.mask", self.mask is None or (sound(self.mask, (n, 3)) and bool((self.mask >= 0).all()))

    def text(self, row: int) -> str:
        if not self.reach[row].any():
            return "Filter none"
        down, along = (f"{numbers(kernel)}" for kernel in self._kernels(row))
        kernels = along if along == down else f"{along} by {down}"
        mask = ""
        if self.mask is not None:
            amount, threshold, high = self.mask[row]
            clip = f", clip [0 {high:g}]" if high else ""
            mask = f", the difference above {threshold:.5g} added {amount:.5g} times{clip}"
        return f"Filter {kernels}{outside.text(self.border, self.fill, row)}{mask}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        kernels, fill = (float32(self.along), float32(self.down)), outside.levels(self.fill, channels)
        mask = None if self.mask is None else float32(self.mask)
        return self.tag, *kernels, self.reach, BORDERS[self.border], fill, mask

    def apply(self, image: Array, row: int) -> Array:
        if not self.reach[row].any():
            return image
        blurred = image
        for axis, kernel in enumerate(self._kernels(row)):
            blurred = self._convolved(np.moveaxis(blurred, axis, 0), kernel, row)
            blurred = np.moveaxis(blurred, 0, axis)
        if self.mask is None:
            return blurred
        (amount, threshold, high), difference = self.mask[row], image - blurred
        part = np.clip((np.abs(difference) - threshold) / max(threshold, TINY), 0, 1)
        sharp: Array = image + amount * part * difference
        return np.minimum(np.fmax(sharp, 0.0), high) if high else sharp

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
