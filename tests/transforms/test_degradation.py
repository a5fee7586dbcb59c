"""Recoding against Pillow, and what is seen of the other degradations; the core against the definition in NumPy."""

import io

import numpy as np
import pytest
from conftest import scene
from PIL import Image
from planned import fast, frame_of, plan_of, shown

import augstream as aug
from augstream import _core
from augstream.plan.kinds.aberration import Aberration
from augstream.plan.kinds.dither import BAYER, Dither
from augstream.plan.kinds.downscale import Downscale
from augstream.plan.kinds.recode import Recode
from augstream.plan.kinds.superpixels import Superpixels, side_of
from augstream.transforms.compose import rng_for

DTYPES = {"uint8": 255, "uint16": 65535, "float32": 1}
# A rounding, and what floats of 24 bits cannot tell apart.
NEAR = {"uint8": 0.501, "uint16": 0.52, "float32": 1e-5}


def image_of(height, width, channels, dtype="uint8", seed=0):
    """Smooth, with grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width][:, :, :, None]
    waves = np.sin(x / rng.uniform(3, 19, channels)) * np.cos(y / rng.uniform(3, 19, channels))
    levels = np.clip(127 + 110 * waves + rng.normal(0, 9, (height, width, channels)), 0, 255)
    if dtype == "float32":
        return (levels / 255).astype(np.float32)
    return np.rint(levels / 255 * DTYPES[dtype]).astype(dtype)


def made_by(op, images, dtype=None):
    plan = plan_of([op], frame_of(images))
    return fast(images, plan, dtype or images[0].dtype.name)


def pillow(image, file, quality):
    """What Pillow saves and loads: an image of 1 or 3 channels."""
    stream = io.BytesIO()
    Image.fromarray(image if image.shape[2] == 3 else image[..., 0]).save(stream, file, quality=quality)
    return np.asarray(Image.open(stream).convert("RGB" if image.shape[2] == 3 else "L")).reshape(image.shape)


def recode(file, quality, n=1, peak=255.0):
    return Recode(np.full(n, quality), file, peak)


@pytest.mark.parametrize("file", ["jpeg", "webp"])
@pytest.mark.parametrize("quality", [1, 2, 10, 49, 50, 75, 90, 100])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_is_pillows(file, quality, channels):
    sizes = [(1, 1), (1, 9), (8, 1), (7, 9), (16, 16), (17, 33), (64, 63), (131, 77), (512, 384)]
    for size in sizes:
        image = image_of(*size, channels)
        assert np.array_equal(made_by(recode(file, quality), [image])[0], pillow(image, file, quality)), size


@pytest.mark.parametrize("file", ["jpeg", "webp"])
def test_alpha_stays_and_other_channels_are_gray_images(file):
    image = image_of(37, 50, 4)
    made = made_by(recode(file, 20), [image])[0]
    assert np.array_equal(made, np.dstack([pillow(image[..., :3], file, 20), image[..., 3:]]))
    for channels in (2, 5):
        image = image_of(37, 50, channels)
        made = made_by(recode(file, 20), [image])[0]
        assert np.array_equal(made, np.dstack([pillow(image[..., k : k + 1], file, 20) for k in range(channels)]))


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_other_levels_are_those_of_8_bits(dtype, channels):
    image, peak = image_of(40, 52, channels, dtype), float(DTYPES[dtype])
    made = made_by(recode("jpeg", 30, peak=peak), [image])[0]
    eight = np.rint(image.astype(np.float64) * 255 / peak).astype(np.uint8)
    want = made_by(recode("jpeg", 30), [eight])[0].astype(np.float64) * peak / 255
    if channels == 4:
        assert np.array_equal(made[..., 3], image[..., 3])
        made, want = made[..., :3], want[..., :3]
    assert np.abs(made - want).max() <= 1e-6 * peak


@pytest.mark.parametrize("cls", [aug.JpegCompression, aug.WebPCompression])
def test_every_quality_of_the_range_comes(cls):
    (op,) = cls((40, 43)).draw(rng_for(0, 0, np.arange(200)), aug.Frame(np.full((200, 2), 9)))
    assert set(op.quality.tolist()) == {40, 41, 42, 43}
    with pytest.raises(aug.ArgumentError, match="between 1 and 100"):
        cls(0)


@pytest.mark.parametrize(("file", "most"), [("jpeg", 65500), ("webp", 16383)])
def test_what_no_file_can_hold_is_said(file, most):
    image = np.zeros((1, most, 1), np.uint8)
    made_by(recode(file, 50), [image])
    wide = np.zeros((1, most + 1, 1), np.uint8)
    out = np.zeros((1, *wide.shape), np.uint8)
    steps = [(recode(file, 50).wire(1), ())]
    ((_, _, reason),) = _core.Pool(0).run([wide], [(None, None, steps)], 1, out, "uint8", False)
    assert reason.startswith(f"an image of 1 x {most + 1} pixels does not fit into a ")
    assert f"holds {most} a side at most" in reason


def test_a_blur_before_and_a_gain_behind_a_file():
    images, blur = [scene(40, 60, 0)], aug.GaussianBlur((1, 1))
    pipeline = aug.Compose([blur, aug.JpegCompression(30), aug.Brightness((1.2, 1.2))])
    made = fast(images, pipeline.plan(0, 0, np.arange(1), frame_of(images)))[0]
    # Levels between two bytes are rounded for the file, and what comes out of it is not.
    blurred = fast(images, aug.Compose([blur]).plan(0, 0, np.arange(1), frame_of(images)), "uint8")[0]
    np.testing.assert_allclose(made, np.minimum(pillow(blurred, "jpeg", 30) * 1.2, 255), atol=1e-4)


INTERPOLATIONS = ["nearest", "bilinear", "bicubic"]


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_downscale_is_what_it_is_defined_as(interpolation, dtype):
    for size, low in [
        ((40, 60), (13, 7)),
        ((33, 70), (32, 69)),
        ((5, 300), (1, 1)),
        ((64, 64), (16, 32)),
        ((1, 1), (1, 1)),
    ]:
        for channels in (1, 3, 5):
            image, peak = image_of(*size, channels, dtype), float(DTYPES[dtype])
            op = Downscale(np.array([low]), interpolation, peak)
            want = op.apply(image.astype(np.float64), 0)
            made = made_by(op, [image])[0].astype(np.float64)
            assert np.abs(made - want).max() <= NEAR[dtype], (size, low)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_downscale_moves_nothing(interpolation):
    x = np.tile(np.arange(96, dtype=np.float32)[:, None] / 96, (96, 1, 1))
    made = made_by(Downscale(np.array([[24, 24]]), interpolation, 1.0), [x])[0][30:66, 30:66]
    assert abs(float((made - x[30:66, 30:66]).mean())) < 1e-4


def test_downscale_by_a_whole_factor_makes_blocks():
    (image,) = made_by(Downscale(np.array([[8, 8]]), "nearest", 255.0), [image_of(32, 32, 3)])
    blocks = image.reshape(8, 4, 8, 4, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_superpixels_are_what_they_are_defined_as(dtype, channels):
    for size, grid in [
        ((40, 60), (2, 3)),
        ((130, 97), (3, 2)),
        ((200, 64), (1, 1)),
        ((31, 33), (31, 33)),
        ((50, 9), (7, 2)),
    ]:
        image = image_of(*size, channels, dtype)
        op = Superpixels(np.array([grid]), np.array([0.7]), np.array([5], np.uint64), float(DTYPES[dtype]))
        want = op.apply(image.astype(np.float64), 0)
        made = made_by(op, [image])[0].astype(np.float64)
        assert np.abs(made - want).max() <= NEAR[dtype], (size, grid)
        if channels == 4:
            assert np.array_equal(made[..., 3], image[..., 3])


def test_both_ways_to_find_the_borders_of_superpixels_are_tried():
    assert side_of((40, 60), (2, 3)) == 4
    assert side_of((200, 64), (1, 1)) == 8
    assert side_of((31, 33), (31, 33)) == 1


def test_superpixels_follow_an_edge():
    image = np.zeros((90, 120, 3), np.uint8)
    y, x = np.mgrid[:90, :120]
    image[(x + 0.3 * y) > 73] = (200, 150, 100)
    made = made_by(Superpixels(np.array([[6, 8]]), np.ones(1), np.zeros(1, np.uint64), 255.0), [image])[0]
    assert np.array_equal(made, image)


def test_as_many_superpixels_are_filled_as_the_share_says():
    n = 400
    image = np.random.default_rng(0).integers(0, 256, (60, 60, 1), np.uint8)
    for share in (0.2, 0.8):
        op = Superpixels(np.full((n, 2), 6), np.full(n, share), np.arange(n, dtype=np.uint64), 255.0)
        changed = (made_by(op, [image] * n) != image).mean()
        assert changed == pytest.approx(share, abs=0.02)


def test_about_as_many_superpixels_as_asked_for():
    size = np.array([[480, 640], [640, 480], [100, 1000], [3, 5]])
    (op,) = aug.Superpixels(200).draw(rng_for(0, 0, np.arange(4)), aug.Frame(size))
    assert (np.abs(op.grid[:3].prod(axis=1) - 200) <= 20).all()
    assert op.grid[3].tolist() == [3, 5]


@pytest.mark.parametrize("levels", [2, 3, 4, 5, 8, 16])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dither_is_what_it_is_defined_as(levels, dtype):
    for channels in (1, 3, 4):
        image, peak = image_of(19, 71, channels, dtype), float(DTYPES[dtype])
        for shift in ((0, 0), (3, 5), (7, 7)):
            op = Dither(np.array([levels]), np.array([shift]), peak)
            want = op.apply(image.astype(np.float64), 0)
            made = made_by(op, [image])[0].astype(np.float64)
            assert np.abs(made - want).max() <= NEAR[dtype]
            assert len(np.unique(made[..., :3])) <= levels


def test_dither_keeps_every_mean():
    assert sorted(BAYER.reshape(-1)) == list(range(64))
    images = [np.full((64, 64, 1), level, np.uint8) for level in range(256)]
    for levels in (2, 3, 7):
        made = made_by(Dither(np.full(256, levels), np.zeros((256, 2), np.int64), 255.0), images)
        step = 255 / (levels - 1)
        assert np.abs(made.mean(axis=(1, 2, 3)) - np.arange(256)).max() <= step / 128 + 0.5


def test_dither_behind_other_points_and_before_them():
    images = [scene(40, 52, k) for k in range(3)]
    row = [aug.Brightness((1.1, 1.1)), aug.Dither(3), aug.Contrast((0.5, 0.5))]
    plan = aug.Compose(row).plan(0, 0, np.arange(3), frame_of(images))
    assert len(plan.steps) == 1
    differ = np.abs(fast(images, plan) - shown(images, plan)) > 1e-2
    assert differ.mean() < 1e-3


@pytest.mark.parametrize("dtype", DTYPES)
def test_aberration_is_what_it_is_defined_as(dtype):
    for size in [(40, 60), (33, 301), (1, 9), (9, 1), (1, 1)]:
        for spread in ([0.02, 0, -0.02], [-0.5, 0.5, 0], [1e-4, 0.3, 0.1]):
            image = image_of(*size, 3, dtype)
            op = Aberration(np.array([spread]))
            want = op.apply(image.astype(np.float64), 0)
            made = made_by(op, [image])[0].astype(np.float64)
            assert np.abs(made - want).max() <= NEAR[dtype], (size, spread)


def test_red_and_blue_move_from_the_center_and_the_rest_stays():
    y, x = np.mgrid[:101, :151]
    spot = np.exp(-((x - 120) ** 2 + (y - 80) ** 2) / 20)
    image = np.repeat(spot[..., None], 4, axis=2).astype(np.float32)
    (op,) = aug.ChromaticAberration((0.1, 0.1)).draw(
        rng_for(0, 0, np.arange(1)), aug.Frame(np.array([[101, 151]]), 4, 1.0)
    )
    made = made_by(op, [image])[0]
    assert np.array_equal(made[..., [1, 3]], image[..., [1, 3]])
    for channel in (0, 2):
        weight = made[..., channel] / made[..., channel].sum()
        # Pixel i has its center at i + 0.5.
        assert (weight * (x + 0.5)).sum() == pytest.approx(75.5 + 1.1 * (120.5 - 75.5), abs=0.02)
        assert (weight * (y + 0.5)).sum() == pytest.approx(50.5 + 1.1 * (80.5 - 50.5), abs=0.02)


def test_gray_images_have_no_aberration_and_five_channels_no_color():
    pipeline = aug.Compose([aug.ChromaticAberration()])
    assert pipeline.plan(0, 0, np.arange(2), aug.Frame(np.full((2, 2), 9), 1)).steps == ()
    with pytest.raises(aug.PipelineError, match="needs images of 1, 3 or 4 channels"):
        pipeline.plan(0, 0, np.arange(2), aug.Frame(np.full((2, 2), 9), 5))


@pytest.mark.parametrize("name", ["JpegCompression", "WebPCompression", "Downscale", "Superpixels", "Dither"])
def test_levels_must_be_known(name):
    with pytest.raises(aug.PipelineError, match=f"{name} works on levels"):
        aug.Compose([aug.Normalize(), getattr(aug, name)()]).plan(0, 0, np.arange(1), aug.Frame(np.full((1, 2), 9)))


WRONG = {
    "quality": (recode("jpeg", 101).wire(3), "quality must be 0"),
    "format": ((21, 2, np.array([5]), 255.0), "webp"),
    "peak": (recode("webp", 5, peak=-1.0).wire(3), "peak must be above 0"),
    "grid": (
        (22, np.array([[-1, 2]]), np.ones(1, np.float32), np.zeros(1, np.uint64), 255.0),
        "grid must not be negative",
    ),
    "levels": ((23, np.array([17]), np.zeros((1, 2), np.int64), 255.0), "levels must be 0"),
    "shift": ((23, np.array([2]), np.full((1, 2), 8), 255.0), "shift must be 0 to 7"),
    "low": ((24, np.array([[1, -1]]), 0, 255.0), "low must be 0"),
    "interpolation": ((24, np.array([[1, 1]]), 3, 255.0), "interpolation"),
    "spread": ((25, np.array([[0, np.nan, 0]])), "spread must be within"),
    "channels": ((25, np.zeros((1, 2))), "spread"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_none_of_these_ops_is_refused(name):
    op, words = WRONG[name]
    image, out = np.zeros((9, 9, 3), np.uint8), np.zeros((1, 9, 9, 3), np.uint8)
    step = (None, (op,)) if op[0] == Dither.tag else (op, ())
    with pytest.raises(ValueError, match=words):
        _core.Pool(0).run([image], [(None, None, [step])], 3, out, "uint8", False)


def test_more_superpixels_than_pixels_are_a_reason_and_no_crash():
    image, out = np.zeros((4, 9, 3), np.uint8), np.zeros((1, 4, 9, 3), np.uint8)
    op = (22, np.array([[5, 2]]), np.ones(1, np.float32), np.zeros(1, np.uint64), 255.0)
    ((_, _, reason),) = _core.Pool(0).run([image], [(None, None, [(op, ())])], 3, out, "uint8", False)
    assert "more superpixels than" in reason
