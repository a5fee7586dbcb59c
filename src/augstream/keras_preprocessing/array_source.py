"""An array of pictures as a source."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.decode.sample import PEAK, Sample, Stack
from augstream.sources.source import Source


class Pictures(Source):
    """An array of pictures, never copied as a whole; what the engine does not take is converted picture by picture."""

    def __init__(self, x: Any, planar: bool) -> None:
        self.x = x
        self.planar = planar
        self.fits = x.dtype in PEAK and not planar

    def __len__(self) -> int:
        return len(self.x)

    def read(self, index: int) -> NDArray[Any]:
        picture: NDArray[Any] = np.asarray(self.x[index])
        if self.fits:
            return picture
        if picture.dtype not in PEAK:
            picture = picture.astype(np.float32)
        return picture.transpose(1, 2, 0) if self.planar else picture

    def read_many(self, indices: Sequence[int]) -> Sequence[Sample | Exception]:
        if self.fits and self.x.flags.c_contiguous:
            return Stack(np.asarray(self.x), np.asarray(indices, np.int64))
        return super().read_many(indices)

    def name(self, index: int) -> str:
        return f"x[{index}]"
