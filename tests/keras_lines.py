"""The old lines themselves, for tests to compare with; each test is skipped where its line is not installed."""

import contextlib
import io
import warnings

import numpy as np
import pytest

LINES = ("1.1.2", "keras3")


def line(compat):
    """The module of an old line."""
    if compat == "1.1.2":
        return pytest.importorskip("keras_preprocessing.image", reason="Keras-Preprocessing is not installed")
    pytest.importorskip("scipy", reason="Keras 3 needs SciPy for this")
    return pytest.importorskip("keras.src.legacy.preprocessing.image", reason="Keras 3 is not installed")


def generator_of(compat, **arguments):
    """The old line's generator. Keras' data format would come from a file in somebody's home."""
    if compat == "keras3":
        arguments = {"data_format": "channels_last", "dtype": "float32", **arguments}
    return line(compat).ImageDataGenerator(**arguments)


@contextlib.contextmanager
def quiet():
    """Without what the old lines print, and what SciPy and Pillow say of how they are called."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()) as said:
        warnings.simplefilter("ignore")
        yield said


def assert_alike(ours, theirs, scale=1.0):
    """Within one level in the mean and two at the 99th percentile; `scale` is what one level has become."""
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    apart = np.abs(np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)) / scale
    assert apart.mean() <= 1, apart.mean()
    assert np.percentile(apart, 99) <= 2, np.percentile(apart, 99)


def photo(height, width, channels=3, dtype=np.uint8, seed=0):
    """An image with edges, gradients and something like texture."""
    y, x = np.mgrid[:height, :width] / 8
    planes = [
        127 + 60 * np.sin(x * (c + 1) / 2 + seed) + 60 * np.cos(y / (c + 1)) * ((x.astype(int) + seed) % 3 - 1)
        for c in range(channels)
    ]
    return np.clip(np.stack(planes, axis=2), 0, 255).astype(dtype)


def photos(n, height, width, channels=3, dtype=np.uint8):
    return np.stack([photo(height, width, channels, dtype, seed) for seed in range(n)])
