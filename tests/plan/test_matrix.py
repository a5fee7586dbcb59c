"""Where does a bright dot land? A matrix maps output to input, so its inverse says."""

import numpy as np
import pytest

from augstream.plan import matrix

SIZE = np.array([[100, 200], [100, 200]])  # height, width


def lands(built, x, y, row=0):
    """Where the dot at (x, y) of the input is seen in the output."""
    place = np.linalg.inv(built[row]) @ (x, y, 1)
    return (place[:2] / place[2]).tolist()


def both(value):
    return np.array([value, 0.0])


def test_a_positive_angle_turns_counter_clockwise_as_seen():
    # A dot to the right of the center moves up: y points down.
    assert lands(matrix.rotate(SIZE, both(90.0)), 110, 50) == pytest.approx([100, 40])
    x, y = lands(matrix.rotate(SIZE, both(30.0)), 110, 50)
    assert (x, y) == pytest.approx((100 + 10 * np.cos(np.pi / 6), 45))


def test_a_positive_shift_moves_right_and_down():
    assert lands(matrix.shift(SIZE, both(0.25), both(0.1)), 10, 20) == pytest.approx([60, 30])


def test_a_factor_above_one_makes_bigger():
    assert lands(matrix.zoom(SIZE, np.array([2.0, 1]), np.array([3.0, 1])), 110, 60) == pytest.approx([120, 80])


def test_a_positive_shear_leans_counter_clockwise():
    # What is above the center moves left, what is right of it moves up.
    assert lands(matrix.shear(SIZE, both(45.0), both(0.0)), 100, 40) == pytest.approx([90, 40])
    assert lands(matrix.shear(SIZE, both(0.0), both(45.0)), 110, 50) == pytest.approx([110, 40])


def test_a_small_shear_along_both_axes_is_a_small_turn():
    sheared = matrix.shear(SIZE, both(0.1), both(0.1))
    np.testing.assert_allclose(sheared, matrix.rotate(SIZE, both(0.1)), atol=1e-3)


@pytest.mark.parametrize(
    "built",
    [
        matrix.rotate(SIZE, both(77.0)),
        matrix.zoom(SIZE, np.array([2.0, 1]), np.array([3.0, 1])),
        matrix.shear(SIZE, both(30.0), both(-20.0)),
    ],
)
def test_the_center_stays(built):
    assert lands(built, 100, 50) == pytest.approx([100, 50])


def test_each_sample_has_its_own():
    built = matrix.rotate(np.array([[100, 200], [50, 20]]), np.array([0.0, 90.0]))
    np.testing.assert_array_equal(built[0], np.eye(3))
    assert lands(built, 10, 25, row=1) == pytest.approx([10, 25])


def test_corners_land_where_they_are_pulled():
    corners = np.array([[(0.1, 0.05), (0.8, 0.2), (0.95, 0.9), (0.0, 0.7)], [(0, 0), (1, 0), (1, 1), (0, 1)]], float)
    built = matrix.perspective(SIZE, corners)
    for corner, (x, y) in zip([(0, 0), (200, 0), (200, 100), (0, 100)], corners[0] * (200, 100), strict=True):
        assert lands(built, *corner) == pytest.approx([x, y])
    np.testing.assert_allclose(built[1], np.eye(3), atol=1e-12)


def test_then_does_the_first_one_first():
    shift, turn = matrix.shift(SIZE, both(0.25), both(0.0)), matrix.rotate(SIZE, both(90.0))
    assert lands(matrix.then(shift, turn), 60, 50) == pytest.approx([100, 40])
