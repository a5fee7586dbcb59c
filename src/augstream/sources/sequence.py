"""Any sequence of images, and any function that makes them."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from augstream.decode.sample import Sample
from augstream.errors import ArgumentError
from augstream.sources.labels import labels_of
from augstream.sources.source import Source
from augstream.sources.targets import Targets


def from_function(
    n: int,
    function: Callable[[int], Any],
    labels: ArrayLike | None = None,
    *,
    classes: Sequence[str] | None = None,
    targets: Callable[[int], Targets] | None = None,
) -> Source:
    """Images made by a function of their index when they are wanted, in any thread: arrays, or the bytes of files.

    n: how many. labels: (n,) or (n, ...); None: none. targets: a function of the index too. Both functions must be
    importable where the source is to be pickled.
    """
    if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
        raise ArgumentError(f"from_function.n must be an integer of at least 1; got {n!r}.")
    for name, value in (("function", function), ("targets", targets)):
        if not callable(value) and not (name == "targets" and value is None):
            raise ArgumentError(f"from_function.{name} must be a function of the index; got {value!r:.80}.")
    source = Computed(int(n), function, targets)
    if labels is not None:
        source.labels, source.classes = labels_of(labels, classes, len(source), "from_function.labels")
    return source


def from_sequence(
    items: Sequence[Any], labels: ArrayLike | None = None, *, classes: Sequence[str] | None = None
) -> Source:
    """Anything with a length and `items[i]`: each an image (array, file's bytes or path), or (image, label).

    With labels in the items, each is looked at when its batch is made, and there are no classes to balance or to split
    by; pass `labels` where these are wanted.
    """
    if not hasattr(items, "__len__") or not hasattr(items, "__getitem__") or isinstance(items, str | bytes):
        raise ArgumentError(f"from_sequence.items must have a length and items[i]; got {type(items).__name__}.")
    if isinstance(items, Mapping):
        raise ArgumentError("from_sequence.items must be a sequence; got a mapping. Pass list(items.values()).")
    if not len(items):
        raise ArgumentError("from_sequence.items must hold at least one image; got none.")
    source = Items(items)
    if labels is not None:
        source.labels, source.classes = labels_of(labels, classes, len(source), "from_sequence.labels")
    return source


class Computed(Source):
    """Images that a function makes. Made by `from_function`."""

    def __init__(self, n: int, function: Callable[[int], Any], targets: Callable[[int], Targets] | None) -> None:
        self.n = n
        self.function = function
        self._targets = targets

    def __len__(self) -> int:
        return self.n

    def read(self, index: int) -> Sample:
        made: Sample = self.function(index)
        return made

    def targets(self, index: int) -> Targets | None:
        return None if self._targets is None else self._targets(index)

    @property
    def targeted(self) -> bool:
        return self._targets is not None


class Items(Source):
    """Images of a sequence. Made by `from_sequence`."""

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items
        first = items[0]
        self._pairs = isinstance(first, tuple) and len(first) == 2

    def __len__(self) -> int:
        return len(self.items)

    def read(self, index: int) -> Sample:
        item = self.items[index]
        picture = item[0] if self._pairs else item
        if isinstance(picture, bytes | np.ndarray):
            return picture
        if isinstance(picture, str | os.PathLike):
            from augstream.sources.files import Disk

            return Disk().one(os.fspath(picture))
        # An image of Pillow, a tensor on the CPU, or nothing that is an image: the loader says so.
        return bytes(picture) if isinstance(picture, bytearray | memoryview) else np.asarray(picture)

    def label(self, index: int) -> Any:
        if self.labels is not None or not self._pairs:
            return super().label(index)
        return self.items[index][1]

    def name(self, index: int) -> str:
        item = self.items[index] if isinstance(self.items, list | tuple) else None
        picture = item[0] if self._pairs and item is not None else item
        return os.fspath(picture) if isinstance(picture, str | os.PathLike) else f"items[{index}]"
