"""Train one network again and again, all runs in turn, round by round: so they can be compared at any moment."""

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.commands.demo import length, network
from augstream.commands.demo.task import Outcome, Round, Run, Task
from augstream.loader import Loader
from augstream.sources.source import Source
from augstream.transforms.compose import Compose

Watch: TypeAlias = Callable[[Outcome, float, int | None], None]
"""Called with what there is, the rounds done (the one under way as a fraction), and their number if it is known."""

RATE = 1e-3
_TEST_BATCH = 250
_CACHE = "256MB"
"""For each loader: decoded at the scale that the pipeline asks for, a photo takes some tens of kilobytes."""
KNOWN = 500
"""On how many of the images that it learns from a network is evaluated, at most."""

Kept: TypeAlias = tuple[NDArray[np.float16], NDArray[Any]]


def train(task: Task, watch: Watch, clock: Callable[[], float] = time.monotonic) -> Outcome:
    """All runs of the task, which take the same number of steps; those of a seed begin with the same weights."""
    begin = clock()
    outcome = Outcome(task)
    with warnings.catch_warnings():
        # Said once, at the end, for all runs together.
        warnings.filterwarnings("ignore", message="epoch .* could not be read")
        model = network.build(task.size, 1 if task.color == "gray" else 3, len(task.train.classes or []))
        exams = [_Exam(model, task, seed) for seed in range(task.seeds)]
        trainings = [_Training(exam, augmented) for exam in exams for augmented in (False, True)]
        outcome.runs = [one.run for one in trainings]
        try:
            _compile(model, task, exams[0])
            _all_rounds(outcome, trainings, watch, lambda: clock() - begin)
        except KeyboardInterrupt:
            if not outcome.epochs:
                raise
            outcome.ended = "interrupted"
            for run in outcome.runs:
                del run.rounds[len(outcome.epochs) :]
        if outcome.ended != "interrupted":
            for one in trainings:
                one.look_at_upright()
        outcome.rates = speed(task, task.plain), speed(task, task.augmented)
    met = [*(exam.failures for exam in exams), *(one.failures for one in trainings)]
    failures = {failure[1]: failure for some in met for failure in some}
    outcome.failures = [failures[name] for name in sorted(failures)]
    outcome.seconds = clock() - begin
    return outcome


