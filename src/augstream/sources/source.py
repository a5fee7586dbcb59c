"""What a loader reads from: index -> an encoded picture (bytes) or an array, its label and its name."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augstream.errors import ArgumentError
from augstream.rng import permute

Sample: TypeAlias = bytes | NDArray[Any]


class Source(ABC):
    """Random access to samples; a subclass needs `__len__` and `read`, and must be picklable.

    classes: names of the classes, where labels are 0..len(classes)-1; else None.
    labels: (n, ...) one row per sample, int64 for classes; None where there are none.
    peak: the highest level of array samples; None takes it from their dtype (255, 65535, 1 for floats).
    """

    classes: list[str] | None = None
    labels: NDArray[Any] | None = None
    peak: float | None = None

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def read(self, index: int) -> Sample:
        """The encoded file as bytes, or an (h, w) or (h, w, c) array of uint8, uint16 or float32 levels.

        Any exception it raises becomes the reason why this sample is unreadable.
        """

    def label(self, index: int) -> Any:
        """The label of one sample, None where the source has none."""
        return None if self.labels is None else self.labels[index]

    def name(self, index: int) -> str:
        """What an error message calls the sample: a path where there is one."""
        return str(index)

    def subset(self, indices: ArrayLike) -> "Subset":
        """The samples at `indices` (integers or a mask of n booleans), renumbered from 0 in that order."""
        return Subset(self, _indices(indices, len(self)))

    def split(self, fraction: float, seed: int = 0) -> tuple["Subset", "Subset"]:
        """Two sources without a common sample, training and validation; the second holds `fraction` of each class.

        A class of two or more samples has at least one on either side. The same seed gives the same split; within
        each side the samples keep their order. Labels that are not integers are split without regard to them.
        """
        _check_fraction(fraction)
        if len(self) < 2:
            raise ArgumentError(f"split needs at least 2 samples; the source has {len(self)}.")
        aside = np.zeros(len(self), dtype=bool)
        for number, members in self._strata():
            key = int.from_bytes(blake2b(f"{seed}/split/{number}".encode(), digest_size=8).digest(), "little") >> 1
            count = int(np.clip(np.floor(fraction * len(members) + 0.5), len(members) > 1, max(len(members) - 1, 0)))
            aside[members[permute(key, 0, len(members), np.arange(count))]] = True
        if not aside.any():
            # Every class has a single sample: something has to go to the other side.
            aside[-1] = True
        return self.subset(np.flatnonzero(~aside)), self.subset(np.flatnonzero(aside))

    def _strata(self) -> list[tuple[int, NDArray[np.int64]]]:
        labels = self.labels
        if labels is None or labels.ndim != 1 or labels.dtype.kind not in "iu":
            return [(0, np.arange(len(self)))]
        order = np.argsort(labels, kind="stable")
        numbers, starts = np.unique(labels[order], return_index=True)
        return list(zip(numbers.tolist(), np.split(order, starts[1:]), strict=True))

    def __repr__(self) -> str:
        classes = "" if self.classes is None else f", {len(self.classes)} classes"
        return f"<{type(self).__name__}: {len(self)} samples{classes}>"


class Subset(Source):
    """Some samples of another source, renumbered from 0."""

    def __init__(self, source: Source, indices: NDArray[np.int64]) -> None:
        self.source: Source = source.source if isinstance(source, Subset) else source
        self.indices: NDArray[np.int64] = source.indices[indices] if isinstance(source, Subset) else indices
        self.classes = source.classes
        self.labels = None if source.labels is None else source.labels[indices]
        self.peak = source.peak

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, index: int) -> Sample:
        return self.source.read(int(self.indices[index]))

    def label(self, index: int) -> Any:
        return self.source.label(int(self.indices[index]))

    def name(self, index: int) -> str:
        return self.source.name(int(self.indices[index]))


def _check_fraction(fraction: object) -> None:
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction < 1:
        raise ArgumentError(f"split.fraction must lie between 0 and 1; got {fraction!r}. Pass 0.2 for a fifth.")


def _indices(indices: ArrayLike, n: int) -> NDArray[np.int64]:
    chosen = np.asarray(indices)
    if chosen.dtype == bool and chosen.shape == (n,):
        return np.flatnonzero(chosen)
    if chosen.size == 0 and isinstance(indices, Sequence):
        chosen = chosen.astype(np.int64)
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        got = f"shape {chosen.shape} of {chosen.dtype}"
        raise ArgumentError(f"subset.indices must be a list of integers or a mask of {n} booleans; got {got}.")
    if chosen.size and not 0 <= chosen.min() <= chosen.max() < n:
        raise ArgumentError(f"subset.indices must be 0..{n - 1}; got {chosen.min()}..{chosen.max()}.")
    return chosen.astype(np.int64)
