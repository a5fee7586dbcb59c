"""Train one network again and again: each seed once with the images as they are and once with them augmented."""

import time
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from augstream.commands.demo import network
from augstream.commands.demo.task import Outcome, Run, Task
from augstream.loader import Loader
from augstream.sources.source import Source
from augstream.transforms.compose import Compose

Watch: TypeAlias = Callable[[int, bool, int, float | None], None]
"""Called with (seed, augmented, epochs done, test accuracy where it was measured), first with 0 epochs."""

RATE = 2e-3
_TEST_BATCH = 250
_HELD = 256 << 20


def train(task: Task, watch: Watch) -> Outcome:
    """All runs of the task. Both of a seed begin with the same weights and take the same number of steps."""
    begin = time.perf_counter()
    outcome = Outcome(task)
    failures = {}
    classes = task.train.classes or []
    model = network.build(
        task.size, 1 if task.color == "gray" else 3, len(classes), rate=RATE, steps=task.epochs * task.batches
    )
    test = _loader(task, task.test, task.plain, 0)
    with warnings.catch_warnings():
        # Said once, at the end, for all runs together.
        warnings.filterwarnings("ignore", message="epoch .* could not be read")
        kept = _keep(test, task)
        _compile(model, task, kept)
        for seed in range(task.seeds):
            for augmented in (False, True):
                pipeline = task.augmented if augmented else task.plain
                loader = _loader(task, task.train, pipeline, seed, training=True)
                network.restart(model, seed)
                watch(seed, augmented, 0, None)
                outcome.runs.append(_run(model, task, seed, augmented, loader, kept, watch))
                failures.update({failure[1]: failure for failure in loader.errors})
        outcome.rates = speed(task, task.plain), speed(task, task.augmented)
    failures.update({failure[1]: failure for failure in test.errors})
    outcome.failures = list(failures.values())
    outcome.seconds = time.perf_counter() - begin
    return outcome


def speed(task: Task, pipeline: Callable[[int], Compose], seconds: float = 1.0) -> float:
    """Images per second that the loader makes where nobody keeps it waiting."""
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
    )


def _keep(loader: Loader, task: Task) -> Any:
    """Test images stay the same, so they are read once, unless there are very many; as `fit` takes them."""
    channels = 1 if task.color == "gray" else 3
    if len(loader.source) * task.size**2 * channels * 4 > _HELD:
        return loader.keras()
    batches = list(loader)
    return np.concatenate([batch.image for batch in batches]), np.concatenate([batch.label for batch in batches])


def _evaluate(model: Any, pictures: Any) -> float:
    """The accuracy, 0..1."""
    x, y = pictures if isinstance(pictures, tuple) else (pictures, None)
    return float(model.evaluate(x, y, batch_size=_TEST_BATCH, verbose=0, return_dict=True)["accuracy"])


def _compile(model: Any, task: Task, kept: Any) -> None:
    """One step and one test, so that the time it takes to compile is nobody's."""
    batch = _loader(task, task.train, task.plain, 0, training=True).batch(0, 0)
    model.fit(batch.image, batch.label, batch_size=task.batch_size, verbose=0)
    _evaluate(model, kept)


def _run(model: Any, task: Task, seed: int, augmented: bool, loader: Loader, kept: Any, watch: Watch) -> Run:
    import keras

    trained: list[float] = []
    tested: list[float] = []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        """Counts the seconds of training alone, without those of testing."""

        seconds = 0.0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.begin = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seconds += time.perf_counter() - self.begin
            accuracy = None
            if epoch + 1 in task.tested:
                trained.append(float((logs or {})["accuracy"]))
                tested.append(accuracy := _evaluate(model, kept))
            watch(seed, augmented, epoch + 1, accuracy)

    clock = Clock()
    model.fit(loader.keras(), epochs=task.epochs, verbose=0, callbacks=[clock])
    upright = None
    if task.upright is not None:
        upright = _evaluate(model, _keep(_loader(task, task.upright, task.plain, 0), task))
    rate = task.epochs * task.batches * task.batch_size / clock.seconds
    return Run(seed, augmented, tested, trained, upright, rate)
