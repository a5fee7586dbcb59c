"""Images in and out of files, as the old API has them."""

import importlib
import os
import warnings
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augstream.errors import ArgumentError
from augstream.keras_preprocessing.names import demand
from augstream.keras_preprocessing.parameters import Compat, checked_compat
from augstream.sources.reading import read_file

if TYPE_CHECKING:
    from PIL import Image

EXTENSIONS = ("jpg", "jpeg", "bmp", "png", "ppm", "tif", "tiff")
_PIL_INTERPOLATION_METHODS = {"nearest": 0, "bilinear": 2, "bicubic": 3, "hamming": 5, "box": 4, "lanczos": 1}
GRAY_MODES = ("L", "I;16", "I")


def pillow(feature: str, name: str = "Image") -> Any:
    """A module of Pillow, which is only imported by those who use it."""
    message = f"Could not import PIL.Image. The use of `{feature}` requires PIL."
    demand("image.utils", "pil_image", message)
    try:
        return importlib.import_module(f"PIL.{name}")
    except ImportError as error:
        raise ImportError(message) from error


def validate_filename(filename: str, white_list_formats: str | tuple[str, ...]) -> bool:
    """Whether there is a file of this name, and its name ends in one of the formats."""
    return filename.lower().endswith(white_list_formats) and os.path.isfile(filename)  # noqa: PTH113


