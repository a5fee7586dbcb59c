"""What the old API did not have: masks, plain validation, stratified splits, unreadable files, streamed fits."""

import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from keras_lines import photo, photos
from PIL import Image

from augstream.errors import SampleError
from augstream.keras_preprocessing import statistics
from augstream.keras_preprocessing.image import ImageDataGenerator

MOVED = {"rotation_range": 30, "zoom_range": 0.2, "horizontal_flip": True, "fill_mode": "constant", "cval": 255}


@pytest.fixture
def folder(tmp_path):
    for number in range(20):
        name = "ab"[number % 2]
        for root in ("photos", "masks"):
            (tmp_path / root / name).mkdir(parents=True, exist_ok=True)
        picture = photo(40, 50, seed=number)
        Image.fromarray(picture).save(tmp_path / "photos" / name / f"{number:02}.jpg", quality=95, subsampling=0)
        classes = (picture[..., 0] > 127).astype(np.uint8) * 3
        Image.fromarray(classes).save(tmp_path / "masks" / name / f"{number:02}.png")
    return tmp_path


def test_pictures_and_masks_get_one_draw(folder):
    generator = ImageDataGenerator(**MOVED, rescale=1 / 255, brightness_range=(0.9, 1.0))
    flow = generator.flow_from_directory(folder / "photos", (40, 50), masks=folder / "masks", seed=1, batch_size=20)
    x, masks = next(flow)
    assert masks.shape == (20, 40, 50, 1)
    assert set(np.unique(masks)) <= {0, 3}
    inside = (x < 0.88).all(3)
    assert ((x[..., 0] > 0.48) == (masks[..., 0] > 0))[inside].mean() > 0.9
    arrays = ImageDataGenerator(**MOVED).flow(photos(6, 40, 50), masks=photos(6, 40, 50)[..., 0] > 127, seed=1)
    x, masks = next(arrays)
    assert set(np.unique(masks)) <= {0, 1}
    assert ((x[..., 0] > 127) == (masks[..., 0] > 0))[(x < 250).all(3)].mean() > 0.9


