"""Samples before they are decoded: encoded files, or images that are arrays already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

Sample: TypeAlias = bytes | NDArray[Any]
# The level of white by dtype: a dtype's name takes NumPy a microsecond to spell, which counts for small images.
PEAK = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0, np.dtype(np.float32): 1.0}
# What red, green and blue weigh in gray (ITU-R BT.601).
GRAY_WEIGHTS = (0.299, 0.587, 0.114)

ColorMode: TypeAlias = Literal["rgb", "gray", "rgba"]
CHANNELS: dict[ColorMode, int] = {"gray": 1, "rgb": 3, "rgba": 4}
MAX_PIXELS = 178_956_970
"""Larger images are refused, as a file of a few bytes can claim any size; Pillow's own limit."""


class Undecodable(Exception):  # noqa: N818 - a fact, not yet an error: the loader decides
    """The sample is no image; the message is the reason."""


@dataclass(frozen=True, eq=False)
class Stack(Sequence[Sample]):
    """Images of one array, by their numbers: a batch of small ones is not worth looking at one by one.

    array: (n, h, w, c), C-contiguous, of uint8, uint16 or float32. numbers: (m,) in 0..n-1.
    """

    array: NDArray[Any]
    numbers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, row: int) -> Sample: ...
    @overload
    def __getitem__(self, row: slice) -> "Stack": ...
    def __getitem__(self, row: int | slice) -> "Sample | Stack":
        return Stack(self.array, self.numbers[row]) if isinstance(row, slice) else self.array[self.numbers[row]]


def checked(sample: object) -> Sample:
    """What a source gave for a sample, as the engine takes it; TypeError or ValueError where it is none."""
    if isinstance(sample, bytes):
        return sample
    if isinstance(sample, bytearray | memoryview):
        return bytes(sample)
    if not isinstance(sample, np.ndarray) or sample.dtype not in PEAK:
        what = f"an array of {sample.dtype}" if isinstance(sample, np.ndarray) else type(sample).__name__
        raise TypeError(f"must be bytes or an array of uint8, uint16 or float32; got {what}")
    if sample.ndim not in (2, 3) or 0 in sample.shape:
        raise ValueError(f"must be (h, w) or (h, w, c), each at least 1; got shape {sample.shape}")
    return np.ascontiguousarray(sample[:, :, None] if sample.ndim == 2 else sample)


def planar(shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape is rather (c, h, w) than (h, w, c)."""
    return len(shape) == 3 and shape[0] in (1, 3, 4) and shape[2] > 32


def encoded(sample: bytes | NDArray[Any]) -> bytes:
    """The sample, if it is a file's bytes; Undecodable else."""
    if isinstance(sample, bytes):
        return sample
    raise Undecodable(f"must be bytes or an array of uint8, uint16 or float32; got {type(sample).__name__}")


def bomb(width: int, height: int, max_pixels: int) -> str:
    """Why an image of this size is refused."""
    return (
        f"{width} x {height} pixels is above max_pixels = {max_pixels}: a decompression bomb? If the file is "
        "to be trusted, pass a larger max_pixels to the Loader"
    )
