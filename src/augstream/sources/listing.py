"""The images below a folder, found once and, if wanted, remembered in a file until the folder changes."""

import json
import os
import sys
import time
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError, SourceError
from augstream.printable import printable
from augstream.sources.index_file import recall, remember
from augstream.sources.packed_names import Growing, Names

# A folder that changed just before it was listed may change again without its time stamp showing it.
_SETTLED = 2_000_000_000
_VERSION = 1


class Listing:
    """Names relative to a root, sorted within each folder, with the label of the class they were added for."""

    def __init__(self, root: bytes, extensions: frozenset[bytes], links: bool = True, progress: bool | None = None):
        self.root = root
        self.extensions = extensions
        self.links = links
        self.names = Growing()
        self.labels = array("i")
        self.folders = Growing()
        self.stamps = array("q")
        self._now = time.time_ns()
        self._progress = Progress(os.fsdecode(root), progress)

    def add(self, folder: bytes, label: int) -> None:
        """All images at or below one folder (relative to the root)."""
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
                self._stamp(relative, status.st_mtime_ns)
                files, below = self._scan(full)
            except OSError as error:
                raise SourceError(f"from_folder: cannot list {printable(full)}: {error.strerror or error}.") from error
            prefix = relative + b"/" if relative else b""
            for name in files:
                self.names.append(prefix + name)
            self.labels.extend([label] * len(files))
            self._progress.at(len(self.names))
            # Files of a folder first, then its sub-folders, in sorted order, whatever the file system's own order is.
            pending.extend(prefix + name for name in reversed(below))

    def close(self) -> None:
        """Ends the line that tells how far it is."""
        self._progress.close()

    def _scan(self, full: bytes) -> tuple[list[bytes], list[bytes]]:
        """Sorted names of the images and of the sub-folders; entries are not kept, as each takes 200 bytes."""
        files, below = [], []
        with os.scandir(full) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(b".") or (not self.links and entry.is_symlink()):
                    continue
                if name.rpartition(b".")[2].lower() in self.extensions and b"." in name and _is_file(entry):
                    files.append(name)
                    if len(files) % 4096 == 0:
                        self._progress.at(len(self.names) + len(files))
                elif _is_folder(entry):
                    below.append(name)
        return sorted(files), sorted(below)

    def _stamp(self, folder: bytes, changed: int) -> None:
        self.folders.append(folder)
        self.stamps.append(changed if changed < self._now - _SETTLED else -1)

    def stamp_root(self) -> None:
        """Notes when the root itself changed, as new classes appear there."""
        self._stamp(b"", os.stat(self.root).st_mtime_ns)  # noqa: PTH116


class Progress:
    """One line on the terminal, where there is one and it takes a while."""

    def __init__(self, what: str, wanted: bool | None) -> None:
        self._what = printable(what)
        self._on = sys.stderr is not None and sys.stderr.isatty() if wanted is None else wanted
        self._next = time.monotonic() + (0 if wanted else 1)
        self._last = 0

    def at(self, count: int) -> None:
        """So many have been found."""
        if self._on and time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.2
            self._last = count
            print(f"\rlisting {self._what}: {count:,} images", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Ends the line."""
        if self._last:
            print(file=sys.stderr, flush=True)
            self._last = 0


class Index:
    """A file that remembers a listing: names, labels, and when each folder was last changed."""

    def __init__(self, file: str | os.PathLike[str], root: Path, about: dict[str, Any]) -> None:
        self.file = Path(file).expanduser().absolute()
        self.root = root
        self.about = json.dumps({"version": _VERSION, "root": str(root), **about}, sort_keys=True)
        if self.file.resolve().is_relative_to(root.resolve()):
            raise ArgumentError(
                f"cache_index must be outside the data folder, which is never written to; got {str(file)!r}. "
                f"Pass a file elsewhere, such as ~/.cache/augstream/{root.name}.index."
            )

    def load(self) -> tuple[Names, NDArray[np.int32], list[str]] | None:
        """Names, labels and classes; None where there are none, or they are not those of the folder any more."""
        kept = recall(self.file, self.about)
        if kept is None or not self._unchanged(Names(kept["folders"].tobytes(), kept["folder_ends"]), kept["stamps"]):
            return None
        names = Names(kept["names"].tobytes(), kept["ends"])
        return names, kept["labels"], json.loads(str(kept["classes"]))

    def save(self, listing: Listing, names: Names, classes: list[str]) -> None:
        """Remembers a listing."""
        folders = listing.folders.done()
        arrays: dict[str, NDArray[Any]] = {
            "classes": np.array(json.dumps(classes)),
            "names": np.frombuffer(names.blob, np.uint8),
            "ends": names.ends,
            "labels": np.array(listing.labels, np.int32),
            "folders": np.frombuffer(folders.blob, np.uint8),
            "folder_ends": folders.ends,
            "stamps": np.array(listing.stamps, np.int64),
        }
        remember(self.file, self.about, arrays)

    def _unchanged(self, folders: Iterable[bytes], stamps: NDArray[np.int64]) -> bool:
        root = os.fsencode(self.root)
        for folder, stamp in zip(folders, stamps.tolist(), strict=True):
            try:
                changed = os.stat(os.path.join(root, folder)).st_mtime_ns  # noqa: PTH116, PTH118
            except OSError:
                return False
            if changed != stamp:
                return False
        return True


def _is_file(entry: os.DirEntry[bytes]) -> bool:
    # A link to nothing or a FIFO is listed, so that it is reported when it is read and not silently left out.
    try:
        return entry.is_file() or not entry.is_dir()
    except OSError:
        return True


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
