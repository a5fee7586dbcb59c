"""Warp: each output pixel looks at one place of the input image."""

from typing import Any, NamedTuple

import numpy as np

import augstream._core as _core
from augstream.plan.kinds import sampling
from augstream.plan.kinds.field import Field
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
    looks like behind the colors that it has gone back through, None where there are none. bent: whether the matrix is
    not from the output but from where the warp's field has displaced it to.
    """

    matrix: Array
    size: Rows
    fill: Array
    seen: Array | None = None
    bent: bool = False

    def moved(self, warp: "Warp") -> "Window":
        """The window behind one more warp."""
        if self.bent:
            return self
        if warp.field is not None:
            return self._replace(matrix=then(self.matrix, warp.field.matrix), bent=True)
        return self._replace(matrix=then(self.matrix, warp.matrix))

    def wire(self, channels: int) -> tuple[Any, ...]:
        """What the core reads."""
        return (
            np.ascontiguousarray(self.matrix),
            np.ascontiguousarray(self.size),
            _core.fill_levels(self.fill, channels),
            *((True,) if self.bent else ()),
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
    field: what displaces the places before they look at the input; the matrix then leads to it.
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
    field: Field | None = None

    tag = 0
    head = True

    def where(self, on: Mask, frame: Frame) -> "Warp":
        size = self.size if self.size is frame.size else _core.size_where(on, self.size, frame.size)
        field = None if self.field is None else self.field.where(on)
        return replace(self, matrix=_core.matrix_where(on, self.matrix), size=size, field=field)

    def idle(self, frame: Frame) -> Mask:
        if self.windows:
            return np.zeros(len(self.size), bool)
        still = _core.identities(self.matrix)
        if self.field is not None:
            still = still & self.field.idle()
        return still if self.size is frame.size else still & _core.same_sizes(self.size, frame.size)

    def after(self, frame: Frame) -> Frame:
        return frame if self.size is frame.size else frame.resized(self.size)

    def take(self, rows: Rows) -> "Warp":
        windows = tuple(
            Window(*(part[rows] if isinstance(part, np.ndarray) else part for part in window))  # type: ignore[arg-type]
            for window in self.windows
        )
        field = None if self.field is None else self.field.take(rows)
        return replace(super().take(rows), windows=windows, field=field)

    def check(self, n: int, c: int) -> Facts:
        yield "warp.matrix", sound(self.matrix, (n, 3, 3))
        yield "warp.size", self.size.shape == (n, 2) and self.size.dtype == np.int64 and bool((self.size > 0).all())
        yield "warp.fill", (self.fill is None) != (self.border == "constant")
        yield "warp.fill", self.fill is None or sound(self.fill, (n, 1), (n, c))
        if self.field is not None:
            yield from self.field.check(n)
        for window in self.windows:
            yield "warp.windows", self.field is not None or not window.bent
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
        bent = "" if self.field is None else f"{self.field.text(row)}, "
        return f"Warp   {matrix_text(rows)} to {height} x {width}, {bent}{how}"

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
            *(() if self.field is None else (self.field.wire(),)),
        )

    def apply(self, image: Array, row: int) -> Array:
        height, width = (int(side) for side in self.size[row])
        how = self.interpolation or "bilinear", self.antialias
        border: Border = self.border or "edge"
        bent = self._bent(height, width, row)
        if self.field is None or bent is None:
            out = sampling.sample(image, self.matrix[row], height, width, border, *how)
        else:
            out = sampling.gather(image, *self._through(self.field.matrix[row], bent, row), border, how[0])
        edges = [
            (window.matrix[row], tuple(window.size[row].tolist()), window.fill[row], window.bent)
            for window in self.windows
        ]
        if border == "constant" and self.fill is not None:
            matrix = self.matrix if self.field is None else self.field.matrix
            edges.insert(0, (matrix[row], image.shape[:2], self.fill[row], self.field is not None))
        for matrix, size, fill, behind in edges:
            if behind and bent is not None:
                u, v, shrink = self._through(matrix, bent, row)
                seen = sampling.seen_at(u, v, size, shrink, *how)
            else:
                seen = sampling.coverage(matrix, height, width, size, *how)
            out = fill + seen[..., None] * (out - fill)
        return out

    def _bent(self, height: int, width: int, row: int) -> tuple[Array, Array] | None:
        """Where the field leads each output pixel, x and y."""
        if self.field is None:
            return None
        x, y = sampling.places(sampling.scaled(self.matrix[row]), height, width)
        points = np.stack([x.ravel(), y.ravel()], axis=1)
        moved = self.field.displaced(points, np.full(len(points), row)).reshape(height, width, 2)
        return moved[..., 0], moved[..., 1]

    def _through(self, matrix: Array, bent: tuple[Array, Array], row: int) -> tuple[Array, Array, tuple[float, float]]:
        """Where a matrix behind the field leads, and how much all of it shrinks."""
        height, width = self.size[row].tolist()
        onto = sampling.scaled(matrix)
        both = sampling.scaled(onto @ sampling.scaled(self.matrix[row]))
        return *sampling.projected(onto, *bent), sampling.shrunk(both, width, height, self.antialias)
