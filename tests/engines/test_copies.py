"""Images that nothing is done to: the core writes them past the cache, and just as they are."""

import numpy as np
import pytest

from augstream.engines import native
from augstream.plan.fuse import fuse
from augstream.plan.op import Frame


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("out", ["uint8", "float16", "float32"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 1), (7, 9, 3), (16, 16, 4), (31, 33, 5)])
def test_pictures_come_out_as_they_are(dtype, out, layout, shape):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (3, *shape)).astype(dtype)  # three, so that not all of them begin at an even address
    plan = fuse([], Frame(np.tile(shape[:2], (3, 1)), shape[2], None))
    made, errors = native.run(list(x), plan, dtype=out, layout=layout)
    assert errors == [None] * 3
    expected = x.astype(out)
    assert np.array_equal(made, expected.transpose(0, 3, 1, 2) if layout == "NCHW" else expected)


def test_floats_are_copied_bit_by_bit():
    x = np.array([[[[np.nan, np.inf, -0.0, 1e-40]]]], np.float32)
    made, _ = native.run(list(x), fuse([], Frame(np.array([[1, 1]]), 4, None)))
    assert made.tobytes() == x.tobytes()
