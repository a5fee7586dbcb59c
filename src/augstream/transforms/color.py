"""Brightness, contrast, saturation, hue: one affine map of a pixel's channels each, so that neighbors merge into one.

1 channel is gray, 3 are RGB, 4 are RGB and alpha, which is never touched. Luma is that of ITU-R BT.601.
"""

from collections.abc import Iterator
from dataclasses import KW_ONLY
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np

import augstream._core as _core
from augstream.decode.sample import GRAY_WEIGHTS
from augstream.errors import MisplacedError
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.statistic import Statistic, What
from augstream.plan.op import Array, Frame, Op, repeated
from augstream.rng import Rng
from augstream.transforms.arguments import Number, Range, Word
from augstream.transforms.transform import Transform

About: TypeAlias = Literal["middle", "mean"]
ABOUT: tuple[About, ...] = ("middle", "mean")
LUMA = np.tile(GRAY_WEIGHTS, (3, 1))


def jittered(
    transform: Transform,
    frame: Frame,
    brightness: Array | float = 1.0,
    contrast: Array | float = 1.0,
    tint: tuple[Array | float, Array | float] | tuple[None, None] = (None, None),
) -> Color:
    """The op of all four; tint: (saturation, hue) where there is color. Alpha stays."""
    n, c, peak = len(frame), frame.channels, levels(transform, frame)
    return Color(_core.jitter(n, c, peak, brightness, contrast, *tint), full_range(peak, c, n))


def color(transform: Transform, frame: Frame, gain: float, offset: Array | float) -> Color:
    """The op with a gain for all channels and an offset (n, k), or one for all, in fractions of the peak. Alpha
    stays.
    """
    n, c, peak = len(frame), frame.channels, levels(transform, frame)
    return Color(_core.color(n, c, peak, gain, offset), full_range(peak, c, n))


def statistic(
    transform: Transform,
    frame: Frame,
    what: What,
    amount: Array | tuple[Array, Array] | None = None,
    target: Array | None = None,
) -> Statistic:
    """The op that asks the image at hand; amount: a number for each image, or two. Alpha stays."""
    n, c = len(frame), frame.channels
    given = np.zeros((n, 2))
    for k, column in enumerate(amount if isinstance(amount, tuple) else (amount,)):
        if column is not None:
            given[:, k] = column
    return Statistic(what, 3 if c == 4 else c, levels(transform, frame), given, np.ones(n, bool), target)


@lru_cache(maxsize=128)
def full_range(peak: float, channels: int, n: int) -> Array:
    """(n, c, 2) the clip to all levels. It is shared."""
    return repeated(((0.0, peak),) * channels, n)


def levels(transform: Transform, frame: Frame) -> float:
    """The highest level of the images, for a transform that must know it."""
    if frame.peak is None:
        fact = f"{type(transform).__name__} works on levels, but comes after Normalize (or a Rescale with an offset)"
        raise MisplacedError(fact, "Put it before.")
    return frame.peak


def colorful(transform: Transform, frame: Frame) -> bool:
    """Whether there is a color to change: not in a gray image."""
    if frame.channels not in (1, 3, 4):
        fact = f"{type(transform).__name__} needs images of 1, 3 or 4 channels (gray, RGB, RGBA); got {frame.channels}"
        raise MisplacedError(fact, "Leave it out.")
    return frame.channels > 1


class Brightness(Transform):
    """Multiply the levels. factor: range, 0 or more; one number v is (1 - v, 1 + v).

    >>> Brightness(0.2)
    Brightness(factor=(0.8, 1.2))
    """

    factor: Range = Range(0.2, "(1 - v, 1 + v)", 0)
    sentence = "Multiply the brightness by {factor}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield jittered(self, frame, brightness=rng.draw("factor", self.factor, unit="times"))


class Contrast(Transform):
    """Bring the levels this many times as far from mid-gray. factor: range, 0 or more; one number v is (1 - v, 1 + v).

    about: "middle", half the peak whatever the image, merges with its neighbors; "mean", the mean luma of the image at
    hand, as Pillow and torchvision have it, needs all of the image before it and merges with nothing.

    >>> Contrast((0.5, 1))
    Contrast(factor=(0.5, 1))
    """

    factor: Range = Range(0.2, "(1 - v, 1 + v)", 0)
    _: KW_ONLY
    about: Word[About] = Word("middle", ABOUT)
    sentence = "Scale the contrast around the {about} by {factor}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        factor = rng.draw("factor", self.factor, unit="times")
        if self.about == "middle":
            yield jittered(self, frame, contrast=factor)
        else:
            yield statistic(self, frame, "contrast", amount=factor)

    def describe(self) -> str:
        return super().describe().replace("the middle", "mid-gray")


class Saturation(Transform):
    """Bring the colors this many times as far from gray. factor: range, 0 or more; one number v is (1 - v, 1 + v).

    >>> Saturation(0.2)
    Saturation(factor=(0.8, 1.2))
    """

    factor: Range = Range(0.2, "(1 - v, 1 + v)", 0)
    sentence = "Multiply the saturation by {factor}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        if colorful(self, frame):
            yield jittered(self, frame, tint=(rng.draw("factor", self.factor, unit="times"), 0.0))


class Hue(Transform):
    """Shift the hue around the color circle, from red towards green. turn: range of fractions of it; v is (-v, v).

    The turn is linear and keeps the luma (in YIQ), so it merges with its neighbors; turning HSV's hue does neither, and
    differs visibly in strong colors.

    >>> Hue(0.05)
    Hue(turn=(-0.05, 0.05))
    """

    turn: Range = Range(0.05, "(-v, v)", -0.5, 0.5)
    sentence = "Shift the hue by {turn} of the color circle"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        if colorful(self, frame):
            yield jittered(self, frame, tint=(1.0, rng.draw("turn", self.turn, unit="of the circle")))


class Grayscale(Transform):
    """Replace the colors by their luma, in a tenth of the images unless p says otherwise; channels stay.

    >>> Grayscale()
    Grayscale()
    """

    _: KW_ONLY
    p: Number = Number(0.1, 0, 1)  # as is usual: a network that never sees color learns none
    sentence = "Convert to gray"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        if colorful(self, frame):
            yield jittered(self, frame, tint=(0.0, 0.0))


class Invert(Transform):
    """Replace each level by the peak minus it.

    >>> Invert(p=0.5)
    Invert(p=0.5)
    """

    sentence = "Invert the levels"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield color(self, frame, -1.0, 1.0)
