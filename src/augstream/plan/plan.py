"""A plan: what an engine runs, as a row of steps for each group of images that go the same way."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from augstream.errors import PipelineError
from augstream.plan import route, text
from augstream.plan.kinds.mix import Branch, Mix
from augstream.plan.op import Array, Frame, Op, Rows
from augstream.plan.route import Route
from augstream.plan.step import Group, Step
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Plan:
    """What is done to the images, and what is known of them before (m) and after (n)."""

    groups: tuple[Group, ...]
    frame_in: Frame
    frame_out: Frame

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of a plan whose images all go the same way."""
        if len(self.groups) != 1:
            raise ValueError(f"The plan has {len(self.groups)} groups; look at each of them.")
        return self.groups[0].steps

    @property
    def ops(self) -> tuple[Op, ...]:
        """The steps as a row of ops; fused again, they are the same plan."""
        return tuple(op for step in self.steps for op in step.ops)

    def at(self, row: int) -> tuple[Group, int]:
        """The group of one result, and its row there."""
        for group in self.groups:
            if group.rows is None:
                return group, row
            found = np.flatnonzero(group.rows == row)
            if len(found):
                return group, int(found[0])
        raise IndexError(row)

    def wire(self) -> list[tuple[Any, ...]]:
        """What the core reads: (rows, sources, steps) of each group; see src/core/plan."""
        channels = self.frame_in.channels
        return [
            (group.rows, group.sources, tuple([step.wire(channels) for step in group.steps])) for group in self.groups
        ]

    def sharing(self, images: Rows) -> "Plan":
        """The same plan where its image i is image `images[i]` of fewer ones, so that each is handed over once."""
        size = np.empty((int(images.max()) + 1, 2), np.int64)
        size[images] = self.frame_in.size
        groups = list[Group]()
        for rows, sources, steps in self.groups:
            every = np.arange(len(self.frame_out)) if rows is None else rows
            groups.append(Group(rows, images[every if sources is None else sources], _sharing(steps, images)))
        return Plan(tuple(groups), self.frame_in.resized(size), self.frame_out)

    @property
    def routes(self) -> list[Route]:
        """The ways from the images to the results; of a mix, one for each image that it takes."""
        return route.routes(self.groups, len(self.frame_out))

    def forward(self, points: Array, row: int, source: int | None = None) -> Array:
        """Where places (m, 2) of an image land in result `row`; of a mix, `source` says of which image.

        NaN for what is behind the camera; what lands outside of the result has its place there.
        """
        for one in self.routes:
            for at in np.flatnonzero(one.rows == row).tolist():
                if source is None or one.sources[at] == source:
                    return one.forward(points, np.full(len(points), at))
        raise ValueError(f"Image {source} is no part of result {row}.")

    def back(self, points: Array, row: int) -> tuple[Array, Rows]:
        """Where the places (m, 2) of result `row` come from, and from which image (m,); NaN and -1 where from none.

        Where a mix blends several images, the one that lies on top.
        """
        places, sources = np.full((len(points), 2), np.nan), np.full(len(points), -1, np.int64)
        for one in self.routes:
            for at in np.flatnonzero(one.rows == row).tolist():
                found = one.back(points, np.full(len(points), at))
                height, width = self.frame_in.size[one.sources[at]].tolist()
                with np.errstate(invalid="ignore"):
                    here = ((found >= 0) & (found <= (width, height))).all(axis=1)
                places[here], sources[here] = found[here], one.sources[at]
        return places, sources

    def shares(self) -> tuple[Rows, Array]:
        """(n, r) images that each result is made of, and the share (n, r) of the label that is each one's."""
        n, columns = len(self.frame_out), list[tuple[Rows, Array]]()
        filled = np.zeros(n, np.int64)
        for one in self.routes:
            for at, row in enumerate(one.rows.tolist()):
                if filled[row] == len(columns):
                    columns.append((np.zeros(n, np.int64), np.zeros(n)))
                sources, share = columns[filled[row]]
                sources[row], share[row] = one.sources[at], one.share[at]
                filled[row] += 1
        return np.stack([sources for sources, _ in columns], 1), np.stack([share for _, share in columns], 1)

    def source(self, row: int) -> int:
        """The image that a result is made of; of a mix, its own one."""
        group, at = self.at(row)
        return row if group.sources is None else int(group.sources[at])

    def __str__(self) -> str:
        group, row = self.at(0)
        return text.steps_text(group.steps, row)


def _sharing(steps: Sequence[Step], images: Rows) -> tuple[Step, ...]:
    """The branches of mixes name images as well."""
    if not steps or not isinstance(steps[0].head, Mix):
        return tuple(steps)
    mix = steps[0].head
    branches = tuple(Branch(images[one.sources], _sharing(one.steps, images)) for one in mix.branches)
    return Step(replace(mix, branches=branches), steps[0].points), *steps[1:]


def passes(steps: Sequence[Step]) -> int:
    """How often the steps go over an image."""
    many = 0
    for step in steps:
        branches = step.head.branches if isinstance(step.head, Mix) else ()
        many += max((passes(branch.steps) for branch in branches), default=1) or 1
    return many


def every_step(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, with those of the branches of mixes before each."""
    for step in steps:
        if isinstance(step.head, Mix):
            for branch in step.head.branches:
                yield from every_step(branch.steps)
        yield step


def verify(plan: Plan) -> None:
    """Shapes, dtypes, finite numbers and positive sizes of a plan; what is wrong is a bug of ours, found by tests."""
    c = plan.frame_in.channels
    rows = [np.arange(len(plan.frame_out)) if group.rows is None else group.rows for group in plan.groups]
    if sorted(np.concatenate([*rows, np.empty(0, np.int64)]).tolist()) != list(range(len(plan.frame_out))):
        raise PipelineError("The groups of the plan do not share out its rows.")
    for group, mine in zip(plan.groups, rows, strict=True):
        for number, step in enumerate(every_step(group.steps)):
            wrong = {name for op in step.ops for name, good in op.check(len(mine), c) if not good}
            wrong |= {f"{type(op).__name__} as a point" for op in step.points if op.head}
            if step.head is not None and not step.head.head:
                wrong.add(f"{type(step.head).__name__} as a head")
            if wrong:
                raise PipelineError(f"Step {number} of the plan is wrong in: {', '.join(sorted(wrong))}")
