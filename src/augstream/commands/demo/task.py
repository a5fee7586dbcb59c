"""What is trained on what, and what came of it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from augstream.commands.demo.length import WINDOW, Ended
from augstream.decode.sample import ColorMode
from augstream.sources.source import Source
from augstream.transforms.compose import Compose

Failure = tuple[int, str, str]


class Parts(NamedTuple):
    """Sources without a common sample. stopping: decides when it is enough; None where that is known beforehand."""

    train: Source
    stopping: Source | None
    test: Source


@dataclass(frozen=True)
class Task:
    """plain, augmented: the pipeline for images of a given size; test images only ever go through `plain`.

    parts: those of each seed. test_noun, test_note: what the test images are, in a word or two and in a sentence.
    command: what the user typed. epochs: the length of a run, or None where accuracy decides it. minutes: what all runs
    may take together. upright: the test images before they were changed, where there are such. forgive: skip
    unreadable files.
    """

    title: str
    test_noun: str
    test_note: str
    command: str
    parts: Sequence[Parts]
    plain: Callable[[int], Compose]
    augmented: Callable[[int], Compose]
    size: int
    color: ColorMode
    epochs: int | None = None
    minutes: float | None = None
    batch_size: int = 32
    upright: Source | None = None
    forgive: bool = False

    @property
    def seeds(self) -> int:
        """How often everything is repeated."""
        return len(self.parts)

    @property
    def train(self) -> Source:
        """What the first seed learns from."""
        return self.parts[0].train

    @property
    def test(self) -> Source:
        """What the first seed is tested on."""
        return self.parts[0].test

    @property
    def batches(self) -> int:
        """Batches of an epoch; the rest of the images waits for the next epoch's order."""
        return min(len(part.train) for part in self.parts) // self.batch_size

    @property
    def strip(self) -> int:
        """How many test images the report shows."""
        return 36 if self.color == "gray" else 14


class Round(NamedTuple):
    """What was measured after a round; accuracies are 0..1.

    fitted: while learning, on the images as the network was fed them. known: afterwards, on the same photos as they
    are. stopping: on the photos that decide when it is enough. right: which test images were recognized.
    """

    fitted: float
    known: float
    stopping: float | None
    right: NDArray[np.bool_]

    @property
    def tested(self) -> float:
        """The accuracy on the test images."""
        return float(self.right.mean())


@dataclass
class Run:
    """One training. names: of the test images. upright: accuracy on the unchanged test images.

    seconds: of learning alone, in which `images` were seen.
    """

    seed: int
    augmented: bool
    names: Sequence[str]
    rounds: list[Round] = field(default_factory=list)
    upright: float | None = None
    seconds: float = 0.0
    images: int = 0

    @property
    def last(self) -> list[Round]:
        """The rounds whose mean is reported."""
        return self.rounds[-WINDOW:]

    @property
    def accuracy(self) -> float:
        """On the test images, at the end."""
        return mean(one.tested for one in self.last)

    @property
    def known(self) -> float:
        """On the images it learned from, as they are, at the end."""
        return mean(one.known for one in self.last)


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
    """All runs of a task. epochs: how many had been done after each round. ended: why there were no more.

    rates: images per second of the loader alone, (plain, augmented).
    """

    task: Task
    runs: list[Run] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    ended: Ended = "epochs"
    rates: tuple[float, float] = (0.0, 0.0)
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    def of(self, augmented: bool) -> list[Run]:
        """The runs with, or without, augmentation."""
        return [run for run in self.runs if run.augmented == augmented]

    def accuracy(self, augmented: bool) -> Spread:
        """On the test images, at the end."""
        return Spread.of([run.accuracy for run in self.of(augmented)])

    def known(self, augmented: bool) -> Spread:
        """On the images that were learned from, as they are, at the end."""
        return Spread.of([run.known for run in self.of(augmented)])

    def fitted(self, augmented: bool) -> float:
        """On the images as they were fed, at the end."""
        return mean(one.fitted for run in self.of(augmented) for one in run.last)

    def gap(self, augmented: bool) -> Spread:
        """How much better it knows what it learned from than what it has never seen."""
        return Spread.of([run.known - run.accuracy for run in self.of(augmented)])

    def upright(self, augmented: bool) -> Spread | None:
        """On the unchanged test images, at the end."""
        figures = [run.upright for run in self.of(augmented) if run.upright is not None]
        return Spread.of(figures) if figures else None

    def rate(self, augmented: bool) -> float:
        """Images per second while training."""
        runs = self.of(augmented)
        return sum(run.images for run in runs) / max(sum(run.seconds for run in runs), 1e-9)

    def stopping(self, augmented: bool) -> list[float]:
        """The mean accuracy over the seeds, after each round, on the photos that decide when it is enough."""
        columns = zip(*(run.rounds for run in self.of(augmented)), strict=True)
        return [mean(one.tested if one.stopping is None else one.stopping for one in column) for column in columns]

    @property
    def photos(self) -> int:
        """How many different test images there were over all seeds."""
        return len({name for run in self.runs for name in run.names})

    @property
    def chance(self) -> float:
        """The standard error of the difference between the two accuracies, as far as the choice of test photos goes.

        Each photo counts once, with what augmentation did for it on average: both networks find the same photos hard.
        """
        won: dict[str, list[float]] = defaultdict(list)
        for without, with_ in zip(self.of(False), self.of(True), strict=True):
            gain = np.mean([one.right for one in with_.last], 0) - np.mean([one.right for one in without.last], 0)
            for name, value in zip(with_.names, gain.tolist(), strict=True):
                won[name].append(value)
        gains = [mean(values) for values in won.values()]
        # Few photos may agree by luck: never less than half a photo.
        return max(stdev(gains) * len(gains) ** 0.5, 0.5) / len(gains) if len(gains) > 1 else 1.0
