"""Hsv: hue, saturation and value of each pixel, as everybody but us means them."""

from typing import Any

import numpy as np

from augstream.plan.op import Array, Facts, Frame, Mask, Op, float32, numbers, sound
from augstream.record import record, replace

STILL = (0.0, 1.0, 1.0)


@record(frozen=True, eq=False)
class Hsv(Op):
    """Goes into HSV as Python's `colorsys` has it, changes the three numbers, and goes back.

    change: (n, 3), what is added to the hue, in turns of the circle, then factors of saturation and value, both clipped
    to 0..1 of the peak. The channels behind the first three stay. It is not linear, so it merges with nothing.
    """

    change: Array
    peak: float

    tag = 15

    def where(self, on: Mask, frame: Frame) -> "Hsv":
        return replace(self, change=np.where(on[:, None], self.change, STILL))

    def idle(self, frame: Frame) -> Mask:
        still: Mask = (self.change == STILL).all(axis=1)
        return still

    def check(self, n: int, c: int) -> Facts:
        yield "hsv.change", sound(self.change, (n, 3)) and bool((self.change[:, 1:] >= 0).all())
        yield "hsv.peak", self.peak > 0 and c >= 3

    def text(self, row: int) -> str:
        if tuple(self.change[row].tolist()) == STILL:
            return "Hsv    none"
        hue, saturation, value = (numbers([number]) for number in self.change[row])
        return f"Hsv    hue + {hue}, saturation x {saturation}, value x {value}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, float32(self.change), float(self.peak)

    def apply(self, image: Array, row: int) -> Array:
        shift, saturation, value = self.change[row]
        rgb = np.minimum(np.fmax(image[..., :3], 0), self.peak)  # fmax: 0 for what is no number
        red, green, blue = np.moveaxis(rgb, 2, 0)
        most = rgb.max(axis=2)
        chroma = most - rgb.min(axis=2)
        safe = np.where(chroma > 0, chroma, 1)
        sixths = np.select(
            [most == red, most == green], [(green - blue) / safe, (blue - red) / safe + 2], (red - green) / safe + 4
        )
        hue = (sixths + 6 * shift) % 6
        top = np.minimum(most * value, self.peak)
        spread = top * np.minimum(chroma / np.where(most > 0, most, 1) * saturation, 1)
        out = image.copy()
        for channel, place in enumerate((5, 3, 1)):
            k = (hue + place) % 6
            out[..., channel] = top - spread * np.clip(np.minimum(k, 4 - k), 0, 1)
        return out
