"""Splines of order 2 to 5, which the engine does not do: SciPy's, where it is installed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import MissingPackageError
from augstream.plan.op import Array

MODES = {"constant": "constant", "edge": "nearest", "symmetric": "reflect", "overlap": "wrap"}


def transform(x: NDArray[Any], made: Array, border: str, cval: float, order: int) -> NDArray[Any]:
    """A picture (h, w, c) under the output-to-input matrix (3, 3) in continuous coordinates, in its own dtype."""
    try:
        from scipy import ndimage  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise MissingPackageError(f"interpolation_order={order}", "scipy", "keras-preprocessing") from None
    # SciPy's coordinates are pixel indices, rows first.
    rows = made[[1, 0]][:, [1, 0]]
    offset = made[[1, 0], 2] + rows @ (0.5, 0.5) - 0.5
    planes = [
        ndimage.affine_transform(x[:, :, c], rows, offset, order=order, mode=MODES[border], cval=cval)
        for c in range(x.shape[2])
    ]
    return np.stack(planes, axis=2)
