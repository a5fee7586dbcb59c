"""A split as a file: which sample, by name, is on which side, whatever is added to the data later."""

import json
import warnings
from pathlib import Path

import numpy as np

from augstream.errors import ArgumentError, SourceError
from augstream.printable import printable
from augstream.sources.files import Where
from augstream.sources.reading import read_file
from augstream.sources.source import Source, Subset


def write_split(file: Where, **parts: Source) -> None:
    """Names of the samples of each part, given as `train=..., validation=...`, go into a JSON file.

    Parts that share a sample are refused, as are samples that share a name.
    """
    if not parts:
        raise ArgumentError("write_split needs at least one part: write_split(file, train=..., validation=...).")
    names = {}
    side: dict[str, str] = {}
    for part, source in parts.items():
        if not isinstance(source, Source):
            raise ArgumentError(f"write_split.{part} must be a source; got {type(source).__name__}.")
        names[part] = [source.name(index) for index in range(len(source))]
        for name in names[part]:
            if name in side:
                raise ArgumentError(f"write_split: {name!r} is in {side[name]} and in {part}, or twice in one of them.")
            side[name] = part
    path = Path(file).expanduser()
    try:
        path.write_text(json.dumps({"augstream": "split", "parts": names}, indent=0) + "\n", encoding="utf-8")
    except OSError as error:
        raise SourceError(f"write_split: cannot write {path}: {error.strerror or error}.") from error


def read_split(file: Where, source: Source) -> dict[str, Subset]:
    """The parts of a source as `write_split` wrote them, by name.

    A sample that is written but not in the source is an error; samples of the source that were not written are in no
    part, with a warning that counts them.
    """
    path = Path(file).expanduser()
    try:
        written = json.loads(read_file(path))["parts"]
        parts = {str(part): [str(name) for name in names] for part, names in written.items()}
    except OSError as error:
        raise SourceError(f"read_split: cannot read {path}: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SourceError(f"read_split: {path} is no split. Write one with write_split.") from None
    place: dict[str, int] = {}
    for index in range(len(source)):
        name = source.name(index)
        if name in place:
            raise SourceError(f"read_split: two samples of the source are called {name!r}.")
        place[name] = index
    missing = [name for names in parts.values() for name in names if name not in place]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise SourceError(f"read_split: the source has no sample {missing[0]!r}{more}, which {path} names.")
    new = len(source) - sum(len(names) for names in parts.values())
    if new:
        warnings.warn(printable(f"{new} samples of the source are not in {path}, and so in no part."), stacklevel=2)
    return {part: source.subset(np.array([place[name] for name in names], np.int64)) for part, names in parts.items()}
