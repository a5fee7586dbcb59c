"""Rank: the lowest, the middle or the highest level of a rectangle around each pixel."""

from typing import Any, Literal, TypeAlias

import numpy as np

from augstream.plan.kinds import outside
from augstream.plan.kinds.warp import BORDERS
from augstream.plan.op import Array, Border, Facts, Frame, Mask, Op, Rows
from augstream.record import record, replace

Which: TypeAlias = Literal["lowest", "middle", "highest"]
WHICH: dict[Which, int] = {"lowest": 0, "middle": 1, "highest": 2}
MOST = 127  # as far as a median reaches: its histograms count in bytes


@record(frozen=True, eq=False)
class Rank(Op):
    """Each channel by itself. reach: (n, 2) radii (down, along) of the rectangle; (0, 0) leaves the image as it is.

    border: what continues the image outside; fill: (n, 1 or c) levels of a constant one.
    """

    which: Which
    reach: Rows
    border: Border = "edge"
    fill: Array | None = None

    tag = 8
    head = True

    def where(self, on: Mask, frame: Frame) -> "Rank":
        return replace(self, reach=np.where(on[:, None], self.reach, 0))

    def idle(self, frame: Frame) -> Mask:
        return outside.still(self.reach)

    def check(self, n: int, c: int) -> Facts:
        yield from outside.right("rank", self.reach, self.border, self.fill, n, c)
        yield "rank.reach", self.which != "middle" or bool((self.reach <= MOST).all())

    def text(self, row: int) -> str:
        if not self.reach[row].any():
            return "Rank   none"
        down, along = 2 * self.reach[row] + 1
        return f"Rank   {self.which} of {down} x {along}{outside.text(self.border, self.fill, row)}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, WHICH[self.which], self.reach, BORDERS[self.border], outside.levels(self.fill, channels)

    def apply(self, image: Array, row: int) -> Array:
        down, along = self.reach[row].tolist()
        fill = None if self.fill is None else self.fill[row]
        seen = outside.padded(image, self.reach[row], self.border, fill)
        windows = np.lib.stride_tricks.sliding_window_view(seen, (2 * down + 1, 2 * along + 1), (0, 1))
        choose: Any = {"lowest": np.min, "middle": np.median, "highest": np.max}[self.which]
        # Row by row: all windows at once would be the image many times over.
        return np.stack([choose(line, axis=(-2, -1)) for line in windows])
