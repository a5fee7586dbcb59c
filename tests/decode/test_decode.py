import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from conftest import DATA, encoded, nasty, scene, turned
from PIL import Image, ImageFile, ImageOps

from augstream.decode import pillow
from augstream.decode.header import ARRAY, JPEG, PILLOW, read_headers
from augstream.decode.orientation import orient
from augstream.decode.sample import CHANNELS, Undecodable

NASTY = nasty()
# A first look at these fails in Pillow; the record says "ok" as a second one then finds nothing left to do.
UNSURE = {record["file"] for record in NASTY if "exif_error" in record}


def black_behind(image):
    """What an image looks like over black, by Pillow, as RGB."""
    # A broken palette is Pillow's to read as it likes; asking it about transparency would be an assertion error.
    if (image.mode != "P" or image.palette is not None) and image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def moved(picture, warp):
    """The image as an aligned warp says: each output pixel is a copy of one input pixel."""
    height, width = warp.size[0]
    y, x = np.mgrid[:height, :width] + 0.5
    places = warp.matrix[0] @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    column, row = np.floor(places[:2]).astype(int)
    return picture[row, column].reshape(height, width, -1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_pillows(orientation):
    picture = scene(5, 8, 1)
    data = turned(picture, orientation)
    warp = orient(np.array([orientation]), np.array([[5, 8]]))
    assert warp.border is None
    assert warp.interpolation is None
    stored, found = pillow.decode(data)
    assert found == orientation
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert np.array_equal(moved(stored, warp), expected)
    assert read_headers([data]).size.tolist() == [list(expected.shape[:2])]


def test_header_says_what_is_known_before_decoding():
    arrays = [np.zeros((3, 4, 2), np.uint16)]
    files = [turned(scene(20, 30), 6), encoded(scene(9, 7), "PNG"), b"", b"no picture at all", encoded(scene(6, 5))]
    headers = read_headers([*files, *arrays])
    assert headers.kind.tolist() == [
        JPEG,
        PILLOW,
        PILLOW,
        PILLOW,
        JPEG,
        ARRAY,
    ]
    assert headers.stored[[0, 1, 4, 5]].tolist() == [[20, 30], [9, 7], [6, 5], [3, 4]]
    assert headers.size[0].tolist() == [30, 20]
    assert headers.orientation[[0, 1, 4, 5]].tolist() == [6, 1, 1, 1]
    assert headers.channels[[0, 1, 5]].tolist() == [3, 3, 2]
    assert headers.reasons[2] == "the file is empty (0 bytes)"
    assert headers.reasons[3].startswith("not an image in a known format")
    assert [headers.reasons[row] for row in (0, 1, 4, 5)] == [None] * 4


@pytest.mark.parametrize("color", ["rgb", "gray", "rgba"])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV"])
def test_every_mode_becomes_the_color_that_is_wanted(mode, color):
    picture = Image.fromarray(scene(12, 10, 2)).convert("RGB")
    picture = picture.convert(mode) if mode != "LAB" else picture
    kind = "PNG" if mode in ("1", "L", "LA", "P", "RGB", "RGBA") else "TIFF"
    picture = Image.new("LAB", (10, 12), (100, 130, 140)) if mode == "LAB" else picture
    picture = picture.convert("RGB") if mode == "HSV" else picture
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    pixels, orientation = pillow.decode(buffer.getvalue(), color)
    assert pixels.shape == (12, 10, CHANNELS[color])
    assert pixels.dtype == np.uint8
    assert orientation == 1
    expected = picture.convert({"rgb": "RGB", "gray": "L", "rgba": "RGBA"}[color] if mode != "LAB" else "RGB")
    if mode != "LAB":
        assert np.abs(pixels.astype(int) - np.asarray(expected).reshape(pixels.shape)).max() <= 1


def test_transparency_shows_the_fill_or_is_kept():
    picture = np.zeros((2, 3, 4), np.uint8)
    picture[..., 0], picture[..., 3] = 200, [0, 128, 255]
    data = encoded(picture, "PNG")
    assert pillow.decode(data, "rgb")[0][0].tolist() == [[0, 0, 0], [100, 0, 0], [200, 0, 0]]
    assert pillow.decode(data, "rgb", fill=(10, 20, 30))[0][0, 0].tolist() == [10, 20, 30]
    assert pillow.decode(data, "gray", fill=80)[0][0, :1].tolist() == [[80]]
    assert np.array_equal(pillow.decode(data, "rgba")[0], picture)


def test_a_palette_with_a_transparent_entry_is_transparent():
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 255, 0])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=1)
    assert pillow.decode(buffer.getvalue(), "rgba")[0].tolist() == [[[255, 0, 0, 255], [0, 255, 0, 0]]]
    assert pillow.decode(buffer.getvalue(), "rgb", fill=9)[0].tolist() == [[[255, 0, 0], [9, 9, 9]]]


