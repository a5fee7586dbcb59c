"""A field: what displaces the places that a warp looks at.

It stands between the two matrices of a warp: an output pixel p looks at `field.matrix` (q + d(q)), where q is
`warp.matrix` p. So the warps before it and behind it multiply into its matrices, and all of them are one gather.
"""

from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.plan.kinds import pixel_hash
from augstream.plan.op import Array, Facts, Mask, Rows, float32, matrix_text, numbers, sound
from augstream.record import record, replace

Kind: TypeAlias = Literal["smooth", "tiles", "pixels"]
# As the core numbers them; see src/core/plan.
KINDS: dict[Kind, int] = {"smooth": 0, "tiles": 1, "pixels": 2}
CLOSE = 1e-3  # pixels, for places that are found by iteration
ROUNDS = 40
MOST = 512  # nodes along an axis


@record(frozen=True, eq=False)
class Field:
    """How far away from its place each place looks, in pixels.

    kind: how the nodes (n, gh, gw, 2) of x and y are read. "smooth": as coefficients of a uniform cubic B-spline, which
        is smooth, and never farther than they are. "tiles": the displacement of a tile each, in whole pixels. "pixels":
        a single one, how many whole pixels each one goes at most, by the hash of the key (n,) and the pixel's number.
    box: (n, 4) x0 y0 x1 y1, what the nodes cover: with gw - 3 by gh - 3 cells where they are smooth, so that a node
        stands one cell outside of it all around. Beyond it all is displaced as at its edge.
    matrix: (n, 3, 3), from the displaced place to the input.
    """

    nodes: Array
    box: Array
    matrix: Array
    kind: Kind = "smooth"
    key: NDArray[np.uint64] | None = None

    def where(self, on: Mask) -> "Field":
        """This field for the images that are on, none to speak of for the others."""
        nodes = np.where(on[:, None, None, None], self.nodes, 0.0)
        return replace(self, nodes=nodes, matrix=_core.matrix_where(on, self.matrix))

    def idle(self) -> Mask:
        """(n,) which images it displaces nothing of."""
        still: Mask = _core.identities(self.matrix) & (self.nodes == 0).all(axis=(1, 2, 3))
        return still

    def take(self, rows: Rows) -> "Field":
        """The field for some of the images, (m,) of n."""
        key = None if self.key is None else self.key[rows]
        return replace(self, nodes=self.nodes[rows], box=self.box[rows], matrix=self.matrix[rows], key=key)

    def check(self, n: int) -> Facts:
        """What `verify` asserts."""
        gh, gw = self.nodes.shape[1:3]
        least = 4 if self.kind == "smooth" else 1
        yield "warp.field.nodes", sound(self.nodes, (n, gh, gw, 2)) and least <= min(gh, gw) <= max(gh, gw) <= MOST
        yield "warp.field.box", sound(self.box, (n, 4)) and bool((self.box[:, 2:] > self.box[:, :2]).all())
        yield "warp.field.matrix", sound(self.matrix, (n, 3, 3))
        yield "warp.field.key", (self.key is not None) == (self.kind == "pixels")
        if self.kind == "pixels" and self.key is not None:
            yield "warp.field.key", self.key.shape == (n,) and self.key.dtype == np.uint64
            yield "warp.field.nodes", (gh, gw) == (1, 1) and bool((self.nodes >= 0).all())
        yield "warp.field.nodes", self.kind == "smooth" or bool((self.nodes == np.floor(self.nodes)).all())

    def text(self, row: int) -> str:
        """One image's numbers, for `explain`."""
        gh, gw = self.nodes.shape[1:3]
        far = numbers(np.abs(self.nodes[row]).max(axis=(0, 1)))
        if self.kind == "pixels" and self.key is not None:
            said = f"pixels spread by up to [{far}], key {int(self.key[row]):016x}"
        elif self.kind == "tiles":
            said = f"{gh} x {gw} tiles moved by up to [{far}]"
        else:
            said = f"bent by {gh} x {gw} points of up to [{far}]"
        m = self.matrix[row]
        return said if (m == np.eye(3)).all() else f"{said}, then {matrix_text(m[:2] if m[2, 2] == 1 else m)}"

    def wire(self) -> tuple[Any, ...]:
        """What the core reads."""
        box, matrix = np.ascontiguousarray(self.box), np.ascontiguousarray(self.matrix)
        return KINDS[self.kind], float32(self.nodes), box, matrix, self.key

    def displaced(self, points: Array, at: Rows) -> Array:
        """Where the places (m, 2) of the field look, before its matrix; `at` (m,) are their images."""
        cell, inside = self._cells(points, at)
        if self.kind == "smooth":
            return points + self._spline(cell, inside, at)[0]
        if self.kind == "tiles":
            return points + self.nodes[at, cell[:, 1], cell[:, 0]]
        return points + self._spread(cell, at)

    def undone(self, points: Array, at: Rows) -> Array:
        """Which places (m, 2) look at these ones: what `displaced` undoes, to 0.01 of a pixel.

        By Newton's method. Where the field folds, so that several do, one of them, and where none does, the nearest
        that was found. Of tiles, the place in the tile that shows it; pixels that are spread count as where they were.
        """
        if self.kind == "pixels":
            return points
        if self.kind == "tiles":
            return self._untiled(points, at)
        place, step = points.copy(), np.ones(len(points))
        moved, slope = self._at(place, at)
        miss = moved - points
        for _ in range(ROUNDS):
            far = np.hypot(*miss.T)
            live = np.flatnonzero(far > CLOSE)
            if not len(live):
                break
            with np.errstate(divide="ignore", invalid="ignore"):
                trial = place[live] - step[live, None] * _solved(slope[live], miss[live])
            moved, bent = self._at(trial, at[live])
            off = moved - points[live]
            better = np.hypot(*off.T) < far[live]
            good = live[better]
            place[good], miss[good], slope[good] = trial[better], off[better], bent[better]
            step[live] = np.where(better, 1.0, step[live] / 2)
        return place

    def _at(self, points: Array, at: Rows) -> tuple[Array, Array]:
        """Where places look, and the Jacobian (m, 2, 2) of that."""
        shift, slope = self._spline(*self._cells(points, at), at)
        box = self.box[at]
        beyond = (points < box[:, :2]) | (points > box[:, 2:])
        return points + shift, np.eye(2) + np.where(beyond[:, None, :], 0.0, slope)

    def _cells(self, points: Array, at: Rows) -> tuple[Rows, Array]:
        """In which cell places are, x and y, and where in it."""
        box, many = self.box[at], self._many(at)
        size = (box[:, 2:] - box[:, :2]) / many
        with np.errstate(invalid="ignore"):
            place = np.nan_to_num(np.clip((points - box[:, :2]) / size, 0, many))
        cell = np.minimum(place.astype(np.int64), many - 1)
        return cell, place - cell

    def _many(self, at: Rows) -> Rows:
        """How many cells there are, across and down; of pixels, those of each image, (m, 2)."""
        if self.kind == "pixels":
            sides = self.box[at, 2:] - self.box[at, :2]
            return sides.astype(np.int64)
        gh, gw = self.nodes.shape[1:3]
        return np.array([gw, gh]) - (3 if self.kind == "smooth" else 0)

    def _spline(self, cell: Rows, t: Array, at: Rows) -> tuple[Array, Array]:
        """The displacement (m, 2) and its derivatives (m, 2, 2), of x and y by x and y."""
        i, j = cell[:, 1], cell[:, 0]
        reach = np.arange(4)
        near = self.nodes[at[:, None, None], (i[:, None] + reach)[:, :, None], (j[:, None] + reach)[:, None, :]]
        (wx, dx), (wy, dy) = _weights(t[:, 0]), _weights(t[:, 1])
        box = self.box[at]
        size = (box[:, 2:] - box[:, :2]) / self._many(at)
        shift = np.einsum("mi,mj,mijc->mc", wy, wx, near)
        by_x = np.einsum("mi,mj,mijc->mc", wy, dx, near) / size[:, :1]
        by_y = np.einsum("mi,mj,mijc->mc", dy, wx, near) / size[:, 1:]
        return shift, np.stack([by_x, by_y], axis=2)

    def _spread(self, cell: Rows, at: Rows) -> Array:
        """Displacements of the pixels: whole ones, none of which leaves the box."""
        shift = np.zeros((len(cell), 2))
        if self.key is None:
            return shift
        for row in np.unique(at).tolist():
            mine = np.flatnonzero(at == row)
            width, height = self._many(np.array([row]))[0].tolist()
            words = pixel_hash.words(int(self.key[row]), height, width, 2)[cell[mine, 1], cell[mine, 0]]
            reach = self.nodes[row, 0, 0].astype(np.int64)
            moved = ((words >> np.uint32(16)).astype(np.int64) * (2 * reach + 1) >> 16) - reach
            shift[mine] = np.clip(cell[mine] + moved, 0, (width - 1, height - 1)) - cell[mine]
        return shift

    def _untiled(self, points: Array, at: Rows) -> Array:
        """Places in the tiles that show these ones: those from which they are least outside."""
        low, high, shift = self.tiles(at)
        there = points[:, None] - shift
        outside = np.maximum(np.maximum(low - there, there - high), 0).sum(axis=2)
        best = np.argmin(np.nan_to_num(outside), axis=1)
        return np.take_along_axis(there, best[:, None, None], axis=1)[:, 0]

    def tiles(self, at: Rows) -> tuple[Array, Array, Array]:
        """(m, k, 2) the corners of each tile, and where it looks, from there."""
        gh, gw = self.nodes.shape[1:3]
        box = self.box[at][:, None]
        y, x = np.mgrid[:gh, :gw].reshape(2, -1)
        size = (box[..., 2:] - box[..., :2]) / (gw, gh)
        low = box[..., :2] + np.stack([x, y], axis=1) * size
        return low, low + size, self.nodes[at].reshape(len(at), -1, 2)


