"""A cache in a folder: blocks one behind the other in a file, and the places of the whole ones in another.

Each process writes files of its own, so that ranks and a process that was killed never disturb each other. A block
counts once its place is written, which happens after its bytes have reached the disk.
"""

import contextlib
import errno
import json
import os
import struct
import time
import warnings
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import augstream._core as _core
from augstream.batch.byte_size import in_bytes
from augstream.batch.cache import Block, Cache, MemoryCache, Stamp, stamp_of
from augstream.batch.prepare import Prepare
from augstream.batch.state import source_fingerprint
from augstream.errors import ArgumentError
from augstream.printable import printable
from augstream.sources.reading import open_file, read_file
from augstream.sources.source import Joined, Source, Subset

# index, scale, offset, length, size and time of the file it was made of, checksum; then the checksum of all these.
_PLACE = struct.Struct("<qqqqqqQ")
_RECORD = _PLACE.size + 4
_UNFLUSHED = 64_000_000
_STEP, _KEPT = 1 << 16, 128
_ABANDONED = 86_400
_MOST_PLACES = 1 << 28  # bytes of places in one file: millions of blocks
_NO_FILE = errno.ENOENT, errno.EINVAL, errno.EISDIR  # it is gone, or no regular file
VERSION = 2


class Place(NamedTuple):
    """Where a block is: in which file, from which byte on; and what its bytes add up to."""

    file: int
    offset: int
    length: int
    stamp: Stamp
    checksum: int


