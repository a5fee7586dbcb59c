"""Images and the masks of the same name."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.decode import pillow
from augstream.errors import SourceError
from augstream.sources.annotate import annotate, look, rules
from augstream.sources.files import Files, Where, is_remote
from augstream.sources.folder import from_folder
from augstream.sources.packed_names import Names
from augstream.sources.targets import Targets


def from_masks(
    images: Where,
    masks: Where | Callable[[Path], Any],
    *,
    suffix: str = "",
    mask_fill: int = 0,
    values: Mapping[int, int] | None = None,
    remote: dict[str, Any] | None = None,
) -> Files:
    """Images and their masks: two folders in which the files of a pair have one path, but for the extension.

    Masks without an image are left out. suffix: what a mask's name has behind the image's ("_mask"). masks: or a
    function of the image's path, which returns the path of the mask; or several paths, of one instance each, which
    are numbered from 1 in one int32 mask (later ones lie on top); or an array. A mask's numbers are taken as they are
    stored, a palette's too.
    values: {number as stored: class id}, such as {255: 1}; other numbers stay. mask_fill: the class id of a mask in the
    border. remote: what `Remote` takes, where the folders are
    addresses.
    """
    pictures = from_folder(images, labels=None, remote=remote)
    if callable(masks):
        found_by = Paired(pictures.root, pictures.names, masks)
        found_by.rules = rules(mask_fill, 0.1, "from_masks", values)
        look(found_by, "from_masks", values)
        return found_by
    found = from_folder(masks, labels=None, remote=remote if is_remote(masks) else None)
    by_stem = {_stem(name): name for name in found.names}
    if len(by_stem) < len(found.names):
        raise SourceError(f"from_masks: {found.root} holds masks that differ in nothing but the extension.")
    wanted = [_stem(name) + os.fsencode(suffix) for name in pictures.names]
    missing = [row for row, stem in enumerate(wanted) if stem not in by_stem]
    if missing:
        name = pictures.names.text(missing[0])
        more = f", nor for {len(missing) - 1} more" if len(missing) > 1 else ""
        raise SourceError(
            f"from_masks: {found.root} has no mask for {name}{more}. Pass suffix= if names differ by one."
        )
    source = Files(pictures.root, pictures.names, pictures.reader)
    paired = Files(found.root, Names.of(by_stem[stem] for stem in wanted), found.reader)
    annotate(source, "from_masks", masks=paired, mask_fill=mask_fill, values=values)
    return source


class Paired(Files):
    """Images whose masks a function finds."""

    def __init__(self, root: str, names: Names, find: Callable[[Path], Any]) -> None:
        super().__init__(root, names)
        self.find = find

    def targets(self, index: int) -> Targets | None:
        found = self.find(self.path(index))
        if isinstance(found, str | os.PathLike):
            return Targets(self.reader.one(os.fspath(found)))
        if isinstance(found, np.ndarray | bytes):
            return Targets(found)
        return Targets(instances([pillow.numbers(self.reader.one(os.fspath(path))) for path in sorted(found)]))


def instances(masks: list[NDArray[Any]]) -> NDArray[np.int32]:
    """One mask of numbers from 1 for masks of one instance each."""
    if not masks:
        raise ValueError("there is no mask")
    together = np.zeros(masks[0].shape[:2], np.int32)
    for number, mask in enumerate(masks, 1):
        flat = mask if mask.ndim == 2 else mask.any(axis=2)
        if flat.shape != together.shape:
            raise ValueError(f"the masks of one image differ in size: {together.shape} and {flat.shape}")
        together[flat != 0] = number
    return together


def _stem(name: bytes) -> bytes:
    folder, slash, file = name.rpartition(b"/")
    return folder + slash + file.rpartition(b".")[0]
