"""compat="1.1.2" and compat="keras3" against the lines themselves: same numbers, same order, same pixels."""

import itertools

import numpy as np
import pytest
from keras_lines import LINES, assert_alike, generator_of, line, photo, photos, quiet
from PIL import Image

from augstream.keras_preprocessing import image as ours

pytestmark = pytest.mark.parametrize("compat", LINES)

GEOMETRY = {"rotation_range": 40, "width_shift_range": 0.2, "height_shift_range": 0.2, "shear_range": 20}
EVERYTHING = {
    **GEOMETRY,
    "zoom_range": 0.3,
    "horizontal_flip": True,
    "vertical_flip": True,
    "channel_shift_range": 30.0,
    "brightness_range": (0.5, 1.5),
}
DRAWN = [
    {},
    GEOMETRY,
    EVERYTHING,
    {"width_shift_range": 3, "height_shift_range": [-4, 0, 4]},
    {"width_shift_range": 7.5, "height_shift_range": [-0.1, 0.1]},
    {"height_shift_range": 5, "zoom_range": (0.5, 1.0), "horizontal_flip": True},
    {"brightness_range": (0.2, 0.8)},
    {"channel_shift_range": 50, "vertical_flip": True},
    {"width_shift_range": [-1, 0]},
]
TREATED = [
    {},
    {"rescale": 1 / 255},
    {"rotation_range": 30},
    {"width_shift_range": 0.3, "fill_mode": "constant", "cval": 20.0},
    {**GEOMETRY, "fill_mode": "reflect"},
    {**GEOMETRY, "fill_mode": "wrap", "interpolation_order": 0},
    {"zoom_range": (0.5, 1.5), "fill_mode": "wrap"},
    {"channel_shift_range": 60.0, "horizontal_flip": True},
    EVERYTHING,
    {**GEOMETRY, "samplewise_center": True, "samplewise_std_normalization": True},
    {"rotation_range": 50, "interpolation_order": 3},
]


def ids(arguments):
    return "+".join(name.removesuffix("_range") for name in arguments) or "nothing"


def unit(arguments):
    """What one level becomes."""
    return 1 / 50 if "samplewise_center" in arguments else arguments.get("rescale", 1)


@pytest.mark.parametrize("arguments", DRAWN, ids=ids)
def test_the_parameters_are_the_same_to_the_last_bit(compat, arguments):
    old, new = generator_of(compat, **arguments), ours.ImageDataGenerator(**arguments, compat=compat)
    for seed, shape in itertools.product((0, 1, 77), ((40, 60, 3), (64, 64, 1))):
        assert new.get_random_transform(shape, seed) == old.get_random_transform(shape, seed)
        # What comes next comes from the same generator.
        assert new.get_random_transform(shape) == old.get_random_transform(shape)


@pytest.mark.parametrize("arguments", TREATED, ids=ids)
def test_arrays_come_in_the_same_order_and_look_the_same(compat, arguments):
    x, y = photos(7, 48, 32), np.arange(7)
    with quiet():
        flows = [
            generator.flow(x, y, batch_size=3, seed=5)
            for generator in (ours.ImageDataGenerator(**arguments, compat=compat), generator_of(compat, **arguments))
        ]
        for _ in range(5):
            (a, b), (c, d) = (next(flow) for flow in flows)
            assert b.tolist() == d.tolist()
            assert_alike(a, c, unit(arguments))
        for number in (1, 2, 0):
            (a, b), (c, d) = (flow[number] for flow in flows)
            assert b.tolist() == d.tolist()
            assert_alike(a, c, unit(arguments))
        for flow in flows:
            flow.on_epoch_end()
        assert flows[0].total_batches_seen == flows[1].total_batches_seen
        assert flows[0].index_array.tolist() == flows[1].index_array.tolist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    for number in range(11):
        place = root / "abc"[number % 3] / ("below" if number % 4 == 1 else "")
        place.mkdir(parents=True, exist_ok=True)
        kind = ("jpg", "png", "JPEG", "bmp")[number % 4]
        Image.fromarray(photo(50 + number, 70 - number, seed=number)).save(place / f"{number}.{kind}")
    (root / ".hidden").mkdir()
    Image.fromarray(photo(20, 20)).save(root / ".hidden" / "0.png")
    (root / "a" / "notes.txt").write_text("no picture")
    return root


