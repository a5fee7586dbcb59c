"""One pass over a folder: every file read once, in parallel, a bounded number of bytes at a time."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.check import formats
from augstream.check.fingerprint import SIDE, Fingerprints, fingerprints
from augstream.check.listing import FolderFiles, Unreadable
from augstream.check.thumbnails import thumbnails
from augstream.concurrency.pool import cores
from augstream.concurrency.prefetch import Stream, Threads
from augstream.decode.header import Headers
from augstream.decode.sample import MAX_PIXELS
from augstream.printable import printable

OTHER, PASSED, PICTURE, FAULTY = 0, 1, 2, 3
"""`Scan.state`: no image; an image that a source passes over; one that it reads; one that it fails to read."""

_CHUNK = 64
_FLIGHT = 16 << 20  # bytes of files in memory at a time, for each chunk in preparation
_AHEAD = 2
_TRUNCATED = re.compile(
    r"(?i)truncat|unexpected end|end of (file|stream|data)|premature|ran out|not enough (image )?data"
)
# What a whole file has at its end, whatever else is the matter with it.
_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}

Advance = Callable[[int], object]


@dataclass(frozen=True)
class Fault:
    """Why a file is no image. kind: "unreadable", "empty", "truncated", "bomb" or "broken"."""

    kind: str
    reason: str


@dataclass(frozen=True, eq=False)
class Scan:
    """What is known of the n files of a folder, about 450 bytes each.

    state: (n,) see above; other columns mean nothing for files of no matter. format: (n,) index into formats.FORMATS.
    size: (n, 2) (height, width) after EXIF orientation. weight: (n,) bytes. digest: (n, 2) of the bytes.
    faults: by row.
    """

    listing: FolderFiles
    state: NDArray[np.uint8]
    format: NDArray[np.uint8]
    size: NDArray[np.int32]
    weight: NDArray[np.int64]
    digest: NDArray[np.uint64]
    prints: Fingerprints
    faults: dict[int, Fault]
    seconds: float

    def rows(self, state: int) -> NDArray[np.int64]:
        """Numbers of the files in a state."""
        return np.flatnonzero(self.state == state)


@dataclass(frozen=True, eq=False)
class _Part:
    """Rows of a scan: everything that was found out about some of the files."""

    rows: NDArray[np.int64]
    weight: list[int]
    digest: bytes
    format: list[int]
    headers: Headers
    prints: Fingerprints
    faults: dict[int, Fault]


def scan(
    folder: Path,
    *,
    threads: int | None = None,
    max_pixels: int = MAX_PIXELS,
    begin: Callable[[int], Advance] | None = None,
) -> Scan:
    """Reads a folder.

    begin: told how many files there are, and gives what is told of each few that are done, from whichever thread.
    """
    listing = FolderFiles(folder)
    started = time.perf_counter()
    n = len(listing)
    advance = begin(n) if begin else None
    made = Scan(
        listing,
        np.zeros(n, np.uint8),
        np.zeros(n, np.uint8),
        np.zeros((n, 2), np.int32),
        np.zeros(n, np.int64),
        np.zeros((n, 2), np.uint64),
        Fingerprints.empty(n),
        {},
        0.0,
    )
    count = threads or cores()
    wanted = np.flatnonzero(listing.wanted)
    chunks = -(-len(wanted) // _CHUNK)
    make = partial(_chunk, listing, wanted, _core.Pool(count), max_pixels, advance)
    for parts in Stream(make, chunks, ahead=_AHEAD, threads=count):
        for part in parts:
            _store(made, part)
    for row in np.flatnonzero(~listing.wanted).tolist():
        if (name := _passed(listing, row)) is not None:
            made.state[row], made.format[row] = PASSED, formats.FORMATS.index(name)
        if advance:
            advance(1)
    object.__setattr__(made, "seconds", time.perf_counter() - started)
    return made


def _chunk(
    listing: FolderFiles,
    wanted: NDArray[np.int64],
    pool: _core.Pool,
    max_pixels: int,
    advance: Advance | None,
    position: int,
    threads: Threads,
) -> list[_Part]:
    rows = wanted[position * _CHUNK : (position + 1) * _CHUNK].tolist()
    parts, faults = [], {}
    flight: dict[int, bytes] = {}
    for row in rows:
        threads.check()
        try:
            flight[row] = listing.read(row)
        except Unreadable as error:
            flight[row] = b""
            faults[row] = Fault("unreadable", str(error))
        if row == rows[-1] or sum(map(len, flight.values())) > _FLIGHT:
            parts.append(_examine(flight, faults, pool, threads, max_pixels))
            if advance:
                advance(len(flight))
            flight, faults = {}, {}
    return parts


def _examine(
    flight: dict[int, bytes], faults: dict[int, Fault], pool: _core.Pool, threads: Threads, max_pixels: int
) -> _Part:
    rows, files = list(flight), list(flight.values())
    pixels, headers = thumbnails(files, (SIDE, SIDE), pool, threads, max_pixels)
    names = []
    for row, data, reason in zip(rows, files, headers.reasons, strict=True):
        name = formats.content(data[: formats.HEAD])
        if reason is not None and row not in faults:
            faults[row] = _fault(data, name, reason)
        names.append(formats.FORMATS.index(name or formats.decoded(data[: formats.HEAD])))
    digest = b"".join(blake2b(data, digest_size=16).digest() for data in files)
    weight = [len(data) for data in files]
    return _Part(np.array(rows), weight, digest, names, headers, fingerprints(pixels), faults)


def _fault(data: bytes, name: str | None, reason: str) -> Fault:
    if not data:
        return Fault("empty", "0 bytes")
    if "max_pixels" in reason or "decompression bomb" in reason:
        return Fault("bomb", reason.partition(" is above")[0])
    if name == "HEIC":
        return Fault("broken", "a HEIC image, which is not read; convert it to JPEG")
    end = _ENDS.get(name or "", b"")
    kind = "truncated" if _TRUNCATED.search(reason) or end not in data else "broken"
    # What is left of Pillow's words once it is clear that we speak of a file that cannot be decoded.
    return Fault(kind, printable(re.sub(r"^cannot be decoded \(\d+ bytes\): | \(\w+\)$", "", reason)))


def _store(made: Scan, part: _Part) -> None:
    rows = part.rows
    made.weight[rows] = part.weight
    made.digest[rows] = np.frombuffer(part.digest, np.uint64).reshape(-1, 2)
    made.format[rows] = part.format
    made.size[rows] = part.headers.size
    made.prints.put(rows, part.prints)
    made.state[rows] = PICTURE
    made.state[list(part.faults)] = FAULTY
    made.faults.update(part.faults)


def _passed(listing: FolderFiles, row: int) -> str | None:
    """The format of an image that a folder source does not look at; None if it is no image."""
    try:
        return formats.content(listing.read(row, formats.HEAD))
    except Unreadable:
        return None
