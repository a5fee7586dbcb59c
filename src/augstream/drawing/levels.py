"""Pixels of any kind as bytes for a screen."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
_NEAR = 1e-3  # what rounding adds
_EDGE = 0.5  # percent of the pixels at either end that may saturate


def on_screen(pixels: NDArray[Any], peak: float | None = None) -> Pixels:
    """Levels as a screen shows them. peak: the level of white; None: as the values suggest."""
    if pixels.dtype == np.uint8 and peak in (None, 255):
        return pixels
    levels = np.nan_to_num(pixels.astype(np.float32, copy=False))
    low, high = (0.0, peak) if peak else _range(levels, pixels.dtype)
    bright: Pixels = np.clip(np.rint((levels - low) * (255 / max(high - low, 1e-9))), 0, 255).astype(np.uint8)
    return bright


def _range(levels: NDArray[np.float32], dtype: np.dtype[Any]) -> tuple[float, float]:
    """The levels of black and white: known ones where the values fit, else those between which nearly all lie."""
    if dtype == np.uint16:
        return 0.0, 65535.0
    low, high = float(levels.min(initial=0)), float(levels.max(initial=0))
    if dtype.kind in "biu":
        return (0.0, 1.0) if high <= 1 else (0.0, 255.0)
    for black, white in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        # Bytes as floats that do not reach 16 are a black image, or more likely something else.
        if black - _NEAR <= low and high <= white + _NEAR and (white < 255 or high > 16):
            return black, white
    low, high = np.percentile(levels, (_EDGE, 100 - _EDGE)).tolist()
    return low, high
