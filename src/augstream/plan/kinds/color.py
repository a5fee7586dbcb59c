"""Color: an affine map of the channels of each pixel."""

import math
from functools import lru_cache
from typing import Any

import numpy as np

import augstream._core as _core
from augstream.plan.op import Array, Facts, Frame, Mask, Op, float32, levels_of, matrix_text, sound
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Color(Op):
    """An affine map of the channels of each pixel.

    matrix: (n, c, c+1); the last column is added. With m the matrix: out[i] = sum_j m[i, j] * in[j] + m[i, c].
    clip: (n, c, 2) lowest and highest level of each output channel, applied once at the end of the step; None for a map
    of the levels themselves (Normalize, Rescale), which must be diagonal and carries an earlier clip along.
    """

    matrix: Array
    clip: Array | None

    tag = 1

    def where(self, on: Mask, frame: Frame) -> "Color":
        return replace(self, matrix=_core.matrix_where(on, self.matrix))

    def idle(self, frame: Frame) -> Mask:
        return _core.identities(self.matrix)

    def after(self, frame: Frame) -> Frame:
        if self.clip is not None:
            return frame
        peak, levels = _levels(self.matrix[0].tobytes(), frame.peak, levels_of(frame.fill))
        return replace(frame, peak=peak, fill=levels)

    def check(self, n: int, c: int) -> Facts:
        yield "color.matrix", sound(self.matrix, (n, c, c + 1))
        yield "color.clip", self.clip is None or sound(self.clip, (n, c, 2))

    def text(self, row: int) -> str:
        if self.clip is None:
            return f"Color  {matrix_text(self.matrix[row])}"
        clip = self.clip[row]
        shown = clip[:1] if (clip == clip[0]).all() else clip
        return f"Color  {matrix_text(self.matrix[row])}, clip {matrix_text(shown)}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, float32(self.matrix), None if self.clip is None else float32(self.clip)

    def apply(self, image: Array, row: int) -> Array:
        m = self.matrix[row]
        out: Array = image @ m[:, :-1].T + m[:, -1]
        if self.clip is None:
            return out
        low, high = self.clip[row].T
        clipped: Array = np.minimum(np.fmax(out, low), high)  # fmax: the lowest for what is no number
        return clipped


@lru_cache(maxsize=128)
def _levels(matrix: bytes, peak: float | None, fill: tuple[float, ...]) -> tuple[float | None, tuple[float, ...]]:
    """The peak and the fill behind a map of the levels. The fill of a Compose is in levels of the images that enter it,
    so it follows them.
    """
    numbers = np.frombuffer(matrix)
    c = math.isqrt(len(numbers))
    rows = numbers.reshape(c, c + 1)
    gain, shift = rows.diagonal().tolist(), rows[:, -1].tolist()
    plain = not any(shift) and gain.count(gain[0]) == c
    levels = fill * c if len(fill) == 1 else fill
    if len(levels) == c:
        levels = tuple([a * level + b for a, level, b in zip(gain, levels, shift, strict=True)])
    return gain[0] * peak if plain and peak is not None else None, levels


def merge(first: Color, second: Color) -> Color:
    """One color for two: the product; levels are clipped once, by the last clip there is."""
    return Color(*_core.merge_colors(first.matrix, first.clip, second.matrix, second.clip))


def before(color: Color, fill: Array) -> Array:
    """The fill that looks like `fill` behind the color, or as near to it as there is one.

    The pseudo-inverse, so that a color that loses something (gray, no contrast) needs no case of its own; most samples
    go by Cramer's rule, as a batch of singular values costs more than the rest of the plan.
    """
    if color.matrix.shape[1] != 3:
        return _nearest(color.matrix, fill)
    back, lost = _core.fill_before(color.matrix, fill)
    if lost is not None:
        back[lost] = _nearest(color.matrix[lost], fill[lost])
    return back


def _nearest(matrix: Array, fill: Array) -> Array:
    rest = fill - matrix[:, :, -1]
    back: Array = (np.linalg.pinv(matrix[:, :, :-1], rcond=1e-3) @ rest[:, :, None])[:, :, 0]
    return back
