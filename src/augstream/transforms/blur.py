"""Blur and sharpness."""

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY

import numpy as np

from augstream.plan.kinds import Filter
from augstream.plan.op import Array, Frame, Op, Rows
from augstream.rng import Rng
from augstream.transforms.arguments import Range
from augstream.transforms.transform import Edged


class GaussianBlur(Edged):
    """Blur with a Gaussian. sigma: range of its standard deviation in pixels, 0 or more; one number is a fixed one.

    The kernel is cut off at three sigmas, as OpenCV's is for uint8. Outside of the image its edge goes on unless
    `border` says otherwise; that of the Compose is for what moves images.

    >>> GaussianBlur(2)
    GaussianBlur(sigma=(2, 2))
    """

    sigma: Range = Range((0.1, 2), "(v, v)", 0)
    _: KW_ONLY
    sentence = "Blur by a Gaussian of sigma {sigma}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        sigma = rng.draw("sigma", self.sigma, unit="px")
        reach = np.where(sigma > 0, np.ceil(3 * sigma), 0).astype(np.int64)
        kernel = gaussian(sigma, reach)
        border, fill = self.edge(frame)
        yield Filter(kernel, kernel, np.stack([reach, reach], axis=1), border, fill)


def gaussian(sigma: Array, reach: Rows) -> Array:
    """(n, 2 r + 1) kernels that are zero beyond their own reach, r the largest of them; their sums are 1."""
    most = int(reach.max(initial=0))
    place = np.arange(-most, most + 1)
    inside = np.abs(place) <= reach[:, None]
    steep = 0.5 / np.maximum(sigma, math.ulp(1.0))[:, None] ** 2
    kernel = np.where(inside, np.exp(-steep * place**2), 0.0)
    # Added one after the other: NumPy's own sum goes by the row's length, which is that of the batch's longest kernel.
    normalized: Array = kernel / kernel.cumsum(axis=1)[:, -1:]
    return normalized
