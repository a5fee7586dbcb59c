"""Labels of images that are made of several."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import PipelineError
from augstream.sources.source import Source

MOST = 1 << 20  # classes, each of which is a column of every batch


def check_labels(source: Source) -> int | None:
    """How many classes there are, None where labels are none; PipelineError where they can't be mixed."""
    labels = source.labels
    if labels is None:
        labels = np.asarray(_first(source))
        if labels.dtype.kind in "biu" and labels.ndim == 0 and source.class_count is None:
            raise PipelineError(
                "A mix has to know how many classes there are, and this source tells its labels one by one. Give it "
                "labels= or classes=."
            )
    if labels.dtype.kind not in "biuf":
        what = f"a record of {', '.join(labels.dtype.names)}" if labels.dtype.names else "text"
        raise PipelineError(
            f"A mix needs labels that are numbers, and those of the source are {what}. Number the classes, or leave "
            "the mix out."
        )
    count = source.class_count
    if count is not None and (count > MOST or labels.min(initial=0) < 0):
        got = f"{labels.min(initial=0)} to {count - 1}"
        raise PipelineError(
            f"A mix needs classes that are numbered from 0, {MOST:,} at most; got {got}. Number them anew, or leave "
            "the mix out."
        )
    return count


def _first(source: Source) -> Any:
    """A label, no number at all where there is none."""
    try:
        label = source.label(0)
    except Exception:  # sources are anybody's code, and a sample that can't be read is told of where it is read
        return []
    return [] if label is None else label


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
