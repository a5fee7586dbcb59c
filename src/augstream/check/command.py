"""The command `augstream check`: a progress bar while it reads, then the report wherever it is wanted."""

import json as serial
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from augstream.check import page
from augstream.check.report import Report, check
from augstream.check.scan import Advance
from augstream.check.terminal import Summary
from augstream.errors import ArgumentError
from augstream.printable import printable


def command(
    folder: Path, against: Path | None, *, json: Path | None = None, html: Path | None = None, everything: bool = False
) -> int:
    """Checks, prints and writes; the exit code: 0, or 1 where there are problems. json: "-" is the standard output."""
    on_screen = json is not None and str(json) == "-"
    for option, path in (("--json", None if on_screen else json), ("--html", html)):
        if path is not None:
            _writable(option, path, folder, against)
    report = _read(folder, against)
    # Where the JSON goes to the standard output, nothing else may.
    console = Console(highlight=False, stderr=on_screen)
    console.print(Summary(report, everything))
    if json is not None:
        text = serial.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n"
        if on_screen:
            sys.stdout.write(text)
        else:
            _write("--json", json, text)
    if html is not None:
        with _alone_on_stderr(), _without_pillows_words():
            made = page.make(report)
        _write("--html", html, made)
    for path in (None if on_screen else json, html):
        if path is not None:
            console.print(Text(f"Written: {printable(str(path))}"), soft_wrap=True)
    return 0 if report.clean else 1


def _read(folder: Path, against: Path | None) -> Report:
    columns = TextColumn("{task.description}"), BarColumn(32), MofNCompleteColumn(), TimeRemainingColumn()
    with (
        _alone_on_stderr(),
        _without_pillows_words(),
        Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars,
    ):

        def begin(name: str, files: int) -> Advance:
            task = bars.add_task(Text(name).markup, total=files)
            return lambda done: bars.advance(task, done)

        return check(folder, against, begin=begin)


@contextmanager
def _without_pillows_words() -> Iterator[None]:
    """What it thinks of a file, we say in our own."""
    log = logging.getLogger("PIL")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="PIL")
            yield
    finally:
        log.setLevel(level)


@contextmanager
def _alone_on_stderr() -> Iterator[None]:
    """Keeps out what libtiff writes past Python about every odd tag, into the bar; what Python writes is still seen."""
    try:
        ours = sys.stderr.fileno() == 2
    except (AttributeError, OSError):
        ours = False
    if not ours:
        yield
        return
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        with open(kept, "w", closefd=False, errors="backslashreplace") as stream, redirect_stderr(stream):
            yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


def _writable(option: str, path: Path, *folders: Path | None) -> None:
    """Before hours of reading, not after."""
    place = path.resolve()
    for folder in folders:
        if folder is not None and folder.resolve() in (place, *place.parents):
            raise ArgumentError(
                f"{option} {str(path)!r} lies inside the photos' folder {str(folder)!r}, and nothing is ever written "
                "there. Choose a place outside of it."
            )
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else f"cannot be written: there is no folder {str(path.parent)!r}"
        raise ArgumentError(f"{option} {str(path)!r} {what}. Pass the name of a file.")


def _write(option: str, path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8", errors="backslashreplace")
    except OSError as error:
        raise ArgumentError(f"{option}: cannot write {path}: {error.strerror or error}.") from error
