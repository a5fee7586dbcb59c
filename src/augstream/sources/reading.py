"""The one way in which files of this machine are read: regular files only, of a bounded size, once, into one buffer."""

import errno
import os
import stat
from io import BytesIO
from typing import TypeAlias

from augstream.concurrency import flight

PathLike: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_AT_ONCE = 1 << 30  # the system reads a little less than 2 GiB in one call
_CHUNK = 1 << 24
# Opening a FIFO would wait for a writer, and a terminal must not become ours.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class TooLargeError(OSError):
    """A file, or a part of one, is above the limit; nothing of it was read."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(errno.EFBIG, f"its {size:,} bytes are more than max_bytes = {limit:,}")
        self.size = size


def open_file(path: PathLike) -> tuple[int, int]:
    """A regular file, open for reading, and its size; an OSError for anything else, without waiting."""
    try:
        file = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise OSError(errno.EINVAL, "it is a socket or a device, not a regular file") from None
    status = os.fstat(file)
    if stat.S_ISREG(status.st_mode):
        return file, status.st_size
    os.close(file)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
    raise OSError(errno.EINVAL, f"it is {kind}, not a regular file")


def read_file(path: PathLike, first: int | None = None) -> bytes:
    """The whole of a file, or its first bytes."""
    file, size = open_file(path)
    try:
        return read_at(file, 0, size if first is None else min(size, first))
    finally:
        os.close(file)


def read_at(file: int, start: int, size: int) -> bytes:
    """Some bytes of an open file; fewer where it ends."""
    admit(size)
    if size <= _AT_ONCE:
        data = os.pread(file, size, start)
        if len(data) == size:
            return data
        del data
    # A network may give less at a time. A BytesIO hands its buffer over, where joining pieces would hold them twice.
    buffer = BytesIO()
    while (have := buffer.tell()) < size and (more := os.pread(file, min(size - have, _CHUNK), start + have)):
        buffer.write(more)
    return buffer.getvalue()


def admit(size: int, here: bool = False) -> None:
    """Refuses so many bytes where they are above the limit, and takes room for them. here: they are in memory."""
    limit = flight.max_bytes()
    if size > limit:
        raise TooLargeError(size, limit)
    flight.take(size, here)
