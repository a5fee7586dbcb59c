"""Kernel: a convolution by a rectangle of weights, each image with weights of its own."""

from typing import Any

import numpy as np

from augstream.plan.kinds import outside
from augstream.plan.kinds.warp import BORDERS
from augstream.plan.op import Array, Border, Facts, Frame, Mask, Op, Rows, float32, numbers, sound
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Kernel(Op):
    """out(y, x) = the sum over i and j of weights[i, j] * in(y + i - ky // 2, x + j - kx // 2): not mirrored.

    weights: (n, ky, kx), both odd. reach: (n, 2) radii (down, along) beyond which an image's weights are zero; (0, 0)
    leaves the image as it is. border: what continues the image outside; fill: (n, 1 or c) levels of a constant one.
    high: the levels that the result is clipped to, 0 to this one; None where it needs no clip.
    """

    weights: Array
    reach: Rows
    border: Border = "edge"
    fill: Array | None = None
    high: float | None = None

    tag = 7
    head = True

    def where(self, on: Mask, frame: Frame) -> "Kernel":
        return replace(self, reach=np.where(on[:, None], self.reach, 0))

    def idle(self, frame: Frame) -> Mask:
        return outside.still(self.reach)

    def check(self, n: int, c: int) -> Facts:
        sides = self.weights.shape[1:]
        odd = len(sides) == 2 and all(side % 2 == 1 for side in sides)
        yield "kernel.weights", odd and sound(self.weights, (n, *sides))
        yield from outside.right("kernel", self.reach, self.border, self.fill, n, c)
        yield "kernel.reach", odd and bool((self.reach <= np.array(sides) // 2).all())
        yield "kernel.high", self.high is None or self.high > 0

    def text(self, row: int) -> str:
        if not self.reach[row].any():
            return "Kernel none"
        weights = self._weights(row)
        shown = "; ".join(numbers(line) for line in weights)
        if weights.size > 25:
            middle = weights[len(weights) // 2, weights.shape[1] // 2]
            shown = f"{len(weights)} x {weights.shape[1]} weights, {numbers([middle])} in the middle"
        clip = "" if self.high is None else f", clip [0 {self.high:g}]"
        return f"Kernel [{shown}]{outside.text(self.border, self.fill, row)}{clip}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        fill = outside.levels(self.fill, channels)
        return self.tag, float32(self.weights), self.reach, BORDERS[self.border], fill, float(self.high or 0)

    def apply(self, image: Array, row: int) -> Array:
        if not self.reach[row].any():
            return image
        height, width, _ = image.shape
        seen = outside.padded(image, self.reach[row], self.border, None if self.fill is None else self.fill[row])
        out = np.zeros_like(image)
        for (i, j), weight in np.ndenumerate(self._weights(row)):
            if weight != 0:
                out += weight * seen[i : i + height, j : j + width]
        return out if self.high is None else np.minimum(np.fmax(out, 0.0), self.high)

    def _weights(self, row: int) -> Array:
        """Without the zeros around them."""
        (down, along), (y, x) = self.reach[row], np.array(self.weights.shape[1:]) // 2
        return self.weights[row, y - down : y + down + 1, x - along : x + along + 1]
