"""A draw is a pure function of (seed, epoch, index, name)."""

import warnings

import numpy as np
import philox_reference
import pytest

from augstream.rng import Rng, key, permute

INDEX = np.arange(4000)
DRAWS = {
    "uniform": lambda rng: rng.uniform("x", 2, 5),
    "uniform, several": lambda rng: rng.uniform("x", -1, 1, k=5),
    "normal": lambda rng: rng.normal("x"),
    "chance": lambda rng: rng.chance("x", 0.3),
    "integers": lambda rng: rng.integers("x", 7),
    "choice": lambda rng: rng.choice("x", [1, 0, 3]),
    "order": lambda rng: rng.order("x", 6),
    "draw": lambda rng: rng.draw("x", (2, 5)),
    "draw, several": lambda rng: rng.draw("x", (2, 5), k=3),
    "beta": lambda rng: rng.beta("x", 0.4),
    "key": lambda rng: rng.key("x"),
}


def rng(seed=0, epoch=0, index=INDEX, path=""):
    return Rng(seed, epoch, index, path)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
class TestEveryDraw:
    def test_is_the_same_again(self, draw):
        np.testing.assert_array_equal(draw(rng()), draw(rng()))

    def test_of_a_sample_alone_is_that_in_the_batch(self, draw):
        everything = draw(rng())
        for rows in ([7], [3999, 7, 7], range(1000, 1017)):
            np.testing.assert_array_equal(draw(rng(index=np.array(rows))), everything[rows])

    def test_changes_with_seed_epoch_and_path(self, draw):
        first = draw(rng())
        for other in (rng(seed=1), rng(epoch=1), rng(path="Rotate.0"), rng(index=INDEX + 2**40)):
            same = (draw(other) == first).reshape(len(INDEX), -1).all(axis=1)
            assert same.mean() < 0.7  # for `chance`, with 0.3^2 + 0.7^2 by luck

    def test_has_one_row_for_each_sample(self, draw):
        assert len(draw(rng(index=np.arange(0)))) == 0
        assert draw(rng()).shape[0] == len(INDEX) == len(rng())


def test_uniform_fills_its_range_evenly():
    drawn = rng().uniform("x", 2, 5)
    assert drawn.min() >= 2
    assert drawn.max() < 5
    counts, _ = np.histogram(drawn, 10, (2, 5))
    assert (np.abs(counts - 400) < 5 * 20).all()


def test_a_range_of_no_width_is_that_value():
    assert (rng().uniform("x", 0.1, 0.1) == 0.1).all()


def test_ranges_may_differ_from_sample_to_sample():
    low = INDEX * 1.0
    drawn = rng().uniform("x", low, low + 1)
    assert ((drawn >= low) & (drawn < low + 1)).all()
    whole = rng().integers("x", INDEX % 5 + 1)
    assert (whole <= INDEX % 5).all()
    assert (whole >= 0).all()


def test_several_numbers_of_one_draw_are_independent():
    several = rng().uniform("x", 0, 1, k=4)
    np.testing.assert_allclose(np.corrcoef(several.T), np.eye(4), atol=0.07)


def test_normal_has_mean_zero_and_deviation_one():
    drawn = rng().normal("x")
    assert abs(drawn.mean()) < 0.06
    assert abs(drawn.std() - 1) < 0.05
    assert np.isfinite(drawn).all()


def test_chance_is_kept():
    assert rng().chance("x", 0.3).mean() == pytest.approx(0.3, abs=0.03)
    assert not rng().chance("x", 0).any()
    assert rng().chance("x", 1).all()


def test_integers_are_all_seen():
    counts = np.bincount(rng().integers("x", 7), minlength=7)
    assert len(counts) == 7
    assert (np.abs(counts - 4000 / 7) < 120).all()


def test_choice_goes_by_weight():
    counts = np.bincount(rng().choice("x", [1, 0, 3]), minlength=3)
    assert counts[1] == 0
    assert counts[2] / len(INDEX) == pytest.approx(0.75, abs=0.03)


def test_an_order_is_one():
    orders = rng().order("x", 3)
    assert (np.sort(orders, axis=1) == range(3)).all()
    assert len(np.unique(orders, axis=0)) == 6


def test_names_are_paths():
    direct = Rng(0, 0, INDEX, "OneOf.0/Rotate.1").uniform("angle", 0, 1)
    np.testing.assert_array_equal(rng().child("OneOf.0").child("Rotate.1").uniform("angle", 0, 1), direct)


def test_a_trace_holds_what_was_drawn():
    trace = []
    drawn = Rng(0, 0, INDEX, trace=trace).child("Rotate.0").uniform("angle", -1, 1, unit="°")
    ((name, value, unit),) = trace
    assert (name, unit) == ("Rotate.0/angle", "°")
    assert value is drawn


def test_a_uniform_draw_is_the_upper_53_bits_of_two_words():
    name, index = "Rotate.0/angle", np.array([5, 2**40])
    low, high = philox_reference.philox(key(3, name), 2, index, 2).astype(object).T
    expected = [float((one | two << 32) >> 11) / 2**53 for one, two in zip(low, high, strict=True)]
    assert Rng(3, 2, index).uniform(name, 0, 1).tolist() == expected


