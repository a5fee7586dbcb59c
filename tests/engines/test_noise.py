"""The random words of pixels, and noise made of them."""

from statistics import NormalDist

import numpy as np
import pytest

from augstream import _core

COLOR, NOISE, MIX = 1, 4, 6
LEVELS = (0.0, 255.0)
U32, U64 = np.uint32, np.uint64


def words(key, pixels, channel):
    """The hash once more, in NumPy."""
    with np.errstate(over="ignore"):
        k = U64(key) + U64(0x9E3779B97F4A7C15)
        k = (k ^ (k >> U64(30))) * U64(0xBF58476D1CE4E5B9)
        k = (k ^ (k >> U64(27))) * U64(0x94D049BB133111EB)
        k ^= k >> U64(31)
        low, high = U32(k & U64(0xFFFFFFFF)), U32(k >> U64(32))
        h = np.asarray(pixels, U32) * U32(0x9E3779B1) + low
        h = (h ^ (h >> U32(16))) * U32(0x85EBCA6B)
        h = (h ^ (h >> U32(13))) + (high + U32(channel) * U32(0x6C8E9CF5))
        h = (h ^ (h >> U32(16))) * U32(0xC2B2AE35)
        h = (h ^ (h >> U32(15))) * U32(0x2C1B3C6D)
        return h ^ (h >> U32(16))


def run(images, points, dtype="float32", layout="NHWC"):
    h, w, c = images[0].shape
    out = np.zeros((len(images), c, h, w) if layout == "NCHW" else (len(images), h, w, c), dtype)
    programs = [(None, None, [(None, tuple(points))])]
    assert _core.Pool(0).run(list(images), programs, c, out, dtype, layout == "NCHW") == []
    return out


def noise(std, key, per_channel=True, uniform=False, low=LEVELS[0], high=LEVELS[1]):
    """std: (n, c); key: (n,)."""
    return (NOISE, int(uniform), np.asarray(std, np.float32), np.asarray(key, U64), per_channel, low, high, None, None)


def values(shape, key, per_channel=True, uniform=False):
    """The values of mean 0 and standard deviation 1 that noise adds."""
    h, w, c = shape
    hashed = np.stack([words(key, np.arange(h * w), k if per_channel else 0) for k in range(c)], -1)
    p = ((hashed >> U32(8)).astype(np.float64) + 0.5) / 2**24
    if uniform:
        return ((p - 0.5) * np.sqrt(12)).reshape(shape)
    return np.vectorize(NormalDist().inv_cdf, otypes=[float])(p).reshape(shape)


def picture(shape, dtype="uint8", seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random(shape) * 256).astype(dtype)


@pytest.mark.parametrize(
    ("key", "channel", "golden"),
    [
        (0, 0, [0xAF36E082, 0x66BD6385, 0x0A822CD7, 0xEB80A0BC, 0xD378564F, 0x96FCD0FB]),
        (0, 1, [0x893B87BF, 0x5D704239, 0x555E7616, 0xEEF2FB21, 0x1E3B6743, 0x68EF5D82]),
        (1, 0, [0x35969A18, 0xCCD6746D, 0x20FEE802, 0x99BAE35F, 0xADC49A5F, 0xF7070DF2]),
        (0xFEDCBA9876543210, 2, [0x48101406, 0x6559F5E6, 0x5464732B, 0xDCBD80D0, 0xB58CD957, 0xF400CFDE]),
        (2**64 - 1, 2**32 - 1, [0x48404525, 0xD1842738, 0xE65C63C1, 0x1897C89C, 0x51DB49BD, 0x561EC5B5]),
    ],
)
def test_golden_words(key, channel, golden):
    pixels = np.array([0, 1, 2, 512, 2**20, 2**32 - 1], U32)
    assert [hex(w) for w in _core.pixel_hash(key, pixels, channel)] == [hex(w) for w in golden]


