"""Named draws from a counter: the only randomness in the package, and a pure function of (seed, epoch, index, name).

Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011). The key is a hash of the seed and of
the draw's full name; the counter is (epoch, index, block). So a draw has its own stream of bits: another draw beside
it, another sample in the batch or another order of asking changes nothing.
"""

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.errors import PipelineError
from augstream.record import record

Reals: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Pair: TypeAlias = tuple[float, float]
Follow: TypeAlias = Callable[[Integers, int], Integers]
Value = TypeVar("Value", bound=NDArray[Any])


class Spread(Protocol):
    """What draws numbers otherwise than evenly from a range."""

    def values(self, rng: "Rng", name: str, k: int) -> Reals:
        """(n, k) numbers, drawn under this name."""


class Draw(NamedTuple):
    """One draw for a whole batch, as `Pipeline.explain` prints it."""

    name: str
    value: NDArray[Any]
    unit: str


class Crowd(NamedTuple):
    """The samples that a pipeline with mixes is drawn for: its results first, then the partners that these need.

    sizes: how many there are before the first mix, behind it, behind the second one, ... partners: (m, k) rows of the
    k samples that each one is mixed with, where it is before the first mix; -1 where that mix has no need of them.
    """

    sizes: tuple[int, ...]
    partners: Integers


