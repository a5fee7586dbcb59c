"""Brightness and channel shift: parameters -> color ops, for one picture or a batch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.engines.default import default_engine
from augstream.plan.fuse import fuse
from augstream.plan.kinds.color import Color
from augstream.plan.op import Array, Frame, Op

Bounds = tuple[float, float]
ENDLESS = 3e38  # as good as no bound, and still a float32


def bounds(low: float, high: float, kind: str, size: int = 4) -> Bounds:
    """The lowest and the highest level that pictures of this dtype, and with these levels in them, can have."""
    if kind == "u" and size <= 2:
        return 0.0, 255.0 if size == 1 else 65535.0
    top = next((peak for peak in (1.0, 255.0, 65535.0) if high <= peak), ENDLESS)
    return (0.0, top) if low >= 0 else (-ENDLESS, ENDLESS)


def bounds_of(x: NDArray[Any]) -> Bounds:
    """The same, after a look at the levels; without one where the dtype tells."""
    kind, size = x.dtype.kind, x.dtype.itemsize
    if kind == "u" and size <= 2:
        return bounds(0, 0, kind, size)
    return bounds(float(x.min(initial=0)), float(x.max(initial=0)), kind, size)


def brightness(factor: Array, channels: int, clip: Array) -> Color:
    """Levels times `factor` (n,), clipped to `clip` (n, 2); alpha, the fourth channel, stays."""
    gain = np.zeros((len(factor), channels, channels + 1))
    for c in range(channels):
        gain[:, c, c] = 1.0 if channels == 4 and c == 3 else factor
    return Color(gain, np.repeat(clip[:, None].astype(np.float64), channels, axis=1))


def shift(intensity: float, channels: int, low: float, high: float) -> Color:
    """Levels plus `intensity`, clipped to what the picture has."""
    matrix = np.eye(channels, channels + 1)
    matrix[:, channels] = intensity
    return Color(matrix[None], np.tile(np.array([low, high], np.float64), (1, channels, 1)))


def linear(gain: Array, offset: Array, n: int) -> Color:
    """Each channel times `gain` (c,) plus `offset` (c,), unclipped: what rescaling and normalizing come to."""
    channels = len(gain)
    matrix = np.zeros((n, channels, channels + 1))
    matrix[:, range(channels), range(channels)], matrix[:, :, channels] = gain, offset
    return Color(matrix, None)


def run_one(x: NDArray[Any], op: Op, channel_axis: int = 2) -> NDArray[Any]:
    """One op on one picture whose channels are on this axis; floats keep their dtype, integers become float32."""
    cube = np.moveaxis(x, channel_axis, 2)
    exact = cube if cube.dtype.name in ("uint8", "uint16", "float32") else cube.astype(np.float32)
    frame = Frame(np.array([cube.shape[:2]], np.int64), cube.shape[2], None)
    out, _ = default_engine().run([np.ascontiguousarray(exact)], fuse([op], frame), dtype="float32")
    made = np.moveaxis(out[0], 2, channel_axis)
    return np.asarray(made, x.dtype if x.dtype.kind == "f" else np.float32)
