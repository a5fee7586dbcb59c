"""What a batch holds, in one line."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def summary(batch: Any) -> str:
    """Shapes, dtypes and ranges of values of a Batch; how many boxes and points there are."""
    parts = [f"{len(batch)} samples of epoch {batch.epoch}", f"image {_array(batch.image)}"]
    label = batch.label
    if label is not None and label.dtype.names:
        parts += [f"label[{name!r}] {_array(label[name])}" for name in label.dtype.names]
    elif label is not None:
        parts.append(f"label {_array(label)}")
    parts += [f"{name} {_array(rows)}" for name in ("mask", "weight") if (rows := getattr(batch, name)) is not None]
    parts += [_counted(name, rows) for name in ("boxes", "points") if (rows := getattr(batch, name)) is not None]
    return "; ".join(parts)


def _array(array: NDArray[Any]) -> str:
    """Its shape, its dtype, and its least and highest value."""
    told = f"{array.shape} {array.dtype.name}"
    if not array.size or array.dtype.kind in "OSU":
        return told
    return f"{told} {_number(array.min())} to {_number(array.max())}"


def _number(value: Any) -> str:
    return str(int(value)) if np.asarray(value).dtype.kind in "biu" else f"{float(value):.4g}"


def _counted(name: str, rows: Sequence[Any]) -> str:
    counts = [len(row) for row in rows]
    spread = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    return f"{sum(counts)} {name}, {spread} in each"
