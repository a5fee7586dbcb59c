"""Labels of images that are made of several."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import PipelineError
from augstream.plan.plan import Plan
from augstream.sources.source import Source


def check_labels(source: Source) -> None:
    """Raises PipelineError where the source has labels that can't be mixed."""
    labels = source.labels
    if labels is not None and (labels.dtype.names is not None or labels.dtype.kind not in "biuf"):
        what = "text" if labels.dtype.kind in "USOT" else f"of {labels.dtype}"
        raise PipelineError(
            f"A mix needs labels that are numbers, and those of the source are {what}. Number the classes, or leave "
            "the mix out."
        )


def mixed_labels(labels: NDArray[Any], plan: Plan, classes: int | None) -> NDArray[np.float32]:
    """(n, classes) shares of the classes, or (n, ...) mixed numbers, of the results of a plan with mixes.

    labels: (m, ...) of the images that come in. classes: how many there are, None where labels are no classes.
    """
    if classes is None:
        rows = labels.astype(np.float32)
    else:
        rows = np.zeros((len(labels), classes), np.float32)
        rows[np.arange(len(labels)), labels] = 1
    mixed = np.zeros((len(plan.frame_out), *rows.shape[1:]), np.float32)
    for route in plan.routes:
        share = route.share.astype(np.float32).reshape(-1, *[1] * (rows.ndim - 1))
        mixed[route.rows] += share * rows[route.sources]
    return mixed


def class_count(source: Source) -> int | None:
    """How many classes the labels of a source name: its own, else the largest label + 1; None where they are none."""
    labels = source.labels
    if labels is None or labels.ndim != 1 or labels.dtype.kind not in "iub":
        return None
    return len(source.classes) if source.classes is not None else int(labels.max(initial=0)) + 1