def test_masks_keep_the_numbers_of_a_palette_and_may_lie_flat(folder):
    flat = folder / "flat"
    flat.mkdir()
    for path in (folder / "masks").rglob("*.png"):
        mask = Image.fromarray((np.asarray(Image.open(path)) // 3) * 17).convert("P")
        mask.putdata(np.asarray(Image.open(path)).reshape(-1).tolist())
        mask.putpalette(list(range(255, -1, -1)) * 3)
        mask.save(flat / path.name)
    flow = ImageDataGenerator().flow_from_directory(folder / "photos", (20, 20), masks=flat)
    assert set(np.unique(next(flow)[1])) == {0, 3}


def test_a_picture_without_a_mask_is_named(folder):
    (folder / "masks" / "a" / "04.png").unlink()
    with pytest.raises(ValueError, match=r"1 of 20 pictures have no mask .* the first is a/04.jpg"):
        ImageDataGenerator().flow_from_directory(folder / "photos", masks=folder / "masks")
    with pytest.raises(ValueError, match="must be a folder"):
        ImageDataGenerator().flow_from_directory(folder / "photos", masks=folder / "nowhere")
    with pytest.raises(ValueError, match="height and width"):
        ImageDataGenerator().flow(photos(3, 8, 8), masks=np.zeros((3, 9, 8)))


def test_what_is_new_does_not_mix_with_compat(folder):
    generator = ImageDataGenerator(compat="keras3")
    with pytest.raises(ValueError, match="masks are for a generator"):
        next(generator.flow(photos(3, 8, 8), masks=photos(3, 8, 8)[..., 0]))
    with pytest.raises(ValueError, match="not for compat"):
        generator.flow_from_directory(folder / "photos", on_error="skip")
    with pytest.raises(ValueError, match=r'compat must be None, "1.1.2" or "keras3"; got 3'):
        ImageDataGenerator(compat=3)


def test_validation_may_go_without_augmentation(folder):
    generator = ImageDataGenerator(**MOVED, rescale=1 / 255, validation_split=0.3)
    flow = generator.flow_from_directory(
        folder / "photos", (40, 50), subset="validation", augment=False, shuffle=False, class_mode=None
    )
    plain = ImageDataGenerator(rescale=1 / 255, validation_split=0.3).flow_from_directory(
        folder / "photos", (40, 50), subset="validation", shuffle=False, class_mode=None
    )
    assert np.array_equal(next(flow), next(plain))


def test_a_stratified_split_is_shuffled_seeded_and_even(folder):
    generator = ImageDataGenerator(validation_split=0.3)

    def names(subset, split_seed=0):
        flow = generator.flow_from_directory(
            folder / "photos", subset=subset, split="stratified", split_seed=split_seed, seed=split_seed + 9
        )
        return flow.filenames

    held, kept = names("validation"), names("training")
    assert sorted(held + kept) == sorted(generator.flow_from_directory(folder / "photos").filenames)
    assert [name[0] for name in held] == ["a"] * 3 + ["b"] * 3
    assert held != names("validation", 1)
    assert held == names("validation")
    y = np.repeat(np.arange(4), 10)
    _, labels = next(generator.flow(photos(40, 4, 4), y, 40, subset="validation", split="stratified"))
    assert sorted(labels.tolist()) == sorted([0, 1, 2, 3] * 3)
    with pytest.raises(ValueError, match="split must be"):
        generator.flow(photos(4, 4, 4), subset="training", split="random")


def test_an_unreadable_file_names_itself_or_is_skipped(folder):
    broken = folder / "photos" / "a" / "06.jpg"
    broken.write_bytes(Path(broken).read_bytes()[:400])
    (folder / "photos" / "b" / "zz.png").write_bytes(b"no picture at all")
    generator = ImageDataGenerator(rotation_range=10)
    flow = generator.flow_from_directory(folder / "photos", (20, 20), batch_size=30)
    with pytest.raises(SampleError, match=r"(?s)sample 3 \(a/06.jpg\).* to the flow"):
        next(flow)
    flow = generator.flow_from_directory(
        folder / "photos", (20, 20), batch_size=30, on_error="skip", shuffle=False, class_mode="sparse"
    )
    with pytest.warns(UserWarning, match="skipped sample"):
        x, y = next(flow)
    assert len(x) == len(y) == 21
    assert sorted(flow.errors) == [3, 20]
    assert y.tolist() == [0] * 10 + [1] * 10 + [0]
    with pytest.raises(ValueError, match="on_error must be"):
        generator.flow_from_directory(folder / "photos", on_error="ignore")


def test_what_cannot_be_read_is_an_oserror_as_it_was(folder):
    flow = ImageDataGenerator().flow_from_directory(folder / "photos", (20, 20), batch_size=30)
    (folder / "photos" / "a" / "06.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"a/06.jpg.*does not exist") as absent:
        next(flow)
    assert isinstance(absent.value, SampleError)
    (folder / "photos" / "b" / "07.jpg").write_bytes(b"no picture at all")
    with pytest.raises(OSError, match=r"b/07.jpg") as broken:
        next(flow)
    assert not isinstance(broken.value, FileNotFoundError)
    for error in (absent.value, broken.value):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy), copy.failures) == (type(error), str(error), error.failures)


def test_fit_works_file_by_file(folder):
    wanted = {"featurewise_center": True, "featurewise_std_normalization": True, "rescale": 1 / 255}
    streamed, held, measured = (ImageDataGenerator(**wanted) for _ in range(3))
    plain = ImageDataGenerator().flow_from_directory(folder / "photos", (40, 50), batch_size=20, class_mode=None)
    held.fit(next(plain))
    streamed.fit_directory(folder / "photos", target_size=(40, 50))
    measured.fit(ImageDataGenerator().flow_from_directory(folder / "photos", (40, 50), batch_size=3))
    for generator in (streamed, measured):
        np.testing.assert_allclose(generator.mean, held.mean, rtol=1e-4)
        np.testing.assert_allclose(generator.std, held.std, rtol=1e-4)
    streamed.fit_directory(folder / "photos", augment=True, rounds=2, seed=3, target_size=(40, 50))
    assert streamed.mean.shape == (1, 1, 3)


@pytest.mark.parametrize("compat", [None, "1.1.2", "keras3"])
def test_fit_goes_by_its_seed_and_leaves_the_flow_alone(folder, compat):
    wanted = {"featurewise_center": True, "rotation_range": 30, "compat": compat}
    generator, other = ImageDataGenerator(**wanted), ImageDataGenerator(**wanted)
    plain = ImageDataGenerator(rotation_range=30, compat=compat)
    flow, twin = (plain.flow_from_directory(folder / "photos", (9, 9), seed=2) for _ in range(2))
    for one in (generator, other):
        one.fit(flow, augment=True, seed=5)
    assert np.array_equal(generator.mean, other.mean)
    assert np.array_equal(next(flow)[0], next(twin)[0])


def test_fit_takes_no_memory_for_more_pictures():
    peaks = []
    for n in (200, 1600):
        x = np.zeros((n, 32, 32, 3), np.uint8)
        tracemalloc.start()
        ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True).fit(x)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5


