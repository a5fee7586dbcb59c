"""Bad samples, and everything else that can go wrong in days of training."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from conftest import encoded, scene
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from augstream.errors import ArgumentError, SampleError
from augstream.loader import Loader
from augstream.sources import Source, from_folder, from_function
from augstream.transforms import Resize, Rotate
from augstream.transforms.compose import Compose

PLAIN = Compose([Resize(16, 16)])


class Memory(Source):
    """Twelve images, of which 2, 3, 7 and 11 are none."""

    def __init__(self):
        self.samples = [b"" if number in (2, 3, 7, 11) else encoded(scene(30, 40, number)) for number in range(12)]

    def __len__(self):
        return len(self.samples)

    def read(self, index):
        return self.samples[index]

    def name(self, index):
        return f"memory/{index}.jpg"


def loader(**options):
    return Loader(Memory(), PLAIN, 4, **{"shuffle": False, "on_error": "skip"} | options)


def indices(batches):
    return [batch.index.tolist() for batch in batches]


@pytest.mark.filterwarnings("ignore:epoch")
def test_a_function_decides():
    asked = []

    def judge(index, name, reason):
        asked.append((index, name, reason))

    assert indices(loader(on_error=judge)) == [[0, 1, 4, 4], [4, 5, 6, 8], [8, 9, 10, 0]]
    # 3 stands at its own position, and then where 2 should have been: it is judged once in its batch.
    assert sorted(asked) == [(k, f"memory/{k}.jpg", "the file is empty (0 bytes)") for k in (2, 3, 7, 11)]
    assert len(list(loader(on_error=lambda *failure: "skip"))) == 3
    stream = iter(loader(on_error=lambda index, *rest: "raise" if index == 7 else "skip"))
    next(stream)
    with pytest.raises(SampleError) as caught:
        next(stream)
    assert [failure[0] for failure in caught.value.failures] == [7]
    with pytest.raises(ArgumentError, match="must return 'raise', 'skip' or None; got 5"):
        next(iter(loader(on_error=lambda *failure: 5)))
    with pytest.raises(ZeroDivisionError):
        next(iter(loader(on_error=lambda *failure: 1 / 0)))


@pytest.mark.filterwarnings("ignore:epoch")
@pytest.mark.parametrize(("most", "batches"), [(None, 3), (4, 3), (3, 2), (2, 1), (1, 0), (0, 0), (0.34, 3), (0.2, 1)])
def test_too_many_errors_end_it(most, batches):
    one = loader(max_errors=most)
    stream = iter(one)
    assert all(len(next(stream)) == 4 for _ in range(batches))
    if batches == 3:
        return
    with pytest.raises(SampleError, match=rf"more than max_errors = {most} allows") as caught:
        next(stream)
    assert caught.value.failures == one.errors


@pytest.mark.filterwarnings("ignore:epoch")
def test_the_same_samples_fail_again_in_the_next_epoch_and_count_once():
    one = loader(max_errors=4)
    assert len([batch for _ in range(3) for batch in one]) == 9


def test_a_limit_needs_something_to_limit():
    with pytest.raises(ArgumentError, match='on_error="raise" skips none'):
        loader(on_error="raise", max_errors=3)


@pytest.mark.parametrize("most", [-1, 1.0, 2.5, "1%", True, float("nan")])
def test_limits_that_are_none_are_refused(most):
    with pytest.raises(ArgumentError, match=r"Loader\.max_errors"):
        loader(max_errors=most)


@pytest.mark.filterwarnings("ignore:epoch")
def test_ranks_skip_alike():
    whole = np.concatenate([batch.index for batch in loader(shuffle=True)])
    for world in (2, 4):
        ranks = [Loader(Memory(), PLAIN, 4 // world, on_error="skip", shard=(rank, world)) for rank in range(world)]
        parts = [list(rank) for rank in ranks]
        together = [np.concatenate([batch.index for batch in step]) for step in zip(*parts, strict=True)]
        assert np.array_equal(np.concatenate(together), whole)


class Holey(Source):
    """Numbers as images, some of which cannot be read."""

    def __init__(self, n, bad):
        self.n, self.bad = n, bad
        self.labels = np.arange(n)

    def __len__(self):
        return self.n

    def read(self, index):
        if index in self.bad:
            raise ValueError("broken")
        return np.full((2, 2, 1), index, np.uint8)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 30),
    bad=st.sets(st.integers(0, 29), max_size=8),
    batch_size=st.integers(1, 5),
    world=st.integers(1, 4),
    uneven=st.sampled_from(["drop", "pad", "share"]),
    epoch=st.integers(0, 3),
)
@pytest.mark.filterwarnings("ignore:epoch")
def test_all_ranks_together_are_the_order_with_the_next_in_the_place_of_the_bad(
    n, bad, batch_size, world, uneven, epoch
):
    total = batch_size * world
    whole = -(-n // total) if uneven == "pad" else n // total
    assume(len(bad & set(range(n))) < n and (n >= world if uneven == "share" else whole))
    ranks = [
        Loader(Holey(n, bad), Compose([]), batch_size, shard=(rank, world), uneven=uneven, on_error="skip")
        for rank in range(world)
    ]
    order = ranks[0].batches.sampler.index(epoch, np.arange(n)).tolist()

    def at(position):
        return next(index for index in order[position % n :] + order if index not in bad)

    seen = [list(rank.at(epoch)) for rank in ranks]
    assert len({len(batches) for batches in seen}) == 1
    together = [batch for batches in zip(*seen, strict=True) for batch in batches]
    found = [index for batch in together for index in batch.index.tolist()]
    assert found == [at(position) for position in range(n if uneven == "share" else whole * total)]
    assert all(np.array_equal(batch.image[:, 0, 0, 0], batch.label) for batch in together)
    sizes = [sum(map(len, batches)) for batches in seen]
    assert max(sizes) - min(sizes) <= (uneven == "share")


def test_files_deleted_truncated_and_replaced_in_the_middle(photos):
    one = Loader(from_folder(photos), PLAIN, 6, shuffle=False, prefetch=1, on_error="skip")
    stream = iter(one)
    next(stream)
    paths = [one.source.path(index) for index in range(24)]
    paths[20].unlink()
    paths[21].write_bytes(paths[21].read_bytes()[:100])
    paths[22].write_bytes(encoded(scene(9, 300, 5)))
    with pytest.warns(UserWarning, match=r"2 of 24 samples could not be read.*20.*does not exist \(any more\)"):
        rest = indices(stream)
    assert rest[-1] == [18, 19, 22, 22, 22, 23]
    assert [failure[0] for failure in one.errors] == [20, 21]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no such users here")
def test_permission_denied_is_the_reason(photos):
    one = Loader(from_folder(photos), PLAIN, 24, shuffle=False)
    one.source.path(3).chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(SampleError, match="Permission denied"):
            next(iter(one))
    finally:
        if root:
            os.seteuid(0)


def test_what_the_system_says_is_the_reason():
    class Denied(Memory):
        def read(self, index):
            raise PermissionError(13, "Permission denied")

    with pytest.raises(SampleError, match=r"sample 0.*cannot be read: Permission denied"):
        next(iter(Loader(Denied(), PLAIN, 4, shuffle=False)))


def test_breaking_out_and_two_loops_are_fine(photos):
    one = Loader(from_folder(photos), PLAIN, 6)
    for _ in range(20):
        for batch in one:
            assert len(batch) == 6
            break
    assert one.epoch == 20
    pairs = [(a.epoch, b.epoch) for a, b in zip(one, one, strict=True)]
    assert pairs == [(20, 21)] * 4


@pytest.mark.parametrize("prefetch", [0, 2])
def test_threads_that_share_an_epoch_get_each_batch_once(prefetch):
    def slow(index):
        time.sleep(0.002)
        return np.zeros((2, 2, 3), np.uint8)

    batches = Loader(from_function(40, slow), Compose([]), 2, prefetch=prefetch)
    epoch, found = iter(batches), []
    threads = [threading.Thread(target=lambda: found.extend(indices(epoch))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(indices(batches.at(0)))
    assert batches.state_dict()["epoch"] == 1


def test_memory_says_how_much_is_prepared():
    one = Loader(Memory(), Compose([Resize(100, 100)]), 2, on_error="skip", memory=2 * 100 * 100 * 3 * 4 * 5)
    assert one.prefetch == 3
    assert Loader(Memory(), Compose([Resize(100, 100)]), 2, memory="1GB").prefetch == 6
    with pytest.raises(ArgumentError, match=r"Loader\.memory is 100 kB, but a batch is 240 kB, and two must fit"):
        Loader(Memory(), Compose([Resize(100, 100)]), 2, memory="100kB")
    with pytest.raises(ArgumentError, match="say the same thing"):
        loader(memory="1GB", prefetch=3)


def test_a_slow_consumer_never_makes_it_grow():
    from augstream.batch.batch import Batch

    one = Loader(Memory(), PLAIN, 1, on_error="skip", prefetch=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for batch in one:
            time.sleep(0.03)
            alive = sum(isinstance(thing, Batch) for thing in gc.get_objects())
            assert alive <= one.prefetch + 2
            assert len(batch) == 1


def test_memory_for_pictures_of_many_sizes_goes_by_the_largest():
    class Sizes(Memory):
        def read(self, index):
            return np.zeros((10 * (index + 1), 10, 3), np.uint8)

    limit = 120 * 10 * 3 * 4 * 6
    assert Loader(Sizes(), Compose([]), 1, memory=limit).prefetch == 4

    class Unreadable(Memory):
        def read(self, index):
            return b""

    assert Loader(Unreadable(), PLAIN, 4, memory="1GB").prefetch == 2


INTERRUPTED = """
import sys, threading
from augstream.transforms.compose import Compose
from augstream.loader import Loader
from augstream.sources import from_folder
from augstream.transforms import Resize, Rotate
print("ready", flush=True)
loader = Loader(from_folder(sys.argv[1]), Compose([Rotate(40), Resize(200, 200)]), 3, cache_dir=sys.argv[2])
while True:
    for batch in loader:
        loader.state_dict()
