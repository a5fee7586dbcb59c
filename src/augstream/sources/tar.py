"""Shards: tar files in which the files of one base name are one sample (the layout of WebDataset)."""

import json
import os
import re
import tarfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.decode.sample import Sample
from augstream.errors import ArgumentError, SourceError
from augstream.printable import printable
from augstream.sources.annotate import look, rules
from augstream.sources.files import Where, in_waves
from augstream.sources.folder import EXTENSIONS
from augstream.sources.index_file import recall, remember
from augstream.sources.labels import labels_of
from augstream.sources.packed_names import Growing, Names
from augstream.sources.shards import SPARSE, Shards, found
from augstream.sources.source import Source
from augstream.sources.targets import Targets

_MOST = 1 << 60  # bytes of a member: far more than any disk has, and still a number that NumPy takes


def from_tar(
    shards: Where | Sequence[Where],
    *,
    image: str | Sequence[str] = EXTENSIONS,
    label: str | None = "cls",
    classes: Sequence[str] | None = None,
    mask: str | None = None,
    cache_index: Where | None = None,
    mask_fill: int = 0,
    values: Mapping[int, int] | None = None,
    remote: dict[str, Any] | None = None,
) -> "Tar":
    """The samples of tar files, uncompressed, in any order: each shard is looked through once, and then read anywhere.

    shards: files, or patterns such as "train-{000..099}.tar" and "train-*.tar". A sample is what has one name up to the
    first dot: 0001.jpg, 0001.cls, 0001.seg.png. image, label, mask: the rest of the name. A label is a number or a name
    in a file of its own; "json:field" is a field of a JSON file; where no sample has one there are no labels.
    values: {number as stored: class id} for masks; other numbers stay.
    cache_index: a file that remembers where everything is until a shard changes. remote: what `Remote` takes, where the
    shards are addresses such as "s3://bucket/train-{000..099}.tar"; each is read through once, and then in parts.
    """
    given = [shards] if isinstance(shards, str | os.PathLike) else list(shards)
    paths = [path for one in given for path in found(os.fspath(one))]
    if not paths:
        raise ArgumentError("from_tar.shards must name at least one tar file; got none.")
    files = Shards(paths, remote)
    wanted = frozenset([image] if isinstance(image, str) else image)
    try:
        about = json.dumps([files.stamps() if cache_index is not None else [], sorted(wanted), label, mask])
    except OSError as error:
        raise SourceError(f"from_tar: cannot read the shards: {error}.") from error
    index = None if cache_index is None else Path(cache_index).expanduser().absolute()
    parts = None if index is None else recall(index, about)
    if parts is None:
        parts = _scan(files, wanted, label, mask)
        if index is not None:
            remember(index, about, parts)
    source = Tar(files, parts)
    source.rules = rules(mask_fill, 0.1, "from_tar", values)
    if source.targeted:
        look(source, "from_tar", values)
    if label is not None:
        source.take_labels(label, classes)
    return source


class Tar(Source):
    """Samples inside of tar files; about 60 bytes of memory each. Made by `from_tar`."""

    def __init__(self, files: Shards, parts: dict[str, NDArray[Any]]) -> None:
        self.files = files
        self.keys = Names(parts["keys"].tobytes(), parts["ends"])
        self.shard: NDArray[np.int32] = parts["shard"]
        self.places = {name: parts[name] for name in ("image", "label", "mask")}

    def __len__(self) -> int:
        return len(self.keys)

    def read(self, index: int) -> Sample:
        return self.files.read(*self._part(index, "image"))

    def read_many(self, indices: Sequence[int]) -> list[Sample | Exception]:
        return list(self.files.read_many([self._part(index, "image") for index in indices]))

    def targets(self, index: int) -> Targets | None:
        return Targets(self.files.read(*self._part(index, "mask"))) if self.targeted else None

    @property
    def targeted(self) -> bool:
        return bool((self.places["mask"][:, 1] >= 0).any())

    def name(self, index: int) -> str:
        path = self.files.paths[self.shard[index]]
        return f"{path.rpartition('/')[2]}/{self.keys.text(index)}"

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
        parts = [self._part(row, "label") for row in range(len(self))]
        for row, data in enumerate(in_waves(self.files.read_many, parts)):
            if isinstance(data, Exception):
                raise SourceError(f"from_tar: the label of sample {row} ({self.name(row)}) cannot be read: {data}.")
            values.append(self._label(row, data, field))
        if classes is None and all(isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value) for value in values):
            values = [int(value) for value in values]
        self.labels, self.classes = labels_of(values, classes, len(self), "from_tar.label")

    def _label(self, row: int, data: bytes, field: str) -> Any:
        try:
            value = json.loads(data)[field] if field else data.decode().strip()
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            why = f"it has no {field!r}" if isinstance(error, KeyError) else str(error)
            raise SourceError(
                f"from_tar: the label of sample {row} ({self.name(row)}) cannot be read: {why}."
            ) from None
        if value is None or value == "":
            raise SourceError(f"from_tar: the label of sample {row} ({self.name(row)}) is empty.")
        return value

    def _part(self, index: int, part: str) -> tuple[int, int, int]:
        start, size = self.places[part][index].tolist()
        return int(self.shard[index]), start, size


