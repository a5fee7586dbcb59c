"""An epoch under a bar on the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from augstream.batch.batch import Batch
from augstream.batch.batches import Batches
from augstream.batch.epoch import next_epoch
from augstream.errors import MissingPackageError


def watched(batches: Batches, text: str | None) -> Iterator[Batch]:
    """The next epoch; the bar is on standard error, and says at its end what set the pace."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError as error:
        raise MissingPackageError("Loader.progress()", "rich") from error
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[speed]}"),
    )
    console = Console(stderr=True)
    batches.stats(reset=True)
    epoch = next_epoch(batches)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(text or f"epoch {epoch.epoch}", total=len(batches), completed=epoch.position, speed="")
        for batch in epoch:
            stats = batches.stats()
            speed = f"{stats.images_per_second:,.0f} images/s, waiting {stats.wait:.0%}"
            bar.update(task, completed=epoch.position, speed=speed)
            yield batch
    console.print(str(batches.stats()), highlight=False)