"""


def test_ctrl_c_anywhere_ends_it_and_leaves_the_cache_in_order(photos, tmp_path):
    for number in range(8):
        command = [sys.executable, "-W", "ignore", "-c", INTERRUPTED, str(photos), str(tmp_path / "cache")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.03 * number**2 / 4)
        process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        _, errors = process.communicate(timeout=60)
        assert time.monotonic() - begin < 10
        assert process.returncode != 0
        assert "KeyboardInterrupt" in errors
    plain, cached = (
        Loader(from_folder(photos), Compose([Rotate(40), Resize(200, 200)]), 3, **options)
        for options in ({}, {"cache_dir": tmp_path / "cache"})
    )
    assert all(np.array_equal(one.image, two.image) for one, two in zip(plain, cached, strict=True))
    assert cached.stats().cached > 0


class Alive(Source):
    """Small images, slow to come."""

    def __len__(self):
        return 40

    def read(self, index):
        time.sleep(0.01)
        return np.full((8, 8, 3), index, np.uint8)


def test_stats_say_what_is_slow():
    one = Loader(Alive(), Compose([]), 4, prefetch=0)
    assert one.stats().bottleneck == "nothing yet"
    list(one)
    stats = one.stats(reset=True)
    assert (stats.images, stats.batches, stats.bottleneck) == (40, 10, "read")
    assert stats.wait > 0.9
    assert "Read-bound: the consumer waits" in stats.advice
    assert sum((stats.read, stats.plan, stats.decode, stats.run)) == pytest.approx(1)
    assert 40 / stats.seconds == pytest.approx(stats.images_per_second)
    quick = Loader(Memory(), PLAIN, 1, on_error=lambda *failure: "skip", shuffle=False)
    for _ in zip(range(8), quick, strict=False):
        time.sleep(0.03)
    assert quick.stats().bottleneck == "consumer"
    assert "a faster loader would change nothing" in str(quick.stats())
    assert one.stats().images == 0


def test_each_bottleneck_has_its_advice():
    from augstream.batch.stats import Stats

    def said(**shares):
        numbers = {"read": 0.0, "plan": 0.0, "decode": 0.0, "run": 0.0} | shares
        base = {"images": 1, "batches": 1, "seconds": 1.0, "wait": 0.4, "cached": 0.0, "cache_bytes": 0, "errors": 0}
        return Stats(**base | {"threads": 2, "cores": 4} | numbers).advice

    assert said(decode=0.9) == (
        "Decode-bound: the consumer waits 40% of the time; more threads (2 of 4 cores are used) or cache= keeps "
        "decoded images."
    )
    assert said(run=0.9).startswith("Run-bound")
    assert said(plan=0.9).startswith("Plan-bound")
    assert "the cache is full" in said(decode=0.9, full=True)
    assert "find more in the cache" in said(decode=0.9, cache_bytes=5)


def test_a_bar_shows_the_epoch(capsys):
    pytest.importorskip("rich")
    one = Loader(Alive(), Compose([]), 4)
    assert len(list(one.progress("training"))) == 10
    shown = capsys.readouterr().err
    assert "training" in shown
    assert "10/10" in shown
    assert "images/s" in shown
    assert one.epoch == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.skipif("thread" in os.environ.get("AUGSTREAM_SANITIZED", ""), reason="ThreadSanitizer does not fork")
def test_a_fork_at_any_moment_finds_no_lock_closed(photos, tmp_path):
    kinds = ({"cache": "9MB"}, {"cache_dir": tmp_path / "cache", "prefetch": 4})
    loaders = [Loader(from_folder(photos), PLAIN, 4, **options) for options in kinds]
    stop = threading.Event()

    def spin(loader):
        while not stop.is_set():
            list(loader)

    threads = [threading.Thread(target=spin, args=(loader,)) for loader in loaders]
    for thread in threads:
        thread.start()
    try:
        for number in range(8):
            time.sleep(0.007 * number)
            child = os.fork()
            if not child:
                signal.alarm(60)
                code = 1
                try:
                    code = 0 if sum(len(batch) for loader in loaders for batch in loader.at(0)) == 48 else 2
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