@pytest.mark.parametrize("arguments", [{}, {"rescale": 1 / 255, **GEOMETRY}, EVERYTHING], ids=ids)
@pytest.mark.parametrize(
    "flow",
    [
        {},
        {"class_mode": "sparse", "color_mode": "grayscale", "interpolation": "bilinear"},
        {"class_mode": None, "shuffle": False, "interpolation": "lanczos"},
        {"class_mode": "input", "color_mode": "rgba", "classes": ["c", "a"]},
    ],
    ids=ids,
)
def test_folders_come_in_the_same_order_and_look_the_same(compat, arguments, flow, folder):
    with quiet() as said:
        new, old = (
            generator.flow_from_directory(str(folder), target_size=(40, 36), batch_size=4, seed=3, **flow)
            for generator in (ours.ImageDataGenerator(**arguments, compat=compat), generator_of(compat, **arguments))
        )
        lines = [text for text in said.getvalue().splitlines() if text]
        assert lines[0] == lines[-1]
        assert new.filenames == old.filenames
        assert new.filepaths == old.filepaths
        assert new.class_indices == old.class_indices
        assert new.classes.tolist() == old.classes.tolist()
        assert new.classes.dtype == old.classes.dtype
        assert new.image_shape == old.image_shape
        for _ in range(4):
            a, b = next(new), next(old)
            if flow.get("class_mode", "") is None:
                a, b = (a,), (b,)
            if flow.get("class_mode") in ("sparse", None, "input"):
                assert a[-1].dtype == b[-1].dtype
            assert_alike(a[0], b[0], unit(arguments))
            if len(a) > 1 and flow.get("class_mode") != "input":
                assert a[1].tolist() == b[1].tolist()


@pytest.mark.parametrize("subset", ["training", "validation"])
def test_subsets_are_the_same(compat, subset, folder):
    with quiet():
        new, old = (
            generator.flow_from_directory(str(folder), subset=subset)
            for generator in (
                ours.ImageDataGenerator(validation_split=0.4, compat=compat),
                generator_of(compat, validation_split=0.4),
            )
        )
    assert new.filenames == old.filenames
    assert new.classes.tolist() == old.classes.tolist()


@pytest.mark.parametrize("mode", ["constant", "nearest", "reflect", "wrap"])
@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "given",
    [
        {"theta": 33},
        {"tx": 5, "ty": -3.25},
        {"shear": 25, "zx": 0.7, "zy": 1.4},
        {"theta": -70, "tx": 20.25, "ty": 11, "shear": -15, "zx": 1.6, "zy": 0.8},
    ],
    ids=ids,
)
def test_one_transformation_looks_the_same(compat, mode, order, given):
    arguments = {**given, "fill_mode": mode, "cval": 90.0, "order": order}
    axes = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
    for size in ((41, 41), (30, 52)):
        x = photo(*size).astype(np.float32)
        with quiet():
            theirs = line(compat).apply_affine_transform(x, **arguments, **axes)
        assert_alike(ours.apply_affine_transform(x, **arguments, **axes, compat=compat), theirs)


def test_the_other_axes_are_understood_the_same(compat):
    x = photo(24, 36).astype(np.float32).transpose(2, 0, 1)
    axes = {"row_axis": 1, "col_axis": 2, "channel_axis": 0}
    with quiet():
        theirs = line(compat).apply_affine_transform(x, theta=25, tx=3, **axes)
        assert_alike(ours.apply_affine_transform(x, theta=25, tx=3, **axes, compat=compat), theirs)
        if compat == "keras3":
            theirs = line(compat).apply_affine_transform(x, theta=25, tx=3)
            assert_alike(ours.apply_affine_transform(x, theta=25, tx=3, compat=compat), theirs)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("random_rotation", (40,)),
        ("random_shift", (0.2, 0.3)),
        ("random_shear", (30,)),
        ("random_zoom", ((0.5, 1.5),)),
        ("random_channel_shift", (40.0,)),
        ("random_brightness", ((0.3, 1.6),)),
    ],
)
def test_a_random_function_draws_and_looks_the_same(compat, name, arguments):
    x = photo(30, 44).astype(np.float32)
    x = x if name == "random_brightness" else x.transpose(2, 0, 1)
    with quiet():
        np.random.seed(11)  # noqa: NPY002 (theirs has no other seed)
        theirs = getattr(line(compat), name)(x, *arguments)
        assert_alike(getattr(ours, name)(x, *arguments, seed=11, compat=compat), theirs)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("peak", [1.0, 200.0, 300.0])
