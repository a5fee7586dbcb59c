"""Samples that are ready for a network."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.batch.summary import summary
from augstream.engines.targets import TargetBatch
from augstream.notebook import page
from augstream.sources.source import Source


@dataclass(frozen=True, eq=False, repr=False)
class Batch:
    """Samples that are ready for a network: `x, y = batch`.

    It unpacks as the frameworks get it: the image; behind it `y`, if there is one; and behind that the weight, if the
    source has weights. image: (n, h, w, c) or (n, c, h, w). label: one row per sample, int64 for classes, (n, classes)
    float32 shares of them behind a mix, or as the Loader's `labels` says; None where the source has none.
    index: (n,) which samples of the source these are. epoch: in which epoch they were drawn.
    mask, boxes, box_label, polygons, points: the targets as `TargetBatch` has them; None where the source has none.
    """

    image: NDArray[Any]
    label: NDArray[Any] | None
    index: NDArray[np.int64]
    epoch: int
    source: Source = field(repr=False)
    moved: TargetBatch = field(default_factory=TargetBatch, repr=False)

    def __len__(self) -> int:
        """How many samples."""
        return len(self.index)

    def __iter__(self) -> Iterator[Any]:
        y, weight = self.y, self.weight
        yield self.image
        if y is not None:
            yield y
            if weight is not None:
                yield weight

    def __repr__(self) -> str:
        return f"<Batch: {summary(self)}>"

    def _repr_html_(self) -> str:
        return page(self)

    @property
    def y(self) -> Any:
        """What a network learns to predict: the labels (structured ones as a dictionary of arrays), else the masks."""
        if self.label is None:
            return self.mask
        names = self.label.dtype.names
        return self.label if names is None else {name: np.ascontiguousarray(self.label[name]) for name in names}

    @property
    def mask(self) -> NDArray[Any] | None:
        """(n, h, w), or (n, h, w, c) in the layout of the images."""
        return self.moved.mask

    @property
    def boxes(self) -> list[NDArray[np.float32]] | None:
        """(k, 4) x0 y0 x1 y1 in pixels for each sample."""
        return self.moved.boxes

    @property
    def box_label(self) -> list[NDArray[Any]] | None:
        """(k,) classes of the boxes for each sample."""
        return self.moved.box_label

    @property
    def points(self) -> list[NDArray[np.float32]] | None:
        """(k, 2) x y in pixels for each sample."""
        return self.moved.points

    @property
    def polygons(self) -> list[list[list[NDArray[np.float32]]]] | None:
        """The outlines (m, 2) of each box for each sample."""
        return self.moved.polygons

    @property
    def weight(self) -> NDArray[np.float32] | None:
        """(n,) how much each sample counts in the loss; None where the source does not say."""
        weight = self.source.sample_weight
        return None if weight is None else weight[self.index]

    @property
    def name(self) -> list[str]:
        """What the source calls each sample: its path, for a folder."""
        return [self.source.name(index) for index in self.index.tolist()]
