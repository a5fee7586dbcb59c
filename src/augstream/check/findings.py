"""What is wrong or odd about one folder, or about two that must not share an image."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from augstream.check import formats, near_duplicates
from augstream.check.fingerprint import GRAY, Fingerprints
from augstream.check.scan import PASSED, PICTURE, Scan
from augstream.printable import printable

Severity = Literal["problem", "notice"]

_FLAT = 2  # levels between the places of an image in one flat color, which come from noise
DIFFER = "in different classes"
_RARE = 0.2
_MIN_FOR_STATISTICS = 8
_AREA_APART = 4.0  # log2: 16 times the pixels, 4 times the side
_SHAPE_APART = 1.3  # log2: where most are 4:3, 3.3:1
_IMBALANCE = 10
_SPLITS = frozenset(("train", "training", "val", "valid", "validation", "test", "testing", "eval"))

FAULTS = {
    "unreadable": ("Unreadable", "Files that could not be read at all."),
    "empty": ("Empty", "Files of 0 bytes: a copy or a download that did not happen."),
    "truncated": ("Truncated", "Their end is missing: a copy or a download that broke off."),
    "bomb": ("Bombs", "Files that claim more pixels than any photo has; decoding them could take all memory."),
    "broken": ("Broken", "Files that are no image, or no whole one, and cannot be decoded."),
}


@dataclass(frozen=True)
class Entry:
    """A file: number `row` of the scan `side`."""

    side: int
    row: int


@dataclass(frozen=True)
class Group:
    """Files that belong together, or one alone, and what is to be said of them; or, without files, just a fact."""

    entries: Sequence[Entry]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Findings of one kind. meaning: what they are, in a sentence or two, for somebody who sees the word first."""

    kind: str
    title: str
    severity: Severity
    meaning: str
    groups: Sequence[Group]

    @property
    def files(self) -> int:
        """How many files are named."""
        return sum(len(group.entries) for group in self.groups)


def findings(scans: Sequence[Scan]) -> list[Section]:
    """Of one or two folders: problems first; kinds of which there is nothing are left out."""
    sections = [
        *_faults(scans),
        *_same(scans),
        _misnamed(scans),
        _passed(scans),
        _odd(scans),
        *_colorless(scans),
        _blank(scans),
        _classes(scans),
    ]
    return [section for section in sections if section.groups]


def color_counts(scan: Scan) -> tuple[int, int]:
    """How many images are in color, and how many gray."""
    gray = int((scan.prints.tint[scan.rows(PICTURE)] <= GRAY).sum())
    return len(scan.rows(PICTURE)) - gray, gray


def class_counts(scan: Scan) -> list[int]:
    """Images in each class, broken ones among them; none where there are no classes."""
    labels = scan.listing.labels[scan.listing.wanted]
    return [] if scan.listing.classes is None else np.bincount(labels, minlength=len(scan.listing.classes)).tolist()


def _faults(scans: Sequence[Scan]) -> list[Section]:
    sections: list[Section] = []
    for kind, (title, meaning) in FAULTS.items():
        groups = [
            Group([Entry(side, row)], fault.reason)
            for side, scan in enumerate(scans)
            for row, fault in sorted(scan.faults.items())
            if fault.kind == kind
        ]
        if groups:
            # Said once is enough.
            effect = "" if sections else ' Training stops at such a file, or passes over it with on_error="skip".'
            sections.append(Section(kind, title, "problem", meaning + effect, groups))
    return sections


