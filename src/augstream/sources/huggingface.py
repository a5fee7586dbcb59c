"""Data sets of Hugging Face's `datasets`."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from augstream.decode.sample import Sample
from augstream.errors import ArgumentError, SourceError
from augstream.sources.annotate import look, rules
from augstream.sources.files import Disk
from augstream.sources.labels import labels_of
from augstream.sources.source import Source
from augstream.sources.targets import Targets


def from_huggingface(
    dataset: Any,
    image: str = "image",
    label: str | None = None,
    *,
    mask: str | None = None,
    boxes: str | None = None,
    box_label: str | None = None,
    box_format: Literal["xyxy", "xywh"] = "xywh",
    mask_fill: int = 0,
    min_visible: float = 0.1,
    values: Mapping[int, int] | None = None,
) -> "HuggingFace":
    """A `datasets.Dataset` with a column of images, which are taken as they are stored, not decoded by `datasets`.

    label: a column of classes or numbers; None: "label" where there is one. mask: a column of images whose numbers
    count; values: {number as stored: class id}, others stay. boxes, box_label: columns, or parts of one, such as
    "objects.bbox" and "objects.category"; box_format says whether a box is x0 y0 x1 y1 or x y width height.
    """
    features = getattr(dataset, "features", None)
    if features is None or not all(hasattr(dataset, name) for name in ("cast_column", "select_columns", "__len__")):
        raise ArgumentError(
            f"from_huggingface.dataset must be a datasets.Dataset; got {type(dataset).__name__}. Pick a split, and do "
            'not stream: load_dataset(..., split="train").'
        )
    for name in (image, label, mask, boxes and boxes.partition(".")[0], box_label and box_label.partition(".")[0]):
        if name is not None and name not in features:
            raise ArgumentError(f"from_huggingface: there is no column {name!r}; there are {', '.join(features)}.")
    if box_format not in ("xyxy", "xywh"):
        raise ArgumentError(f'from_huggingface.box_format must be "xyxy" or "xywh"; got {box_format!r}.')
    if not len(dataset):
        raise SourceError("from_huggingface: the data set has no rows.")
    label = label if label is not None or "label" not in features else "label"
    source = HuggingFace(dataset, image, mask, boxes, box_label, box_format)
    source.rules = rules(mask_fill, min_visible, "from_huggingface", values)
    if mask is not None:
        look(source, "from_huggingface", values)
    if label is not None:
        column = list(dataset[label])
        missing = [row for row, value in enumerate(column) if value is None]
        if missing:
            more = f", nor have {len(missing) - 1} more" if len(missing) > 1 else ""
            raise SourceError(f"from_huggingface: row {missing[0]} has no {label}{more}.")
        names = getattr(features[label], "names", None)
        source.labels, source.classes = labels_of(np.asarray(column), names, len(source), "from_huggingface.label")
    elif box_label is not None:
        source.classes = _names(features, box_label)
    return source


class HuggingFace(Source):
    """Rows of a `datasets.Dataset`. Made by `from_huggingface`."""

    def __init__(
        self, dataset: Any, image: str, mask: str | None, boxes: str | None, box_label: str | None, box_format: str
    ) -> None:
        import datasets

        self._image, self._mask, self._boxes, self._box_label, self._format = image, mask, boxes, box_label, box_format
        for column in (image, mask):
            if column is not None and isinstance(dataset.features[column], datasets.Image):
                dataset = dataset.cast_column(column, datasets.Image(decode=False))
        self._pictures = dataset.select_columns([image]).with_format(None)
        rest = {name.partition(".")[0] for name in (mask, boxes, box_label) if name is not None}
        self._rest = dataset.select_columns(sorted(rest)).with_format(None) if rest else None

    def __len__(self) -> int:
        return len(self._pictures)

    def read(self, index: int) -> Sample:
        return _picture(self._pictures[index][self._image])

    def targets(self, index: int) -> Targets | None:
        if self._rest is None:
            return None
        row = self._rest[index]
        mask = None if self._mask is None else _picture(row[self._mask])
        boxes = box_label = None
        if self._boxes is not None:
            boxes = np.asarray(_part(row, self._boxes), np.float64).reshape(-1, 4)
            if self._format == "xywh":
                boxes[:, 2:] += boxes[:, :2]
        if self._box_label is not None:
            box_label = np.asarray(_part(row, self._box_label), np.int64)
        return Targets(mask, boxes, box_label)

    @property
    def targeted(self) -> bool:
        return self._rest is not None

    def name(self, index: int) -> str:
        return f"row {index}"


def _picture(cell: Any) -> Sample:
    if isinstance(cell, dict):
        data: bytes = cell["bytes"] if cell.get("bytes") is not None else Disk().one(cell["path"])
        return data
    if cell is None or isinstance(cell, str):
        raise TypeError("there is no image" if cell is None else f"{cell[:80]!r} is no image; cast the column to Image")
    return cell if isinstance(cell, bytes) else np.asarray(cell, np.uint8)


def _part(row: Any, name: str) -> Any:
    """A column, or with a dot a part of it: of a mapping of lists, or of a list of mappings."""
    column, _, part = name.partition(".")
    cell = row[column]
    if not part:
        return cell
    return [one[part] for one in cell] if isinstance(cell, list) else cell[part]


def _names(features: Any, name: str) -> list[str] | None:
    column, _, part = name.partition(".")
    feature = features[column]
    while feature is not None and getattr(feature, "names", None) is None:
        if part and isinstance(feature, dict):
            feature, part = feature.get(part), ""
        elif isinstance(feature, list):
            feature = feature[0]
        else:
            feature = getattr(feature, "feature", None)
    return None if feature is None else list(feature.names)
