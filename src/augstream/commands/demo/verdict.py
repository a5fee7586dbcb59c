"""What the figures say, in words: whether augmentation helps, and if not, what stands in its way."""

from typing import NamedTuple

from augstream.commands.demo.length import WINDOW, Ended
from augstream.commands.demo.task import Outcome

GOOD = 0.05
"""A gain that one may expect from augmentation on few photos."""


class Figures(NamedTuple):
    """Means over the seeds, 0..1, each (without, with) augmentation.

    accuracy: on the test images. known: on the images learned from, as they are. fitted: with augmentation, on the
    images as they were fed. chance: standard error of the difference in accuracy. photos: different test images.
    """

    accuracy: tuple[float, float]
    known: tuple[float, float]
    fitted: float
    chance: float
    photos: int
    classes: int
    ended: Ended
    minutes: float | None = None


def figures(outcome: Outcome) -> Figures:
    """Those of an outcome."""
    return Figures(
        (outcome.accuracy(False).mean, outcome.accuracy(True).mean),
        (outcome.known(False).mean, outcome.known(True).mean),
        outcome.fitted(True),
        outcome.chance,
        outcome.photos,
        len(outcome.task.train.classes or []),
        outcome.ended,
        outcome.task.minutes,
    )


def sentences(found: Figures) -> list[str]:
    """The verdict, and the reasons where the gain is small or uncertain."""
    gain = found.accuracy[1] - found.accuracy[0]
    said = [_verdict(found, gain)]
    if gain < GOOD or gain < 2 * found.chance:
        said += _reasons(found)
    elif found.ended == "time":
        said.append(_short_of_time(found))
    if found.ended == "interrupted":
        said.append("Interrupted: these are the figures of that moment, and another minute would change them.")
    return said


def length_of(outcome: Outcome) -> str:
    """How long the runs were, and why."""
    task, epochs = outcome.task, outcome.epochs[-1]
    why = {
        "converged": "the accuracy with augmentation had stopped rising",
        "time": f"the time allowed, {task.minutes:g} minutes, was up" if task.minutes else "",
        "epochs": "a number fixed beforehand",
        "interrupted": "interrupted",
    }[outcome.ended]
    window = min(WINDOW, len(outcome.epochs))
    return (
        f"Each run took {epochs * task.batches:,} steps of {task.batch_size} images ({epochs:,} epochs; {why}). "
        f"An accuracy is the mean of the last {window} evaluations."
    )


def _verdict(found: Figures, gain: float) -> str:
    margin = f"chance alone moves the difference by up to {200 * found.chance:.1f} points"
    where = f"with {found.photos:,} test images, {margin}"
    if gain >= 2 * found.chance:
        return f"Augmentation helps: {100 * gain:+.1f} points; {where}."
    if gain <= -2 * found.chance:
        return f"This augmentation does harm here: {100 * gain:+.1f} points; {where}."
    return f"No difference can be told: it is {100 * gain:+.1f} points, but {where}. More photos would tell."


def _reasons(found: Figures) -> list[str]:
    said = []
    without, with_ = found.accuracy
    if max(without, with_) < 1.5 / found.classes and found.known[0] < 0.8:
        said.append(
            f"Neither network has learned much: guessing gets {100 / found.classes:.0f} % right. Look at the photos "
            "and their folders; a larger --size may help, too."
        )
    if without >= 0.97:
        said.append(f"Without augmentation {100 * without:.1f} % are right already, so there is little left to gain.")
    elif found.known[0] - without < 0.05:
        said.append(
            f"Without augmentation the network hardly overfits: {100 * found.known[0]:.1f} % on what it learned from, "
            f"{100 * without:.1f} % on new photos. Augmentation has little to do here."
        )
    if found.ended == "time":
        said.append(_short_of_time(found))
    if found.fitted < 0.85 and found.known[1] < 0.9 and found.known[0] - found.known[1] > 0.05:
        said.append(
            f"Augmentation may be too strong for this network: it gets only {100 * found.fitted:.1f} % right of the "
            f"augmented images it learns from, and {100 * found.known[1]:.1f} % of the same photos as they are "
            f"({100 * found.known[0]:.1f} % without augmentation)."
        )
    return said


def _short_of_time(found: Figures) -> str:
    minutes = f"{found.minutes:g} minutes" if found.minutes else "time"
    return (
        f"The {minutes} were over before the accuracy with augmentation had stopped rising. Allow more with --minutes: "
        "a network with augmentation learns for longer."
    )
