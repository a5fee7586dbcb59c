"""Statistic: levels that are changed by what the levels of the whole image are like."""

from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from augstream.plan.kinds.curve import Curve
from augstream.plan.op import Array, Facts, Frame, Mask, Op, numbers, sound
from augstream.record import record, replace

What: TypeAlias = Literal["equalize", "stretch", "match", "contrast", "standardize", "standardize channels"]
WHATS: tuple[What, ...] = get_args(What)
LEVELS = np.arange(256.0)
# ITU-R BT.601, as the files have it that are decoded to gray.
LUMA = np.array([0.299, 0.587, 0.114])


@record(frozen=True, eq=False)
class Statistic(Op):
    """A map of the levels of each channel that depends on the image at hand: it begins a step of its own.

    what: "equalize" makes the histogram flat, as Pillow has it; "stretch" brings the ends of each channel to 0 and the
    peak, without the shares amount[:, 0] and amount[:, 1] of darkest and brightest pixels; "match" brings each
    channel's histogram to that of `target`, amount[:, 0] of the way; "contrast" brings the levels amount[:, 0] times as
    far from the mean luma; "standardize" and "standardize channels" make mean 0 and standard deviation 1 of all
    channels together, or of each.
    channels: how many are changed; those behind them (alpha) stay. amount: (n, 2). target: (n, c, 256) shares of pixels
    up to each level. on: (n,) the images it is for. Histograms have 256 bins: the levels 0..peak, rounded to 255ths.
    """

    what: What
    channels: int
    peak: float
    amount: Array
    on: Mask
    target: Array | None = None

    tag = 16

    @property
    def statistic(self) -> bool:
        return True

    @property
    def levels(self) -> bool:
        """Whether what comes out of it has no peak any more."""
        return self.what.startswith("standardize")

    def where(self, on: Mask, frame: Frame) -> "Statistic":
        return replace(self, on=self.on & on)

    def idle(self, frame: Frame) -> Mask:
        return ~self.on

    def after(self, frame: Frame) -> Frame:
        # A fill follows the levels, but here it would be another one for each image: the mean.
        return replace(frame, peak=None, fill=(0.0,)) if self.levels else frame

    def check(self, n: int, c: int) -> Facts:
        yield "statistic.what", self.what in WHATS
        yield "statistic.channels", 0 < self.channels <= c
        yield "statistic.peak", self.peak > 0
        yield "statistic.amount", sound(self.amount, (n, 2))
        yield "statistic.on", self.on.shape == (n,) and self.on.dtype == np.bool_
        yield "statistic.target", (self.target is None) == (self.what != "match")
        yield "statistic.target", self.target is None or sound(self.target, (n, c, 256))

    def text(self, row: int) -> str:
        if not self.on[row]:
            return "Statistic none"
        told = {"stretch": self.amount[row], "match": self.amount[row, :1], "contrast": self.amount[row, :1]}
        return f"Statistic {self.what} {numbers(told.get(self.what, ()))}".rstrip()

    def wire(self, channels: int) -> tuple[Any, ...]:
        target = None if self.target is None else np.ascontiguousarray(self.target)
        amount, on = np.ascontiguousarray(self.amount), self.on.view(np.uint8)
        return self.tag, WHATS.index(self.what), self.channels, float(self.peak), amount, target, on

    def apply(self, image: Array, row: int) -> Array:
        if not self.on[row]:
            return image
        amount, c = self.amount[row], self.channels
        out, colors = image.copy(), image[..., :c]
        if self.what in ("equalize", "stretch", "match"):
            for k in range(c):
                count = histogram(image[..., k], self.peak)
                if self.target is None:
                    table = equalized(count) if self.what == "equalize" else stretched(count, amount)
                else:
                    table = LEVELS + amount[0] * (matched(count, self.target[row, k]) - LEVELS)
                curve = Curve(table[None, None] * (self.peak / 255), self.peak)
                out[..., k : k + 1] = curve.apply(image[..., k : k + 1], 0)
        elif self.what == "contrast":
            means = colors.mean(axis=(0, 1))
            mean = means @ LUMA if c == 3 else means.mean()
            changed = np.fmax(mean + amount[0] * (colors - mean), 0)
            out[..., :c] = np.minimum(changed, self.peak)
        else:
            axes = (0, 1, 2) if self.what == "standardize" else (0, 1)
            values = np.prod([image.shape[axis] if axis < 2 else c for axis in axes])
            least = self.peak / (255 * np.sqrt(values))  # TensorFlow's, for flat images
            out[..., :c] = (colors - colors.mean(axis=axes)) / np.maximum(colors.std(axis=axes), least)
        return out


def histogram(channel: Array, peak: float) -> Array:
    """(256,) how many pixels have each level, of 255ths of the peak."""
    place = np.minimum(np.fmax(channel * (255 / peak), 0), 255)
    return np.bincount(np.floor(place + 0.5).astype(np.int64).ravel(), minlength=256).astype(np.float64)


def equalized(count: Array) -> Array:
    """The table (256,) of 255ths that Pillow's and torchvision's equalize look levels up in."""
    step = (count.sum() - count[np.flatnonzero(count)[-1]]) // 255
    if step == 0:
        return LEVELS
    below = np.cumsum(count) - count
    table: Array = np.minimum((below + step // 2) // step, 255)
    return table


def stretched(count: Array, cut: Array) -> Array:
    """The table that brings the ends of a histogram, without the shares `cut` of its pixels, to 0 and 255."""
    total = count.sum()
    low = int(np.argmax(np.cumsum(count) > np.floor(total * cut[0])))
    high = 255 - int(np.argmax(np.cumsum(count[::-1]) > np.floor(total * cut[1])))
    return np.clip((LEVELS - low) * 255 / (high - low), 0, 255) if high > low else LEVELS


def matched(count: Array, target: Array) -> Array:
    """The table that gives a histogram the distribution `target`, as scikit-image's match_histograms does."""
    there = np.flatnonzero(np.diff(target, prepend=0) > 0)
    if not len(there):
        return LEVELS
    table: Array = np.interp(np.cumsum(count) / count.sum(), target[there], there.astype(np.float64))
    return table
