"""Gives a source its boxes, points and masks."""

import inspect
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from augstream.decode import pillow
from augstream.errors import ArgumentError
from augstream.sources.annotations import Annotations, MaskReader, Ragged
from augstream.sources.source import Source
from augstream.sources.targets import Rules, Values


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
    values: Mapping[int, int] | None = None,
) -> None:
    """Gives a source its targets; one entry per sample in each."""
    source.rules = rules(mask_fill, min_visible, what, values)
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
    if masks is not None:
        look(source, what, values)


def rules(mask_fill: object, min_visible: object, what: str, values: object = None) -> Rules:
    """Checked rules."""
    if not isinstance(mask_fill, int | np.integer):
        raise ArgumentError(f"{what}.mask_fill must be an integer; got {mask_fill!r}.")
    if not isinstance(min_visible, int | float) or not 0 <= min_visible <= 1:
        raise ArgumentError(f"{what}.min_visible must be a share from 0 to 1; got {min_visible!r}.")
    return Rules(int(mask_fill), float(min_visible), _pairs(values, what))


def look(source: Source, what: str, values: object) -> None:
    """Warns where the masks look like 0 for nothing and 255 for something, as the numbers of a mask are class ids."""
    if values is not None:
        return
    white = False
    for index in sorted({0, len(source) // 2, len(source) - 1}):
        try:
            noted = source.targets(index)
            mask = None if noted is None else noted.mask
            found = pillow.numbers(mask) if isinstance(mask, bytes) else np.asarray(mask)
        except Exception:  # what cannot be read is told of where it is needed
            continue
        if found.dtype.kind not in "iu" or not ((found == 0) | (found == 255)).all():
            return
        white = white or bool(found.any())
    if white:
        fact = f"{what}: the masks seem to hold nothing but 0 and 255, and their numbers are taken as class ids"
        hint = "Pass values={255: 1} where 255 is class 1, or values={} where it is meant"
        warnings.warn(f"{fact}. {hint}.", stacklevel=_outside())


def _outside() -> int:
    """How far up the user's own line is."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith("augstream."):
        frame, level = frame.f_back, level + 1
    return level


def _pairs(values: object, what: str) -> Values:
    if values is None:
        return ()
    pairs = sorted(values.items()) if isinstance(values, Mapping) else [("", "")]
    top = 2**31
    if not all(isinstance(one, int | np.integer) and -top <= one < top for pair in pairs for one in pair):
        fact = (
            f"{what}.values must be a dict of whole numbers, from those in the masks to class ids; got {values!r:.80}"
        )
        raise ArgumentError(f"{fact}. Write values={{255: 1}}.")
    return tuple((int(number), int(label)) for number, label in pairs)
