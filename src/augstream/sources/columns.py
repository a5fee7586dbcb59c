"""The columns of a table, whatever holds it: a data frame, a mapping, a CSV or a Parquet file."""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError, MissingPackageError, SourceError
from augstream.sources.reading import read_file


def columns(table: Any, names: Sequence[str]) -> dict[str, list[Any]]:
    """The columns of these names as lists; what is missing in them is None."""
    if isinstance(table, str | os.PathLike):
        found = _from_file(Path(table).expanduser(), names)
    elif isinstance(table, Mapping):
        _check(names, list(table))
        found = {name: list(table[name]) for name in names}
    elif hasattr(table, "columns") and hasattr(table, "__getitem__"):
        # pandas and polars name their columns as strings; pyarrow has names apart.
        known = getattr(table, "column_names", None) or list(table.columns)
        _check(names, known)
        found = {name: _as_list(table[name]) for name in names}
    else:
        raise ArgumentError(
            f"from_table.table must be a data frame, a mapping of columns, or a CSV or Parquet file; got "
            f"{type(table).__name__}."
        )
    lengths = {name: len(values) for name, values in found.items()}
    if len(set(lengths.values())) > 1:
        raise ArgumentError(f"from_table: the columns are not of one length: {lengths}.")
    return {name: [None if _missing(value) else value for value in values] for name, values in found.items()}


def numbers(values: Sequence[Any]) -> NDArray[Any] | None:
    """Integers (int64) or other numbers (float32) where all values are such, or are texts of such."""
    if not all(isinstance(value, str | int | float | np.number | np.bool_) for value in values):
        return None
    try:
        return np.array([int(value) if _whole(value) else _bad() for value in values], np.int64)
    except OverflowError:
        large = next(value for value in values if not -(2**63) <= int(value) < 2**63)
        raise ArgumentError(f"from_table: whole numbers must fit into 64 bits; got {large!s:.40}.") from None
    except ValueError:
        pass
    try:
        return np.array([float(value) for value in values], np.float32)
    except ValueError:
        return None


def _whole(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("+-").isdigit()
    return isinstance(value, int | np.integer | np.bool_)


def _bad() -> int:
    raise ValueError


def _from_file(path: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    try:
        parquet = read_file(path, 4) == b"PAR1"
    except OSError as error:
        raise SourceError(f"from_table: cannot read {path}: {error.strerror or error}.") from error
    if parquet:
        return _from_parquet(path, names)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline(65536)
            file.seek(0)
            rows = csv.DictReader(file, delimiter=max(",;\t", key=header.count))
            _check(names, list(rows.fieldnames or ()))
            found: dict[str, list[Any]] = {name: [] for name in names}
            for row in rows:
                for name in names:
                    found[name].append(row[name])
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"from_table: {path} is neither a CSV file in UTF-8 nor a Parquet file: {error}.") from error
    return found


def _from_parquet(path: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingPackageError("Reading Parquet files", "pyarrow", "table") from None
    try:
        _check(names, pyarrow.parquet.read_schema(path).names)
        table = pyarrow.parquet.read_table(path, columns=list(names))
    except pyarrow.ArrowException as error:
        raise SourceError(f"from_table: {path} cannot be read as Parquet: {error}.") from error
    return {name: table.column(name).to_pylist() for name in names}


def _as_list(column: Any) -> list[Any]:
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def _missing(value: Any) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    # NaN, and pandas' NaT and NA, which is neither equal nor unequal to itself.
    return not isinstance(value, str | bytes | list | dict | np.ndarray) and str(value) in ("nan", "NaT", "<NA>")


def _check(names: Sequence[str], known: Sequence[Any]) -> None:
    missing = [name for name in names if name not in known]
    if missing:
        there = ", ".join(map(str, known)) or "none"
        raise ArgumentError(f"from_table: there is no column {missing[0]!r}; there are {there}.")
    twice = [name for name in names if list(known).count(name) > 1]
    if twice:
        raise ArgumentError(f"from_table: there are several columns {twice[0]!r}. Rename all but one.")
