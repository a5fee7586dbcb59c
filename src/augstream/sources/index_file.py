"""Arrays remembered in a file, with what they are about, so that they are forgotten when that has changed."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.errors import SourceError
from augstream.sources.reading import open_file


def recall(file: Path, about: str) -> dict[str, NDArray[Any]] | None:
    """The arrays; None where the file is not there, not what was written, or about something else."""
    try:
        descriptor, size = open_file(file)
        with os.fdopen(descriptor, "rb") as stream:
            with zipfile.ZipFile(stream) as archive:
                if sum(member.file_size for member in archive.infolist()) > size:
                    return None  # we compress nothing, and what is compressed may become any size
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as kept:
                arrays = dict(kept)
        known = str(arrays.pop("about")), str(arrays.pop("checksum"))
        return arrays if known == (about, _checksum(arrays)) else None
    except Exception:  # whatever a damaged file makes numpy, zipfile and zlib raise
        return None


def remember(file: Path, about: str, arrays: dict[str, NDArray[Any]]) -> None:
    """Writes the file, whole or not at all."""
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            np.savez(stream, about=np.array(about), checksum=np.array(_checksum(arrays)), **arrays)  # type: ignore[arg-type]
        partial.replace(file)
    except OSError as error:
        if file.parent.is_dir():
            partial.unlink(missing_ok=True)
        raise SourceError(f"cache_index: cannot write {file}: {error.strerror or error}.") from error


def _checksum(arrays: dict[str, NDArray[Any]]) -> str:
    """Of all there is to them: zipfile's own sums do not cover their headers, nor tell that one is missing."""
    return json.dumps(
        [
            (name, array.dtype.str, array.shape, _core.checksum(np.ascontiguousarray(array).reshape(-1).view(np.uint8)))
            for name, array in sorted(arrays.items())
        ]
    )
