"""Erosion and dilation."""

from collections.abc import Iterator
from dataclasses import KW_ONLY

import numpy as np

from augstream.plan.kinds.rank import Rank
from augstream.plan.op import Frame, Op
from augstream.rng import Rng
from augstream.transforms.arguments import OddRange
from augstream.transforms.blur import odd
from augstream.transforms.transform import Edged


class Erode(Edged):
    """Put in place of each level the lowest one of a square around it: dark parts grow.

    size: range of the square's side in pixels, odd; even numbers of the range are left out. It is OpenCV's `erode` with
    a square of ones, of the image only: masks stay as they are.

    >>> Erode(3)
    Erode(size=(3, 3))
    """

    size: OddRange = OddRange((3, 5), 1, 9999)
    _: KW_ONLY
    sentence = "Take the lowest level of {size} pixels square"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        reach = odd(rng, self.size) // 2
        yield Rank("lowest", np.stack([reach, reach], axis=1), *self.edge(frame))


class Dilate(Edged):
    """Put in place of each level the highest one of a square around it: bright parts grow.

    size: range of the square's side in pixels, odd; even numbers of the range are left out. It is OpenCV's `dilate`
    with a square of ones, of the image only: masks stay as they are.

    >>> Dilate(3)
    Dilate(size=(3, 3))
    """

    size: OddRange = OddRange((3, 5), 1, 9999)
    _: KW_ONLY
    sentence = "Take the highest level of {size} pixels square"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        reach = odd(rng, self.size) // 2
        yield Rank("highest", np.stack([reach, reach], axis=1), *self.edge(frame))
