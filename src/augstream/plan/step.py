"""Steps: what an engine does in one go over the pixels; and the images that take the same ones."""

from typing import Any, NamedTuple

from augstream.plan.op import Op, Rows
from augstream.record import record


@record(frozen=True, eq=False)
class Step:
    """What an engine does in one go over the pixels: its head (None: each pixel stays where it is), then point ops."""

    head: Op | None
    points: tuple[Op, ...] = ()

    @property
    def ops(self) -> tuple[Op, ...]:
        """The head, where there is one, and the points."""
        return self.points if self.head is None else (self.head, *self.points)

    def take(self, rows: Rows) -> "Step":
        """The step for some of the images, (m,) of n."""
        return Step(
            None if self.head is None else self.head.take(rows), tuple(point.take(rows) for point in self.points)
        )

    def wire(self, channels: int) -> tuple[Any, ...]:
        """What the core reads: (head or None, points)."""
        head = None if self.head is None else self.head.wire(channels)
        return head, tuple([point.wire(channels) for point in self.points])


class Group(NamedTuple):
    """Results that go the same way. rows: (g,) which ones; sources: (g,) the image that each is made of; their steps.

    None: all of them, in order. The arrays of the steps have a row for each of the g. A mix has sources of its own.
    """

    rows: Rows | None
    sources: Rows | None
    steps: tuple[Step, ...]
