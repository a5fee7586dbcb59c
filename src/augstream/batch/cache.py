"""Decoded images that are kept, so that later epochs need not decode them again.

What is kept are blocks (see src/core/image/stored.h): running from one gives the very pixels that running from its file
gives, so that a cache changes no sample. A block holds one scale of the decoder; an image may be there at several.
"""

import os
from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.concurrency.lock import Lock
from augstream.sources.source import Source

Block: TypeAlias = NDArray[np.uint8]
Stamp: TypeAlias = tuple[int, int]
PIXELS = 0
"""The scale of a block that holds pixels: images that the core does not decode have no other."""
UNKNOWN: Stamp = (-1, -1)


class Cache(ABC):
    """Blocks by (index, scale), up to a limit; what is in stays, as every epoch asks for everything once.

    Any thread may use it. full: nothing more is taken in.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.bytes = 0
        self.full = False
        self.lock = Lock()

    def look(self, index: NDArray[np.int64]) -> "Lookup":
        """What is there of the samples of a batch, at any scale."""
        return Lookup(self, index)

    @abstractmethod
    def stamp(self, index: int) -> Stamp:
        """What tells whether a sample's file is still the one that was decoded."""

    @abstractmethod
    def get(self, index: int, scale: int | None, stamp: Stamp) -> tuple[int, Block] | None:
        """A block and its scale; `scale` None takes any."""

    @abstractmethod
    def put(self, index: int, scale: int, stamp: Stamp, block: Block) -> None:
        """Keeps a block if there is room."""

    def flush(self) -> None:  # noqa: B027 - memory has nothing to do
        """Makes what was put last until after a crash."""

    @abstractmethod
    def close(self) -> None:
        """Frees what is held."""

    def admits(self, size: int) -> bool:
        """Whether there is room; where there is not, the cache is full from now on. Needs the lock."""
        if self.limit is not None and self.bytes + size > self.limit:
            self.full = True
        return not self.full


class Lookup:
    """A batch's dealings with a cache. blocks: row -> what was there when it began, at any scale."""

    def __init__(self, cache: Cache, index: NDArray[np.int64]) -> None:
        self.cache = cache
        self.index: list[int] = index.tolist()
        # Before anything is read: a file that is replaced meanwhile then has another stamp than its block.
        self.stamps = [cache.stamp(number) for number in self.index]
        found = (cache.get(number, None, stamp) for number, stamp in zip(self.index, self.stamps, strict=True))
        held = {row: pair for row, pair in enumerate(found) if pair is not None}
        self.blocks = {row: block for row, (_, block) in held.items()}
        self.scales = {row: scale for row, (scale, _) in held.items()}

    def at(self, row: int, scale: int) -> Block | None:
        """The block of a row at one scale."""
        pair = self.cache.get(self.index[row], scale, self.stamps[row])
        return None if pair is None else pair[1]

    def put(self, row: int, scale: int, block: Block) -> None:
        """Keeps a row's block."""
        self.cache.put(self.index[row], scale, self.stamps[row], block)


class MemoryCache(Cache):
    """Blocks in memory, at most `limit` bytes of them. They outlive their files, but not the loader."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._blocks: dict[int, dict[int, Block]] = {}

    def stamp(self, index: int) -> Stamp:
        return UNKNOWN

    def get(self, index: int, scale: int | None, stamp: Stamp) -> tuple[int, Block] | None:
        with self.lock:
            held = self._blocks.get(index)
            if not held:
                return None
            if scale is None:
                return next(iter(held.items()))
            block = held.get(scale)
            return None if block is None else (scale, block)

    def put(self, index: int, scale: int, stamp: Stamp, block: Block) -> None:
        with self.lock:
            held = self._blocks.setdefault(index, {})
            if scale not in held and self.admits(block.nbytes):
                held[scale] = block
                self.bytes += block.nbytes

    def close(self) -> None:
        with self.lock:
            self._blocks.clear()
            self.bytes = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"limit": self.limit}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["limit"])  # type: ignore[misc]


def file_of(source: Source, index: int) -> str | None:
    """The file that a sample is on this machine, None where it is none."""
    source, index = source.leaf(index)
    where = getattr(source, "where", None)
    path = where(index) if callable(where) else None
    return path if isinstance(path, str) and "://" not in path else None


def stamp_of(source: Source, index: int) -> Stamp:
    """(size, time of the last change in ns) of a sample's file."""
    path = file_of(source, index)
    if path is None:
        return UNKNOWN
    try:
        status = os.stat(path)  # noqa: PTH116 - once for each sample
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns
