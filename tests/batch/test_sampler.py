"""Ranks: which samples each finds, and that together they make the epoch of one."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import augstream as aug
from augstream.batch.sampler import Sampler
from augstream.batch.shard import checked_shard, surroundings
from augstream.errors import ArgumentError


def ranks(n, batch_size, world, uneven):
    return [Sampler(n, batch_size, 3, True, rank, world, uneven) for rank in range(world)]


def positions(order):
    return [order.positions(batch) for batch in range(len(order))]


SIZES = st.tuples(st.integers(1, 200), st.integers(1, 9), st.integers(1, 7))


@given(SIZES)
def test_share_gives_every_sample_once_and_ranks_differ_by_one(sizes):
    n, batch_size, world = sizes
    orders = ranks(n, batch_size, world, "share")
    if n < world:
        assert all(len(order) == 0 for order in orders)
        return
    assert len({len(order) for order in orders}) == 1
    parts = [np.concatenate(positions(order)) for order in orders]
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    for order in orders:
        lengths = [len(part) for part in positions(order)]
        assert all(length == batch_size for length in lengths[:-1])
        assert 1 <= lengths[-1] <= batch_size + 1


@given(SIZES)
def test_drop_gives_whole_global_batches_only(sizes):
    n, batch_size, world = sizes
    orders = ranks(n, batch_size, world, "drop")
    total = batch_size * world
    parts = [part for order in orders for part in positions(order)]
    assert all(len(part) == batch_size for part in parts)
    seen = np.concatenate(parts).tolist() if parts else []
    assert sorted(seen) == list(range(n // total * total))


@given(SIZES)
def test_pad_fills_up_from_the_front(sizes):
    n, batch_size, world = sizes
    orders = ranks(n, batch_size, world, "pad")
    total = batch_size * world
    assert all(len(order) == -(-n // total) for order in orders)
    parts = [part for order in orders for part in positions(order)]
    assert all(len(part) == batch_size for part in parts)
    expected = sorted(position % n for position in range(len(orders[0]) * total))
    assert sorted(np.concatenate(parts).tolist()) == expected


@given(SIZES, st.sampled_from(["share", "drop", "pad"]))
def test_global_batches_are_the_same_for_any_number_of_ranks(sizes, uneven):
    n, batch_size, world = sizes
    alone = Sampler(n, batch_size * world, 3, True, 0, 1, uneven)
    orders = ranks(n, batch_size, world, uneven)
    for batch in range(min(len(orders[0]), len(alone)) - 1):
        together = np.concatenate([order.positions(batch) for order in orders])
        assert np.array_equal(together, alone.positions(batch))


def test_positions_lead_to_a_permutation():
    order = Sampler(100, 7, 3, True)
    index = [order.index(5, part) for part in positions(order)]
    assert sorted(np.concatenate(index).tolist()) == list(range(100))
    assert Sampler(100, 7, 3, False).index(5, np.arange(7)).tolist() == list(range(7))


def test_far_away_positions_cost_nothing():
    order = Sampler(10**12, 64, 0, True, 3, 8)
    assert len(order.index(0, order.positions(10**9))) == 64


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (0, 1)),
        ({"RANK": "2", "WORLD_SIZE": "4"}, (2, 4)),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "3"}, (1, 3)),
        ({"SLURM_PROCID": "5", "SLURM_NTASKS": "6"}, (5, 6)),
        ({"SLURM_NTASKS": "6"}, (0, 1)),
        ({"RANK": "0", "WORLD_SIZE": "2", "SLURM_PROCID": "5", "SLURM_NTASKS": "6"}, (0, 2)),
    ],
)
def test_auto_reads_what_launchers_set(environment, expected):
    assert surroundings(environment) == expected


@pytest.mark.parametrize("pair", [("4", "4"), ("-1", "4"), ("0", "0"), ("x", "4")])
def test_auto_refuses_what_cannot_be(pair):
    with pytest.raises(ArgumentError, match=r"RANK"):
        surroundings(dict(zip(("RANK", "WORLD_SIZE"), pair, strict=True)))


@pytest.mark.parametrize("shard", [(0, 0), (1, 1), (-1, 2), (0.5, 2), "all", (1,), 3, (True, 2)])
def test_wrong_shards_are_refused(shard):
    with pytest.raises(ArgumentError, match=r"Loader\.shard"):
        checked_shard(shard)


DISTRIBUTED = """
import torch.distributed as dist
from augstream.batch.shard import checked_shard
dist.init_process_group("gloo", init_method="tcp://127.0.0.1:0", rank=0, world_size=1)
print(*checked_shard("auto"))
"""


def test_fewer_samples_than_ranks_is_said(photos):
    few, plain = aug.from_folder(photos).take(3), aug.Compose([aug.Resize(8, 8)])
    with pytest.raises(ArgumentError, match="has 5 ranks, more than the 3 samples"):
        aug.Loader(few, plain, 2, shard=(0, 5))
    assert len(aug.Loader(few, plain, 2, shard=(0, 5), uneven="pad")) == 1


def test_a_world_without_a_rank_is_no_world_of_one():
    assert surroundings({"WORLD_SIZE": "1"}) == (0, 1)
    with pytest.raises(ArgumentError, match="WORLD_SIZE='2' but no RANK yet"):
        surroundings({"WORLD_SIZE": "2", "LOCAL_RANK": "1"})


def test_auto_asks_torch_distributed_first():
    torch = pytest.importorskip("torch")
    if not torch.distributed.is_available():
        pytest.skip("this torch has no torch.distributed")
    environment = os.environ | {"RANK": "3", "WORLD_SIZE": "7"}
    done = subprocess.run([sys.executable, "-c", DISTRIBUTED], capture_output=True, text=True, env=environment)
    assert done.stdout.split() == ["0", "1"], done.stderr


RANK = """
import sys
from augstream.transforms.compose import Compose
from augstream.loader import Loader
from augstream.sources import from_folder
from augstream.transforms import Resize
loader = Loader(from_folder(sys.argv[1]), Compose([Resize(8, 8)]), 3, shard="auto", uneven=sys.argv[2])
print([batch.index.tolist() for batch in loader])
"""


@pytest.mark.parametrize("uneven", ["share", "drop", "pad"])
def test_ranks_in_processes_of_their_own_make_one_epoch(photos, uneven):
    command = [sys.executable, "-c", RANK, str(photos), uneven]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"RANK": rank, "WORLD_SIZE": "3"})
        for rank in "012"
    ]
    found = [json.loads(process.communicate(timeout=60)[0]) for process in running]
    assert len({len(batches) for batches in found}) == 1
    whole = [index for batches in found for batch in batches for index in batch]
    assert len(whole) == {"share": 24, "drop": 18, "pad": 27}[uneven]
    assert len(set(whole)) == min(len(whole), 24)
