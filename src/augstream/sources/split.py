"""Which samples go where: splits, selections and repetitions as arrays of numbers, without any source."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augstream.errors import ArgumentError
from augstream.rng import permute

Indices: TypeAlias = NDArray[np.int64]
LONGEST = 100


def indices_of(indices: ArrayLike, n: int) -> Indices:
    """The samples of a subset of n: their numbers, or a mask of n booleans."""
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


def class_labels(labels: NDArray[Any] | None, what: str) -> NDArray[np.int64]:
    """The labels of a source, where each is the number of a class; `what` asks for them."""
    if labels is None or labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ArgumentError(f"{what} needs a source with one class per sample; this one has none.")
    return labels


def balanced(labels: Indices, classes: int) -> dict[int, float]:
    """Class -> n / (classes that occur x samples of this one); 1 for one that does not occur."""
    if len(labels) and labels.min() < 0:
        raise ArgumentError(f"class_weight needs classes that are numbered from 0; got {labels.min()}.")
    counts = np.bincount(labels, minlength=classes)
    occur = int(np.count_nonzero(counts))
    return {number: len(labels) / (occur * count) if count else 1.0 for number, count in enumerate(counts.tolist())}


def fractions_of(given: object) -> list[float]:
    """The shares of the parts of a split: one number is the share of the second of two parts."""
    many = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else None
    for value in [given] if many is None else many:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            name = "split.fractions" if many is None else "each of split.fractions"
            raise ArgumentError(
                f"{name} must lie between 0 and 1; got {given!r}. Pass 0.2 for a fifth, or (0.7, 0.2, 0.1)."
            )
    if many is None:
        return [1 - given, given]  # type: ignore[operator,list-item]
    if len(many) < 2 or abs(sum(many) - 1) > 1e-6:
        raise ArgumentError(f"split.fractions must be at least two numbers that add up to 1; got {given!r}.")
    return [float(value) for value in many]


def by_class(classes: NDArray[Any] | None, n: int, fractions: Sequence[float], seed: int) -> list[Indices]:
    """Parts that hold the fractions of each class, and of a class that is large enough at least one sample each."""
    where = np.empty(n, np.int64)
    for number, members in strata(classes, n):
        key = int.from_bytes(blake2b(f"{seed}/split/{number}".encode(), digest_size=8).digest(), "little") >> 1
        counts = _shares(len(members), fractions)
        order = members[permute(key, 0, len(members), np.arange(len(members)))]
        # The last part is served first, so that (0.8, 0.2) is the same as 0.2.
        where[order] = np.repeat(np.arange(len(counts))[::-1], counts[::-1])
    parts = [np.flatnonzero(where == part) for part in range(len(fractions))]
    for empty in [part for part in range(len(parts)) if not len(parts[part])]:
        # Every class has a single sample: something has to go to each side.
        most = max(range(len(parts)), key=lambda part: len(parts[part]))
        parts[empty], parts[most] = parts[most][-1:], parts[most][:-1]
    return parts


def by_group(groups: Indices, classes: NDArray[Any] | None, fractions: Sequence[float], seed: int) -> list[Indices]:
    """Parts that share no group, each as near to its fraction of all samples, and of each class, as that allows."""
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < len(fractions):
        raise ArgumentError(f"split into {len(fractions)} parts needs as many groups; got {len(names)}.")
    kinds = np.zeros(len(group), np.int64)
    if classes is not None:
        kinds = np.unique(classes, return_inverse=True)[1]
    members = np.argsort(group, kind="stable")
    starts = np.append(np.searchsorted(group[members], np.arange(len(names))), len(group))
    wanted = np.outer(fractions, np.bincount(kinds)).astype(np.float64)
    room = wanted.copy()
    key = int.from_bytes(blake2b(f"{seed}/split/groups".encode(), digest_size=8).digest(), "little") >> 1
    order = permute(key, 0, len(names), np.arange(len(names)))
    # The large ones first, while there is room for them; those of one size in an order drawn by the seed.
    order = order[np.argsort(-np.diff(starts)[order], kind="stable")]
    where = np.empty(len(names), np.int64)
    held = np.zeros(len(fractions), np.int64)
    for number, one in enumerate(order.tolist()):
        kind, count = np.unique(kinds[members[starts[one] : starts[one + 1]]], return_counts=True)
        part = int(np.argmax((room[:, kind] / wanted[:, kind]) @ count))
        empty = np.flatnonzero(held == 0)
        if len(empty) == len(order) - number:
            part = int(empty[0])
        where[one] = part
        held[part] += 1
        room[part, kind] -= count
    return [np.flatnonzero(where[group] == part) for part in range(len(fractions))]


def strata(classes: NDArray[Any] | None, n: int) -> list[tuple[int, Indices]]:
    """(class, its samples in order); one stratum where there are no classes."""
    if classes is None or classes.ndim != 1 or classes.dtype.kind not in "iu":
        return [(0, np.arange(n))]
    order = np.argsort(classes, kind="stable")
    numbers, starts = np.unique(classes[order], return_index=True)
    return list(zip(numbers.tolist(), np.split(order, starts[1:]), strict=True))


def numbered(by: Callable[[int], Any] | ArrayLike, n: int, what: str) -> Indices:
    """(n,) numbers, equal where the keys are: an array of keys, or a function of the index."""
    keys = [by(index) for index in range(n)] if callable(by) else by
    found = np.asarray(keys)
    if found.ndim != 1 or len(found) != n:
        raise ArgumentError(f"{what} must be one key for each of {n} samples, or a function; got shape {found.shape}.")
    if found.dtype == object:
        number: dict[Any, int] = {}
        return np.array([number.setdefault(key, len(number)) for key in found.tolist()], np.int64)
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def merged(groups: Indices | None, same: Indices) -> Indices | None:
    """One group of those that share a sample: equal numbers in `same`. None where nothing belongs together."""
    _, first, same = np.unique(same, return_index=True, return_inverse=True)
    if len(first) == len(same):
        return groups
    if groups is None:
        return same.astype(np.int64)
    found = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    while True:
        # The least number among those of a sample, and then among those of a group, until nothing changes.
        least = np.full(len(first), len(found))
        np.minimum.at(least, same, found)
        least = least[same]
        renamed = np.arange(len(found))
        np.minimum.at(renamed, found, least)
        if np.array_equal(renamed[found], found):
            return found
        found = renamed[found]


def weights_of(given: ArrayLike, n: int, what: str) -> NDArray[np.float64]:
    """(n,) finite weights of 0 or more, not all 0."""
    try:
        weights = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{what} must be {n} numbers; got {given!r:.80}.") from None
    if weights.shape != (n,):
        raise ArgumentError(f"{what} must be {n} numbers, one for each; got shape {weights.shape}.")
    bad = ~np.isfinite(weights) | (weights < 0)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise ArgumentError(f"{what} must be finite and 0 or more; got {weights[first]} at {first}.")
    if not weights.any():
        raise ArgumentError(f"{what} must not all be 0.")
    return weights


def repeated(weights: NDArray[np.float64], length: int | None, what: str) -> Indices:
    """Numbers of samples, in order, each as often as its weight says: exactly, or rounded up or down.

    length: how many in all; None is as many as it takes for each sample of a weight above 0 to be there once.
    """
    if not len(weights):
        raise ArgumentError(f"{what} needs at least one sample; the source has none.")
    n, total = len(weights), weights.sum()
    if length is None:
        needed = total / weights[weights > 0].min()
        if needed > LONGEST * n + 0.5:
            raise ArgumentError(
                f"{what}: for the least weight to count once, {n} samples become {needed:.3g}. Pass length=, or "
                "weights that are less far apart."
            )
        length = max(1, int(np.ceil(needed - 1e-6)))
    elif not counts(length):
        raise ArgumentError(f"{what}: length must be an integer of at least 1; got {length!r}.")
    # Equal steps through the weights laid end to end.
    ends = np.cumsum(weights) * (length / total)
    ends[-1] = length
    place: Indices = np.searchsorted(ends, np.arange(length) + 0.5 - 1e-9, side="left")
    return place.astype(np.int64)


def alternating(counts: Sequence[int]) -> list[Indices]:
    """Where each of several rows goes so that all of them are spread evenly over one."""
    places = np.concatenate([(np.arange(count) + 0.5) / count for count in counts])
    rank = np.empty(len(places), np.int64)
    rank[np.argsort(places, kind="stable")] = np.arange(len(places))
    return np.split(rank, np.cumsum(counts)[:-1])


def counts(value: object) -> bool:
    """Whether this is an integer of at least 1."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 1)


def duration(value: object) -> bool:
    """Whether this is a number of seconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6


def _shares(n: int, fractions: Sequence[float]) -> list[int]:
    """How many of n go to each part: rounded, and none left without where there are enough."""
    if n < len(fractions):
        return [int(part < n) for part in range(len(fractions))]
    ends = [int(np.floor(sum(fractions[part:]) * n + 0.5)) for part in range(1, len(fractions))]
    counts = [high - low for high, low in zip([n, *ends], [*ends, 0], strict=True)]
    while min(counts) == 0:
        counts[counts.index(max(counts))] -= 1
        counts[counts.index(0)] += 1
    return counts
