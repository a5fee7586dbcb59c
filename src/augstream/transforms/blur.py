"""Blurs."""

from collections.abc import Iterator
from dataclasses import KW_ONLY

import numpy as np

import augstream._core as _core
from augstream.plan.kinds.filter import Filter
from augstream.plan.kinds.kernel import Kernel
from augstream.plan.kinds.radial import Radial
from augstream.plan.kinds.rank import MOST, Rank
from augstream.plan.op import Array, Frame, Op, Rows
from augstream.rng import Rng
from augstream.transforms.arguments import OddRange, Range, WholeRange, WholeSpread
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


class BoxBlur(Edged):
    """Blur by the mean of a square around each pixel. size: range of its side in pixels, whole numbers.

    An even side ends in the middle of a pixel on both sides, which then count half, so that the image does not move;
    an odd one is OpenCV's `blur`.

    >>> BoxBlur(5)
    BoxBlur(size=(5, 5))
    """

    size: WholeRange = WholeRange((3, 7), 1, 9999)
    _: KW_ONLY
    sentence = "Blur by the mean of {size} pixels square"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        size = rng.whole("size", self.size, unit="px")
        reach = size // 2
        away = np.abs(steps(reach))
        box = np.clip(size[:, None] / 2 + 0.5 - away, 0, 1) / size[:, None]
        yield Filter(box, box, np.stack([reach, reach], axis=1), *self.edge(frame))


class MedianBlur(Edged):
    """Put in place of each level the median of a square around it, channel by channel, as OpenCV does.

    size: range of the square's side in pixels, odd; even numbers of the range are left out. Up to 5 is fast.

    >>> MedianBlur((3, 5))
    MedianBlur(size=(3, 5))
    """

    size: OddRange = OddRange((3, 7), 1, 2 * MOST + 1)
    _: KW_ONLY
    sentence = "Take the median of {size} pixels square"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        reach = odd(rng, self.size) // 2
        yield Rank("middle", np.stack([reach, reach], axis=1), *self.edge(frame))


class MotionBlur(Edged):
    """Blur along a straight line, as a camera does that moves while the shutter is open.

    length: range in pixels, 1 or more, of the way of each point. degrees: range of the line's direction; one number v
    is (-v, v), so 90 are all directions. The line's weights are anti-aliased, symmetric about the pixel, and sum to 1.

    >>> MotionBlur((5, 15), degrees=10)
    MotionBlur(length=(5, 15), degrees=(-10, 10))
    """

    length: Range = Range((3, 15), "(v, v)", 1, 2000)
    degrees: Range = Range(90)
    _: KW_ONLY
    sentence = "Blur along a line of {length} pixels at {degrees} degrees"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        length = rng.draw("length", self.length, unit="px")
        angle = np.deg2rad(rng.draw("angle", self.degrees, unit="degrees"))[:, None, None]
        half = length[:, None, None] / 2
        reach = np.ceil(length / 2 - 0.5).astype(np.int64)
        away = steps(reach)
        x, y = away[None, None, :], -away[None, :, None]
        along, beside = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        line = np.clip(half + 0.5 - np.abs(along), 0, 1) * np.maximum(1 - np.abs(beside), 0)
        yield convolution(line, reach, self, frame)


class Defocus(Edged):
    """Blur as a lens does that is out of focus: each point becomes a disc, anti-aliased at its rim.

    radius: range in pixels, 0 or more; one number is a fixed one.

    >>> Defocus(3)
    Defocus(radius=(3, 3))
    """

    radius: Range = Range((1, 5), "(v, v)", 0, 500)
    _: KW_ONLY
    sentence = "Blur by discs of {radius} pixels radius"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        radius = rng.draw("radius", self.radius, unit="px")
        reach = np.ceil(np.maximum(radius - 0.5, 0)).astype(np.int64)
        disc = np.clip(radius[:, None, None] + 0.5 - distance(reach), 0, 1)
        disc[:, disc.shape[1] // 2, disc.shape[2] // 2] = 1
        yield convolution(disc, reach, self, frame)


class ZoomBlur(Edged):
    """Blur away from the center, as a lens does that is zoomed while the shutter is open.

    factor: range of how much larger the image is at the end than at the beginning; one number is a fixed one. Points
    do not move on average: the image stands for the middle of the zoom.

    >>> ZoomBlur(1.1)
    ZoomBlur(factor=(1.1, 1.1))
    """

    factor: Range = Range((1.02, 1.15), "(v, v)", 1, 4)
    _: KW_ONLY
    sentence = "Blur by zooming by {factor}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield Radial(rng.draw("factor", self.factor, unit="times"), *self.edge(frame))


def odd(rng: Rng, size: WholeSpread) -> Rows:
    """An odd number of the range for each image."""
    if not isinstance(size, tuple):
        return rng.whole("size", size, unit="px") // 2 * 2 + 1
    low, high = size
    half = low // 2
    return 2 * rng.integers("half", high // 2 - half + 1, low=half, unit="px on each side") + 1


def steps(reach: Rows) -> Array:
    """The places -r, ..., r of weights, r being the largest reach."""
    most = int(reach.max(initial=0))
    return np.arange(-most, most + 1.0)


def distance(reach: Rows) -> Array:
    """(2 r + 1, 2 r + 1) the distance from the middle of a kernel, r being the largest reach."""
    away = steps(reach)
    apart: Array = np.sqrt(away[:, None] ** 2 + away**2)
    return apart


def convolution(weights: Array, reach: Rows, transform: Edged, frame: Frame) -> Kernel:
    """The op with the weights (n, k, k) divided by their sums; reach: (n,)."""
    # Cumulative sums add in one order, so that the zeros of a wider kernel in the batch change nothing.
    total = np.cumsum(np.cumsum(weights, axis=2)[:, :, -1], axis=1)[:, -1, None, None]
    return Kernel(weights / total, np.stack([reach, reach], axis=1), *transform.edge(frame))