def test_brightness_is_as_wrong_as_it_was(compat, scale, peak):
    x = photo(20, 30).astype(np.float32) / 255 * peak
    more = {"scale": scale} if compat == "keras3" else {}
    with quiet():
        theirs = line(compat).apply_brightness_shift(x, 1.3, **more)
        assert_alike(ours.apply_brightness_shift(x, 1.3, **more, compat=compat), theirs)


def test_a_full_alpha_stays_full_before_brightness(compat):
    x = photos(16, 40, 44, 4)
    x[..., 3] = 255
    wanted = {"zoom_range": 0.2, "height_shift_range": 4, "brightness_range": (0.5, 1.5)}
    with quiet():
        a, b = (
            generator.flow(x, batch_size=16, seed=1)
            for generator in (ours.ImageDataGenerator(**wanted, compat=compat), generator_of(compat, **wanted))
        )
        made, theirs = next(a), next(b)
    assert_alike(made, theirs)
    assert np.abs(made[..., 3] - theirs[..., 3]).max() < 1e-3


@pytest.mark.parametrize("arguments", [{}, {"rescale": 1 / 255, **GEOMETRY}], ids=ids)
def test_what_is_measured_is_the_same(compat, arguments):
    x = photos(12, 8, 6)
    wanted = {"featurewise_center": True, "featurewise_std_normalization": True, **arguments}
    new, old = ours.ImageDataGenerator(**wanted, compat=compat), generator_of(compat, **wanted)
    augment = bool(arguments)
    with quiet():
        new.fit(x, augment=augment, rounds=2, seed=4)
        old.fit(x, augment=augment, rounds=2, seed=4)
    np.testing.assert_allclose(new.mean, old.mean, rtol=2e-3)
    np.testing.assert_allclose(new.std, old.std, rtol=2e-3)
    assert new.mean.shape == old.mean.shape


@pytest.mark.parametrize("n", [200, 20])
def test_whitening_is_the_same(compat, n):
    x = np.random.default_rng(0).uniform(0, 1, (n, 4, 4, 3)).astype(np.float32)
    wanted = {"zca_whitening": True, "zca_epsilon": 1e-2, "dtype": "float64"}
    with quiet():
        new, old = ours.ImageDataGenerator(**wanted, compat=compat), generator_of(compat, **wanted)
        new.fit(x)
        old.fit(x)
        name = "principal_components" if compat == "1.1.2" else "zca_whitening_matrix"
        np.testing.assert_allclose(getattr(new, name), getattr(old, name), atol=1e-4)
        a, b = (generator.flow(x, batch_size=5, shuffle=False) for generator in (new, old))
        np.testing.assert_allclose(next(a), next(b), atol=1e-2)


def test_channels_first_is_the_same(compat):
    x = photos(4, 20, 28).transpose(0, 3, 1, 2)
    wanted = {**GEOMETRY, "horizontal_flip": True, "data_format": "channels_first"}
    with quiet():
        a, b = (
            generator.flow(x, batch_size=4, seed=1)
            for generator in (ours.ImageDataGenerator(**wanted, compat=compat), generator_of(compat, **wanted))
        )
        assert_alike(next(a), next(b))


def test_saved_files_have_the_same_names(compat, tmp_path):
    names = []
    for number, generator in enumerate((ours.ImageDataGenerator(compat=compat), generator_of(compat))):
        place = tmp_path / str(number)
        place.mkdir()
        with quiet():
            next(generator.flow(photos(3, 8, 8), batch_size=3, seed=2, save_to_dir=str(place), save_prefix="p"))
        names.append(sorted(path.name for path in place.iterdir()))
    assert names[0] == names[1]
    assert len(names[0]) == 3
