"""Batches that hold too much at a time are made in parts; their samples are the same."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.concurrency.flight import Flight, Later
from augstream.engines.targets import Moved
from augstream.errors import PipelineError
from augstream.sources.reading import TooLargeError

Part: TypeAlias = tuple[NDArray[Any], dict[int, str], Moved]
LATER = "is made in the next part of its batch"
"""The reason of a sample for which there was no room; known by identity."""
RAGGED = (
    "A batch needs pictures of one size, but these come out as (height, width): {}. "
    "Add a Resize(height, width) or a crop to the pipeline, or pass batch_size=1."
)


def in_parts(make: Callable[[NDArray[np.int64]], Part], index: NDArray[np.int64], flight: Flight) -> Part:
    """Pixels, reasons and targets of the samples `index` (m,): made at once, or what did not fit in further parts."""
    with flight.hold():
        pixels, reasons, moved = make(index)
    rest = _late(reasons)
    stuck = len(rest) == len(index)
    while rest:
        rows = rest[:1] if stuck else rest
        with flight.hold(alone=stuck):
            some, more, targets = make(index[rows])
        if len(some):
            pixels = pixels if len(pixels) else np.zeros((len(index), *some.shape[1:]), some.dtype)
            if some.shape[1:] != pixels.shape[1:]:
                raise PipelineError(RAGGED.format(f"{pixels.shape[1:]}, {some.shape[1:]}"))
            pixels[rows] = some
            moved.put(rows, targets, len(index))
        late = _late(more)
        reasons |= {rows[row]: reason for row, reason in more.items()}
        stuck = len(late) == len(rows)
        rest = [rows[row] for row in late] + rest[len(rows) :]
    return pixels, reasons, moved


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
