"""A folder of pictures, one sub-folder per class."""

import os
import warnings
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError, SourceError
from augstream.sources.source import Source

EXTENSIONS = (
    *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "webp", "gif", "bmp", "dib", "tif", "tiff", "avif"),
    *("jp2", "j2k", "jpx", "ppm", "pgm", "pbm", "pnm", "pfm", "tga", "qoi", "ico"),
)


def from_folder(
    folder: str | os.PathLike[str],
    *,
    labels: Literal["folder"] | None = "folder",
    classes: Sequence[str] | None = None,
    extensions: Iterable[str] = EXTENSIONS,
) -> "Folder":
    """The pictures below a folder; the sub-folder a picture is in, at any depth, is its class.

    Classes are the sub-folders in sorted order, or `classes` in the order given (other sub-folders are then left out).
    `labels=None` takes all pictures of the folder and has neither classes nor labels. Files are known by their
    extension, in either case; hidden files and folders are ignored, symbolic links are followed, and a folder that
    is reached twice within one class is read once. Nothing is opened before it is needed, and nothing is ever written.
    """
    if labels not in ("folder", None):
        raise ArgumentError(f'from_folder.labels must be "folder" or None; got {labels!r}.')
    root = Path(folder).expanduser().absolute()
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise SourceError(f"from_folder: {str(folder)!r} {what}. Pass the folder that holds one sub-folder per class.")
    wanted = frozenset(os.fsencode(extension.lower().lstrip(".")) for extension in extensions)
    listing = _Listing(os.fsencode(root), wanted)
    names: list[str] | None = None
    if labels is None:
        listing.add(b"", 0)
    else:
        names = _classes(root, classes)
        for label, name in enumerate(names):
            listing.add(os.fsencode(name), label)
    if not listing.ends:
        _explain_nothing(root, names, wanted)
    present = set(listing.labels)
    for label, name in enumerate(names or ()):
        # Leaving it out would renumber the classes behind it, and differently for training and validation.
        if label not in present:
            warnings.warn(f"{root / name} holds no pictures; it stays class {label}.", stacklevel=2)
    return Folder(root, names, listing)


class Folder(Source):
    """The files of a folder, listed once; about 60 bytes of memory each. Made by `from_folder`."""

    def __init__(self, root: Path, classes: list[str] | None, listing: "_Listing") -> None:
        self.root = root
        self.classes = classes
        self.labels = None if classes is None else np.array(listing.labels, dtype=np.int64)
        # One blob and its end offsets instead of a list of strings: a million files cost what their names cost.
        self._names = bytes(listing.names)
        self._ends: NDArray[np.int64] = np.array(listing.ends, dtype=np.int64)
        self._prefix = os.fsencode(root) + b"/"

    def __len__(self) -> int:
        return len(self._ends)

    def _relative(self, index: int) -> bytes:
        if not 0 <= index < len(self._ends):
            raise IndexError(f"sample {index} of {len(self._ends)}")
        return self._names[self._ends[index - 1] if index else 0 : self._ends[index]]

    def read(self, index: int) -> bytes:
        file = os.open(self._prefix + self._relative(index), os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(file).st_size
            data = os.read(file, size)
            while len(data) < size and (more := os.read(file, size - len(data))):
                # One call reads at most 2 GiB, and less over some networks.
                data += more
            return data
        finally:
            os.close(file)

    def name(self, index: int) -> str:
        # A name need not be valid UTF-8, but an error message has to be printable.
        return self._relative(index).decode("utf-8", "backslashreplace")

    def path(self, index: int) -> Path:
        """The file of a sample."""
        return Path(os.fsdecode(self._prefix + self._relative(index)))


class _Listing:
    """Relative names in one growing blob, sorted within each folder."""

    def __init__(self, root: bytes, extensions: frozenset[bytes]) -> None:
        self.root = root
        self.extensions = extensions
        self.names = bytearray()
        self.ends = array("q")
        self.labels = array("i")

    def add(self, folder: bytes, label: int) -> None:
        """All pictures at or below one folder (relative to the root)."""
        seen: set[tuple[int, int]] = set()
        pending = [folder]
        while pending:
            relative = pending.pop()
            full = os.path.join(self.root, relative)  # noqa: PTH118 - bytes, and a million of them
            try:
                status = os.stat(full)  # noqa: PTH116
                if (status.st_dev, status.st_ino) in seen:
                    continue
                seen.add((status.st_dev, status.st_ino))
                with os.scandir(full) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                raise SourceError(f"from_folder: cannot list {_shown(full)}: {error.strerror or error}.") from error
            below = []
            for entry in found:
                name = entry.name
                if name.startswith(b"."):
                    continue
                path = relative + b"/" + name if relative else name
                if name.rpartition(b".")[2].lower() in self.extensions and b"." in name and _is_file(entry):
                    self.names += path
                    self.ends.append(len(self.names))
                    self.labels.append(label)
                elif _is_folder(entry):
                    below.append(path)
            # Files of a folder first, then its sub-folders, in sorted order, whatever the file system's own order is.
            pending.extend(reversed(below))


def _is_file(entry: os.DirEntry[bytes]) -> bool:
    # A link to nothing is listed, so that it is reported when it is read and not silently left out.
    try:
        return entry.is_file() or (entry.is_symlink() and not entry.is_dir() and not os.path.exists(entry.path))  # noqa: PTH110
    except OSError:
        return True


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _classes(root: Path, wanted: Sequence[str] | None) -> list[str]:
    try:
        with os.scandir(root) as entries:
            found = sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
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


def _explain_nothing(root: Path, classes: list[str] | None, extensions: frozenset[bytes]) -> None:
    loose = _Listing(os.fsencode(root), extensions)
    loose.add(b"", 0)
    if not classes and loose.ends:
        raise SourceError(
            f"from_folder: {root} holds {len(loose.ends)} pictures and no sub-folder, so there are no classes. Put "
            "each class into a sub-folder of its own, pass the folder above, or pass labels=None to go without labels."
        )
    known = ", ".join(sorted(extension.decode() for extension in extensions))
    where = f"{root} and its {len(classes)} sub-folders hold" if classes else f"{root} holds"
    empty = not any(not entry.name.startswith(".") for entry in os.scandir(root))
    what = f"{root} is empty" if empty else f"{where} no pictures"
    raise SourceError(f"from_folder: {what}. Pass a folder with one sub-folder per class; looked for were {known}.")


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
