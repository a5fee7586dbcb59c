"""The images that the core does not decode: those go to Pillow.

No exception of a broken file gets through but `Undecodable`, whose message is the reason. Nothing
global is changed: not Pillow's limits, not its tolerance for truncated files.
"""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augstream.concurrency.flight import Later, working
from augstream.decode.sample import CHANNELS, MAX_PIXELS, ColorMode, Undecodable, bomb

if TYPE_CHECKING:
    from PIL import Image

# Formats that are images and nothing else. Left out on purpose: those that start a program (EPS) or read other files.
_FORMATS = ("PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG", "JPEG2000", "PPM", "QOI", "ICO", "TGA")
_PLUGINS = ("Png", "WebP", "Gif", "Bmp", "Tiff", "Avif", "Jpeg", "Mpo", "Jpeg2K", "Ppm", "Qoi", "Ico", "Tga")
# Bytes a pixel that decoders take besides the image, at most, as measured.
_EXTRA = {"WEBP": 10, "AVIF": 8, "JPEG2000": 20, "JPEG": 8, "MPO": 8, "TIFF": 4}
_BAND = 1 << 20  # pixels


def header(data: bytes) -> tuple[int, int, int, int]:
    """(height, width, channels, EXIF orientation) of an encoded image of any format."""
    try:
        with _open(data) as image:
            width, height = image.size
            return height, width, len(image.getbands()), _orientation(image)
    except Undecodable:
        raise
    except Exception as error:
        raise Undecodable(_reason(error, data)) from error


def decode(
    data: bytes, color: ColorMode = "rgb", *, fill: float | Sequence[float] = 0, max_pixels: int = MAX_PIXELS
) -> tuple[NDArray[np.uint8], int]:
    """One encoded image, of any format, as an (h, w, c) uint8 array by Pillow, and its EXIF orientation, not applied.

    color: "rgb" and "gray" see transparent images over `fill`; "rgba" keeps alpha (255 where there was none).
    CMYK, YCbCr, LAB and palettes become RGB; gray is 0.299 R + 0.587 G + 0.114 B. Sixteen-bit and integer levels are
    0..65535 and are scaled to 0..255; float levels are taken as 0..255. The first frame of an animation counts.
    Raises Undecodable with the reason for anything else, truncated files and more than `max_pixels` among it.
    """
    try:
        with _open(data) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise Undecodable(bomb(width, height, max_pixels))
            with working(width * height * (_at_most(image) + CHANNELS[color])) as work:
                _load(image)
                # Asked after loading: Pillow turns TIFF images while loading them, and takes the tag away.
                orientation = _orientation(image)
                pixels = _convert(image, color, fill)
                work.kept = pixels.nbytes
            return pixels, orientation
    except (Undecodable, Later):
        raise
    except Exception as error:
        # Pillow's plugins let nearly every kind of exception through when a file is broken.
        raise Undecodable(_reason(error, data)) from error


def pixels(image: Image.Image) -> tuple[NDArray[Any], int]:
    """An image of Pillow's as an array of its own channels, and its EXIF orientation, not applied.

    Gray ones (1, L) are (h, w) of uint8, those of integers (I;16, I) of uint16 and of floats (F) of float32; what has
    alpha (LA, a transparent palette) is RGBA, and all else (P, CMYK, YCbCr, LAB) is RGB. Raises Undecodable where the
    file behind it is broken.
    """
    try:
        _load(image)
        orientation = _orientation(image)
        if image.mode.startswith("I"):
            return np.clip(np.asarray(image), 0, 65535).astype(np.uint16), orientation
        if image.mode == "F":
            return np.asarray(image), orientation
        if _transparent(image):
            return _convert(image, "rgba", 0), orientation
        if image.mode in ("1", "L"):
            return _convert(image, "gray", 0)[:, :, 0], orientation
        return _convert(image, "rgb", 0), orientation
    except Exception as error:
        raise Undecodable(_reason(error, None)) from error


def numbers(data: bytes, max_pixels: int = MAX_PIXELS) -> NDArray[Any]:
    """An image file that is a mask: its numbers as stored, (h, w) or (h, w, c) of bool, uint8, uint16 or int32.

    A palette's numbers stay numbers, and sixteen bits stay sixteen bits. EXIF orientation is not applied. Raises
    Undecodable with the reason for anything that is no such file.
    """
    try:
        with _open(data) as image:
            if image.width * image.height > max_pixels:
                raise Undecodable(bomb(image.width, image.height, max_pixels))
            with working(image.width * image.height * (_at_most(image) + 8)) as work:
                _load(image)
                levels = np.asarray(image)
                levels = levels.astype(np.uint16) if image.mode.startswith("I;16") else levels
                work.kept = levels.nbytes
            return levels
    except (Undecodable, Later):
        raise
    except Exception as error:
        raise Undecodable(_reason(error, data)) from error


