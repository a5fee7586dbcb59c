"""The report on a terminal."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from augstream.check import findings
from augstream.check.report import Report, format_counts, in_bytes, sizes
from augstream.check.scan import OTHER, PICTURE, Scan

_SHOWN = 8
_SHOWN_FILES = 6
_SHOWN_CLASSES = 12


class Summary:
    """Prints a report with rich. everything: all files instead of the first few of each kind."""

    def __init__(self, report: Report, everything: bool = False) -> None:
        self.report = report
        self.most = None if everything else _SHOWN

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for number, (scan, name) in enumerate(zip(self.report.scans, self.report.folders, strict=True)):
            if number:
                yield Text("")
            yield from _folder(scan, name)
        for section in self.report.sections:
            yield Text("")
            yield from self._section(section, options.max_width - 2)
        yield Text("")
        yield verdict(self.report)

    def _section(self, section: findings.Section, width: int) -> Iterator[RenderableType]:
        style = "bold red" if section.severity == "problem" else "bold yellow"
        yield Text.assemble((section.title, style), f"  {count(section)}")
        yield Padding(Text(section.meaning, "dim"), (0, 0, 0, 2))
        for group in section.groups[: self.most]:
            yield Padding(self._group(group, width), (0, 0, 0, 2))
        if self.most and (more := len(section.groups) - self.most) > 0:
            yield Padding(Text(f"... and {more:,} more", "dim"), (0, 0, 0, 2))

    def _group(self, group: findings.Group, width: int) -> RenderableType:
        entries = group.entries
        shown = entries[: _SHOWN_FILES if self.most else None]
        if len(entries) <= 1:
            if not entries:
                return Text(group.note)
            name, note = Text(self.report.name(entries[0]), overflow="fold"), Text(group.note, "dim")
            if not group.note:
                return name
            if name.cell_len + note.cell_len + 2 <= width:
                return Text.assemble(name, "  ", note)
            return Group(name, Padding(note, (0, 0, 0, 4)))
        lines = []
        for number, entry in enumerate(shown):
            said = [self.report.details(entry)] if number else filter(None, [self.report.details(entry), group.note])
            line = Text.assemble("  = " if number else "", self.report.name(entry), (f"  {'; '.join(said)}", "dim"))
            line.overflow = "fold"
            lines.append(line)
        if len(entries) > len(shown):
            lines.append(Text(f"    ... and {len(entries) - len(shown):,} more", "dim"))
        return Group(*lines)


def verdict(report: Report) -> Text:
    """The last line."""
    notices = [section for section in report.sections if section.severity == "notice"]
    if not report.sections:
        return Text("Clean: every image can be read, and nothing looks odd.", "bold green")
    said = Text(trouble(report) if report.problems else "No problems: every image can be read.")
    said.stylize("bold red" if report.problems else "bold green")
    if notices:
        words = ", ".join(f"{section.title.lower()} ({amount(section)})" for section in notices)
        said.append(f" To be looked at: {words}.", "yellow")
    return said


def trouble(report: Report) -> str:
    """What the problems come to, in a sentence."""
    unread = sum(section.files for section in report.problems if section.kind in findings.FAULTS)
    shared = sum(len(section.groups) for section in report.problems if section.kind not in findings.FAULTS)
    parts = []
    if unread:
        parts.append(f"{unread:,} file{'s' * (unread > 1)} cannot be read")
    if shared:
        parts.append(f"{shared:,} image{'s are' if shared > 1 else ' is'} in both folders")
    return f"{', and '.join(parts)}."


def count(section: findings.Section) -> str:
    """How much there is of it, in words."""
    n, files = len(section.groups), section.files
    if not files:
        return f"{n:,} remark{'s' * (n > 1)}"
    text = f"{files:,} file{'s' * (files > 1)}"
    return text if files == n else f"{text} in {n:,} group{'s' * (n > 1)}"


def amount(section: findings.Section) -> str:
    """The number alone."""
    return f"{len(section.groups):,}"


def facts(scan: Scan) -> str:
    """Formats, sizes and colors, in one line."""
    parts = [", ".join(f"{n:,} {name}" for name, n in format_counts(scan).items())]
    found = sizes(scan)
    if found:
        by_name = {which: f"{width} x {height}" for which, (width, height) in found}
        same = len(set(by_name.values())) == 1
        parts.append(
            f"all {by_name['median']}"
            if same
            else f"{by_name['smallest']} to {by_name['largest']}, median {by_name['median']}"
        )
    color, gray = findings.color_counts(scan)
    parts.append("all in color" if not gray else "all gray" if not color else f"{color:,} in color, {gray:,} gray")
    if others := len(scan.rows(OTHER)):
        parts.append(f"{others:,} other file{'s' * (others > 1)}")
    return "; ".join(filter(None, parts))


def headline(scan: Scan, name: str) -> str:
    """What was read, and how fast."""
    n = int(scan.listing.wanted.sum())
    classes = scan.listing.classes
    within = "" if classes is None else f" in {len(classes):,} class{'es' * (len(classes) != 1)}"
    rate = f", {n / scan.seconds:,.0f} a second" if scan.seconds and n > 1 else ""
    return f"{name}: {n:,} image{'s' * (n != 1)}{within}, {in_bytes(int(scan.weight.sum()))}{rate}"


def _folder(scan: Scan, name: str) -> Iterator[RenderableType]:
    yield Text(headline(scan, name), "bold")
    if len(scan.rows(PICTURE)):
        yield Text(facts(scan), "dim")
    counts = findings.class_counts(scan)
    if not counts:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("class", overflow="fold")
    table.add_column("images", justify="right")
    table.add_column("")
    rows = sorted(zip(counts, scan.listing.classes or [], strict=True), key=lambda row: (-row[0], row[1]))
    half = _SHOWN_CLASSES // 2
    few = len(rows) <= _SHOWN_CLASSES
    for n, label in rows if few else rows[:half]:
        table.add_row(Text(label), f"{n:,}", _bar(n, rows[0][0]))
    if not few:
        table.add_row(Text(f"... {len(rows) - 2 * half:,} more ...", "dim"), "", "")
        for n, label in rows[-half:]:
            table.add_row(Text(label), f"{n:,}", _bar(n, rows[0][0]))
    yield Padding(table, (1, 0, 0, 2))


def _bar(n: int, most: int) -> Text:
    return Text("━" * max(round(24 * n / max(most, 1)), 1 if n else 0), "cyan")
