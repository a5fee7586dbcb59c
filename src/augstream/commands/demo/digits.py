"""Handwritten digits as folders of image files: few to learn from, many to be tested on, those in odd positions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augstream.rng import permute
from augstream.sources.arrays import from_arrays
from augstream.sources.folder import from_folder
from augstream.sources.source import Source
from augstream.transforms.compose import Compose
from augstream.transforms.crop import Resize
from augstream.transforms.geometry import Rotate, Shift, Zoom
from augstream.transforms.pad import Pad

PER_CLASS = 20
SEED = 2024
"""Which digits are kept for training, and how the others are changed: the same on every machine."""

DRAWN = Compose([Pad(2), Resize(64, 64)], interpolation="bicubic")
CHANGED = Compose(
    [Rotate((-30, 30)), Shift(x=(-0.15, 0.15), y=(-0.15, 0.15)), Zoom((0.7, 1.2))], interpolation="bicubic"
)


@dataclass(frozen=True)
class Digits:
    """train: digits as they were written. test: other ones, turned, shifted and scaled. upright: those as written."""

    train: Source
    test: Source
    upright: Source


def write(folder: Path) -> Digits:
    """Write the digits that scikit-learn carries as folder/train/3/0123.png and folder/test/3/0456.png."""
    from PIL import Image
    from sklearn.datasets import load_digits

    found = load_digits()
    small = np.rint(found.images * (255 / 16)).astype(np.uint8)
    labels: NDArray[np.int64] = found.target
    drawn = [DRAWN(pixels) for pixels in small]
    kept = np.concatenate([_some(np.flatnonzero(labels == digit), digit) for digit in range(10)])
    others = np.setdiff1d(np.arange(len(labels)), kept)
    others = others[np.argsort(labels[others], kind="stable")]  # the order of the files
    for part, members in (("train", kept), ("test", others)):
        for index in members.tolist():
            path = folder / part / str(labels[index]) / f"{index:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = drawn[index] if part == "train" else CHANGED(drawn[index], seed=SEED, index=index)
            Image.fromarray(pixels).save(path)
    upright = from_arrays([drawn[index] for index in others], labels[others])
    return Digits(from_folder(folder / "train"), from_folder(folder / "test"), upright)


def _some(members: NDArray[np.int64], digit: int) -> NDArray[np.int64]:
    """Twenty of a class, the same ones every time."""
    return members[permute(SEED + digit, 0, len(members), np.arange(PER_CLASS))]