def test_the_core_and_numpy_hash_alike():
    pixels = np.random.default_rng(0).integers(0, 2**32, 1001, dtype=U32)
    for key in (0, 1, 2**63, 0x0123456789ABCDEF):
        for channel in (0, 1, 2, 3, 77):
            assert np.array_equal(_core.pixel_hash(key, pixels, channel), words(key, pixels, channel))
    assert len(_core.pixel_hash(0, pixels[:0], 0)) == 0


def chi_square(counts):
    """How far counts are from even, in standard deviations."""
    expected = counts.sum() / counts.size
    return ((((counts - expected) ** 2) / expected).sum() - (counts.size - 1)) / np.sqrt(2 * (counts.size - 1))


def joint(a, b, shift):
    """Of six bits each."""
    return np.bincount(((a >> U32(shift)) & U32(63)) * U32(64) + ((b >> U32(shift)) & U32(63)), minlength=4096)


@pytest.mark.parametrize("key", [0, 0x0123456789ABCDEF])
def test_words_are_even_and_independent(key):
    n = 1 << 19
    pixels = np.arange(n, dtype=U32)
    w = _core.pixel_hash(key, pixels, 0)
    for shift in (0, 8, 20):
        assert abs(chi_square(np.bincount((w >> U32(shift)) & U32(4095), minlength=4096))) < 5
    others = [_core.pixel_hash(key, pixels + U32(d), 0) for d in (1, 2, 3, 256, 500, 512, 513, 1024)]
    others += [_core.pixel_hash(key, pixels, c) for c in range(1, 9)]
    others += [_core.pixel_hash(key ^ (1 << b), pixels, 0) for b in range(64)]
    others += [_core.pixel_hash(key + d, pixels, 0) for d in (1, 2, 3)]
    for other in others:
        for shift in (8, 26):
            assert abs(chi_square(joint(w, other, shift))) < 5
        assert abs(np.corrcoef(w, other)[0, 1]) < 5 / np.sqrt(n)


@pytest.mark.parametrize("what", ["pixel", "key"])
def test_each_bit_changes_half_of_the_others(what):
    n = 1 << 12
    pixels = np.random.default_rng(0).integers(0, 2**32, n, dtype=U32)
    w = _core.pixel_hash(99, pixels, 1)
    for bit in range(32 if what == "pixel" else 64):
        in_pixel, in_key = (1 << bit, 0) if what == "pixel" else (0, 1 << bit)
        other = _core.pixel_hash(99 ^ in_key, pixels ^ U32(in_pixel), 1)
        flipped = np.unpackbits((w ^ other).view(np.uint8).reshape(-1, 4), axis=1).mean(0)
        assert np.abs(flipped - 0.5).max() < 5 * 0.5 / np.sqrt(n)


def test_normal_values_are_those_of_their_words():
    pixels = np.arange(1 << 20, dtype=U32)
    z = _core.pixel_normal(5, pixels, 0)
    p = ((_core.pixel_hash(5, pixels, 0) >> U32(8)).astype(np.float64) + 0.5) / 2**24
    order = np.argsort(p)
    some = np.concatenate([order[:1500], order[-1500:], order[:: len(order) // 3000]])
    want = np.array([NormalDist().inv_cdf(v) for v in p[some]])
    assert np.abs(z[some] - want).max() < 1e-5
    assert (np.diff(z[order]) >= -2e-6).all()


def test_normal_values_have_the_moments_and_tails():
    n = 1 << 22
    z = _core.pixel_normal(7, np.arange(n, dtype=U32), 2).astype(np.float64)
    for power, moment, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)]:
        assert abs((z**power).mean() - moment) < 4 * np.sqrt(variance / n)
    for limit in (1, 2, 3, 4, 4.5):
        share = NormalDist().cdf(-limit)
        for count in ((z > limit).sum(), (z < -limit).sum()):
            assert abs(count - n * share) < 4 * np.sqrt(n * share) + 1


@pytest.mark.parametrize("uniform", [False, True])
@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 3), (7, 67, 4), (2, 300, 2), (1, 513, 5), (31, 17, 3)])
def test_noise_is_what_it_is_defined_as(shape, per_channel, uniform):
    images = [picture(shape, "float32", seed) for seed in range(2)]
    std = np.stack([np.linspace(20, 40, shape[2]), np.linspace(0, 9, shape[2])])
    keys = [3, 2**63 + 5]
    got = run(images, [noise(std, keys, per_channel, uniform)])
    for i, image in enumerate(images):
        want = np.clip(image + std[i] * values(shape, keys[i], per_channel, uniform), *LEVELS)
        want = np.where(std[i] > 0, want, image)
        assert np.abs(got[i] - want).max() < 1e-3


