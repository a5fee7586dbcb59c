"""An array of pictures as a source."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.sources.source import Source

KEPT = frozenset(map(np.dtype, (np.uint8, np.uint16, np.float32)))


class Pictures(Source):
    """An array of pictures, never copied as a whole; what the engine does not take is converted picture by picture."""

    def __init__(self, x: Any, planar: bool) -> None:
        self.x = x
        self.planar = planar
        self.fits = x.dtype in KEPT and not planar

    def __len__(self) -> int:
        return len(self.x)

    def read(self, index: int) -> NDArray[Any]:
        picture: NDArray[Any] = np.asarray(self.x[index])
        if self.fits:
            return picture
        if picture.dtype not in KEPT:
            picture = picture.astype(np.float32)
        return picture.transpose(1, 2, 0) if self.planar else picture

    def name(self, index: int) -> str:
        return f"x[{index}]"
