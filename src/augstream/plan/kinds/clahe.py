"""Clahe: contrast-limited adaptive histogram equalization, a table for each tile of the image."""

from typing import Any

import numpy as np

from augstream.plan.kinds.sampling import wrap_index
from augstream.plan.kinds.statistic import histogram
from augstream.plan.op import Array, Facts, Frame, Mask, Op, Rows, numbers, sound
from augstream.record import record, replace

# Pillow's, which are exact for bytes.
LUMA = np.array([19595, 38470, 7471]) / 65536


@record(frozen=True, eq=False)
class Clahe(Op):
    """Equalizes the luma of each of `tiles` x `tiles` tiles, with histograms that are clipped, as OpenCV does.

    clip: (n,) how many times the mean count a level may have; what is above it goes to all levels alike. Between the
    centers of the tiles their tables are mixed bilinearly, and between two levels linearly. What the luma becomes
    brighter is added to the three colors, so that the chroma stays, as does alpha. on: (n,) the images it is for.
    Histograms have 256 bins, the luma rounded to 255ths of the peak.
    """

    clip: Array
    tiles: int
    peak: float
    on: Mask

    tag = 17

    @property
    def statistic(self) -> bool:
        return True

    def where(self, on: Mask, frame: Frame) -> "Clahe":
        return replace(self, on=self.on & on)

    def idle(self, frame: Frame) -> Mask:
        return ~self.on

    def check(self, n: int, c: int) -> Facts:
        yield "clahe.clip", sound(self.clip, (n,)) and bool((self.clip > 0).all())
        yield "clahe.tiles", 1 <= self.tiles <= 64
        yield "clahe.peak", self.peak > 0 and c in (1, 3, 4)
        yield "clahe.on", self.on.shape == (n,) and self.on.dtype == np.bool_

    def text(self, row: int) -> str:
        if not self.on[row]:
            return "Clahe  none"
        return f"Clahe  clip {numbers(self.clip[row : row + 1])}, {self.tiles} x {self.tiles} tiles"

    def wire(self, channels: int) -> tuple[Any, ...]:
        clip = np.ascontiguousarray(self.clip)
        return self.tag, clip, self.tiles, float(self.peak), self.on.view(np.uint8)

    def apply(self, image: Array, row: int) -> Array:
        if not self.on[row]:
            return image
        height, width, c = image.shape
        luma = image[..., 0] if c == 1 else image[..., :3] @ LUMA
        place = np.minimum(np.fmax(luma * (255 / self.peak), 0), 255)
        tables, side = self._tables(place, row)
        low = np.minimum(place.astype(np.int64), 254)
        (up, down), (left, right) = (_between(n, of, self.tiles) for n, of in zip((height, width), side, strict=True))
        y, x = (_across(n, of) for n, of in zip((height, width), side, strict=True))
        ends = []
        for entry in (low, low + 1):
            upper = _mixed(tables[up[:, None], left, entry], tables[up[:, None], right, entry], x)
            lower = _mixed(tables[down[:, None], left, entry], tables[down[:, None], right, entry], x)
            ends.append(_mixed(upper, lower, y[:, None]))
        more = (_mixed(ends[0], ends[1], place - low) - place) * (self.peak / 255)
        out = image.copy()
        colors = 1 if c == 1 else 3
        out[..., :colors] = np.minimum(np.fmax(image[..., :colors] + more[..., None], 0), self.peak)
        return out

    def _tables(self, place: Array, row: int) -> tuple[Array, tuple[int, int]]:
        """(tiles, tiles, 256) tables, and (height, width) of a tile."""
        n, tall, wide = self.tiles, *place.shape
        if tall % n or wide % n:  # OpenCV makes both sides longer then
            tall, wide = tall + n - tall % n, wide + n - wide % n
        rows, columns = (
            wrap_index(np.arange(many), of, "reflect") for many, of in zip((tall, wide), place.shape, strict=True)
        )
        whole, side = place[rows[:, None], columns], (tall // n, wide // n)
        tables = np.empty((n, n, 256))
        for i in range(n):
            for j in range(n):
                tile = whole[i * side[0] : (i + 1) * side[0], j * side[1] : (j + 1) * side[1]]
                tables[i, j] = _table(histogram(tile, 255.0), self.clip[row], tile.size)
        return tables, side


def _table(count: Array, clip: float, area: int) -> Array:
    most = max(int(clip * area / 256), 1)
    over = int(np.maximum(count - most, 0).sum())
    count = np.minimum(count, most) + over // 256
    rest = over % 256
    if rest:
        step = max(256 // rest, 1)
        count[: rest * step : step] += 1
    scaled = np.cumsum(count).astype(np.float32) * np.float32(255 / np.float32(area))
    table: Array = np.minimum(np.rint(scaled), 255).astype(np.float64)
    return table


def _place(n: int, side: int) -> Array:
    """Where pixels lie between the centers of tiles, as OpenCV counts: it takes a pixel's number for its center."""
    place = np.arange(n, dtype=np.float32) * np.float32(1 / side) - np.float32(0.5)
    return place.astype(np.float64)


def _across(n: int, side: int) -> Array:
    place = _place(n, side)
    across: Array = place - np.floor(place)
    return across


def _between(n: int, side: int, tiles: int) -> tuple[Rows, Rows]:
    first = np.floor(_place(n, side)).astype(np.int64)
    return np.maximum(first, 0), np.minimum(first + 1, tiles - 1)


def _mixed(one: Array, other: Array, part: Array) -> Array:
    return one + (other - one) * part
