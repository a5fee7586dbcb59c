"""The default: what the documentation of keras-preprocessing promises, where its code did something else."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras_lines import photo, photos
from PIL import Image

from augstream.errors import MissingPackageError
from augstream.keras_preprocessing.image import (
    ImageDataGenerator,
    apply_affine_transform,
    apply_brightness_shift,
    random_rotation,
    random_shift,
    transform_matrix_offset_center,
)


def dot(height=21, width=31, y=10, x=15):
    picture = np.zeros((height, width, 1), np.float32)
    picture[y, x] = 1
    return picture


def where(picture):
    """(row, column) of the brightest pixel."""
    return tuple(int(i) for i in np.unravel_index(np.argmax(picture[:, :, 0]), picture.shape[:2]))


def shifts(**arguments):
    """Where dots land that are moved 300 times, relative to where they were."""
    x = np.broadcast_to(dot(), (300, 21, 31, 1))
    flow = ImageDataGenerator(fill_mode="constant", **arguments).flow(x, batch_size=300, seed=0)
    return {tuple(np.subtract(where(one), (10, 15)).tolist()) for one in next(flow) if one.max() > 0.9}


def test_width_shift_moves_across_and_height_shift_down():
    across, down = shifts(width_shift_range=[-6, 6]), shifts(height_shift_range=[-4, 4])
    assert across == {(0, -6), (0, 6)}
    assert down == {(-4, 0), (4, 0)}
    generator = ImageDataGenerator(width_shift_range=[3])
    assert generator.get_random_transform((9, 9, 3))["tx"] == 3
    assert generator.get_random_transform((9, 9, 3))["ty"] == 0
    assert where(apply_affine_transform(dot(), tx=4, ty=-2)) == (12, 11)


def test_an_integer_means_fewer_whole_pixels_and_a_list_its_elements():
    assert shifts(width_shift_range=3) == {(0, x) for x in (-2, -1, 0, 1, 2)}
    assert shifts(width_shift_range=1) == {(0, 0)}
    assert shifts(height_shift_range=[0, 5]) == {(0, 0), (-5, 0)}
    assert shifts(height_shift_range=[-1, 0]) == {(0, 0), (1, 0)}


@pytest.mark.parametrize(("value", "most"), [(0.2, 0.2 * 50), (0.99, 0.99 * 50), (1.0, 1), (7.5, 7.5)])
def test_a_float_below_one_is_a_fraction_and_any_other_one_pixels(value, most):
    generator = ImageDataGenerator(width_shift_range=value)
    drawn = [generator.get_random_transform((20, 50, 3), seed)["tx"] for seed in range(300)]
    assert -most <= min(drawn) < -0.9 * most
    assert 0.9 * most < max(drawn) <= most


@pytest.mark.parametrize("size", [(20, 20), (21, 33), (40, 12)])
def test_pictures_turn_about_their_true_center(size):
    x = photo(*size).astype(np.float32)
    np.testing.assert_allclose(apply_affine_transform(x, theta=180), x[::-1, ::-1], atol=1e-2)
    np.testing.assert_allclose(
        transform_matrix_offset_center(np.diag([2.0, 2.0, 1.0]), *size) @ [(size[0] - 1) / 2, (size[1] - 1) / 2, 1],
        [(size[0] - 1) / 2, (size[1] - 1) / 2, 1],
    )
    if size[0] == size[1]:
        np.testing.assert_allclose(apply_affine_transform(x, theta=90), np.rot90(x), atol=1e-2)


def test_turning_is_scipys_about_the_true_center():
    ndimage = pytest.importorskip("scipy.ndimage")
    x = photo(30, 44).astype(np.float32)
    angle = np.deg2rad(25)
    rows = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    center = np.array([14.5, 21.5])
    for mode in ("constant", "nearest", "reflect", "wrap"):
        theirs = [
            ndimage.affine_transform(x[..., c], rows, center - rows @ center, order=1, mode=mode, cval=7)
            for c in range(3)
        ]
        ours = apply_affine_transform(x, theta=25, fill_mode=mode, cval=7)
        assert np.abs(ours - np.stack(theirs, axis=2)).mean() < 0.05


@pytest.mark.parametrize("peak", [1, 255])
def test_brightness_scales_and_does_not_stretch(peak):
    x = (photo(10, 12).astype(np.float32) / 255 * peak * 0.5 + 0.1 * peak).astype(np.float32)
    np.testing.assert_allclose(apply_brightness_shift(x, 0.5), x / 2, rtol=1e-5)
    np.testing.assert_allclose(apply_brightness_shift(x, 3), np.minimum(x * 3, peak), rtol=1e-5)
    planes = x.transpose(2, 0, 1)
    np.testing.assert_allclose(apply_brightness_shift(planes, 0.5), planes / 2, rtol=1e-5)
    generator = ImageDataGenerator(brightness_range=(0.5, 0.5), data_format="channels_first")
    np.testing.assert_allclose(next(generator.flow(planes[None]))[0], planes / 2, rtol=1e-5)


def test_brightness_leaves_alpha_alone():
    x = photo(8, 8, 4)
    made = apply_brightness_shift(x, 0.5)
    np.testing.assert_allclose(made[..., 3], x[..., 3])
    np.testing.assert_allclose(made[..., :3], x[..., :3] / 2)


def test_weights_follow_their_samples_into_a_subset():
    x, weight = photos(10, 4, 4), np.arange(10)
    generator = ImageDataGenerator(validation_split=0.3)
    for subset, expected in (("validation", {0, 1, 2}), ("training", set(range(3, 10)))):
        _, y, w = next(generator.flow(x, np.arange(10), sample_weight=weight, subset=subset, ignore_class_split=True))
        assert set(w.tolist()) == expected
        assert y.tolist() == w.tolist()


def test_fit_sees_what_a_flow_sees():
    x = photos(20, 6, 5).astype(np.float32)
    wanted = {"rescale": 1 / 255, "preprocessing_function": lambda one: 255 - one, "samplewise_center": True}
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True, **wanted)
    generator.fit(x)
    seen = next(ImageDataGenerator(**wanted).flow(x, batch_size=20, shuffle=False))
    np.testing.assert_allclose(generator.mean.ravel(), seen.mean((0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(generator.std.ravel(), seen.std((0, 1, 2)), atol=1e-5)
    made = next(generator.flow(x, batch_size=20))
    np.testing.assert_allclose(made.mean((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(made.std((0, 1, 2)), 1, atol=1e-3)


@pytest.fixture
def folder(tmp_path):
    for number in range(12):
        place = tmp_path / "photos" / ("cat", "dog", "emu")[number % 3]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(30 + number, 40, seed=number)).save(place / f"{number}.{('png', 'jpg')[number % 2]}")
    return tmp_path / "photos"


def test_hidden_folders_are_not_classes(folder, capsys):
    for name in (".ipynb_checkpoints", "cat/.thumbnails"):
        (folder / name).mkdir()
        Image.fromarray(photo(9, 9)).save(folder / name / "0.png")
    (folder / "cat" / "._0.png").write_bytes(b"not a picture")
    flow = ImageDataGenerator().flow_from_directory(folder)
    assert flow.class_indices == {"cat": 0, "dog": 1, "emu": 2}
    assert len(flow.filenames) == flow.samples == flow.n == 12
    assert capsys.readouterr().out == "Found 12 images belonging to 3 classes.\n"


def test_labels_are_as_documented(folder):
    generator = ImageDataGenerator()
    x, y = next(generator.flow_from_directory(folder, class_mode="sparse", shuffle=False))
    assert y.dtype.kind == "i"
    assert y.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    _, y = next(generator.flow_from_directory(folder, shuffle=False))
    assert (y.argmax(1).tolist(), y.dtype) == ([0] * 4 + [1] * 4 + [2] * 4, np.float32)
    flow = generator.flow_from_directory(folder, class_mode="binary", classes=["emu", "cat"])
    assert flow.class_indices == {"emu": 0, "cat": 1}
    assert sorted(next(flow)[1].tolist()) == [0] * 4 + [1] * 4
    assert isinstance(next(generator.flow_from_directory(folder, class_mode=None)), np.ndarray)
    x, y = next(generator.flow_from_directory(folder, class_mode="input"))
    assert np.array_equal(x, y)
    assert not np.shares_memory(x, y)


def test_a_set_of_classes_is_sorted_and_an_array_is_taken(folder):
    pandas = pytest.importorskip("pandas")
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*g"))
    table = pandas.DataFrame({"filename": names, "class": [name[:3] for name in names]})
    for classes, wanted in (
        ({"emu", "dog", "cat"}, {"cat": 0, "dog": 1, "emu": 2}),
        (frozenset({"emu", "dog"}), {"dog": 0, "emu": 1}),
        (np.array(["emu", "cat"]), {"emu": 0, "cat": 1}),
    ):
        generator = ImageDataGenerator()
        assert generator.flow_from_directory(folder, classes=classes).class_indices == wanted
        assert generator.flow_from_dataframe(table, folder, classes=classes).class_indices == wanted


def test_sixteen_bits_keep_their_range(tmp_path):
    levels = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    (tmp_path / "a").mkdir()
    Image.fromarray(levels).save(tmp_path / "a" / "0.png")
    generator = ImageDataGenerator(brightness_range=(0.999999, 1))
    x, _ = next(generator.flow_from_directory(tmp_path, target_size=(8, 8), color_mode="grayscale"))
    np.testing.assert_allclose(x[0, :, :, 0], levels, rtol=1e-4)
    x, _ = next(ImageDataGenerator().flow_from_directory(tmp_path, target_size=(8, 8)))
    np.testing.assert_allclose(x[0, :, :, 1], levels / 257, atol=1)


def test_a_subset_without_a_split_is_an_error(folder):
    with pytest.raises(ValueError, match="validation_split"):
        ImageDataGenerator().flow_from_directory(folder, subset="training")
    with pytest.raises(ValueError, match="validation_split"):
        ImageDataGenerator().flow(photos(4, 4, 4), subset="validation")


def test_unknown_arguments_are_errors(folder):
    with pytest.raises(TypeError, match="no_such"):
        ImageDataGenerator(no_such=1)
    for flow in ("flow", "flow_from_directory", "flow_from_dataframe"):
        with pytest.raises(TypeError, match="no_such"):
            getattr(ImageDataGenerator(), flow)(folder if "dir" in flow else photos(4, 4, 4), no_such=1)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"])
@pytest.mark.parametrize("keep_aspect_ratio", [False, True])
def test_files_are_resized_as_asked(folder, interpolation, keep_aspect_ratio):
    flow = ImageDataGenerator().flow_from_directory(
        folder,
        target_size=(17, 14),
        interpolation=interpolation,
        keep_aspect_ratio=keep_aspect_ratio,
        shuffle=False,
        class_mode=None,
    )
    for made, path in zip(next(flow), flow.filepaths, strict=True):
        image = Image.open(path)
        width, height = image.size
        side = min(width, height * 14 // 17), min(height, width * 17 // 14)
        left, top = (width - side[0]) // 2, (height - side[1]) // 2
        box = (left, top, left + side[0], top + side[1]) if keep_aspect_ratio else None
        theirs = np.asarray(image.resize((14, 17), Image.Resampling[interpolation.upper()], box=box), np.float64)
        # Chroma at half resolution, as these files have it, goes straight to the resized picture.
        assert np.abs(made - theirs).mean() < (5 if path.endswith("jpg") else 0.6)


@pytest.mark.parametrize("mode", ["grayscale", "rgb", "rgba"])
def test_files_are_converted_as_pillow_does(tmp_path, mode):
    (tmp_path / "a").mkdir()
    pictures = {"1.png": photo(9, 9, 4), "2.png": photo(9, 9)[..., 0], "3.png": photo(9, 9), "4.jpg": photo(9, 9)}
    for name, picture in pictures.items():
        Image.fromarray(picture).save(tmp_path / "a" / name, quality=100, subsampling=0)
    flow = ImageDataGenerator().flow_from_directory(
        tmp_path, target_size=(9, 9), color_mode=mode, shuffle=False, class_mode=None
    )
    for made, path in zip(next(flow), flow.filepaths, strict=True):
        theirs = np.asarray(Image.open(path).convert({"grayscale": "L"}.get(mode, mode.upper())), np.float64)
        assert np.abs(made - theirs.reshape(made.shape)).mean() < 1


def test_two_generators_agree_on_geometry_whatever_else_differs():
    x, masks = photos(8, 32, 40), (photos(8, 32, 40)[..., :1] > 127).astype(np.uint8)
    geometry = {"rotation_range": 30, "zoom_range": 0.2, "horizontal_flip": True, "width_shift_range": 0.1}
    both = ImageDataGenerator(**geometry, brightness_range=(0.9, 1.1), rescale=1 / 255, channel_shift_range=3)
    alone = ImageDataGenerator(**geometry, interpolation_order=0)
    again = ImageDataGenerator(**geometry, interpolation_order=0)
    for _ in range(3):
        for one, two in zip(
            next(alone.flow(masks, seed=4)), next(again.flow(masks, batch_size=3, seed=4)), strict=False
        ):
            assert np.array_equal(one, two)
    a = both.get_random_transform((32, 40, 3), seed=5)
    b = alone.get_random_transform((32, 40, 1), seed=5)
    assert all(a[name] == b[name] for name in ("theta", "tx", "ty", "zx", "zy", "flip_horizontal"))
    seen = next(both.flow(x, seed=4))[..., :1] > 0.5
    assert (seen == next(alone.flow(masks, seed=4)).astype(bool)).mean() > 0.9


def test_nothing_that_has_a_seed_or_draws_nothing_touches_numpys_generator():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for compat in (None, "1.1.2", "keras3"):
        generator = ImageDataGenerator(rotation_range=9, compat=compat)
        next(generator.flow(photos(4, 8, 8), seed=1))
        generator.fit(photos(4, 8, 8), augment=True, seed=3)
        generator.fit(photos(4, 8, 8))
    random_rotation(photo(9, 9), 20)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_random_functions_take_a_seed():
    x = photo(20, 24).astype(np.float32)
    one, two = (random_shift(x, 0.2, 0.3, 0, 1, 2, seed=6) for _ in range(2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, random_shift(x, 0.2, 0.3, 0, 1, 2, seed=7))


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_higher_orders_need_scipy_and_say_so(order, monkeypatch):
    x = photos(3, 20, 24)
    generator = ImageDataGenerator(rotation_range=30, interpolation_order=order, rescale=1 / 255)
    smooth = next(ImageDataGenerator(rotation_range=30, rescale=1 / 255).flow(x, seed=2))
    pytest.importorskip("scipy")
    made = next(generator.flow(x, seed=2))
    assert np.abs(made - smooth).mean() < 0.05
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    with pytest.raises(MissingPackageError, match="scipy"):
        next(generator.flow(x, seed=2))


ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "rotation_range": st.sampled_from([0, 30, 180.0]),
        "width_shift_range": st.sampled_from([0.3, 4, 2.5, [-3, 3], [0.1]]),
        "height_shift_range": st.sampled_from([0.3, 4, 2.5, (-3, 3), [-0.1, 0.2]]),
        "shear_range": st.sampled_from([0.0, 20]),
        "zoom_range": st.sampled_from([0.2, (0.5, 1.0), [1, 1]]),
        "channel_shift_range": st.sampled_from([0.0, 40.0]),
        "brightness_range": st.sampled_from([(0.5, 1.5), [0.2, 0.2]]),
        "fill_mode": st.sampled_from(["constant", "nearest", "reflect", "wrap"]),
        "cval": st.sampled_from([0.0, 200]),
        "horizontal_flip": st.booleans(),
        "vertical_flip": st.booleans(),
        "rescale": st.sampled_from([None, 1 / 255]),
        "samplewise_center": st.booleans(),
        "samplewise_std_normalization": st.booleans(),
        "featurewise_center": st.booleans(),
        "featurewise_std_normalization": st.booleans(),
        "preprocessing_function": st.sampled_from([None, lambda one: one[::-1]]),
        "interpolation_order": st.sampled_from([0, 1]),
        "data_format": st.sampled_from(["channels_last", "channels_first"]),
        "dtype": st.sampled_from(["float32", "float64", "float16", "uint8"]),
    },
)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=int(os.environ.get("EXAMPLES", "80")), deadline=None, suppress_health_check=list(HealthCheck))
@given(arguments=ARGUMENTS, channels=st.sampled_from([1, 3, 4]), dtype=st.sampled_from(["uint8", "float32", "float64"]))
def test_any_combination_of_arguments_makes_batches_that_depend_on_nothing_else(arguments, channels, dtype):
    x = photos(5, 18, 24, channels, dtype)
    if arguments.get("data_format") == "channels_first":
        x = x.transpose(0, 3, 1, 2)
    generator = ImageDataGenerator(**arguments)
    if generator.featurewise_center or generator.featurewise_std_normalization:
        generator.fit(x)
    whole = next(generator.flow(x, batch_size=5, seed=3, shuffle=False))
    assert whole.shape == x.shape
    assert whole.dtype == np.dtype(arguments.get("dtype", "float32"))
    assert np.isfinite(whole.astype(np.float64)).all()
    alone = ImageDataGenerator(**arguments, threads=1)
    alone.mean, alone.std = generator.mean, generator.std
    parts = alone.flow(x, batch_size=2, seed=3, shuffle=False)
    assert np.array_equal(np.concatenate([next(parts) for _ in range(3)]), whole)
    # The same, picture by picture, through what the generator offers for single ones.
    generator.standardize, generator.apply_transform = generator.standardize, generator.apply_transform
    by_hand = generator.flow(x, batch_size=5, seed=3, shuffle=False)
    step = 1 if arguments.get("dtype") == "uint8" else 2e-2
    apart = np.abs(next(by_hand).astype(np.float64) - whole.astype(np.float64))
    assert (apart <= step + 1e-2 * np.abs(whole.astype(np.float64))).mean() > 0.98


def test_half_precision_is_what_comes_out_and_not_what_is_reckoned_in():
    x = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype(np.float32)
    wanted = {"samplewise_std_normalization": True, "samplewise_center": True, "dtype": "float16"}
    made = next(ImageDataGenerator(**wanted).flow(x))
    assert made.dtype == np.float16
    np.testing.assert_allclose(made.astype(np.float32).std((1, 2, 3)), 1, atol=1e-2)


def test_only_pictures_are_transformed():
    for shape in ((9, 9), (1, 9, 9, 3)):
        with pytest.raises(ValueError, match="must be multi-channel 2D images"):
            apply_affine_transform(np.zeros(shape, np.float32), theta=9)
