"""What a pipeline may be called with: arrays, images of Pillow's, files; and what is known of them before it is run."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

import augstream._core as _core
from augstream.decode.orientation import oriented_size
from augstream.decode.sample import PEAK, Sample, planar
from augstream.errors import ArgumentError, SampleError
from augstream.plan.op import Frame
from augstream.record import record
from augstream.rng import Integers

if TYPE_CHECKING:
    from PIL import Image

    Picture: TypeAlias = ArrayLike | str | os.PathLike[str] | bytes | Image.Image
    """One image: an array (h, w) or (h, w, c), an image of Pillow's, or the path or the bytes of a file."""

NAMES: dict[Any, str] = {
    np.dtype(name): name for name in ("uint8", "uint16", "float32")
}  # `dtype.name` is worked out anew each time
JPEG_KIND = np.dtype(np.uint8), 3
BROKEN = "Pass the path of an image file, or the image as an array."
SEVERAL = "For several images write pipeline.batch(images)."


@record(frozen=True, eq=False)
class Images:
    """Images of one kind. stored: (m, 2) (height, width); orientation: (m,) EXIF, None where none has any.

    flat: whether all are (h, w). dtype: theirs. given: what they were made of.
    """

    given: Sequence[Any]
    samples: list[Sample]
    stored: Integers
    orientation: Integers | None
    channels: int
    peak: float
    dtype: str
    flat: bool

    def name(self, row: int) -> str:
        """What an error calls one of them."""
        return _name(self.given[row], row)

    @property
    def frame(self) -> Frame:
        """Of the images after EXIF orientation."""
        size = self.stored if self.orientation is None else oriented_size(self.orientation, self.stored)
        return Frame(size, self.channels, self.peak)


def images_of(given: Sequence[Any], peak: float | None, fill: float | Sequence[float]) -> Images:
    """The images as an engine takes them. fill: what transparent files are seen over."""
    if peak is not None and not peak > 0:
        raise ArgumentError(f"peak must be above 0; got {peak!r}.")
    samples, orientation, flat = [], [], True
    for number, one in enumerate(given):
        sample, up = (one, 1) if isinstance(one, np.ndarray) else _opened(one, number, fill)
        encoded = isinstance(sample, bytes)
        flat = flat and not encoded and sample.ndim == 2
        samples.append(sample if encoded else _cube(sample, peak))
        orientation.append(up)
    kinds = [JPEG_KIND if isinstance(one, bytes) else (one.dtype, one.shape[2]) for one in samples]
    dtype, channels = kinds[0]
    if kinds.count(kinds[0]) < len(kinds):
        got = " and ".join(dict.fromkeys(f"{dtype} with {channels} channels" for dtype, channels in kinds))
        raise ArgumentError(f"Images that go together must be of one dtype and number of channels; got {got}.")
    turned = None if max(orientation) == 1 else np.array(orientation)
    return Images(given, samples, _sizes(samples), turned, channels, peak or PEAK[dtype], NAMES[dtype], flat)


def _name(image: Any, number: int) -> str:
    return os.fspath(image) if isinstance(image, str | os.PathLike) else f"image {number}"


def _sizes(samples: list[Sample]) -> Integers:
    arrays = [one for one in samples if not isinstance(one, bytes)]
    if len(arrays) == len(samples):
        return _core.sizes(arrays)
    return np.ascontiguousarray(np.asarray(_core.header(samples))[:, 1:3], np.int64)


def list_of(images: Any) -> list[Any]:
    """Several images, or what is wrong."""
    single = isinstance(images, str | bytes) or not isinstance(images, Iterable) or _is_pillows(images)
    if single or (isinstance(images, np.ndarray) and images.ndim < 3):
        got = f"an array {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise ArgumentError(f"images must be a list of images, or an array (n, h, w, c) of them; got {got}.")
    if not (found := list(images)):
        raise ArgumentError("images must hold at least one image; got none.")
    return found


def check_partners(partners: Any, mixers: Sequence[int]) -> None:
    """Refuses what are not as many images as the mixes need."""
    if not isinstance(partners, Sequence) or isinstance(partners, str | bytes):
        raise ArgumentError("partners must be a list of images. Write partners=[image].")
    if len(partners) != sum(mixers):
        needs = f"this pipeline needs {sum(mixers)}, which its mixes take from" if mixers else "none"
        raise ArgumentError(f"partners must be as many images as the mixes need: {needs}; got {len(partners)}.")


def _opened(image: Any, number: int, fill: float | Sequence[float]) -> tuple[Any, int]:
    """An array or a JPEG's bytes, and the EXIF orientation."""
    if isinstance(image, str | os.PathLike | bytes | bytearray | memoryview) or _is_pillows(image):
        return _decoded(image, number, fill)
    if isinstance(image, list | tuple):
        raise ArgumentError(
            f"An image must be an array, an image of Pillow's or the path of a file; got a {type(image).__name__}. "
            f'Write numpy.array(image, "uint8"). {SEVERAL}'
        )
    return np.asarray(image), 1


def _is_pillows(image: Any) -> bool:
    module = sys.modules.get("PIL.Image")  # who has one of its images has imported it
    return module is not None and isinstance(image, module.Image)


def _decoded(image: Any, number: int, fill: float | Sequence[float]) -> tuple[Any, int]:
    # For those who need them: `import augstream` brings neither.
    from augstream.decode import pillow
    from augstream.decode.header import JPEG, peek
    from augstream.decode.sample import MAX_PIXELS, Undecodable, bomb
    from augstream.sources.reading import read_file

    try:
        if _is_pillows(image):
            return pillow.pixels(image)
        data = read_file(Path(image).expanduser()) if isinstance(image, str | os.PathLike) else bytes(image)
        kind, height, width, _, orientation = peek([data])[0].tolist()
        if kind != JPEG:
            return pillow.decode(data, fill=fill)
        if height * width > MAX_PIXELS:
            raise Undecodable(bomb(width, height, MAX_PIXELS))
        return data, orientation
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    except Undecodable as error:
        reason = str(error)
    raise SampleError([(number, _name(image, number), reason)], BROKEN)


def _cube(image: NDArray[Any], peak: float | None) -> NDArray[Any]:
    """One image as (h, w, c), or what is wrong with it."""
    if image.dtype not in NAMES or image.ndim not in (2, 3) or not image.size:
        fact = "An image must be (h, w) or (h, w, c) of uint8, uint16 or float32"
        raise ArgumentError(f"{fact}; got {image.shape} of {image.dtype}.{f' {SEVERAL}' if image.ndim == 4 else ''}")
    if planar(image.shape):
        fact = f"An image must be (h, w, c), its channels last; got {image.shape}, whose channels seem to come first"
        raise ArgumentError(f"{fact}. Write numpy.moveaxis(image, 0, -1).")
    if peak is None and image.dtype.kind == "f" and (highest := float(np.nanmax(image, initial=0))) > 1 + 1e-6:
        fact = f"The image holds floats up to {highest:g}, and the level of white is 1 unless peak says otherwise"
        raise ArgumentError(f"{fact}. Pass peak={255 if highest <= 255 else f'{highest:g}'}, or divide by it.")
    return np.ascontiguousarray(image if image.ndim == 3 else image[:, :, None])
