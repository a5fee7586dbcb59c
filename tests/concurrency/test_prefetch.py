import gc
import os
import subprocess
import sys
import threading
import time

import pytest

from augstream.concurrency.prefetch import Cancelled, Stream, Threads


def ours():
    return [thread for thread in threading.enumerate() if thread.name.startswith("augstream")]


def soon(condition):
    """Whether something comes true before long."""
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def square(position, threads):
    time.sleep(0.002 * (position % 3))
    return position * position


@pytest.mark.parametrize("ahead", [0, 1, 2, 5, 50])
def test_results_come_in_order_whatever_is_made_ahead(ahead):
    stream = Stream(square, 20, ahead=ahead, threads=2)
    assert list(stream) == [position * position for position in range(20)]
    assert not ours()
    assert list(Stream(square, 20, ahead=ahead, threads=2, start=18)) == [324, 361]


def test_no_more_is_made_than_asked_for():
    made = []
    stream = Stream(lambda position, threads: made.append(position), 100, ahead=3, threads=1)
    for _ in range(4):
        next(stream)
    assert soon(lambda: len(made) == 7)
    time.sleep(0.05)
    assert sorted(made) == list(range(7))
    stream.close()


def test_nothing_starts_before_the_first_result_is_wanted():
    Stream(square, 5, ahead=2, threads=2)
    assert not ours()


def test_an_error_comes_at_its_place_and_ends_the_stream():
    def make(position, threads):
        if position == 2:
            raise ValueError("two")
        return position

    stream = Stream(make, 9, ahead=4, threads=2)
    assert [next(stream), next(stream)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(stream)
    assert not ours()
    assert list(stream) == []


@pytest.mark.parametrize("end", ["close", "drop", "leave"])
def test_ending_early_frees_the_threads(end):
    stream = Stream(square, 1000, ahead=3, threads=2)
    if end == "leave":
        for result in stream:
            if result == 4:
                break
        del result
    else:
        next(stream)
    assert ours()
    if end == "close":
        stream.close()
        assert list(stream) == []
    del stream
    gc.collect()
    assert not ours()


def test_work_that_waits_for_parts_of_it_can_be_ended():
    done = []

    def make(position, threads):
        return threads.map(lambda item: time.sleep(0.01) or done.append(item), range(1000))

    stream = Stream(make, 100, ahead=2, threads=2)
    thread = threading.Timer(0.1, stream.close)
    thread.start()
    assert list(stream) == []
    thread.join()
    assert len(done) < 900
    assert soon(lambda: not ours())


def test_parts_keep_their_order_and_their_errors():
    threads = Threads(3)
    assert threads.map(lambda item: time.sleep(0.01 / item) or -item, [1, 2, 3]) == [-1, -2, -3]
    with pytest.raises(ZeroDivisionError):
        threads.map(lambda item: 1 // item, [1, 0, 2])
    threads.stop()
    with pytest.raises(Cancelled):
        threads.map(abs, [1])
    assert not ours()


def test_two_streams_do_not_disturb_each_other():
    one, two = Stream(square, 30, ahead=2, threads=2), Stream(square, 30, ahead=3, threads=2)
    assert list(zip(one, two, strict=True)) == [(k * k, k * k) for k in range(30)]
    assert not ours()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_in_the_middle_goes_on_in_both_processes():
    # In a process of its own: other tests may have started threads here that no fork survives.
    script = """
import os
import subprocess
import sys
from augstream.concurrency.prefetch import Stream

stream = Stream(lambda position, threads: position * position, 8, ahead=2, threads=2)
assert [next(stream), next(stream)] == [0, 1]
child = os.fork()
rest = list(stream)
if not child:
    os._exit(0 if rest == [4, 9, 16, 25, 36, 49] else 2)
assert os.waitpid(child, 0)[1] == 0
assert rest == [4, 9, 16, 25, 36, 49]
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