@pytest.mark.parametrize("uniform", [False, True])
@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 31, 3), (4, 600, 4), (3, 64, 2), (2, 9, 5)])
def test_bytes_are_the_floats_rounded_once(shape, per_channel, uniform, layout):
    image = picture(shape)
    op = noise([np.linspace(30, 60, shape[2])], [8], per_channel, uniform)
    floats = run([image], [op], layout=layout)
    assert np.array_equal(run([image], [op], "uint8", layout=layout), np.rint(floats))
    # A point behind it, and the way goes through floats.
    half = np.concatenate([np.eye(shape[2]) * 0.5, np.zeros((shape[2], 1))], 1)[None].astype(np.float32)
    made = run([image], [op, (COLOR, half, None)], "uint8", layout=layout)
    assert np.array_equal(made, np.rint(floats * np.float32(0.5)))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_what_has_no_noise_is_not_touched(dtype):
    images = [picture((9, 70, 3), dtype, seed) * (1 if dtype == "uint8" else np.float32(3)) for seed in range(3)]
    std = np.array([[0, 0, 0], [10, 0, 10], [0, 0, 0]])
    got = run(images, [noise(std, [1, 2, 3], low=100, high=200)], dtype)
    for i in (0, 2):
        assert got[i].tobytes() == images[i].tobytes()
    assert got[1][..., 1].tobytes() == images[1][..., 1].tobytes()
    assert (got[1][..., 0] >= 100).all()
    assert (got[1][..., 2] <= 200).all()


def test_noise_follows_its_place_in_a_part_of_a_picture():
    images = [picture((40, 90, 3), seed=seed) for seed in range(2)]
    op = noise([[20, 20, 20]], [4])
    numbers = [np.array([i], np.int64) for i in range(2)]
    branches = ((numbers[0], ()), (numbers[1], ((None, (op,)),)))
    region = np.array([[[0, 0, 90, 40], [37, 11, 71, 29]]], np.float32)
    mix = (MIX, branches, np.array([[0, 1]], np.float32), region, None)
    out = np.zeros((1, 40, 90, 3), np.float32)
    assert _core.Pool(0).run(images, [(None, None, [(mix, ())])], 3, out, "float32", False) == []
    want = run([images[1]], [op])[0]
    assert np.abs(out[0] - want)[11:29, 37:71].max() < 1e-4  # blending rounds


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({1: 3}, "distribution"),
        ({7: np.zeros((1, 3), np.float32)}, "growth"),
        ({8: np.zeros(1, np.float32)}, "grain"),
        ({8: np.full(1, np.nan, np.float32)}, "grain"),
        ({2: np.zeros((1, 2), np.float32)}, "std"),
        ({3: np.zeros(1, np.int64)}, "key"),
        ({5: np.nan}, "low"),
    ],
)
def test_what_is_no_noise_is_refused(change, words):
    op = [*noise([[1, 1, 1]], [1])]
    for k, value in change.items():
        op[k] = value
    with pytest.raises(ValueError, match=words):
        run([picture((9, 9, 3))], [tuple(op)])
