"""The demo's outcome as one page that needs nothing else: styles, curves and images are inside."""

import base64
import os
import platform
from collections.abc import Sequence
from datetime import date
from html import escape
from importlib.metadata import version
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Template

from augstream.commands.demo import chart, verdict
from augstream.commands.demo.length import WINDOW
from augstream.commands.demo.task import Outcome, Spread, Task
from augstream.concurrency.pool import cores
from augstream.drawing import sheet
from augstream.drawing.levels import Pixels
from augstream.drawing.picture import fitted

VARIANTS = 7


def write(outcome: Outcome, path: Path) -> None:
    """Write the page."""
    template = Template(files("augstream.commands.demo").joinpath("report.html").read_text("utf-8"))
    path.write_text(template.substitute(_parts(outcome)), "utf-8", errors="backslashreplace")


def percent(spread: Spread) -> str:
    """The range of an accuracy over the seeds, as text: 96.1 to 97.0 %."""
    return f"{100 * spread.low:.1f} to {100 * spread.high:.1f} %"


def _parts(outcome: Outcome) -> dict[str, str]:
    task = outcome.task
    without, with_ = outcome.accuracy(False), outcome.accuracy(True)
    seeds = f"{task.seeds} seed{'s' * (task.seeds > 1)}"
    shown = sheet.make(task.train, task.augmented(160), rows=_rows(task), variants=VARIANTS, color=task.color)
    return {
        "title": escape(task.title),
        "heading": escape(f"{task.title}: the same network, with and without augmentation"),
        "summary": _summary(task),
        "seeds": seeds,
        "without": f"{100 * without.mean:.1f}",
        "with": f"{100 * with_.mean:.1f}",
        "without_range": f"{percent(without)} over {seeds}",
        "with_range": f"{percent(with_)} over {seeds}",
        "difference": _points(with_.mean - without.mean, sign=True),
        "difference_note": f"on {outcome.photos:,} {task.test_noun}",
        "verdict": "".join(f"<li>{escape(said)}</li>" for said in verdict.sentences(verdict.figures(outcome))),
        "gap_without": _points(outcome.gap(False).mean),
        "gap_with": _points(outcome.gap(True).mean),
        "gap_change": _points(outcome.gap(True).mean - outcome.gap(False).mean, sign=True),
        "tested_on": task.test_noun,
        "chart": _chart(outcome),
        "table": _table(outcome),
        "fairness": _fairness(outcome),
        "variants": str(VARIANTS),
        "sheet": _sheet(shown.rows),
        "strip": _strip(task),
        "strip_width": "56px" if task.color == "gray" else "104px",
        "test_note": escape(task.test_note),
        "throughput": _throughput(outcome),
        "rates": _rates(outcome),
        "pipeline": escape(str(task.augmented(task.size))),
        "made": _made(outcome),
        "machine": escape(_machine()),
    }


def _summary(task: Task) -> str:
    classes = len(task.train.classes or [])
    return (
        f"A small convolutional network learns {classes} classes from {len(task.train):,} images, once as they are "
        f"and once augmented while they stream, and is tested on {len(task.test):,} images that it has never seen."
    )


def _points(share: float, *, sign: bool = False) -> str:
    text = f"{100 * share:+.1f}" if sign else f"{100 * share:.1f}"
    return f'{text}<span class="unit"> points</span>'.replace("-", "\N{MINUS SIGN}")


def _fairness(outcome: Outcome) -> str:
    task = outcome.task
    kept = (
        ""
        if task.parts[0].stopping is None
        else (
            f"{len(task.parts[0].stopping):,} further photos decide when it is enough; they are neither learned "
            "from nor tested on. "
        )
    )
    return (
        f"For each seed both runs begin with the same weights, see the images in the same order, and take the same "
        f"number of steps. Only the pipeline differs. {verdict.length_of(outcome)} {kept}Before each evaluation "
        "the network's normalization takes its statistics from images that it learned from, as they are. The gap "
        f"is the accuracy on the images learned from, as they are, less the accuracy on the {task.test_noun}: how far "
        "the network has overfitted."
    )


def _chart(outcome: Outcome) -> str:
    curves = []
    for augmented, style, name in ((True, "with", "augmented"), (False, "without", "as they are")):
        rounds = list(zip(*(run.rounds for run in outcome.of(augmented)), strict=True))
        known = [Spread.of([one.known for one in column]).mean for column in rounds]
        mean, low, high = zip(*(Spread.of([one.tested for one in column]) for column in rounds), strict=True)
        curves.append(chart.Curve("", f"known {style}", known))
        curves.append(chart.Curve(name, style, mean, low, high, outcome.accuracy(augmented).mean))
    return chart.render(outcome.epochs, curves, WINDOW)


