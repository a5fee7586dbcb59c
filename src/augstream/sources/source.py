"""What a loader reads from: index -> an encoded image (bytes) or an array, its label, its targets and its name."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augstream.decode.sample import ColorMode, Sample
from augstream.errors import ArgumentError
from augstream.notebook import page
from augstream.sources import split
from augstream.sources.annotations import Annotations
from augstream.sources.decoded import Decoded, decoded
from augstream.sources.targets import Rules, Targets

By: TypeAlias = Literal["label", "group"] | Callable[[int], Any] | ArrayLike | None


class Source(ABC):
    """Random access to samples; a subclass needs `__len__` and `read`, and must be picklable.

    classes: names of the classes, where labels are 0..len(classes)-1; else None.
    labels: (n, ...) one row per sample, int64 for classes; None where there are none.
    peak: the highest level of array samples; None takes it from their dtype (255, 65535, 1 for floats).
    sample_weight: (n,) float32, how much each sample counts in the loss; None where all count the same.
    groups: (n,) numbers of what belongs together (the photos of one patient), which `split` keeps on one side.
    rules: what happens to masks and boxes at the edge of the image.
    annotations: the targets of all samples, where they are kept that way; else a subclass has its own `targets`.
    """

    classes: list[str] | None = None
    labels: NDArray[Any] | None = None
    peak: float | None = None
    sample_weight: NDArray[np.float32] | None = None
    groups: NDArray[np.int64] | None = None
    rules: Rules = Rules()
    annotations: Annotations | None = None

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def read(self, index: int) -> Sample:
        """The encoded file as bytes, or an (h, w) or (h, w, c) array of uint8, uint16 or float32 levels.

        Any exception it raises becomes the reason why this sample is unreadable.
        """

    def read_many(self, indices: Sequence[int]) -> Sequence[Sample | Exception]:
        """What `read` returns for each, or the exception it raises; for a source that can fetch many at a time."""
        found: list[Sample | Exception] = []
        for index in indices:
            try:
                found.append(self.read(index))
            except Exception as error:
                # Its frames would keep what was read for as long as nobody looks for cycles.
                found.append(error.with_traceback(None))
        return found

    def targets(self, index: int) -> Targets | None:
        """Mask, boxes and points of one sample; a source has the same kinds for all of its samples."""
        return None if self.annotations is None else self.annotations.at(index)

    @property
    def targeted(self) -> bool:
        """Whether there may be targets."""
        return self.annotations is not None or type(self).targets is not Source.targets

    def label(self, index: int) -> Any:
        """The label of one sample, None where the source has none."""
        return None if self.labels is None else self.labels[index]

    @property
    def class_count(self) -> int | None:
        """How many classes the labels name: `classes`, else the largest label of the whole source + 1; None where
        labels are no classes.
        """
        if self.classes is not None:
            return len(self.classes)
        labels = self.labels
        if labels is None or labels.ndim != 1 or labels.dtype.kind not in "biu":
            return None
        return int(labels.max(initial=0)) + 1

    @property
    def class_indices(self) -> dict[str, int]:
        """Name of a class -> its number in `labels`; empty where `classes` is None."""
        return {name: number for number, name in enumerate(self.classes or ())}

    def class_weight(self) -> dict[int, float]:
        """Class number -> n / (classes that occur x samples of this one): every class counts the same in the loss.

        That is what scikit-learn calls "balanced". In the order of the classes; one without samples has 1.
        """
        return split.balanced(split.class_labels(self.labels, "class_weight"), self.class_count or 0)

    def __getitem__(self, index: Any) -> Any:
        """One sample as a person sees it, a `Decoded`; or a slice of the samples, a source."""
        if isinstance(index, slice):
            return self.subset(np.arange(len(self))[index])
        return decoded(self, index)

    def __iter__(self) -> "Iterator[Decoded]":
        return (Decoded(self, index) for index in range(len(self)))

    def name(self, index: int) -> str:
        """What an error message calls the sample: a path where there is one."""
        return str(index)

    def leaf(self, index: int) -> "tuple[Source, int]":
        """Where a sample comes from in the end: a source that is not made of others, and its number there."""
        return self, index

    def subset(self, indices: ArrayLike) -> "Subset":
        """The samples at `indices` (integers or a mask of n booleans), renumbered from 0 in that order."""
        return Subset(self, split.indices_of(indices, len(self)))

    def take(self, k: int, *, per_class: bool = False) -> "Subset":
        """The first k samples, or the first k of each class; fewer where there are fewer."""
        if not split.counts(k):
            raise ArgumentError(f"take.k must be an integer of at least 1; got {k!r}.")
        if not per_class:
            return self.subset(np.arange(min(k, len(self))))
        labels = split.class_labels(self.labels, "take(per_class=True)")
        return self.subset(np.sort(np.concatenate([rows[:k] for _, rows in split.strata(labels, len(self))])))

    def split(self, fractions: float | Sequence[float], by: By = None, seed: int = 0) -> tuple["Subset", ...]:
        """Sources without a common sample: as many as there are fractions, which add up to 1.

        A single number is the share of the second of two, the validation part. by: "label" gives each part the same
        share of each class, and every part some of it; "group", or keys of the samples (an array, or a function of the
        index), keeps all samples of one key on one side, and the classes in balance as far as that goes; None is
        "group" where the source has groups and "label" elsewhere. The same seed gives the same split, and within each
        part the samples keep their order. Labels that are no classes are split without regard to them.
        """
        shares = split.fractions_of(fractions)
        if len(self) < len(shares):
            raise ArgumentError(f"split needs at least {len(shares)} samples; the source has {len(self)}.")
        classes = self.labels if self.labels is not None and self.labels.ndim == 1 else None
        classes = classes if classes is not None and classes.dtype.kind in "iu" else None
        groups: NDArray[np.int64] | None
        if isinstance(by, str) and by not in ("label", "group"):
            raise ArgumentError(f'split.by must be "label", "group", keys or a function; got {by!r}.')
        if by is None or isinstance(by, str):
            groups = None if by == "label" else self.groups
            if by == "group" and groups is None:
                raise ArgumentError('split.by is "group", but the source has no groups. Pass the keys themselves.')
        else:
            groups = split.numbered(by, len(self), "split.by")
        # A sample that is there twice must not be in training and validation.
        groups = split.merged(groups, self._origin({}))
        if groups is None:
            parts = split.by_class(classes, len(self), shares, seed)
        else:
            parts = split.by_group(groups, classes, shares, seed)
        return tuple(self.subset(part) for part in parts)

    def _origin(self, starts: "dict[int, tuple[int, Source]]") -> NDArray[np.int64]:
        """(n,) numbers, equal where two samples are the same one of the same source.

        starts: the first number of each source that has been met, by its id; the source itself keeps the id its own.
        """
        if id(self) not in starts:
            starts[id(self)] = sum(len(one) for _, one in starts.values()), self
        return starts[id(self)][0] + np.arange(len(self))

    def weights(self, weights: ArrayLike, length: int | None = None) -> "Subset":
        """A longer source in which each sample is there as often as its weight (n,) says, each time drawn anew.

        length: of the new source; None is as long as it takes for every sample of a weight above 0 to be there.
        """
        given = split.weights_of(weights, len(self), "weights")
        return self.subset(split.repeated(given, length, "weights"))

    def balance(self, length: int | None = None) -> "Subset":
        """A longer source in which every class is there equally often: small classes are repeated.

        length: of the new source; None is as long as it takes for every sample to be there.
        """
        labels = split.class_labels(self.labels, "balance")
        numbers, counts = np.unique(labels, return_counts=True)
        weight = 1 / counts[np.searchsorted(numbers, labels)]
        rows = np.argsort(labels, kind="stable")
        return self.subset(np.sort(rows[split.repeated(weight[rows], length, "balance")]))

    def mean_std(
        self, sample: int | None = None, color: ColorMode = "rgb"
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The mean and the standard deviation of each channel, as fractions of the peak, for `Normalize`.

        Every image is read once and decoded whole. sample: of so many of them, always the same ones; None: of all.
        color: what files are decoded to.
        """
        from augstream.sources.measure import mean_std

        return mean_std(self, sample, color)

    def __add__(self, other: "Source") -> "Source":
        if not isinstance(other, Source):
            return NotImplemented
        return Joined([self, other])

    def __repr__(self) -> str:
        classes = "" if self.classes is None else f", {len(self.classes)} classes"
        return f"<{type(self).__name__}: {len(self)} samples{classes}>"

    def _repr_html_(self) -> str:
        return page(self)


