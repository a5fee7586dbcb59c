"""Parts of large files, read in any order: on a disk, or anywhere that fsspec reaches."""

import errno
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import glob as _glob
from glob import has_magic
from pathlib import Path
from typing import Any, BinaryIO

from augstream.errors import ArgumentError, SourceError
from augstream.sources.files import is_remote, reader
from augstream.sources.reading import open_file, read_at

_KEPT_OPEN = 200
SPARSE = -2
"""Where a sparse member begins, which has no place of its own."""


class SparseError(OSError):
    """A member that is stored with holes: its bytes are not in the shard as they are in the file."""

    def __init__(self) -> None:
        super().__init__(
            errno.EINVAL, "it is a sparse member of its shard, which is not read. Pack it without --sparse"
        )


class Shards:
    """The files, and how to read them. Every path is an address, or none is."""

    def __init__(self, paths: Sequence[str], remote: dict[str, Any] | None) -> None:
        self.paths = list(paths)
        self.far = is_remote(self.paths[0])
        if any(is_remote(path) != self.far for path in self.paths):
            raise ArgumentError("The shards must be all on this machine or all elsewhere.")
        self.reader: Any = reader(self.paths[0], remote)
        self._open: dict[int, int] = {}
        self._lock = threading.Lock()

    def read(self, shard: int, start: int, size: int) -> bytes:
        """Some bytes of one shard."""
        (data,) = self.read_many([(shard, start, size)])
        if isinstance(data, Exception):
            raise data
        return data

    def read_many(self, parts: Sequence[tuple[int, int, int]]) -> list[bytes | Exception]:
        """Some bytes, given as (shard, start, size), or why there are none."""
        found: list[bytes | Exception] = [SparseError() for _ in parts]
        stored = [row for row, (_, start, _) in enumerate(parts) if start != SPARSE]
        if self.far:
            spans = [(self.paths[parts[row][0]], parts[row][1], sum(parts[row][1:])) for row in stored]
            for row, data in zip(stored, self.reader.spans(spans), strict=True):
                found[row] = data
        else:
            for row in stored:
                try:
                    found[row] = self._read(*parts[row])
                except Exception as error:
                    # Its frames would keep what was read for as long as nobody looks for cycles.
                    found[row] = error.with_traceback(None)
        for place, (data, (_, _, size)) in enumerate(zip(found, parts, strict=True)):
            if isinstance(data, bytes) and len(data) < size:
                found[place] = EOFError("the shard ends within the sample")
            elif isinstance(data, bytes) and len(data) > size:
                found[place] = OSError("the server knows no ranges: it sends more than was asked for")
        return found

    def stamps(self) -> list[list[str]]:
        """What changes when a shard does."""
        if not self.far:
            states = [Path(path).stat() for path in self.paths]
            return [[path, f"{s.st_size} {s.st_mtime_ns}"] for path, s in zip(self.paths, states, strict=True)]
        found = []
        for path in self.paths:
            facts = self._system().info(path)
            tags = [str(facts.get(name, "")) for name in ("size", "ETag", "etag", "LastModified", "mtime")]
            found.append([path, " ".join(tags)])
        return found

    def open(self, path: str) -> BinaryIO:
        """The whole of one shard, to be looked through once from its beginning to its end."""
        if not self.far:
            return os.fdopen(open_file(path)[0], "rb")
        stream: BinaryIO = self._system().open(path, "rb", block_size=2**22, cache_type="readahead")
        return stream

    def _system(self) -> Any:
        return self.reader.system(self.paths[0].partition("://")[0])

    def _read(self, shard: int, start: int, size: int) -> bytes:
        with self._file(shard) as file:
            return read_at(file, start, size)

    @contextmanager
    def _file(self, shard: int) -> Iterator[int]:
        """The first shards stay open; reading at a place needs no lock, and works behind a fork."""
        with self._lock:
            file = self._open.get(shard)
            kept = file is not None or len(self._open) < _KEPT_OPEN
            if file is None:
                file, _ = open_file(self.paths[shard])
                if kept:
                    self._open[shard] = file
        try:
            yield file
        finally:
            if not kept:
                os.close(file)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_open", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _open={}, _lock=threading.Lock())

    def __del__(self) -> None:
        for file in getattr(self, "_open", {}).values():
            os.close(file)


def found(given: str) -> list[str]:
    """The files that a pattern means: braces, and on this machine * and ? too."""
    if is_remote(given):
        return braces(given)
    files = []
    for pattern in braces(str(Path(given).expanduser().absolute())):
        # The pattern may be of whole paths, and Path.glob takes relative ones only.
        some = sorted(_glob(pattern)) if has_magic(pattern) else [pattern]  # noqa: PTH207
        missing = next((path for path in some if not Path(path).is_file()), None)
        if missing is not None or not some:
            raise SourceError(f"from_tar: there is no file {missing or pattern}.")
        files += some
    return files


def braces(text: str) -> list[str]:
    """The texts that one with braces means.

    >>> braces("a{08..10}.tar")
    ['a08.tar', 'a09.tar', 'a10.tar']
    >>> braces("{train,test}.tar")
    ['train.tar', 'test.tar']
    """
    before, opened, rest = text.partition("{")
    inside, closed, after = rest.partition("}")
    if not opened or not closed:
        return [text]
    first, dots, last = inside.partition("..")
    if dots and first.isdigit() and last.isdigit():
        choices = [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
    else:
        choices = inside.split(",")
    return [before + one + end for one in choices for end in braces(after)]
