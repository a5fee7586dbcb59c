"""Recode: what a lossy file would make of the image."""

import io
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.plan.op import Array, Facts, Frame, Mask, Op, Rows
from augstream.record import record, replace

Format: TypeAlias = Literal["jpeg", "webp"]


@record(frozen=True, eq=False)
class Recode(Op):
    """Encodes and decodes again, as Pillow saves and loads a file of this quality.

    quality: (n,) whole numbers 1 to 100; 0 leaves an image as it is. peak: the level that is 255 in the file; what lies
    between two of its 256 levels is rounded before. 1 channel is gray, 3 are RGB, 4 are RGB and alpha, which stays; of
    other numbers each is a gray image.
    """

    quality: Rows
    file: Format
    peak: float

    tag = 21
    head = True

    def where(self, on: Mask, frame: Frame) -> "Recode":
        return replace(self, quality=np.where(on, self.quality, 0))

    def idle(self, frame: Frame) -> Mask:
        whole: Mask = self.quality == 0
        return whole

    def check(self, n: int, c: int) -> Facts:
        numbers = self.quality.shape == (n,) and self.quality.dtype == np.int64
        yield "recode.quality", numbers and bool(((self.quality >= 0) & (self.quality <= 100)).all())
        yield "recode.file", self.file in ("jpeg", "webp")
        yield "recode.peak", self.peak > 0

    def text(self, row: int) -> str:
        quality = int(self.quality[row])
        return f"Recode {self.file}, quality {quality}" if quality else "Recode none"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, self.file == "webp", self.quality, self.peak

    def apply(self, image: Array, row: int) -> Array:
        quality = int(self.quality[row])
        if not quality:
            return image
        levels, (*_, c) = eight_bits(image, self.peak), image.shape
        if c in (3, 4):
            coded = self._coded(levels[..., :3], "RGB", quality)
        else:
            coded = np.stack([self._coded(levels[..., k], "L", quality) for k in range(c)], axis=2)
        made = coded.astype(np.float64) * (self.peak / 255)
        return np.concatenate([made, image[..., 3:]], axis=2) if c == 4 else made

    def _coded(self, levels: NDArray[np.uint8], mode: str, quality: int) -> NDArray[np.uint8]:
        from PIL import Image  # so that importing the package does not

        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(levels)).save(file, self.file, quality=quality)
        return np.asarray(Image.open(file).convert(mode))


def eight_bits(image: Array, peak: float) -> NDArray[np.uint8]:
    """Levels up to the peak as bytes."""
    return np.rint(np.clip(np.nan_to_num(image) * 255 / peak, 0, 255)).astype(np.uint8)
