"""JPEG files through our own decoder of plain files, and through libjpeg where a file is anything else."""

import io

import numpy as np
import pytest
from PIL import Image

from augstream.engines import native
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame
from augstream.plan.plan import Plan
from augstream.plan.step import Group, Step


def photo(height=75, width=101, seed=0):
    """Waves with grain, so that blocks have coefficients of every size."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / rng.uniform(3, 30) + rng.uniform(0, 6)) * np.cos(y / rng.uniform(3, 30)) for _ in range(3)]
    return np.clip(128 + 90 * np.stack(waves, -1) + rng.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8)


def encoded(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


def shown(data, warp=None, channels=3):
    """The levels of one file under a warp, and the reason where there is none."""
    stored = native._core.header([data])[0, 1:3].astype(np.int64)
    frame = Frame(stored[None], channels)
    plan = Plan((Group(None, None, (Step(warp),)),), frame, frame if warp is None else frame.after(warp))
    out, (error,) = native.run([data], plan, dtype="uint8")
    return out[0], error


def crop(top, left, height, width):
    matrix = np.array([[[1.0, 0, left], [0, 1, top], [0, 0, 1]]])
    return Warp(matrix, np.array([[height, width]]), "edge", None, "bilinear")


KINDS = [
    {"subsampling": 0},
    {"subsampling": 1},
    {"subsampling": 2},
    {"subsampling": 0, "quality": 98},
    {"subsampling": 2, "quality": 30},
    {"subsampling": 2, "optimize": True},
    {"subsampling": 0, "restart_marker_blocks": 5},
    {"subsampling": 2, "restart_marker_rows": 1},
    {"subsampling": 2, "progressive": True},
    {"subsampling": 0, "keep_rgb": True},
]


@pytest.mark.parametrize("options", KINDS, ids=str)
@pytest.mark.parametrize("size", [(75, 101), (8, 8), (1, 1), (16, 17), (64, 200)])
def test_every_kind_of_file_looks_as_in_pillow(options, size):
    data = encoded(photo(*size), **options)
    want = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    got, error = shown(data)
    assert error is None
    far = np.abs(got - want)
    if options["subsampling"] == 0:
        assert far.max() <= 3  # two transforms of the same coefficients, then the turn to RGB
    assert far.mean() <= (0.5 if options["subsampling"] == 0 else 2 if min(size) > 16 else 12)


def test_gray_files():
    pixels = photo()[:, :, 0]
    data = encoded(pixels)
    want = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    for channels in (1, 3):
        got, error = shown(data, channels=channels)
        assert error is None
        assert np.abs(got - want[:, :, None]).max() <= 1


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_a_crop_of_the_file_is_a_crop_of_the_picture(options):
    data = encoded(photo(150, 203), **options)
    whole, _ = shown(data)
    for top, left, height, width in [(0, 0, 20, 30), (60, 90, 40, 50), (117, 150, 33, 53), (149, 202, 1, 1)]:
        part, error = shown(data, crop(top, left, height, width))
        assert error is None
        assert np.array_equal(part, whole[top : top + height, left : left + width])


def test_the_extremes_of_every_coefficient():
    """Checkerboards and noise of full contrast use the longest codes, and clip behind the transform."""
    rng = np.random.default_rng(3)
    pixels = (rng.random((64, 64, 3)) < 0.5).astype(np.uint8) * 255
    pixels[:32, :32] = (np.indices((32, 32)).sum(0)[..., None] % 2 * 255).astype(np.uint8)
    for quality in (1, 50, 100):
        data = encoded(pixels, quality=quality, subsampling=0)
        want = np.asarray(Image.open(io.BytesIO(data))).astype(int)
        got, error = shown(data)
        assert error is None
        # Out-of-range colors are cut in the planes there and here, but in RGB Pillow cuts once more.
        assert np.abs(got - want).mean() <= 1.5


@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 2, "restart_marker_blocks": 3}], ids=str)
def test_a_truncated_file_is_an_error_wherever_it_ends(options):
    data = encoded(photo(150, 203), **options)
    for end in range(700, len(data) - 2, 997):
        for warp in (None, crop(0, 0, 20, 30)):
            _, error = shown(data[:end], warp)
            assert error is not None
            assert "truncated" in error or "Premature" in error or "premature" in error


def test_a_file_with_flipped_bits_is_an_error_or_a_picture():
    data = encoded(photo(), subsampling=2)
    rng = np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(data)
        for at in rng.integers(2, len(data), 3):
            broken[at] ^= 1 << rng.integers(8)
        if (
            native._core.header([bytes(broken)])[0, 0] == 1
            and native._core.header([bytes(broken)])[0, 1:3].max() < 2000
        ):
            shown(bytes(broken))


@pytest.mark.parametrize("border", ["symmetric", "reflect", "wrap"])
def test_a_picture_goes_on_at_its_own_edge_where_the_decoder_makes_it_smaller(border):
    """The planes of a 1203 x 801 image at 1/8 are 151 x 101 pixels, of which the last are not whole."""
    # Waves that are steep at the edges, and go on there under every one of these borders.
    down, across = (np.sin(np.arange(n) * (2 * np.pi / n)) for n in (801, 1203))
    wave = (128 + 60 * (down[:, None] + across)).astype(np.uint8)
    data = encoded(np.repeat(wave[..., None], 3, 2), quality=95)
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    frame = Frame(np.array([[801, 1203]]))
    matrix = np.array([[[34.0, 0, -2500], [0, 33, -1700], [0, 0, 1]]])
    warp = Warp(matrix, np.array([[120, 140]]), border, None, "bilinear")
    plan = Plan((Group(None, None, (Step(warp),)),), frame, frame.after(warp))
    out, _ = native.run([data], plan)
    want, _ = native.run([pixels], plan)
    assert np.abs(out - want).mean() < 0.5