def _scan(files: Shards, image: frozenset[str], label: str | None, mask: str | None) -> dict[str, NDArray[Any]]:
    kinds = {**dict.fromkeys(image, 0)}
    if label is not None:
        kinds[label.partition(":")[0]] = 1
    if mask is not None:
        kinds[mask] = 2
    keys, shard, places, alone = Growing(), [], [], []
    for number, path in enumerate(files.paths):
        rows: dict[bytes, NDArray[np.int64]] = {}
        try:
            with files.open(path) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
                for member in archive:
                    archive.members = []  # type: ignore[attr-defined]  # tarfile remembers every member, which nobody asks for again
                    if not 0 <= member.size <= _MOST:
                        raise tarfile.ReadError(f"its member {member.name!r} claims {member.size:,} bytes")
                    folder, _, file = member.name.rpartition("/")
                    base, _, ending = file.partition(".")
                    kind = kinds.get(ending, kinds.get(ending.lower()))
                    if kind is None or not member.isreg() or not base:
                        continue
                    key = os.fsencode(f"{folder}/{base}" if folder else base)
                    row = rows.setdefault(key, np.full((3, 2), -1, np.int64))
                    row[kind] = SPARSE if member.issparse() else member.offset_data, member.size
                # tarfile takes whatever is no header for the end, and what was cut off would be missing in silence.
                stream.seek(archive.offset)
                if stream.read(512).strip(b"\0") or stream.tell() < archive.offset + 512:
                    raise tarfile.ReadError(f"it is damaged or cut off behind byte {archive.offset:,}")
        except Exception as error:  # whatever a hostile header makes tarfile raise
            packed = path.endswith((".gz", ".tgz", ".xz", ".bz2", ".zst"))
            # fsspec names the address only, and has the reason behind it.
            why = str(error.__cause__ or error)
            if packed:
                why = "a compressed file can't be read in any order. Unpack it to a plain .tar"
            raise SourceError(f"from_tar: cannot read {path}: {why}.") from error
        for key, row in rows.items():
            if row[0, 1] >= 0:
                keys.append(key)
                shard.append(number)
                places.append(row)
            else:
                alone.append(f"{path.rpartition('/')[2]}/{printable(key)}")
    if alone and places:
        more = f" and {len(alone) - 1} more" if len(alone) > 1 else ""
        warnings.warn(
            printable(f"from_tar: {alone[0]}{more} have a label or a mask, but no image, and are left out."),
            stacklevel=3,
        )
    if not places:
        raise SourceError(
            f"from_tar: {files.paths[0]} and {len(files.paths) - 1} more hold no files ending in {sorted(image)}."
        )
    names, together = keys.done(), np.stack(places)
    if mask is not None and (together[:, 2, 1] < 0).any():
        bad = int(np.flatnonzero(together[:, 2, 1] < 0)[0])
        raise SourceError(f"from_tar: sample {bad} ({printable(names[bad])}) has no .{mask} file.")
    return {
        "keys": np.frombuffer(names.blob, np.uint8),
        "ends": names.ends,
        "shard": np.array(shard, np.int32),
        "image": np.ascontiguousarray(together[:, 0]),
        "label": np.ascontiguousarray(together[:, 1]),
        "mask": np.ascontiguousarray(together[:, 2]),
    }
