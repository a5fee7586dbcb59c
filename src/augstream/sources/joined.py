"""Several sources as one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augstream.decode.sample import Sample
from augstream.engines.targets import Targets
from augstream.errors import ArgumentError
from augstream.sources import split as division
from augstream.sources.source import Source, Subset


class Joined(Source):
    """One source after the other. Made by `a + b`.

    Classes are joined by name: those of the first keep their numbers, and new names come behind them; labels and
    `box_label` follow. The numbers in masks stay as they are.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources: list[Source] = []
        for one in sources:
            self.sources += one.sources if isinstance(one, Joined) else [one]
        self.ends = np.cumsum([len(one) for one in self.sources])
        first = self.sources[0]
        for what in ("peak", "rules", "targeted"):
            values = [getattr(one, what) for one in self.sources]
            if any(value != values[0] for value in values):
                raise ArgumentError(f"Sources that are joined must have one {what}; got {values[0]} and {values[1:]}.")
        self.peak, self.rules = first.peak, first.rules
        self.classes, self.labels = _labels(self.sources)
        self._numbers = [_numbers(one, self.classes) for one in self.sources]
        self.sample_weight = _weights(self.sources)
        self.groups = _groups(self.sources)

    def __len__(self) -> int:
        return int(self.ends[-1])

    def read(self, index: int) -> Sample:
        source, inner = self._find(index)
        return source.read(inner)

    def read_many(self, indices: Sequence[int]) -> list[Sample | Exception]:
        found: list[Sample | Exception] = [b""] * len(indices)
        part = np.searchsorted(self.ends, indices, side="right")
        for number in np.unique(part).tolist():
            rows = np.flatnonzero(part == number)
            inner = [self._find(indices[row])[1] for row in rows.tolist()]
            for row, sample in zip(rows.tolist(), self.sources[number].read_many(inner), strict=True):
                found[row] = sample
        return found

    def targets(self, index: int) -> Targets | None:
        source, inner = self._find(index)
        targets, numbers = source.targets(inner), self._numbers[self._part(index)]
        if targets is None or targets.box_label is None or numbers is None:
            return targets
        return replace(targets, box_label=numbers[np.asarray(targets.box_label, np.int64)])

    @property
    def targeted(self) -> bool:
        return self.sources[0].targeted

    def label(self, index: int) -> Any:
        if self.labels is not None:
            return self.labels[index]
        source, inner = self._find(index)
        return source.label(inner)

    def name(self, index: int) -> str:
        source, inner = self._find(index)
        return source.name(inner)

    def leaf(self, index: int) -> tuple[Source, int]:
        source, inner = self._find(index)
        return source.leaf(inner)

    def _origin(self, starts: dict[int, tuple[int, Source]]) -> NDArray[np.int64]:
        return np.concatenate([one._origin(starts) for one in self.sources])

    def _find(self, index: int) -> tuple[Source, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        part = self._part(index)
        return self.sources[part], index - int(self.ends[part] - len(self.sources[part]))

    def _part(self, index: int) -> int:
        return int(np.searchsorted(self.ends, index, side="right"))


def interleave(sources: Sequence[Source], weights: ArrayLike | None = None, length: int | None = None) -> Subset:
    """Samples of several sources in turn, those of each in proportion to its weight and evenly spread.

    weights: how often each source has its turn; None: equally often. length: of the new source; None is as long as
    it takes for every sample of every source to be there once; those of the other sources are repeated.
    """
    given_sources: object = sources
    if not isinstance(given_sources, Sequence) or not given_sources or not all(isinstance(s, Source) for s in sources):
        raise ArgumentError(f"interleave.sources must be a list of sources; got {sources!r:.80}.")
    empty = next((number for number, one in enumerate(sources) if not len(one)), None)
    if empty is not None:
        raise ArgumentError(f"interleave.sources[{empty}] has no samples.")
    given = division.weights_of(
        [1.0] * len(sources) if weights is None else weights, len(sources), "interleave.weights"
    )
    if not given.all():
        raise ArgumentError(f"interleave.weights must be above 0; got {given.tolist()}. Leave the source out.")
    sizes = np.array([len(one) for one in sources])
    share = given / given.sum()
    needed = int(np.ceil((sizes / share).max() - 1e-6)) if length is None else length
    turns = division.repeated(share, needed, "interleave")
    counts = np.bincount(turns, minlength=len(sources)).tolist()
    joined = Joined(sources) if len(sources) > 1 else sources[0]
    starts = np.cumsum(sizes) - sizes
    order = np.empty(needed, np.int64)
    for place, start, size in zip(division.alternating(counts), starts, sizes, strict=True):
        order[place] = start + np.arange(len(place)) % size
    return Subset(joined, order)


def _labels(sources: Sequence[Source]) -> tuple[list[str] | None, NDArray[Any] | None]:
    classes: list[str] | None = None
    if all(one.classes is not None for one in sources):
        classes = list(dict.fromkeys(name for one in sources for name in one.classes or ()))
    if any(one.labels is None for one in sources):
        with_labels = [one.labels is not None or (len(one) > 0 and one.label(0) is not None) for one in sources]
        if any(with_labels) and not all(with_labels):
            raise ArgumentError(
                f"Sources that are joined must all have labels, or none of them; {sources[with_labels.index(False)]} "
                "has none."
            )
        return classes, None
    arrays: list[NDArray[Any]] = []
    for one in sources:
        labels = one.labels
        if labels is None:
            continue
        numbers = _numbers(one, classes)
        if numbers is not None:
            if labels.ndim != 1 or labels.dtype.kind not in "iu":
                raise ArgumentError(f"Sources that are joined must name the same classes; got {one.classes}.")
            labels = numbers[labels]
        arrays.append(labels)
    if len({(labels.shape[1:], labels.dtype) for labels in arrays}) > 1:
        got = " and ".join(f"{labels.dtype} of shape {labels.shape}" for labels in arrays)
        raise ArgumentError(f"Sources that are joined must have labels of one kind; got {got}.")
    if classes is None and any(one.classes is not None for one in sources):
        raise ArgumentError(
            "Sources that are joined must all have names for their labels, or none of them; otherwise 0 would mean two "
            "things. Pass classes= where there are none."
        )
    return classes, np.concatenate(arrays)


def _numbers(source: Source, classes: list[str] | None) -> NDArray[np.int64] | None:
    """The numbers that a source's classes have among those of all; None where they are the same."""
    if classes is None or source.classes is None or source.classes == classes[: len(source.classes)]:
        return None
    return np.array([classes.index(name) for name in source.classes], np.int64)


def _weights(sources: Sequence[Source]) -> NDArray[np.float32] | None:
    if all(one.sample_weight is None for one in sources):
        return None
    ones = [np.ones(len(one), np.float32) if one.sample_weight is None else one.sample_weight for one in sources]
    return np.concatenate(ones)


def _groups(sources: Sequence[Source]) -> NDArray[np.int64] | None:
    """Groups are numbers of their own source; those of another source are other groups."""
    if all(one.groups is None for one in sources):
        return None
    found: list[NDArray[np.int64]] = []
    start = 0
    for one in sources:
        own = np.arange(len(one)) if one.groups is None else np.unique(one.groups, return_inverse=True)[1]
        found.append(own + start)
        start += int(own.max(initial=-1)) + 1
    return np.concatenate(found)
