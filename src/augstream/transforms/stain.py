"""Stains of pathology, whose colors add up as optical densities."""

from collections.abc import Iterator
from dataclasses import KW_ONLY
from typing import Literal, TypeAlias

import numpy as np

from augstream.plan.kinds.density import Density
from augstream.plan.op import Array, Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Range, Word
from augstream.transforms.color import colorful, levels
from augstream.transforms.transform import Transform

Stains: TypeAlias = Literal["ruifrok", "macenko"]
# The densities of red, green and blue of each stain, a row each: hematoxylin, eosin, and what is left.
VECTORS: dict[Stains, Array] = {
    "ruifrok": np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]]),
    "macenko": np.array([[0.5626, 0.7201, 0.4062], [0.2159, 0.8012, 0.5581]]),
}


def vectors(stains: Stains) -> Array:
    """(3, 3) of length 1; where there are only two stains, the third is what is perpendicular to both."""
    given = VECTORS[stains]
    rows = given if len(given) == 3 else np.vstack([given, np.cross(given[0], given[1])])
    units: Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units


class StainJitter(Transform):
    """Stain tissue stronger or weaker: scale and shift the density of each stain (HED jitter: Tellez et al., 2018).

    gain: range of the factor of each stain's density, 0 or more; one number v is (1 - v, 1 + v). shift: range of what
    is added to it, in natural logarithms; one number v is (-v, v). stains: whose colors hematoxylin and eosin have,
    "ruifrok" (Ruifrok & Johnston, 2001; the third is DAB) or "macenko" (Macenko et al., 2009; the third is
    perpendicular to both). Gray images have no stains and stay as they are.

    >>> StainJitter(0.05)
    StainJitter(gain=(0.95, 1.05), shift=(-0.03, 0.03))
    """

    gain: Range = Range(0.2, "(1 - v, 1 + v)", 0)
    shift: Range = Range(0.03)
    _: KW_ONLY
    stains: Word[Stains] = Word("ruifrok", tuple(VECTORS))
    sentence = "Multiply the density of each stain by {gain} and add {shift}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        if not colorful(self, frame):
            return
        gain, shift = rng.draw("gain", self.gain, k=3, unit="times"), rng.draw("shift", self.shift, k=3)
        to = vectors(self.stains)
        back = np.linalg.inv(to)
        matrix = np.empty((len(frame), 3, 4))
        # density' = to^T (gain * back^T density + shift), each sum in one order whatever the batch.
        matrix[:, :, :3] = sum(gain[:, k, None, None] * np.outer(to[k], back[:, k]) for k in range(3))
        matrix[:, :, 3] = sum(shift[:, k, None] * to[k] for k in range(3))
        yield Density(matrix, levels(self, frame))
