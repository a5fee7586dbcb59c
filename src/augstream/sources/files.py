"""Samples that are files: on a disk, or anywhere that fsspec reaches."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from augstream.concurrency.flight import Flight
from augstream.decode.sample import Sample
from augstream.errors import ArgumentError
from augstream.sources.packed_names import Names
from augstream.sources.reading import read_file
from augstream.sources.source import Source

Where: TypeAlias = str | os.PathLike[str]
P = TypeVar("P")
TEXT_BYTES = 1 << 24
"""A label, or the annotations of one image, are never larger."""
_WAVE = 128
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Reader(Protocol):
    """Turns paths or addresses into bytes."""

    def one(self, path: str) -> bytes:
        """The bytes of one file."""

    def many(self, paths: Sequence[str]) -> list[bytes | Exception]:
        """The bytes of each file, or why there are none."""


class Disk:
    """Files of this machine."""

    def one(self, path: str) -> bytes:
        """The bytes of one file."""
        return read_file(path)

    def many(self, paths: Sequence[str]) -> list[bytes | Exception]:
        """One after the other: a disk gains little from more, and batches are read in several threads anyway."""
        found: list[bytes | Exception] = []
        for path in paths:
            try:
                found.append(self.one(path))
            except Exception as error:
                # Its frames would keep what was read for as long as nobody looks for cycles.
                found.append(error.with_traceback(None))
        return found


class Files(Source):
    """Files below a root, by name; about 8 bytes of memory each besides the names.

    root: a folder, an address such as s3://bucket/train, or "" where the names are whole paths.
    remote: what to do about files that are elsewhere, as `augstream.Remote` takes it.
    """

    def __init__(self, root: Where, names: Names, remote: "dict[str, Any] | Reader | None" = None) -> None:
        self.root = absolute(root)
        self.names = names
        self.reader = reader(self.root, remote) if self.root or not len(names) else reader(names.text(0), remote)
        self._prefix = f"{self.root.rstrip('/')}/" if self.root else ""

    def __len__(self) -> int:
        return len(self.names)

    def where(self, index: int) -> str:
        """The whole path or address of a sample."""
        return self._prefix + os.fsdecode(self.names[index])

    def path(self, index: int) -> Path:
        """The file of a sample on this machine."""
        return Path(self.where(index))

    def read(self, index: int) -> Sample:
        return self.reader.one(self.where(index))

    def read_many(self, indices: Sequence[int]) -> list[Sample | Exception]:
        return list(self.reader.many([self.where(index) for index in indices]))

    def name(self, index: int) -> str:
        return self.names.text(index)


def in_waves(
    many: "Callable[[list[P]], Iterable[bytes | Exception]]", parts: Sequence[P]
) -> Iterator[bytes | Exception]:
    """What `many` reads of each part, for files of text: a few at a time, and none above TEXT_BYTES."""
    for start in range(0, len(parts), _WAVE):
        with Flight(_WAVE * TEXT_BYTES, TEXT_BYTES).hold():
            found = list(many(list(parts[start : start + _WAVE])))
        yield from found


def unlimited(read: Reader, path: str) -> bytes:
    """A file that was asked for by its own name, of any size."""
    with Flight(sys.maxsize, sys.maxsize).hold():
        return read.one(path)


def is_remote(where: Where) -> bool:
    """Whether this is an address and not a path."""
    return isinstance(where, str) and bool(_URL.match(where)) and not where.startswith("file://")


def absolute(where: Where) -> str:
    """The address as it is, a path as an absolute one, so that it survives a change of directory; "" stays ""."""
    if not isinstance(where, str | os.PathLike):
        raise ArgumentError(f"A place must be a path or an address such as s3://bucket/train; got {where!r:.80}.")
    text = os.fspath(where)
    if not text or is_remote(text):
        return text
    return str(Path(text.removeprefix("file://")).expanduser().absolute())


def reader(where: Where, remote: "dict[str, Any] | Reader | None") -> Reader:
    """What reads files there."""
    if remote is not None and not isinstance(remote, dict):
        return remote
    if not is_remote(where):
        if remote:
            raise ArgumentError(f"remote= is for files that are elsewhere; {os.fspath(where)!r} is on this machine.")
        return Disk()
    from augstream.sources.remote import Remote

    return Remote(**(remote or {}))
