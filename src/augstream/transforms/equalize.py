"""Levels that are spread out by what the image at hand has of them."""

from collections.abc import Iterator

from augstream.plan.op import Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Range
from augstream.transforms.color import statistic
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
