"""Degradation: what cheap cameras, lenses, files and printers do to an image. Masks, boxes and points stay."""

from collections.abc import Iterator

from augstream.plan.kinds.recode import Format, Recode
from augstream.plan.op import Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Whole, WholeRange
from augstream.transforms.color import levels
from augstream.transforms.transform import Transform


class JpegCompression(Transform):
    """Save as JPEG and load again. quality: whole numbers from 1 (worst) to 100, both ends included.

    The scale and the settings are those of Pillow's `save(quality=)`: chroma at half the size, the accurate integer
    transform. Levels of uint16 and float images are rounded to 256 steps before. Of images that are not gray, RGB or
    RGBA each channel is saved by itself; alpha stays. At most 65500 pixels a side.

    >>> JpegCompression(50)
    JpegCompression(quality=(50, 50))
    """

    quality: WholeRange = WholeRange((10, 75), 1, 100)
    sentence = "Save as JPEG of quality {quality} and load again"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield _recoded(self, rng, frame, "jpeg", self.quality)


class WebPCompression(Transform):
    """Save as lossy WebP and load again. quality: whole numbers from 1 (worst) to 100, both ends included.

    The scale and the settings are those of Pillow's `save(quality=)`. Levels of uint16 and float images are rounded to
    256 steps before. Of images that are not gray, RGB or RGBA each channel is saved by itself; alpha stays. At most
    16383 pixels a side.

    >>> WebPCompression((20, 60))
    WebPCompression(quality=(20, 60))
    """

    quality: WholeRange = WholeRange((5, 60), 1, 100)
    sentence = "Save as WebP of quality {quality} and load again"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield _recoded(self, rng, frame, "webp", self.quality)


def _recoded(transform: Transform, rng: Rng, frame: Frame, file: Format, quality: Whole) -> Recode:
    low, high = quality
    return Recode(rng.integers("quality", high - low + 1, low=low), file, levels(transform, frame))
