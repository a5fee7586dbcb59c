"""Mixing: images become parts of one another, and so do their labels.

The partner of a sample is the one that comes next in the shuffled order of the epoch, so a batch reads one image more
than it has. Masks, boxes and points follow their images.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from augstream.plan import matrix
from augstream.plan.kinds.mix import EVERYWHERE, Mix
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import Number
from augstream.transforms.transform import Mixing


def layers(rng: Rng, frame: Frame, opacity: Array, share: Array, region: Array | None = None) -> Mix:
    """The op that lays one partner over each image, stretched to its size.

    opacity: (n,) of the partner. share: (n,) the image's own part of the label. region: (n, 4) where the partner is.
    """
    n = len(frame)
    rows = np.concatenate([np.arange(n)[:, None], rng.partners(1)], axis=1)
    before = frame if frame.before is None else frame.before
    size = before.size[rows[:, 1]]
    onto = matrix.affine(n, size[:, 1] / frame.size[:, 1], 0.0, 0.0, 0.0, size[:, 0] / frame.size[:, 0], 0.0)
    stretch = Warp(onto, frame.size, interpolation=frame.interpolation, covers=True)
    regions = None if region is None else np.stack([np.broadcast_to(EVERYWHERE, (n, 4)), region], axis=1)
    return Mix(
        weight=np.stack([np.ones(n), opacity], axis=1),
        share=np.stack([share, 1 - share], axis=1),
        size=frame.size,
        rows=rows,
        region=regions,
        warps=(None, stretch),
    )


class MixUp(Mixing):
    """Blend each image with its partner, and their labels alike (Zhang et al., "mixup", 2018).

    alpha: above 0; the image's own part is drawn from Beta(alpha, alpha): near 0 or 1 where alpha is small. Labels
    become rows of shares, one for each class. Boxes and points of both images are kept. Integer masks
    can't be blended: take CutMix.

    >>> MixUp(0.4)
    MixUp(alpha=0.4)
    """

    alpha: Number = Number(0.2, 0, open=True)
    blends = True
    sentence = "Blend with a partner, shares drawn from Beta({alpha}, {alpha})"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        own = rng.beta("share", self.alpha, unit="of the image itself")
        yield layers(rng, frame, 1 - own, own)


class CutMix(Mixing):
    """Cover a random box of each image with the same box of its partner (Yun et al., "CutMix", 2019).

    alpha: above 0; the box's share of the area is drawn from Beta(alpha, alpha), its middle is anywhere in the image,
    and what of it lies outside is left out. Labels become rows of shares, as large as the areas.

    >>> CutMix()
    CutMix(alpha=1)
    """

    alpha: Number = Number(1.0, 0, open=True)
    sentence = "Cover a box with a partner's, its area drawn from Beta({alpha}, {alpha})"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        side = np.sqrt(1 - rng.beta("share", self.alpha, unit="of the image itself, before the box is clipped"))
        box = self._box(
            frame, side, rng.draw("x", (0, 1), unit="of the width"), rng.draw("y", (0, 1), unit="of the height")
        )
        area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
        share = 1 - area / frame.size.prod(axis=1)
        yield layers(rng, frame, (area > 0).astype(np.float64), share, box)

    def _box(self, frame: Frame, side: Array, x: Array, y: Array) -> Array:
        """(n, 4) whole pixels."""
        size: NDArray[np.int64] = frame.size[:, ::-1]
        middle, half = np.floor(np.stack([x, y], axis=1) * size), np.floor(size * side[:, None]) / 2
        corners = np.concatenate([np.floor(middle - half), np.floor(middle + half)], axis=1)
        box: Array = np.clip(corners, 0, np.tile(size, 2))
        return box
