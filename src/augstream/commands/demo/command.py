"""The demo from the command line to the report, with its progress on the terminal."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

import augstream as aug
from augstream.commands.demo import pipelines
from augstream.commands.demo.task import Outcome, Task
from augstream.errors import ArgumentError, AugstreamError, MissingPackageError, SourceError
from augstream.printable import printable

DIGIT_EPOCHS = 90
PHOTO_STEPS = 1000
"""Steps that a run on photos takes unless told otherwise: few photos are seen more often than many."""


def digits(out: Path, *, epochs: int | None = None, seeds: int = 3, tests: int | None = None) -> Task:
    """scikit-learn's handwritten digits, written to `out`/digits; tests: how many to test on at most."""
    need("scikit-learn", "sklearn")
    from augstream.commands.demo import digits as source

    made = source.write(out / "digits")
    first = np.arange(len(made.test))[:: max(1, len(made.test) // (tests or len(made.test)))]
    return Task(
        title="Handwritten digits",
        test_noun="turned, shifted and scaled digits",
        test_note="Other digits than those the network learns from, each turned by up to 30°, shifted by up to 15 % of "
        "the image and scaled by 0.7 to 1.2, once and for all. Augmentation draws from about the same ranges: that "
        "is the point of it, one tells it what may happen to an image.",
        command="augstream demo",
        train=made.train,
        test=made.test.subset(first),
        upright=made.upright.subset(first),
        plain=pipelines.plain,
        augmented=pipelines.digits,
        size=32,
        color="gray",
        epochs=epochs or DIGIT_EPOCHS,
        seeds=seeds,
        batch_size=40,
    )


def photos(folder: Path, *, epochs: int | None = None, seeds: int = 3, validation: float = 0.3, size: int = 64) -> Task:
    """The photos of a folder with one sub-folder per class, of which `validation` are kept for testing."""
    source = aug.from_folder(folder)
    if len(source.classes or []) < 2:
        raise SourceError(f"The demo needs at least two classes; {folder} has one sub-folder: {source.classes}.")
    train, test = source.split(validation)
    batch_size = min(32, len(train))
    steps = len(train) // batch_size
    return Task(
        title=printable(f"Photos of {folder.resolve().name}"),
        test_noun="validation photos",
        test_note=f"{len(test):,} photos kept aside, the same share of each class; only resized, never augmented.",
        command=printable(f"augstream demo --data {folder}"),
        train=train,
        test=test,
        plain=pipelines.plain,
        augmented=pipelines.photos,
        size=size,
        color="rgb",
        epochs=epochs or min(max(round(PHOTO_STEPS / steps), 10), 100),
        seeds=seeds,
        batch_size=batch_size,
        forgive=True,
    )


def command(task: Task, report_path: Path, console: Console) -> Outcome:
    """Train, show how it goes, write the report."""
    backend = os.environ.setdefault("KERAS_BACKEND", "jax")
    need("keras")
    need(backend, extra="demo" if backend == "jax" else None)
    from augstream.commands.demo import report, train

    what = f"{len(task.train):,} images to learn from, {len(task.test):,} to be tested on"
    console.print(Text.assemble((task.title, "bold"), f": {what}"))
    with _Bars(task, console) as bars:
        outcome = train.train(task, bars.watch)
    _print_outcome(outcome, console)
    report.write(outcome, report_path)
    return outcome


def need(package: str, module: str | None = None, extra: str | None = "demo") -> None:
    """Raise an error that says how to install the package, unless it is there."""
    if find_spec(module or package) is None:
        raise MissingPackageError("augstream demo", package, extra)


def folder(path: Path) -> None:
    """Make the folder for the report, before much time has gone by."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AugstreamError(
            f"Cannot make the folder {path}: {error.strerror or error}. Pass another --out."
        ) from error


def outside(path: Path, folder: Path, option: str) -> None:
    """Refuse to write into a folder of photos."""
    inside, data = path.resolve(), folder.resolve()
    if inside == data or data in inside.parents:
        fact = (
            f"{option} {str(path)!r} lies inside the photos' folder {str(folder)!r}, and nothing is ever written there"
        )
        raise ArgumentError(f"{fact}. Choose a place outside of it.")


class _Bars(Progress):
    """A progress bar for each run."""

    def __init__(self, task: Task, console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(32),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
        )
        # Where nobody can watch a bar grow, a line for each run is what a log wants.
        super().__init__(*columns, console=console, disable=not console.is_terminal)
        self._epochs = task.epochs
        self._ready = self.add_task("compiling the network", total=None, note="")
        self._bars = {
            (seed, augmented): self.add_task(_name(seed, augmented), total=task.epochs, note="", start=False)
            for seed in range(task.seeds)
            for augmented in (False, True)
        }

    def watch(self, seed: int, augmented: bool, done: int, accuracy: float | None) -> None:
        """What `train` calls: a run begins, or has done another epoch."""
        if done == 0:
            self.update(self._ready, total=1, completed=1)
            self.start_task(self._bars[seed, augmented])
        self.update(self._bars[seed, augmented], completed=done)
        if accuracy is None:
            return
        self.update(self._bars[seed, augmented], note=f"{100 * accuracy:5.1f} %")
        if self.disable and done == self._epochs:
            self.console.print(f"{_name(seed, augmented)}: {100 * accuracy:.1f} %")


def _name(seed: int, augmented: bool) -> str:
    return f"seed {seed}, {'augmented' if augmented else 'as they are'}"


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"


def _print_outcome(outcome: Outcome, console: Console) -> None:
    from augstream.commands.demo.report import percent

    table = Table(box=None, padding=(0, 3, 0, 0))
    heads = (
        "",
        "accuracy",
        f"range ({_seeds(outcome.task.seeds)})",
        "loader alone\npictures/s",
        "learning\npictures/s",
    )
    for head in heads:
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    for augmented in (False, True):
        accuracy = outcome.accuracy(augmented)
        table.add_row(
            "augmented" if augmented else "as they are",
            Text(f"{100 * accuracy.mean:.1f} %", "bold green" if augmented else "bold"),
            percent(accuracy),
            f"{outcome.rates[augmented]:,.0f}",
            f"{outcome.rate(augmented):,.0f}",
        )
    console.print()
    console.print(table)
    if outcome.failures:
        console.print(f"\n{len(outcome.failures)} files could not be read and were passed over:", style="yellow")
        for _, name, reason in outcome.failures[:5]:
            console.print(Text(printable(f"  {name}: {reason}")))
