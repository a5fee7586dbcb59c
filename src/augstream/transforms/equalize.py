"""Levels that are spread out by what the image at hand has of them."""

from collections.abc import Iterator

import numpy as np

from augstream.plan.kinds.clahe import Clahe
from augstream.plan.op import Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Integer, Range
from augstream.transforms.color import colorful, levels, statistic
from augstream.transforms.transform import Transform


class Equalize(Transform):
    """Make the histogram of each channel flat, as Pillow and torchvision do. Alpha stays.

    It needs all of the image before it, and merges with nothing before it. Histograms have 256 bins whatever the dtype.

    >>> Equalize(p=0.5)
    Equalize(p=0.5)
    """

    sentence = "Equalize the histogram of each channel"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield statistic(self, frame, "equalize")


class AutoContrast(Transform):
    """Stretch each channel so that its darkest level becomes black and its brightest the peak, as Pillow does.

    cutoff: range of the share of the pixels that is passed over at each end, 0 to below 0.5; one number is a fixed one.
    It needs all of the image before it. Histograms have 256 bins whatever the dtype. Alpha stays.

    >>> AutoContrast(0)
    AutoContrast(cutoff=(0, 0))
    """

    cutoff: Range = Range((0, 0.05), "(v, v)", 0, 0.49)
    sentence = "Stretch each channel to all levels, without {cutoff} of the pixels at each end"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        cutoff = rng.draw("cutoff", self.cutoff, unit="of the pixels")
        yield statistic(self, frame, "stretch", (cutoff, cutoff))


class CLAHE(Transform):
    """Equalize the luma tile by tile with limited contrast (Zuiderveld, 1994), as OpenCV does; the chroma stays.

    clip: range of how many times the mean count of a level its count may be, above 0; one number is a fixed one. tiles:
    how many there are on each side. It needs all of the image before it. Alpha stays.

    >>> CLAHE(2)
    CLAHE(clip=(2, 2), tiles=8)
    """

    clip: Range = Range((1, 4), "(v, v)", 0, open=True)
    tiles: Integer = Integer(8, 1, 64)
    sentence = "Equalize the luma of {tiles} x {tiles} tiles, counts clipped at {clip} times the mean"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        colorful(self, frame)
        clip = rng.draw("clip", self.clip, unit="times the mean")
        yield Clahe(clip, self.tiles, levels(self, frame), np.ones(len(frame), bool))
