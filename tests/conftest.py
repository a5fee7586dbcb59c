"""Images for the tests: made ones, and the real ones beside the repository where they are there."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

# A change is judged by the same examples each time; HYPOTHESIS_PROFILE=default looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"


def scene(height, width, number=0):
    """An image with slow and fast parts, unlike that of any other number: (h, w, 3) uint8."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (5 + number % 7) + k) + np.cos(y / (4 + k) + number) for k in range(3)]
    return np.clip(127 + 60 * np.stack(waves, axis=2), 0, 255).astype(np.uint8)


def encoded(picture, kind="JPEG", **options):
    """The image as a file's bytes."""
    buffer = io.BytesIO()
    options = {"quality": 95, **options} if kind == "JPEG" else options
    Image.fromarray(picture).save(buffer, kind, **options)
    return buffer.getvalue()


def turned(picture, orientation):
    """A JPEG whose EXIF says how to turn it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture, exif=exif)


@pytest.fixture
def photos(tmp_path):
    """A folder of 24 images in 3 classes, of several sizes and formats."""
    kinds = [("JPEG", "jpg"), ("JPEG", "JPG"), ("PNG", "png"), ("WEBP", "webp")]
    for number in range(24):
        kind, ending = kinds[number % 4]
        folder = tmp_path / "photos" / ("ant", "bee", "cat")[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        picture = scene(40 + 3 * (number % 5), 56 + 2 * (number % 7), number)
        (folder / f"{number:03}.{ending}").write_bytes(encoded(picture, kind))
    return tmp_path / "photos"


def real(name):
    """A folder of the real data, or the reason to skip."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder


@pytest.fixture
def flowers():
    return real("flowers")


def nasty():
    """What Pillow makes of each difficult file, one record each; none where the files are not there."""
    manifest = DATA / "nasty_dev" / "manifest.jsonl"
    if not manifest.exists():
        return []
    return [json.loads(line) for line in manifest.read_text().splitlines()]
