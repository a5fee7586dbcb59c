"""A table with one row per image, or per box."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError, SourceError
from augstream.sources import split
from augstream.sources.annotate import annotate
from augstream.sources.columns import columns, numbers
from augstream.sources.files import Files, Where
from augstream.sources.labels import labels_of
from augstream.sources.packed_names import Names
from augstream.sources.sequence import Items
from augstream.sources.source import Source


def from_table(
    table: Any,
    image: str,
    *,
    label: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    classes: Sequence[str] | None = None,
    separator: str | None = None,
    root: Where | None = None,
    weight: str | None = None,
    group: str | None = None,
    mask: str | None = None,
    boxes: str | Sequence[str] | None = None,
    box_label: str | None = None,
    points: str | None = None,
    mask_fill: int = 0,
    min_visible: float = 0.1,
    values: Mapping[int, int] | None = None,
    remote: dict[str, Any] | None = None,
) -> Source:
    """Images from a pandas or polars frame, a mapping of columns, or a CSV or Parquet file, by the names of columns.

    image: paths or addresses, relative to `root` (None: to the file's own folder, or to the current one), or bytes.
    label: a column of names or integers is a class, one of other numbers a value; with a `separator` ("cat|dog"), or
    lists in the cells, several classes: (n, classes) of 0 and 1. Several columns are several such numbers, (n, k); a
    mapping {output: column or columns} makes one structured array, label["age"]. classes: their names, in order.
    weight: what each sample counts in the loss. group: what `split` keeps on one side.
    mask: paths of mask files. boxes: a column of (k, 4) lists, as JSON in a CSV file, or the four columns x0 y0 x1 y1
    of a table with one row per box, whose rows for one image are taken together (none in them: an image without
    boxes). box_label: the class of each box; its names become `classes`. points: a column of (k, 2) lists.
    mask_fill, min_visible: what happens to masks and boxes at the edge of the image. values: {number as stored: class
    id} for masks; other numbers stay.
    """
    per_box = not isinstance(boxes, str) and boxes is not None
    if per_box and boxes is not None and len(boxes) != 4:
        raise ArgumentError(f"from_table.boxes must be one column or four, x0 y0 x1 y1; got {boxes!r}.")
    outputs = dict(label) if isinstance(label, Mapping) else {"": label} if label is not None else {}
    named = [*outputs.values(), boxes, image, weight, group, mask, box_label, points]
    wanted = [name for one in named if one is not None for name in ([one] if isinstance(one, str) else one)]
    cells = columns(table, list(dict.fromkeys(wanted)))
    if not cells[image]:
        raise SourceError("from_table: the table has no rows.")
    _refuse_missing(cells, image, "has no image")
    rows = _first_rows(cells[image]) if per_box else None
    if rows is not None:
        _refuse_differing(cells, rows, [name for name in cells if name not in (*(boxes or ()), box_label)])
    first = {name: values if rows is None else [values[row[0]] for row in rows] for name, values in cells.items()}
    if root is None:
        root = Path(table).expanduser().absolute().parent if isinstance(table, str | os.PathLike) else ""
    source = _pictures(first[image], root, remote)
    n = len(source)
    if isinstance(label, Mapping):
        source.labels = _structured(
            {name: _labels(first, column, None, separator, n)[0] for name, column in outputs.items()}
        )
    elif label is not None:
        source.labels, source.classes = _labels(first, label, classes, separator, n)
    if weight is not None:
        _refuse_missing(first, weight, "has no weight")
        source.sample_weight = split.weights_of(first[weight], n, f"from_table.weight ({weight!r})").astype(np.float32)
    if group is not None:
        _refuse_missing(first, group, "has no group")
        source.groups = split.numbered(first[group], n, "from_table.group")
    found, kinds = _boxes(cells, boxes, box_label, rows)
    if kinds is not None:
        flat = [kind for one in kinds for kind in one]
        known = numbers(flat)
        if known is None or known.dtype.kind == "f":
            names = [str(name) for name in classes] if classes is not None else sorted({str(kind) for kind in flat})
            kinds = [
                labels_of([str(kind) for kind in one], names, len(one), "from_table.box_label")[0] for one in kinds
            ]
            source.classes = names
        else:
            kinds = [[int(kind) for kind in one] for one in kinds]
    masks = None
    if mask is not None:
        _refuse_missing(first, mask, "has no mask")
        masks = Files(root, Names.of(str(path) for path in first[mask]), remote)
    annotate(
        source,
        "from_table",
        boxes=found,
        box_label=kinds,
        points=None if points is None else [_list(cell) for cell in first[points]],
        masks=masks,
        mask_fill=mask_fill,
        min_visible=min_visible,
        values=values,
    )
    return source


def _pictures(cells: list[Any], root: Where, remote: dict[str, Any] | None) -> Source:
    # Hugging Face keeps images as {"bytes": ..., "path": ...}.
    plain: list[Any] = [
        (cell.get("bytes") or cell.get("path")) if isinstance(cell, Mapping) else cell for cell in cells
    ]
    if all(isinstance(cell, bytes | bytearray) for cell in plain):
        return Items(plain)
    wrong = next((row for row, cell in enumerate(plain) if not isinstance(cell, str | os.PathLike)), None)
    if wrong is not None:
        what = type(plain[wrong]).__name__
        raise ArgumentError(f"from_table.image must hold paths or bytes, the same throughout; row {wrong} is {what}.")
    # Whole paths and addresses stand for themselves, whatever the root.
    whole = any(os.path.isabs(cell) or "://" in os.fspath(cell) for cell in plain)  # noqa: PTH117
    if whole:
        base = Files(root, Names.of([])).root if root else str(Path.cwd())
        plain = [
            cell if os.path.isabs(cell) or "://" in os.fspath(cell) else f"{base}/{os.fspath(cell)}"  # noqa: PTH117
            for cell in plain
        ]
        return Files("", Names.of(os.fspath(cell) for cell in plain), remote)
    return Files(root or Path.cwd(), Names.of(os.fspath(cell) for cell in plain), remote)


def _labels(
    cells: dict[str, list[Any]],
    label: str | Sequence[str],
    classes: Sequence[str] | None,
    separator: str | None,
    n: int,
) -> tuple[NDArray[Any], list[str] | None]:
    if not isinstance(label, str):
        parts = []
        for name in label:
            _refuse_missing(cells, name, f"has no {name}")
            part = numbers(cells[name])
            if part is None:
                raise ArgumentError(f"from_table.label: the column {name!r} must hold numbers to stand beside others.")
            parts.append(part)
        stacked = np.stack(parts, axis=1).astype(np.float32)
        return stacked, list(label) if ((stacked == 0) | (stacked == 1)).all() else None
    values = cells[label]
    if separator is not None or any(isinstance(value, list | tuple | np.ndarray) for value in values):
        return _several(values, separator, classes)
    _refuse_missing(cells, label, "has no label")
    known = numbers(values) if classes is None or not all(isinstance(value, str) for value in values) else None
    return labels_of(values if known is None else known, classes, n, f"from_table.label ({label!r})")


def _several(values: list[Any], separator: str | None, classes: Sequence[str] | None) -> tuple[NDArray[Any], list[str]]:
    """(n, classes) of 0 and 1; an image may have none of them."""
    sets = [
        []
        if value is None
        else [part.strip() for part in value.split(separator) if part.strip()]
        if isinstance(value, str)
        else [str(part) for part in value]
        for value in values
    ]
    names = sorted({name for one in sets for name in one}) if classes is None else [str(name) for name in classes]
    number = {name: place for place, name in enumerate(names)}
    labels = np.zeros((len(values), len(names)), np.float32)
    for row, one in enumerate(sets):
        for name in one:
            if name not in number:
                raise ArgumentError(f"from_table.label holds {name!r}, which is not among classes {names!r:.200}.")
            labels[row, number[name]] = 1
    return labels, names


def _structured(outputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
    kinds = [(name, labels.dtype, labels.shape[1:]) for name, labels in outputs.items()]
    together = np.empty(len(next(iter(outputs.values()))), kinds)
    for name, labels in outputs.items():
        together[name] = labels
    return together


def _boxes(
    cells: dict[str, list[Any]], boxes: str | Sequence[str] | None, box_label: str | None, rows: list[list[int]] | None
) -> tuple[list[Any] | None, list[Any] | None]:
    if boxes is None:
        return None, None
    if isinstance(boxes, str):
        kinds = None if box_label is None else [_list(cell) for cell in cells[box_label]]
        return [_list(cell) for cell in cells[boxes]], kinds
    kept = [[row for row in some if all(cells[name][row] is not None for name in boxes)] for some in rows or ()]
    found = [[[_number(cells[name][row], name, row) for name in boxes] for row in some] for some in kept]
    if box_label is not None:
        missing = next((row for some in kept for row in some if cells[box_label][row] is None), None)
        if missing is not None:
            raise SourceError(f"from_table: row {missing} has a box without a {box_label}.")
        return found, [[cells[box_label][row] for row in some] for some in kept]
    return found, None


def _number(cell: Any, name: str, row: int) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ArgumentError(f"from_table.boxes: {name!r} of row {row} is {cell!r}, which is no number.") from None


def _list(cell: Any) -> Any:
    if cell is None:
        return []
    if isinstance(cell, str):
        try:
            return json.loads(cell)
        except json.JSONDecodeError:
            raise ArgumentError(
                f"from_table: {cell!r:.80} is no list of numbers as JSON, such as [[0, 0, 9, 9]]."
            ) from None
    return (
        cell
        if isinstance(cell, np.ndarray) and cell.dtype != object
        else [list(row) if hasattr(row, "__len__") and not isinstance(row, str) else row for row in cell]
    )


def _first_rows(images: list[Any]) -> list[list[int]]:
    """The rows of each image, images in the order in which they first appear."""
    rows: dict[Any, list[int]] = {}
    for row, image in enumerate(images):
        rows.setdefault(image, []).append(row)
    return list(rows.values())


def _refuse_differing(cells: dict[str, list[Any]], rows: list[list[int]], names: Sequence[str]) -> None:
    """Rows of one image must agree in all that is not about a box: none of them is truer than another."""
    for name in names:
        values = cells[name]
        for some in rows:
            other = next((row for row in some[1:] if not _same(values[row], values[some[0]])), None)
            if other is not None:
                raise SourceError(
                    f"from_table: rows {some[0]} and {other} are of one image, but the column {name!r} has "
                    f"{values[some[0]]!r:.40} and {values[other]!r:.40}."
                )


def _same(one: Any, two: Any) -> bool:
    return one is two or (np.array_equal(one, two) if isinstance(one, np.ndarray) else bool(one == two))


def _refuse_missing(cells: dict[str, list[Any]], name: str, what: str) -> None:
    missing = [row for row, value in enumerate(cells[name]) if value is None]
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise SourceError(
            f"from_table: row {missing[0]}{more} {what}: nothing in the column {name!r}. Fill it or drop the rows."
        )