def _same(scans: Sequence[Scan]) -> list[Section]:
    """Copies within a folder, and leaks between two."""
    pictures = [scan.rows(PICTURE) for scan in scans]
    offsets = np.cumsum([0, *(len(scan.listing) for scan in scans)])
    # Rows of both folders' fingerprints, one behind the other: in rising order, so that they can be looked up.
    rows = np.concatenate([own + offset for own, offset in zip(pictures, offsets, strict=False)])
    digests = np.concatenate([scan.digest[own] for scan, own in zip(scans, pictures, strict=True)])
    copies = [rows[group] for group in near_duplicates.exact(digests)]
    first = {int(group[0]): group for group in copies}
    repeated = np.concatenate([np.empty(0, np.int64), *(group[1:] for group in copies)])
    prints = Fingerprints.joined([scan.prints for scan in scans])
    close, apart = near_duplicates.near(prints, np.setdiff1d(rows, repeated))

    def group(members: NDArray[np.int64], note: str = "") -> Group:
        sides = np.searchsorted(offsets, members, side="right") - 1
        own = members - offsets[sides]
        return _group(scans, [Entry(*pair) for pair in zip(sides.tolist(), own.tolist(), strict=True)], note)

    exact = [group(members) for members in copies]
    near = []
    for members in close:
        likeness = 1 - max(apart[row] for row in members.tolist())
        full = np.sort(np.concatenate([first.get(row, np.array([row])) for row in members.tolist()]))
        near.append(group(full, f"similarity {likeness:.0%}"))
    leak = [group for group in exact if _leaks(group)]
    near_leak = [group for group in near if _leaks(group)]
    again = "Saved again in another quality, size or format, or taken from the same spot a moment later."
    sections = [
        ("leak", "In both folders", "problem", "The same bytes: what is tested on these was learned by heart.", leak),
        ("near_leak", "Nearly the same in both folders", "problem", f"{again} Look at them: they may leak.", near_leak),
        (
            "duplicate",
            "Duplicates",
            "notice",
            "The same bytes under several names. A split may put them on both sides.",
            [group for group in exact if not _leaks(group)],
        ),
        ("near_duplicate", "Near duplicates", "notice", again, [group for group in near if not _leaks(group)]),
    ]
    # Contradicting labels are worse than waste.
    return [
        Section(kind, title, severity, meaning, sorted(groups, key=lambda group: not group.note.startswith(DIFFER)))  # type: ignore[arg-type]
        for kind, title, severity, meaning, groups in sections
    ]


def _group(scans: Sequence[Scan], entries: list[Entry], note: str = "") -> Group:
    names = {_class(scans[entry.side], entry.row) for entry in entries} - {None}
    differ = f"{DIFFER}: {', '.join(sorted(map(str, names)))}" if len(names) > 1 else ""
    return Group(entries, "; ".join(filter(None, (differ, note))))


def _class(scan: Scan, row: int) -> str | None:
    return None if scan.listing.classes is None else scan.listing.classes[scan.listing.labels[row]]


def _leaks(group: Group) -> bool:
    return len({entry.side for entry in group.entries}) > 1


def _misnamed(scans: Sequence[Scan]) -> Section:
    groups = []
    for side, scan in enumerate(scans):
        for row in scan.rows(PICTURE).tolist():
            name, suffix = formats.FORMATS[scan.format[row]], scan.listing.suffix(row)
            if not formats.fits(name, suffix):
                groups.append(Group([Entry(side, row)], f"{name} content, named .{suffix}"))
    meaning = (
        "The name says another format than the content. They are read all the same, but other programs may refuse."
    )
    return Section("misnamed", "Wrong extension", "notice", meaning, groups)


def _passed(scans: Sequence[Scan]) -> Section:
    groups = []
    for side, scan in enumerate(scans):
        for row in scan.rows(PASSED).tolist():
            name = formats.FORMATS[scan.format[row]]
            if name == "HEIC":
                why = "HEIC is not read; convert it to JPEG"
            elif scan.listing.named[row]:
                why = f"{name}, but in no class folder"
            else:
                suffix = scan.listing.suffix(row)
                why = f"{name} content, but " + (f"named .{suffix}" if suffix else "without an extension")
            groups.append(Group([Entry(side, row)], why))
    meaning = "Images that from_folder does not see, because of their name or place. They were not examined further."
    return Section("passed_over", "Passed over", "notice", meaning, groups)


