"""The reference engine: what a plan means, in plain NumPy and float64: slow, obvious, and what others are held to.

Each kind of op defines what it does to one image (`Op.apply`); this file only walks through a plan.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array
from augstream.plan.plan import Plan
from augstream.plan.step import Step

PEAKS = {"uint8": 255.0, "uint16": 65535.0}


def run(images: Sequence[NDArray[np.generic]], plan: Plan) -> list[Array]:
    """Run the plan: images (h, w, c) of any dtype in, float64 images (h, w, c) of levels out, without rounding."""
    done: list[Array | None] = [None] * len(plan.frame_out)
    for group in plan.groups:
        rows = range(len(done)) if group.rows is None else group.rows.tolist()
        sources = rows if group.sources is None else group.sources.tolist()
        for place, (row, source) in enumerate(zip(rows, sources, strict=True)):
            done[row] = _run_one(images, group.steps, place, source)
    return [image for image in done if image is not None]


def _run_one(images: Sequence[NDArray[np.generic]], steps: Sequence[Step], row: int, source: int) -> Array:
    image = np.asarray(images[source], np.float64)
    peak = PEAKS.get(images[source].dtype.name)
    for number, step in enumerate(steps):
        head = step.head
        if isinstance(head, Mix):
            made = [
                _run_one(images, branch.steps, row, int(branch.sources[row])) if head.weight[row, which] else None
                for which, branch in enumerate(head.branches)
            ]
            image = head.blend(made, row)
        elif head is not None:
            image = head.apply(image, row)
        if number == 0 and peak is not None and isinstance(head, Warp) and head.interpolation == "bicubic":
            image = np.clip(image, 0, peak)  # the cubic kernel overshoots
        for op in step.points:
            image = op.apply(image, row)
    return image
