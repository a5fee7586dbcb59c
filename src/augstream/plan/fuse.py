"""Ops -> plan: the only place that merges, and only by these identities, each with a law test.

1. Two warps are one whose matrix is the product, where interpolation (with its antialiasing) and border agree or one of
   the two has none. The merged warp reads the original image: sharper, and real pixels instead of the first one's
   border. Where the second one's border is constant and another one, or was written on the transform after a crop, the
   image that it surrounds becomes a window of the merged warp. A field of one of them stays between the matrices before
   and behind it; a second field begins a step of its own.
2. Two colors are one whose matrix is the product; levels are clipped once, by the last clip. A map of the levels
   (no clip of its own) maps the clip before it.
3. A stepped curve, then any curve, are one stepped curve, where both are for every image: look its entries up in the
   second. (A linear curve is not merged: between its entries the result would differ.)
4. A color, then a warp, are the same warp, then the color: it is affine, and a warp's weights sum to one. A constant
   fill goes back through the color, so that it looks as asked behind it. (A color that clips does not pass a filter or
   a mix: there the clip would come too late.)
5. A curve, then a warp that keeps pixels whole, are the same warp, then the curve: true of every border but the
   constant one, which a curve can't be undone for.
6. Shapes with a constant fill, then a warp that keeps pixels whole, are the same warp, then the shapes where they are
   behind it.
7. A mix, then a warp, are the mix of its sources each under that warp, where the warp passes what stands last in each.

Noise moves through nothing. Which ops merge follows from their kinds and from what the user wrote. An op that leaves an
image as it is does not take part in that image's plan, so images of a batch fall into groups; that depends on an
image's own draws, so its plan is the same whatever its batch-mates are.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.plan.kinds import color, curve, shapes
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.mix import Branch, Mix
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.warp import Warp, Window
from augstream.plan.matrix import then
from augstream.plan.op import Array, Frame, Op, Rows
from augstream.plan.plan import Plan
from augstream.plan.step import Group, Step
from augstream.record import replace

Merge: TypeAlias = Callable[[Any, Any], Op | None]

# A point and the next one -> the one point that does the same, or None where there is none.
MERGE: dict[tuple[type[Op], type[Op]], Merge] = {(Color, Color): color.merge, (Curve, Curve): curve.merge}


def _always(point: Color, _: Warp) -> Color:
    return point


def _where_whole(point: Curve, warp: Warp) -> Curve | None:
    return point if warp.interpolation is None and warp.border != "constant" else None


def _still(warp: Warp) -> NDArray[np.bool_]:
    """(n,) where a warp onto the canvas of a mix finds an image that fits it."""
    return _core.identities(warp.matrix)


def _never(*_: Op) -> None:
    return None


# A point and the warp behind it -> the point behind the warp, or None where they do not change places.
PASS: dict[type[Op], Merge] = {Color: _always, Curve: _where_whole, Shapes: shapes.behind}


def fuse(ops: Iterable[Op], frame: Frame) -> Plan:
    """The plan with as few passes as the identities allow; ops keep their order otherwise."""
    chain = _Chain(_nested(ops, frame), frame)
    return Plan(tuple([chain.group(rows) for rows in chain.alike]), frame, chain.last)


def unfused(ops: Iterable[Op], frame: Frame) -> Plan:
    """The plan that does one op after the other: `Compose(..., fuse=False)`."""
    ops, last = _nested(ops, frame), frame
    for op in ops:
        last = op.after(last)
    return Plan((Group(None, None, _one_by_one(ops)),), frame, last)


def layout(ops: Iterable[Op], frame: Frame) -> tuple[Step, ...]:
    """The steps of an image to which every op does something, whatever was drawn: how a pipeline prints itself."""
    return _Chain(_nested(ops, frame), frame, everything=True).group(None).steps


class _Open:
    """A step that still takes ops."""

    def __init__(self, head: Op | None = None, branches: "Sequence[tuple[Rows, list[_Open]]]" = ()) -> None:
        self.head = head
        self.points: tuple[Op, ...] = ()
        self.branches = branches  # of a mix, open as well
        # The points that the fill of a constant border, and of each window, have to go back through.
        self.under: tuple[Op, ...] = ()
        self.unders: tuple[tuple[Op, ...], ...] = ((),) * (len(head.windows) if isinstance(head, Warp) else 0)

    def add_point(self, point: Op) -> None:
        """Identities 2 and 3."""
        last = self.points[-1] if self.points else None
        merge = MERGE.get((type(last), type(point))) if last is not None else None
        one = None if merge is None else merge(last, point)
        self.points = (*self.points, point) if one is None else (*self.points[:-1], one)

    def add_warp(self, warp: Warp) -> bool:
        """Identities 1 and 4 to 7; False where the warp has to begin a step of its own."""
        points = self._behind(warp)
        if points is None or not self._takes(warp):
            return False
        if isinstance(self.head, Mix):
            inner = _warp_before(warp, self.points)
            for _, steps in self.branches:
                _add(steps, inner)
            place = warp.matrix if self.head.place is None else then(self.head.place, warp.matrix)
            self.head = replace(self.head, place=place, size=warp.size)
        elif isinstance(self.head, Warp):
            self._merge_warps(self.head, warp)
        else:
            self.head, self.under = warp, self.points
            self.unders = (self.points,) * len(warp.windows)
        self.points = points
        return True

    def lets_in(self, warp: Warp) -> bool:
        """Whether a warp behind this step may move to its front."""
        return self._behind(warp) is not None and self._takes(warp)

    def _takes(self, warp: Warp) -> bool:
        """Whether a warp that has passed the points joins the head."""
        if isinstance(self.head, Mix):
            # What continues a mix is not what continues each of its images in its region.
            if self.head.region is not None and warp.field is not None:
                return False
            if self.head.region is not None and warp.explicit and warp.border not in (None, "constant"):
                return False
            # What is seen before the colors behind the mix may be no level, and a branch clips. A branch without steps
            # takes anything.
            ends = [steps[-1] for _, steps in self.branches if steps]
            clipped = _filled(warp) and bool(self.points) and any(end.points for end in ends)
            return bool(self.branches) and not clipped and all(end.lets_in(warp) for end in ends)
        if self.head is None:
            return not (self.points and self.points[0].statistic)
        return isinstance(self.head, Warp) and _agree(self.head, warp) and _edge(self.head, warp) is not None

    def close(self) -> Step:
        """The step as it stands."""
        head = self.head
        if isinstance(head, Mix) and self.branches:
            done = [Branch(rows, tuple([step.close() for step in steps])) for rows, steps in self.branches]
            head = replace(head, branches=tuple(done), rows=None, warps=(), ops=(), frame=None)
        elif isinstance(head, Warp) and (self.under or any(self.unders)):
            head = _warp_before(head, self.under, self.unders)
        return Step(head, self.points)

    def _behind(self, warp: Warp) -> tuple[Op, ...] | None:
        """The points as they are behind the warp; None where one of them does not let it pass."""
        if not self.points:
            return ()
        points = []
        for point in self.points:
            passed = PASS.get(type(point), _never)(point, warp)
            if passed is None:
                return None
            points.append(passed)
        return tuple(points)

    def _merge_warps(self, own: Warp, warp: Warp) -> None:
        """Identity 1."""
        windows = tuple([window.moved(warp) for window in own.windows])
        border, fill, seen, explicit = own.border, own.fill, own.seen, own.explicit
        if _edge(own, warp) == "window" and warp.fill is not None:
            bent = warp.field is not None
            matrix = warp.matrix if warp.field is None else warp.field.matrix
            windows = (*windows, Window(matrix, own.size, warp.fill, warp.seen, bent))
            self.unders = (*self.unders, self.points)
        elif warp.border is not None:
            border, fill, seen, explicit = warp.border, warp.fill, warp.seen, own.explicit or warp.explicit
            self.under = self.points
        self.unders = (*self.unders, *[self.points] * len(warp.windows))
        if warp.field is None:
            matrix, field = then(own.matrix, warp.matrix), own.field
        else:
            matrix, field = warp.matrix, replace(warp.field, matrix=then(own.matrix, warp.field.matrix))
        self.head = Warp(
            matrix,
            warp.size,
            border,
            fill,
            warp.interpolation or own.interpolation,
            own.antialias if warp.interpolation is None else warp.antialias,
            (*windows, *warp.windows),
            explicit=explicit,
            covers=own.covers and warp.covers,
            seen=seen,
            field=field,
        )


class _Chain:
    """The ops of some images, and which of them do nothing to which image."""

    def __init__(self, ops: Sequence[Op], frame: Frame, everything: bool = False) -> None:
        self.ops, self.everything = ops, everything
        self.mix = ops[0] if ops and isinstance(ops[0], Mix) and ops[0].frame is not None else None
        self.inner: _Chain | None = None
        if self.mix is not None and self.mix.frame is not None:
            self.inner = _Chain(self.mix.ops, self.mix.frame, everything)
        self.steps: list[_Open] = []  # of an image that every op does something to
        for op in ops:
            _add(self.steps, op)
        keyed = [] if everything else _keyed(ops, self.steps)
        self.idle: dict[int, NDArray[np.bool_]] = {}
        for number, op in enumerate(ops):
            if number in keyed:
                self.idle[number] = op.idle(frame)
            frame = op.after(frame)
        self.last, self.n = frame, len(frame)
        # The images in groups of those whose plans have the same structure; [None] where all are alike.
        self.alike: Sequence[Rows | None] = self._alike()

    def _alike(self) -> Sequence[Rows | None]:
        columns: list[Any] = list(self.idle.values())
        if self.mix is not None and self.mix.rows is not None and self.inner is not None:
            taken = self.inner.kind[self.mix.rows] + 1
            columns += list(np.where(self.mix.weight != 0, taken, 0).T)
            columns += [_still(warp) for warp in self.mix.warps if warp is not None]
        return (_core.groups(self.n, columns) if columns else None) or [None]

    @property
    def kind(self) -> Rows:
        """(n,) a number for each image, equal where they are alike."""
        kinds = np.zeros(self.n, np.int64)
        for number, rows in enumerate(self.alike):
            kinds[rows] = number
        return kinds

    def group(self, rows: Rows | None) -> Group:
        """The plan of images of one kind."""
        if rows is None and self.mix is None and not self._partial:
            return Group(None, None, tuple([step.close() for step in self.steps]))
        sources, steps = self.open(np.arange(self.n) if rows is None else rows)
        whole = rows is None and self.mix is None
        return Group(rows, None if whole else sources, tuple([step.close() for step in steps]))

    @property
    def _partial(self) -> bool:
        """Whether some op leaves images alone; what is left without them may merge."""
        if any(isinstance(op, Curve) and op.on is not None for op in self.ops):
            return True
        return bool(self.n) and any(idle[0] for idle in self.idle.values())

    def open(self, rows: Rows) -> tuple[Rows, list[_Open]]:
        """Which images these ones are made of (of a mix, the first of each), and how."""
        sources, steps = rows, list[_Open]()
        everyone = len(rows) == self.n and bool((rows == np.arange(self.n)).all())
        for number, op in enumerate(self.ops):
            if op is self.mix:
                sources, steps = self._mixed(rows)
            elif not (number in self.idle and self.idle[number][rows[0]]):
                # A keyed op may be another one where it is for all images, as they are in every group.
                whole = everyone and number not in self.idle
                _add(steps, op if whole else op.take(rows))
        return sources, steps

    def _mixed(self, rows: Rows) -> tuple[Rows, list[_Open]]:
        """What stands before the ops behind a mix: the mix, or only its first image where it does not mix."""
        if self.mix is None or self.mix.rows is None or self.inner is None:
            raise ValueError("This chain has no mix.")
        mix = self.mix.take(rows)
        wanted = np.flatnonzero((mix.weight[0] != 0) | self.everything).tolist()
        branches = []
        for which in wanted:
            sources, steps = self.inner.open(self.mix.rows[rows, which])
            onto = mix.warps[which] if mix.warps else None
            if onto is not None and not _still(onto)[0]:
                _add(steps, onto)
            branches.append((sources, steps))
        if wanted == [0]:
            return branches[0]
        region = None if mix.region is None else mix.region[:, wanted]
        mix = replace(mix, weight=mix.weight[:, wanted], share=mix.share[:, wanted], region=region)
        return branches[0][0], [_Open(mix, branches)]


def _nested(ops: Iterable[Op], frame: Frame) -> tuple[Op, ...]:
    """A mix takes the ops before it in, as they are drawn for other images than those behind it."""
    chain: list[Op] = []
    for op in ops:
        if isinstance(op, Mix) and op.rows is not None and op.frame is None:
            chain = [replace(op, ops=tuple(chain), frame=frame)]
        else:
            chain.append(op)
    return tuple(chain)


def _keyed(ops: Sequence[Op], steps: Sequence[_Open]) -> list[int]:
    """Positions of the ops that images are grouped by: those without which a plan would be another one.

    Colors, and warps where all of them become one, stay in: an identity merges to what there is without it. Not so a
    warp with a border that was written on it, which would be seen at an identity as well, and one with a field, beside
    which no resize is exact. steps: what all merge to.
    """
    apart = len(steps) > 1 and sum([type(step.head) is Warp for step in steps]) > 1
    return [
        number
        for number, op in enumerate(ops)
        if (apart or op.explicit or op.field is not None if isinstance(op, Warp) else not isinstance(op, Color))
    ]


def _add(steps: list[_Open], op: Op) -> None:
    """Takes an op into the last step, or begins another one."""
    last = steps[-1] if steps else None
    if isinstance(op, Warp):
        if last is None or not last.add_warp(op):
            steps.append(_Open(op))
    elif op.head:
        steps.append(_Open(op))
    else:
        if last is None or op.statistic:
            steps.append(last := _Open())
        last.add_point(op)


def _one_by_one(ops: Sequence[Op]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for op in ops:
        if isinstance(op, Mix) and op.rows is not None and op.frame is not None:
            inner, branches = _one_by_one(op.ops), []
            for which, rows in enumerate(op.rows.T):
                onto = op.warps[which] if op.warps else None
                own = tuple([step.take(rows) for step in inner])
                branches.append(Branch(rows, own if onto is None else (*own, Step(onto))))
            op = replace(op, branches=tuple(branches), rows=None, warps=(), ops=(), frame=None)
        steps.append(Step(op) if op.head else Step(None, (op,)))
    return tuple(steps)


def _agree(own: Warp, warp: Warp) -> bool:
    """Whether two warps read pixels in the same way, or one of them moves whole pixels."""
    if own.field is not None and (
        warp.field is not None or (own.field.kind == "pixels" and warp.interpolation is not None)
    ):
        return False  # between pixels that are spread there is nothing to see
    same = own.interpolation == warp.interpolation and own.antialias == warp.antialias
    return same or own.interpolation is None or warp.interpolation is None


def _edge(own: Warp, warp: Warp) -> str | None:
    """What becomes of the edge of the image between two warps: "open" to the pixels beyond it, a "window", or None
    where it can be neither.
    """
    if warp.border is None or own.covers:
        return "open"
    same = own.border is None or (own.border == warp.border and _same_fill(own, warp))
    if same and not warp.explicit:
        return "open"
    return "window" if warp.border == "constant" else None


def _same_fill(own: Warp, warp: Warp) -> bool:
    one, two = (some.fill if some.seen is None else some.seen for some in (own, warp))
    return one is two or (one is not None and two is not None and np.array_equal(one, two))


def _filled(warp: Warp) -> bool:
    return warp.fill is not None or bool(warp.windows)


def _warp_before(warp: Warp, under: Sequence[Op], unders: Sequence[Sequence[Op]] | None = None) -> Warp:
    """The warp with what its fills look like before the colors that they are seen behind.

    under: those of its border; unders: those of each window, None where they are the same.
    """
    fill, seen = _back(warp.fill, warp.seen, under)
    windows = []
    for window, points in zip(warp.windows, [under] * len(warp.windows) if unders is None else unders, strict=True):
        levels, asked = _back(window.fill, window.seen, points)
        windows.append(window if levels is None else window._replace(fill=levels, seen=asked))
    return replace(warp, fill=fill, seen=seen, windows=tuple(windows))


def _back(fill: Array | None, seen: Array | None, under: Sequence[Op]) -> tuple[Array | None, Array | None]:
    """A fill before the colors that it is seen behind, and what it is seen as."""
    if fill is None or not under:
        return fill, seen
    asked = fill if seen is None else seen
    for point in reversed(under):
        if isinstance(point, Color):
            fill = color.before(point, fill)
    return fill, asked
