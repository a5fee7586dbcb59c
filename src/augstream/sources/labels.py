"""Labels as numbers, from whatever people keep them in."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augstream.errors import ArgumentError


def labels_of(y: ArrayLike, classes: Sequence[str] | None, n: int, what: str) -> tuple[NDArray[Any], list[str] | None]:
    """(n, ...) labels and the names of the classes, None where they are numbers.

    y: names (sorted into classes, or numbered as `classes` has them), integers (kept, as int64), or any numbers.
    what: the argument, for messages.
    """
    where = what.rpartition(".")[0] or what
    labels = y if isinstance(y, np.ndarray) else np.asarray(y)
    if labels.ndim == 0 or len(labels) != n:
        raise ArgumentError(f"{what} must have one row per picture, {n}; got shape {labels.shape}.")
    if isinstance(classes, str):
        raise ArgumentError(f"{where}.classes must be a list of names; got {classes!r}.")
    names = None if classes is None else [str(name) for name in classes]
    if labels.dtype.kind in "UO" and all(isinstance(label, str) for label in labels.ravel()):
        names = names or sorted(set(labels.tolist()))
        number = {name: index for index, name in enumerate(names)}
        unknown = next((label for label in labels.tolist() if label not in number), None)
        if unknown is not None:
            raise ArgumentError(f"{what} holds {unknown!r}, which is not among classes {names!r:.200}.")
        return np.array([number[label] for label in labels.tolist()], dtype=np.int64), names
    if labels.dtype.names is not None:
        return labels, names
    if labels.dtype.kind not in "iufb":
        raise ArgumentError(f"{what} must hold numbers or names; got {labels.dtype}.")
    if labels.dtype.kind in "iu":
        # (n, 1) is how Keras hands out the labels of its data sets.
        labels = labels.reshape(n) if labels.shape == (n, 1) else labels
        labels = labels.astype(np.int64)
        if names is not None and labels.ndim == 1 and not 0 <= labels.min() <= labels.max() < len(names):
            got = f"{labels.min()}..{labels.max()}"
            raise ArgumentError(f"{what} must be 0..{len(names) - 1} for {len(names)} classes; got {got}.")
    return labels, names
