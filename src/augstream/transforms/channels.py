"""Channels that change apart: shifted, exchanged, dropped, tinted."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from augstream.decode.sample import GRAY_WEIGHTS
from augstream.plan.kinds.color import Color
from augstream.plan.op import Array, Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Number, Range, WholeRange
from augstream.transforms.color import color, colorful, full_range, levels
from augstream.transforms.jitter import permutation
from augstream.transforms.transform import Transform

# Microsoft's, as everybody has them: red, green and blue of old brown prints.
SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
# Of the RGB levels of ImageNet, as fractions of the peak.
EIGENVALUES = np.array([0.2175, 0.0188, 0.0045])
EIGENVECTORS = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
TO_SRGB = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
)
NEUTRAL = 6500.0  # kelvin


def colors_of(frame: Frame) -> int:
    """How many channels are colors: alpha is none."""
    return 3 if frame.channels == 4 else frame.channels


def mapped(transform: Transform, frame: Frame, matrix: Array) -> Color:
    """The op of maps (n, k, k) or (n, k, k + 1) of the colors; alpha stays."""
    n, c, k = len(frame), frame.channels, matrix.shape[1]
    whole = np.zeros((n, c, c + 1))
    whole[:, range(k, c), range(k, c)] = 1
    whole[:, :k, :k] = matrix[:, :, :k]
    if matrix.shape[2] > k:
        whole[:, :k, -1] = matrix[:, :, k]
    return Color(whole, full_range(levels(transform, frame), c, n))


class ChannelShift(Transform):
    """Add to each channel its own amount. amount: range of fractions of the peak; one number v is (-v, v).

    >>> ChannelShift(0.1)
    ChannelShift(amount=(-0.1, 0.1))
    """

    amount: Range = Range(0.1)
    sentence = "Add {amount} of the peak to each channel"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        amount = rng.draw("amount", self.amount, k=colors_of(frame), unit="of the peak")
        yield color(self, frame, 1.0, amount)


class ChannelShuffle(Transform):
    """Exchange the channels at random; all orders are as likely, that of the image among them. Alpha stays.

    >>> ChannelShuffle(p=0.5)
    ChannelShuffle(p=0.5)
    """

    sentence = "Exchange the channels"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        k = colors_of(frame)
        if k > 1:
            order = permutation(rng.order("order", k), frame.channels)
            yield Color(order, full_range(levels(self, frame), frame.channels, len(frame)))


class ChannelDropout(Transform):
    """Set some channels to one level. count: how many, both ends included, but never all of them. Alpha stays.

    fill: the level, as a fraction of the peak. Gray images have no channel to spare and stay as they are.

    >>> ChannelDropout((1, 2))
    ChannelDropout(count=(1, 2), fill=0)
    """

    count: WholeRange = WholeRange((1, 1), 1)
    fill: Number = Number(0.0, 0, 1)
    sentence = "Set {count} of the channels to {fill} of the peak"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        k, peak = colors_of(frame), levels(self, frame)
        if k == 1:
            return
        many = np.minimum(rng.whole("count", self.count, unit="channels"), k - 1)
        gone = rng.order("order", k) < many[:, None]
        matrix = np.zeros((len(frame), k, k + 1))
        matrix[:, range(k), range(k)] = ~gone
        matrix[:, :, -1] = gone * (self.fill * peak)
        yield mapped(self, frame, matrix)


class Sepia(Transform):
    """Turn the colors to the brown of old prints. strength: range of how far, from 0, not at all, to 1.

    The matrix is the one that Microsoft gave as an example and all libraries have.

    >>> Sepia(1)
    Sepia(strength=(1, 1))
    """

    strength: Range = Range((0.5, 1), "(v, v)", 0, 1)
    sentence = "Turn {strength} of the way to sepia"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        if colorful(self, frame):
            strength = rng.draw("strength", self.strength, unit="of the way")[:, None, None]
            yield mapped(self, frame, np.eye(3) + strength * (SEPIA - np.eye(3)))


class ColorTemperature(Transform):
    """Show the image as under the light of a black body of another temperature. kelvin: range of it, 1,700 to 25,000.

    6,500 changes nothing, less is warmer, more is colder; white keeps its luma. The chromaticity of Planck's light is
    the cubic approximation of Kim et al., "Design of advanced color temperature control system for HDTV applications"
    (2002). The ratio of linear sRGB to that of 6,500 K is a gain for each channel, taken to the power 1 / 2.2 as levels
    are.

    >>> ColorTemperature((4000, 10000))
    ColorTemperature(kelvin=(4000, 10000))
    """

    kelvin: Range = Range((4000, 11000), "(v, v)", 1700, 25000)
    sentence = "Show under the light of a black body of {kelvin} kelvin"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        if colorful(self, frame):
            gain = light(rng.draw("kelvin", self.kelvin, unit="K"))
            yield mapped(self, frame, gain[:, :, None] * np.eye(3))


def light(kelvin: Array) -> Array:
    """(n, 3) gains of the levels of red, green and blue under a black body's light; of luma 1."""
    gain = (_linear(kelvin) / _linear(np.array([NEUTRAL]))) ** (1 / 2.2)
    balanced: Array = gain / dot(gain, [GRAY_WEIGHTS])
    return balanced


def dot(rows: Array, matrix: Any) -> Array:
    """(n, m) rows (n, k) times each of the rows (m, k) of a matrix.

    Not by BLAS, whose last bit depends on how many rows there are.
    """
    product: Array = (rows[:, None, :] * np.asarray(matrix)).sum(axis=2)
    return product


def _linear(kelvin: Array) -> Array:
    """(n, 3) linear sRGB of a black body's light, of luminance 1; what lies outside of sRGB is 0."""
    t = 1e3 / kelvin
    x = np.where(
        kelvin <= 4000,
        np.polyval((-0.2661239, -0.2343589, 0.8776956, 0.179910), t),
        np.polyval((-3.0258469, 2.1070379, 0.2226347, 0.240390), t),
    )
    y = np.select(
        [kelvin <= 2222, kelvin <= 4000],
        [
            np.polyval((-1.1063814, -1.34811020, 2.18555832, -0.20219683), x),
            np.polyval((-0.9549476, -1.37418593, 2.09137015, -0.16748867), x),
        ],
        np.polyval((3.0817580, -5.87338670, 3.75112997, -0.37001483), x),
    )
    return np.maximum(dot(np.stack([x / y, np.ones_like(x), (1 - x - y) / y], axis=1), TO_SRGB), 0)


class FancyPCA(Transform):
    """Add the principal colors of ImageNet in random amounts (AlexNet: Krizhevsky et al., 2012).

    std: range of the standard deviation of the three amounts, which are normal and multiply the eigenvalues; 0.1 is
    AlexNet's. Eigenvalues and eigenvectors are the ones for ImageNet's photos that fb.resnet.torch made common.

    >>> FancyPCA(0.1)
    FancyPCA(std=(0.1, 0.1))
    """

    std: Range = Range((0.1, 0.5), "(v, v)", 0)
    sentence = "Add ImageNet's principal colors, std {std}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        if colorful(self, frame):
            std = rng.draw("std", self.std)
            amounts: list[Any] = [rng.normal(f"color {k}") for k in range(3)]
            amount = std[:, None] * np.stack(amounts, axis=1) * EIGENVALUES
            yield color(self, frame, 1.0, dot(amount, EIGENVECTORS))
