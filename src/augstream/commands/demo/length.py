"""How long a run is: until validation accuracy has stopped rising, or as long as there is time, and then it settles.

A run is counted in rounds; after each of them the networks are evaluated. Its first part is learned at a constant rate,
as nobody knows yet how long it will be; in the second one the rate falls to nothing, which steadies the accuracy.
"""

import math
from collections.abc import Sequence
from statistics import mean
from typing import Literal

PATIENCE = 20
"""Rounds without a new best, after which the accuracy has stopped rising."""
SMOOTHED = 10
"""Rounds whose mean is looked at for that: at the constant rate, accuracy jumps from one evaluation to the next."""
WINDOW = 5
"""Evaluations at the end whose mean is reported."""
STEPS = 50
"""Least number of steps of a round."""

Ended = Literal["converged", "time", "epochs", "interrupted"]


def smooth(values: Sequence[float]) -> list[float]:
    """The means of each SMOOTHED successive values, at least one."""
    width = min(SMOOTHED, len(values))
    return [mean(values[end - width : end]) for end in range(width, len(values) + 1)]


def converged(values: Sequence[float]) -> bool:
    """Whether the accuracy after each round has stopped rising: its mean had no new best for PATIENCE rounds."""
    means = smooth(values)
    return len(means) - 1 - means.index(max(means)) >= PATIENCE


def settling(rounds: int) -> int:
    """How many rounds of a falling rate follow on `rounds` of a constant one."""
    return max(WINDOW + 1, math.ceil(rounds / 3))


def affordable(rounds: int, elapsed: float, seconds: float) -> bool:
    """Whether another round at the constant rate leaves the time to settle; elapsed: what `rounds` took."""
    return elapsed + elapsed / rounds * (1 + settling(rounds + 1)) <= seconds


def constant(total: int) -> int:
    """How many of `total` rounds, where that number is known beforehand, have the constant rate."""
    return next((rounds for rounds in range(total, 0, -1) if rounds + settling(rounds) <= total), total // 2)


def rate(done: int, steady: int | None, total: int | None) -> float:
    """The factor of the learning rate in the round after `done`; steady: rounds at the constant one, if settled."""
    if steady is None or total is None or done < steady:
        return 1.0
    return (total - done) / (total - steady + 1)


def epochs_of_round(batches: int, batch_size: int, evaluated: int) -> int:
    """At least STEPS steps, and enough of them that evaluating takes about a sixth of the time."""
    # An image is evaluated in about a third of the time that learning from it takes.
    return max(1, round(max(STEPS, 2 * evaluated / batch_size) / batches))


def left(done: float, total: int | None, elapsed: float, seconds: float | None) -> tuple[str, float]:
    """("about" | "at most", seconds that are left); done: rounds. ("", 0) where nothing is known yet."""
    most = None if seconds is None else max(0.0, seconds - elapsed)
    if total is not None and done:
        about = elapsed / done * (total - done)
        return "about", about if most is None else min(about, most)
    return ("", 0.0) if most is None else ("at most", most)
