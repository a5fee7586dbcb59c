"""The report as one page that needs nothing else: styles and thumbnails are inside."""

import base64
from datetime import date
from html import escape
from importlib.metadata import version
from importlib.resources import files
from io import BytesIO
from string import Template

from augstream.check import terminal
from augstream.check.findings import DIFFER, FAULTS, Entry, Group, Section, class_counts
from augstream.check.listing import Unreadable
from augstream.check.report import Report
from augstream.check.scan import PICTURE, Scan
from augstream.check.thumbnails import thumbnail
from augstream.decode.sample import Undecodable

_GROUPS = 40
_TILES = 8
_LONGEST = 300
"""Side of a thumbnail in pixels: twice of what it takes on the page, for fine screens."""


def make(report: Report) -> str:
    """The page."""
    template = Template(files("augstream.check").joinpath("page.html").read_text("utf-8"))
    names = " and ".join(name.rstrip("/") for name in report.folders)
    pictures = sum(int(scan.listing.wanted.sum()) for scan in report.scans)
    seconds = sum(scan.seconds for scan in report.scans)
    return template.substitute(
        title=escape(names),
        heading=escape(names),
        summary=f"{pictures:,} images were read from the first byte to the last and compared with one another. "
        "Nothing was changed.",
        tone="problem" if report.problems else "notice" if report.sections else "good",
        verdict=_verdict(report),
        contents="".join(_link(section) for section in report.sections),
        folders="".join(_folder(scan, name) for scan, name in zip(report.scans, report.folders, strict=True)),
        sections="".join(_section(report, section) for section in report.sections),
        made=escape(
            f"Made by augstream {version('augstream')} on {date.today().isoformat()}, in {seconds:.1f} seconds."
        ),
    )


def _verdict(report: Report) -> str:
    if report.problems:
        return f"<b>{escape(terminal.trouble(report))}</b>"
    if report.sections:
        return "<b>No problems</b>, every image can be read; but have a look at what is below."
    return "<b>Clean.</b> Every image can be read, and nothing looks odd."


def _link(section: Section) -> str:
    number = terminal.amount(section)
    return f'<a class="{section.severity}" href="#{section.kind}">{section.title}<b>{number}</b></a>'


def _folder(scan: Scan, name: str) -> str:
    counts = class_counts(scan)
    most = max(counts, default=0)
    rows = "".join(
        f"<tr{'' if n else ' class=none'}><td>{escape(label)}</td><td>{n:,}</td>"
        f'<td><div class="bar" style="width: {100 * n / max(most, 1):.1f}%"></div></td></tr>'
        for label, n in zip(scan.listing.classes or [], counts, strict=True)
    )
    table = f'<div class="scroll" tabindex="0"><table>{rows}</table></div>' if rows else ""
    facts = f'<p class="soft">{escape(terminal.facts(scan))}</p>' if len(scan.rows(PICTURE)) else ""
    return f'<div class="card"><h2>{escape(terminal.headline(scan, name))}</h2>{facts}{table}</div>'


def _section(report: Report, section: Section) -> str:
    shown = section.groups[:_GROUPS]
    if not section.files:
        body = f"<ul>{''.join(f'<li>{escape(group.note)}</li>' for group in shown)}</ul>"
    elif section.kind in FAULTS:
        lines = "".join(
            f"<tr><td>{_breakable(report.name(group.entries[0]))}</td><td>{escape(group.note)}</td></tr>"
            for group in shown
        )
        body = f'<table class="faults">{lines}</table>'
    elif all(len(group.entries) == 1 for group in shown):
        tiles = "".join(_tile(report, group.entries[0], group.note) for group in shown)
        body = f'<div class="tiles">{tiles}</div>'
    else:
        body = f'<div class="groups">{"".join(_group(report, group) for group in shown)}</div>'
    more = len(section.groups) - len(shown)
    rest = f'<p class="more">... and {more:,} more; --all and --json have all of them.</p>' if more else ""
    return (
        f'<section class="{section.severity}"><h2 id="{section.kind}">{section.title}'
        f'<small>{terminal.count(section)}</small></h2><p class="soft">{escape(section.meaning)}</p>'
        f'<div class="card">{body}{rest}</div></section>'
    )


def _group(report: Report, group: Group) -> str:
    note = escape(group.note)
    if note.startswith(DIFFER):
        note = f"<b>{note}</b>"
    tiles = "".join(_tile(report, entry) for entry in group.entries[:_TILES])
    more = len(group.entries) - _TILES
    rest = f'<p class="more">... and {more:,} more</p>' if more > 0 else ""
    return f'<div class="group">{f"<p>{note}</p>" if note else ""}<div class="tiles">{tiles}</div>{rest}</div>'


def _tile(report: Report, entry: Entry, note: str = "") -> str:
    scan = report.scans[entry.side]
    name = report.name(entry)
    readable = scan.state[entry.row] == PICTURE
    lines = [note] if note else []
    if readable and not note.startswith(f"{scan.size[entry.row, 1]} x "):
        lines.append(report.details(entry))
    image = _image(scan, entry.row, name) or "<span>no image</span>"
    words = "".join(f"<span>{escape(line)}</span>" for line in lines)
    return f'<figure><div class="stage">{image}</div><figcaption>{_breakable(name)}{words}</figcaption></figure>'


def _image(scan: Scan, row: int, name: str) -> str:
    """The thumbnail inside the page; nothing where there is none, or no longer."""
    from PIL import Image

    if row in scan.faults:
        return ""
    try:
        pixels = thumbnail(scan.listing.read(row), _LONGEST)
    except (Unreadable, Undecodable):
        return ""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=80, optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/jpeg;base64,{data}" alt="{escape(name)}" loading="lazy">'


def _breakable(name: str) -> str:
    """A path whose lines may end behind its slashes."""
    return escape(name).replace("/", "/<wbr>")
