"""Color: an affine map of the channels of each pixel."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from augstream.plan.op import Array, Facts, Frame, Mask, Op, float32, matrix_text, sound


@dataclass(frozen=True, eq=False)
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
        c = self.matrix.shape[1]
        return replace(self, matrix=np.where(on[:, None, None], self.matrix, np.eye(c, c + 1)))

    def idle(self, frame: Frame) -> Mask:
        still: Mask = (self.matrix == np.eye(*self.matrix.shape[1:])).all(axis=(1, 2))
        return still

    def after(self, frame: Frame) -> Frame:
        if self.clip is not None:
            return frame
        gain, shift = self.matrix[0, :, :-1].diagonal(), self.matrix[0, :, -1]
        plain = frame.peak is not None and not shift.any() and bool((gain == gain[0]).all())
        return replace(frame, peak=float(gain[0]) * frame.peak if plain and frame.peak is not None else None)

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
        return out if self.clip is None else np.clip(out, self.clip[row, :, 0], self.clip[row, :, 1])


def merge(first: Color, second: Color) -> Color:
    """One color for two: the product; levels are clipped once, by the last clip there is."""
    gain = second.matrix[:, :, :-1]
    matrix = gain @ first.matrix
    matrix[:, :, -1] += second.matrix[:, :, -1]
    clip = second.clip
    if clip is None and first.clip is not None:
        ends = gain.diagonal(axis1=1, axis2=2)[:, :, None] * first.clip + second.matrix[:, :, -1:]
        clip = np.sort(ends, axis=2)  # a negative gain exchanges low and high
    return Color(matrix, clip)


def before(color: Color, fill: Array) -> Array:
    """The fill that looks like `fill` behind the color, or as near to it as there is one.

    The pseudo-inverse, so that a color that loses something (gray, no contrast) needs no case of its own.
    """
    gain, rest = color.matrix[:, :, :-1], fill - color.matrix[:, :, -1]
    if gain.shape[1] != 3:
        return _lost(gain, rest)
    # A batch of singular values costs more than the rest of the plan, so most samples go by Cramer's rule.
    one, two = [1, 2, 0], [2, 0, 1]
    cofactor = gain[:, one][:, :, one] * gain[:, two][:, :, two] - gain[:, one][:, :, two] * gain[:, two][:, :, one]
    area = gain[:, 0, 0] * cofactor[:, 0, 0] + gain[:, 0, 1] * cofactor[:, 0, 1] + gain[:, 0, 2] * cofactor[:, 0, 2]
    # 9 x both maxima bounds the condition number: below 1000 nothing counts as lost.
    lossy = 9 * np.abs(gain).max((1, 2)) * np.abs(cofactor).max((1, 2)) >= 1000 * np.abs(area)
    area[lossy] = 1
    back = (cofactor[:, 0] * rest[:, :1] + cofactor[:, 1] * rest[:, 1:2] + cofactor[:, 2] * rest[:, 2:]) / area[:, None]
    if lossy.any():
        back[lossy] = _lost(gain[lossy], rest[lossy])
    return back


def _lost(gain: Array, rest: Array) -> Array:
    back: Array = (np.linalg.pinv(gain, rcond=1e-3) @ rest[:, :, None])[:, :, 0]
    return back
