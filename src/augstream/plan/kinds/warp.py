"""Warp: each output pixel looks at one place of the input image."""

from typing import Any, NamedTuple

import numpy as np

import augstream._core as _core
from augstream.plan.kinds import sampling
from augstream.plan.matrix import then
from augstream.plan.op import (
    Array,
    Border,
    Facts,
    Frame,
    Interpolation,
    Mask,
    Op,
    Rows,
    matrix_text,
    numbers,
    sound,
)
from augstream.record import record, replace

# As the core numbers them; see src/core/plan.
BORDERS: dict[Border, int] = {"constant": 0, "edge": 1, "symmetric": 2, "reflect": 3, "wrap": 4, "overlap": 5}
INTERPOLATIONS: dict[Interpolation, int] = {"nearest": 0, "bilinear": 1, "bicubic": 2}


class Window(NamedTuple):
    """The rectangle of an image as it was at some point of the chain; outside of it the fill is seen.

    matrix: (n, 3, 3), output to that image. size: (n, 2), of that image. fill: (n, 1 or c) levels; seen: what the fill
    looks like behind the colors that it has gone back through, None where there are none.
    """

    matrix: Array
    size: Rows
    fill: Array
    seen: Array | None = None

    def moved(self, matrix: Array) -> "Window":
        """The window behind one more warp."""
        return self._replace(matrix=then(self.matrix, matrix))

    def wire(self, channels: int) -> tuple[Any, ...]:
        """What the core reads."""
        return (
            np.ascontiguousarray(self.matrix),
            np.ascontiguousarray(self.size),
            _core.fill_levels(self.fill, channels),
        )


@record(frozen=True, eq=False)
class Warp(Op):
    """Each output pixel looks at one place of the input image.

    matrix: (n, 3, 3), output to input, continuous coordinates (x right, y down, pixel i covers [i, i+1)).
    size: (n, 2) integers, output (height, width).
    border: what is seen outside the image; None where the warp never looks outside, so that any border will do.
    fill: (n, 1 or c) levels, seen outside a "constant" border.
    interpolation: None where pixel centers fall onto pixel centers, so that any interpolation gives the same image.
    antialias: False samples as scipy.ndimage does: one interpolated value however much the warp shrinks, and a constant
        border that begins at once beyond the outermost pixel centers.
    windows: rectangles outside of which something else is seen, innermost first.
    explicit: whether the border is honored at the edge of the image as it is here, whatever was warped before.
    covers: whether the output is all of the input and nothing else (a flip, a quarter turn, a resize).
    seen: what the fill looks like behind the colors that it has gone back through; None where there are none.
    """

    matrix: Array
    size: Rows
    border: Border | None = None
    fill: Array | None = None
    interpolation: Interpolation | None = None
    antialias: bool = True
    windows: tuple[Window, ...] = ()
    explicit: bool = False
    covers: bool = False
    seen: Array | None = None

    tag = 0
    head = True

    def where(self, on: Mask, frame: Frame) -> "Warp":
        size = self.size if self.size is frame.size else _core.size_where(on, self.size, frame.size)
        return replace(self, matrix=_core.matrix_where(on, self.matrix), size=size)

    def idle(self, frame: Frame) -> Mask:
        if self.windows:
            return np.zeros(len(self.size), bool)
        still = _core.identities(self.matrix)
        return still if self.size is frame.size else still & _core.same_sizes(self.size, frame.size)

    def after(self, frame: Frame) -> Frame:
        return frame if self.size is frame.size else frame.resized(self.size)

    def take(self, rows: Rows) -> "Warp":
        windows = tuple(
            Window(*(None if part is None else part[rows] for part in window))  # type: ignore[arg-type]
            for window in self.windows
        )
        return replace(super().take(rows), windows=windows)

    def check(self, n: int, c: int) -> Facts:
        yield "warp.matrix", sound(self.matrix, (n, 3, 3))
        yield "warp.size", self.size.shape == (n, 2) and self.size.dtype == np.int64 and bool((self.size > 0).all())
        yield "warp.fill", (self.fill is None) != (self.border == "constant")
        yield "warp.fill", self.fill is None or sound(self.fill, (n, 1), (n, c))
        for window in self.windows:
            yield "warp.windows", sound(window.matrix, (n, 3, 3)) and sound(window.fill, (n, 1), (n, c))
            yield "warp.windows", window.size.shape == (n, 2) and bool((window.size > 0).all())

    def text(self, row: int) -> str:
        height, width = self.size[row]
        fill = f" {numbers(self.fill[row])}" if self.fill is not None else ""
        rows = self.matrix[row]
        if np.array_equal(rows[2], (0, 0, 1)):
            rows = rows[:2]
        plain = "" if self.antialias else ", not antialiased"
        cut = "".join(
            f", cut to {window.size[row][0]} x {window.size[row][1]} on {numbers(window.fill[row])}"
            for window in self.windows
        )
        how = f"border {self.border or 'any'}{fill}, {self.interpolation or 'whole pixels'}{plain}{cut}"
        return f"Warp   {matrix_text(rows)} to {height} x {width}, {how}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return (
            self.tag,
            np.ascontiguousarray(self.matrix),
            np.ascontiguousarray(self.size),
            BORDERS[self.border or "edge"],
            INTERPOLATIONS[self.interpolation or "bilinear"],
            self.antialias,
            None if self.fill is None else _core.fill_levels(self.fill, channels),
            tuple([window.wire(channels) for window in self.windows]),
        )

    def apply(self, image: Array, row: int) -> Array:
        height, width = (int(side) for side in self.size[row])
        how = self.interpolation or "bilinear", self.antialias
        border: Border = self.border or "edge"
        out = sampling.sample(image, self.matrix[row], height, width, border, *how)
        edges = [(window.matrix[row], tuple(window.size[row].tolist()), window.fill[row]) for window in self.windows]
        if border == "constant" and self.fill is not None:
            edges.insert(0, (self.matrix[row], image.shape[:2], self.fill[row]))
        for matrix, size, fill in edges:
            seen = sampling.coverage(matrix, height, width, size, *how)
            out = fill + seen[..., None] * (out - fill)
        return out
