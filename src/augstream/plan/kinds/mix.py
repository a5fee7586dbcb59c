"""Mix: several images become one."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Facts, Frame, Mask, Op, Rows, float32, numbers, sound
from augstream.plan.step import Step
from augstream.record import record, replace

EVERYWHERE = (-np.inf, -np.inf, np.inf, np.inf)


class Branch(NamedTuple):
    """One of the images that a mix is made of. sources: (n,) which of the images that reach the plan; and its steps."""

    sources: Rows
    steps: tuple[Step, ...]

    def take(self, rows: Rows) -> "Branch":
        """The branch for some of the results."""
        return Branch(self.sources[rows], tuple(step.take(rows) for step in self.steps))


@record(frozen=True, eq=False)
class Mix(Op):
    """Layers of k images, one on the other; m images come in, n go out.

    weight: (n, k) opacity of each layer; 0 is one that is not needed, and the lowest one has 1. region: (n, k, 4)
    x0 y0 x1 y1 on the mix's canvas, outside of which a layer is not seen; infinite for everywhere. share: (n, k) of the
    label.
    size: (n, 2) of the canvas. rows: (n, k) which of the images before it. warps: how each of the k comes onto the
    canvas, None for one that fits. ops, frame: what was drawn for the images before it, set by the pipeline.
    branches, place: set by `fuse`, in the place of rows, warps and ops; place (n, 3, 3) is output to canvas.
    """

    weight: Array
    share: Array
    size: Rows
    rows: Rows | None = None
    region: Array | None = None
    warps: tuple[Warp | None, ...] = ()
    ops: tuple[Op, ...] = ()
    frame: Frame | None = None
    branches: tuple[Branch, ...] = ()
    place: Array | None = None

    tag = 6
    head = True

    def where(self, on: Mask, frame: Frame) -> "Mix":
        alone = np.zeros_like(self.weight)
        alone[:, 0] = 1
        weight, share = (np.where(on[:, None], given, alone) for given in (self.weight, self.share))
        if self.region is None:
            return replace(self, weight=weight, share=share)
        return replace(self, weight=weight, share=share, region=np.where(on[:, None, None], self.region, EVERYWHERE))

    def idle(self, frame: Frame) -> Mask:
        alone: Mask = (self.weight[:, 1:] == 0).all(axis=1)
        return alone

    def after(self, frame: Frame) -> Frame:
        return frame.resized(self.size)

    def take(self, rows: Rows) -> "Mix":
        columns = {name: getattr(self, name) for name in ("weight", "share", "size", "rows", "region", "place")}
        taken: dict[str, Any] = {name: None if value is None else value[rows] for name, value in columns.items()}
        warps = tuple(None if warp is None else warp.take(rows) for warp in self.warps)
        return replace(self, **taken, warps=warps, branches=tuple(branch.take(rows) for branch in self.branches))

    def either(self, other: "Mix", on: Mask) -> "Mix":
        """This mix, and the other one for the images that are on; both take from the same images."""
        k = max(self.weight.shape[1], other.weight.shape[1])
        one, two = self.widened(k), other.widened(k)
        chosen = {
            name: np.where(on.reshape(-1, *[1] * (getattr(one, name).ndim - 1)), getattr(two, name), getattr(one, name))
            for name in ("weight", "share", "rows", "region")
        }
        return replace(
            one, **chosen, warps=tuple(a if a is not None else b for a, b in zip(one.warps, two.warps, strict=True))
        )

    def widened(self, k: int) -> "Mix":
        """The same, with places for k images and a region for each."""
        n, have = self.weight.shape
        region = np.broadcast_to(EVERYWHERE, (n, have, 4)) if self.region is None else self.region
        more = k - have

        def padded(values: Any, fill: Any) -> Any:
            return np.concatenate([values, np.broadcast_to(fill, (n, more, *values.shape[2:]))], axis=1)

        rows = None if self.rows is None else np.concatenate([self.rows, np.repeat(self.rows[:, :1], more, 1)], axis=1)
        return replace(
            self,
            weight=padded(self.weight, 0.0),
            share=padded(self.share, 0.0),
            region=padded(region, EVERYWHERE),
            rows=rows,
            warps=(*self.warps, *[None] * more),
        )

    def check(self, n: int, c: int) -> Facts:
        k = len(self.branches)
        for name, values in (("weight", self.weight), ("share", self.share)):
            yield f"mix.{name}", sound(values, (n, k)) and bool(((values >= 0) & (values <= 1 + 1e-9)).all())
        for sources, _ in self.branches:
            yield "mix.branches", sources.shape == (n,) and sources.dtype == np.int64 and bool((sources >= 0).all())
        yield "mix.region", self.region is None or (self.region.shape == (n, k, 4) and not np.isnan(self.region).any())
        yield "mix.place", self.place is None or sound(self.place, (n, 3, 3))

    def text(self, row: int) -> str:
        parts = []
        for number, weight in enumerate(self.weight[row]):
            region = None if self.region is None else self.region[row, number]
            where = "" if region is None or np.isinf(region).all() else f" in [{numbers(region)}]"
            if weight:
                much = "" if weight == 1 else f"{weight:.4g} of "
                parts.append(f"{much}{'its own image' if number == 0 else f'partner {number}'}{where}")
        label = f"; label {' + '.join(f'{share:.4g}' for share in self.share[row])}" if len(parts) > 1 else ""
        return f"Mix    {', over it '.join(parts)}{label}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        branches = tuple(
            (np.ascontiguousarray(branch.sources), tuple(step.wire(channels) for step in branch.steps))
            for branch in self.branches
        )
        region = None if self.region is None else float32(self.region)
        place = None if self.place is None else np.ascontiguousarray(self.place)
        return self.tag, branches, float32(self.weight), region, place

    def blend(self, images: Sequence[Array | None], row: int) -> Array:
        """The result for one row, of what its branches have made (None where a branch has no weight)."""
        height, width, c = next(image.shape for image in images if image is not None)
        y, x = np.mgrid[:height, :width] + 0.5
        if self.place is not None:
            m = self.place[row]
            u, v, w = (m[r, 0] * x + m[r, 1] * y + m[r, 2] for r in range(3))
            x, y = u / w, v / w
        out = np.zeros((height, width, c)) if images[0] is None else images[0]
        for layer, image in enumerate(images[1:], 1):
            if image is not None:
                x0, y0, x1, y1 = EVERYWHERE if self.region is None else self.region[row, layer]
                inside = (x >= x0) & (x < x1) & (y >= y0) & (y < y1)
                weight = self.weight[row, layer]
                out = np.where(inside[..., None], image if weight == 1 else out + weight * (image - out), out)
        return out