def _table(outcome: Outcome) -> str:
    task = outcome.task
    heads = ["", f"{task.test_noun}, mean and range", "the images learned from", "gap"]
    heads += [f"seed {seed}" for seed in range(task.seeds)]
    if outcome.upright(True) is not None:
        heads.append("the same digits<br>as they were written")
    rows = []
    for augmented in (False, True):
        gap = outcome.gap(augmented)
        cells = [_figure(outcome.accuracy(augmented)), _figure(outcome.known(augmented))]
        cells.append(f"<b>{100 * gap.mean:.1f}</b><small>{100 * gap.low:.1f} to {100 * gap.high:.1f}</small>")
        cells += [f"{100 * run.accuracy:.1f} %" for run in outcome.of(augmented)]
        if (upright := outcome.upright(augmented)) is not None:
            cells.append(_figure(upright))
        rows.append((augmented, cells))
    return _html_table(heads, rows)


def _figure(spread: Spread) -> str:
    return f"<b>{100 * spread.mean:.1f} %</b><small>{percent(spread)}</small>"


def _throughput(outcome: Outcome) -> str:
    ratio = outcome.rates[True] / outcome.rate(True)
    return (
        "Images per second that the loader makes where nobody keeps it waiting, after a first epoch in which it "
        "decoded the files (<code>cache=</code>), and images per second that the network learned from, on the same "
        "cores. With augmentation, the loader makes "
        f"{ratio:.1f} times what the network takes."
    )


def _rates(outcome: Outcome) -> str:
    heads = ["images per second", "loader alone", "network learning"]
    rows = [
        (augmented, [f"{outcome.rates[augmented]:,.0f}", f"{outcome.rate(augmented):,.0f}"])
        for augmented in (False, True)
    ]
    return _html_table(heads, rows)


def _html_table(heads: Sequence[str], rows: Sequence[tuple[bool, list[str]]]) -> str:
    """One row without and one with augmentation."""
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    body = ""
    for augmented, cells in rows:
        style, name = ("with", "with augmentation") if augmented else ("without", "without augmentation")
        body += f'<tr><th scope="row" class="{style}">{name}</th>' + "".join(f"<td>{cell}</td>" for cell in cells)
        body += "</tr>"
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _rows(task: Task) -> int:
    """One per class, as far as a page can take it."""
    return min(max(len(task.train.classes or []), 5), 10)


def _sheet(rows: Sequence[sheet.Row]) -> str:
    heads = ["original", "", *(f"epoch {epoch}" for epoch in range(VARIANTS))]
    parts = [f'<div class="row">{"".join(f"<span>{head}</span>" for head in heads)}</div>']
    for row in rows:
        name = escape(row.name, quote=True)
        cells = f'<figure class="original">{_img(row.original, name)}</figure><span></span>'
        for epoch, pixels in enumerate(row.variants):
            cells += f"<figure>{_img(pixels, f'{name}, epoch {epoch}')}</figure>"
        parts.append(f'<div class="row">{cells}</div>')
    return "".join(parts)


def _strip(task: Task) -> str:
    rows = sheet.make(task.test, task.plain(160), rows=task.strip, variants=1, color=task.color).rows
    return "".join(
        f"<figure>{_img(row.variants[0], escape(row.name, quote=True))}{escape(row.label)}</figure>" for row in rows
    )


def _img(pixels: Pixels, name: str) -> str:
    """The image itself inside the page, 160 pixels at most; `name` is its tooltip, escaped."""
    image = fitted(pixels, min(160, max(pixels.shape[:2])))
    buffer = BytesIO()
    kind = "PNG" if pixels.shape[2] == 1 else "JPEG"
    (image.convert("L") if kind == "PNG" else image).save(buffer, kind, quality=85, optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/{kind.lower()};base64,{data}" alt="{name}" title="{name}">'


def _made(outcome: Outcome) -> str:
    task = outcome.task
    runs = f"{len(outcome.runs)} runs in {outcome.seconds:.0f} seconds"
    skipped = f"; {len(outcome.failures)} files could not be read and were passed over" if outcome.failures else ""
    return escape(f"Made by {task.command} on {date.today().isoformat()}: {runs}{skipped}.")


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("augstream", "keras", "numpy"))
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    software = f"{platform.system()}; Python {platform.python_version()}, {packages}, {backend} backend."
    return f"{_processor()}, {cores()} cores; {software}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
