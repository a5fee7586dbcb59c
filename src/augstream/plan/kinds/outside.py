"""What the ops that look at neighbors share: what they find outside of the image."""

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.plan.kinds.sampling import wrap_index
from augstream.plan.op import Array, Border, Facts, Mask, Rows, numbers, sound


def padded(image: Array, reach: Rows, border: Border, fill: Array | None) -> Array:
    """The image with reach (2,) more pixels (down, along) on each side."""
    for axis, more in enumerate(reach.tolist()):
        n = image.shape[axis]
        index = np.arange(-more, n + more)
        image = np.take(image, wrap_index(index, n, border), axis)
        if fill is not None:
            np.moveaxis(image, axis, 0)[(index < 0) | (index >= n)] = fill
    return image


def right(name: str, reach: Rows, border: Border, fill: Array | None, n: int, c: int) -> Facts:
    """What `verify` asserts of them."""
    whole = reach.shape == (n, 2) and reach.dtype == np.int64
    yield f"{name}.reach", whole and bool((reach >= 0).all())
    yield f"{name}.fill", (fill is None) != (border == "constant")
    yield f"{name}.fill", fill is None or sound(fill, (n, 1), (n, c))


def still(reach: Rows) -> Mask:
    """(n,) which images are left alone."""
    none: Mask = (reach == 0).all(axis=1)
    return none


def text(border: Border, fill: Array | None, row: int) -> str:
    """How `explain` ends the line."""
    return f", border {border}" + ("" if fill is None else f" {numbers(fill[row])}")


def levels(fill: Array | None, channels: int) -> NDArray[np.float32] | None:
    """The fill as the core takes it."""
    return None if fill is None else _core.fill_levels(fill, channels)
