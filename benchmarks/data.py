"""The photo sets, made once in a cache folder outside the repository; the shared data is only ever read.

Each set is a folder of classes. The names of a set stand for few files: every photo is there under several names (hard
links), so that an epoch is long and no contestant is measured by how it starts one.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
NAMES_PER_PHOTO = 8
RECIPE = 1  # counts up when this file comes to make other images

Pictures = Iterator[tuple[str, str, Image.Image | Path]]


@dataclass(frozen=True)
class PhotoSet:
    """A folder of classes: `once` holds each photo under one name, `often` under several."""

    name: str
    once: Path
    often: Path

    def files(self) -> list[Path]:
        return sorted(self.once.glob("*/*.jpg"))


def default_cache() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else 0
    return Path(tempfile.gettempdir()) / f"augstream-benchmarks-{user}"


def photo_sets(cache: Path, shared: Path = SHARED, smoke: bool = False) -> list[PhotoSet]:
    """The sets of the race, the first one being the common case: 4:2:0, about 500x375."""
    flowers = shared / "flowers"
    if smoke:
        return [_photo_set(cache, "smoke", lambda: _synthetic(40, (96, 128)), names=2)]
    if not flowers.is_dir():
        return [_photo_set(cache, "synthetic 4:2:0 500x375", lambda: _synthetic(600, (375, 500)))]
    return [
        _photo_set(cache, "flowers 4:2:0 500x375", lambda: _enlarged(flowers, 500 * 375)),
        _photo_set(cache, "flowers as it is", lambda: _as_it_is(flowers)),
    ]


def small_arrays(count: int = 10_000) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """In-memory 32x32x3 images, smooth like thumbnails of photos."""
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (count, 8, 8, 3), np.uint8)
    fine = coarse.repeat(4, axis=1).repeat(4, axis=2)
    return fine + rng.integers(0, 16, fine.shape, np.uint8) - fine // 16, rng.integers(0, 10, count)


def _photo_set(cache: Path, name: str, make: Callable[[], Pictures], names: int = NAMES_PER_PHOTO) -> PhotoSet:
    root = cache / f"{name}-{RECIPE}".replace(" ", "-").replace(":", "")
    if not root.is_dir():
        unfinished = cache / f"unfinished-{uuid.uuid4().hex}"
        for label, stem, picture in make():
            first = unfinished / "once" / label / f"{stem}.jpg"
            first.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(picture, Path):
                shutil.copyfile(picture, first)
            else:
                picture.save(first, quality=90, subsampling="4:2:0")
            for repeat in range(names):
                link = unfinished / "often" / label / f"{stem}-{repeat}.jpg"
                link.parent.mkdir(parents=True, exist_ok=True)
                os.link(first, link)
        try:
            unfinished.rename(root)
        except OSError:  # another run was faster
            shutil.rmtree(unfinished)
    return PhotoSet(name, root / "once", root / "often")


def _as_it_is(folder: Path) -> Pictures:
    for path in sorted(folder.glob("*/*.jpg")):
        yield path.parent.name, path.stem, path


def _enlarged(folder: Path, area: int) -> Pictures:
    """Photos brought to one area, each in its own shape, to be written as the common kind of JPEG."""
    for path in sorted(folder.glob("*/*.jpg")):
        with Image.open(path) as file:
            picture = ImageOps.exif_transpose(file).convert("RGB")
        scale = (area / (picture.width * picture.height)) ** 0.5
        size = round(picture.width * scale), round(picture.height * scale)
        yield path.parent.name, path.stem, picture.resize(size, Image.Resampling.BICUBIC)


def _synthetic(count: int, size: tuple[int, int]) -> Pictures:
    """Noise with a photo's spectrum (amplitude over frequency) under a few flat shapes with sharp edges."""
    height, width = size
    rng = np.random.default_rng(9)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1
    y, x = np.mgrid[:height, :width]
    for number in range(count):
        spectrum = np.fft.rfft2(rng.normal(size=(4, height, width)), axes=(1, 2)) / frequency**1.2
        layers = np.fft.irfft2(spectrum, size, axes=(1, 2))
        layers /= layers.std(axis=(1, 2), keepdims=True)
        levels = 120 + 40 * layers[0, ..., None] + 15 * layers[1:].transpose(1, 2, 0)
        for _ in range(6):
            cy, cx, radius = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(0.05, 0.2) * height
            levels[np.hypot(y - cy, x - cx) < radius] *= rng.uniform(0.4, 1.6, 3)
        yield f"class{number % 5}", f"{number:04d}", Image.fromarray(levels.clip(0, 255).astype(np.uint8))
