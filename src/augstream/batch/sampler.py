"""Which samples a rank finds in its batches: arithmetic on positions, the same on every rank."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.batch.arguments import one_of
from augstream.errors import ArgumentError
from augstream.rng import permute

Uneven: TypeAlias = Literal["drop", "pad", "share"]


@dataclass(frozen=True)
class Sampler:
    """The batches of one rank of `world`: global batch k is positions k * total ... (k + 1) * total - 1, split by rank.

    uneven: how the incomplete last global batch is handled. "drop": it is left out. "pad": it is filled up
    with samples from the front of the order. "share": each sample once, the ranks' numbers differing by at most one;
    where fewer samples are left than there are ranks, they join the batch before, which then has one more on some.
    """

    n: int
    batch_size: int
    seed: int
    shuffle: bool
    rank: int = 0
    world: int = 1
    uneven: Uneven = "share"

    @property
    def total(self) -> int:
        """Samples of a global batch."""
        return self.batch_size * self.world

    def __len__(self) -> int:
        """Batches of an epoch, the same for every rank."""
        whole, rest = divmod(self.n, self.total)
        least = {"drop": self.total, "pad": 1, "share": self.world}[self.uneven]
        return whole + (rest >= least)

    @property
    def even(self) -> bool:
        """Whether all batches of all ranks are of one size."""
        return self.uneven != "share" or self.n % self.total == 0

    def positions(self, batch: int) -> NDArray[np.int64]:
        """(m,) positions in the epoch's order of this rank's part of a batch."""
        first = batch * self.total
        if self.uneven == "share" and batch == len(self) - 1:
            each, more = divmod(self.n - first, self.world)
            first += self.rank * each + min(self.rank, more)
            return np.arange(first, first + each + (self.rank < more))
        first += self.rank * self.batch_size
        return np.arange(first, first + self.batch_size) % self.n

    def order(self, epoch: int, start: int = 0) -> NDArray[np.int64]:
        """This rank's samples from a batch of an epoch on, as they come out."""
        return self.index(epoch, np.concatenate([self.positions(batch) for batch in range(start, len(self))]))

    def index(self, epoch: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which samples stand at these positions, (m,) to (m,)."""
        return permute(self.seed, epoch, self.n, positions) if self.shuffle else positions


def sampler_of(
    n: int,
    batch_size: int,
    seed: int,
    shuffle: bool,
    shard: tuple[int, int],
    uneven: Uneven | None,
    drop_remainder: bool,
) -> Sampler:
    """The sampler of a Loader's arguments; ArgumentError where it has no batch."""
    if uneven is not None:
        one_of("uneven", uneven, ("share", "drop", "pad"))
        if drop_remainder and uneven != "drop":
            raise ArgumentError(f'Loader.drop_remainder=True means uneven="drop"; got {uneven!r} too. Pass one.')
    uneven = uneven or ("drop" if drop_remainder else "share")
    sampler = Sampler(n, batch_size, seed, shuffle, *shard, uneven)
    if not len(sampler):
        world = sampler.world
        if n < world and uneven == "share":
            raise ArgumentError(
                f"Loader.shard has {world} ranks, more than the {n} samples of the source, and each needs one. Pass "
                'fewer ranks, or uneven="pad".'
            )
        ranks = f" on {world} ranks" if world > 1 else ""
        why = "drop_remainder=True" if drop_remainder else f"uneven={uneven!r}"
        raise ArgumentError(
            f"Loader.batch_size is {batch_size}{ranks}, more than the {n} samples of the source, and {why} leaves "
            f'nothing. Pass a smaller batch_size{" or fewer ranks" * (world > 1)}, or uneven="pad".'
        )
    return sampler
