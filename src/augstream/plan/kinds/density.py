"""Density: an affine map of the optical densities of red, green and blue."""

from typing import Any

import numpy as np

import augstream._core as _core
from augstream.plan.op import Array, Facts, Frame, Mask, Op, float32, matrix_text, sound
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Density(Op):
    """Takes the optical density of each of the first three channels, maps the three, and goes back to levels.

    matrix: (n, 3, 4), the last column is added. The density of a level is -log((255 level / peak + 1) / 256), so that
    that of black is finite. The levels are clipped to 0 and the peak; alpha stays.
    """

    matrix: Array
    peak: float

    tag = 19

    def where(self, on: Mask, frame: Frame) -> "Density":
        return replace(self, matrix=_core.matrix_where(on, self.matrix))

    def idle(self, frame: Frame) -> Mask:
        return _core.identities(self.matrix)

    def check(self, n: int, c: int) -> Facts:
        yield "density.matrix", sound(self.matrix, (n, 3, 4)) and c >= 3
        yield "density.peak", self.peak > 0

    def text(self, row: int) -> str:
        if (self.matrix[row] == np.eye(3, 4)).all():
            return "Density none"
        return f"Density {matrix_text(self.matrix[row])}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, float32(self.matrix), float(self.peak)

    def apply(self, image: Array, row: int) -> Array:
        m, out = self.matrix[row], image.copy()
        levels = np.minimum(np.fmax(image[..., :3], 0), self.peak)
        density = -np.log((255 * levels / self.peak + 1) / 256) @ m[:, :3].T + m[:, 3]
        out[..., :3] = np.clip((256 * np.exp(-np.clip(density, -20, 20)) - 1) * (self.peak / 255), 0, self.peak)
        return out