class FolderCache(Cache):
    """Blocks in `folder`, at most `limit` bytes of them (None: as the disk has room), for this and later runs.

    about: what the blocks depend on besides the files; those of anything else are deleted. A block whose file has
    another size or time of change is not used. A full disk ends the taking in, with a warning.
    """

    def __init__(self, folder: Path, limit: int | None, source: Source, about: dict[str, Any]) -> None:
        super().__init__(limit)
        self.folder, self.source, self.about = folder, source, about
        self._open()

    def _open(self) -> None:
        # Recycled, as fresh pages would cost as much as reading into them; a few sizes only, so that they fit.
        self._memory = _core.Slots(_KEPT)
        self._places: dict[int, dict[int, Place]] = {}
        self._files: list[int] = []
        self._read: dict[Path, tuple[int, int]] = {}  # files of places: the number of their blocks, and how far
        self._pending: list[bytes] = []
        self._unflushed = 0
        self._own: tuple[int, int, Path] | None = None  # process, number in _files, the file of places
        self._end = 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._check_manifest()
            self._remove_orphans()
            self._load_all()
        except OSError as error:
            raise ArgumentError(f"Loader.cache_dir: {self.folder}: {error.strerror or error}.") from error

    def _check_manifest(self) -> None:
        manifest = self.folder / "manifest.json"
        wanted = {"version": VERSION, **self.about}
        with contextlib.suppress(OSError, ValueError, RecursionError):
            if json.loads(read_file(manifest)) == wanted:
                return
        for path in (*self.folder.glob("*.places"), *self.folder.glob("*.blocks")):
            path.unlink(missing_ok=True)
        fresh = manifest.with_name(f"manifest.{os.getpid()}")
        fresh.write_text(json.dumps(wanted, indent=2))
        fresh.replace(manifest)

    def _remove_orphans(self) -> None:
        """Blocks whose places were never written, as their process was killed, and a day has passed since."""
        for path in self.folder.glob("*.blocks"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED and not path.with_suffix(".places").exists():
                    path.unlink()

    def _load_all(self) -> None:
        """Takes note of what has been written, by this process or another, since it was last asked."""
        for path in sorted(self.folder.glob("*.places"), key=lambda path: (len(path.name), path.name)):
            if self._own is None or path != self._own[2]:
                self._load(path)

    def _load(self, path: Path) -> None:
        try:
            places, written = open_file(path)
        except OSError as error:
            if error.errno in _NO_FILE:
                return
            raise
        with os.fdopen(places, "rb") as stream:
            if path not in self._read:
                try:
                    self._files.append(open_file(path.with_suffix(".blocks"))[0])
                except OSError as error:
                    if error.errno in _NO_FILE:
                        return
                    raise
                self._read[path] = len(self._files) - 1, 0
            number, done = self._read[path]
            size = os.fstat(self._files[number]).st_size
            stream.seek(done)
            data = stream.read(min(written - done, _MOST_PLACES))
        self._read[path] = number, done + len(data) // _RECORD * _RECORD
        for at in range(0, len(data) - _RECORD + 1, _RECORD):
            record = data[at : at + _PLACE.size]
            if zlib.crc32(record).to_bytes(4, "little") != data[at + _PLACE.size : at + _RECORD]:
                continue
            index, scale, offset, length, weight, changed, checksum = _PLACE.unpack(record)
            if offset >= 0 and 0 < length <= size - offset:
                self._remember(index, scale, Place(number, offset, length, (weight, changed), checksum))

    def _remember(self, index: int, scale: int, place: Place) -> None:
        held = self._places.setdefault(index, {})
        self.bytes += place.length
        held[scale] = place

    def stamp(self, index: int) -> Stamp:
        return stamp_of(self.source, index)

    def get(self, index: int, scale: int | None, stamp: Stamp) -> tuple[int, Block] | None:
        with self.lock:
            held = self._places.get(index, {})
            found = [(key, place) for key, place in held.items() if scale in (None, key) and place.stamp == stamp]
            if not found:
                return None
            key, place = found[0]
            file = self._files[place.file]
        block = self._memory.take(-(-place.length // _STEP) * _STEP)[: place.length]
        try:
            read = os.preadv(file, [block.data], place.offset)
        except OSError:
            read = 0
        if read != place.length or _core.checksum(block) != place.checksum or not _core.block_scale(block):
            # Damaged or cut off: decoded anew, and written anew.
            with self.lock:
                held.pop(key, None)
            return None
        return key, block

    def put(self, index: int, scale: int, stamp: Stamp, block: Block) -> None:
        with self.lock:
            held = self._places.get(index, {}).get(scale)
            if (held is not None and held.stamp == stamp) or stamp == (0, 0) or not self.admits(block.nbytes):
                return
            try:
                number = self._writer()
                written = 0
                while written < block.nbytes:
                    written += os.pwrite(self._files[number], block[written:].data, self._end + written)
            except OSError as error:
                # What was written of this block takes the room that the places of the others need.
                if self._own is not None:
                    with contextlib.suppress(OSError):
                        os.ftruncate(self._files[self._own[1]], self._end)
                self._give_up(error)
                self._flush()
                return
            place = Place(number, self._end, block.nbytes, stamp, _core.checksum(block))
            self._end += block.nbytes
            self._remember(index, scale, place)
            record = _PLACE.pack(index, scale, place.offset, place.length, *stamp, place.checksum)
            self._pending.append(record + zlib.crc32(record).to_bytes(4, "little"))
            self._unflushed += block.nbytes
            if self._unflushed >= _UNFLUSHED:
                self._flush()

    def flush(self) -> None:
        with self.lock:
            self._flush()
            with contextlib.suppress(OSError):
                self._load_all()

    def close(self) -> None:
        with self.lock:
            self._flush()
            if self._own is not None and self._own[0] == os.getpid() and not self._own[2].exists():
                self._own[2].with_suffix(".blocks").unlink(missing_ok=True)
            for file in self._files:
                with contextlib.suppress(OSError):
                    os.close(file)
            self._files, self._places, self._read, self._own = [], {}, {}, None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def _writer(self) -> int:
        """The number of this process's own file; a forked child begins one of its own."""
        if self._own is None or self._own[0] != os.getpid():
            places = self.folder / f"{time.time_ns()}-{os.getpid()}.places"
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._files.append(os.open(places.with_suffix(".blocks"), flags, 0o666))
            self._own = os.getpid(), len(self._files) - 1, places
            self._end, self._pending, self._unflushed = 0, [], 0
        return self._own[1]

    def _flush(self) -> None:
        if self._own is None or self._own[0] != os.getpid() or not self._pending:
            return
        try:
            os.fsync(self._files[self._own[1]])
            with self._own[2].open("ab") as places:
                places.write(b"".join(self._pending))
        except OSError as error:
            self._give_up(error)
        self._pending, self._unflushed = [], 0

    def _give_up(self, error: OSError) -> None:
        if not self.full:
            self.full = True
            warnings.warn(
                printable(
                    f"cache_dir {self.folder}: {error.strerror or error}; nothing more is cached, and all goes on."
                ),
                stacklevel=2,
            )

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("folder", "limit", "source", "about")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def cache_of(cache: int | str | None, cache_dir: str | os.PathLike[str] | None, prepare: Prepare) -> Cache | None:
    """The cache of a Loader's arguments."""
    limit = None if cache is None else in_bytes("cache", cache)
    if cache_dir is None:
        return None if limit is None else MemoryCache(limit)
    source = prepare.source
    about = {
        "source": source_fingerprint(source),
        "samples": len(source),
        "color": prepare.color,
        "fill": repr(prepare.pipeline.fill),
        "max_pixels": prepare.max_pixels,
    }
    folder = cache_folder(cache_dir, source, f"{about['source']}-{prepare.color}")
    return FolderCache(folder, limit, source, about)


def cache_folder(cache_dir: object, source: Source, key: str) -> Path:
    """The folder for one source in a cache_dir, which may serve several; never inside the data."""
    if not isinstance(cache_dir, str | os.PathLike) or not os.fspath(cache_dir):
        raise ArgumentError(f"Loader.cache_dir must be a path; got {cache_dir!r}.")
    folder = Path(os.fsdecode(cache_dir)).expanduser().absolute().resolve()
    for root in _roots(source):
        if folder.is_relative_to(root):
            raise ArgumentError(f"Loader.cache_dir {folder} is inside the data, {root}. Pass a folder elsewhere.")
    return folder / key


def _roots(source: Source) -> list[Path]:
    if isinstance(source, Subset):
        return _roots(source.source)
    if isinstance(source, Joined):
        return [root for one in source.sources for root in _roots(one)]
    root = getattr(source, "root", None)
    local = isinstance(root, str | os.PathLike) and os.fspath(root) and "://" not in os.fsdecode(root)
    return [Path(os.fsdecode(root)).resolve()] if local else []  # type: ignore[arg-type]
