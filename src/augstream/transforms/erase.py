"""Erasing: parts of the image are covered."""

from collections.abc import Iterator
from dataclasses import KW_ONLY
from typing import Any

import augstream._core as _core
from augstream.errors import MisplacedError
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.op import Array, Frame, Op, repeated
from augstream.rng import Rng
from augstream.transforms.arguments import (
    Argument,
    Flag,
    Integer,
    Maybe,
    Number,
    Numbers,
    Range,
    WholeRange,
)
from augstream.transforms.color import levels
from augstream.transforms.distributions import logarithm
from augstream.transforms.limits import UnfitError
from augstream.transforms.transform import Transform

TRIES = 10


class Filling(Argument[Any, Any]):
    """Levels, one number for all channels or one for each; "noise" or "mean"."""

    def accept(self, value: Any) -> Any:
        if isinstance(value, str):
            if value not in ("noise", "mean"):
                raise UnfitError("levels (one number, or one for each channel), 'noise' or 'mean'")
            return value
        return Numbers(0.0).accept(value)

    def english(self, value: Any) -> str:
        words = {"noise": "random levels", "mean": "the mean level"}
        return words[value] if isinstance(value, str) else f"level {' '.join(f'{level:.6g}' for level in value)}"


class RandomErasing(Transform):
    """Cover random rectangles, in half of the images unless p says otherwise (Zhong et al., 2017).

    area: range of each rectangle's share of the area, within 0 and 1. ratio: range of its width over its height, drawn
    evenly on a logarithmic scale. count: how many, both ends included. fill: levels of the images that reach the
    transform, one for all channels or one for each; "noise": a random level for each channel of each pixel; "mean": the
    mean of each channel of the image at hand, which needs a pass of its own. Alpha stays. Ten rectangles are drawn for
    each, and the first that fits is taken; none where none does.
    mask_fill: the number that masks get there; None leaves them alone. hide: boxes lose what is covered of their
    visible area, and points that are covered become NaN.

    >>> RandomErasing(fill="noise", count=(1, 3))
    RandomErasing(area=(0.02, 0.33), ratio=(0.3, 3.3), fill='noise', count=(1, 3))
    """

    area: Range = Range((0.02, 0.33), "(v, v)", 0, 1)
    ratio: Range = Range((0.3, 3.3), "(v, v)", 0, open=True)
    fill: Filling = Filling(0.0)
    count: WholeRange = WholeRange((1, 1), 1, 1000)
    _: KW_ONLY
    mask_fill: Maybe[int, int] = Maybe(Integer(0, 0))
    hide: Flag = Flag(False)
    p: Number = Number(0.5, 0, 1)  # as in the paper and everywhere else
    sentence = "Cover rectangles ({count}) of {area} of the area, {ratio} times as wide as high, with {fill}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        many = rng.whole("count", self.count)
        high = self.count[1] if isinstance(self.count, tuple) else int(many.max(initial=1))
        area = rng.draw("area", self.area, k=high * TRIES, unit="of the image")
        ratio = rng.draw("ratio", logarithm(self.ratio), k=high * TRIES, unit="log")
        top, left = rng.draw("top", (0, 1), k=high), rng.draw("left", (0, 1), k=high)
        boxes = _core.placed_boxes(frame.size, area, ratio, top, left, many)
        channels = 3 if frame.channels == 4 else frame.channels
        rest: Any = {"channels": channels, "mask_fill": self.mask_fill, "hides": self.hide}
        if self.fill == "mean":
            yield Shapes(boxes, "mean", **rest)
        elif self.fill == "noise":
            yield Shapes(boxes, "noise", key=rng.key("pixels"), peak=levels(self, frame), **rest)
        else:
            yield Shapes(boxes, "constant", fill=self._levels(frame, high), **rest)

    def _levels(self, frame: Frame, k: int) -> Array:
        if len(self.fill) not in (1, frame.channels):
            fact = f"RandomErasing.fill has {len(self.fill)} numbers and the images {frame.channels} channels"
            raise MisplacedError(fact, "Give one number, or one for each channel.")
        levels = self.fill if len(self.fill) == frame.channels else self.fill * frame.channels
        return repeated((levels,) * k, len(frame))