def test_sixteen_bits_are_scaled_to_eight():
    levels = np.array([[0, 128, 129, 257 * 100, 65535]], np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG")
    assert pillow.decode(buffer.getvalue(), "gray")[0].ravel().tolist() == [0, 0, 1, 100, 255]
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "TIFF")
    assert pillow.decode(buffer.getvalue(), "rgb")[0][0, 3].tolist() == [100] * 3


@pytest.mark.parametrize("size", range(1, 16))
def test_a_few_bytes_are_no_known_format(size):
    with pytest.raises(Undecodable, match=r"^not an image in a known format; it begins with b'x+'$"):
        pillow.decode(b"x" * size)


def test_the_first_frame_of_an_animation_counts():
    frames = [Image.fromarray(np.full((4, 4), level, np.uint8)) for level in (10, 200)]
    for kind in ("GIF", "WEBP", "PNG"):
        buffer = io.BytesIO()
        options = {"lossless": True} if kind == "WEBP" else {}
        frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], **options)
        assert (pillow.decode(buffer.getvalue(), "gray")[0] == 10).all()


def png_of(width, height):
    """A PNG of a few bytes that claims to be large."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_bombs_are_refused_before_they_are_decoded_and_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for size in ((60_000, 60_000), (13_400, 13_400)):
            with pytest.raises(Undecodable, match=r"above max_pixels = 178956970: a decompression bomb\?"):
                pillow.decode(png_of(*size))
        # Between Pillow's warning and its error, ours is silent, and says only that the file is broken.
        with pytest.raises(Undecodable, match="cannot be decoded"):
            pillow.decode(png_of(10_000, 9_000))
        with pytest.raises(Undecodable, match="max_pixels = 50"):
            pillow.decode(encoded(scene(10, 10), "PNG"), max_pixels=50)
    assert "max_pixels = 50" in read_headers([encoded(scene(10, 10))], 50).reasons[0]
    assert Image.MAX_IMAGE_PIXELS == 89_478_485


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_truncated_files_are_errors(kind):
    data = encoded(scene(60, 60), kind)
    for part in (0.02, 0.3, 0.6, 0.9):
        with pytest.raises(Undecodable):
            pillow.decode(data[: int(len(data) * part)])
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_a_reason_is_one_printable_line():
    with pytest.raises(Undecodable) as caught:
        pillow.decode(b"GIF89a\n\n" + bytes(range(256)))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("error", [ValueError, TypeError, IndexError, SyntaxError, MemoryError, struct.error, KeyError])
def test_whatever_a_plugin_raises_is_a_reason(monkeypatch, error):
    def explode(*_):
        raise error("as it happens")

    monkeypatch.setattr(ImageFile.ImageFile, "load", explode)
    with pytest.raises(Undecodable, match=r"cannot be decoded|not enough memory"):
        pillow.decode(encoded(scene(4, 4), "BMP"))


@pytest.mark.skipif(not NASTY, reason=f"{DATA / 'nasty_dev'} is not there")
@pytest.mark.parametrize(
    "record", [r for r in NASTY if r["status"] == "ok" and r["file"] not in UNSURE], ids=lambda r: r["file"]
)
def test_difficult_files_look_as_they_do_in_pillow(record):
    data = (DATA / "nasty_dev" / record["file"]).read_bytes()
    pixels, orientation = pillow.decode(data)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if image.mode[0] in "IF":
            # Ours are documented, and Pillow's clip: what can be compared is the shape.
            assert pixels.shape == (image.height, image.width, 3)
            return
        assert np.abs(pixels.astype(int) - black_behind(image)).max() <= 1
        assert orientation == (image.getexif().get(0x0112) or 1)


@pytest.mark.skipif(not NASTY, reason=f"{DATA / 'nasty_dev'} is not there")
@pytest.mark.parametrize("record", [r for r in NASTY if r["status"] != "ok"], ids=lambda r: r["file"])
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_broken_files_have_a_reason(record):
    data = (DATA / "nasty_dev" / record["file"]).read_bytes()
    with pytest.raises(Undecodable) as caught:
        pillow.decode(data)
    assert len(str(caught.value)) > 10
