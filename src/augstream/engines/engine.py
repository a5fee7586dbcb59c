"""What an engine is: it decodes samples to blocks, and runs a plan over blocks into a batch.

Nobody outside this folder names one: `default_engine()` gives the one that is used, and whoever runs plans may be
handed another.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.decode.sample import Sample
from augstream.errors import MissingPackageError
from augstream.plan.plan import Plan

Layout: TypeAlias = Literal["NHWC", "NCHW"]
Reasons: TypeAlias = list[str | None]
"""For each sample None, or why it cannot be read."""


class Engine(Protocol):
    """Stateless, and picklable.

    A block is a sample again: an array (h, w, c), or (bytes,) in a form of the engine's own. It serves any plan of the
    scale that it was decoded at.
    """

    def decode(
        self, samples: Sequence[Sample], plan: Plan, *, pool: _core.Pool | None = None
    ) -> tuple[list[Sample], Reasons]:
        """Blocks of the samples, at the scale that the plan asks for; the sample itself where there is none."""

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
        """The batch (n, h, w, c) or (n, c, h, w); what is no block yet is decoded on the way, and dropped behind it.

        dtype: uint8, uint16, float16, bfloat16 or float32; integers are rounded and clipped to their range.
        pool: the threads to work in; None works in the calling thread. slots: where the batch's memory comes from.
        keep: for each sample whether its block is wanted; where so, it (or None) takes its place here.
        clock: (2,) seconds of the threads are added: [decoding, decoding and all that follows].
        """

    def scales(self, plan: Plan, stored: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m,) denominators of the scale that the plan asks for, 0 where its results ask for different ones.

        stored: (m, 2) (height, width).
        """

    def hint(self, plan: Plan, i: int, stored: tuple[int, int]) -> tuple[int, int, int, int, int]:
        """What is decoded of sample i, stored as (height, width): (top, bottom, left, right, scale denominator)."""


def dtype_of(name: str) -> np.dtype[Any]:
    """The NumPy dtype of an output type; bfloat16 comes from the package ml_dtypes."""
    if name != "bfloat16":
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        raise MissingPackageError('dtype="bfloat16"', "ml_dtypes", "bfloat16") from None
    bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return bfloat16
