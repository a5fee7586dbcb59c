"""What to say where a flow finds no file: what was looked for, what is there instead, and the way out."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from augstream.keras_preprocessing.load import _iter_valid_files
from augstream.sources.folder import nothing_found

SHOWN = 3


def in_folder(
    directory: str | os.PathLike[str], classes: Sequence[str], formats: tuple[str, ...], subset: str | None, links: bool
) -> str:
    """Of a folder whose sub-folders `classes` hold no picture, or none for the subset."""
    root = Path(directory)
    missing = [name for name in classes if not (root / name).is_dir()]
    if missing:
        has = ", ".join(sorted(path.name for path in root.iterdir() if path.is_dir())[:20]) or "none"
        return (
            f"flow_from_directory: {root} has no sub-folder {missing[0]!r}; it has {has}. "
            "Pass classes= as they are named there, or leave it out."
        )
    count = sum(1 for name in classes for _ in _iter_valid_files(str(root / name), formats, links, hidden=False))
    if subset and count:
        return f"flow_from_directory: {_none_left(subset, count)}"
    unlabelled = f"pass its parent with classes=[{root.name!r}] and class_mode=None to go without labels"
    return f"flow_from_directory: {nothing_found(root, list(classes), _encoded(formats), unlabelled)}"


def in_table(
    named: Sequence[str], valid: int, x_col: Any, y_col: Any, directory: Any, formats: tuple[str, ...], subset: Any
) -> str:
    """Of a table that names these files, of which `valid` are there."""
    if not len(named):
        return "flow_from_dataframe: the table has no rows."
    if valid and subset:
        return f"flow_from_dataframe: {_none_left(subset, valid)}"
    if valid:
        return (
            f"flow_from_dataframe: {valid} of {len(named)} files are there, and none has a class in y_col={y_col!r} "
            "that is wanted. Compare classes= with the values of that column."
        )
    path = Path(directory) / named[0]
    return (
        f"flow_from_dataframe: none of the {len(named)} names in x_col={x_col!r} is a picture's. The first was looked "
        f"for at {path}; {_instead(path, x_col, formats)}"
    )


def _none_left(subset: str, count: int) -> str:
    return f"subset={subset!r} holds none of the {count} images. Choose another validation_split."


def _instead(path: Path, x_col: Any, formats: tuple[str, ...]) -> str:
    if path.is_file():
        return f"its extension is none of {', '.join(formats)}."
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}. Pass directory= as the folder that the names begin in."
    names = sorted(other.name for other in path.parent.iterdir() if not other.name.startswith("."))
    longer = [name for name in names if name.startswith(f"{path.name}.")]
    if longer:
        return f"there is {longer[0]}. Add the extension: df[{x_col!r}] + {longer[0][len(path.name) :]!r}."
    shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    return f"{path.parent} holds {shown or 'nothing'}. Pass directory= as the folder that the names begin in."


def _encoded(formats: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(map(os.fsencode, formats))
