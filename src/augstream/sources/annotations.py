"""Boxes, points and masks of a whole source, kept as few arrays."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from augstream.decode.sample import Sample
from augstream.errors import ArgumentError
from augstream.sources.targets import Targets


@runtime_checkable
class MaskReader(Protocol):
    """Reads the mask of each sample when it is wanted: a source of files does."""

    def __len__(self) -> int: ...

    def read(self, index: int) -> Sample:
        """An encoded file or an array."""


class Ragged:
    """Rows of several lengths, laid end to end."""

    def __init__(self, rows: Iterable[Any], width: tuple[int, ...], dtype: type) -> None:
        arrays: list[NDArray[Any]] = [np.asarray(row, dtype).reshape(-1, *width) for row in rows]
        self.ends = np.cumsum([len(row) for row in arrays], dtype=np.int64)
        self.flat: NDArray[Any] = np.concatenate(arrays) if arrays else np.empty((0, *width), dtype)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> NDArray[Any]:
        return self.flat[self.ends[index - 1] if index else 0 : self.ends[index]]


class Annotations:
    """The targets of n samples. masks: (n, h, w[, c]) or a list of arrays, or a reader."""

    def __init__(
        self,
        *,
        boxes: Ragged | None = None,
        box_label: Ragged | None = None,
        points: Ragged | None = None,
        polygons: Sequence[Any] | None = None,
        masks: MaskReader | Sequence[Any] | None = None,
        relative: bool = False,
    ) -> None:
        self.boxes, self.box_label, self.points, self.polygons = boxes, box_label, points, polygons
        self.masks = masks
        self.relative = relative

    def at(self, index: int) -> Targets:
        """Those of one sample."""
        mask: Any = None
        if isinstance(self.masks, MaskReader):
            mask = self.masks.read(index)
        elif self.masks is not None:
            mask = np.asarray(self.masks[index])
        boxes, box_label, points = (
            None if rows is None else rows[index] for rows in (self.boxes, self.box_label, self.points)
        )
        polygons = None if self.polygons is None else self.polygons[index]
        return Targets(mask, boxes, box_label, points, self.relative, polygons)

    def check(self, n: int, what: str) -> None:
        """Whether there is one row of each for n samples."""
        for name in ("boxes", "box_label", "points", "polygons", "masks"):
            rows = getattr(self, name)
            if rows is not None and len(rows) != n:
                raise ArgumentError(f"{what}.{name} must have one entry per image, {n}; got {len(rows)}.")
        if self.box_label is not None and (
            self.boxes is None or not np.array_equal(self.boxes.ends, self.box_label.ends)
        ):
            raise ArgumentError(f"{what}.box_label must have one entry per box.")

    def __bool__(self) -> bool:
        return any(rows is not None for rows in (self.boxes, self.points, self.polygons, self.masks))
