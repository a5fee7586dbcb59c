"""Noises: how strong they are, on which levels, and which pixels have something in common."""

import numpy as np
import pytest

import augstream as aug

GRAY = np.full((160, 200, 3), 0.5, np.float32)


def noise_of(transform, level=0.5, seed=0, channels=3):
    """What it adds to an image of one level, as a fraction of the peak."""
    image = np.full((160, 200, channels), level, np.float32)
    return aug.Compose([transform])(image, seed=seed) - level


@pytest.mark.parametrize("kind", [aug.GaussianNoise, aug.UniformNoise, aug.LaplaceNoise])
class TestStd:
    def test_is_that_of_the_noise(self, kind):
        noise = noise_of(kind(0.05))
        assert abs(noise.std() / 0.05 - 1) < 0.02
        assert abs(noise.mean()) < 0.001

    def test_of_one_for_all_channels(self, kind):
        noise = noise_of(kind(0.05, per_channel=False))
        np.testing.assert_allclose(noise[..., 0], noise[..., 2], atol=1e-6)
        own = noise_of(kind(0.05))
        assert abs(np.corrcoef(own[..., 0].ravel(), own[..., 1].ravel())[0, 1]) < 0.03


def test_the_distributions_have_their_tails():
    beyond = {kind: (np.abs(noise_of(kind(0.05))) > 0.1).mean() for kind in (aug.UniformNoise, aug.GaussianNoise)}
    assert beyond[aug.UniformNoise] == 0
    assert abs(beyond[aug.GaussianNoise] - 0.0455) < 0.003
    assert abs((np.abs(noise_of(aug.LaplaceNoise(0.05))) > 0.1).mean() - np.exp(-2 * np.sqrt(2))) < 0.004


def test_shot_noise_grows_with_the_root_of_the_level():
    for level in (0.0, 0.1, 0.5):
        std = noise_of(aug.ShotNoise(400), level).std()
        assert abs(std - np.sqrt(level / 400)) < 0.03 * np.sqrt(1 / 400)


def test_speckle_is_in_proportion_to_the_level():
    for level in (0.0, 0.2, 0.5):
        assert abs(noise_of(aug.SpeckleNoise(0.1), level).std() - 0.1 * level) < 0.002


def test_iso_noise_has_a_shared_part_and_an_own_part():
    noise = noise_of(aug.ISONoise(0.1, 0.05), 0.5)
    together = noise.mean(axis=2)
    apart = noise - together[..., None]
    # Of each channel's own noise, two thirds differ from the mean of three.
    assert abs(apart.std() / (0.05 * np.sqrt(0.5) * np.sqrt(2 / 3)) - 1) < 0.03
    assert abs(together.std() / np.sqrt(0.5 * (0.1**2 + 0.05**2 / 3)) - 1) < 0.03


def neighbors(noise, dx=1, dy=0):
    one, two = noise[dy:, dx:, 0], noise[: noise.shape[0] - dy, : noise.shape[1] - dx, 0]
    return np.corrcoef(one.ravel(), two.ravel())[0, 1]


def test_film_grain_is_in_the_middle_tones_and_larger_than_a_pixel():
    assert noise_of(aug.FilmGrain(0.1), 0.0).std() == noise_of(aug.FilmGrain(0.1), 1.0).std() == 0
    middle = noise_of(aug.FilmGrain(0.1, 2.5), 0.5)
    assert abs(middle.std() / 0.1 - 1) < 0.05
    assert neighbors(middle) > 0.4
    assert neighbors(middle, 0, 1) > 0.4
    assert abs(neighbors(middle, 6)) < 0.05
    assert abs(neighbors(noise_of(aug.FilmGrain(0.1, 1), 0.5))) < 0.03
    # As strong at the places of its random numbers as between them.
    rows = middle[..., 0].std(axis=1)
    assert rows.std() < 0.15 * rows.mean()


class TestImpulse:
    def test_hits_as_many_as_it_says_black_and_white(self):
        image = np.full((200, 200, 3), 100, np.uint8)
        out = aug.Compose([aug.SaltAndPepper(0.2, salt=0.25)])(image, seed=0)
        assert abs((out[..., 0] == 255).mean() - 0.05) < 0.005
        assert abs((out[..., 0] == 0).mean() - 0.15) < 0.008
        assert (out[..., 0] == out[..., 1]).all()
        own = aug.Compose([aug.SaltAndPepper(0.2, per_channel=True)])(image, seed=0)
        assert abs((own[..., 0] != own[..., 1]).mean() - 0.34) < 0.02

    def test_dropped_pixels_are_the_fill_and_alpha_stays(self):
        image = np.full((100, 100, 4), 100, np.uint8)
        out = aug.Compose([aug.PixelDropout(0.5, fill=(1, 2, 3, 4))])(image, seed=0)
        dropped = out[..., 0] == 1
        assert abs(dropped.mean() - 0.5) < 0.02
        assert (out[dropped][:, :3] == (1, 2, 3)).all()
        assert (out[~dropped] == 100).all()
        assert (out[..., 3] == 100).all()
        assert (aug.Compose([aug.PixelDropout(1)])(image[..., :3], seed=0) == 0).all()

    def test_as_bytes_and_as_floats(self):
        image = np.random.default_rng(0).integers(0, 256, (60, 70, 3), np.uint8)
        for transform in (aug.SaltAndPepper(0.3), aug.PixelDropout(0.3, fill=9.5), aug.ShotNoise(40), aug.FilmGrain()):
            pipeline = aug.Compose([transform])
            floats = pipeline(image, seed=1, dtype="float32")
            np.testing.assert_array_equal(pipeline(image, seed=1), np.rint(floats).astype(np.uint8))


def test_noise_of_many_channels():
    """More channels than go into one piece."""
    image = np.zeros((20, 20, 70), np.uint8)
    out = aug.Compose([aug.PixelDropout(0.5, fill=7)])(image, seed=0)
    assert (out == out[..., :1]).all()
    assert abs((out == 7).mean() - 0.5) < 0.1
