"""Images with a text file of boxes each, as YOLO's tools write them."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError, SourceError
from augstream.sources.annotate import annotate
from augstream.sources.files import Files, Where, absolute, in_waves, is_remote, reader
from augstream.sources.folder import from_folder
from augstream.sources.reading import read_file

MOST = 1_000_000
"""Classes are numbered below this."""


def from_yolo(
    images: Where,
    labels: Where | None = None,
    *,
    classes: Sequence[str] | Where | None = None,
    polygons: bool = False,
    min_visible: float = 0.1,
    remote: dict[str, Any] | None = None,
) -> Files:
    """Images below a folder, and for each a text file of the same name with a line per box: class x y width height.

    The four are fractions of the image, x and y of the box's center; a line of a class and a polygon becomes the box
    around it; with polygons=True its outline is there too. labels: the folder of the text files; None: the images',
    with "labels" in the place of the last "images". An image without a file has no boxes. classes: names, or the YAML
    file that has them under `names:`. The numbers in `box_label` are those of the files. min_visible: a box is dropped
    where less of its area is left. remote: what `Remote` takes, where the images are at an address.
    """
    pictures = from_folder(images, labels=None, remote=remote)
    folder = _labels_folder(pictures.root) if labels is None else absolute(labels)
    if not is_remote(folder) and not Path(folder).is_dir():
        raise SourceError(f"from_yolo: there is no folder {folder} with the boxes. Pass labels=.")
    texts = reader(folder, pictures.reader if is_remote(folder) else None)
    files = [f"{folder}/{os.fsdecode(name.rpartition(b'.')[0])}.txt" for name in pictures.names]
    boxes, kinds, outlines, found = [], [], [], 0
    for file, data in zip(files, in_waves(texts.many, files), strict=True):
        if isinstance(data, Exception) and not isinstance(data, FileNotFoundError):
            raise SourceError(f"from_yolo: cannot read {file}: {data}.")
        box, kind, shapes = _read(file, b"" if isinstance(data, Exception) else data)
        found += isinstance(data, bytes)
        boxes.append(box)
        kinds.append(kind)
        outlines.append(shapes)
    if not found:
        raise SourceError(
            f"from_yolo: {folder} has no text file for any of the {len(pictures)} images of {pictures.root}."
        )
    source = Files(pictures.root, pictures.names, pictures.reader)
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


def _labels_folder(root: str) -> str:
    parts = root.split("/")
    if "images" not in parts:
        raise SourceError(f'from_yolo: {root} has no "images" in its path to put "labels" in place of. Pass labels=.')
    parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return "/".join(parts)


def _read(file: str, data: bytes) -> tuple[NDArray[np.float64], NDArray[np.int64], list[list[NDArray[np.float32]]]]:
    """Boxes, classes, and outlines where there are some."""
    boxes, kinds, outlines = [], [], []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            kind, *values = [float(word) for word in line.split()]
        except ValueError:
            kind, values = 0.0, []
        if not kind.is_integer() or not 0 <= kind < MOST or not all(-1 <= value <= 2 for value in values):
            raise SourceError(
                f"from_yolo: line {number} of {file} is {line.strip()[:80]!r}; it must be a class, a number from 0 to "
                f"{MOST - 1}, and fractions of the image."
            )
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
        text = read_file(path).decode()
    except OSError as error:
        raise SourceError(f"from_yolo.classes: cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"from_yolo.classes: {path} is no text in UTF-8: {error}.") from None
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
            # Of a number of thousands of digits the length says enough.
            number = len(numbered) if not entry[1] else int(entry[1]) if len(entry[1]) < 16 else MOST
            if number >= MOST:
                raise SourceError(
                    f"from_yolo.classes: {path} has the class number {entry[1]:.20}; classes are numbered from 0 to "
                    f"{MOST - 1}."
                )
            numbered[number] = _plain(entry[2])
    if not numbered:
        raise SourceError(f"from_yolo.classes: {path} has no list under `names:`.")
    return [numbered.get(number, str(number)) for number in range(max(numbered) + 1)]


def _plain(name: str) -> str:
    name = re.sub(r"\s+#.*$", "", name).strip()
    return name[1:-1] if name[:1] in "'\"" and name[:1] == name[-1:] else name
