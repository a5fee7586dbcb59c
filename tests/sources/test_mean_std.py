"""What Normalize needs, measured over a source."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import augstream as aug


def pictures(n, dtype="uint8", channels=3):
    rng = np.random.default_rng(1)
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    return [(rng.random((9 + k, 12, channels)) * top * (k + 1) / n).astype(dtype) for k in range(n)]


def expected(images, top):
    pixels = np.concatenate([image.reshape(-1, image.shape[2]) for image in images]).astype(np.float64) / top
    return pixels.mean(axis=0), pixels.std(axis=0)


def source_of(images):
    return aug.from_sequence([(image, 0) for image in images])


@pytest.mark.parametrize(("dtype", "top"), [("uint8", 255), ("uint16", 65535), ("float32", 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_is_that_of_all_pixels(dtype, top, channels):
    images = pictures(40, dtype, channels)
    mean, std = expected(images, top)
    made = source_of(images).mean_std()
    np.testing.assert_allclose(made[0], mean, rtol=1e-6)
    np.testing.assert_allclose(made[1], std, rtol=1e-6)
    pipeline = aug.Compose([aug.Normalize(*made)])
    levels = np.concatenate([pipeline(image).reshape(-1, channels) for image in images])
    np.testing.assert_allclose(levels.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(levels.std(axis=0), 1, atol=1e-4)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_files_are_decoded(kind):
    images, files = pictures(3), []
    for image in images:
        file = BytesIO()
        Image.fromarray(image).save(file, kind)
        files.append(file.getvalue())
    decoded = [np.asarray(Image.open(BytesIO(file)).convert("RGB")) for file in files]
    mean, std = expected(decoded, 255)
    made = source_of(files).mean_std()
    np.testing.assert_allclose(made, (mean, std), atol=1e-3)
    assert len(source_of(files).mean_std(color="gray")[0]) == 1


def test_a_sample_of_them_is_always_the_same_one():
    photos = source_of(pictures(50))
    assert photos.mean_std(sample=5) == photos.mean_std(sample=5) != photos.mean_std()
    assert photos.mean_std(sample=99) == photos.mean_std()


def test_what_is_wrong_is_said():
    photos = source_of([*pictures(2), b"no image"])
    with pytest.raises(aug.SampleError, match="2"):
        photos.mean_std()
    with pytest.raises(aug.SampleError, match="has 1 channels where the others have 3"):
        source_of([*pictures(2), np.zeros((4, 4, 1), np.uint8)]).mean_std()
    with pytest.raises(aug.ArgumentError, match=r"mean_std\.sample must be a whole number"):
        source_of(pictures(2)).mean_std(sample=0)
    with pytest.raises(aug.ArgumentError, match=r"mean_std\.color must be one of"):
        source_of(pictures(2)).mean_std(color="cmyk")
    with pytest.raises(aug.ArgumentError, match="the source has none"):
        source_of(pictures(2)).subset([]).mean_std()
