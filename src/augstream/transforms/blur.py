"""Blur and sharpness."""

from collections.abc import Iterator
from dataclasses import KW_ONLY

import augstream._core as _core
from augstream.plan.kinds.filter import Filter
from augstream.plan.op import Frame, Op
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
        kernel, reach = _core.gaussians(sigma)
        yield Filter(kernel, kernel, reach, *self.edge(frame))
