"""The two functions that every draw and every shuffle rest on."""

from collections import Counter
from math import factorial

import numpy as np
import philox_reference as reference
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augstream import _core

# From `tests/kat_vectors` of Random123, lines "philox4x32 10": counter, key, words.
PUBLISHED = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]

# Changing these is a major version.
GOLDEN_WORDS = [
    ["ac3078f0", "7fbe88a2", "0848e918", "fe13862d", "958b3c87"],
    ["86cebf5e", "661ed1f2", "e7d5160b", "8c8b1bf2", "4e73c9f5"],
    ["a7fba37d", "18f6421d", "76db5a90", "3484e6cd", "95b9d077"],
]
GOLDEN_ORDER = [19, 9, 3, 10, 5, 12, 2, 14, 0, 18, 15, 8, 4, 7, 1, 11, 16, 6, 17, 13]
GOLDEN_FAR = [2979368483845925321, 814581655246335335, 3932117463225729997]

keys = st.integers(0, 2**64 - 1)


def words_of(text):
    return tuple(int(word, 16) for word in text.split())


@pytest.mark.parametrize(("counter", "key", "words"), PUBLISHED)
def test_reference_gives_the_published_words(counter, key, words):
    assert reference.block(words_of(key), words_of(counter)) == words_of(words)


def test_core_gives_the_published_words():
    counter, key, words = (words_of(text) for text in PUBLISHED[0])
    assert not any(counter + key)
    assert tuple(_core.philox(0, 0, np.zeros(1, np.int64), 4)[0]) == words


@given(keys, st.integers(0, 2**32 - 1), st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5), st.integers(0, 13))
def test_core_gives_the_words_of_the_reference(key, epoch, index, words):
    index = np.array(index, np.int64)
    got = _core.philox(key, epoch, index, words)
    assert got.dtype == np.uint32
    assert got.shape == (len(index), words)
    np.testing.assert_array_equal(got, reference.philox(key, epoch, index, words))


def test_golden_words():
    got = _core.philox(0x0123456789ABCDEF, 3, np.array([0, 1, 2**40]), 5)
    assert [[f"{word:08x}" for word in row] for row in got] == GOLDEN_WORDS


def test_more_words_leave_the_first_ones_as_they_were():
    index = np.arange(10)
    np.testing.assert_array_equal(_core.philox(7, 1, index, 3), _core.philox(7, 1, index, 11)[:, :3])


@pytest.mark.parametrize("change", ["key", "epoch", "index"])
def test_half_of_the_bits_change_with_each_input(change):
    here = _core.philox(1, 1, np.arange(1000), 4)
    there = _core.philox(
        1 + (change == "key"), 1 + (change == "epoch"), np.arange(1000) + 1000 * (change == "index"), 4
    )
    assert np.unpackbits((here ^ there).view(np.uint8)).mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("n", [*range(1, 70), 127, 128, 129, 1000, 4095, 4096, 4097, 60_000, 65_537])
def test_permutation_is_a_bijection(n):
    for key in (0, 1, 2**64 - 1):
        np.testing.assert_array_equal(np.sort(_core.permute(key, n, np.arange(n))), np.arange(n))


@given(keys, st.integers(1, 2**62), st.data())
def test_core_permutes_as_the_reference(key, n, data):
    positions = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=5)), np.int64)
    got = _core.permute(key, n, positions)
    np.testing.assert_array_equal(got, reference.permute(key, n, positions))
    assert ((got >= 0) & (got < n)).all()


def test_golden_permutation():
    assert _core.permute(0x0123456789ABCDEF, 20, np.arange(20)).tolist() == GOLDEN_ORDER
    assert _core.permute(0x0123456789ABCDEF, 2**62, np.arange(3)).tolist() == GOLDEN_FAR


@pytest.mark.parametrize("n", [2, 3, 4])
def test_every_order_comes_equally_often(n):
    orders = Counter(tuple(_core.permute(key, n, np.arange(n)).tolist()) for key in range(24_000))
    expected = 24_000 / factorial(n)
    assert len(orders) == factorial(n)
    assert max(abs(count - expected) for count in orders.values()) < 5 * np.sqrt(expected)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 17])
def test_every_element_comes_to_every_place_equally_often(n):
    trials = 20_000
    orders = np.array([_core.permute(key * 0x9E3779B97F4A7C15 % 2**64, n, np.arange(n)) for key in range(trials)])
    counts = np.array([np.bincount(orders[:, i], minlength=n) for i in range(n)])
    expected = trials / n
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_neighbors_do_not_stay_neighbors():
    n = 100_000
    order = _core.permute(5, n, np.arange(n))
    assert np.corrcoef(order[:-1], order[1:])[0, 1] == pytest.approx(0, abs=0.02)
    assert np.corrcoef(order, np.arange(n))[0, 1] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("n", [0, -1, 2**62 + 1])
def test_permutation_refuses_a_size_out_of_range(n):
    with pytest.raises(ValueError, match="n must be in"):
        _core.permute(0, n, np.zeros(1, np.int64))


@pytest.mark.parametrize("position", [-1, 10])
def test_permutation_refuses_a_position_out_of_range(position):
    with pytest.raises(ValueError, match="positions must be in"):
        _core.permute(0, 10, np.array([position]))


def fractions(key, epoch, index, k):
    """The definition: the upper 53 bits of two words, the low one first."""
    words = reference.philox(key, epoch, index, 2 * k).astype(np.uint64)
    return ((words[:, ::2] | words[:, 1::2] << np.uint64(32)) >> np.uint64(11)) * 2.0**-53


@given(keys, st.integers(0, 2**32 - 1), st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4), st.integers(1, 7))
def test_draws_are_made_of_these_words(key, epoch, index, k):
    index = np.array(index, np.int64)
    stream, one, some = (key, epoch, index), fractions(key, epoch, index, 1)[:, 0], fractions(key, epoch, index, k)
    assert _core.uniform(*stream, None, 0.1, 0.7).tolist() == (0.1 + (0.7 - 0.1) * one).tolist()
    assert _core.uniform(*stream, k, -3.0, 5.0).tolist() == (-3.0 + 8.0 * some).tolist()
    assert _core.chance(*stream, 0.3).tolist() == (one < 0.3).tolist()
    counts = np.arange(len(index)) + 5
    assert _core.integers(*stream, counts, -2).tolist() == (-2 + (one * counts).astype(np.int64)).tolist()
    edges = np.cumsum([1.0, 0.0, 2.5])
    assert _core.choice(*stream, [1.0, 0.0, 2.5]).tolist() == np.searchsorted(edges, one * 3.5, "right").tolist()
    assert _core.order(*stream, k).tolist() == np.argsort(some, axis=1, kind="stable").tolist()
    assert _core.keys(*stream).tolist() == _core.philox(*stream, 2).view("<u8")[:, 0].tolist()


def test_draws_refuse_what_is_no_index():
    with pytest.raises(ValueError, match=r"index must have the shape \(any,\); got \(2, 2\)"):
        _core.uniform(0, 0, np.zeros((2, 2), np.int64), None, 0.0, 1.0)
    with pytest.raises(TypeError, match="same_kind"):
        _core.chance(0, 0, np.zeros(3), 0.5)
    with pytest.raises(ValueError, match="low must be a number or one for each image"):
        _core.uniform(0, 0, np.arange(3), None, np.zeros(2), 1.0)
