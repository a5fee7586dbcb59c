"""Which samples are of the training and which of the validation subset."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.sources.source import Source


class Labels(Source):
    """Labels alone, for the sake of `Source.split`."""

    def __init__(self, labels: NDArray[np.int64]) -> None:
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels) if self.labels is not None else 0

    def read(self, index: int) -> bytes:
        raise NotImplementedError


def stratified(split: str | None) -> bool:
    """Whether the classes are to be shared out evenly, and in a shuffled order."""
    if split not in (None, "stratified"):
        raise ArgumentError(
            f'split must be None (the first part of each class validates) or "stratified"; got {split!r}.'
        )
    return split == "stratified"


def part(labels: Any, split: tuple[float, float], seed: int) -> NDArray[np.int64]:
    """The samples of the subset that `split`, as fractions from and to, stands for: a share of every class."""
    numbers = np.unique(np.asarray(labels), return_inverse=True, axis=0)[1].reshape(-1).astype(np.int64)
    validation = split[0] == 0
    fraction = split[1] if validation else split[0]
    training, held = Labels(numbers).split(fraction, seed)
    return held.indices if validation else training.indices
