"""Sharpness, and whatever else is a small kernel of weights of both signs."""

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY
from functools import cache
from typing import Any, TypeAlias

import numpy as np

import augstream._core as _core
from augstream.plan.kinds.filter import Filter
from augstream.plan.kinds.kernel import Kernel
from augstream.plan.op import Array, Frame, Op, Rows
from augstream.rng import Rng
from augstream.transforms.arguments import Argument, OddRange, Range
from augstream.transforms.blur import distance, odd
from augstream.transforms.limits import UnfitError, real, several
from augstream.transforms.transform import Edged

Weights: TypeAlias = tuple[tuple[float, ...], ...]
SELF = np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]])
# Pillow's ImageFilter.SMOOTH.
SMOOTH = np.array([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
AROUND = np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]])
# The differences of the neighbors on both sides, along and up.
ALONG = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4


class Sharpness(Edged):
    """Mix the image with a smooth one: 0 is smooth, 1 the image as it is, and more is sharper.

    factor: range, 0 or more; one number is a fixed one. It is Pillow's `ImageEnhance.Sharpness` (and so torchvision's
    and AutoAugment's), but at the image's edge, which Pillow leaves as it is.

    >>> Sharpness(2)
    Sharpness(factor=(2, 2))
    """

    factor: Range = Range((0, 4), "(v, v)", 0, 1000)
    _: KW_ONLY
    sentence = "Multiply the sharpness by {factor}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        factor = rng.draw("factor", self.factor, unit="times")[:, None, None]
        yield small(SMOOTH + factor * (SELF - SMOOTH), self, frame)


class Sharpen(Edged):
    """Add the difference of each pixel from its eight neighbors. amount: range of how many times; 0 adds nothing.

    As in albumentations and imgaug with lightness 1, where it is called alpha; the sum of the weights is 1.

    >>> Sharpen(0.3)
    Sharpen(amount=(0.3, 0.3))
    """

    amount: Range = Range((0.1, 0.4), "(v, v)", 0, 1000)
    _: KW_ONLY
    sentence = "Sharpen by {amount} times the difference from the neighbors"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        amount = rng.draw("amount", self.amount, unit="times")[:, None, None]
        yield small(SELF + amount * AROUND, self, frame)


class UnsharpMask(Edged):
    """Add to the image its difference from a blurred one, where that is large enough.

    amount: range of how many times; Pillow's percent / 100. sigma: range of the Gaussian's standard deviation in
    pixels; Pillow's radius. threshold: range of fractions of the peak up to which differences, as those of noise, add
    nothing; from twice as much on they add all, and a part in between, where Pillow has a step.

    >>> UnsharpMask(1.5, sigma=2, threshold=0.01)
    UnsharpMask(amount=(1.5, 1.5), sigma=(2, 2), threshold=(0.01, 0.01))
    """

    amount: Range = Range((0.5, 2), "(v, v)", 0, 1000)
    sigma: Range = Range((0.5, 3), "(v, v)", 0)
    threshold: Range = Range((0, 0.02), "(v, v)", 0, 1)
    _: KW_ONLY
    sentence = "Sharpen by {amount} times the difference from a blur of sigma {sigma}, where it is above {threshold}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        amount = rng.draw("amount", self.amount, unit="times")
        kernel, reach = _core.gaussians(rng.draw("sigma", self.sigma, unit="px"))
        threshold = rng.draw("threshold", self.threshold, unit="of the peak") * (frame.peak or 1.0)
        mask = np.stack([amount, threshold, np.full(len(amount), frame.peak or 0.0)], axis=1)
        yield Filter(kernel, kernel, reach, *self.edge(frame), mask)


class Emboss(Edged):
    """Light the image from the side, as if its levels were heights.

    strength: range of how many times the slope is added to the image, a slope being the difference of the neighbors on
    both sides. degrees: range of where the light comes from; one number v is (-v, v), so 180 are all directions.

    >>> Emboss(1, degrees=(45, 45))
    Emboss(strength=(1, 1), degrees=(45, 45))
    """

    strength: Range = Range((0.5, 2), "(v, v)", 0, 1000)
    degrees: Range = Range(180)
    _: KW_ONLY
    sentence = "Emboss {strength} times, lit from {degrees} degrees"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        strength = rng.draw("strength", self.strength, unit="times")[:, None, None]
        angle = np.deg2rad(rng.draw("angle", self.degrees, unit="degrees"))[:, None, None]
        # What rises away from the light faces it: where it is darker on the light's side.
        slope = np.cos(angle) * ALONG - np.sin(angle) * ALONG.T
        yield small(SELF - strength * slope, self, frame)


