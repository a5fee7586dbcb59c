"""Stages of a batch that spare reading and decoding: what a cache has, and what it is given."""

from dataclasses import dataclass

import numpy as np

import augstream._core as _core
from augstream.batch.cache import PIXELS, Cache
from augstream.batch.stages import Record, Stages
from augstream.decode.header import peek
from augstream.decode.sample import Sample, Stack


@dataclass(frozen=True, eq=False)
class Caching:
    """The dealings of batches with a cache."""

    cache: Cache
    stages: Stages

    def look(self, record: Record) -> None:
        """Before reading: what is there, at any scale."""
        record.lookup = self.cache.look(record.inputs)
        record.blocks = record.lookup.blocks
        record.tools.clock.looked_up(len(record.blocks), len(record.inputs))

    def swap(self, record: Record) -> None:
        """Once the plan says at which scale: its block, or the file, in the place of a block of another scale."""
        samples, found = record.ready.samples, record.lookup
        if isinstance(samples, Stack) or found is None:
            return
        scales = self.stages.engine.scales(record.planned.stored, record.ready.stored).tolist()
        for place, (row, scale) in enumerate(zip(record.ready.own, scales, strict=True)):
            if found.scales.get(row, PIXELS) in (PIXELS, scale):
                continue
            block = found.at(row, scale)
            if block is not None:
                samples[place] = block
            else:
                samples[place] = self._read_again(record, place, row)
        record.scales = scales
        # One that is wanted at several scales is not kept.
        record.keep = [scale > 0 and not self.cache.full for scale in scales]

    def _read_again(self, record: Record, place: int, row: int) -> Sample:
        """The file of a row, whose header has been taken from a block."""
        (one,), reasons = self.stages.read_some(record.inputs[row : row + 1])
        table = peek([one])[0]
        known = (*record.ready.stored[place], record.ready.orientation[place])
        if not reasons and (*table[1:3], table[4]) != known:
            reasons = {0: "the file has changed since it was cached"}
        if reasons:
            record.reasons[row] = reasons[0]
            return b""
        return one

    def keep(self, record: Record) -> None:
        """Once it has run: blocks of what was decoded."""
        found = record.lookup
        if found is None or record.keep is None:
            return
        for row, scale, block in zip(record.ready.own, record.scales, record.keep, strict=True):
            if isinstance(block, np.ndarray) and row not in record.reasons:
                found.put(row, scale, block)
        for row in record.decoded:
            sample = record.samples[row]
            if row not in record.reasons and isinstance(sample, np.ndarray) and not self.cache.full:
                found.put(row, PIXELS, _core.pack(np.ascontiguousarray(sample), int(record.orientation[row])))
