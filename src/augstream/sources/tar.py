"""Shards: tar files in which the files of one base name are one sample (the layout of WebDataset)."""

import json
import os
import re
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import glob as _glob
from glob import has_magic
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError, SourceError
from augstream.sources.annotations import rules
from augstream.sources.files import Where
from augstream.sources.folder import EXTENSIONS
from augstream.sources.kept import recall, remember
from augstream.sources.labels import labels_of
from augstream.sources.names import Growing, Names, shown
from augstream.sources.source import Sample, Source
from augstream.targets import Targets

_KEPT_OPEN = 200


def from_tar(
    shards: Where | Sequence[Where],
    *,
    image: str | Sequence[str] = EXTENSIONS,
    label: str | None = "cls",
    classes: Sequence[str] | None = None,
    mask: str | None = None,
    cache_index: Where | None = None,
    mask_fill: int = 0,
) -> "Tar":
    """The samples of tar files, uncompressed, in any order: each shard is looked through once, and then read anywhere.

    shards: files, or patterns such as "train-{000..099}.tar" and "train-*.tar". A sample is what has one name up to the
    first dot: 0001.jpg, 0001.cls, 0001.seg.png. image, label, mask: the rest of the name. A label is a number or a name
    in a file of its own; "json:field" is a field of a JSON file; where no sample has one there are no labels.
    cache_index: a file that remembers where everything is until a shard changes.
    """
    paths = _paths(shards)
    wanted = frozenset([image] if isinstance(image, str) else image)
    about = json.dumps([[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in paths])
    about += json.dumps([sorted(wanted), label, mask])
    index = None if cache_index is None else Path(cache_index).expanduser().absolute()
    parts = None if index is None else recall(index, about)
    if parts is None:
        parts = _scan(paths, wanted, label, mask)
        if index is not None:
            remember(index, about, parts)
    source = Tar(paths, parts)
    source.rules = rules(mask_fill, 0.1, "from_tar")
    if label is not None:
        source.take_labels(label, classes)
    return source


class Tar(Source):
    """Samples inside of tar files; about 60 bytes of memory each. Made by `from_tar`."""

    def __init__(self, paths: list[Path], parts: dict[str, NDArray[Any]]) -> None:
        self.paths = paths
        self.keys = Names(parts["keys"].tobytes(), parts["ends"])
        self.shard: NDArray[np.int32] = parts["shard"]
        self.places = {name: parts[name] for name in ("image", "label", "mask")}
        self._open: dict[int, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.keys)

    def read(self, index: int) -> Sample:
        return self._read(index, "image")

    def targets(self, index: int) -> Targets | None:
        return Targets(self._read(index, "mask")) if self.targeted else None

    @property
    def targeted(self) -> bool:
        return bool((self.places["mask"][:, 1] >= 0).any())

    def name(self, index: int) -> str:
        return f"{self.paths[self.shard[index]].name}/{self.keys.text(index)}"

    def take_labels(self, label: str, classes: Sequence[str] | None) -> None:
        """Reads the labels of all samples."""
        have = self.places["label"][:, 1] >= 0
        if not have.any():
            return
        if not have.all():
            first = int(np.flatnonzero(~have)[0])
            raise SourceError(f"from_tar: sample {first} ({self.name(first)}) has no .{label.partition(':')[0]} file.")
        field = label.partition(":")[2]
        values: list[Any] = []
        for index in range(len(self)):
            text = self._read(index, "label").decode()
            values.append(json.loads(text)[field] if field else text.strip())
        if classes is None and all(isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value) for value in values):
            values = [int(value) for value in values]
        self.labels, self.classes = labels_of(values, classes, len(self), "from_tar.label")

    def _read(self, index: int, part: str) -> bytes:
        start, size = self.places[part][index].tolist()
        if size < 0:
            raise FileNotFoundError(f"no {part} in the shard")
        with self._file(int(self.shard[index])) as file:
            data = os.pread(file, size, start)
            while len(data) < size and (more := os.pread(file, size - len(data), start + len(data))):
                data += more
        if len(data) < size:
            raise EOFError("the shard ends in the middle of the sample")
        return data

    @contextmanager
    def _file(self, shard: int) -> Iterator[int]:
        """The first shards stay open; reading at a place needs no lock, and works behind a fork."""
        with self._lock:
            file = self._open.get(shard)
            kept = file is not None or len(self._open) < _KEPT_OPEN
            if file is None:
                file = os.open(self.paths[shard], os.O_RDONLY | os.O_CLOEXEC)
                if kept:
                    self._open[shard] = file
        try:
            yield file
        finally:
            if not kept:
                os.close(file)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_open", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _open={}, _lock=threading.Lock())

    def __del__(self) -> None:
        for file in getattr(self, "_open", {}).values():
            os.close(file)