class Ringing(Edged):
    """Cut the high frequencies off sharply, so that edges ring, as after resizing and coding by others.

    cutoff: range of where, as a fraction of the highest frequency. size: range of the kernel's side in pixels, odd. The
    kernel is the sinc filter of Real-ESRGAN (Wang et al., 2021), the same in all directions.

    >>> Ringing(0.5)
    Ringing(cutoff=(0.5, 0.5), size=(7, 21))
    """

    cutoff: Range = Range((0.33, 1), "(v, v)", 0, 1, open=True)
    size: OddRange = OddRange((7, 21), 3, 63)
    _: KW_ONLY
    sentence = "Cut the frequencies above {cutoff} of the highest off by a kernel of {size} pixels"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        cutoff = np.pi * rng.draw("cutoff", self.cutoff, unit="of the highest frequency")[:, None, None]
        reach = odd(rng, self.size) // 2
        away = distance(reach)
        with np.errstate(divide="ignore", invalid="ignore"):
            sinc = cutoff * bessel(cutoff * away) / (2 * np.pi * away)
        middle = len(away) // 2
        sinc[:, middle, middle] = cutoff[:, 0, 0] ** 2 / (4 * np.pi)
        far = np.abs(np.arange(len(away)) - middle) > reach[:, None]
        sinc[far[:, :, None] | far[:, None, :]] = 0
        total = np.cumsum(np.cumsum(sinc, axis=2)[:, :, -1], axis=1)[:, -1, None, None]
        yield kernel(sinc / total, reach, self, frame)


class Rectangle(Argument[Sequence[Sequence[float]], Weights]):
    """Rows of numbers, as many in each, both odd."""

    def accept(self, value: Any) -> Weights:
        try:
            rows = tuple(tuple(real(number) for number in several(row)) for row in several(value))
        except UnfitError:
            rows = ()
        if len(rows) % 2 == 0 or len({len(row) for row in rows}) != 1 or len(rows[0]) % 2 == 0:
            raise UnfitError("an odd number of rows of as many numbers each, an odd number too")
        return rows

    def store(self, value: Any) -> Any:
        return [list(row) for row in value]

    def english(self, value: Any) -> str:
        return f"{len(value)} x {len(value[0])} weights"


class Convolve(Edged):
    """Convolve the image with a kernel of your own: each level becomes the weighted sum of those around it.

    kernel: rows of weights, an odd number of an odd number; the middle one is for the pixel itself, those above and
    left of it for what is above and left (not mirrored, as in OpenCV's filter2D). Weights whose sum is 1 keep the
    brightness. amount: range of the share of the result; the rest is the image as it was.

    >>> Convolve([[0, 1, 0], [1, -4, 1], [0, 1, 0]], amount=0.5)
    Convolve(kernel=((0, 1, 0), (1, -4, 1), (0, 1, 0)), amount=(0.5, 0.5))
    """

    kernel: Rectangle = Rectangle(((0, -1, 0), (-1, 5, -1), (0, -1, 0)))
    amount: Range = Range((0.5, 1), "(v, v)", 0, 1)
    _: KW_ONLY
    sentence = "Convolve with {kernel}, {amount} of it"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        amount = rng.draw("amount", self.amount)[:, None, None]
        weights = np.array(self.kernel)
        own = np.zeros_like(weights)
        own[len(own) // 2, own.shape[1] // 2] = 1
        reach = np.array([weights.shape]).repeat(len(amount), axis=0) // 2
        yield Kernel(own + amount * (weights - own), reach, *self.edge(frame), frame.peak)


def kernel(weights: Array, reach: Rows, transform: Edged, frame: Frame) -> Kernel:
    """The op with these weights (n, k, k), whose result is clipped to the levels; reach: (n,)."""
    return Kernel(weights, np.stack([reach, reach], axis=1), *transform.edge(frame), frame.peak)


def small(weights: Array, transform: Edged, frame: Frame) -> Kernel:
    """The same for weights (n, 3, 3)."""
    return kernel(weights, np.ones(len(weights), np.int64), transform, frame)


@cache
def _table() -> tuple[Array, Array]:
    """The Bessel function of the first kind and order 1, by its integral."""
    x, t = np.linspace(0, 140, 1 << 14), (np.arange(128) + 0.5) * np.pi / 128
    return x, np.cos(t - x[:, None] * np.sin(t)).mean(axis=1)


def bessel(x: Array) -> Array:
    """J1 of numbers up to 140, to 1e-5."""
    made: Array = np.interp(x, *_table())
    return made
