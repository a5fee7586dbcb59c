"""The demo from the command line to the report, with its progress on the terminal."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from augstream.commands.demo import pipelines, verdict
from augstream.commands.demo.progress import Bar
from augstream.commands.demo.task import Outcome, Parts, Task
from augstream.commands.demo.verdict import length_of
from augstream.errors import ArgumentError, AugstreamError, MissingPackageError, SourceError
from augstream.printable import printable
from augstream.sources.folder import from_folder
from augstream.sources.source import Source
from augstream.transforms.compose import Compose

DIGIT_EPOCHS = 90
MINUTES = 15.0
"""What all runs on photos may take together unless told otherwise."""
TESTED, STOPPING = 2000, 1000
"""How many photos are tested on, and asked whether it is enough, at most: more would tell little and take long."""


def digits(out: Path, *, epochs: int | None = None, seeds: int = 3, tests: int | None = None) -> Task:
    """scikit-learn's handwritten digits, written to `out`/digits; tests: how many to test on at most."""
    need("scikit-learn", "sklearn")
    from augstream.commands.demo import digits as source

    made = source.write(out / "digits")
    first = np.arange(len(made.test))[:: max(1, len(made.test) // (tests or len(made.test)))]
    return Task(
        title="Handwritten digits",
        test_noun="rotated, shifted and scaled digits",
        test_note="Other digits than those the network learns from, each rotated by up to 30°, shifted by up to 15 % "
        "of the image and scaled by 0.7 to 1.2, once and for all. Augmentation draws from about the same ranges: "
        "that is the point of it, one tells it what may happen to an image.",
        command="augstream demo",
        parts=[Parts(made.train, None, made.test.subset(first))] * seeds,
        upright=made.upright.subset(first),
        plain=pipelines.plain,
        augmented=pipelines.digits,
        size=32,
        color="gray",
        epochs=epochs or DIGIT_EPOCHS,
        batch_size=40,
    )


def photos(
    folder: Path,
    *,
    epochs: int | None = None,
    minutes: float = MINUTES,
    seeds: int = 3,
    validation: float = 0.3,
    size: int = 64,
    pipeline: Compose | None = None,
) -> Task:
    """The photos of a folder with one sub-folder per class; each seed keeps other ones aside.

    validation: the share of photos for testing; half as many decide when training stops. pipeline: instead of our own.
    """
    source = from_folder(folder)
    if len(source.classes or []) < 2:
        raise SourceError(f"The demo needs at least two classes; {folder} has one sub-folder: {source.classes}.")
    shares = (1 - 1.5 * validation, 0.5 * validation, validation)
    if not 0 < validation <= 0.6:
        raise ArgumentError(
            f"--validation is the share of photos to test on, between 0 and 0.6; got {validation:g}. Half as many more "
            "decide when training stops, and the rest is trained on."
        )
    parts = []
    for seed in range(seeds):
        train, stopping, test = source.split(shares, seed=seed)
        parts.append(Parts(train, _at_most(STOPPING, stopping), _at_most(TESTED, test)))
    return Task(
        title=printable(f"Photos of {folder.resolve().name}"),
        test_noun="test photos",
        test_note=f"{len(parts[0].test):,} photos kept aside, the same share of each class, other ones for each seed; "
        "only resized, never augmented.",
        command=printable(f"augstream demo --data {folder}"),
        parts=parts,
        plain=pipelines.plain,
        augmented=pipelines.photos if pipeline is None else pipelines.of(pipeline),
        size=size,
        color="rgb",
        epochs=epochs,
        minutes=minutes,
        batch_size=min(32, *(len(part.train) for part in parts)),
        forgive=True,
    )


def _at_most(count: int, source: Source) -> Source:
    """Evenly from all over the source."""
    if len(source) <= count:
        return source
    return source.subset(np.arange(count) * len(source) // count)


def command(task: Task, report_path: Path, console: Console) -> Outcome:
    """Train, show how it goes, write the report."""
    backend = os.environ.setdefault("KERAS_BACKEND", "jax")
    need("keras")
    need(backend, extra="demo" if backend == "jax" else None)
    from augstream.commands.demo import report, train

    console.print(Text.assemble((task.title, "bold"), f": {_plan(task)}"))
    with Bar(task, console) as bar:
        outcome = train.train(task, bar.watch)
    _print_outcome(outcome, console)
    report.write(outcome, report_path)
    return outcome


def _plan(task: Task) -> str:
    """What is going to happen, and how long it may take."""
    stopping = task.parts[0].stopping
    said = f"{len(task.train):,} images to learn from, "
    said += f"{len(stopping):,} to tell when it is enough, " if stopping is not None else ""
    said += f"{len(task.test):,} to be tested on; {2 * task.seeds} runs"
    if task.epochs is not None:
        return f"{said} of {task.epochs} epochs"
    return (
        f"{said}, until the accuracy with augmentation has stopped rising, and {task.minutes:g} minutes at most "
        "(--minutes). Ctrl-C ends it earlier, with the report of what there is"
    )


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


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"


def _print_outcome(outcome: Outcome, console: Console) -> None:
    from augstream.commands.demo.report import percent

    table = Table(box=None, padding=(0, 3, 0, 0))
    heads = (
        "",
        "accuracy",
        f"range ({_seeds(outcome.task.seeds)})",
        "on what it\nlearned from",
        "gap",
    )
    for head in heads:
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    for augmented in (False, True):
        accuracy = outcome.accuracy(augmented)
        table.add_row(
            "augmented" if augmented else "as they are",
            Text(f"{100 * accuracy.mean:.1f} %", "bold green" if augmented else "bold"),
            percent(accuracy),
            f"{100 * outcome.known(augmented).mean:.1f} %",
            f"{100 * outcome.gap(augmented).mean:.1f}",
        )
    console.print()
    console.print(table)
    console.print(
        f"\n{length_of(outcome)} With augmentation, the loader alone makes {outcome.rates[True]:,.0f} images/s and "
        f"the network takes {outcome.rate(True):,.0f}.\n"
    )
    for sentence in verdict.sentences(verdict.figures(outcome)):
        console.print(f"* {sentence}")
    if outcome.failures:
        console.print(f"\n{len(outcome.failures)} files could not be read and were passed over:", style="yellow")
        for _, name, reason in outcome.failures[:5]:
            console.print(Text(printable(f"  {name}: {reason}")))
