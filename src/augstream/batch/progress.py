"""An epoch under a bar on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from augstream.errors import MissingPackageError

if TYPE_CHECKING:
    from augstream.batch.prepare import Batch
    from augstream.loader import Loader


def watched(loader: Loader, text: str | None) -> Iterator[Batch]:
    """The loader's next epoch; the bar is on standard error, and says at its end what set the pace."""
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
    loader.stats(reset=True)
    epoch = iter(loader)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(text or f"epoch {epoch.epoch}", total=len(loader), completed=epoch.position, speed="")
        for batch in epoch:
            stats = loader.stats()
            speed = f"{stats.images_per_second:,.0f} images/s, waiting {stats.wait:.0%}"
            bar.update(task, completed=epoch.position, speed=speed)
            yield batch
    console.print(str(loader.stats()), highlight=False)
