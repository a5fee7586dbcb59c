"""Noise: random numbers on the levels, other ones for each pixel. Alpha gets none."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from augstream.errors import MisplacedError
from augstream.plan.kinds.impulse import Impulse
from augstream.plan.kinds.noise import Distribution, Noise
from augstream.plan.op import Array, Frame, Op, repeated
from augstream.record import replace
from augstream.rng import Rng
from augstream.transforms.arguments import Flag, Number, Numbers, Range
from augstream.transforms.color import levels
from augstream.transforms.distributions import logarithm
from augstream.transforms.transform import Transform


def spread(values: Array, frame: Frame) -> Array:
    """(n, c) the same value (n,) for each channel but alpha, which has 0."""
    channels = np.repeat(values[:, None], frame.channels, axis=1)
    if frame.channels == 4:
        channels[:, 3] = 0
    return channels


def added(
    transform: Transform, rng: Rng, frame: Frame, std: Array, per_channel: bool, distribution: Distribution = "gaussian"
) -> Noise:
    """The op that adds noise of these std (n,), in fractions of the peak."""
    peak = levels(transform, frame)
    return Noise(spread(std * peak, frame), rng.key("pixels"), peak, 0.0, per_channel, distribution)


def growing(
    transform: Transform, frame: Frame, key: NDArray[np.uint64], linear: Array, square: Array, per_channel: bool
) -> Noise:
    """The op that adds Gaussian noise whose variance, in units of the peak's square, is linear * t + square * t**2.

    t: the level as a fraction of the peak.
    """
    peak = levels(transform, frame)
    growth = np.stack([spread(linear * peak, frame), spread(square, frame)], axis=1)
    return Noise(np.zeros((len(frame), frame.channels)), key, peak, 0.0, per_channel, growth=growth)


class GaussianNoise(Transform):
    """Add normally distributed noise. std: range of its standard deviation, as a fraction of the peak, 0 or more.

    A single number is a fixed std. per_channel: whether each channel has noise of its own; False is gray noise.

    >>> GaussianNoise(0.05)
    GaussianNoise(std=(0.05, 0.05), per_channel=True)
    """

    std: Range = Range((0.02, 0.1), "(v, v)", 0)
    per_channel: Flag = Flag(True)
    sentence = "Add Gaussian noise of std {std} of the peak"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield added(self, rng, frame, rng.draw("std", self.std, unit="of the peak"), self.per_channel)


class UniformNoise(Transform):
    """Add evenly distributed noise, of plus or minus sqrt(3) times its standard deviation.

    std: range of the standard deviation, as a fraction of the peak, 0 or more. per_channel: as in GaussianNoise.

    >>> UniformNoise(0.05)
    UniformNoise(std=(0.05, 0.05), per_channel=True)
    """

    std: Range = Range((0.02, 0.1), "(v, v)", 0)
    per_channel: Flag = Flag(True)
    sentence = "Add uniform noise of std {std} of the peak"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        std = rng.draw("std", self.std, unit="of the peak")
        yield added(self, rng, frame, std, self.per_channel, "uniform")


class LaplaceNoise(Transform):
    """Add noise with the two-sided exponential distribution of Laplace: most of it small, some of it large.

    std: range of the standard deviation (sqrt(2) times the distribution's scale), as a fraction of the peak, 0 or more.
    per_channel: as in GaussianNoise.

    >>> LaplaceNoise(0.05)
    LaplaceNoise(std=(0.05, 0.05), per_channel=True)
    """

    std: Range = Range((0.02, 0.1), "(v, v)", 0)
    per_channel: Flag = Flag(True)
    sentence = "Add Laplace noise of std {std} of the peak"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        std = rng.draw("std", self.std, unit="of the peak")
        yield added(self, rng, frame, std, self.per_channel, "laplace")


class ShotNoise(Transform):
    """Noise of counted light: the variance is in proportion to the level.

    photons: range of how many stand for the peak, above 0, evenly on a logarithmic scale: fewer are noisier. Counts
    follow Poisson's distribution, which from about ten on is the normal one that is drawn here: level + sqrt(level *
    peak / photons) * z. per_channel: whether each channel counts for itself.

    >>> ShotNoise(100)
    ShotNoise(photons=(100, 100), per_channel=True)
    """

    photons: Range = Range((30, 300), "(v, v)", 0, open=True)
    per_channel: Flag = Flag(True)
    sentence = "Add shot noise as of {photons} photons at the peak"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        photons = np.exp(rng.draw("photons", logarithm(self.photons), unit="as logarithm"))
        yield growing(self, frame, rng.key("pixels"), 1 / photons, np.zeros(len(rng)), self.per_channel)


class SpeckleNoise(Transform):
    """Multiply each level by a random number about 1, as radar and ultrasound images have it: level * (1 + std * z).

    std: range of that number's standard deviation, 0 or more. per_channel: as in GaussianNoise.

    >>> SpeckleNoise(0.2)
    SpeckleNoise(std=(0.2, 0.2), per_channel=True)
    """

    std: Range = Range((0.05, 0.3), "(v, v)", 0)
    per_channel: Flag = Flag(True)
    sentence = "Multiply each level by noise of std {std} about 1"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        std = rng.draw("std", self.std, unit="of the level")
        yield growing(self, frame, rng.key("pixels"), np.zeros(len(rng)), std**2, self.per_channel)


class ISONoise(Transform):
    """Noise of a camera at a high ISO setting: shot noise in the brightness, and noise of its own in each channel.

    brightness: range of the standard deviation at the peak of what all channels share, which falls with the root of the
    level. color: range of that of what each channel has for itself. Both are fractions of the peak, 0 or more.

    >>> ISONoise(0.1)
    ISONoise(brightness=(0.1, 0.1), color=(0.02, 0.06))
    """

    brightness: Range = Range((0.04, 0.15), "(v, v)", 0)
    color: Range = Range((0.02, 0.06), "(v, v)", 0)
    sentence = "Add camera noise, {brightness} of the peak in the brightness and {color} in the colors"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        shared = rng.draw("brightness", self.brightness, unit="of the peak")
        own = rng.draw("color", self.color, unit="of the peak")
        zeros = np.zeros(len(rng))
        yield growing(self, frame, rng.key("brightness pixels"), shared**2, zeros, False)
        yield growing(self, frame, rng.key("color pixels"), own**2, zeros, True)


class FilmGrain(Transform):
    """The grain of film: clumps of a few pixels, strongest in the middle tones and absent from black and white.

    std: range of its standard deviation at the middle, as a fraction of the peak, 0 or more. size: range of the
    distance of the grains in pixels, 1 or more. The variance is 4 * std**2 * t * (1 - t) at the level t, as a fraction
    of the peak. per_channel: whether the grain is colored.

    >>> FilmGrain(0.1)
    FilmGrain(std=(0.1, 0.1), size=(1.2, 2.5), per_channel=False)
    """

    std: Range = Range((0.03, 0.12), "(v, v)", 0)
    size: Range = Range((1.2, 2.5), "(v, v)", 1)
    per_channel: Flag = Flag(False)
    sentence = "Add film grain of std {std} of the peak, {size} pixels large"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        most = 4 * rng.draw("std", self.std, unit="of the peak") ** 2
        grain = rng.draw("size", self.size, unit="px")
        yield replace(growing(self, frame, rng.key("pixels"), most, -most, self.per_channel), grain=grain)


class SaltAndPepper(Transform):
    """Make some pixels white or black, as dead cells of a sensor do (impulse noise).

    amount: range of the share of pixels, within 0 and 1. salt: how many of these are white. per_channel: whether each
    channel is hit for itself, which makes colored dots.

    >>> SaltAndPepper(0.05)
    SaltAndPepper(amount=(0.05, 0.05), salt=0.5, per_channel=False)
    """

    amount: Range = Range((0.01, 0.06), "(v, v)", 0, 1)
    salt: Number = Number(0.5, 0, 1)
    per_channel: Flag = Flag(False)
    sentence = "Make {amount} of the pixels white or black"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        peak, c = levels(self, frame), frame.channels
        amount = rng.draw("amount", self.amount, unit="of the pixels")
        chance = amount[:, None] * np.array([1 - self.salt, self.salt])
        fill = repeated(((0.0,) * c, (peak,) * c), len(rng))
        yield Impulse(chance, fill, rng.key("pixels"), 3 if c == 4 else c, self.per_channel)


class PixelDropout(Transform):
    """Drop pixels: replace some of them, each by chance.

    amount: range of the share of pixels, within 0 and 1. fill: the levels they get, one for all channels or one for
    each. per_channel: whether each channel is dropped for itself. Masks stay as they are.

    >>> PixelDropout(0.1)
    PixelDropout(amount=(0.1, 0.1), fill=(0,), per_channel=False)
    """

    amount: Range = Range((0.01, 0.2), "(v, v)", 0, 1)
    fill: Numbers = Numbers(0.0)
    per_channel: Flag = Flag(False)
    sentence = "Replace {amount} of the pixels by {fill}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        c = frame.channels
        amount = rng.draw("amount", self.amount, unit="of the pixels")
        level = constant(self, self.fill, frame)
        chance = np.stack([amount, np.zeros(len(rng))], axis=1)
        yield Impulse(
            chance, repeated((level, level), len(rng)), rng.key("pixels"), 3 if c == 4 else c, self.per_channel
        )


def constant(transform: Transform, fill: tuple[float, ...], frame: Frame) -> tuple[float, ...]:
    """A fill's level for each channel."""
    if len(fill) not in (1, frame.channels):
        name = f"{type(transform).__name__}.fill"
        fact = f"{name} has {len(fill)} numbers and the images {frame.channels} channels"
        raise MisplacedError(fact, "Give one number, or one for each channel.")
    return fill if len(fill) == frame.channels else fill * frame.channels
