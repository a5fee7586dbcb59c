"""A batch from (epoch, position): which samples stand there, their pixels, and others for those that are bad."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from augstream.batch.failures import Failure, Failures
from augstream.batch.prepare import OR_ALONE, Batch, Recipe, Tools
from augstream.batch.sampler import Order
from augstream.engines.targets import TargetBatch
from augstream.errors import PipelineError, SampleError, ragged

_TRIES = 1000


class Made(NamedTuple):
    """A batch, and the (index, name, reason) of samples that were skipped to fill it."""

    batch: Batch
    failures: list[Failure]


@dataclass(frozen=True)
class Maker:
    """Makes any batch from nothing, in any thread; it does not know the loader, which may go away meanwhile."""

    recipe: Recipe
    order: Order
    failures: Failures

    def make(self, epoch: int, position: int, tools: Tools) -> Made:
        """This rank's part of a batch."""
        positions = self.order.positions(position)
        index = self.order.index(epoch, positions)
        pixels, reasons, moved = self.recipe.make(epoch, index, tools)
        failures: list[Failure] = []
        if reasons:
            bad = {int(index[row]): reasons[row] for row in sorted(reasons)}
            self.failures.judge(self._named(bad))
            pixels, index = self._fill(epoch, positions, pixels, moved, bad, tools)
            failures = self._named(bad)
        return Made(Batch(pixels, self._labels(index), index, epoch, self.recipe.source, moved), failures)

    def _fill(
        self,
        epoch: int,
        positions: NDArray[np.int64],
        pixels: NDArray[Any],
        moved: TargetBatch,
        bad: dict[int, str],
        tools: Tools,
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Puts the sample of the next readable position in the place of each bad one, and adds to `bad` what it meets.

        What stands at a position is thus a function of the position alone, whatever batch or rank asks for it.
        """
        n = self.order.n
        positions = positions.copy()
        index = self.order.index(epoch, positions).copy()
        rows = [row for row, number in enumerate(index.tolist()) if number in bad]
        for _ in range(min(n - 1, _TRIES)):
            tools.threads.check()
            positions[rows] = (positions[rows] + 1) % n
            index[rows] = self.order.index(epoch, positions[rows])
            fresh = [row for row in rows if int(index[row]) not in bad]
            if fresh:
                part, reasons, targets = self.recipe.make(epoch, index[fresh], tools)
                met = {int(index[fresh[row]]): reason for row, reason in reasons.items()}
                self.failures.judge(self._named(met))
                bad |= met
                if len(part):
                    pixels = pixels if len(pixels) else np.empty((len(positions), *part.shape[1:]), part.dtype)
                    if part.shape[1:] != pixels.shape[1:]:
                        raise ragged(f"{pixels.shape[1:]}", f"{part.shape[1:]}", OR_ALONE)
                    pixels[fresh] = part
                    moved.put(fresh, targets, len(positions))
            rows = [row for row in rows if int(index[row]) in bad]
            if not rows:
                return pixels, index
        raise SampleError(self._named(bad))

    def _labels(self, index: NDArray[np.int64]) -> NDArray[Any] | None:
        source = self.recipe.source
        if source.labels is not None:
            return source.labels[index]
        rows = [source.label(number) for number in index.tolist()]
        missing = [number for number, row in zip(index.tolist(), rows, strict=True) if row is None]
        if len(missing) == len(rows):
            return None
        if missing:
            raise SampleError(
                self._named(dict.fromkeys(missing, "has no label, and others of its batch have one")),
                "Give a label to every sample, or to none.",
            )
        try:
            labels = np.asarray(rows)
        except ValueError:
            raise PipelineError(
                f"The labels of a batch must be of one shape; got {', '.join(map(repr, rows)):.200}."
            ) from None
        return labels.astype(np.int64) if labels.dtype.kind in "iu" else labels

    def _named(self, bad: dict[int, str]) -> list[Failure]:
        return [(index, self.recipe.source.name(index), reason) for index, reason in bad.items()]
