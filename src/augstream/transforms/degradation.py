"""Degradation: what cheap cameras, lenses, files and printers do to an image. Masks, boxes and points stay."""

from collections.abc import Iterator
from dataclasses import KW_ONLY

import numpy as np

from augstream.plan.kinds.aberration import Aberration
from augstream.plan.kinds.dither import Dither as DitherOp
from augstream.plan.kinds.downscale import Downscale as DownscaleOp
from augstream.plan.kinds.recode import Format, Recode
from augstream.plan.kinds.superpixels import Superpixels as SuperpixelsOp
from augstream.plan.op import Frame, Interpolation, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Option, Range, WholeRange, WholeSpread
from augstream.transforms.color import colorful, levels
from augstream.transforms.transform import INTERPOLATIONS, Transform


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


def _recoded(transform: Transform, rng: Rng, frame: Frame, file: Format, quality: WholeSpread) -> Recode:
    return Recode(rng.whole("quality", quality), file, levels(transform, frame))


class Downscale(Transform):
    """Resize to a lower resolution and back. scale: range of the fraction of the height and width, above 0, at most 1.

    A number is a fixed one. interpolation: of the way back, "nearest" unless it is said; the way down is `Resize`'s.

    >>> Downscale(0.5, interpolation="bilinear")
    Downscale(scale=(0.5, 0.5), interpolation='bilinear')
    """

    scale: Range = Range((0.2, 0.5), "(v, v)", 0, 1, open=True)
    _: KW_ONLY
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    sentence = "Resize to {scale} of the size and back"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        scale = rng.draw("scale", self.scale, unit="times")
        low = np.maximum(np.rint(frame.size * scale[:, None]).astype(np.int64), 1)
        yield DownscaleOp(low, self.interpolation or "nearest", levels(self, frame))


class Superpixels(Transform):
    """Fill areas of like color with their mean color. segments: about how many areas, whole numbers.

    replace: range of the share of the areas that are filled, 0 to 1; a number is a fixed one. The areas are those of
    SLIC (Achanta et al., 2012) in RGB and in whole numbers, over all of the image; alpha stays.

    >>> Superpixels(200, replace=1)
    Superpixels(segments=(200, 200), replace=(1, 1))
    """

    segments: WholeRange = WholeRange((100, 400), 1, 65536)
    replace: Range = Range((0.3, 1), "(v, v)", 0, 1)
    sentence = "Fill {replace} of {segments} superpixels with their mean color"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        segments = rng.whole("segments", self.segments)
        share = rng.draw("replace", self.replace, unit="of the areas")
        side = np.sqrt(frame.size.prod(axis=1) / segments)
        grid = np.clip(np.rint(frame.size / side[:, None]).astype(np.int64), 1, frame.size)
        yield SuperpixelsOp(grid, share, rng.key("areas"), levels(self, frame))


class Dither(Transform):
    """Round to a few levels, up or down in a pattern that keeps the mean. levels: how many of each channel, 2 to 16.

    Ordered dithering by the 8 x 8 matrix of Bayer (1973), moved by a random number of pixels; alpha stays.

    >>> Dither(2)
    Dither(levels=(2, 2))
    """

    levels: WholeRange = WholeRange((2, 6), 2, 16)
    sentence = "Dither to {levels} levels of each channel"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        many = rng.whole("levels", self.levels)
        shift = np.stack([rng.integers("down", 8, "px"), rng.integers("right", 8, "px")], axis=1)
        yield DitherOp(many, shift, levels(self, frame))


class ChromaticAberration(Transform):
    """Scale red and blue about the center of the image, each by its own amount, as a simple lens does.

    amount: range of how much larger they become; -0.01 to 0.01 moves the corners of a photo of 640 x 480 by up to 4
    pixels; one number v is (-v, v). Green, alpha and gray images stay.

    >>> ChromaticAberration(0.02)
    ChromaticAberration(amount=(-0.02, 0.02))
    """

    amount: Range = Range(0.015, "(-v, v)", -0.5, 0.5)
    sentence = "Scale red and blue by {amount} about the center"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        if colorful(self, frame):
            spread = np.zeros((len(frame), frame.channels))
            spread[:, 0] = rng.draw("red", self.amount, unit="larger")
            spread[:, 2] = rng.draw("blue", self.amount, unit="larger")
            yield Aberration(spread)
