"""Pictures with a text file of boxes each, as YOLO's tools write them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError, SourceError
from augstream.sources.annotations import annotate
from augstream.sources.files import Files, Where
from augstream.sources.folder import from_folder


def from_yolo(
    images: Where,
    labels: Where | None = None,
    *,
    classes: Sequence[str] | Where | None = None,
    polygons: bool = False,
    min_visible: float = 0.1,
) -> Files:
    """Pictures below a folder, and for each a text file of the same name with a line per box: class x y width height.

    The four are fractions of the picture, x and y of the box's center; a line of a class and a polygon becomes the box
    around it; with polygons=True its outline is there too. labels: the folder of the text files; None: the pictures',
    with "labels" in the place of the last "images". A picture without a file has no boxes. classes: names, or the YAML
    file that has them under `names:`. The numbers in `box_label` are those of the files. min_visible: a box is dropped
    where less of its area is left.
    """
    pictures = from_folder(images, labels=None)
    root = Path(pictures.root)
    folder = _labels_folder(root) if labels is None else Path(labels).expanduser().absolute()
    if not folder.is_dir():
        raise SourceError(f"from_yolo: there is no folder {folder} with the boxes. Pass labels=.")
    boxes, kinds, outlines, found = [], [], [], 0
    for index in range(len(pictures)):
        file = folder / Path(pictures.name(index)).with_suffix(".txt")
        some, kind, shapes = _read(file) if file.exists() else (np.empty((0, 4)), np.empty(0, np.int64), [])
        found += file.exists()
        boxes.append(some)
        kinds.append(kind)
        outlines.append(shapes)
    if not found:
        raise SourceError(f"from_yolo: {folder} has no text file for any of the {len(pictures)} pictures of {root}.")
    source = Files(root, pictures.names)
    annotate(
        source,
        "from_yolo",
        boxes=boxes,
        box_label=kinds,
        polygons=outlines if polygons else None,
        relative=True,
        min_visible=min_visible,
    )
    if classes is not None:
        source.classes = _names(classes)
        highest = max((int(kind.max(initial=-1)) for kind in kinds), default=-1)
        if highest >= len(source.classes):
            raise ArgumentError(f"from_yolo.classes are {len(source.classes)}, but there are boxes of class {highest}.")
    return source


def _labels_folder(root: Path) -> Path:
    parts = list(root.parts)
    if "images" not in parts:
        raise SourceError(f'from_yolo: {root} has no "images" in its path to put "labels" in place of. Pass labels=.')
    parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return Path(*parts)


def _read(file: Path) -> tuple[NDArray[np.float64], NDArray[np.int64], list[list[NDArray[np.float32]]]]:
    """Boxes, classes, and outlines where there are some."""
    boxes, kinds, outlines = [], [], []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line.strip():
            continue
        try:
            kind, *values = [float(word) for word in line.split()]
        except ValueError:
            kind, values = 0.0, []
        if len(values) == 4 or len(values) == 5:  # a fifth is how sure a network was
            x, y, width, height = values[:4]
            boxes.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        elif len(values) >= 6 and len(values) % 2 == 0:
            boxes.append((min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])))
        else:
            raise SourceError(f"from_yolo: line {number} of {file} is no box: {line.strip()[:80]!r}.")
        kinds.append(int(kind))
        outlines.append([np.array(values, np.float32).reshape(-1, 2)] if len(values) >= 6 else [])
    return np.array(boxes, np.float64).reshape(-1, 4), np.array(kinds, np.int64), outlines


def _names(classes: Any) -> list[str]:
    """A list as it is; of a YAML file the entry `names`, a list or a mapping from numbers, without a YAML package."""
    if isinstance(classes, Sequence) and not isinstance(classes, str):
        return [str(name) for name in classes]
    path = Path(classes).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SourceError(f"from_yolo.classes: cannot read {path}: {error.strerror or error}.") from error
    if path.suffix not in (".yaml", ".yml"):
        return [line.strip() for line in text.splitlines() if line.strip()]
    match = re.search(r"^names:[ \t]*(\[.*?\])", text, re.M | re.S)
    if match:
        return [_plain(name) for name in match[1][1:-1].split(",") if name.strip()]
    match = re.search(r"^names:[ \t]*(?:#.*)?\n((?:[ \t-].*\n?|[ \t]*\n)+)", text, re.M)
    numbered: dict[int, str] = {}
    for line in match[1].splitlines() if match else ():
        entry = re.match(r"\s*(?:(\d+)\s*:|-)\s+(.*)", line)
        if entry:
            numbered[int(entry[1]) if entry[1] else len(numbered)] = _plain(entry[2])
    if not numbered:
        raise SourceError(f"from_yolo.classes: {path} has no list under `names:`.")
    return [numbered.get(number, str(number)) for number in range(max(numbered) + 1)]


def _plain(name: str) -> str:
    name = re.sub(r"\s+#.*$", "", name).strip()
    return name[1:-1] if name[:1] in "'\"" and name[:1] == name[-1:] else name
