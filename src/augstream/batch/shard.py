"""Which rank of how many this process is: as the user says, or as its surroundings do."""

import os
import sys
from collections.abc import Mapping
from typing import Literal, TypeAlias

from augstream.batch.arguments import is_whole
from augstream.errors import ArgumentError

Shard: TypeAlias = tuple[int, int] | Literal["auto"] | None
# Pairs of variables by which launchers tell a process its rank and their number: torchrun, MPI, Slurm, JAX.
_LAUNCHERS = (
    ("RANK", "WORLD_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
    ("JAX_PROCESS_ID", "JAX_NUM_PROCESSES"),
)


def checked_shard(shard: Shard) -> tuple[int, int]:
    """(rank, world) as given, or as the process's surroundings say."""
    if shard is None:
        return 0, 1
    if isinstance(shard, str):
        if shard != "auto":
            raise ArgumentError(f'Loader.shard must be "auto" or (rank, world); got {shard!r}.')
        return surroundings(os.environ)
    pair: object = shard
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(map(is_whole, pair)):
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


def _fits(rank: int, world: int, what: str) -> tuple[int, int]:
    if world < 1 or not 0 <= rank < world:
        raise ArgumentError(f"{what} must be (rank, world) with 0 <= rank < world; got ({rank}, {world}).")
    return rank, world
