"""A folder of images: one sub-folder per class, or labels from their paths."""

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from augstream.errors import ArgumentError, SourceError
from augstream.printable import printable
from augstream.sources.files import Files, Where, absolute, is_remote
from augstream.sources.labels import labels_of
from augstream.sources.listing import Index, Listing
from augstream.sources.packed_names import Names

EXTENSIONS = (
    *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "webp", "gif", "bmp", "dib", "tif", "tiff", "avif"),
    *("jp2", "j2k", "jpx", "ppm", "pgm", "pbm", "pnm", "pfm", "tga", "qoi", "ico"),
)
Labels: TypeAlias = Literal["folder", "parent"] | Callable[[str], Any] | None


def from_folder(
    folder: Where,
    *,
    labels: Labels = "folder",
    classes: Sequence[str] | None = None,
    extensions: Iterable[str] = EXTENSIONS,
    links: Literal["follow", "ignore"] = "follow",
    progress: bool | None = None,
    cache_index: Where | None = None,
    remote: dict[str, Any] | None = None,
) -> "Folder":
    """The images below a folder; the sub-folder an image is in, at any depth, is its class.

    labels: "folder"; "parent", where every folder that holds images is a class by its path ("birds/owl"); a function
    of the image's path relative to the folder, which returns a class name or numbers; None takes all images and has
    neither classes nor labels. classes: their names in the order wanted; other sub-folders are then left out.
    Files are known by their extension, in either case. Hidden files and folders are ignored. links: whether symbolic
    links are followed; a folder that is reached twice within one class is read once, and a link to nothing is listed
    and fails when it is read. progress: a line that counts; None shows it on a terminal once it takes a second.
    cache_index: a file outside the folder that remembers the listing until the folder changes. Of an address nothing
    tells whether it has: delete the file to list it anew.
    remote: what `Remote` takes, where the folder is an address such as s3://bucket/train.
    Nothing is opened before it is needed, and nothing is ever written into the folder.
    """
    if labels not in ("folder", "parent", None) and not callable(labels):
        raise ArgumentError(f'from_folder.labels must be "folder", "parent", a function or None; got {labels!r}.')
    if links not in ("follow", "ignore"):
        raise ArgumentError(f'from_folder.links must be "follow" or "ignore"; got {links!r}.')
    if isinstance(extensions, str):
        raise ArgumentError(f"from_folder.extensions must be a list; got {extensions!r}. Write [{extensions!r}].")
    wanted = frozenset(os.fsencode(extension.lower().lstrip(".")) for extension in extensions)
    if is_remote(folder):
        from augstream.sources.remote import list_remote

        index = None if cache_index is None else Path(cache_index).expanduser().absolute()
        source = Folder(folder, list_remote(str(folder), wanted, remote or {}, progress, index), remote)
        source.classify(labels if labels != "folder" else _top, classes)
        return source
    root = Path(absolute(folder) or ".").absolute()
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise SourceError(f"from_folder: {str(folder)!r} {what}. Pass the folder that holds one sub-folder per class.")
    names, numbers, found = _listed(root, labels, classes, wanted, links == "follow", progress, cache_index)
    source = Folder(root, names, remote)
    if labels == "folder":
        source.classes, source.labels = found, numbers.astype(np.int64)
        for label in np.flatnonzero(np.bincount(numbers, minlength=len(found)) == 0).tolist():
            # Leaving it out would renumber the classes behind it, and differently for training and validation.
            warnings.warn(printable(f"{root / found[label]} holds no images; it stays class {label}."), stacklevel=2)
    else:
        source.classify(labels, classes)
    return source


class Folder(Files):
    """The files of a folder, listed once; about 60 bytes of memory each. Made by `from_folder`."""

    def classify(self, labels: Labels, classes: Sequence[str] | None) -> None:
        """Takes the labels from the names."""
        if labels == "folder" or labels is None:
            if labels is None and classes is not None:
                raise ArgumentError("from_folder.classes needs labels, which are None.")
            return
        label = _parent if labels == "parent" else labels
        values = []
        for name in map(os.fsdecode, self.names):
            value = label(name)
            if value is None:
                raise SourceError(f"from_folder.labels returned None for {name!r}. Return a label for every image.")
            values.append(value)
        self.labels, self.classes = labels_of(values, classes, len(self), "from_folder.labels")


