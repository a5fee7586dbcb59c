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


def affine(a, b, x, c, d, y):
    return np.array([(a, b, x), (c, d, y), (0, 0, 1)])


def about_center(size, a, b, c, d):
    y, x = np.array(size) / 2
    return affine(a, b, x - a * x - b * y, c, d, y - c * x - d * y)


def radians(degrees):
    return degrees * np.pi / 180


BUILT = {
    "rotate": (
        matrix.rotate,
        lambda size, a, _: about_center(
            size, np.cos(radians(a)), -np.sin(radians(a)), np.sin(radians(a)), np.cos(radians(a))
        ),
    ),
    "shift": (matrix.shift, lambda size, a, b: affine(1, 0, -a * size[1], 0, 1, -b * size[0])),
    "shear": (
        matrix.shear,
        lambda size, a, b: about_center(
            size, 1 - np.tan(radians(a)) * np.tan(radians(b)), -np.tan(radians(a)), np.tan(radians(b)), 1
        ),
    ),
    "zoom": (matrix.zoom, lambda size, a, b: about_center(size, 1 / a, 0, 0, 1 / b)),
}


@pytest.mark.parametrize("name", BUILT)
def test_a_builder_is_its_formula_for_one_image_as_for_many(name):
    build, formula = BUILT[name]
    rng = np.random.default_rng(0)
    size, numbers = rng.integers(1, 500, (9, 2)), rng.uniform(0.1, 50, (9, 2))
    columns = list(numbers.T)[: 1 if name == "rotate" else 2]  # strided
    built = build(size, *columns)
    wanted = [formula(one, *pair) for one, pair in zip(size.tolist(), numbers.tolist(), strict=True)]
    np.testing.assert_allclose(built, wanted, rtol=1e-12, atol=1e-12)
    for row in range(9):
        alone = build(size[row : row + 1], *[column[row : row + 1] for column in columns])
        np.testing.assert_array_equal(alone[0], built[row])


def test_builders_take_numbers_and_arrays_of_any_kind():
    wanted = matrix.zoom(SIZE, np.array([2.0, 3.0]), np.array([4.0, 4.0]))
    np.testing.assert_array_equal(matrix.zoom(SIZE.astype(np.int32)[::1], np.array([2, 3]), 4), wanted)
    np.testing.assert_array_equal(matrix.zoom(np.asfortranarray(SIZE), np.array([2, 3], np.float32), 4.0), wanted)
    np.testing.assert_array_equal(matrix.then(wanted, wanted.transpose(0, 2, 1)), wanted @ wanted.transpose(0, 2, 1))


def test_builders_say_what_does_not_fit():
    with pytest.raises(ValueError, match=r"size must have the shape \(any, 2\); got \(2, 3\)"):
        matrix.rotate(np.ones((2, 3), np.int64), 1.0)
    with pytest.raises(ValueError, match="degrees must be a number or one for each image"):
        matrix.rotate(SIZE, np.zeros(3))
    with pytest.raises(TypeError, match="same_kind"):
        matrix.rotate(SIZE * 0.5, 1.0)


def test_a_box_is_stretched_to_a_size():
    built = matrix.stretch(np.array([(20, 10)]), 5, 7, 40, 50)
    np.testing.assert_allclose(built[0], affine(0.2, 0, 7, 0, 0.5, 5))
