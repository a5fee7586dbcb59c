"""The command `augstream`: a demo, contact sheets, one sample explained, a folder checked."""

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from augstream.errors import ArgumentError, AugstreamError, PipelineError, SourceError
from augstream.printable import printable

if TYPE_CHECKING:
    from augstream.sources.source import Source
    from augstream.transforms.compose import Compose


class Commands(TyperGroup):
    """Prints our own errors as what they are, without a traceback: 2 for wrong arguments, 1 for the rest."""

    def invoke(self, ctx: Any) -> Any:
        with warnings.catch_warnings():
            warnings.showwarning = _note
            try:
                return super().invoke(ctx)
            except AugstreamError as error:
                _say(f"Error: {error}", "red")
                raise typer.Exit(2 if isinstance(error, ArgumentError | PipelineError) else 1) from error


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Photos = Annotated[
    Path, typer.Argument(help="Folder of photos, usually with one sub-folder per class.", show_default=False)
]
Pipeline = Annotated[
    Path | None,
    typer.Option(
        help="Pipeline to use, as written by Compose.to_json. Default: one that suits most photos.", show_default=False
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of all draws.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"augstream {version('augstream')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Image augmentation on the fly: photos stream from a folder into a network."""


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Your own photos, one sub-folder per class.", show_default="handwritten digits"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the report goes.")] = Path("augstream-demo"),
    seeds: Annotated[int, typer.Option(min=1, help="How often everything is repeated.")] = 3,
    minutes: Annotated[
        float, typer.Option(min=0.1, help="With --data: the longest that all runs may take together.")
    ] = 15.0,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Epochs of each run.", show_default="until accuracy stops rising; 90 for digits"),
    ] = None,
    validation: Annotated[float, typer.Option(help="With --data: the share of photos kept for testing.")] = 0.3,
    size: Annotated[int, typer.Option(min=16, help="With --data: the side of the network's images, in pixels.")] = 64,
    pipeline: Pipeline = None,
    tests: Annotated[int | None, typer.Option(min=10, hidden=True)] = None,
) -> None:
    """Train a small network with and without augmentation, and write a report.

    Digits take about two minutes. Your own photos take until the accuracy with augmentation has stopped rising, and no
    longer than --minutes. Ctrl-C ends it earlier, with the report of what there is.
    """
    from rich.console import Console
    from rich.text import Text

    from augstream.commands.demo import command

    console = Console(highlight=False)
    if data is None:
        if pipeline is not None:
            raise ArgumentError("--pipeline is for photos: pass their folder as --data.")
        command.need("scikit-learn", "sklearn")
        command.folder(out)
        with console.status("Writing the digits"):
            task = command.digits(out, epochs=epochs, seeds=seeds, tests=tests)
    else:
        command.outside(out, data, "--out")
        task = command.photos(
            data,
            epochs=epochs,
            minutes=minutes,
            seeds=seeds,
            validation=validation,
            size=size,
            pipeline=None if pipeline is None else _pipeline(pipeline),
        )
        command.folder(out)
    report = out / "report.html"
    command.command(task, report, console)
    console.print(
        Text.assemble("\nReport: ", (printable(str(report)), "bold"), "  (open it in a browser)"), soft_wrap=True
    )


@app.command()
def preview(
    folder: Photos,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The image to write.")] = Path("sheet.png"),
    pipeline: Pipeline = None,
    rows: Annotated[int, typer.Option(min=1, max=100, help="How many photos.")] = 6,
    variants: Annotated[int, typer.Option(min=1, max=50, help="How many epochs of each.")] = 6,
    seed: Seed = 0,
    size: Annotated[int, typer.Option(min=16, max=1024, help="Side of each photo on the sheet, in pixels.")] = 160,
) -> None:
    """Draw a contact sheet: photos beside what a network sees of them in the first epochs."""
    from augstream.commands.demo.command import outside
    from augstream.drawing import sheet as contact_sheet

    outside(out, folder, "--out")
    made = contact_sheet.make(_source(folder), _pipeline(pipeline), rows=rows, variants=variants, seed=seed)
    for index, name, reason in made.failures[:5]:
        _say(printable(f"Passed over sample {index} ({name}): {reason}"), "yellow")
    if len(made.failures) > 5:
        _say(f"... and {len(made.failures) - 5} more", "yellow")
    try:
        contact_sheet.render(made.rows, size).save(out)
    except (OSError, ValueError) as error:
        raise AugstreamError(f"Cannot write {out}: {getattr(error, 'strerror', None) or error}.") from error
    photos = "1 photo" if len(made.rows) == 1 else f"{len(made.rows)} photos"
    typer.echo(f"{printable(str(out))}: {photos}, {variants} variants of each")


@app.command()
def explain(
    folder: Photos,
    index: Annotated[int, typer.Option(min=0, help="Number of the sample in the folder, from 0.")] = 0,
    pipeline: Pipeline = None,
    seed: Seed = 0,
    epoch: Annotated[int, typer.Option(min=0, help="Number of the epoch, from 0.")] = 0,
) -> None:
    """Print what happens to one sample: its draws, the ops they make, the plan these fuse to, what is decoded."""
    from augstream.commands.explain import explanation

    typer.echo(explanation(_source(folder), _pipeline(pipeline), seed, epoch, index))


@app.command()
def check(
    folder: Photos,
    against: Annotated[
        Path | None,
        typer.Option(metavar="OTHER", help="A folder that must not share an image with it.", show_default=False),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all of it as JSON; - for the screen.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with thumbnails.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Name every file, not just the first few.")] = False,
) -> None:
    """Read every photo once and report what is broken, doubled or odd. Changes nothing.

    Ends with 0 if all is well or merely odd, 1 if there are unreadable files or photos that both folders share, 2 if
    it could not run.
    """
    from augstream.check.command import command

    raise typer.Exit(command(folder, against, json=json, html=html, everything=everything))


def _source(folder: Path) -> "Source":
    """The folder's photos; those of a folder without sub-folders have no classes."""
    from augstream.sources.folder import from_folder

    try:
        return from_folder(folder)
    except SourceError:
        try:
            return from_folder(folder, labels=None)
        except SourceError:
            pass
        raise


def _pipeline(path: Path | None) -> "Compose":
    from augstream.commands.demo import pipelines
    from augstream.sources.reading import read_file
    from augstream.transforms.compose import Compose

    if path is None:
        return pipelines.photos()
    try:
        return Compose.from_json(read_file(path).decode())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ArgumentError(f"--pipeline: cannot read {path}: {reason}. Write it with Compose.to_json.") from error
    except ArgumentError as error:
        raise ArgumentError(f"--pipeline {path}: {error}") from error


def _note(message: Warning | str, *_: Any, **__: Any) -> None:
    _say(f"Note: {message}", "yellow")


def _say(text: str, style: str) -> None:
    from rich.console import Console
    from rich.text import Text

    lines = "\n".join(map(printable, text.split("\n")))
    Console(file=sys.stderr, highlight=False).print(Text(lines, style), soft_wrap=True)
