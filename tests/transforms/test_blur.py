"""Blurs, sharpness and morphology against the libraries that define them, and against what one sees."""

import io

import numpy as np
import pytest
from conftest import scene
from PIL import Image, ImageEnhance, ImageFilter

import augstream as aug
from augstream.engines import native, reference
from augstream.engines.targets import Rules, Targets, move

CV_BORDERS = {"edge": "BORDER_REPLICATE", "reflect": "BORDER_REFLECT_101", "symmetric": "BORDER_REFLECT"}
PHOTO = scene(61, 83, 3)


def made(transform, image=PHOTO, seed=0):
    return aug.Compose([transform])(image, seed=seed, epoch=0, index=0)


def gap(one, other):
    return np.abs(np.asarray(one, np.float64) - other)


def dot(size=41, dtype="float32"):
    image = np.zeros((size, size, 1), dtype)
    image[size // 2, size // 2] = 1
    return image


@pytest.mark.parametrize("border", CV_BORDERS)
class TestOpenCV:
    @pytest.mark.parametrize("size", [1, 3, 5, 7, 9, 15, 17, 31])
    def test_median(self, border, size):
        cv2 = pytest.importorskip("cv2")
        some = made(aug.MedianBlur(size, border=border))
        # Its own border is the edge; others are padded by hand.
        r = size // 2
        wide = cv2.copyMakeBorder(PHOTO, r, r, r, r, getattr(cv2, CV_BORDERS[border]))
        want = cv2.medianBlur(wide, size)[r : r + 61, r : r + 83]
        assert np.array_equal(some, want)

    @pytest.mark.parametrize("size", [1, 3, 5, 9, 11, 33])
    @pytest.mark.parametrize("name", ["erode", "dilate"])
    def test_morphology(self, border, size, name):
        cv2 = pytest.importorskip("cv2")
        transform = {"erode": aug.Erode, "dilate": aug.Dilate}[name](size, border=border)
        kernel = np.ones((size, size), np.uint8)
        want = getattr(cv2, name)(PHOTO, kernel, borderType=getattr(cv2, CV_BORDERS[border]))
        assert np.array_equal(made(transform), want)

    @pytest.mark.parametrize("size", [1, 3, 5, 7, 13, 15, 17, 33, 61])
    def test_box(self, border, size):
        cv2 = pytest.importorskip("cv2")
        want = cv2.blur(PHOTO, (size, size), borderType=getattr(cv2, CV_BORDERS[border]))
        assert gap(made(aug.BoxBlur(size, border=border)), want).max() <= 1

    @pytest.mark.parametrize("sigma", [0.5, 1, 2.5, 6])
    def test_gaussian(self, border, sigma):
        cv2 = pytest.importorskip("cv2")
        side = 2 * int(np.ceil(3 * sigma)) + 1
        # Of floats: its blur of bytes is up to two levels off.
        floats = PHOTO.astype(np.float32)
        want = cv2.GaussianBlur(floats, (side, side), sigma, borderType=getattr(cv2, CV_BORDERS[border]))
        assert gap(made(aug.GaussianBlur(sigma, border=border)), want).max() <= 0.6

    def test_convolution(self, border):
        cv2 = pytest.importorskip("cv2")
        weights = np.random.default_rng(1).normal(0, 0.2, (3, 5))
        want = cv2.filter2D(PHOTO, -1, weights, borderType=getattr(cv2, CV_BORDERS[border]))
        assert gap(made(aug.Convolve(weights.tolist(), amount=1, border=border)), want).max() <= 1


class TestPillow:
    @pytest.mark.parametrize("factor", [0, 0.5, 1, 2, 3])
    def test_sharpness(self, factor):
        want = np.asarray(ImageEnhance.Sharpness(Image.fromarray(PHOTO)).enhance(factor))
        inside = gap(made(aug.Sharpness(factor)), want)[1:-1, 1:-1]
        # Pillow rounds the smooth image before it is mixed: half a level, times the factor less one.
        assert inside.max() <= max(1, 0.5 * abs(factor - 1) + 1)

    @pytest.mark.parametrize(("amount", "sigma"), [(0.5, 1), (1, 2), (1.5, 3)])
    def test_unsharp_mask(self, amount, sigma):
        smooth = Image.fromarray(PHOTO).filter(ImageFilter.GaussianBlur(2))
        want = np.asarray(smooth.filter(ImageFilter.UnsharpMask(sigma, round(100 * amount), 0)))
        some = gap(made(aug.UnsharpMask(amount, sigma=sigma, threshold=0), np.asarray(smooth)), want)
        # Pillow's Gaussian is three boxes, and rounded.
        assert some[12:-12, 12:-12].max() <= 2
        assert some[12:-12, 12:-12].mean() < 0.5

    def test_box(self):
        want = np.asarray(Image.fromarray(PHOTO).filter(ImageFilter.BoxBlur(2)))
        assert gap(made(aug.BoxBlur(5)), want).max() <= 1


def test_sharpen_is_what_albumentations_does_at_lightness_1():
    """(1 - alpha) * own + alpha * [[-1, -1, -1], [-1, 8 + lightness, -1], [-1, -1, -1]]."""
    kernel = np.full((3, 3), -0.3)
    kernel[1, 1] = 0.7 + 0.3 * 9
    want = made(aug.Convolve(kernel.tolist(), amount=1))
    assert np.array_equal(made(aug.Sharpen(0.3)), want)


BLURS = [
    aug.BoxBlur(4),
    aug.BoxBlur(7),
    aug.GaussianBlur(2),
    aug.MotionBlur(9, degrees=(0, 180)),
    aug.MotionBlur(8.5, degrees=(20, 20)),
    aug.Defocus(3.3),
    aug.ZoomBlur(1.2),
    aug.Ringing(0.5, size=15),
]


@pytest.mark.parametrize("transform", BLURS, ids=repr)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_blurs_move_nothing_and_keep_the_light(transform, dtype):
    """A dot in the middle becomes a spot that is symmetric about it and sums to the dot."""
    peak = 255 if dtype == "uint8" else 1
    image = (dot() * peak).astype(dtype)
    plan = aug.Compose([transform]).plan(0, 0, np.arange(1), aug.Frame(np.array([[41, 41]]), 1, float(peak)))
    spot = native.run([image], plan)[0][0, ..., 0] / peak
    if not isinstance(transform, aug.Ringing | aug.ZoomBlur):  # the one is clipped below, the other interpolates
        assert spot.sum() == pytest.approx(1, abs=2e-3)
    assert np.abs(spot - spot[::-1, ::-1]).max() < 2e-3


@pytest.mark.parametrize("transform", BLURS, ids=repr)
def test_flat_images_stay_flat(transform):
    for level in (0, 7, 128, 255):
        flat = np.full((40, 50, 3), level, np.uint8)
        assert np.array_equal(made(transform, flat), flat)


def test_motion_takes_all_directions_alike():
    n = 2000
    frame = aug.Frame(np.full((n, 2), 32))
    (op,) = aug.Compose([aug.MotionBlur(9)]).plan(0, 0, np.arange(n), frame).ops
    places = np.arange(op.weights.shape[1]) - op.weights.shape[1] // 2
    xx = np.einsum("nij,j->n", op.weights, places**2)
    yy = np.einsum("nij,i->n", op.weights, places**2)
    xy = np.einsum("nij,i,j->n", op.weights, -places, places)
    np.testing.assert_allclose(op.weights.sum(axis=(1, 2)), 1)
    angle = np.rad2deg(np.arctan2(2 * xy, xx - yy) / 2) % 180
    counts, _ = np.histogram(angle, 6, (0, 180))
    assert counts.min() > 0.8 * n / 6
    # The same length in all directions, a box of nine pixels.
    long = (xx + yy) / 2 + np.hypot((xx - yy) / 2, xy)
    assert np.sqrt(12 * long).min() > 8.5
    assert np.sqrt(12 * long).max() < 9.5


def test_motion_goes_counter_clockwise_as_seen():
    spot = made(aug.MotionBlur(15, degrees=(45, 45)), dot())[..., 0]
    assert spot[16, 24] > 0.01  # up and to the right
    assert spot[16, 16] == 0


def test_discs_are_round_and_as_large_as_they_say():
    spot = made(aug.Defocus(6), dot())[..., 0]
    y, x = np.mgrid[-20:21, -20:21]
    assert np.abs(spot - spot.T).max() < 1e-6
    assert np.array_equal(spot > 0, np.hypot(x, y) < 6.5)
    assert (spot * (x**2 + y**2)).sum() == pytest.approx(6**2 / 2, rel=0.05)


def test_zoom_blur_is_the_mean_of_zooms():
    """Against 200 zooms, each interpolated once: they differ by what the passes interpolate again."""
    smooth = np.asarray(Image.fromarray(PHOTO).filter(ImageFilter.GaussianBlur(3))).astype(np.float32)
    frame, want = aug.Frame(np.array([[61, 83]])), 0
    for factor in 1.2 ** np.linspace(-0.5, 0.5, 201):
        zoom = aug.Zoom((factor, factor), border="edge")
        want = want + reference.run([smooth], aug.Compose([zoom]).plan(0, 0, np.arange(1), frame))[0] / 201
    assert gap(255 * made(aug.ZoomBlur(1.2), smooth / 255), want).max() < 2


def test_rings_are_those_of_a_sinc():
    cutoff, side = 0.6 * np.pi, 13
    (op,) = aug.Compose([aug.Ringing(0.6, size=side)]).plan(0, 0, np.arange(1), aug.Frame(np.array([[9, 9]]))).ops
    special = pytest.importorskip("scipy.special")
    y, x = np.mgrid[-6:7, -6:7]
    away = np.hypot(x, y)
    with np.errstate(invalid="ignore", divide="ignore"):
        want = cutoff * special.j1(cutoff * away) / (2 * np.pi * away)
    want[6, 6] = cutoff**2 / (4 * np.pi)
    np.testing.assert_allclose(op.weights[0], want / want.sum(), atol=1e-5)


def test_emboss_is_lit_from_where_it_says():
    hill = np.clip(200 - 8 * np.hypot(*(np.mgrid[:41, :41] - 20)), 60, 255)[..., None].astype(np.uint8)
    lit = made(aug.Emboss(1, degrees=(90, 90)), hill).astype(float) - hill
    assert lit[12, 20, 0] > 10  # the upper side, for light from above
    assert lit[28, 20, 0] < -10


def test_thresholds_leave_noise_alone():
    noise = np.random.default_rng(0).integers(126, 131, (40, 40, 3)).astype(np.uint8)
    assert np.array_equal(made(aug.UnsharpMask(5, sigma=1, threshold=0.03), noise), noise)
    step = np.zeros((20, 20, 1), np.uint8) + 50
    step[:, 10:] = 200
    one, two = (made(aug.UnsharpMask(1, sigma=1, threshold=t), step) for t in (0, 0.05))
    assert np.array_equal(one[:, 9:11], two[:, 9:11])


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4, 5])
@pytest.mark.parametrize(
    "transform",
    [*BLURS, aug.MedianBlur(3), aug.MedianBlur(7), aug.Erode(5), aug.Dilate(11), aug.Sharpness(3)],
    ids=repr,
)
def test_other_dtypes_are_the_same_up_to_rounding(transform, channels, dtype):
    image = np.random.default_rng(0).integers(0, 256, (33, 47, channels)).astype(np.uint8)
    other = image.astype(np.uint16) * 257 if dtype == "uint16" else image.astype(np.float32) / 255
    gain = 257 if dtype == "uint16" else 1 / 255
    assert gap(made(transform, other) / gain, made(transform, image)).max() <= 1