class Subset(Source):
    """Some samples of another source, in any order and any of them more than once, renumbered from 0."""

    def __init__(self, source: Source, indices: NDArray[np.int64]) -> None:
        self.source: Source = source.source if isinstance(source, Subset) else source
        self.indices: NDArray[np.int64] = source.indices[indices] if isinstance(source, Subset) else indices
        self.classes = source.classes
        self.labels = None if source.labels is None else source.labels[indices]
        self.peak = source.peak
        self.rules = source.rules
        self.sample_weight = None if source.sample_weight is None else source.sample_weight[indices]
        self.groups = None if source.groups is None else source.groups[indices]

    @property
    def class_count(self) -> int | None:
        return self.source.class_count

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, index: int) -> Sample:
        return self.source.read(int(self.indices[index]))

    def read_many(self, indices: Sequence[int]) -> Sequence[Sample | Exception]:
        return self.source.read_many(self.indices[list(indices)].tolist())

    def targets(self, index: int) -> Targets | None:
        return self.source.targets(int(self.indices[index]))

    @property
    def targeted(self) -> bool:
        return self.source.targeted

    def label(self, index: int) -> Any:
        return self.source.label(int(self.indices[index]))

    def name(self, index: int) -> str:
        return self.source.name(int(self.indices[index]))

    def leaf(self, index: int) -> tuple[Source, int]:
        return self.source.leaf(int(self.indices[index]))

    def _origin(self, starts: dict[int, tuple[int, Source]]) -> NDArray[np.int64]:
        return self.source._origin(starts)[self.indices]


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
        self.classes, self.labels = _joined_labels(self.sources)
        self._numbers = [_joined_numbers(one, self.classes) for one in self.sources]
        self.sample_weight = _joined_weights(self.sources)
        self.groups = _joined_groups(self.sources)

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


def _joined_labels(sources: Sequence[Source]) -> tuple[list[str] | None, NDArray[Any] | None]:
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
        numbers = _joined_numbers(one, classes)
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


def _joined_numbers(source: Source, classes: list[str] | None) -> NDArray[np.int64] | None:
    """The numbers that a source's classes have among those of all; None where they are the same."""
    if classes is None or source.classes is None or source.classes == classes[: len(source.classes)]:
        return None
    return np.array([classes.index(name) for name in source.classes], np.int64)


def _joined_weights(sources: Sequence[Source]) -> NDArray[np.float32] | None:
    if all(one.sample_weight is None for one in sources):
        return None
    ones = [np.ones(len(one), np.float32) if one.sample_weight is None else one.sample_weight for one in sources]
    return np.concatenate(ones)


def _joined_groups(sources: Sequence[Source]) -> NDArray[np.int64] | None:
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
