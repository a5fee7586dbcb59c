"""The findings as values: what the text, the JSON file and the page are made of."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from augstream.check import formats
from augstream.check.findings import Entry, Section, class_counts, color_counts, findings
from augstream.check.scan import OTHER, PICTURE, Advance, Scan, scan
from augstream.decode.sample import MAX_PIXELS
from augstream.errors import ArgumentError
from augstream.printable import printable


@dataclass(frozen=True, eq=False)
class Report:
    """What was found in one folder, or in two that were compared."""

    scans: Sequence[Scan]
    sections: Sequence[Section]
    folders: Sequence[str]

    @property
    def problems(self) -> list[Section]:
        """Kinds of findings that must not be: unreadable files, and images in both folders."""
        return [section for section in self.sections if section.severity == "problem"]

    @property
    def clean(self) -> bool:
        """Whether there are no problems; notices may be there."""
        return not self.problems

    def name(self, entry: Entry) -> str:
        """The path of a file: below the folder, or with the folder in front where there are two."""
        name = self.scans[entry.side].listing.name(entry.row)
        return name if len(self.scans) == 1 else f"{self.folders[entry.side].rstrip('/')}/{name}"

    def details(self, entry: Entry) -> str:
        """Width, height and bytes of an image."""
        scan = self.scans[entry.side]
        height, width = scan.size[entry.row].tolist()
        return f"{width} x {height}, {in_bytes(int(scan.weight[entry.row]))}"

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON; files are named as `name` does."""
        return {
            "version": 1,
            "augstream": version("augstream"),
            "clean": self.clean,
            "folders": [_folder(scan, name) for scan, name in zip(self.scans, self.folders, strict=True)],
            "findings": [
                {
                    "kind": section.kind,
                    "severity": section.severity,
                    "meaning": section.meaning,
                    "groups": [
                        {"files": [self.name(entry) for entry in group.entries], "note": group.note}
                        for group in section.groups
                    ],
                }
                for section in self.sections
            ],
        }


def check(
    folder: str | Path,
    against: str | Path | None = None,
    *,
    threads: int | None = None,
    max_pixels: int = MAX_PIXELS,
    begin: Callable[[str, int], Advance] | None = None,
) -> Report:
    """Reads every image of a folder once, and of a second one that must not share any with it; changes nothing.

    threads: None is one per core. max_pixels: images that claim more are bombs. begin: told the name and the number
    of files of each folder, and gives a function that is told of each few files that are done, from whichever thread.
    """
    paths = [Path(folder)] if against is None else [Path(folder), Path(against)]
    if against is not None:
        one, two = (path.expanduser().resolve() for path in paths)
        if one == two or one in two.parents or two in one.parents:
            raise ArgumentError(
                f"{str(against)!r} and {str(folder)!r} lie one in the other; compare two folders apart."
            )
    names = [printable(str(path)) for path in paths]
    scans = [
        scan(path, threads=threads, max_pixels=max_pixels, begin=None if begin is None else _named(begin, name))
        for path, name in zip(paths, names, strict=True)
    ]
    return Report(scans, findings(scans), names)


def in_bytes(n: int) -> str:
    """A number of bytes as one says it: 44 KB, 1.2 GB."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if n >= size:
            return f"{n / size:.0f} {unit}" if n >= 10 * size else f"{n / size:.1f} {unit}"
    return f"{n} bytes"


def sizes(scan: Scan) -> list[tuple[str, tuple[int, int]]]:
    """(which, (width, height)) of the smallest, the middle and the largest image; none where there is none."""
    rows = scan.rows(PICTURE)
    if not len(rows):
        return []
    size = scan.size[rows].astype(np.int64)
    order = np.argsort(size.prod(axis=1), kind="stable")
    chosen = (("smallest", order[0]), ("median", order[len(order) // 2]), ("largest", order[-1]))
    return [(which, (int(size[at, 1]), int(size[at, 0]))) for which, at in chosen]


def format_counts(scan: Scan) -> dict[str, int]:
    """Images of each format, the most common first."""
    return dict(Counter(formats.FORMATS[number] for number in scan.format[scan.rows(PICTURE)]).most_common())


def _named(begin: Callable[[str, int], Advance], name: str) -> Callable[[int], Advance]:
    return lambda n: begin(name, n)


def _folder(scan: Scan, name: str) -> dict[str, Any]:
    color, gray = color_counts(scan)
    return {
        "folder": name,
        "images": int(scan.listing.wanted.sum()),
        "readable": len(scan.rows(PICTURE)),
        "other_files": len(scan.rows(OTHER)),
        "bytes": int(scan.weight.sum()),
        "seconds": round(scan.seconds, 3),
        "classes": dict(zip(scan.listing.classes or [], class_counts(scan), strict=True)),
        "formats": format_counts(scan),
        "sizes": {which: {"width": width, "height": height} for which, (width, height) in sizes(scan)},
        "color": color,
        "gray": gray,
    }
