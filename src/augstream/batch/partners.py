"""Whom a sample is mixed with: those that come next in the shuffled order of its epoch."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from augstream.errors import PipelineError
from augstream.rng import Follow, Integers, permute, unpermute
from augstream.sources.source import Source

AHEAD = 8


@dataclass(frozen=True, eq=False)
class Partners:
    """The order of partners is the keyed one even where the loader does not shuffle, so that they are random.

    A sample that is the same one of the source (repeated by `balance` or `weights`) is passed over.
    """

    source: Source
    seed: int

    @cached_property
    def origin(self) -> Integers | None:
        """(n,) numbers that are equal where two samples are the same one; None where no two are."""
        origin = self.source._origin({})
        return None if len(np.unique(origin)) == len(origin) else origin

    def follow(self, epoch: int, bad: Collection[int] = ()) -> Follow:
        """(samples (r,), k) -> the k that follow each, (r, k). bad: samples that the next ones stand in for."""
        n = len(self.source)

        def following(index: Integers, k: int) -> Integers:
            position = unpermute(self.seed, epoch, n, index)
            found = np.empty((len(index), 0), np.int64)
            for begin in range(0, n - 1, k + AHEAD):
                places = position[:, None] + 1 + np.arange(begin, min(begin + k + AHEAD, n - 1))
                found = np.concatenate(
                    [found, permute(self.seed, epoch, n, places.reshape(-1) % n).reshape(places.shape)], 1
                )
                fits = ~np.isin(found, list(bad)) if bad else np.ones(found.shape, bool)
                if self.origin is not None:
                    fits &= self.origin[found] != self.origin[index][:, None]
                if (fits.sum(axis=1) >= k).all():
                    first = np.argsort(~fits, axis=1, kind="stable")[:, :k]
                    return np.take_along_axis(found, first, axis=1)
            others = "another sample" if k == 1 else f"{k} other samples"
            broken = f", of which {len(bad)} cannot be read" if bad else ""
            raise PipelineError(f"A mix needs {others} for each one, and the source has too few: {n}{broken}.")

        return following
