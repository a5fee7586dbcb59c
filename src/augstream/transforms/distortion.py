"""Distortions: warps that bend the image, by one smooth field of displacements each.

Such a field never folds by itself, so boxes, points and masks follow it exactly; and it stands between the matrices of
the warps before and behind it, so that a row of geometric transforms with one distortion is one pass.
"""

from collections.abc import Iterator
from dataclasses import KW_ONLY

import numpy as np

from augstream.plan import matrix
from augstream.plan.kinds import field
from augstream.plan.kinds.field import Field
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Frame, Op, repeated
from augstream.record import replace
from augstream.rng import Rng
from augstream.transforms.arguments import Integer, Number, Range
from augstream.transforms.transform import Geometric

# Cubic B-splines with coefficients of less than this part of a cell never fold (Choi and Lee, "Injectivity conditions of
# 2D and 3D uniform cubic B-spline functions", 2000: 1 / 2.046).
SAFE = 0.48


class Distortion(Geometric):
    """A transform that bends the image by a field."""

    def bent(self, frame: Frame, nodes: Array, box: Array | None = None) -> Warp:
        """A warp with the border and the interpolation that hold here, and a smooth field."""
        still = repeated(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), len(frame))
        own = Field(nodes, field.around(frame.size) if box is None else box, still)
        return replace(self.warp(frame, still), field=own)


class Elastic(Distortion):
    """Bend the image like rubber: points of a grid go to random places, and all between them follow smoothly.

    amount: range of the farthest that a point may go, across and down, as a fraction of the shorter side; one number v
    is (0, v). smoothness: the distance between points, as a fraction of the width and the height. No point goes farther
    than 0.48 of that distance, so that the image never folds. In the spirit of Simard et al., "Best practices for
    convolutional neural networks", 2003, with a cubic B-spline in the place of the Gaussian.

    >>> Elastic(0.05)
    Elastic(amount=(0, 0.05), smoothness=0.2)
    """

    amount: Range = Range((0.03, 0.09), "(0, v)", 0, 1)
    smoothness: Number = Number(0.2, 0.01, 1)
    sentence = "Bend like rubber by up to {amount} of the shorter side, in waves of {smoothness} of the sides"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        cells = max(1, round(1 / self.smoothness))
        amount = rng.draw("amount", self.amount, unit="of the shorter side")
        places = rng.uniform("points", -1.0, 1.0, 2 * (cells + 3) ** 2, unit="of the amount")
        far = np.minimum((amount * frame.size.min(axis=1))[:, None], SAFE * frame.size[:, ::-1] / cells)
        yield self.bent(frame, places.reshape(-1, cells + 3, cells + 3, 2) * far[:, None, None])
