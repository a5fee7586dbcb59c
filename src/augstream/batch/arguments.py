"""Checks of the Loader's arguments."""

import os
from typing import TypeVar

import numpy as np

from augstream.errors import ArgumentError
from augstream.sources.source import Source
from augstream.transforms.compose import Compose

S = TypeVar("S")


def check_kinds(source: object, pipeline: object) -> None:
    """A source and a pipeline, or what to write instead."""
    if not isinstance(source, Source):
        make = f"from_folder({str(source)!r})" if isinstance(source, str | os.PathLike) else "from_arrays(x, y)"
        raise ArgumentError(f"Loader.source must be a source; got {type(source).__name__}. Write aug.{make}.")
    if not isinstance(pipeline, Compose):
        got = type(pipeline).__name__
        raise ArgumentError(f"Loader.pipeline must be a Compose; got {got}. Write aug.Compose([...]).")
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
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or (low is not None and value < low):
        what = "an integer" if low is None else f"an integer of at least {low}"
        raise ArgumentError(f"Loader.{name} must be {what}; got {value!r}.")
    return int(value)


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
