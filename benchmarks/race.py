"""The race: contestants take turns on the same files, so that a change of the machine's mood meets them all.

A ratio is taken within one round, and the median over the rounds is reported with the smallest and the largest.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import TracebackType

ROOT = Path(__file__).resolve().parents[1]
Key = tuple[str, str]  # contestant, job


class Contestant:
    """A worker process, asked for one turn at a time."""

    def __init__(self, key: Key, folder: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.worker", *key, str(folder)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def hear(self) -> object:
        assert self.process.stdout is not None
        if line := self.process.stdout.readline():
            return json.loads(line)
        assert self.process.stderr is not None
        raise RuntimeError(self.process.stderr.read().strip() or "the process ended without a word")

    def turn(self, seconds: float) -> tuple[float, float]:
        """Images per second of one turn, and seconds of processor time for each image."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        rate, processor = self.hear()  # type: ignore[misc]
        return rate, processor

    def __enter__(self) -> "Contestant":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Result:
    """Images per second and seconds of processor time per image, turn by turn; and why some contestants are missing."""

    rates: dict[Key, list[float]] = field(default_factory=dict)
    processor: dict[Key, list[float]] = field(default_factory=dict)
    about: dict[Key, object] = field(default_factory=dict)
    missing: dict[Key, str] = field(default_factory=dict)

    def ratio(self, one: Key, other: Key) -> tuple[float, float, float] | None:
        """Median, smallest and largest of one's rate over the other's."""
        if one not in self.rates or other not in self.rates:
            return None
        ratios = [a / b for a, b in zip(self.rates[one], self.rates[other], strict=True)]
        return median(ratios), min(ratios), max(ratios)


def race(keys: Sequence[Key], folder: Path, rounds: int, seconds: float, say: Callable[[str], None]) -> Result:
    result = Result()
    running: dict[Key, Contestant] = {}
    try:
        for key in keys:  # one at a time: starting is work too
            contestant = Contestant(key, folder).__enter__()
            running[key] = contestant
            about = contestant.hear()
            assert isinstance(about, dict)
            if "missing" in about:
                result.missing[key] = about["missing"]
                say(f"    {key[1]}: {key[0]} is left out ({about['missing']})")
                running.pop(key).__exit__(None, None, None)
            else:
                result.about[key], result.rates[key], result.processor[key] = about, [], []
        for number in range(rounds):
            order = list(running)
            for key in order[number % len(order) :] + order[: number % len(order)]:
                rate, processor = running[key].turn(seconds)
                result.rates[key].append(rate)
                result.processor[key].append(processor)
            say(f"    round {number + 1} of {rounds}")
    finally:
        for contestant in running.values():
            contestant.__exit__(None, None, None)
    return result