def _paths(shards: Where | Sequence[Where]) -> list[Path]:
    given = [shards] if isinstance(shards, str | os.PathLike) else list(shards)
    found: list[Path] = []
    for one in given:
        text = str(Path(one).expanduser().absolute())
        for pattern in _braces(text):
            # The pattern may be of whole paths, and Path.glob takes relative ones only.
            some = [Path(name) for name in sorted(_glob(pattern))] if has_magic(pattern) else [Path(pattern)]  # noqa: PTH207
            missing = next((path for path in some if not path.is_file()), None)
            if missing is not None or not some:
                raise SourceError(f"from_tar: there is no file {missing or pattern}.")
            found += some
    if not found:
        raise ArgumentError("from_tar.shards must name at least one tar file; got none.")
    return found


def _braces(text: str) -> list[str]:
    """a{000..002}b -> a000b, a001b, a002b; a{x,y} -> ax, ay."""
    match = re.search(r"\{([^{}]*)\}", text)
    if match is None:
        return [text]
    span = re.fullmatch(r"(\d+)\.\.(\d+)", match[1])
    if span:
        choices = [str(number).zfill(len(span[1])) for number in range(int(span[1]), int(span[2]) + 1)]
    else:
        choices = match[1].split(",")
    return [done for one in choices for done in _braces(text[: match.start()] + one + text[match.end() :])]


def _scan(paths: list[Path], image: frozenset[str], label: str | None, mask: str | None) -> dict[str, NDArray[Any]]:
    kinds = {**dict.fromkeys(image, 0)}
    if label is not None:
        kinds[label.partition(":")[0]] = 1
    if mask is not None:
        kinds[mask] = 2
    keys, shard, places = Growing(), [], []
    for number, path in enumerate(paths):
        rows: dict[bytes, NDArray[np.int64]] = {}
        try:
            with tarfile.open(path, "r:") as archive:
                for member in archive:
                    archive.members = []  # type: ignore[attr-defined]  # tarfile remembers every member, which nobody asks for again
                    folder, _, file = member.name.rpartition("/")
                    base, _, ending = file.partition(".")
                    kind = kinds.get(ending, kinds.get(ending.lower()))
                    if kind is None or not member.isreg() or not base:
                        continue
                    key = os.fsencode(f"{folder}/{base}" if folder else base)
                    row = rows.setdefault(key, np.full((3, 2), -1, np.int64))
                    row[kind] = member.offset_data, member.size
        except (OSError, tarfile.TarError) as error:
            packed = path.suffix in (".gz", ".tgz", ".xz", ".bz2", ".zst")
            why = "a compressed file can't be read in any order. Unpack it to a plain .tar" if packed else str(error)
            raise SourceError(f"from_tar: cannot read {path}: {why}.") from error
        for key, row in rows.items():
            if row[0, 1] >= 0:
                keys.append(key)
                shard.append(number)
                places.append(row)
    if not places:
        raise SourceError(f"from_tar: {paths[0]} and {len(paths) - 1} more hold no files ending in {sorted(image)}.")
    names, together = keys.done(), np.stack(places)
    if mask is not None and (together[:, 2, 1] < 0).any():
        bad = int(np.flatnonzero(together[:, 2, 1] < 0)[0])
        raise SourceError(f"from_tar: sample {bad} ({shown(names[bad])}) has no .{mask} file.")
    return {
        "keys": np.frombuffer(names.blob, np.uint8),
        "ends": names.ends,
        "shard": np.array(shard, np.int32),
        "image": np.ascontiguousarray(together[:, 0]),
        "label": np.ascontiguousarray(together[:, 1]),
        "mask": np.ascontiguousarray(together[:, 2]),
    }
