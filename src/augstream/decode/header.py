"""What the header of an encoded image says before anything is decoded: size, channels, orientation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.decode import pillow
from augstream.decode.orientation import oriented_size
from augstream.decode.sample import MAX_PIXELS, Sample, Stack, Undecodable, bomb, encoded

PILLOW, JPEG, ARRAY = 0, 1, 2
"""`Headers.kind`: who turns the sample into pixels."""


@dataclass(frozen=True, eq=False)
class Headers:
    """What is known of n samples before decoding.

    kind: (n,) PILLOW, JPEG or ARRAY. stored: (n, 2) (height, width) in the file. orientation: (n,) EXIF, 1..8.
    channels: (n,) in the file. reasons: what is wrong, None where nothing is; other columns then mean nothing.
    """

    kind: NDArray[np.int64]
    stored: NDArray[np.int64]
    orientation: NDArray[np.int64]
    channels: NDArray[np.int64]
    reasons: list[str | None]

    @property
    def size(self) -> NDArray[np.int64]:
        """(n, 2) (height, width) after EXIF orientation."""
        return oriented_size(self.orientation, self.stored)


def read_headers(samples: Sequence[Sample], max_pixels: int = MAX_PIXELS) -> Headers:
    """Sizes, channels and orientations of encoded files or arrays; images that only Pillow knows are opened by it."""
    table = peek(samples)
    reasons: list[str | None] = [None] * len(samples)
    for row in np.flatnonzero(table[:, 0] == PILLOW).tolist():
        try:
            table[row, 1:] = pillow.header(encoded(samples[row]))
        except Undecodable as error:
            reasons[row] = str(error)
    for row in oversized(table, max_pixels):
        reasons[row] = reasons[row] or bomb(int(table[row, 2]), int(table[row, 1]), max_pixels)
    return Headers(table[:, 0], table[:, 1:3], table[:, 4], table[:, 3], reasons)


def peek(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """(n, 5) kind, stored height and width, channels, orientation, by the core alone: a PILLOW row is 0 0 0 0 1."""
    if isinstance(samples, Stack):
        return np.tile(np.array([ARRAY, *samples.array.shape[1:], 1]), (len(samples), 1))
    table = np.asarray(_core.header(list(samples))).astype(np.int64)
    table[:, 4] = np.where((table[:, 4] < 1) | (table[:, 4] > 8), 1, table[:, 4])
    return table


def oversized(table: NDArray[np.int64], max_pixels: int) -> list[int]:
    """Rows of `peek` that claim more pixels than allowed."""
    area = table[:, 1] * table[:, 2]
    if area.max(initial=0) <= max_pixels:
        return []
    return np.flatnonzero((area > max_pixels) & (table[:, 0] != ARRAY)).tolist()
