"""Labels of images that are made of several."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import PipelineError
from augstream.sources.source import Source


def check_labels(source: Source) -> None:
    """Raises PipelineError where the source has labels that can't be mixed."""
    labels = source.labels
    if labels is not None and labels.dtype.kind not in "biuf":
        what = f"a record of {', '.join(labels.dtype.names)}" if labels.dtype.names else "text"
        raise PipelineError(
            f"A mix needs labels that are numbers, and those of the source are {what}. Number the classes, or leave "
            "the mix out."
        )


def class_count(source: Source) -> int | None:
    """How many classes the labels of a source name: its own, else the largest label + 1; None where they are none."""
    labels = source.labels
    if labels is None or labels.ndim != 1 or labels.dtype.kind not in "biu":
        return None
    return len(source.classes) if source.classes is not None else int(labels.max(initial=0)) + 1


def mixed_labels(labels: NDArray[Any], share: NDArray[np.float64], classes: int | None) -> NDArray[np.float32]:
    """(n, classes) shares of the classes, or (n, ...) mixed numbers.

    labels: (n, r, ...) of the images that each result is made of; share: (n, r) of each. classes: how many there are,
    None where labels are no classes.
    """
    if classes is not None:
        labels = labels[..., None] == np.arange(classes)
    weights = share.reshape(*share.shape, *[1] * (labels.ndim - 2))
    mixed: NDArray[np.float32] = (labels * weights).sum(axis=1).astype(np.float32)
    return mixed
