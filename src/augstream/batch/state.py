"""Where a loader is, as a few numbers, and whether these numbers were meant for it."""

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

import numpy as np

from augstream.batch.sampler import Sampler
from augstream.errors import ArgumentError
from augstream.sources.source import Source
from augstream.transforms.compose import Compose

VERSION = 1
_NAMED = 4096
# What must be equal for a state to mean the same samples, and what it is called.
_SAME = {
    "source": "the source",
    "samples": "the number of samples",
    "pipeline": "the pipeline",
    "seed": "seed",
    "shuffle": "shuffle",
    "global_batch": "the global batch (batch_size x ranks)",
    "uneven": "uneven",
}


def state_of(sampler: Sampler, source: str, pipeline: str, epoch: int, batch: int) -> dict[str, Any]:
    """The state before `batch` of an epoch; JSON can hold it, and it is the same on every rank."""
    if batch >= len(sampler):
        epoch, batch = epoch + 1, 0
    return {
        "version": VERSION,
        "epoch": epoch,
        "batch": batch,
        "global_batch": sampler.total,
        "samples": sampler.n,
        "seed": sampler.seed,
        "shuffle": sampler.shuffle,
        "uneven": sampler.uneven,
        "source": source,
        "pipeline": pipeline,
    }


def place_of(state: object, sampler: Sampler, source: str, pipeline: str) -> tuple[int, int]:
    """(epoch, batch) of a state; ArgumentError where it belongs to something else, naming all that differs."""
    own = state_of(sampler, source, pipeline, 0, 0)
    if not isinstance(state, Mapping) or not own.keys() <= state.keys():
        got = sorted(map(str, state)) if isinstance(state, Mapping) else type(state).__name__
        raise ArgumentError(f"load_state_dict needs what state_dict() returned; got {got}.")
    if state["version"] != VERSION:
        raise ArgumentError(f"The state is of version {state['version']!r}; this augstream reads version {VERSION}.")
    differs = [
        f"{what} ({state[key]!r} there, {own[key]!r} here)" for key, what in _SAME.items() if state[key] != own[key]
    ]
    if differs:
        raise ArgumentError(
            f"The state belongs to another loader; what differs: {'; '.join(differs)}. Make the loader as it was then, "
            "or set loader.epoch to begin at an epoch without a state."
        )
    epoch, batch = state["epoch"], state["batch"]
    if not all(isinstance(number, int) and number >= 0 for number in (epoch, batch)):
        raise ArgumentError(f"The state's epoch and batch must be integers of at least 0; got {epoch!r} and {batch!r}.")
    if batch >= len(sampler):
        raise ArgumentError(
            f"The state is before batch {batch}, and with {sampler.world} ranks an epoch has only {len(sampler)}: its "
            "last samples are split in another way. Go on with the number of ranks there was, or from an earlier state."
        )
    return epoch, batch


def pipeline_fingerprint(pipeline: Compose) -> str:
    """16 hexadecimal digits that change with any argument of any transform."""
    return _digest(json.dumps(pipeline.to_dict(), sort_keys=True, default=repr).encode())


def source_fingerprint(source: Source) -> str:
    """16 hexadecimal digits of what a source says about itself: its kind, classes, labels, weights, names and boxes.

    Of more than 4,096 samples the names, boxes and points of so many from all over it count. No sample is read, and
    where a folder stands makes no difference.
    """
    own = getattr(source, "fingerprint", None)
    if callable(own):
        return str(own())
    chosen = np.unique(np.linspace(0, len(source) - 1, _NAMED).astype(np.int64)).tolist()
    labels, weight = source.labels, source.sample_weight
    parts = [
        type(source).__name__.encode(),
        str(len(source)).encode(),
        repr(source.classes).encode(),
        b"" if labels is None else repr((labels.shape, labels.dtype.str)).encode(),
        b"" if labels is None or labels.dtype.hasobject else np.ascontiguousarray(labels).tobytes(),
        b"" if weight is None else np.ascontiguousarray(weight).tobytes(),
        repr((source.peak, source.rules)).encode(),
        *(source.name(index).encode("utf-8", "surrogatepass") for index in chosen),
        *(part for index in chosen for part in _annotated(source, index)),
    ]
    return _digest(*parts)


def _annotated(source: Source, index: int) -> Iterator[bytes]:
    """What is noted about a sample, apart from what would have to be read."""
    leaf, inner = source.leaf(index)
    notes = leaf.annotations
    for rows in () if notes is None else (notes.boxes, notes.box_label, notes.points):
        if rows is not None:
            yield rows[inner].tobytes()


def _digest(*parts: bytes) -> str:
    hashed = blake2b(digest_size=8)
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little"))
        hashed.update(part)
    return hashed.hexdigest()
