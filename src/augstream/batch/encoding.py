"""Labels in the form that a loss takes them in."""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.batch.arguments import one_of
from augstream.batch.mixed_labels import MOST
from augstream.errors import ArgumentError
from augstream.sources.source import Source

Encoding: TypeAlias = Literal["index", "one_hot", "binary"]


def checked_encoding(source: Source, encoding: Encoding) -> Encoding:
    """The encoding, if the labels of the source can be given in it; ArgumentError says why not."""
    one_of("labels", encoding, ("index", "one_hot", "binary"))
    if encoding == "index":
        return encoding
    labels, count = source.labels, source.class_count
    if count is None or (labels is not None and (labels.ndim != 1 or labels.dtype.kind not in "biu")):
        got = "none, or tells them one by one" if labels is None else f"{labels.dtype} of shape {labels.shape}"
        raise ArgumentError(
            f"Loader.labels={encoding!r} needs a source that has one class per sample and knows how many classes there "
            f'are; this one has {got}. Give the source labels= or classes=, or leave labels="index".'
        )
    if labels is not None and labels.min(initial=0) < 0:
        raise ArgumentError(
            f"Loader.labels={encoding!r} needs classes that are numbered from 0; got {labels.min()}. Number them anew."
        )
    if count > MOST:
        raise ArgumentError(f"Loader.labels={encoding!r} takes {MOST:,} classes at most; got {count:,}.")
    if encoding == "binary" and count != 2:
        named = "" if source.classes is None else f" ({', '.join(source.classes):.80})"
        raise ArgumentError(
            f'Loader.labels="binary" needs two classes; the source has {count}{named}. Pass "one_hot" or "index".'
        )
    return encoding


def encoded(labels: NDArray[Any] | None, encoding: Encoding, count: int | None) -> NDArray[Any] | None:
    """(n,) class numbers, or (n, classes) shares behind a mix, as the encoding has them.

    "index": as they are. "one_hot": (n, classes) float32. "binary": (n, 1) float32, how much of it is class 1.
    """
    if labels is None or encoding == "index" or count is None:
        return labels
    if labels.ndim == 1:
        if labels.min() < 0 or labels.max() >= count:
            got = labels.min() if labels.min() < 0 else labels.max()
            raise ArgumentError(f"Loader.labels={encoding!r} needs labels of 0 to {count - 1}; got {got}.")
        labels = (labels[:, None] == np.arange(count)).astype(np.float32)
    return labels if encoding == "one_hot" else labels[:, 1:]