def _listed(
    root: Path,
    labels: Labels,
    classes: Sequence[str] | None,
    extensions: frozenset[bytes],
    links: bool,
    progress: bool | None,
    cache_index: Where | None,
) -> tuple[Names, Any, list[str]]:
    """Names, class numbers and classes: from the index where that is still true, else by looking."""
    index = None
    if cache_index is not None:
        about = {
            "labels": labels if labels == "folder" else "any",
            "classes": None if classes is None or labels != "folder" else list(classes),
            "extensions": sorted(extension.decode() for extension in extensions),
            "links": links,
        }
        index = Index(cache_index, root, about)
        kept = index.load()
        if kept is not None:
            return kept
    listing = Listing(os.fsencode(root), extensions, links, progress)
    found: list[str] = []
    try:
        if labels == "folder":
            listing.stamp_root()
            found = _classes(root, classes, links)
            for label, name in enumerate(found):
                listing.add(os.fsencode(name), label)
        else:
            listing.add(b"", 0)
    finally:
        listing.close()
    if not len(listing.names):
        classed = found if labels == "folder" else None
        unlabelled = "pass labels=None to go without labels"
        raise SourceError(f"from_folder: {nothing_found(root, classed, extensions, unlabelled)}")
    names = listing.names.done()
    if index is not None:
        index.save(listing, names, found)
    return names, np.frombuffer(listing.labels, np.int32), found


def _top(name: str) -> str:
    top, found, _ = name.partition("/")
    if not found:
        raise SourceError(
            f"from_folder: {name} is in no sub-folder, so it has no class. Pass labels=None or a function."
        )
    return top


def _parent(name: str) -> str:
    folder, found, _ = name.rpartition("/")
    if not found:
        raise SourceError(
            f"from_folder: {name} is in no sub-folder, so it has no class. Pass labels=None or a function."
        )
    return folder


def _classes(root: Path, wanted: Sequence[str] | None, links: bool) -> list[str]:
    try:
        with os.scandir(root) as entries:
            found = sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=links)
            )
    except OSError as error:
        raise SourceError(f"from_folder: cannot list {root}: {error.strerror or error}.") from error
    if wanted is None:
        return found
    if isinstance(wanted, str) or not all(isinstance(name, str) for name in wanted):
        raise ArgumentError(f"from_folder.classes must be a list of sub-folder names; got {wanted!r}.")
    if len(set(wanted)) != len(wanted) or not wanted:
        raise ArgumentError(f"from_folder.classes must name each class once, and at least one; got {list(wanted)!r}.")
    missing = [name for name in wanted if name not in found]
    if missing:
        has = ", ".join(found[:20]) or "none"
        raise SourceError(f"from_folder: {root} has no sub-folder {missing[0]!r}; it has {has}.")
    return list(wanted)


def nothing_found(root: Path, classes: list[str] | None, extensions: frozenset[bytes], unlabelled: str) -> str:
    """What is there instead of images in sub-folders, and the way out; `unlabelled` is the one without labels."""
    loose = Listing(os.fsencode(root), extensions, progress=False)
    loose.add(b"", 0)
    if not classes and len(loose.names):
        return (
            f"{root} holds {len(loose.names)} images and no sub-folder, so there are no classes. Put each class into a "
            f"sub-folder of its own, pass the folder above, or {unlabelled}."
        )
    known = ", ".join(sorted(extension.decode() for extension in extensions))
    where = f"{root} and its {len(classes)} sub-folders hold" if classes else f"{root} holds"
    empty = all(path.name.startswith(".") for path in root.iterdir())
    what = f"{root} is empty" if empty else f"{where} no images"
    return f"{what}. Pass a folder with one sub-folder per class; looked for were {known}."
