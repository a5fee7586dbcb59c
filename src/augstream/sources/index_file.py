"""Arrays remembered in a file, with what they are about, so that they are forgotten when that has changed."""

import os
import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from augstream.errors import SourceError


def recall(file: Path, about: str) -> dict[str, NDArray[Any]] | None:
    """The arrays; None where the file is not there, not whole, or about something else."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            return dict(kept) if str(kept["about"]) == about else None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error):
        return None


def remember(file: Path, about: str, arrays: dict[str, NDArray[Any]]) -> None:
    """Writes the file, whole or not at all."""
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            np.savez(stream, about=np.array(about), **arrays)  # type: ignore[arg-type]
        partial.replace(file)
    except OSError as error:
        if file.parent.is_dir():
            partial.unlink(missing_ok=True)
        raise SourceError(f"cache_index: cannot write {file}: {error.strerror or error}.") from error
