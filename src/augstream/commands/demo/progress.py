"""How the demo's runs go, on a terminal as a bar, elsewhere as lines."""

import time
from statistics import mean

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from augstream.commands.demo import length
from augstream.commands.demo.task import Outcome, Task

_LINES = 60.0
"""Seconds between two lines where nobody can watch a bar grow."""


class Bar(Progress):
    """One bar for all runs, which take turns, with both accuracies and the time that is left."""

    def __init__(self, task: Task, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(28), TextColumn("{task.fields[note]}"))
        super().__init__(*columns, console=console, disable=not console.is_terminal)
        self._seconds = None if task.epochs is not None or task.minutes is None else 60 * task.minutes
        self._begin = time.monotonic()
        self._next = 0.0
        self._bar = self.add_task("reading the images, compiling the network", total=None, note="")

    def watch(self, outcome: Outcome, done: float, total: int | None) -> None:
        """What `train` calls, several times a round."""
        elapsed = time.monotonic() - self._begin
        how, seconds = length.left(done, total, elapsed, self._seconds)
        note = line(outcome, how, seconds)
        share = elapsed / (elapsed + seconds) if how else 0.0
        self.update(self._bar, description="learning", total=1.0, completed=share, note=note)
        if self.disable and outcome.epochs and (elapsed >= self._next or done == total):
            self._next = elapsed + _LINES
            self.console.print(note)


def line(outcome: Outcome, how: str, seconds: float) -> str:
    """Where the runs are, and how long they will take: epoch 40: 61.2 % as they are, ..."""
    time_left = f"{how} {int(seconds // 60)}:{int(seconds % 60):02} left" if how else ""
    if not outcome.epochs:
        return time_left
    plain, augmented = (mean(run.rounds[-1].tested for run in outcome.of(which)) for which in (False, True))
    accuracies = f"{100 * plain:.1f} % as they are, {100 * augmented:.1f} % augmented"
    return f"epoch {outcome.epochs[-1]}: {accuracies}" + (f"; {time_left}" if time_left else "")