@pytest.mark.parametrize("k", [None, 3])
def test_draw_of_a_range_is_uniform_in_it(k):
    trace = []
    drawn = Rng(0, 0, INDEX, "Rotate.0", trace).draw("angle", (-3, 4), k, unit="°")
    np.testing.assert_array_equal(drawn, rng(path="Rotate.0").uniform("angle", -3, 4, k))
    assert [(one.name, one.unit) for one in trace] == [("Rotate.0/angle", "°")]


@pytest.mark.parametrize("a", [0.05, 0.2, 0.5, 1, 2, 8, 50])
class TestBeta:
    MANY = np.arange(40_000)

    def test_its_quantiles_are_those_of_the_distribution(self, a):
        stats = pytest.importorskip("scipy.stats")
        drawn = rng(index=self.MANY).beta("x", a)
        exact = stats.beta(a, a)
        # Where a is small, a number may be nearer to 0 or 1 than one that has its place between them.
        for place in (1e-9, 1e-3, *exact.ppf([0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]), 1 - 1e-3, 1 - 1e-9):
            below, level = (drawn <= np.clip(place, 1e-9, 1 - 1e-9)).mean(), exact.cdf(np.clip(place, 1e-9, 1 - 1e-9))
            assert below == pytest.approx(level, abs=5 * np.sqrt(level * (1 - level) / len(drawn)) + 1e-9), place
        if a >= 0.5:
            assert stats.kstest(drawn, exact.cdf).pvalue > 1e-3

    def test_its_moments_are_those_of_the_distribution(self, a):
        drawn = rng(index=self.MANY).beta("x", a)
        n, variance = len(drawn), 1 / (4 * (2 * a + 1))
        assert ((drawn >= 0) & (drawn <= 1)).all()
        assert drawn.mean() == pytest.approx(0.5, abs=5 * np.sqrt(variance / n))
        fourth = 3 * (1 / 16) / ((2 * a + 1) * (2 * a + 3))  # the central one
        assert drawn.var() == pytest.approx(variance, abs=6 * np.sqrt((fourth - variance**2) / n) + 1e-9)
        skew = ((drawn - 0.5) ** 3).mean()
        assert abs(skew) < 0.01 * variance**1.5 * 20

    def test_it_is_as_likely_left_as_right(self, a):
        drawn = rng(index=self.MANY).beta("x", a)
        assert ((drawn < 0.5).mean()) == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(len(drawn)))


def test_beta_of_a_tiny_a_is_no_number_outside_and_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for a in (1e-300, 1e-4, 1e-3, 1e4, 1e15):
            drawn = rng().beta("x", a)
            assert np.isfinite(drawn).all()
            assert ((drawn >= 0) & (drawn <= 1)).all()
            if a < 1e-2:
                assert (np.minimum(drawn, 1 - drawn) < 1e-3).mean() > 0.95
                assert drawn.mean() == pytest.approx(0.5, abs=0.05)


def test_keys_are_64_bits_all_of_which_vary():
    keys = rng().key("pixels")
    assert keys.dtype == np.uint64
    assert len(np.unique(keys)) == len(keys)
    bits = (keys[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert (np.abs(bits.mean(axis=0) - 0.5) < 5 * 0.5 / np.sqrt(len(keys))).all()


def test_golden_keys_and_betas():
    """Changing these is a major version, as with all golden draws."""
    assert [f"{one:016x}" for one in Rng(0, 0, np.arange(3)).key("pixels")] == [
        "cb293531968941ed",
        "865927dd2f34cb9f",
        "0d5079e106571593",
    ]
    some = Rng(5, 2, np.array([0, 7, 2**40]), "GaussianNoise.0")
    assert [f"{one:016x}" for one in some.key("pixels")] == [
        "be2245f3c8fc5854",
        "8f07d342e690367a",
        "1047f005d98fb580",
    ]


def test_golden_draws():
    """Changing these is a major version: every result that anybody has noted down would change."""
    assert key(0, "Rotate.0/angle") == 0x94996A1F7F7DF029
    some = Rng(7, 3, np.array([0, 1, 31337, 2**40]), "Rotate.0")
    assert some.uniform("angle", 0, 1).tolist() == [
        0.20909808062105584,
        0.8410237265482815,
        0.041314720044442144,
        0.6350119625259382,
    ]
    assert some.uniform("several", 0, 1, k=3)[2].tolist() == [
        0.07938507220356394,
        0.1632298434453372,
        0.5059149678988999,
    ]
    assert some.normal("normal").tolist() == pytest.approx(
        [-0.529629239547119, -0.407745926214312, 0.644570726040834, -0.215198156767344], abs=1e-12
    )
    assert some.chance("apply", 0.5).tolist() == [False, False, True, True]
    assert some.integers("turns", 4).tolist() == [0, 2, 2, 3]
    assert some.choice("which", [1, 2, 3]).tolist() == [1, 2, 2, 0]
    assert some.order("order", 4).tolist() == [[1, 0, 2, 3], [1, 0, 2, 3], [2, 3, 0, 1], [2, 3, 1, 0]]


def test_golden_permutation():
    assert permute(0, 0, 10, np.arange(10)).tolist() == [9, 0, 8, 4, 3, 6, 5, 7, 2, 1]
    assert permute(7, 3, 1_000_003, np.array([0, 1, 1_000_002])).tolist() == [540096, 862292, 17421]


def test_every_epoch_has_its_own_order():
    orders = [permute(0, epoch, 100, np.arange(100)) for epoch in range(5)]
    assert all(sorted(order.tolist()) == list(range(100)) for order in orders)
    assert len({tuple(order.tolist()) for order in orders}) == 5
