"""Ranges that are distributions."""

import numpy as np
import pytest

import augstream as aug
from augstream.rng import Rng

N = 20_000
MANY = Rng(3, 1, np.arange(N), "T.0")


def numbers_of(transform, name):
    return MANY.draw("x", getattr(transform, name), k=2)


class TestNormal:
    def test_has_its_mean_and_std(self):
        drawn = numbers_of(aug.Rotate(aug.normal(3, 10)), "degrees")
        assert abs(drawn.mean() - 3) < 0.2
        assert abs(drawn.std() - 10) < 0.2
        assert abs((np.abs(drawn - 3) < 10).mean() - 0.6827) < 0.01

    def test_is_cut_off_where_the_argument_ends(self):
        drawn = numbers_of(aug.Solarize(aug.normal(0.9, 0.3)), "threshold")
        assert 0 <= drawn.min() < 0.05
        assert 0.99 < drawn.max() <= 1
        # Half of a normal distribution, as what is cut off is spread over the rest and not piled up at the end.
        half = numbers_of(aug.GaussianBlur(aug.normal(0, 2)), "sigma")
        assert abs(half.mean() - 2 * np.sqrt(2 / np.pi)) < 0.03
        assert (half == 0).mean() < 0.001
        assert numbers_of(aug.Gamma(aug.normal(0.01, 1)), "gamma").min() > 0

    def test_of_no_width_is_a_number(self):
        assert (numbers_of(aug.Rotate(aug.normal(7, 0)), "degrees") == 7).all()


class TestChoice:
    def test_takes_each_as_often_as_its_weight_says(self):
        drawn = numbers_of(aug.Rotate(aug.choice([-90, 0, 45], weights=[1, 0, 3])), "degrees")
        assert set(np.unique(drawn)) == {-90, 45}
        assert abs((drawn == 45).mean() - 0.75) < 0.02

    def test_of_whole_numbers(self):
        posterize = aug.Posterize(aug.choice([2, 8]))
        assert set(MANY.whole("x", posterize.bits)) == {2, 8}
        with pytest.raises(aug.ArgumentError, match=r"Posterize\.bits must be a choice"):
            aug.Posterize(aug.choice([2, 2.5]))


def test_log_uniform_makes_as_many_half_as_double():
    drawn = numbers_of(aug.Zoom(aug.log_uniform(0.25, 4)), "scale")
    assert abs((drawn < 1).mean() - 0.5) < 0.02
    assert abs((drawn < 0.5).mean() - 0.25) < 0.02
    assert 0.25 <= drawn.min() < 0.26
    assert 3.9 < drawn.max() <= 4


def test_other_arguments_take_them_too():
    """Ratios are drawn as logarithms, and counts decide how many boxes there are."""
    image = np.zeros((60, 80, 3), np.uint8)
    erased = aug.Compose([aug.RandomErasing(0.05, aug.log_uniform(0.5, 2), 255, aug.choice([1, 3]), p=1)])
    counts = {len(erased.plan(0, 0, np.array([i]), aug.Frame(np.array([[60, 80]]))).ops[0].boxes[0]) for i in range(20)}
    assert counts == {1, 3}
    crop = aug.Compose([aug.RandomResizedCrop(20, scale=0.2, ratio=aug.choice([2]))])
    (warp,) = crop.plan(0, 0, np.arange(50), aug.Frame(np.tile([[100, 100]], (50, 1)))).ops
    np.testing.assert_allclose(warp.matrix[:, 0, 0] / warp.matrix[:, 1, 1], 2, atol=0.1)
    assert crop(image, seed=1).shape == (20, 20, 3)


@pytest.mark.parametrize(
    "transform",
    [
        aug.Rotate(aug.normal(0, 10)),
        aug.Rotate(aug.choice([0, 90], weights=[2, 1])),
        aug.Zoom(aug.log_uniform(0.5, 2), y=aug.choice([1, 2])),
        aug.Posterize(aug.choice([3, 5])),
        aug.SomeOf([aug.Rotate(), aug.Hue(), aug.Invert()], k=aug.choice([1, 3])),
    ],
    ids=repr,
)
def test_comes_back_from_repr_and_json(transform):
    assert eval(repr(transform), dict(vars(aug))) == transform
    pipeline = aug.Compose([transform])
    assert aug.Compose.from_json(pipeline.to_json()) == pipeline
    assert "normal" in str(pipeline) or "one of" in str(pipeline) or "log-uniform" in str(pipeline)


def test_what_an_argument_does_not_take_is_an_error_in_words():
    for wrong in (aug.choice([0.5, 2]), aug.log_uniform(0.5, 2), aug.normal(2, 1)):
        with pytest.raises(aug.ArgumentError, match=r"Solarize\.threshold must be between 0 and 1"):
            aug.Solarize(wrong)
    for make, said in (
        (lambda: aug.normal(0, -1), "std of normal"),
        (lambda: aug.normal("a", 1), "mean of normal"),
        (lambda: aug.choice([]), "values of choice"),
        (lambda: aug.choice([1, 2], [1]), "weights of choice"),
        (lambda: aug.choice([1, 2], [0, 0]), "weights of choice"),
        (lambda: aug.log_uniform(0, 1), "0 < low <= high"),
        (lambda: aug.Compose.from_dict(stored({"normal": [1]})), "a list of two numbers"),
        (lambda: aug.Compose.from_dict(stored({"choice": "ab"})), "a list of numbers"),
    ):
        with pytest.raises(aug.ArgumentError, match=said):
            make()


def stored(degrees):
    return {"transform": "Compose", "transforms": [{"transform": "Rotate", "degrees": degrees}]}
