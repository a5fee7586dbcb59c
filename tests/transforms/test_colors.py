"""Colors and tones against who defined them: Pillow, OpenCV, colorsys, NumPy's FFT."""

import colorsys

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

import augstream as aug
from augstream.transforms.channels import light
from augstream.transforms.stain import vectors


def photo(height=61, width=83, channels=3, seed=0):
    """Soft shapes with grain, neither dark nor bright all over."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width][:, :, :, None]
    waves = np.sin(x / rng.uniform(5, 30, channels)) * np.cos(y / rng.uniform(5, 30, channels))
    levels = 120 + 60 * waves + rng.normal(0, 12, (height, width, channels))
    return np.clip(levels, 0, 255).astype(np.uint8)


PHOTO = photo()
GRAY = photo(channels=1)
PILLOW = Image.fromarray(PHOTO)


def gap(made, expected):
    return int(np.abs(made.astype(int) - np.asarray(expected).astype(int)).max())


def test_equalize_is_pillows():
    for image in (PHOTO, photo(7, 9), np.full((9, 9, 3), 7, np.uint8), photo(300, 200, seed=4)):
        assert gap(aug.Compose([aug.Equalize()])(image, seed=0), ImageOps.equalize(Image.fromarray(image))) == 0


@pytest.mark.parametrize("cutoff", [0, 0.01, 0.2])
def test_auto_contrast_is_pillows_but_for_its_cut_off_fractions(cutoff):
    made = aug.Compose([aug.AutoContrast(cutoff)])(PHOTO, seed=0)
    expected = np.asarray(ImageOps.autocontrast(PILLOW, cutoff * 100)).astype(int)
    assert set(np.unique(made.astype(int) - expected)) <= {0, 1}


def test_auto_contrast_leaves_a_flat_channel():
    flat = np.dstack([GRAY[..., 0], np.full_like(GRAY[..., 0], 9), GRAY[..., 0]])
    assert (aug.Compose([aug.AutoContrast(0)])(flat)[..., 1] == 9).all()


@pytest.mark.parametrize("bits", [1, 4, 7])
def test_posterize_solarize_invert_are_pillows(bits):
    assert gap(aug.Compose([aug.Posterize(bits)])(PHOTO, seed=0), ImageOps.posterize(PILLOW, bits)) == 0
    assert gap(aug.Compose([aug.Solarize(bits * 30 / 255)])(PHOTO, seed=0), ImageOps.solarize(PILLOW, bits * 30)) == 0
    assert gap(aug.Compose([aug.Invert()])(PHOTO, seed=0), ImageOps.invert(PILLOW)) == 0


def test_grayscale_is_pillows():
    made = aug.Compose([aug.Grayscale(p=1)])(PHOTO, seed=0)
    assert gap(made, np.repeat(np.asarray(PILLOW.convert("L"))[:, :, None], 3, axis=2)) <= 1


@pytest.mark.parametrize("factor", [0.3, 1.7])
def test_contrast_about_the_mean_and_saturation_are_pillows(factor):
    made = aug.Compose([aug.Contrast((factor, factor), about="mean")])(PHOTO, seed=0)
    assert gap(made, ImageEnhance.Contrast(PILLOW).enhance(factor)) <= 1
    made = aug.Compose([aug.Saturation((factor, factor))])(PHOTO, seed=0)
    assert gap(made, ImageEnhance.Color(PILLOW).enhance(factor)) <= 2


@pytest.mark.parametrize("change", [(0.13, 1.4, 0.8), (-0.4, 0.2, 1.6), (0.5, 3, 1)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_hsv_is_that_of_colorsys(change, dtype):
    corners = np.array(list(np.ndindex(3, 3, 3)), np.uint8)[None] * 127
    image = np.concatenate([PHOTO.reshape(1, -1, 3)[:, :997], corners], axis=1)
    peak = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    given = (image * (peak / 255)).astype(dtype)
    hue, saturation, value = change
    expected = []
    for pixel in given[0].astype(float) / peak:
        h, s, v = colorsys.rgb_to_hsv(*pixel)
        expected.append(colorsys.hsv_to_rgb((h + hue) % 1, min(s * saturation, 1), min(v * value, 1)))
    made = aug.Compose([aug.HueSaturationValue((hue, hue), (saturation,) * 2, (value,) * 2)])(given, seed=0)
    error = np.abs(made[0].astype(float) - np.array(expected) * peak) / peak
    assert error.max() <= {"uint8": 0.501 / 255, "uint16": 1 / 65535, "float32": 1e-5}[dtype]


def test_histogram_matching_is_scikit_images():
    reference = photo(50, 40, seed=3) // 2 + 40
    expected = np.empty(PHOTO.shape)
    for c in range(3):
        _, inverse, counts = np.unique(PHOTO[..., c].ravel(), return_inverse=True, return_counts=True)
        values, those = np.unique(reference[..., c].ravel(), return_counts=True)
        met = np.interp(np.cumsum(counts) / counts.sum(), np.cumsum(those) / those.sum(), values)
        expected[..., c] = met[inverse].reshape(PHOTO.shape[:2])
    made = aug.Compose([aug.HistogramMatching([reference], 1)])(PHOTO, seed=0)
    assert np.abs(made - expected).max() <= 0.5 + 1e-6
    half = aug.Compose([aug.HistogramMatching([reference], 0.5)])(PHOTO, seed=0)
    assert np.abs(half - (PHOTO + expected) / 2).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("beta", [0, 0.02, 0.1, 0.5])
@pytest.mark.parametrize("shape", [(61, 83), (64, 48), (1, 9), (2, 2)])
def test_fda_is_the_papers(beta, shape):
    source, reference = photo(*shape), photo(*shape, seed=5)
    spectrum = np.fft.fftshift(np.fft.fft2(source, axes=(0, 1)), axes=(0, 1))
    wanted = np.abs(np.fft.fftshift(np.fft.fft2(reference, axes=(0, 1)), axes=(0, 1)))
    b, (y, x) = min(int(min(shape) * beta), (min(shape) - 1) // 2), (shape[0] // 2, shape[1] // 2)
    low = (slice(y - b, y + b + 1), slice(x - b, x + b + 1))
    spectrum[low] = wanted[low] * np.exp(1j * np.angle(spectrum[low]))
    mixed = np.fft.ifft2(np.fft.ifftshift(spectrum, axes=(0, 1)), axes=(0, 1)).real
    made = aug.Compose([aug.FDA([reference], beta)])(source, seed=0)
    assert np.abs(made - np.clip(mixed, 0, 255)).max() <= 0.51


def test_each_image_has_one_of_the_references():
    references = [np.full((5, 5), level, np.uint8) for level in (20, 200)]
    pipeline = aug.Compose([aug.HistogramMatching(references, 1)])
    seen = {int(pipeline(PHOTO, index=index).mean()) for index in range(20)}
    assert seen == {20, 200}


def test_references_must_be_pictures():
    for wrong in (PHOTO, [], [PHOTO / 255], ["no picture"], [PHOTO[..., :2]]):
        with pytest.raises(aug.ArgumentError, match=r"FDA.references must be a list of arrays"):
            aug.FDA(wrong)
    assert aug.FDA([PHOTO]) == aug.FDA(list(aug.FDA([PHOTO]).references))


@pytest.mark.parametrize("clip", [1, 2.5, 40])
@pytest.mark.parametrize(("shape", "tiles"), [((64, 96), 8), ((61, 83), 8), ((64, 83), 4), ((33, 40), 1), ((5, 6), 8)])
def test_clahe_of_gray_is_opencvs(clip, shape, tiles):
    cv2 = pytest.importorskip("cv2")
    gray = photo(*shape, channels=1)
    expected = cv2.createCLAHE(clip, (tiles, tiles)).apply(gray[..., 0])
    assert gap(aug.Compose([aug.CLAHE(clip, tiles)])(gray, seed=0)[..., 0], expected) <= 1


def test_clahe_keeps_the_chroma():
    made = aug.Compose([aug.CLAHE(2)])(PHOTO, seed=0, dtype="float32")
    inside = ((made > 0) & (made < 255)).all(axis=2)
    more = (made - PHOTO)[inside]
    assert inside.mean() > 0.5
    assert np.ptp(more, axis=1).max() < 1e-3
    assert np.abs(more).max() > 5


STATISTICS = [
    aug.Equalize(),
    aug.AutoContrast(0.05),
    aug.CLAHE(3),
    aug.Contrast((2, 2), about="mean"),
    aug.HueSaturationValue(),
    aug.HistogramMatching([photo(seed=2)]),
    aug.FDA([photo(seed=2)], 0.05),
    aug.StainJitter(),
    aug.ToneCurve(),
    aug.SigmoidContrast(),
    aug.ColorTemperature(),
    aug.FancyPCA(),
    aug.PhotometricDistort(each=1),
]


@pytest.mark.parametrize("transform", STATISTICS, ids=lambda one: type(one).__name__)
def test_other_dtypes_are_the_same_picture(transform):
    pipeline, scales = aug.Compose([transform]), {"uint16": 257, "float32": np.float32(1 / 255)}
    plain = pipeline(PHOTO, seed=0, dtype="float32")
    for dtype, scale in scales.items():
        made = pipeline((PHOTO * np.float64(scale)).astype(dtype), seed=0, dtype="float32") / scale
        assert np.abs(made - plain).max() <= 0.05
    assert np.abs(pipeline(PHOTO, seed=0) - plain).max() <= 0.501


@pytest.mark.parametrize("transform", STATISTICS, ids=lambda one: type(one).__name__)
def test_alpha_is_never_colored(transform):
    image = np.dstack([PHOTO, GRAY])
    made = aug.Compose([transform])(image, seed=0)
    assert (made[..., 3] == image[..., 3]).all()
    assert np.array_equal(made[..., :3], aug.Compose([transform])(PHOTO, seed=0))


def test_a_statistic_is_of_the_image_at_hand():
    behind = aug.Compose([aug.CenterCrop(20), aug.Equalize()])(PHOTO, seed=0)
    crop = aug.Compose([aug.CenterCrop(20)])(PHOTO, seed=0)
    assert np.array_equal(behind, aug.Compose([aug.Equalize()])(crop, seed=0))
    assert not np.array_equal(behind, aug.Compose([aug.Equalize(), aug.CenterCrop(20)])(PHOTO, seed=0))
    two = aug.Compose([aug.Equalize(), aug.Contrast((0.5, 0.5), about="mean"), aug.Invert()])
    step = PHOTO
    for one in two.transforms:
        step = aug.Compose([one])(step, seed=0)
    assert gap(two(PHOTO), step) <= 1


@pytest.mark.parametrize("per", ["image", "channel"])
def test_normalize_by_the_image_itself(per):
    made = aug.Compose([aug.Normalize(per=per)])(PHOTO, seed=0)
    axes = (0, 1) if per == "channel" else None
    np.testing.assert_allclose(made.mean(axis=axes), 0, atol=1e-4)
    np.testing.assert_allclose(made.std(axis=axes), 1, atol=1e-4)
    assert np.abs(aug.Compose([aug.Normalize(per=per)])(np.full((4, 4, 3), 9, np.uint8))).max() < 1e-3
    with pytest.raises(aug.PipelineError, match="comes after Normalize"):
        aug.Compose([aug.Normalize(per=per), aug.Equalize()])(PHOTO, seed=0)
    with pytest.raises(aug.PipelineError, match="change the levels of all images or of none"):
        aug.Compose([aug.OneOf([aug.Normalize(per=per), aug.Invert()])])(PHOTO, seed=0)


def test_color_jitter_alone_does_something_and_with_one_only_that():
    assert np.abs(aug.Compose([aug.ColorJitter()])(PHOTO, seed=0).astype(int) - PHOTO).mean() > 3
    assert aug.ColorJitter(p=0.5).brightness == (0.6, 1.4)
    assert aug.ColorJitter(hue=0.1) == aug.ColorJitter(0, 0, 0, 0.1)


def test_random_orders_are_all_taken_and_are_the_four_one_after_the_other():
    four = {"brightness": (0.5, 0.5), "contrast": (1.5, 1.5), "saturation": (0.2, 0.2), "hue": (0.2, 0.2)}
    frame = aug.Frame(np.tile([[8, 8]], (400, 1)))
    rng = aug.Rng(0, 0, np.arange(400), "T.0")
    (op,) = aug.ColorJitter(**four, order="random").ops(rng, frame)
    alone = {name: next(iter(aug.ColorJitter(**{name: span}).ops(rng, frame))) for name, span in four.items()}
    assert len(np.unique(op.matrix.round(6), axis=0)) == 2  # all but the contrast's offset are linear and commute
    for name, one in alone.items():
        assert not np.allclose(one.matrix, np.eye(3, 4)), name
    (plain,) = aug.ColorJitter(**four).ops(rng, frame)
    assert any(np.allclose(plain.matrix[0], matrix) for matrix in op.matrix)
    before, _, after = aug.ColorJitter(**four, order="random", space="hsv").ops(rng, frame)
    assert {bool(early) for early in (before.matrix == np.eye(3, 4)).all(axis=(1, 2))} == {True, False}
    assert {bool(late) for late in (after.matrix == np.eye(3, 4)).all(axis=(1, 2))} == {True, False}


def test_channels_change_places_and_leave():
    frame = aug.Frame(np.tile([[8, 8]], (600, 1)))
    (op,) = aug.ChannelShuffle().ops(aug.Rng(0, 0, np.arange(600), "T.0"), frame)
    orders, counts = np.unique(op.matrix[:, :, :3].argmax(axis=2), axis=0, return_counts=True)
    assert len(orders) == 6
    assert counts.min() > 60
    (op,) = aug.ChannelDropout((1, 9), fill=0.5).ops(aug.Rng(0, 0, np.arange(600), "T.0"), frame)
    gone = (op.matrix[:, range(3), range(3)] == 0).sum(axis=1)
    assert set(gone) == {1, 2}
    assert set(op.matrix[:, :, 3].ravel()) == {0, 127.5}


def test_temperatures_are_plancks():
    # CIE's chromaticities of black bodies, by way of linear sRGB: at 6500 K white, below redder, above bluer.
    np.testing.assert_allclose(light(np.array([6500.0])), 1, atol=1e-9)
    gains = light(np.array([2000, 3000, 5000, 8000, 15000.0]))
    assert (np.diff(gains[:, 0] / gains[:, 2]) < 0).all()
    np.testing.assert_allclose(gains @ (0.299, 0.587, 0.114), 1, atol=1e-12)


def test_stains_of_tissue_are_scaled():
    to = vectors("ruifrok")
    amount = np.random.default_rng(0).uniform(0, 0.8, (6, 7, 3))
    image = np.clip(256 * np.exp(-amount @ to) - 1, 0, 255)
    transform = aug.StainJitter((1.25, 1.25), (0.05, 0.05))
    made = aug.Compose([transform])(image.astype(np.float32), seed=0, peak=255)
    expected = np.clip(256 * np.exp(-(amount * 1.25 + 0.05) @ to) - 1, 0, 255)
    whole = (image > 0).all(axis=2) & (image < 255).all(axis=2)
    np.testing.assert_allclose(made[whole], expected[whole], atol=0.02)


def test_tone_curves_rise_from_black_to_white():
    frame = aug.Frame(np.tile([[8, 8]], (200, 1)))
    (op,) = aug.ToneCurve(4, points=3).ops(aug.Rng(0, 0, np.arange(200), "T.0"), frame)
    table = op.table[:, 0]
    assert (np.diff(table, axis=1) >= -1e-9).all()
    np.testing.assert_allclose(table[:, [0, -1]], [[0, 255]] * 200, atol=1e-9)
    middle = table[:, 128]
    assert 0.35 < (middle > 128).mean() < 0.65
    assert middle.std() > 20


def test_sigmoid_contrast_is_scikit_images():
    made = aug.Compose([aug.SigmoidContrast(8, cutoff=0.4)])(PHOTO, seed=0)
    assert np.abs(made - 255 / (1 + np.exp(8 * (0.4 - PHOTO / 255)))).max() <= 0.51


def test_what_needs_rgb_says_so():
    image = photo(channels=5)
    for transform in (aug.HueSaturationValue(), aug.CLAHE(), aug.Sepia(), aug.StainJitter(), aug.FDA([PHOTO])):
        with pytest.raises(aug.PipelineError, match="needs images of 1, 3 or 4 channels"):
            aug.Compose([transform])(image, seed=0)
    assert aug.Compose([aug.Equalize(), aug.ChannelShuffle()])(image, seed=0).shape == image.shape
