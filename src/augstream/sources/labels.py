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
    labels = y if isinstance(y, np.ndarray) else _array(y, what)
    if labels.ndim == 0 or len(labels) != n:
        raise ArgumentError(f"{what} must have one row per image, {n}; got shape {labels.shape}.")
    if isinstance(classes, str):
        raise ArgumentError(f"{where}.classes must be a list of names; got {classes!r}.")
    names = None if classes is None else [str(name) for name in classes]
    if names is not None and (not names or len(set(names)) < len(names)):
        raise ArgumentError(f"{where}.classes must name each class once, and at least one; got {names!r:.200}.")
    if labels.dtype.kind in "UO" and all(isinstance(label, str) for label in labels.ravel()):
        names = names or sorted(set(labels.tolist()))
        number = {name: index for index, name in enumerate(names)}
        unknown = next((label for label in labels.tolist() if label not in number), None)
        if unknown is not None:
            raise ArgumentError(f"{what} holds {unknown!r}, which is not among classes {names!r:.200}.")
        return np.array([number[label] for label in labels.tolist()], dtype=np.int64), names
    if labels.dtype.names is not None:
        return labels, names
    missing = _missing(labels)
    if len(missing):
        more = f", nor have {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ArgumentError(f"{what} has no label for sample {missing[0]}{more}. Fill it in or leave the sample out.")
    if labels.dtype.kind not in "iufb":
        raise ArgumentError(f"{what} must hold numbers or names; got {labels.dtype}.")
    if labels.dtype.kind in "iu":
        # (n, 1) is how Keras hands out the labels of its data sets.
        labels = labels.reshape(n) if labels.shape == (n, 1) else labels
        if labels.dtype.kind == "u" and labels.size and labels.max() > np.iinfo(np.int64).max:
            raise ArgumentError(f"{what} must fit into int64; got {labels.max()}.")
        labels = labels.astype(np.int64)
        if names is not None and labels.ndim == 1 and not 0 <= labels.min() <= labels.max() < len(names):
            got = f"{labels.min()}..{labels.max()}"
            raise ArgumentError(f"{what} must be 0..{len(names) - 1} for {len(names)} classes; got {got}.")
    return labels, names


def _array(y: ArrayLike, what: str) -> NDArray[Any]:
    try:
        labels = np.asarray(y)
    except ValueError:
        raise ArgumentError(f"{what} must have rows of one length.") from None
    # NumPy makes text of numbers that stand among names.
    odd = next((one for one in y if not isinstance(one, str)), None) if labels.dtype.kind == "U" else None  # type: ignore[union-attr]
    if odd is not None and labels.ndim == 1:
        raise ArgumentError(f"{what} must hold numbers or names, not both; got {odd!r} among names.")
    return labels


def _missing(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Samples that have no label at all: None, NaN, or nothing but NaN where there are several numbers."""
    if labels.dtype.kind == "O":
        return np.flatnonzero([label is None for label in labels.tolist()])
    if labels.dtype.kind != "f":
        return np.empty(0, np.int64)
    return np.flatnonzero(np.isnan(labels).all(axis=tuple(range(1, labels.ndim))))
