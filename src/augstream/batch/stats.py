"""Where the time of a loader goes, and what a person can do about it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from augstream.batch.byte_size import spelled
from augstream.concurrency.lock import Lock

Stage: TypeAlias = Literal["read", "plan", "decode", "run"]
STAGES: tuple[Stage, ...] = ("read", "plan", "decode", "run")
_LITTLE = 0.1


@dataclass(frozen=True)
class Stats:
    """What a loader has done since it was made, or since `loader.stats(reset=True)`; print it.

    seconds: from the first batch asked for to the last one handed out, pauses between epochs left out. wait: the share
    of them in which the consumer waited for a batch. read, plan, decode, run: shares of the time the threads worked.
    cached: the share of samples that were in the cache; cache_bytes: what it holds. errors: samples that were skipped.
    """

    images: int
    batches: int
    seconds: float
    wait: float
    read: float
    plan: float
    decode: float
    run: float
    cached: float
    cache_bytes: int
    errors: int
    threads: int
    cores: int
    full: bool = False

    @property
    def images_per_second(self) -> float:
        """Of the whole training loop: a slow consumer makes it small."""
        return self.images / self.seconds if self.seconds else 0.0

    @property
    def bottleneck(self) -> Literal["nothing yet", "consumer", "read", "plan", "decode", "run"]:
        """What sets the pace: the consumer, or the stage in which the threads spend most of their time."""
        if not self.batches:
            return "nothing yet"
        if self.wait < _LITTLE:
            return "consumer"
        return max(STAGES, key=lambda stage: getattr(self, stage))

    @property
    def advice(self) -> str:
        """One sentence: what is slow, and what to change."""
        waits = f"the consumer waits {self.wait:.0%} of the time"
        idle = self.threads < self.cores
        more = f"more threads ({self.threads} of {self.cores} cores are used)" if idle else ""
        if self.bottleneck == "nothing yet":
            return "No batch has been handed out yet."
        if self.bottleneck == "consumer":
            return f"Consumer-bound: {waits}, so a faster loader would change nothing."
        if self.bottleneck == "read":
            return (
                f"Read-bound: {waits}; keep the files nearer or in larger pieces, or pass cache= or a larger prefetch=."
            )
        if self.bottleneck == "decode":
            if self.full:
                cure = "the cache is full: a larger cache=, smaller files"
            else:
                cure = "cache= keeps decoded images" if not self.cache_bytes else "later epochs find more in the cache"
            return f"Decode-bound: {waits}; {' or '.join(filter(None, [more, cure]))}."
        if self.bottleneck == "plan":
            return f"Plan-bound: {waits}; larger batches spread the work that each batch costs."
        cure = "a smaller output size, or fewer transforms that need a pass of their own (print the pipeline)"
        return f"Run-bound: {waits}; {' or '.join(filter(None, [more, cure]))}."

    def __str__(self) -> str:
        shares = ", ".join(f"{stage} {getattr(self, stage):.0%}" for stage in STAGES)
        cache = f", {self.cached:.0%} from the cache ({spelled(self.cache_bytes)})" if self.cache_bytes else ""
        errors = f", {self.errors} skipped" if self.errors else ""
        advice = self.advice[0].lower() + self.advice[1:]
        return f"{self.images_per_second:,.0f} images/s: {shares}{cache}{errors}; {advice}"


class Clock:
    """Adds up seconds by stage; any thread may do so."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Begins anew."""
        with self._lock:
            self.spent: dict[Stage, float] = dict.fromkeys(STAGES, 0.0)
            self.images = self.batches = self.found = self.looked = 0
            self.waited = self.away = 0.0

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Counts what is done inside."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - begin)

    def add(self, stage: Stage, seconds: float) -> None:
        """Counts seconds of one thread."""
        with self._lock:
            self.spent[stage] += seconds

    def core(self, seconds: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
        """Counts what the core says: [decoding, all]."""
        self.add("decode", float(seconds[0]))
        self.add("run", float(seconds[1] - seconds[0]))

    def handed(self, images: int, waited: float, away: float) -> None:
        """Counts one batch: how long the consumer waited for it, and how long it had been away before."""
        with self._lock:
            self.images += images
            self.batches += 1
            self.waited += waited
            self.away += away

    def looked_up(self, found: int, looked: int) -> None:
        """Counts what was looked for in the cache."""
        with self._lock:
            self.found += found
            self.looked += looked

    def stats(self, threads: int, cores: int, cache_bytes: int, errors: int, full: bool) -> Stats:
        """All of it in shares."""
        with self._lock:
            seconds, busy = self.waited + self.away, sum(self.spent.values())
            share = {stage: spent / busy if busy else 0.0 for stage, spent in self.spent.items()}
            return Stats(
                images=self.images,
                batches=self.batches,
                seconds=seconds,
                wait=self.waited / seconds if seconds else 0.0,
                cached=self.found / self.looked if self.looked else 0.0,
                cache_bytes=cache_bytes,
                errors=errors,
                threads=threads,
                cores=cores,
                full=full,
                **share,
            )
