"""Batches that hold too much at a time are made in parts; their samples are the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from augstream.concurrency.flight import Flight, Later
from augstream.engines.targets import TargetBatch
from augstream.errors import ragged
from augstream.sources.reading import TooLargeError

OR_ALONE = ", or pass batch_size=1"
LATER = "is made in the next part of its batch"
"""The reason of a sample for which there was no room; known by identity."""


class LostPartner(str):
    """The reason of a sample whose partner in a mix cannot be read, and which is made with another one."""

    __slots__ = ("partner", "why")

    def __new__(cls, partner: int, why: str) -> "LostPartner":
        made = super().__new__(cls, f"its partner, sample {partner}: {why}")
        made.partner, made.why = partner, why
        return made

    partner: int
    why: str


class Shares(NamedTuple):
    """Of which samples the labels are made: (n, r) of them, and the share (n, r) of each."""

    samples: NDArray[np.int64]
    share: NDArray[np.float64]

    def put(self, rows: Sequence[int], other: "Shares", n: int) -> "Shares":
        """The same with row i of another one as row rows[i] of n."""
        r = max(self.samples.shape[1], other.samples.shape[1])
        made = Shares(np.zeros((n, r), np.int64), np.zeros((n, r)))
        for column, mine, theirs in zip(made, self, other, strict=True):
            column[: len(mine), : mine.shape[1]] = mine
            column[list(rows)] = 0
            column[list(rows), : theirs.shape[1]] = theirs
        return made


@dataclass(eq=False)
class Part:
    """Rows of a batch. image: (n, h, w, c) or (n, c, h, w); empty where no sample could even be opened.

    reasons: row -> why it could not be made; such a row holds any values. shares: of the labels, where images are
    mixed. lost: partners that could not be read, and why.
    """

    image: NDArray[Any]
    reasons: dict[int, str]
    targets: TargetBatch = field(default_factory=TargetBatch)
    shares: Shares | None = None
    lost: dict[int, str] = field(default_factory=dict)

    def put(self, rows: Sequence[int], other: "Part", n: int) -> None:
        """Takes row i of another part as row rows[i] of n; rows that nobody puts are black."""
        if not len(other.image):
            return
        if not len(self.image):
            self.image = np.zeros((n, *other.image.shape[1:]), other.image.dtype)
        if self.image.shape[1:] != other.image.shape[1:]:
            raise ragged(str(self.image.shape[1:]), str(other.image.shape[1:]), OR_ALONE)
        self.image[list(rows)] = other.image
        self.targets.put(rows, other.targets, n)
        if other.shares is not None:
            mine = self.shares or Shares(np.zeros((n, 1), np.int64), np.zeros((n, 1)))
            self.shares = mine.put(rows, other.shares, n)
        self.lost |= other.lost


def in_parts(make: Callable[[NDArray[np.int64]], Part], index: NDArray[np.int64], flight: Flight) -> Part:
    """The samples `index` (n,), made at once, or what did not fit in further parts."""
    with flight.hold():
        part = make(index)
    rest = _late(part.reasons)
    stuck = len(rest) == len(index)
    while rest:
        rows = rest[:1] if stuck else rest
        with flight.hold(alone=stuck):
            more = make(index[rows])
        part.put(rows, more, len(index))
        late = _late(more.reasons)
        part.reasons |= {rows[row]: reason for row, reason in more.reasons.items()}
        stuck = len(late) == len(rows)
        rest = [rows[row] for row in late] + rest[len(rows) :]
    return part


def unread(error: Exception) -> str:
    """Why a sample cannot be read."""
    if isinstance(error, Later):
        return LATER
    if isinstance(error, TooLargeError):
        return f"{error.strerror}. If the file is to be trusted, pass a larger max_bytes to the Loader"
    if isinstance(error, FileNotFoundError):
        return "the file does not exist (any more)"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    if isinstance(error, MemoryError):
        return "cannot be read: not enough memory"
    return f"cannot be read: {' '.join(str(error).split())} ({type(error).__name__})"


def _late(reasons: dict[int, str]) -> list[int]:
    """The rows for which there was no room, taken out of the reasons."""
    late = sorted(row for row, reason in reasons.items() if reason is LATER)
    for row in late:
        del reasons[row]
    return late