def _odd(scans: Sequence[Scan]) -> Section:
    groups = []
    for side, scan in enumerate(scans):
        rows = scan.rows(PICTURE)
        if len(rows) < _MIN_FOR_STATISTICS:
            continue
        height, width = np.log2(scan.size[rows].astype(np.float64)).T
        area, shape = height + width, np.abs(width - height)
        low, high = _fences(area, _AREA_APART)
        _, long = _fences(shape, _SHAPE_APART)
        usual = 2 ** (np.median(area) / 2)
        for at in np.flatnonzero((area < low) | (area > high) | (shape > long)).tolist():
            times = 2 ** (area[at] / 2) / usual
            words = []
            if area[at] < low:
                words.append(f"side 1/{1 / times:.0f} of the usual")
            if area[at] > high:
                words.append(f"side {times:.0f} times the usual")
            if shape[at] > long:
                words.append(f"{2 ** shape[at]:.1f} : 1")
            pixels = f"{scan.size[rows[at], 1]} x {scan.size[rows[at], 0]}"
            groups.append(Group([Entry(side, int(rows[at]))], f"{pixels}, {', '.join(words)}"))
    meaning = "Far from the usual size or shape of the folder (width x height): icons, banners, scans?"
    return Section("odd_size", "Odd sizes", "notice", meaning, groups)


def _fences(values: NDArray[np.float64], apart: float) -> tuple[float, float]:
    """Beyond these a value is an outlier.

    They are at least `apart` from the median, and three times as far out as the middle half is wide.
    """
    first, middle, third = np.quantile(values, [0.25, 0.5, 0.75])
    reach = 3 * (third - first)
    return float(min(middle - apart, first - reach)), float(max(middle + apart, third + reach))


def _colorless(scans: Sequence[Scan]) -> Iterable[Section]:
    gray_ones, colorful = [], []
    for side, scan in enumerate(scans):
        color, gray = color_counts(scan)
        rows = scan.rows(PICTURE)
        is_gray = scan.prints.tint[rows] <= GRAY
        if gray <= _RARE * (color + gray):
            gray_ones += [Group([Entry(side, row)]) for row in rows[is_gray].tolist()]
        elif color <= _RARE * (color + gray):
            colorful += [Group([Entry(side, row)]) for row in rows[~is_gray].tolist()]
    lesson = "If they are not spread evenly over the classes, a network learns that instead."
    yield Section("gray", "Gray among color", "notice", f"The other images have color. {lesson}", gray_ones)
    yield Section("color", "Color among gray", "notice", f"The other images are gray. {lesson}", colorful)


def _blank(scans: Sequence[Scan]) -> Section:
    groups = [
        Group([Entry(side, row)])
        for side, scan in enumerate(scans)
        for row in np.flatnonzero((scan.state == PICTURE) & (scan.prints.spread <= _FLAT)).tolist()
    ]
    meaning = "One flat color, as far as a small thumbnail shows. Is there anything to learn from?"
    return Section("blank", "Blank", "notice", meaning, groups)


def _classes(scans: Sequence[Scan]) -> Section:
    facts = []
    for scan in scans:
        root = scan.listing.root
        where = f" in {root.name}" if len(scans) > 1 else ""
        names, counts = scan.listing.classes or [], class_counts(scan)
        if names and {name.lower() for name in names} <= _SPLITS:
            facts.append(
                f"The sub-folders{where} are {', '.join(names)}: these look like parts of a split, not like classes. "
                f"Check one against the other: augstream check {root / names[0]} --against {root / names[-1]}"
            )
        facts += [f"{name}{where} holds no images" for name, n in zip(names, counts, strict=True) if not n]
        full = [(n, name) for name, n in zip(names, counts, strict=True) if n]
        if full and max(full)[0] >= _IMBALANCE * min(full)[0]:
            (most, large), (least, small) = max(full), min(full)
            facts.append(
                f"{large}{where} has {most:,} images, {small} {least:,}: {most / least:.0f} times as many. "
                "source.balance() evens that out"
            )
    if len(scans) > 1 and all(scan.listing.classes is not None for scan in scans):
        one, two = (scan.listing.classes or [] for scan in scans)
        if one != two:
            only = [f"{name} is only in {scans[0].listing.root.name}" for name in one if name not in two]
            only += [f"{name} is only in {scans[1].listing.root.name}" for name in two if name not in one]
            facts.append(
                f"The folders do not have the same classes, so labels would not agree: {'; '.join(only)}. "
                "Pass the same classes= to both"
            )
    meaning = "What a network learns of a class depends on how many images it has."
    return Section("classes", "Classes", "notice", meaning, [Group([], printable(fact)) for fact in facts])
