"""The reference as an engine: whole files by Pillow, the definition in float64, rounded once at the end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.decode import pillow
from augstream.decode.sample import CHANNELS, Sample, Undecodable
from augstream.engines import reference
from augstream.engines.engine import Layout, Reasons, dtype_of
from augstream.plan.plan import Plan


class Exact:
    """Slow and obvious: for tests, and for who wants to know what a plan means. Its blocks are arrays (h, w, c)."""

    def decode(
        self, samples: Sequence[Sample], plan: Plan, *, pool: _core.Pool | None = None
    ) -> tuple[list[Sample], Reasons]:
        """Whole images, as stored."""
        color = next(color for color, channels in CHANNELS.items() if channels == plan.frame_in.channels)
        blocks: list[Sample] = []
        reasons: Reasons = []
        for sample in samples:
            reason = None
            if isinstance(sample, bytes):
                try:
                    sample = pillow.decode(sample, color)[0]
                except Undecodable as error:
                    reason = str(error)
            elif sample.ndim == 1:
                reason = "is a block of another engine"
            blocks.append(sample)
            reasons.append(reason)
        return blocks, reasons

    def run(
        self,
        samples: Sequence[Sample],
        plan: Plan,
        *,
        dtype: str = "float32",
        layout: Layout = "NHWC",
        pool: _core.Pool | None = None,
        slots: _core.Slots | None = None,
        keep: list[Any] | None = None,
        clock: NDArray[np.float64] | None = None,
    ) -> tuple[NDArray[Any], Reasons]:
        """The batch in one thread and in memory of its own; a sample that cannot be read is black."""
        blocks, reasons = self.decode(samples, plan)
        if keep is not None:
            keep[:] = [block if keep[row] and reasons[row] is None else None for row, block in enumerate(blocks)]
        size, channels = plan.frame_in.size, plan.frame_in.channels
        images = [
            np.zeros((*size[row].tolist(), channels)) if reasons[row] is not None else np.asarray(block)
            for row, block in enumerate(blocks)
        ]
        made = np.stack(reference.run(images, plan))
        for route in plan.routes:
            made[route.rows[[reasons[source] is not None for source in route.sources.tolist()]]] = 0
        kind = dtype_of(dtype)
        if kind.kind in "iu":
            limits = np.iinfo(kind)
            made = np.clip(np.rint(made), limits.min, limits.max)
        planes = made.transpose(0, 3, 1, 2) if layout == "NCHW" else made
        return np.ascontiguousarray(planes.astype(kind)), reasons

    def scales(self, plan: Plan, stored: NDArray[np.int64]) -> NDArray[np.int64]:
        """All at full scale."""
        return np.ones(len(stored), np.int64)

    def hint(self, plan: Plan, i: int, stored: tuple[int, int]) -> tuple[int, int, int, int, int]:
        """All of it, at full scale."""
        return 0, stored[0], 0, stored[1], 1