def save_img(
    path: str | os.PathLike[str] | IO[bytes],
    x: ArrayLike,
    data_format: str | None = "channels_last",
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes a picture to a file; `kwargs` go to Pillow's `save`.

    scale: stretch the lowest and highest level to 0 and 255.
    """
    img = array_to_img(x, data_format=data_format, scale=scale)
    if img.mode == "RGBA" and file_format in ("jpg", "jpeg"):
        warnings.warn("The JPG format does not support RGBA images, converting to RGB.", stacklevel=2)
        img = img.convert("RGB")
    # Pillow knows the format by one name only.
    img.save(path, format="jpeg" if file_format == "jpg" else file_format, **kwargs)


def load_img(
    path: str | bytes | os.PathLike[str] | BytesIO,
    grayscale: bool | str = False,
    color_mode: str = "rgb",
    target_size: Sequence[int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
    *,
    compat: Compat | None = None,
) -> "Image.Image":
    """Reads a picture and resizes it to `target_size` (height, width).

    color_mode: "grayscale" (16 and 32 bits stay), "rgb" or "rgba". EXIF orientation is applied; `compat` leaves it out.
    """
    if isinstance(grayscale, str):
        raise ArgumentError(f"Pass color_mode by name: load_img(path, color_mode={grayscale!r}).")
    if grayscale is True:
        warnings.warn('grayscale is deprecated. Please use color_mode = "grayscale"', stacklevel=2)
        color_mode = "grayscale"
    checked_compat(compat)
    image = pillow("load_img")
    if isinstance(path, BytesIO):
        img = image.open(path)
    else:
        img = image.open(BytesIO(read_file(path)))
    if not compat:
        img = upright(img)
    size = None if target_size is None else height_width(target_size, stacklevel=3)
    return _fitted(_colored(img, color_mode, compat), size, interpolation, keep_aspect_ratio)


def height_width(target_size: Any, stacklevel: int) -> Sequence[int]:
    """(height, width), also where it is written as one number."""
    if isinstance(target_size, int | np.integer):
        warnings.warn(
            f"target_size is (height, width); {target_size} is taken as ({target_size}, {target_size}).",
            stacklevel=stacklevel,
        )
        return int(target_size), int(target_size)
    pair: Sequence[int] = target_size
    return pair


def upright(img: "Image.Image") -> "Image.Image":
    """The picture as its EXIF orientation says; one with broken metadata is still a picture."""
    img.load()  # what is wrong with the pixels is not to pass for broken metadata
    try:
        turned: Image.Image = pillow("load_img", "ImageOps").exif_transpose(img)
    except Exception:
        return img
    return turned


def _colored(img: "Image.Image", color_mode: str, compat: Compat | None) -> "Image.Image":
    if color_mode == "grayscale":
        if img.mode == "LAB":
            img = img.convert("RGB")  # Pillow has no direct way
        return img if img.mode in GRAY_MODES else img.convert("L")
    if color_mode not in ("rgb", "rgba"):
        raise ArgumentError('color_mode must be "grayscale", "rgb", or "rgba"')
    mode = color_mode.upper()
    if compat is None and img.mode.startswith("I"):
        # Pillow would clip 65536 levels to 256 of them.
        levels = np.clip(np.rint(np.asarray(img, np.float64) / 257), 0, 255)
        img = pillow("load_img").fromarray(levels.astype(np.uint8))
    made: Image.Image = img if img.mode == mode else img.convert(mode)
    return made


def _fitted(
    img: "Image.Image", target_size: Sequence[int] | None, interpolation: str, keep_aspect_ratio: bool
) -> "Image.Image":
    if target_size is None or img.size == (target_size[1], target_size[0]):
        return img
    width, height = img.size
    target = (int(target_size[1]), int(target_size[0]))
    resample = _PIL_INTERPOLATION_METHODS[check_interpolation(interpolation)]
    if not keep_aspect_ratio:
        return img.resize(target, resample)
    part = min(width, height * target[0] // target[1]), min(height, width * target[1] // target[0])
    left, top = (width - part[0]) // 2, (height - part[1]) // 2
    return img.resize(target, resample, box=(left, top, left + part[0], top + part[1]))


def check_interpolation(interpolation: str) -> str:
    """The name of a way to resize, if it is one."""
    if interpolation not in _PIL_INTERPOLATION_METHODS:
        methods = ", ".join(_PIL_INTERPOLATION_METHODS)
        raise ArgumentError(f"Invalid interpolation method {interpolation} specified. Supported methods are {methods}")
    return interpolation


def list_pictures(directory: str | os.PathLike[str], ext: str | Sequence[str] = EXTENSIONS) -> list[str]:
    """The paths of all pictures at or below a folder."""
    endings = tuple(f".{e}" for e in ((ext,) if isinstance(ext, str) else ext))
    return [
        os.path.join(root, name)  # noqa: PTH118
        for root, _, files in os.walk(directory)
        for name in files
        if name.lower().endswith(endings)
    ]


def _iter_valid_files(
    directory: str, white_list_formats: tuple[str, ...], follow_links: bool, hidden: bool = True
) -> Iterator[tuple[str, str]]:
    """(folder, name) of the pictures at or below a folder: folders in sorted order, then the names in each."""
    for root, _, files in sorted(os.walk(directory, followlinks=follow_links), key=lambda entry: entry[0]):
        if not hidden and any(part.startswith(".") for part in Path(root).relative_to(directory).parts):
            continue
        for name in sorted(files):
            if not hidden and name.startswith("."):
                continue
            if name.lower().endswith(".tiff"):
                warnings.warn(
                    'Using ".tiff" files with multiple bands will cause distortion. Please verify your output.',
                    stacklevel=2,
                )
            if name.lower().endswith(white_list_formats):
                yield root, name


def _list_valid_filenames_in_directory(
    directory: str,
    white_list_formats: tuple[str, ...],
    split: tuple[float, float] | None,
    class_indices: dict[str, int],
    follow_links: bool,
    hidden: bool = True,
) -> tuple[list[int], list[str]]:
    """The class of each picture of one class folder, and its name relative to the folder above.

    split: the part of the pictures that is taken, as fractions from and to.
    """
    folder = os.path.basename(directory)  # noqa: PTH119
    found = list(_iter_valid_files(directory, white_list_formats, follow_links, hidden))
    if split:
        found = found[int(split[0] * len(found)) : int(split[1] * len(found))]
    names = [
        os.path.join(folder, os.path.relpath(os.path.join(root, name), directory))  # noqa: PTH118
        for root, name in found
    ]
    return [class_indices[folder]] * len(names), names


def array_to_img(
    x: ArrayLike, data_format: str | None = "channels_last", scale: bool = True, dtype: Any = "float32"
) -> "Image.Image":
    """An array (h, w, c), or (c, h, w) if data_format is "channels_first", as a Pillow picture.

    scale: stretch the lowest and highest level to 0 and 255.
    """
    image = pillow("array_to_img")
    levels = np.asarray(x, dtype=dtype or "float32")
    if levels.ndim != 3:
        raise ArgumentError(f"Expected image array to have rank 3 (single image). Got array with shape: {levels.shape}")
    if data_format not in ("channels_first", "channels_last", None):
        raise ArgumentError(f"Invalid data_format: {data_format}")
    if data_format == "channels_first":
        levels = levels.transpose(1, 2, 0)
    if scale:
        levels = levels - levels.min()
        top = levels.max()
        levels = (levels / top if top != 0 else levels) * 255
    channels = levels.shape[2]
    if channels not in (1, 3, 4):
        raise ArgumentError(f"Unsupported channel number: {channels}")
    plane = np.ascontiguousarray(levels[:, :, 0] if channels == 1 else levels)
    made: Image.Image = image.fromarray(plane.astype("int32" if channels == 1 and plane.max() > 255 else "uint8"))
    return made


def img_to_array(
    img: "Image.Image | ArrayLike", data_format: str | None = "channels_last", dtype: Any = "float32"
) -> NDArray[Any]:
    """A Pillow picture as an array (h, w, c), or (c, h, w) if data_format is "channels_first"."""
    if data_format not in ("channels_first", "channels_last", None):
        raise ArgumentError(f"Unknown data_format: {data_format}")
    x: NDArray[Any] = np.asarray(img, dtype=dtype or "float32")
    first = data_format == "channels_first"
    if x.ndim == 3:
        return x.transpose(2, 0, 1) if first else x
    if x.ndim == 2:
        return x[None] if first else x[:, :, None]
    raise ArgumentError(f"Unsupported image shape: {x.shape}")
