"""Colors that are taken from reference pictures."""

import base64
from collections.abc import Iterator, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.decode.sample import GRAY_WEIGHTS
from augstream.plan.kinds.spectrum import Spectrum
from augstream.plan.op import Array, Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Argument, Range
from augstream.transforms.color import colorful, levels, statistic
from augstream.transforms.limits import UnfitError
from augstream.transforms.transform import Transform

PEAK = 255.0


class Pictures(Argument[Sequence[Any], tuple[str, ...]]):
    """A list of arrays (h, w) or (h, w, 3) of uint8. Each is kept as the text of a PNG file, in base64, so that the
    transform still can be printed, stored and compared; what is kept is also accepted.
    """

    def accept(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, str | np.ndarray) or not isinstance(value, Sequence) or not len(value):
            raise UnfitError("a list of arrays (h, w) or (h, w, 3) of uint8", "Wrap a single picture in a list.")
        return tuple([one if _readable(one) else _written(one) for one in value])

    def english(self, value: Any) -> str:
        return f"{len(value)} picture{'s' * (len(value) != 1)}"

    def written(self, name: str, value: Any) -> str:
        return f"{name}={list(value)!r}"


def _readable(picture: Any) -> bool:
    try:
        return isinstance(picture, str) and read(picture).ndim in (2, 3)
    except (ValueError, OSError):
        return False


def _written(picture: Any) -> str:
    right = isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and picture.size > 0
    if not (right and (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] in (1, 3)))):
        raise UnfitError("a list of arrays (h, w) or (h, w, 3) of uint8")
    from PIL import Image

    file = BytesIO()
    Image.fromarray(picture[:, :, 0] if picture.shape[2:] == (1,) else picture).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def read(text: str) -> NDArray[np.uint8]:
    """The picture that `Pictures` keeps, (h, w) or (h, w, 3)."""
    from PIL import Image

    with Image.open(BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",)) as image:
        return np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))


@lru_cache(maxsize=64)
def colored(text: str, colors: int) -> NDArray[np.uint8]:
    """(h, w, 1 or 3) a reference as gray or as RGB."""
    picture = read(text)
    if picture.ndim == 2:
        return np.repeat(picture[:, :, None], colors, axis=2)
    return picture if colors == 3 else np.rint(picture @ GRAY_WEIGHTS).astype(np.uint8)[:, :, None]


@lru_cache(maxsize=64)
def shares(text: str, colors: int) -> Array:
    """(colors, 256) the share of the pixels up to each level."""
    channels = np.moveaxis(colored(text, colors), 2, 0)
    counts = np.stack([np.bincount(channel.ravel(), minlength=256) for channel in channels])
    share: Array = np.cumsum(counts, axis=1) / channels[0].size
    return share


@lru_cache(maxsize=64)
def amplitudes(text: str, colors: int, k: int) -> Array:
    """(colors, 2 k + 1, k + 1) per pixel, as a Spectrum has them; 0 where the picture is too small for a frequency."""
    picture = colored(text, colors)
    height, width, _ = picture.shape
    spectrum = np.abs(np.fft.rfft2(picture, axes=(0, 1))) / (height * width)
    out = np.zeros((colors, 2 * k + 1, k + 1))
    down, along = min(k, (height - 1) // 2), min(k, (width - 1) // 2)
    here = spectrum[np.arange(-down, down + 1), : along + 1]
    out[:, k - down : k + down + 1, : along + 1] = np.moveaxis(here, 2, 0)
    return out


def each_image(which: NDArray[np.int64], of: list[Array], frame: Frame, rest: float) -> Array:
    """(n, c, ...) what the images' references have; alpha gets `rest`, which nobody looks at."""
    chosen = np.stack(of)[which]
    if chosen.shape[1] == frame.channels:
        return chosen
    return np.concatenate([chosen, np.full_like(chosen[:, :1], rest)], axis=1)


class HistogramMatching(Transform):
    """Give each channel the histogram that it has in a reference picture, one of several for each image.

    references: arrays (h, w) or (h, w, 3) of uint8. strength: range of how far, from 0, not at all, to 1; as
    scikit-image's `match_histograms` there. It needs all of the image before it. Alpha stays.

    >>> HistogramMatching([np.zeros((2, 2), np.uint8)], 1).strength
    (1.0, 1.0)
    """

    references: Pictures = Pictures()
    strength: Range = Range((0.5, 1), "(v, v)", 0, 1)
    sentence = "Match the histograms with those of one of {references}, {strength} of the way"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        which = rng.integers("reference", len(self.references), unit="of the references")
        strength = rng.draw("strength", self.strength, unit="of the way")
        colors = 3 if colorful(self, frame) else 1
        target = each_image(which, [shares(text, colors) for text in self.references], frame, 1.0)
        yield statistic(self, frame, "match", strength, target)


class FDA(Transform):
    """Give the low frequencies the amplitudes of a reference picture (Fourier domain adaptation: Yang & Soatto, 2020).

    references: arrays (h, w) or (h, w, 3) of uint8, one of which is drawn for each image. beta: range of how many
    frequencies, as a fraction of the shorter side: all up to it on both axes, 0 and so the mean always among them.
    The paper resizes the reference to the image; here its own coefficients are read, which are the same but for what
    resampling changes. Phases stay, and so does alpha.

    >>> FDA([np.zeros((2, 2), np.uint8)], 0.01).beta
    (0.01, 0.01)
    """

    references: Pictures = Pictures()
    beta: Range = Range((0, 0.02), "(v, v)", 0, 0.5)
    sentence = "Give frequencies up to {beta} of the side the amplitudes of one of {references}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        which = rng.integers("reference", len(self.references), unit="of the references")
        beta = rng.draw("beta", self.beta, unit="of the shorter side")
        side = frame.size.min(axis=1)
        reach = np.minimum((beta * side).astype(np.int64), (side - 1) // 2)
        k, peak = int(reach.max(initial=0)), levels(self, frame)
        colors = 3 if colorful(self, frame) else 1
        amplitude = each_image(which, [amplitudes(text, colors, k) for text in self.references], frame, 0.0)
        yield Spectrum(amplitude * (peak / PEAK), reach, peak)