def _weights(t: Array) -> tuple[Array, Array]:
    """The weights (m, 4) of the coefficients around places in a cell, and their derivatives."""
    s = 1 - t
    value: Array = np.stack([s**3, t * t * (3 * t - 6) + 4, s * s * (3 * s - 6) + 4, t**3], axis=1) / 6
    slope: Array = np.stack([-s * s, t * (3 * t - 4), s * (4 - 3 * s), t * t], axis=1) / 2
    return value, slope


def _solved(slope: Array, miss: Array) -> Array:
    """Newton's step; where the slope is none to speak of, the plain one."""
    (a, b), (c, d) = slope[:, 0].T, slope[:, 1].T
    determinant = a * d - b * c
    x, y = miss.T
    step = np.stack([d * x - b * y, a * y - c * x], axis=1) / determinant[:, None]
    found: Array = np.where(np.abs(determinant)[:, None] > 0.02, step, miss)
    return found


def coefficients(values: Array) -> Array:
    """The coefficients (n, gh, gw, 2) of the splines that go through these values at their nodes.

    At the outermost nodes they are close, so these should lie outside of what is seen.
    """
    down, across = (_solver(side) for side in values.shape[1:3])
    n, gh, gw, _ = values.shape
    half = (down @ values.reshape(n, gh, -1)).reshape(n, gh, gw, 2)
    found: Array = across @ half
    return found


@lru_cache(maxsize=64)
def _solver(n: int) -> Array:
    """(n, n) values -> coefficients along one axis."""
    system, ends = np.eye(n), np.eye(n)
    for i in range(1, n - 1):
        system[i, i - 1 : i + 2] = np.array([1, 4, 1]) / 6
    # A coefficient is a value less a sixth of the second difference, but for what is of higher order.
    ends[0, :3] = ends[-1, :-4:-1] = np.array([5, 2, -1]) / 6
    solver: Array = np.linalg.inv(system) @ ends
    return solver


def around(size: Rows) -> Array:
    """(n, 4) the boxes of whole images of these sizes."""
    sides = size[:, ::-1].astype(np.float64)
    box: Array = np.concatenate([np.zeros_like(sides), sides], axis=1)
    return box


def grid(box: Array, down: int, across: int) -> Array:
    """(n, down + 3, across + 3, 2) places of the nodes of a smooth field with so many cells."""
    y, x = np.mgrid[-1.0 : down + 2, -1.0 : across + 2]
    steps = np.stack([x / across, y / down], axis=-1)
    low, side = box[:, None, None, :2], (box[:, 2:] - box[:, :2])[:, None, None]
    places: Array = low + steps * side
    return places