def _open(data: bytes) -> Image.Image:
    """`PIL.Image.open` without its size check, which warns, and whose limit is global."""
    from PIL import Image

    if not data:
        raise Undecodable("the file is empty (0 bytes)")
    _register()
    reason = ""
    for name in _FORMATS:
        if name not in Image.OPEN:
            continue
        factory, accept = Image.OPEN[name]
        try:
            verdict = accept(data[:16]) if accept else True
        except Exception:
            continue  # too short to be one
        if isinstance(verdict, str):
            reason = verdict
        elif verdict:
            try:
                return factory(BytesIO(data), "")
            except (
                SyntaxError,
                IndexError,
                TypeError,
                ValueError,
                KeyError,
                EOFError,
                OSError,
                OverflowError,
            ) as error:
                # Not this format after all, or broken; TGA accepts anything, so its word counts least.
                reason = reason or ("" if name == "TGA" else f"broken {name} file: {_words(error)}")
    raise Undecodable(reason or f"not an image in a known format; it begins with {data[:8]!r}")


@cache
def _register() -> None:
    # Only these, as Pillow's own `init` imports forty modules. An older Pillow lacks some.
    for name in _PLUGINS:
        with contextlib.suppress(ImportError):
            importlib.import_module(f"PIL.{name}ImagePlugin")


def _load(image: Image.Image) -> None:
    from PIL import Image

    if image.width * image.height <= (Image.MAX_IMAGE_PIXELS or MAX_PIXELS):
        image.load()
        return
    # Some plugins check the size once more and warn; our limit has been checked already.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image.load()


def _at_most(image: Image.Image) -> int:
    """Bytes a pixel that Pillow takes while it decodes: its image, and what some decoders make before that."""
    return (1 if image.mode in ("1", "L", "P") else 2 if image.mode.startswith("I;16") else 4) + _EXTRA.get(
        image.format or "", 0
    )


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(0x0112, 1)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    except Exception:
        # An image with broken metadata is still an image.
        return 1


def _convert(image: Image.Image, color: ColorMode, fill: float | Sequence[float]) -> NDArray[np.uint8]:
    rows = max(_BAND // image.width, 1)
    if image.height <= rows:
        return _converted(image, color, fill)
    # Some rows at a time, as each step holds an image more.
    pixels = np.empty((image.height, image.width, CHANNELS[color]), np.uint8)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        pixels[top:bottom] = _converted(image.crop((0, top, image.width, bottom)), color, fill)
    return pixels


def _converted(image: Image.Image, color: ColorMode, fill: float | Sequence[float]) -> NDArray[np.uint8]:
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image)
    if image.mode == "La":
        image = image.convert("LA")
    transparent = _transparent(image)
    if color == "rgba" or transparent:
        image = image.convert("RGBA")
    if color != "rgba" and transparent:
        levels = np.broadcast_to(np.clip(np.rint(np.asarray(fill, dtype=float)), 0, 255).astype(int), 3).tolist()
        image = Image.alpha_composite(Image.new("RGBA", image.size, (*levels, 255)), image)
    mode = {"rgb": "RGB", "gray": "L", "rgba": "RGBA"}[color]
    if image.mode == "LAB":
        image = image.convert("RGB")
    if image.mode != mode:
        image = image.convert(mode)
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _transparent(image: Image.Image) -> bool:
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        return True
    return image.mode == "P" and image.palette is not None and image.palette.mode.endswith("A")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Gray images of 16-bit, integer or float levels; Pillow itself would clip or drop bits."""
    from PIL import Image

    levels = np.asarray(image)
    if image.mode == "F":
        scaled = np.clip(np.rint(np.nan_to_num(levels)), 0, 255)
    else:
        scaled = (np.clip(levels, 0, 65535).astype(np.uint32) + 128) // 257  # 257 is odd: there are no halves
    gray = Image.fromarray(scaled.astype(np.uint8))
    hidden = image.info.get("transparency")
    if isinstance(hidden, int):
        alpha = Image.fromarray(np.where(levels == hidden, 0, 255).astype(np.uint8))
        gray = Image.merge("LA", (gray, alpha))
    return gray


def _reason(error: Exception, data: object) -> str:
    size = f" ({len(data)} bytes)" if isinstance(data, bytes) else ""
    return f"cannot be decoded{size}: {_words(error)}"


def _words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory"
    # Pillow's messages may hold bytes of the file, and may go over several lines.
    text = " ".join(str(error).split())
    return f"{text or 'no reason given'} ({type(error).__name__})"
