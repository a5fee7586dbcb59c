"""Shapes: rectangles that are filled with a color, with noise or with the image's mean."""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.plan.kinds import pixel_hash
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Facts, Frame, Mask, Op, float32, numbers, sound
from augstream.record import record, replace

Filling: TypeAlias = Literal["constant", "noise", "mean"]
FILLINGS: dict[Filling, int] = {"constant": 0, "noise": 1, "mean": 2}


@record(frozen=True, eq=False)
class Shapes(Op):
    """Fills boxes; those of a higher number lie above. A pixel belongs to a box if its center does.

    boxes: (n, k, 4) x0 y0 x1 y1 in pixels; an empty one covers nothing. filling: "constant" levels `fill` (n, k, c);
    "noise", a uniform number from 0 to `peak` for each channel of each pixel, by the image's `key` (n,); "mean", of
    each channel over the whole image at hand. channels: how many are filled; what comes behind them (alpha) stays.
    mask_fill: the number that a mask has there; None leaves masks as they are. hides: whether boxes and points under
    the shapes are hidden by them.
    """

    boxes: Array
    filling: Filling
    channels: int
    fill: Array | None = None
    key: NDArray[np.uint64] | None = None
    peak: float = 255.0
    mask_fill: int | None = None
    hides: bool = False

    tag = 5

    @property
    def statistic(self) -> bool:
        return self.filling == "mean"

    def where(self, on: Mask, frame: Frame) -> "Shapes":
        return replace(self, boxes=np.where(on[:, None, None], self.boxes, 0.0))

    def idle(self, frame: Frame) -> Mask:
        empty = (self.boxes[..., 2] <= self.boxes[..., 0]) | (self.boxes[..., 3] <= self.boxes[..., 1])
        bare: Mask = np.all(empty, axis=1)
        return bare

    def check(self, n: int, c: int) -> Facts:
        k = self.boxes.shape[1]
        yield "shapes.boxes", sound(self.boxes, (n, k, 4))
        yield "shapes.channels", 0 < self.channels <= c
        yield "shapes.fill", (self.fill is None) == (self.filling != "constant")
        yield "shapes.fill", self.fill is None or sound(self.fill, (n, k, c))
        yield "shapes.key", (self.key is None) == (self.filling != "noise")
        yield "shapes.key", self.key is None or (self.key.shape == (n,) and self.key.dtype == np.uint64)

    def text(self, row: int) -> str:
        shown = []
        for number, box in enumerate(self.boxes[row]):
            if (box[2:] > box[:2]).all():
                what = self.filling if self.fill is None else numbers(self.fill[row, number, : self.channels])
                shown.append(f"[{numbers(box)}] {what}")
        return f"Shapes {', '.join(shown) or 'none'}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        fill = None if self.fill is None else float32(self.fill)
        return self.tag, float32(self.boxes), FILLINGS[self.filling], fill, self.key, float(self.peak), self.channels

    def apply(self, image: Array, row: int) -> Array:
        height, width, _ = image.shape
        out, c = image.copy(), self.channels
        for number, box in enumerate(self.boxes[row]):
            x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
            rows, columns = (y >= box[1]) & (y < box[3]), (x >= box[0]) & (x < box[2])
            inside = rows[:, None] & columns
            if self.fill is not None:
                out[inside, :c] = self.fill[row, number, :c]
            elif self.key is not None:
                hashes = pixel_hash.words(int(self.key[row]), height, width, c)
                out[inside, :c] = self.peak * pixel_hash.uniform(hashes)[inside]
            else:
                out[inside, :c] = image.mean(axis=(0, 1))[:c]
        return out


def behind(shapes: Shapes, warp: Warp) -> Shapes | None:
    """The shapes as they are behind a warp that keeps rectangles upright; None where there are none that look the same.

    Exact where pixels stay whole, so only then.
    """
    m = warp.matrix
    upright = not (m[:, 2, :2].any() or (m[:, :2, :2] != 0).all(axis=(1, 2)).any())
    whole = warp.interpolation is None and warp.border is None and warp.field is None
    if shapes.filling != "constant" or not whole or not upright:
        return None
    back = np.linalg.inv(m)
    ends = np.stack([shapes.boxes[..., :2], shapes.boxes[..., 2:]], axis=2)  # (n, k, 2, xy)
    moved = np.einsum("nij,nkej->nkei", back[:, :2, :2], ends) + back[:, None, None, :2, 2]
    boxes = np.concatenate([moved.min(axis=2), moved.max(axis=2)], axis=2)
    return replace(shapes, boxes=np.where((ends[:, :, 1] > ends[:, :, 0]).all(axis=2, keepdims=True), boxes, 0.0))
