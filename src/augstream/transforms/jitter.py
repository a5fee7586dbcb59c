"""Several changes of color at once, and those in HSV."""

from collections.abc import Iterator
from dataclasses import KW_ONLY
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np

import augstream._core as _core
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.hsv import Hsv
from augstream.plan.op import Array, Frame, Op, Rows
from augstream.rng import Rng
from augstream.transforms.arguments import Number, Range, Spread, Word
from augstream.transforms.color import colorful, full_range, jittered, levels
from augstream.transforms.transform import Transform

Space: TypeAlias = Literal["yiq", "hsv"]
SPACES: tuple[Space, ...] = ("yiq", "hsv")
Order: TypeAlias = Literal["fixed", "random"]
ORDERS: tuple[Order, ...] = ("fixed", "random")


def in_hsv(transform: Transform, frame: Frame, hue: Any = 0.0, saturation: Any = 1.0, value: Any = 1.0) -> Hsv:
    """The op for a shift of the hue, in turns, and two factors."""
    change = np.empty((len(frame), 3))
    change[:, 0], change[:, 1], change[:, 2] = hue, saturation, value
    return Hsv(change, levels(transform, frame))


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue in one; ranges as in the four.

    Without any of them they are 0.4, 0.4, 0.4 and 0.05; as soon as one is given, the others do nothing. order: "fixed"
    is as they stand here; "random" draws an order for each image, as torchvision does. space: where the hue turns,
    "yiq" (see `Hue`; all four are one affine map) or "hsv" (torchvision's; not linear). Saturation is that of
    `Saturation` in both.

    >>> ColorJitter(brightness=0.4, hue=(0, 0.1))
    ColorJitter(brightness=(0.6, 1.4), contrast=(1, 1), saturation=(1, 1), hue=(0, 0.1))
    """

    bare = MappingProxyType({"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.05})
    brightness: Range = Range(0.0, "(1 - v, 1 + v)", 0)
    contrast: Range = Range(0.0, "(1 - v, 1 + v)", 0)
    saturation: Range = Range(0.0, "(1 - v, 1 + v)", 0)
    hue: Range = Range(0.0, "(-v, v)", -0.5, 0.5)
    _: KW_ONLY
    order: Word[Order] = Word("fixed", ORDERS)
    space: Word[Space] = Word("yiq", SPACES)
    sentence = (
        "Multiply the brightness by {brightness}, the contrast by {contrast} and the saturation by {saturation}, "
        "shift the hue by {hue} of the color circle"
    )

    def describe(self) -> str:
        more = ", in HSV" * (self.space == "hsv") + ", in random order" * (self.order == "random")
        line, comma, p = super().describe().partition(", with probability")
        return line + more + comma + p

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        brightness = rng.draw("brightness", self.brightness, unit="times")
        contrast = rng.draw("contrast", self.contrast, unit="times")
        if (self.saturation, self.hue) == ((1, 1), (0, 0)) or not colorful(self, frame):
            # Both are gains, so that only the offset of the contrast depends on their order.
            yield from self._drawn(rng, frame, [{"brightness": brightness}, {"contrast": contrast}], None)
            return
        saturation = rng.draw("saturation", self.saturation, unit="times")
        hue = rng.draw("hue", self.hue, unit="of the circle")
        tints: list[dict[str, Any]] = [{"brightness": brightness}, {"contrast": contrast}, {"tint": (saturation, 0.0)}]
        yield from self._drawn(rng, frame, tints, hue)

    def _drawn(self, rng: Rng, frame: Frame, parts: list[dict[str, Any]], hue: Array | None) -> Iterator[Op]:
        """parts: what `jittered` makes a color of, in the fixed order; the hue comes last."""
        if hue is not None and self.space == "yiq":
            parts = [*parts, {"tint": (1.0, hue)}]
        if self.order == "fixed":
            whole = {name: value for part in parts for name, value in part.items()}
            if hue is not None:
                whole["tint"] = (parts[2]["tint"][0], hue if self.space == "yiq" else 0.0)
            yield jittered(self, frame, **whole)
            if hue is not None and self.space == "hsv":
                yield in_hsv(self, frame, hue=hue)
            return
        apart = hue is not None and self.space == "hsv"
        ranks = rng.order("order", len(parts) + apart)
        matrices = [jittered(self, frame, **part).matrix for part in parts]
        if apart:
            before, after = self._halves(matrices, ranks, frame)
            yield before
            yield in_hsv(self, frame, hue=hue)
            yield after
        else:
            yield in_order(self, frame, matrices, ranks)

    def _halves(self, matrices: list[Array], ranks: Rows, frame: Frame) -> tuple[Color, Color]:
        """What comes before and what comes behind the last of those that are ranked."""
        last = ranks[:, -1:]
        early = np.where(ranks[:, :-1] < last, ranks[:, :-1], -1)
        late = np.where(ranks[:, :-1] > last, ranks[:, :-1], -1)
        return in_order(self, frame, matrices, early), in_order(self, frame, matrices, late)


def in_order(transform: Transform, frame: Frame, matrices: list[Array], ranks: Rows) -> Color:
    """The product of affine maps (n, c, c + 1), each image's in an order of its own; a rank below 0 leaves one out.

    ranks: (n, k) when each of the k comes.
    """
    n, c = len(frame), frame.channels
    still = np.broadcast_to(np.eye(c, c + 1), (n, c, c + 1))
    product = still
    stack = np.stack(matrices, axis=1)
    for turn in range(int(ranks.max(initial=-1)) + 1):
        here = ranks[:, : len(matrices)] == turn
        chosen = np.where(here.any(axis=1)[:, None, None], stack[np.arange(n), here.argmax(axis=1)], still)
        product = _core.merge_colors(np.ascontiguousarray(product), None, np.ascontiguousarray(chosen), None)[0]
    return Color(np.ascontiguousarray(product), full_range(levels(transform, frame), c, n))


class HueSaturationValue(Transform):
    """Shift the hue and multiply the saturation and the value, in HSV as Python's `colorsys` has it.

    hue: range of fractions of the color circle; one number v is (-v, v). saturation, value: ranges of factors, 0 or
    more; one number v is (1 - v, 1 + v). Unlike `Hue` and `Saturation` it is not linear and merges with nothing.

    >>> HueSaturationValue(0.1, saturation=(0.5, 1))
    HueSaturationValue(hue=(-0.1, 0.1), saturation=(0.5, 1), value=(0.8, 1.2))
    """

    hue: Range = Range(0.05, "(-v, v)", -0.5, 0.5)
    saturation: Range = Range(0.3, "(1 - v, 1 + v)", 0)
    value: Range = Range(0.2, "(1 - v, 1 + v)", 0)
    sentence = (
        "Shift the hue by {hue} of the color circle, multiply the saturation by {saturation}, the value by {value}"
    )

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        if colorful(self, frame):
            hue = rng.draw("hue", self.hue, unit="of the circle")
            saturation = rng.draw("saturation", self.saturation, unit="times")
            yield in_hsv(self, frame, hue, saturation, rng.draw("value", self.value, unit="times"))
        else:
            yield jittered(self, frame, brightness=rng.draw("value", self.value, unit="times"))


class PhotometricDistort(Transform):
    """Distort brightness, contrast, saturation and hue, and exchange channels, each in half of the images (SSD).

    Liu et al., "SSD: Single Shot MultiBox Detector" (2016), with the ranges and the order of torchvision: the contrast
    changes before saturation and hue or behind them, and the channels last. brightness, contrast, saturation: ranges of
    factors, 0 or more; one number v is (1 - v, 1 + v). hue: range of fractions of the color circle. each: the
    probability of each of the five. The contrast is about mid-gray, and the hue turns in YIQ, so that all are one
    affine map.

    >>> PhotometricDistort(each=0.8).hue
    (-0.05, 0.05)
    """

    brightness: Range = Range((0.875, 1.125), "(1 - v, 1 + v)", 0)
    contrast: Range = Range(0.5, "(1 - v, 1 + v)", 0)
    saturation: Range = Range(0.5, "(1 - v, 1 + v)", 0)
    hue: Range = Range(0.05, "(-v, v)", -0.5, 0.5)
    _: KW_ONLY
    each: Number = Number(0.5, 0, 1)
    sentence = (
        "Multiply the brightness by {brightness}, the contrast by {contrast} and the saturation by {saturation}, shift "
        "the hue by {hue} of the color circle, and exchange channels, each with probability {each}"
    )

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        colors = colorful(self, frame)
        contrast = self._drawn(rng, "contrast", self.contrast, 1.0)
        brightness = self._drawn(rng, "brightness", self.brightness, 1.0)
        if not colors:
            yield jittered(self, frame, brightness, contrast)
            return
        tint = self._drawn(rng, "saturation", self.saturation, 1.0), self._drawn(rng, "hue", self.hue, 0.0)
        late = rng.chance("contrast last", 0.5)
        exchanged = np.where(rng.chance("exchange", self.each)[:, None], rng.order("order", 3), np.arange(3))
        parts = [
            jittered(self, frame, brightness).matrix,
            jittered(self, frame, contrast=contrast).matrix,
            jittered(self, frame, tint=tint).matrix,
            permutation(exchanged, frame.channels),
        ]
        ranks = np.where(late[:, None], (0, 2, 1, 3), (0, 1, 2, 3))
        yield in_order(self, frame, parts, ranks)

    def _drawn(self, rng: Rng, name: str, span: Spread, still: float) -> Array:
        # `chance` has a name of its own, so that what is drawn does not depend on it.
        drawn = rng.draw(name, span, unit="times" if still else "of the circle")
        return np.where(rng.chance(f"{name} too", self.each), drawn, still)


def permutation(order: Any, channels: int) -> Array:
    """(n, c, c + 1) maps whose channel i is channel order[:, i]; those behind them stay."""
    n, k = order.shape
    matrix = np.zeros((n, channels, channels + 1))
    matrix[:, range(k, channels), range(k, channels)] = 1
    matrix[np.arange(n)[:, None], np.arange(k), order] = 1
    return matrix
