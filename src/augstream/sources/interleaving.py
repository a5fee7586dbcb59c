"""Several sources in turn."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from augstream.errors import ArgumentError
from augstream.sources import split
from augstream.sources.source import Joined, Source, Subset


def interleave(sources: Sequence[Source], weights: ArrayLike | None = None, length: int | None = None) -> Subset:
    """Samples of several sources in turn, those of each in proportion to its weight and evenly spread.

    weights: how often each source has its turn; None: equally often. length: of the new source; None is as long as
    it takes for every sample of every source to be there once; those of the other sources are repeated.
    """
    given_sources: object = sources
    if not isinstance(given_sources, Sequence) or not given_sources or not all(isinstance(s, Source) for s in sources):
        raise ArgumentError(f"interleave.sources must be a list of sources; got {sources!r:.80}.")
    empty = next((number for number, one in enumerate(sources) if not len(one)), None)
    if empty is not None:
        raise ArgumentError(f"interleave.sources[{empty}] has no samples.")
    given = split.weights_of([1.0] * len(sources) if weights is None else weights, len(sources), "interleave.weights")
    if not given.all():
        raise ArgumentError(f"interleave.weights must be above 0; got {given.tolist()}. Leave the source out.")
    sizes = np.array([len(one) for one in sources])
    share = given / given.sum()
    needed = int(np.ceil((sizes / share).max() - 1e-6)) if length is None else length
    turns = split.repeated(share, needed, "interleave")
    counts = np.bincount(turns, minlength=len(sources)).tolist()
    joined = Joined(sources) if len(sources) > 1 else sources[0]
    starts = np.cumsum(sizes) - sizes
    order = np.empty(needed, np.int64)
    for place, start, size in zip(split.alternating(counts), starts, sizes, strict=True):
        order[place] = start + np.arange(len(place)) % size
    return Subset(joined, order)
