"""What is trained on what, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import mean
from typing import NamedTuple

from augstream.decode.sample import ColorMode
from augstream.sources.source import Source
from augstream.transforms.compose import Compose

Failure = tuple[int, str, str]


@dataclass(frozen=True)
class Task:
    """plain, augmented: the pipeline for images of a given size; test images only ever go through `plain`.

    test_noun, test_note: what the test images are, in a word or two and in a sentence. command: what the user typed.
    upright: the test images before they were changed, where there are such. forgive: skip unreadable files.
    """

    title: str
    test_noun: str
    test_note: str
    command: str
    train: Source
    test: Source
    plain: Callable[[int], Compose]
    augmented: Callable[[int], Compose]
    size: int
    color: ColorMode
    epochs: int
    seeds: int = 3
    batch_size: int = 32
    upright: Source | None = None
    forgive: bool = False

    @property
    def batches(self) -> int:
        """Batches of an epoch; the rest of the images waits for the next epoch's order."""
        return len(self.train) // self.batch_size

    @property
    def strip(self) -> int:
        """How many test images the report shows."""
        return 36 if self.color == "gray" else 14

    @property
    def tested(self) -> list[int]:
        """After how many epochs the network is tested; the last time after all of them."""
        every = max(1, self.epochs // 18)
        return list(range(self.epochs, 0, -every))[::-1]


@dataclass(frozen=True)
class Run:
    """One training. tested, trained: accuracy (0..1) on test and training images after the epochs `Task.tested`.

    upright: the accuracy on the unchanged test images. rate: images per second while training.
    """

    seed: int
    augmented: bool
    tested: list[float]
    trained: list[float]
    upright: float | None
    rate: float


class Spread(NamedTuple):
    """The mean and the range of a figure over the seeds."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: list[float]) -> "Spread":
        return cls(mean(figures), min(figures), max(figures))


@dataclass
class Outcome:
    """All runs of a task. rates: images per second of the loader alone, (plain, augmented)."""

    task: Task
    runs: list[Run] = field(default_factory=list)
    rates: tuple[float, float] = (0.0, 0.0)
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    def of(self, augmented: bool) -> list[Run]:
        """The runs with, or without, augmentation."""
        return [run for run in self.runs if run.augmented == augmented]

    def accuracy(self, augmented: bool) -> Spread:
        """On the test images, at the end."""
        return Spread.of([run.tested[-1] for run in self.of(augmented)])

    def upright(self, augmented: bool) -> Spread | None:
        """On the unchanged test images, at the end."""
        figures = [run.upright for run in self.of(augmented) if run.upright is not None]
        return Spread.of(figures) if figures else None

    def rate(self, augmented: bool) -> float:
        """Images per second while training."""
        return mean(run.rate for run in self.of(augmented))
