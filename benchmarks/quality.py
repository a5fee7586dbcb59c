"""How good the images are, on real photos: against Pillow, against supersampling, against OpenCV step by step.

"from files" goes through the loader and so through the JPEG's own planes; "from arrays" warps the RGB image that
Pillow decodes from the same file.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks import references
from benchmarks.data import PhotoSet
from benchmarks.references import Matrix, Picture, Size
from benchmarks.report import Row

PHOTOS = 60
RESIZES = (1.5, 2, 3, 5)
SHRINKS = {1.3: 40.0, 1.8: 40.0, 2.2: 40.0, 3.0: None}
CHAIN = {"degrees": 17.0, "lean": 8.0, "x": 0.07, "y": 0.04}
FROM = ("from files", "from arrays")

Measured = dict[str, list[float]]


def quality(photos: PhotoSet, count: int, say: Callable[[str], None]) -> list[Row]:
    """The rows of one photo set, measured on photos from all over it."""
    files = photos.files()
    chosen = files[:: max(1, len(files) // count)][:count]
    found: Measured = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(chosen):
            photo = Photo(path, Path(folder) / str(number))
            angle = -40 + 80 * number / max(1, len(chosen) - 1)
            for name, value in photo.measure(angle):
                found.setdefault(name, []).append(value)
            if number % 20 == 19:
                say(f"    {number + 1} of {len(chosen)} photos")
    return list(_rows(found, len(chosen)))


class Photo:
    """One file, as Pillow decodes it and as a folder of its own for the loader."""

    def __init__(self, path: Path, folder: Path) -> None:
        with Image.open(path) as file:
            self.image = ImageOps.exif_transpose(file).convert("RGB")
        self.levels = np.asarray(self.image)
        self.picture: Picture = self.levels.astype(np.float32)
        self.size: Size = (self.image.height, self.image.width)
        self.folder = folder
        folder.mkdir()
        (folder / path.name).symlink_to(path.absolute())

    def measure(self, angle: float) -> Iterator[tuple[str, float]]:
        yield from self._resize()
        yield from self._turn_and_resize(angle)
        yield from self._chain()
        yield from self._planes(angle)

    def _run(self, transforms: Sequence[Any], dtype: str = "float32") -> Iterator[tuple[str, NDArray[Any]]]:
        """The pipeline's image, from the file and from the array."""
        import augstream as aug

        pipeline = aug.Compose(transforms, border="edge")
        source = aug.from_folder(self.folder, labels=None)
        batch = next(iter(aug.Loader(source, pipeline, 1, shuffle=False, prefetch=0, dtype=dtype)))  # type: ignore[arg-type]
        yield FROM[0], batch.image[0]
        yield FROM[1], pipeline(self.levels, dtype=dtype)

    def _shrunk(self, factor: float) -> Size:
        return max(1, round(self.size[0] / factor)), max(1, round(self.size[1] / factor))

    def _resize(self) -> Iterator[tuple[str, float]]:
        import augstream as aug

        for factor in RESIZES:
            height, width = self._shrunk(factor)
            wanted = np.asarray(self.image.resize((width, height), Image.Resampling.BILINEAR)).astype(np.float32)
            for way, made in self._run([aug.Resize(height, width)], "uint8"):
                yield f"resize {factor} {way}", float(np.abs(made - wanted).mean())

    def _turn_and_resize(self, angle: float) -> Iterator[tuple[str, float]]:
        import augstream as aug

        for factor in SHRINKS:
            size = self._shrunk(factor)
            matrix = references.rotate(self.size, angle) @ references.resize(self.size, size)
            wanted = references.supersampled(self.picture, matrix, size)
            where = references.inside([matrix], self.size, size, 2 * factor + 2)
            for way, made in self._run([aug.Rotate((angle, angle)), aug.Resize(*size)]):
                yield f"turn {factor} {way}", references.psnr(made, wanted, where)
            plain = references.bilinear(self.picture, matrix, size)
            yield f"turn {factor} plain", references.psnr(plain, wanted, where)

    def _chain(self) -> Iterator[tuple[str, float]]:
        import augstream as aug

        degrees, lean, x, y = CHAIN.values()
        steps = [
            references.rotate(self.size, degrees),
            references.shear(self.size, lean),
            references.shift(self.size, x, y),
        ]
        matrix = steps[0] @ steps[1] @ steps[2]
        where = references.inside(steps, self.size, self.size, 6)
        wanted = {
            "windowed sinc": references.lanczos(self.picture, matrix, self.size),
            "8x8 supersampling": references.supersampled(self.picture, matrix, self.size),
        }
        transforms = [aug.Rotate((degrees, degrees)), aug.Shear((lean, lean)), aug.Shift(x=(x, x), y=(y, y))]
        made = dict(self._run(transforms))
        with suppress(ImportError):
            made["OpenCV"] = stepwise_opencv(self.levels, steps)
        for reference, picture in wanted.items():
            for way, result in made.items():
                yield f"chain {reference} {way}", references.psnr(result, picture, where)

    def _planes(self, angle: float) -> Iterator[tuple[str, float]]:
        import augstream as aug

        turn = aug.Rotate((angle, angle))
        for name, transforms in {"at scale 1": [turn], "to 224x224": [turn, aug.Resize(224, 224)]}.items():
            one, other = (picture for _, picture in self._run(transforms))
            yield f"planes {name}", float(np.abs(one - other).mean())


def stepwise_opencv(levels: NDArray[np.uint8], steps: Sequence[Matrix]) -> Picture:
    """One cv2.warpAffine after the other; its coordinates are 0 at the center of the first pixel."""
    import cv2

    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    size = levels.shape[1], levels.shape[0]
    for step in steps:
        matrix = np.linalg.inv(half) @ step @ half
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        levels = cv2.warpAffine(levels, matrix[:2], size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return levels.astype(np.float32)


def _rows(found: Measured, count: int) -> Iterator[Row]:
    def row(what: str, name: str, unit: str, target: float | None = None, higher: bool = True, note: str = "") -> Row:
        values = found.get(name, [])
        better = "higher" if higher else "lower"
        spread = (mean(values), min(values), max(values)) if values else (None, None, None)
        return Row(what, *spread, unit, target, better, note)  # type: ignore[arg-type]

    for factor in RESIZES:
        for way in FROM:
            what = f"Resize at 1/{factor} against Pillow's, {way}"
            yield row(what, f"resize {factor} {way}", "levels", 1.5, higher=False, note="mean absolute")
    for factor, target in SHRINKS.items():
        for way in FROM:
            what = f"Rotate + Resize at shrink {factor} against 8x8 supersampling, {way}"
            yield row(what, f"turn {factor} {way}", "dB", target)
        yield row(f"    plain bilinear at shrink {factor}", f"turn {factor} plain", "dB")
    for reference in ("windowed sinc", "8x8 supersampling"):
        opencv = found.get(f"chain {reference} OpenCV", [])
        for way in FROM:
            name = f"chain {reference} {way}"
            wins = sum(a > b for a, b in zip(found[name], opencv, strict=bool(opencv)))
            note = f"better on {wins} of {count} photos" if opencv else ""
            what = f"Rotate, Shear, Shift at scale 1 against {reference}, {way}"
            yield row(what, name, "dB", mean(opencv) if opencv else None, note=note)
        yield row("    the same three step by step in OpenCV", f"chain {reference} OpenCV", "dB")
    for name in ("at scale 1", "to 224x224"):
        what = f"Rotate {name}: through planes against through RGB"
        yield row(what, f"planes {name}", "levels", 2.0, higher=False, note="mean absolute")