def test_masks_stay_as_they_are():
    mask = (PHOTO[..., 0] > 127).astype(np.uint8)
    for transform in (aug.Erode(5), aug.Dilate(5), aug.MedianBlur(5), aug.Defocus(3), aug.ZoomBlur(1.2)):
        plan = aug.Compose([transform]).plan(0, 0, np.arange(1), aug.Frame(np.array([mask.shape])))
        moved = move([Targets(mask, None, None, None)], plan, Rules())
        assert np.array_equal(moved.mask[0], mask)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: aug.MedianBlur(4), "MedianBlur.size must be odd numbers"),
        (lambda: aug.Erode((2, 5)), "Erode.size must be odd numbers"),
        (lambda: aug.MedianBlur(257), "MedianBlur.size must be between 1 and 255"),
        (lambda: aug.Convolve([[1, 2], [3, 4]]), "Convolve.kernel must be an odd number of rows"),
        (lambda: aug.Convolve([[1, 2, 3], [1, 2]]), "Convolve.kernel must be an odd number of rows"),
        (lambda: aug.Convolve("abc"), "Convolve.kernel must be an odd number of rows"),
        (lambda: aug.ZoomBlur(0.5), "ZoomBlur.factor must be between 1 and 4"),
        (lambda: aug.Ringing(0), "Ringing.cutoff must be between 0 and 1"),
    ],
)
def test_what_cannot_be_is_said(wrong, words):
    with pytest.raises(aug.ArgumentError, match=words):
        wrong()


def test_odd_sizes_are_drawn_alike():
    n = 3000
    (op,) = aug.Compose([aug.MedianBlur((3, 9))]).plan(0, 0, np.arange(n), aug.Frame(np.full((n, 2), 32))).ops
    reach, counts = np.unique(op.reach[:, 0], return_counts=True)
    assert reach.tolist() == [1, 2, 3, 4]
    assert counts.min() > 0.2 * n


def test_a_jpeg_is_filtered_as_its_pixels_are():
    file = io.BytesIO()
    Image.fromarray(PHOTO).save(file, "jpeg")
    frame = aug.Frame(np.array([PHOTO.shape[:2]]))
    pixels = native.run([file.getvalue()], aug.Compose([]).plan(0, 0, np.arange(1), frame), dtype="uint8")[0][0]
    for transform in (aug.MedianBlur(3), aug.BoxBlur(5), aug.Sharpness(2), aug.Erode(3), aug.Defocus(2)):
        plan = aug.Compose([transform]).plan(0, 0, np.arange(1), frame)
        assert np.array_equal(native.run([file.getvalue()], plan, dtype="uint8")[0][0], made(transform, pixels))
