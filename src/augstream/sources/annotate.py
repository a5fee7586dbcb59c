"""Gives a source its boxes, points and masks."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from augstream.errors import ArgumentError
from augstream.sources.annotations import Annotations, MaskReader, Ragged
from augstream.sources.source import Source
from augstream.sources.targets import Rules


def annotate(
    source: Source,
    what: str,
    *,
    boxes: Iterable[Any] | None = None,
    box_label: Iterable[Any] | None = None,
    points: Iterable[Any] | None = None,
    polygons: Sequence[Any] | None = None,
    masks: MaskReader | Sequence[Any] | None = None,
    relative: bool = False,
    mask_fill: int = 0,
    min_visible: float = 0.1,
) -> None:
    """Gives a source its targets; one entry per sample in each."""
    source.rules = rules(mask_fill, min_visible, what)
    try:
        annotations = Annotations(
            boxes=None if boxes is None else Ragged(boxes, (4,), np.float32),
            box_label=None if box_label is None else Ragged(box_label, (), np.int64),
            points=None if points is None else Ragged(points, (2,), np.float32),
            polygons=polygons,
            masks=masks,
            relative=relative,
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(
            f"{what}: boxes must be (k, 4), box_label (k,) and points (k, 2) numbers: {error}."
        ) from None
    annotations.check(len(source), what)
    source.annotations = annotations if annotations else None


def rules(mask_fill: object, min_visible: object, what: str) -> Rules:
    """Checked rules."""
    if not isinstance(mask_fill, int | np.integer):
        raise ArgumentError(f"{what}.mask_fill must be an integer; got {mask_fill!r}.")
    if not isinstance(min_visible, int | float) or not 0 <= min_visible <= 1:
        raise ArgumentError(f"{what}.min_visible must be a share from 0 to 1; got {min_visible!r}.")
    return Rules(int(mask_fill), float(min_visible))
