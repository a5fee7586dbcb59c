"""What is kept of an image for comparing it with others: 318 bytes, made of a 32 x 32 thumbnail.

A fingerprint stays nearly the same when an image is saved again in another quality, size, shape or format, or made a
little brighter. It changes when the image is cropped, turned or mirrored.
"""

from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.decode.sample import GRAY_WEIGHTS

SIDE = 32
"""Of the thumbnails, (n, SIDE, SIDE, 3)."""
BITS = 192
FLAT = 2.0
"""Images whose gray levels deviate less than this from their mean show nothing that could be compared."""
GRAY = 2
"""Levels between the color channels of a gray image, which come from rounding."""
NEAR = 0.15
"""Images at most this far apart are taken for the same. Copies saved again are closer than 0.05, photos of different
flowers farther than 0.3; of 1797 handwritten digits, 8 x 8 pixels each, 7 pairs are this near."""

_Floats: TypeAlias = NDArray[np.float32]
_GRAY = np.array(GRAY_WEIGHTS, np.float32)
# Noise of a level or so is no structure, however much a faint image is amplified.
_NOISE = 1.0
_MAX_GAIN = 1.6
_MAX_SHIFT = 48.0
_MAX_CHROMA = 12.0
# Where only a few of the 256 places stand out, as in the mask of one cell, two images look alike by chance.
_PLACES = 64


def _frequencies() -> tuple[_Floats, NDArray[np.int64]]:
    """The first 16 cosines, (16, SIDE), and the places of the BITS lowest of their products, without the constant."""
    k = np.arange(16)
    cosines = np.cos(np.pi * k[:, None] * (2 * np.arange(SIDE) + 1) / (2 * SIDE))
    order = np.argsort((k[:, None] + k + 1e-3 * np.abs(k[:, None] - k)).ravel(), kind="stable")
    return cosines.astype(np.float32), order[1 : BITS + 1]


_COSINES, _LOWEST = _frequencies()


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """Of n images.

    bits: (n, BITS / 8) signs of their lowest frequencies, for finding candidates. luma: (n, 256) levels, 16 x 16.
    chroma: (n, 32) half of blue and red less gray, 4 x 4 each. tint: (n,) how far the most colorful place is from gray,
    in levels. contrast: (n,) standard deviation of the gray levels. spread: (n,) between the darkest and the lightest
    place of the thumbnail, in the channel where that is most.
    """

    bits: NDArray[np.uint8]
    luma: NDArray[np.uint8]
    chroma: NDArray[np.int8]
    tint: NDArray[np.uint8]
    contrast: _Floats
    spread: NDArray[np.uint8]

    @classmethod
    def empty(cls, n: int) -> "Fingerprints":
        """Room for n of them."""
        return cls(
            np.zeros((n, BITS // 8), np.uint8),
            np.zeros((n, 256), np.uint8),
            np.zeros((n, 32), np.int8),
            np.zeros(n, np.uint8),
            np.zeros(n, np.float32),
            np.zeros(n, np.uint8),
        )

    def put(self, rows: NDArray[np.int64], other: "Fingerprints") -> None:
        """Writes others into these rows."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(other, field.name)

    @classmethod
    def joined(cls, parts: "list[Fingerprints]") -> "Fingerprints":
        """All of these, one behind the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def fingerprints(thumbnails: NDArray[np.uint8]) -> Fingerprints:
    """Of thumbnails (n, SIDE, SIDE, 3)."""
    n = len(thumbnails)
    levels = thumbnails.astype(np.float32)
    gray = levels @ _GRAY
    luma = gray.reshape(n, 16, 2, 16, 2).mean((2, 4)).reshape(n, 256)
    blue, red = (
        (levels[..., channel] - gray).reshape(n, 4, 8, 4, 8).mean((2, 4)).reshape(n, 16) / 2 for channel in (2, 0)
    )
    waves = (_COSINES @ gray @ _COSINES.T).reshape(n, 256)[:, _LOWEST]
    return Fingerprints(
        np.packbits(waves > 0, axis=1),
        np.rint(luma).astype(np.uint8),
        np.rint(np.concatenate([blue, red], axis=1)).astype(np.int8),
        (thumbnails.max(axis=3) - thumbnails.min(axis=3)).reshape(n, -1).max(axis=1, initial=0),
        luma.std(axis=1),
        np.ptp(thumbnails, axis=(1, 2)).max(axis=1),
    )


def distance(prints: Fingerprints, one: NDArray[np.int64], two: NDArray[np.int64]) -> _Floats:
    """(m,) how different the images of each pair are: 0 the same, about 1.4 unrelated.

    Infinite where brightness, contrast or color alone tell them apart. A gray image may be a copy of one in color.
    """
    a, b = (_evened(prints, rows) for rows in (one, two))
    apart = np.sqrt(((a - b) ** 2).mean(axis=1)) / np.minimum(_shown(a), _shown(b))
    mean_a, mean_b = (prints.luma[rows].mean(axis=1, dtype=np.float32) for rows in (one, two))
    scale_a, scale_b = (prints.contrast[rows] + _NOISE for rows in (one, two))
    color = prints.chroma[one].astype(np.float32) - prints.chroma[two]
    other = np.maximum(scale_a / scale_b, scale_b / scale_a) > _MAX_GAIN
    other |= np.abs(mean_a - mean_b) > _MAX_SHIFT
    gray = np.minimum(prints.tint[one], prints.tint[two]) <= GRAY
    other |= ~gray & (2 * np.sqrt((color**2).mean(axis=1)) > _MAX_CHROMA)
    return np.where(other, np.float32(np.inf), apart).astype(np.float32)


def _evened(prints: Fingerprints, rows: NDArray[np.int64]) -> _Floats:
    """(m, 256) gray levels without regard to brightness and contrast."""
    levels = prints.luma[rows].astype(np.float32)
    scale: _Floats = prints.contrast[rows, None] + np.float32(_NOISE)
    evened: _Floats = (levels - levels.mean(axis=1, keepdims=True)) / scale
    return evened


def _shown(evened: _Floats) -> _Floats:
    """(m,) up to 1: how much there is to compare, by the number of places that make up the contrast."""
    energy = evened**2
    places = energy.sum(axis=1) ** 2 / np.maximum((energy**2).sum(axis=1), 1e-9)
    shown: _Floats = np.minimum(np.sqrt(places / _PLACES), np.float32(1))
    return shown