def _all_rounds(outcome: Outcome, trainings: "list[_Training]", watch: Watch, elapsed: Callable[[], float]) -> None:
    task = outcome.task
    seconds = None if task.minutes is None else 60 * task.minutes
    evaluated = max(len(one.exam.kept[1]) for one in trainings)
    each = length.epochs_of_round(task.batches, task.batch_size, evaluated)
    total = steady = None
    if task.epochs is not None:
        each = max(1, task.epochs // 18)
        total = -(-task.epochs // each)
        steady = length.constant(total)
    done = 0
    while total is None or done < total:
        rate = RATE * length.rate(done, steady, total)
        epochs = each if task.epochs is None else min(each, task.epochs - done * each)
        measured: list[Round] = []
        for one in trainings:
            watch(outcome, done + len(measured) / len(trainings), total)
            measured.append(one.learn(epochs, rate))
        # Together, so that an interruption leaves all runs with the same number of rounds.
        for one, result in zip(trainings, measured, strict=True):
            one.run.rounds.append(result)
        outcome.epochs.append((outcome.epochs[-1] if outcome.epochs else 0) + epochs)
        done += 1
        if total is None:
            if length.converged(outcome.stopping(True)):
                outcome.ended = "converged"
            elif seconds is not None and not length.affordable(done, elapsed(), seconds):
                outcome.ended = "time"
            if outcome.ended != "epochs":
                steady, total = done, done + length.settling(done)
    watch(outcome, done, total)


class _Exam:
    """The images of a seed that its two networks are evaluated on."""

    def __init__(self, model: Any, task: Task, seed: int) -> None:
        self.model, self.task, self.seed, self.parts = model, task, seed, task.parts[seed]
        train, stopping, test = self.parts
        some = train.subset(np.arange(len(train))[:: -(-len(train) // KNOWN)])
        # A loader for each: what stands in for a file that cannot be read is of the same part.
        loaders = [_loader(task, part, task.plain, 0) for part in (some, stopping, test) if part is not None]
        self.kept = _joined([_keep(loader) for loader in loaders])
        self.failures = [failure for loader in loaders for failure in loader.errors]
        self._ends = [len(some), len(self.kept[1]) - len(test)]

    def normalize(self) -> None:
        """Let the model take its statistics from images that it learned from, as they are."""
        known = self.kept[0][: self._ends[0]]
        network.normalize(self.model, known[:: -(-len(known) // _TEST_BATCH)].astype(np.float32))

    def take(self, fitted: float) -> Round:
        """What the model, as it is now, makes of them; its statistics become those of images as they are."""
        self.normalize()
        known, stopping, tested = np.split(_right(self.model, self.kept), self._ends)
        return Round(fitted, float(known.mean()), float(stopping.mean()) if len(stopping) else None, tested)


class _Training:
    """One of the runs, which take turns with one compiled model."""

    def __init__(self, exam: _Exam, augmented: bool) -> None:
        task, seed, parts = exam.task, exam.seed, exam.parts
        self.exam = exam
        self.run = Run(seed, augmented, [parts.test.name(index) for index in range(len(parts.test))])
        self._state = network.fresh(exam.model, seed)
        self._loader = _loader(task, parts.train, task.augmented if augmented else task.plain, seed, training=True)
        self._batches = self._loader.keras()

    @property
    def failures(self) -> list[tuple[int, str, str]]:
        """Files that could not be read."""
        return self._loader.errors

    def learn(self, epochs: int, rate: float) -> Round:
        """Another round."""
        model = self.exam.model
        network.restore(model, self._state, rate)
        begin = time.perf_counter()
        history = model.fit(self._batches, epochs=epochs, verbose=0)
        self.run.seconds += time.perf_counter() - begin
        self.run.images += epochs * len(self._batches) * self.exam.task.batch_size
        self._state = network.state(model)
        return self.exam.take(history.history["accuracy"][-1])

    def look_at_upright(self) -> None:
        """Test it on the unchanged test images too, where there are such."""
        model, task = self.exam.model, self.exam.task
        if task.upright is not None:
            network.restore(model, self._state, RATE)
            self.exam.normalize()
            self.run.upright = float(_right(model, _keep(_loader(task, task.upright, task.plain, 0))).mean())


def speed(task: Task, pipeline: Callable[[int], Compose], seconds: float = 1.0) -> float:
    """Images per second that the loader makes where nobody keeps it waiting, after its first epoch."""
    loader = _loader(task, task.train, pipeline, 0, training=True)
    done = sum(len(batch) for batch in loader)
    begin, done = time.perf_counter(), 0
    while time.perf_counter() < begin + seconds:
        done += sum(len(batch) for batch in loader)
    return done / (time.perf_counter() - begin)


def _loader(
    task: Task, source: Source, pipeline: Callable[[int], Compose], seed: int, *, training: bool = False
) -> Loader:
    return Loader(
        source,
        pipeline(task.size),
        task.batch_size if training else _TEST_BATCH,
        seed=seed,
        shuffle=training,
        drop_remainder=training,  # one shape of batch: the network is compiled once
        on_error="skip" if task.forgive else "raise",
        color=task.color,
        cache=_CACHE if training else None,
    )


def _keep(loader: Loader) -> Kept:
    """What networks are evaluated on stays the same, so it is read once; half precision is finer than 8 bits."""
    batches = list(loader)
    images = np.concatenate([batch.image.astype(np.float16) for batch in batches])
    return images, np.concatenate([batch.label for batch in batches])


def _joined(parts: Sequence[Kept]) -> Kept:
    return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])


def _right(model: Any, kept: Kept) -> NDArray[np.bool_]:
    """Which of the images the model recognizes."""
    found = []
    for start in range(0, len(kept[1]), _TEST_BATCH):
        images = np.zeros((_TEST_BATCH, *kept[0].shape[1:]), np.float32)  # one shape: compiled once
        part = kept[0][start : start + _TEST_BATCH]
        images[: len(part)] = part
        found.append(np.argmax(model.predict_on_batch(images)[: len(part)], axis=1))
    right: NDArray[np.bool_] = np.concatenate(found) == kept[1]
    return right


def _compile(model: Any, task: Task, exam: _Exam) -> None:
    """One step and one test, so that the time it takes to compile is nobody's."""
    batch = _loader(task, task.train, task.plain, 0, training=True).batch(0, 0)
    model.fit(batch.image, batch.label, batch_size=task.batch_size, verbose=0)
    _right(model, (exam.kept[0][:1], exam.kept[1][:1]))
