"""Every file of a folder, also those that a source passes over."""

import os
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augstream.check.formats import SUFFIXES
from augstream.errors import ArgumentError
from augstream.printable import printable
from augstream.sources.packed_names import Growing
from augstream.sources.reading import TooLargeError, read_file


class Unreadable(Exception):  # noqa: N818 - a fact about one file, not an error of ours
    """The file cannot be read; the message is the reason."""


class FolderFiles:
    """The files of a folder, sorted, links followed, hidden ones left out; about 60 bytes of memory each.

    classes: the sub-folders, where at least one of them holds an image; else None. labels: (n,) number of the class,
    -1 for a file that lies in none. named: (n,) whether the extension is one of an image.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder.expanduser().absolute()
        if not self.root.is_dir():
            what = "is a file, not a folder" if self.root.exists() else "does not exist"
            raise ArgumentError(f"{str(folder)!r} {what}. Pass a folder of images.")
        self._prefix = os.fsencode(self.root) + b"/"
        growing = Growing()
        labels, named = array("i"), array("b")
        _, folders = _entries(self._prefix)
        for label, name in enumerate([b"", *folders]):
            for path in _below(self._prefix, name):
                growing.append(path)
                labels.append(label - 1)
                named.append(suffix(path) in SUFFIXES)
        self._names = growing.done()
        self.labels: NDArray[np.int32] = np.array(labels, dtype=np.int32)
        self.named: NDArray[np.bool_] = np.array(named, dtype=bool)
        self.classes: list[str] | None = [printable(name) for name in folders]
        if not (self.named & (self.labels >= 0)).any():
            # What there is lies in the folder itself: sub-folders without an image are no classes then.
            self.classes = None
        if not self.wanted.any():
            what = "is empty" if not len(self) else f"holds {len(self):,} files, but none with an image's extension"
            raise ArgumentError(f"{str(folder)!r} {what}. Pass a folder of images.")

    @property
    def wanted(self) -> NDArray[np.bool_]:
        """(n,) whether a folder source reads the file: an image by its name, in a class where there are classes."""
        return self.named if self.classes is None else self.named & (self.labels >= 0)

    def __len__(self) -> int:
        return len(self._names)

    def name(self, index: int) -> str:
        """The path below the folder, as it may be printed."""
        return printable(self._names[index])

    def suffix(self, index: int) -> str:
        """The extension in lower case, without the dot."""
        return suffix(self._names[index])

    def read(self, index: int, limit: int | None = None) -> bytes:
        """The file, or its first `limit` bytes; Unreadable with the reason."""
        try:
            return read_file(self._prefix + self._names[index], limit)
        except TooLargeError as error:
            raise Unreadable(f"its {error.size:,} bytes are more than any image needs; it was not read") from None
        except FileNotFoundError:
            raise Unreadable("the file does not exist (any more), or is a link to nothing") from None
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from None


def suffix(path: bytes) -> str:
    """The extension of a path in lower case, without the dot; empty where there is none."""
    return os.path.splitext(path)[1][1:].lower().decode("ascii", "replace")  # noqa: PTH122 - bytes


def _below(prefix: bytes, folder: bytes) -> Iterator[bytes]:
    """Paths of all files below a class folder; of the root, which is b"", only those that lie in it itself."""
    seen: set[tuple[int, int]] = set()
    pending = [folder]
    while pending:
        relative = pending.pop()
        # A link may lead back up.
        identity = _identity(prefix + relative)
        if identity in seen:
            continue
        seen.add(identity)
        files, folders = _entries(prefix + relative)
        start = relative + b"/" if relative else b""
        yield from (start + name for name in files)
        if folder:
            pending.extend(start + name for name in reversed(folders))


def _entries(path: bytes) -> tuple[list[bytes], list[bytes]]:
    """Sorted names of the files and of the folders."""
    files, folders = [], []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith(b"."):
                    continue
                if _is_folder(entry):
                    folders.append(entry.name)
                elif _is_file(entry):
                    files.append(entry.name)
    except OSError as error:
        raise ArgumentError(f"Cannot list {printable(path)}: {error.strerror or error}.") from error
    return sorted(files), sorted(folders)


def _identity(folder: bytes) -> tuple[int, int]:
    try:
        status = os.stat(folder)  # noqa: PTH116 - bytes, and a million of them
    except OSError as error:
        raise ArgumentError(f"Cannot list {printable(folder)}: {error.strerror or error}.") from error
    return status.st_dev, status.st_ino


def _is_file(entry: "os.DirEntry[bytes]") -> bool:
    # A link to nothing, a FIFO and a device are to be reported where an image should be, not left out.
    try:
        return entry.is_file() or not entry.is_dir()
    except OSError:
        return True


def _is_folder(entry: "os.DirEntry[bytes]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
