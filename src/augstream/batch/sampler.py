"""Which samples a rank finds in its batches: arithmetic on positions, the same on every rank."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.rng import permute

Uneven: TypeAlias = Literal["drop", "pad", "share"]
Shard: TypeAlias = tuple[int, int] | Literal["auto"] | None
# Pairs of variables by which launchers tell a process its rank and their number: torchrun, MPI, Slurm, JAX.
_LAUNCHERS = (
    ("RANK", "WORLD_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
    ("JAX_PROCESS_ID", "JAX_NUM_PROCESSES"),
)


@dataclass(frozen=True)
class Order:
    """The batches of one rank of `world`: global batch k is positions k * total ... (k + 1) * total - 1, split by rank.

    uneven: what becomes of the last positions, too few for a global batch. "drop": nothing. "pad": they are filled up
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

    def index(self, epoch: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which samples stand at these positions, (m,) to (m,)."""
        return permute(self.seed, epoch, self.n, positions) if self.shuffle else positions


def checked_shard(shard: Shard) -> tuple[int, int]:
    """(rank, world) as given, or as the process's surroundings say."""
    if shard is None:
        return 0, 1
    if isinstance(shard, str):
        if shard != "auto":
            raise ArgumentError(f'Loader.shard must be "auto" or (rank, world); got {shard!r}.')
        return surroundings(os.environ)
    pair: object = shard
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(_whole(number) for number in pair):
        raise ArgumentError(f'Loader.shard must be "auto" or (rank, world), two integers; got {shard!r}.')
    return _fits(int(shard[0]), int(shard[1]), "Loader.shard")


def surroundings(environment: Mapping[str, str]) -> tuple[int, int]:
    """(rank, world) by torch.distributed, JAX, or the variables of a launcher; (0, 1) where there is none of them.

    Neither framework is imported or started: one that is not running has nothing to say.
    """
    torch = sys.modules.get("torch.distributed")
    if torch is not None and torch.is_available() and torch.is_initialized():
        return int(torch.get_rank()), int(torch.get_world_size())
    jax = sys.modules.get("jax")
    running = getattr(getattr(jax, "distributed", None), "is_initialized", None)
    if jax is not None and running is not None and running():
        return int(jax.process_index()), int(jax.process_count())
    for rank, world in _LAUNCHERS:
        if rank in environment and world in environment:
            try:
                numbers = int(environment[rank]), int(environment[world])
            except ValueError:
                got = f"{rank}={environment[rank]!r} and {world}={environment[world]!r}"
                raise ArgumentError(f'Loader.shard is "auto", but {got} are no integers.') from None
            return _fits(*numbers, f'Loader.shard is "auto" and ({rank}, {world})')
    if environment.get("WORLD_SIZE", "1") != "1":
        # So it is in the processes that Lightning starts, before it tells torch.distributed: all would be rank 0 of 1.
        raise ArgumentError(
            f'Loader.shard is "auto", and there is WORLD_SIZE={environment["WORLD_SIZE"]!r} but no RANK yet. Make the '
            "Loader once torch.distributed runs (with Lightning, in train_dataloader), or pass shard=(rank, world)."
        )
    return 0, 1


def _whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def _fits(rank: int, world: int, what: str) -> tuple[int, int]:
    if world < 1 or not 0 <= rank < world:
        raise ArgumentError(f"{what} must be (rank, world) with 0 <= rank < world; got ({rank}, {world}).")
    return rank, world
