"""Images that are the same, found without comparing each with each."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from augstream.check.fingerprint import BITS, FLAT, NEAR, Fingerprints, distance

_Rows = NDArray[np.int64]

# Copies differ in about one bit of a hundred: of 8 keys of 24 bits at least one is the same, but for 1 copy in 100,000.
_KEYS = 8
_MAX_BITS_APART = 40
# Of images with the same key, each is compared with as many that follow it: no folder takes longer than n times this.
_NEIGHBORS = 32
_CHUNK = 1 << 16
_ONES = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


def exact(digests: NDArray[np.uint64]) -> list[_Rows]:
    """Groups of at least two rows with the same digest (n, 2), each sorted, in the order of their first rows."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    other = (digests[order][1:] != digests[order][:-1]).any(axis=1)
    return _groups(order, np.cumsum(np.concatenate([[False], other])))


def near(prints: Fingerprints, rows: _Rows, at_most: float = NEAR) -> tuple[list[_Rows], dict[int, float]]:
    """Groups of those of the `rows` (in rising order) whose images look the same, directly or by way of others.

    Also, for each member of a group, how far one that it was joined with is. Images without any contrast are left
    out, as they have nothing to compare.
    """
    rows = rows[prints.contrast[rows] >= FLAT]
    parent = np.arange(len(rows))
    apart = np.full(len(rows), np.inf, np.float32)
    for one, two in _candidates(prints, rows):
        fresh = parent[one] != parent[two]
        one, two = one[fresh], two[fresh]
        found = distance(prints, rows[one], rows[two])
        close = found <= at_most
        if close.any():
            one, two, found = one[close], two[close], found[close]
            np.minimum.at(apart, one, found)
            np.minimum.at(apart, two, found)
            _join(parent, one, two)
    order = np.argsort(parent, kind="stable")
    groups = [rows[group] for group in _groups(order, parent[order])]
    joined = np.flatnonzero(np.isfinite(apart))
    return groups, dict(zip(rows[joined].tolist(), apart[joined].tolist(), strict=True))


def _join(parent: _Rows, one: _Rows, two: _Rows) -> None:
    """Links pairs in place. Each item's parent is the smallest member of its group, before and after."""
    while True:
        low, high = np.minimum(parent[one], parent[two]), np.maximum(parent[one], parent[two])
        if (low == high).all():
            return
        np.minimum.at(parent, high, low)
        while ((above := parent[parent]) != parent).any():
            parent[:] = above


def _groups(order: _Rows, key: _Rows) -> list[_Rows]:
    """Runs of `order` with the same `key` and at least two items, by their first items."""
    ends = np.concatenate([np.flatnonzero(np.diff(key)) + 1, [len(order)]])
    starts = np.concatenate([[0], ends[:-1]])
    long = ends - starts > 1
    runs = [order[start:end] for start, end in zip(starts[long], ends[long], strict=True)]
    return sorted(runs, key=lambda run: int(run[0]))


def _candidates(prints: Fingerprints, rows: _Rows) -> Iterator[tuple[_Rows, _Rows]]:
    """Pairs of places in `rows` that may be the same image, a chunk at a time; a pair may come more than once."""
    if len(rows) < 2:
        return
    keys = _keys(prints.bits[rows])
    for number in range(_KEYS):
        # Within a key those that agree in the next key as well are neighbors.
        order = np.lexsort((keys[(number + 1) % _KEYS], keys[number]))
        key = keys[number][order]
        for step in range(1, min(_NEIGHBORS, len(rows) - 1) + 1):
            at = np.flatnonzero(key[step:] == key[:-step])
            if not len(at):
                break
            for start in range(0, len(at), _CHUNK):
                one, two = order[at[start : start + _CHUNK]], order[at[start : start + _CHUNK] + step]
                apart = _ONES[prints.bits[rows[one]] ^ prints.bits[rows[two]]].sum(axis=1, dtype=np.int64)
                close = apart <= _MAX_BITS_APART
                yield one[close], two[close]


def _keys(bits: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """(_KEYS, n): every _KEYS-th bit, so that each key holds low and high frequencies.

    Longer for more images, such that few unrelated ones share a key.
    """
    length = int(np.clip(np.ceil(np.log2(len(bits))) + 2, 12, BITS // _KEYS))
    flags = np.unpackbits(bits, axis=1)
    weights = (1 << np.arange(length)).astype(np.uint32)
    return np.stack([flags[:, number::_KEYS][:, :length] @ weights for number in range(_KEYS)])
