"""The helpers of plane.py say no to a wrong answer."""

from dataclasses import replace

import numpy as np
import pytest
from plane import assert_same_ops, assert_same_plan, assert_same_sight, colored, curved, look, ramp

from augstream import Frame
from augstream.plan.fuse import fuse
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.warp import Warp
from augstream.plan.plan import Plan
from augstream.plan.step import Group

FRAME = Frame(np.array([[20, 30], [20, 30]]))


def moved(x, **how):
    matrix = np.tile(np.eye(3), (2, 1, 1))
    matrix[:, 0, 2] = x
    return Warp(matrix, FRAME.size, **how)


def test_a_warp_looks_where_its_matrix_says():
    seen, plain = look([moved(5)], FRAME, 0, ramp(3), np.array([[1.0, 2.0], [26.0, 2.0]]))
    np.testing.assert_allclose(seen, ramp(3)(np.array([[6.0, 2.0], [31.0, 2.0]])))
    assert plain.tolist() == [True, False]


def test_the_first_op_comes_first():
    double, shift = np.tile(np.eye(3, 4) * 2, (2, 1, 1)), np.tile(np.eye(3, 4), (2, 1, 1))
    shift[:, :, 3] = 7
    seen, _ = look([Color(double, None), Color(shift, None)], FRAME, 0, ramp(3), np.zeros((1, 2)))
    np.testing.assert_allclose(seen, ramp(3)(np.zeros((1, 2))) * 2 + 7)


def test_a_constant_border_shows_its_fill():
    seen, _ = look([moved(100, border="constant", fill=np.full((2, 1), 9.0))], FRAME, 0, ramp(3), np.ones((1, 2)))
    assert seen.tolist() == [[9, 9, 9]]


def test_a_clip_is_noticed():
    color = Color(np.tile(np.eye(1, 2) * 2, (1, 1, 1)), np.array([[[0.0, 255.0]]]))
    out, clipped = colored(np.array([[100.0], [200.0]]), color, 0)
    assert out.tolist() == [[200], [255]]
    assert clipped.tolist() == [False, True]


def test_a_curve_is_linear_between_its_entries_or_steps():
    table = np.arange(256.0)[None, None] ** 2
    levels = np.array([[2.4], [2.6]])
    assert curved(levels, Curve(table, 255.0), 0).ravel().tolist() == pytest.approx([6, 7])
    assert curved(levels, Curve(table, 255.0, steps=True), 0).ravel().tolist() == [4, 9]


def test_a_wrong_sight_is_refused():
    assert_same_sight([moved(1)], [moved(1)], FRAME, least=0.5)
    with pytest.raises(AssertionError):
        assert_same_sight([moved(1)], [moved(1.001)], FRAME)
    with pytest.raises(AssertionError, match="plain"):
        assert_same_sight([moved(100)], [moved(100)], FRAME, least=0.1)


@pytest.mark.parametrize(
    "other",
    [moved(1.0000001), moved(1, border="edge"), Warp(moved(1).matrix, FRAME.size + 1), moved(1, fill=np.ones((2, 1)))],
)
def test_other_ops_are_refused(other):
    assert_same_ops([moved(1)], [moved(1)])
    with pytest.raises(AssertionError):
        assert_same_ops([moved(1)], [other])
    with pytest.raises(AssertionError):
        assert_same_plan(fuse([moved(1)], FRAME), fuse([other], FRAME))


def test_another_distribution_over_passes_is_refused():
    plan = fuse([moved(1), Color(np.tile(np.eye(3, 4), (2, 1, 1)), None)], FRAME)
    (one,) = plan.steps
    steps = (replace(one, points=()), replace(one, head=None))
    apart = Plan((Group(None, None, steps),), plan.frame_in, plan.frame_out)
    with pytest.raises(AssertionError):
        assert_same_plan(plan, apart)
