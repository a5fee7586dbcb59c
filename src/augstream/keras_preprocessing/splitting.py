"""Which classes there are, and which samples are of the training and which of the validation subset."""

from collections.abc import Iterable, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.rng import permute


def in_order(classes: Iterable[str] | None) -> list[str]:
    """The classes that were asked for, in the order they came in; a set has none, so its classes are sorted."""
    return sorted(classes) if isinstance(classes, Set) else list(dict.fromkeys(() if classes is None else classes))


def stratified(split: str | None) -> bool:
    """Whether the classes are to be shared out evenly, and in a shuffled order."""
    if split not in (None, "stratified"):
        raise ArgumentError(
            f'split must be None (the first part of each class validates) or "stratified"; got {split!r}.'
        )
    return split == "stratified"


def part(labels: Any, split: tuple[float, float], seed: int) -> NDArray[np.int64]:
    """The samples of the subset that `split`, as fractions from and to, stands for: a share of every class.

    A class of two or more samples has at least one on either side.
    """
    numbers = np.unique(np.asarray(labels), return_inverse=True, axis=0)[1].reshape(-1)
    validation = split[0] == 0
    fraction = split[1] if validation else split[0]
    held = np.zeros(len(numbers), bool)
    for number in range(int(numbers.max(initial=-1)) + 1):
        members = np.flatnonzero(numbers == number)
        n = len(members)
        count = int(np.clip(np.floor(fraction * n + 0.5), n > 1, max(n - 1, 0)))
        held[members[permute(seed, number, n, np.arange(count))]] = True
    return np.flatnonzero(held if validation else ~held)