@record(frozen=True, eq=False)
class Rng:
    """Draws for the samples `index` (n,) of one epoch, under names that begin with `path`.

    trace: where given, every draw is also appended to it. crowd: what a mix finds its partners by.
    """

    seed: int
    epoch: int
    index: Integers
    path: str = ""
    trace: list[Draw] | None = None
    crowd: Crowd | None = None

    def __len__(self) -> int:
        return len(self.index)

    def child(self, name: str) -> "Rng":
        """The draws of a part of the pipeline."""
        return Rng(self.seed, self.epoch, self.index, self._full(name), self.trace, self.crowd)

    def mixed(self) -> "Rng":
        """The draws of what the next mix makes: fewer samples than go into it, or as many."""
        if self.crowd is None:
            return self
        sizes, partners = self.crowd
        n = sizes[1]
        return Rng(self.seed, self.epoch, self.index[:n], self.path, self.trace, Crowd(sizes[1:], partners[:n]))

    def partners(self, k: int) -> Integers:
        """(n, k) rows of the next k samples in the order of the epoch, among those before the mix that asks."""
        if self.crowd is None or self.crowd.partners.shape[1] < k:
            raise PipelineError("A mix needs partners, and the images at hand have none.")
        return self.crowd.partners[:, :k]

    def beta(self, name: str, a: float, unit: str = "") -> Reals:
        """Numbers from the symmetric beta distribution Beta(a, a), (n,).

        By a Student t (Bailey, "Polar generation of random variates with the t-distribution", 1994) with 2 a degrees of
        freedom, whose place in the plane is a beta variate (Devroye, "Random variate generation in one line of code",
        1996): two uniform numbers, no rejection.
        """
        u, v = _core.uniform(*self.stream(name), 2, 0.0, 1.0).T
        with np.errstate(over="ignore", invalid="ignore"):  # where a is tiny, t is infinite, which is its limit
            wide = np.expm1(-np.log1p(-u) / a)  # (1 - u) ** (-1 / a) - 1
            t = np.sqrt(wide) * np.cos(2 * np.pi * v)
            beta = np.where(np.isinf(t), t > 0, 0.5 + 0.5 * t / np.sqrt(1 + t * t))
        return self._seen(name, beta, unit)

    def key(self, name: str) -> NDArray[np.uint64]:
        """(n,) keys for random numbers of pixels."""
        return self._seen(name, _core.keys(*self.stream(name)), "as key")

    def draw(self, name: str, span: "Pair | Spread", k: int | None = None, unit: str = "") -> Reals:
        """One value a row, (n,) or (n, k), of what an argument stands for: a range (low, high) or a distribution."""
        if isinstance(span, tuple):
            low, high = span
            return self._seen(name, _core.uniform(*self.stream(name), k, low, high), unit)
        values = span.values(self, name, k or 1)
        return self._seen(name, values[:, 0] if k is None else values, unit)

    def whole(self, name: str, span: "tuple[int, int] | Spread", unit: str = "") -> Integers:
        """Whole numbers (n,) of a range, both ends included, or of a distribution, rounded."""
        if isinstance(span, tuple):
            low, high = span
            return self.integers(name, high - low + 1, unit, low)
        return self._seen(name, np.rint(span.values(self, name, 1)[:, 0]).astype(np.int64), unit)

    def uniform(
        self, name: str, low: float | Reals, high: float | Reals, k: int | None = None, unit: str = ""
    ) -> Reals:
        """Numbers in [low, high), (n,) or (n, k); exactly `low` where the two are equal."""
        return self._seen(name, _core.uniform(*self.stream(name), k, low, high), unit)

    def normal(self, name: str, unit: str = "") -> Reals:
        """Standard normal numbers (n,), by Box and Muller."""
        return self._seen(name, _core.normal(*self.stream(name)), unit)

    def chance(self, name: str, p: float) -> Mask:
        """True with probability p, (n,)."""
        return self._seen(name, _core.chance(*self.stream(name), p), f"p {p:g}" if self.trace is not None else "")

    def integers(self, name: str, n: int | Integers, unit: str = "", low: int | Integers = 0) -> Integers:
        """Whole numbers in [low, low + n), (n,); both may differ from sample to sample."""
        return self._seen(name, _core.integers(*self.stream(name), n, low), unit)

    def choice(self, name: str, weights: Sequence[float]) -> Integers:
        """Position in `weights`, with a probability proportional to the weight, (n,)."""
        return self._seen(name, _core.choice(*self.stream(name), weights), f"of 0..{len(weights) - 1}")

    def order(self, name: str, k: int) -> Integers:
        """A random order of range(k) for each sample, (n, k)."""
        return self._seen(name, _core.order(*self.stream(name), k), "")

    def _full(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name

    def stream(self, name: str) -> tuple[int, int, Integers]:
        """What the core draws numbers of this name from: key, epoch, index."""
        return key(self.seed, self._full(name)), self.epoch, self.index

    def _seen(self, name: str, value: Value, unit: str) -> Value:
        if self.trace is not None:
            self.trace.append(Draw(self._full(name), value, unit))
        return value


def gather(index: Integers, mixers: Sequence[int], follow: Follow) -> tuple[Integers, Crowd | None]:
    """The samples (m,) that the results `index` (n,) are made of: these first, then the partners that mixes need.

    mixers: how many partners each mix needs, in their order. follow: (samples (r,), k) -> (r, k), the k samples that
    come after each in the order of the epoch.
    """
    if not mixers:
        return index, None
    samples, row, sizes = index.tolist(), dict[int, int](), [len(index)]
    for place, number in enumerate(samples):
        row.setdefault(number, place)
    for k in reversed(mixers):
        for number in follow(np.array(samples, np.int64), k).reshape(-1).tolist():
            if row.setdefault(number, len(samples)) == len(samples):
                samples.append(number)
        sizes.insert(0, len(samples))
    inputs = np.array(samples, np.int64)
    after = follow(inputs, max(mixers)).tolist()
    partners = np.array([[row.get(number, -1) for number in some] for some in after], np.int64)
    return inputs, Crowd(tuple(sizes), partners)


def crowded(rng: Rng, mixers: Sequence[int]) -> Rng:
    """The draws of images (n,) and of partners that each has to itself: all first partners, all second ones, ..."""
    places, crowd = gather(np.zeros(1, np.int64), mixers, successors)
    if crowd is None:
        return rng
    n, own = len(rng), crowd.partners[:, None, :]
    index = (places[:, None] + rng.index).reshape(-1)
    partners = np.where(own < 0, -1, own * n + np.arange(n)[:, None]).reshape(len(index), -1)
    return Rng(
        rng.seed, rng.epoch, index, rng.path, rng.trace, Crowd(tuple(size * n for size in crowd.sizes), partners)
    )


def successors(index: Integers, k: int) -> Integers:
    """(n, k) the next k numbers: who follows whom where there is no order of an epoch."""
    return index[:, None] + np.arange(1, k + 1)


def fresh(n: int) -> Integers:
    """(n,) numbers of samples that nobody has drawn for, for calls that ask for nothing repeatable.

    From the system's entropy, so that processes which were forked differ too. No seed: the keys of all draws would have
    to be made anew.
    """
    return np.frombuffer(os.urandom(8 * n), np.int64) & (2**62 - 1)


@lru_cache(maxsize=4096)
def key(seed: int, name: str) -> int:
    """The 64-bit Philox key of a draw. Changing this changes every result ever drawn: a major version."""
    from hashlib import blake2b  # brings OpenSSL along, so not on import

    return int.from_bytes(blake2b(f"{seed}/{name}".encode(), digest_size=8).digest(), "little")


def permute(seed: int, epoch: int, n: int, positions: Integers) -> Integers:
    """Which of n samples stand at these positions (m,) of a shuffled epoch: a bijection on range(n)."""
    return _core.permute(key(seed, f"order/{epoch}"), n, positions)


def unpermute(seed: int, epoch: int, n: int, index: Integers) -> Integers:
    """At which positions of a shuffled epoch these samples (m,) stand: the inverse of `permute`."""
    return _core.unpermute(key(seed, f"order/{epoch}"), n, index)
