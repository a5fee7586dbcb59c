"""Random numbers of pixels: pinned, the same in every engine, and good enough to be noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augstream import _core
from augstream.plan.kinds import pixel_hash
from augstream.plan.kinds.noise import Noise

# (key, words of pixels 0, 1, 2 in channels 0 and 1). Changing these is a major version.
GOLDEN = {
    0x0: ["af36e082 893b87bf", "66bd6385 5d704239", "0a822cd7 555e7616"],
    0x1: ["35969a18 2ba374b3", "ccd6746d 7acd3607", "20fee802 8b196139"],
    0x0123456789ABCDEF: ["b1bb5dbe 0ee5d0e3", "79dc6890 2d1ed066", "da7e6588 5233174b"],
    0xFFFFFFFFFFFFFFFF: ["ecefdeae 9eff4c24", "ca897f69 f40f36e4", "e94cf1b2 ef5f7ad0"],
}
KEYS = [0, 1, 2, 1 << 32, 0x0123456789ABCDEF, 2**64 - 1]
SIDE = 256


def words(key, side=SIDE, channels=3):
    return pixel_hash.words(key, side, side, channels)


def correlation(one, other):
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def least(count, sigmas=5):
    """How far a correlation of so many numbers may be from 0 by chance."""
    return sigmas / np.sqrt(count)


@pytest.mark.parametrize("key", GOLDEN)
def test_golden_words(key):
    found = pixel_hash.words(key, 1, 3, 2)[0]
    assert [" ".join(f"{word:08x}" for word in pixel) for pixel in found] == GOLDEN[key]


@given(st.integers(0, 2**64 - 1), st.integers(0, 3))
def test_the_core_has_the_same_words(key, channel):
    pixels = np.concatenate([np.arange(97), [2**31 - 1, 2**31, 2**32 - 1]]).astype(np.uint32)
    core = _core.pixel_hash(key, pixels, channel)
    assert core.dtype == np.uint32
    np.testing.assert_array_equal(core[:97], pixel_hash.words(key, 1, 97, 4)[0, :, channel])
    for place in (97, 98, 99):  # far ones alone, so that no engine depends on where a row begins
        np.testing.assert_array_equal(core[place], _core.pixel_hash(key, pixels[[place]], channel)[0])


@given(st.integers(0, 2**64 - 1))
def test_the_core_has_the_same_normal_numbers(key):
    pixels = np.arange(1000, dtype=np.uint32)
    core = _core.pixel_normal(key, pixels, 2)
    np.testing.assert_allclose(core, pixel_hash.normal(pixel_hash.words(key, 1, 1000, 3))[0, :, 2], atol=1e-4)


def test_normal_is_the_inverse_of_the_distribution():
    special = pytest.importorskip("scipy.special")
    hashes = np.concatenate([np.arange(0, 2**32, 65521), [0, 255, 256, 2**32 - 1]]).astype(np.uint32)
    exact = special.ndtri(((hashes >> np.uint32(8)) + 0.5) * 2.0**-24)
    np.testing.assert_allclose(pixel_hash.normal(hashes), exact, atol=1e-4)
    ends = pixel_hash.normal(np.array([0, 2**32 - 1], np.uint32))
    np.testing.assert_allclose(ends, [-5.42, 5.42], atol=0.01)
    assert ends[0] == -ends[1]


def test_uniform_has_24_bits_below_one():
    assert pixel_hash.uniform(np.array([0, 255, 256, 2**32 - 1], np.uint32)).tolist() == [0, 0, 2**-24, 1 - 2**-24]


@pytest.mark.parametrize("key", KEYS)
class TestQuality:
    def test_uniform(self, key):
        drawn = pixel_hash.uniform(words(key)).ravel()
        counts, _ = np.histogram(drawn, 256, (0, 1))
        expected = len(drawn) / 256
        chi = ((counts - expected) ** 2 / expected).sum()
        assert abs(chi - 255) < 5 * np.sqrt(2 * 255)

    def test_every_bit_is_set_half_of_the_time(self, key):
        hashes = words(key).ravel()
        bits = (hashes[:, None] >> np.arange(32, dtype=np.uint32)) & np.uint32(1)
        assert (np.abs(bits.mean(axis=0) - 0.5) < 5 * 0.5 / np.sqrt(len(hashes))).all()

    def test_moments_and_tails_of_the_normal_distribution(self, key):
        drawn = pixel_hash.normal(words(key)).ravel()
        n = len(drawn)
        assert abs(drawn.mean()) < 5 / np.sqrt(n)
        assert abs(drawn.var() - 1) < 5 * np.sqrt(2 / n)
        assert abs((drawn**3).mean()) < 5 * np.sqrt(15 / n)
        assert abs((drawn**4).mean() - 3) < 5 * np.sqrt(96 / n)
        for beyond, share in ((2, 0.0455003), (3, 0.0026998), (4, 6.334e-5)):
            count = (np.abs(drawn) > beyond).sum()
            assert abs(count - n * share) < 5 * np.sqrt(n * share), beyond

    @pytest.mark.parametrize("step", [(0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0), (0, 16), (16, 0)])
    def test_neighbors_are_independent(self, key, step):
        dy, dx = step
        drawn = pixel_hash.normal(words(key, channels=1))[..., 0]
        other = np.roll(drawn, (dy, dx), (0, 1))
        assert abs(correlation(drawn, other)) < least(drawn.size)
        assert abs(correlation(drawn**2, other**2)) < least(drawn.size)

    def test_channels_are_independent(self, key):
        drawn = pixel_hash.normal(words(key, channels=4))
        for one in range(4):
            for other in range(one):
                assert abs(correlation(drawn[..., one], drawn[..., other])) < least(drawn[..., 0].size)
                assert abs(correlation(drawn[:, 1:, one], drawn[:, :-1, other])) < least(drawn[..., 0].size)

    def test_keys_that_differ_in_one_bit_have_nothing_in_common(self, key):
        here = words(key, 64, 1)
        for bit in range(64):
            there = words(key ^ 1 << bit, 64, 1)
            changed = np.bitwise_count(here ^ there).mean() / 32
            assert abs(changed - 0.5) < 5 * 0.5 / np.sqrt(32 * here.size), bit
            drawn, other = pixel_hash.normal(here), pixel_hash.normal(there)
            assert abs(correlation(drawn, other)) < least(drawn.size)
            # Nor are they the same numbers somewhere else in the image.
            assert len(np.intersect1d(here, there)) < 30

    def test_the_spectrum_is_flat(self, key):
        drawn = pixel_hash.normal(words(key, channels=1))[..., 0]
        power = np.abs(np.fft.fft2(drawn)).ravel()[1:] ** 2 / drawn.size
        assert power.max() < 5 + np.log(drawn.size)
        bands = power.reshape(-1)[: 65535 // 255 * 255].reshape(255, -1).mean(axis=1)
        assert np.abs(bands - 1).max() < 6 / np.sqrt(257 / 2)


def test_successive_keys_and_pixels_are_no_lattice():
    """Keys in a row, one pixel each: what a video or a batch would show if they were."""
    drawn = np.array([pixel_hash.uniform(pixel_hash.words(key, 1, 2, 1)).ravel() for key in range(20_000)])
    assert abs(correlation(drawn[:, 0], drawn[:, 1])) < least(20_000)
    assert abs(correlation(drawn[1:, 0], drawn[:-1, 0])) < least(20_000)
    assert abs(correlation(drawn[1:, 0], drawn[:-1, 1])) < least(20_000)
    cells, _, _ = np.histogram2d(drawn[1:, 0], drawn[:-1, 0], 16, [[0, 1], [0, 1]])
    chi = ((cells - 19_999 / 256) ** 2 / (19_999 / 256)).sum()
    assert abs(chi - 255) < 5 * np.sqrt(2 * 255)


def test_uniform_noise_has_mean_zero_and_deviation_one():
    op = Noise(np.ones((1, 1)), np.array([5], np.uint64), 1e9, -1e9, distribution="uniform")
    drawn = op.apply(np.zeros((SIDE, SIDE, 1)), 0)
    assert abs(drawn.mean()) < 5 / SIDE
    assert drawn.std() == pytest.approx(1, abs=0.01)
    assert np.abs(drawn).max() <= np.sqrt(3)
