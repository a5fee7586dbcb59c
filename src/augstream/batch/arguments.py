"""Checks of the Loader's arguments."""

import os
from collections.abc import Sequence
from typing import TypeGuard, TypeVar

import numpy as np

from augstream.batch.byte_size import in_bytes, spelled
from augstream.errors import ArgumentError
from augstream.sources.source import Source
from augstream.transforms.compose import Compose
from augstream.transforms.transform import Transform

S = TypeVar("S")
_PREFETCH = 2


def composed(pipeline: object, owner: str = "Loader") -> Compose:
    """The pipeline of a Compose, a list of transforms or a single one; or what to write instead."""
    if isinstance(pipeline, Compose):
        return pipeline
    if isinstance(pipeline, Transform):
        return Compose([pipeline])
    if isinstance(pipeline, list | tuple):
        return Compose(pipeline)
    got = f"{type(pipeline).__module__}.{type(pipeline).__qualname__}".removeprefix("builtins.")
    raise ArgumentError(
        f"{owner}.pipeline must be a Compose or a list of transforms; got {got}. Write aug.Compose([...])."
    )


def check_source(source: object) -> None:
    """A source, or what to write instead."""
    if not isinstance(source, Source):
        make = "from_arrays(x, y)"
        if isinstance(source, str | os.PathLike):
            make = f"from_folder({os.fspath(source)!r})"
        elif isinstance(source, Sequence) and len(source) and isinstance(source[0], str | os.PathLike):
            make = "from_sequence(paths, labels)"
        raise ArgumentError(f"Loader.source must be a source; got {type(source).__name__}. Write aug.{make}.")
    for name in ("labels", "sample_weight", "groups"):
        rows = getattr(source, name)
        if rows is not None and (not isinstance(rows, np.ndarray) or rows.shape[:1] != (len(source),)):
            got = f"shape {rows.shape}" if isinstance(rows, np.ndarray) else type(rows).__name__
            raise ArgumentError(f"Loader.source.{name} must be an array of {len(source)} rows, or None; got {got}.")
    weight = source.sample_weight
    if weight is not None and not (np.isfinite(weight) & (weight >= 0)).all():
        raise ArgumentError("Loader.source.sample_weight must be finite and 0 or more.")


def whole(name: str, value: object, low: int | None) -> int:
    """An integer of at least `low`."""
    if not is_whole(value) or (low is not None and value < low):
        what = "an integer" if low is None else f"an integer of at least {low}"
        raise ArgumentError(f"Loader.{name} must be {what}; got {value!r}.")
    return int(value)


def is_whole(value: object) -> TypeGuard[int]:
    """Whether this is an integer, NumPy's among them, and not True or False."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def flag(name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(f"Loader.{name} must be True or False; got {value!r}.")
    return bool(value)


def one_of(name: str, value: S, choices: tuple[S, ...]) -> S:
    """One of a few words."""
    if value not in choices:
        raise ArgumentError(f"Loader.{name} must be {' or '.join(map(repr, choices))}; got {value!r}.")
    return value


def prefetched(prefetch: object, memory: object, needed: int, most: int) -> int:
    """How many batches of `needed` bytes are prepared ahead, as said or as many as fit into `memory`."""
    if memory is None:
        return _PREFETCH if prefetch is None else whole("prefetch", prefetch, 0)
    if prefetch is not None:
        raise ArgumentError("Loader.memory and Loader.prefetch say the same thing. Pass one of them.")
    limit = in_bytes("memory", memory)
    if not needed:  # none of the samples looked at can be read, so nothing is known of their size
        return _PREFETCH
    if limit < 2 * needed:
        raise ArgumentError(
            f"Loader.memory is {spelled(limit)}, but a batch is {spelled(needed)}, and two must fit. Pass more, or "
            "a smaller batch_size."
        )
    return min(limit // needed - 2, most)