def test_whitening_whitens_and_refuses_what_cannot_be_held(monkeypatch):
    x = np.random.default_rng(0).uniform(0, 255, (400, 5, 4, 1)).astype(np.float32)
    generator = ImageDataGenerator(zca_whitening=True, featurewise_center=True, rescale=1 / 255, dtype="float64")
    generator.fit(x)
    made = next(generator.flow(x, batch_size=400)).reshape(400, -1)
    made -= made.mean(0)
    np.testing.assert_allclose(made.T @ made / 400, np.eye(20), atol=0.02)
    assert generator.zca_whitening_matrix is generator.principal_components
    monkeypatch.setattr(statistics.os, "sysconf", lambda name: 1000)
    with pytest.raises(ValueError, match=r"zca_whitening .* 12288 x 12288 numbers, and 4\.8 GB .* 0\.0 GB are free"):
        generator.fit(np.zeros((2, 64, 64, 3), np.uint8))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale"])
def test_every_difficult_file_is_a_picture_or_an_error(color_mode):
    nasty = Path(__file__).parents[3] / "shared" / "data" / "nasty_dev"
    if not nasty.is_dir():
        pytest.skip(f"{nasty} is not there")
    classes = [path.name for path in nasty.iterdir() if path.name.endswith(("_ok", "_broken"))]
    flow = ImageDataGenerator(rotation_range=10).flow_from_directory(
        nasty, (32, 32), color_mode=color_mode, classes=sorted(classes), on_error="skip", shuffle=False, seed=0
    )
    for _ in range(len(flow)):
        assert np.isfinite(next(flow)[0]).all()
    failed = {flow.filenames[index] for index in flow.errors}
    assert {name for name in failed if "_ok/" in name} <= {"png_ok/libpng__testpngs__crashers__badadler.png"}
    assert failed >= {name for name in flow.filenames if "_broken/" in name}


def test_a_flow_says_in_one_line_what_it_is(folder):
    flow = ImageDataGenerator().flow_from_directory(folder / "photos", (20, 20), batch_size=8)
    assert repr(flow) == "<DirectoryIterator: 3 batches of 8 from 20 images, 2 classes>"
    flow = ImageDataGenerator().flow(photos(6, 40, 50), batch_size=4)
    assert repr(flow) == "<NumpyArrayIterator: 2 batches of 4 from 6 images>"
