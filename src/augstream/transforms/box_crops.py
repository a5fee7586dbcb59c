"""Crops that look at the boxes. Sizes are (height, width), in pixels."""

from collections.abc import Iterator
from dataclasses import KW_ONLY

import numpy as np

from augstream.plan import matrix
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Frame, Interpolation, Op, Rows
from augstream.rng import Rng
from augstream.transforms.arguments import Height, Number, Numbers, Option, Range, SameAs
from augstream.transforms.crop import sizes
from augstream.transforms.transform import INTERPOLATIONS, Bordered, Transform

TRIES = 50


def boxes_of(frame: Frame) -> list[Array]:
    """The boxes (k, 4) of each image as they are at this point; none where a pipeline is planned without targets."""
    targets = frame.targets
    if targets is None or targets.boxes is None:
        return [np.empty((0, 4))] * len(frame)
    return [np.asarray(boxes, np.float64) for boxes in targets.boxes]


class BoxSafeCrop(Transform):
    """Stretch a random box of the image that holds all of its objects' boxes to height x width.

    width: None is the height. Each edge of the crop lies anywhere between the edge of the image and the outermost box;
    without boxes, anywhere before the middle.

    >>> BoxSafeCrop(320)
    BoxSafeCrop(height=320, width=320)
    """

    needs = ("boxes",)
    height: Height = Height(224)
    width: SameAs = SameAs("height")
    _: KW_ONLY
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    sentence = "Resize a random box that holds all objects to {height} x {width}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        size = np.asarray(frame.size[:, ::-1], np.float64)
        low, high = size / 2, size / 2
        for row, boxes in enumerate(boxes_of(frame)):
            if len(boxes):
                low[row], high[row] = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        first, last = rng.draw("first", (0, 1), k=2), rng.draw("last", (0, 1), k=2)
        # Whole pixels, outwards, so that a box that touches an edge of the crop keeps all of its own.
        corner = np.floor(first * np.clip(low, 0, size))
        end = np.maximum(np.ceil(size - last * (size - np.clip(high, 0, size))), corner + 1)
        (x, y), (width, height) = corner.T, (end - corner).T
        place = matrix.affine(len(rng), width / self.width, 0.0, x, 0.0, height / self.height, y)
        how = self.interpolation or frame.interpolation
        yield Warp(place, sizes(len(rng), self.height, self.width), interpolation=how)


class AtLeastOneBoxCrop(Bordered):
    """Keep height x width pixels at a random place that shows one of the image's boxes, each with equal chances.

    All of that box is seen where it fits into the crop, as much of it as fits otherwise. Images without a box are
    cropped at a random place. width: None is the height.

    >>> AtLeastOneBoxCrop(320)
    AtLeastOneBoxCrop(height=320, width=320)
    """

    needs = ("boxes",)
    height: Height = Height(224)
    width: SameAs = SameAs("height")
    sentence = "Keep {height} x {width} pixels around a random object"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        size = sizes(len(rng), self.height, self.width)
        which, place = rng.draw("box", (0, 1), unit="of the boxes"), rng.draw("place", (0, 1), k=2)
        spare = (frame.size - size)[:, ::-1]  # x, y
        low, high = np.minimum(spare, 0).astype(np.float64), np.maximum(spare, 0).astype(np.float64)
        for row, boxes in enumerate(boxes_of(frame)):
            if len(boxes):
                box = boxes[int(which[row] * len(boxes))]
                ends = np.sort([np.ceil(box[2:] - (self.width, self.height)), np.floor(box[:2])], axis=0)
                low[row], high[row] = np.clip(ends, low[row], high[row])
        x, y = np.floor(low + place * (high - low + 1)).clip(low, high).T
        yield self.warp(frame, matrix.stretch(size, y, x, self.height, self.width), size)


class IoUCrop(Transform):
    """Crop a random box that overlaps some object's box by an IoU drawn from `overlap`: SSD's crop (Liu et al., 2016).

    overlap: the least IoUs to choose from; 1 or more leaves the image as it is. scale: range of the crop's sides as
    shares of the image's. max_ratio: how many times
    one of them may be as long as the other. Fifty crops are tried, the first is taken that has the center
    of a box in it and overlaps enough; without boxes, and where none does, the image stays as it is. The
    size follows, so that a Resize has to come behind it in a batch.

    >>> IoUCrop()
    IoUCrop(overlap=(0, 0.1, 0.3, 0.5, 0.7, 0.9, 1), scale=(0.3, 1), max_ratio=2)
    """

    needs = ("boxes",)
    overlap: Numbers = Numbers((0, 0.1, 0.3, 0.5, 0.7, 0.9, 1), low=0)
    scale: Range = Range((0.3, 1), "(v, v)", 0, 1, open=True)
    max_ratio: Number = Number(2.0, 1)
    sentence = "Crop a box, {scale} of the sides, that overlaps an object by an IoU of one of {overlap}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        least = np.array(self.overlap)[rng.integers("overlap", len(self.overlap), unit="as place")]
        size = frame.size[:, None, ::-1]  # x, y
        share = np.stack([rng.draw(side, self.scale, k=TRIES, unit="of the side") for side in ("width", "height")], 2)
        side = np.maximum(np.floor(share * size), 1)
        spare = size - side
        at = np.stack([rng.draw(name, (0, 1), k=TRIES, unit="of the spare") for name in ("left", "top")], axis=2)
        crop = np.concatenate([np.floor(at * (spare + 1)), side], axis=2)
        crop[..., 2:] += crop[..., :2]
        ratio = side[..., 0] / side[..., 1]
        fits = np.maximum(ratio, 1 / ratio) <= self.max_ratio
        taken: Rows = np.concatenate([np.zeros((len(rng), 2)), frame.size[:, ::-1]], axis=1).astype(np.int64)
        for row, boxes in enumerate(boxes_of(frame)):
            if len(boxes) and least[row] < 1:
                good = np.flatnonzero(fits[row] & _shows(crop[row], boxes, least[row]))
                if len(good):
                    taken[row] = crop[row, good[0]]
        x, y, right, bottom = taken.T
        result = np.stack([bottom - y, right - x], axis=1)
        yield Warp(matrix.affine(len(rng), 1.0, 0.0, x, 0.0, 1.0, y), result)


def _shows(crops: Array, boxes: Array, least: float) -> Array:
    """(t,) whether a crop (t, 4) has the center of a box (k, 4) in it, and overlaps one such box by that IoU."""
    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = ((center >= crops[:, None, :2]) & (center < crops[:, None, 2:])).all(axis=2)
    low, high = np.maximum(crops[:, None, :2], boxes[:, :2]), np.minimum(crops[:, None, 2:], boxes[:, 2:])
    both = np.maximum(high - low, 0).prod(axis=2)
    one, other = (crops[:, 2:] - crops[:, :2]).prod(axis=1), (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    iou = both / np.maximum(one[:, None] + other - both, 1e-9)
    found: Array = (inside & (iou >= least)).any(axis=1)
    return found
