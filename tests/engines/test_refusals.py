"""What the core cannot do is said in words, and leaves the process as it was."""

import subprocess
import sys

import numpy as np
import pytest

from augstream import _core


def run(pool, clock=None):
    image, out = np.full((4, 5, 3), 7, np.uint8), np.empty((1, 4, 5, 3), np.uint8)
    assert pool.run([image], [(None, None, [])], 3, out, "uint8", False, clock=clock) == []
    return out


def test_a_pool_has_no_fewer_than_no_threads():
    with pytest.raises(ValueError, match="fewer than 0"):
        _core.Pool(-1)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_pool_whose_threads_cannot_be_started_is_an_error():
    script = """
import resource
import numpy as np
from augstream import _core

pages = int(open("/proc/self/statm").read().split()[0])
most = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (256 << 20), most))
images, out = [np.zeros((4, 5, 3), np.uint8)] * 2, np.empty((2, 4, 5, 3), np.uint8)
for attempt in range(2):
    try:
        _core.Pool(3000).run(images, [(None, None, [])], 3, out, "uint8", False)
    except (RuntimeError, MemoryError):
        print("refused")
print(_core.Pool(0).run(images, [(None, None, [])], 3, out, "uint8", False))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["refused", "refused", "[]"], done.stderr


@pytest.mark.parametrize(
    "clock",
    [np.zeros(2, np.float32), np.zeros(3), np.zeros((2, 1)), np.zeros(4)[::2], np.frombuffer(bytes(16)), [0.0, 0.0]],
    ids=["float32", "three", "two axes", "strided", "read-only", "list"],
)
def test_a_clock_is_two_numbers_that_can_be_written_to(clock):
    with pytest.raises(TypeError, match=r"clock must be an array \(2,\) of float64"):
        run(_core.Pool(0), clock)


def test_a_clock_counts():
    clock = np.zeros(2)
    run(_core.Pool(0), clock)
    assert clock[1] > 0


def test_slots_that_keep_nothing():
    slots = _core.Slots(0)
    for size in (0, 10, 10):
        assert len(slots.take(size)) == size


def test_groups_of_fewer_than_no_images():
    with pytest.raises(ValueError, match="fewer than 0"):
        _core.groups(-1, [])


@pytest.mark.parametrize("sigma", [np.nan, np.inf, -1.0, 1e6, 1e300])
def test_a_blur_is_of_a_width_that_has_a_kernel(sigma):
    with pytest.raises(ValueError, match="sigma must be 0 to 1e5"):
        _core.gaussians(np.array([1.0, sigma]))
