"""`photos[i]`: one sample as a person sees it."""

import numpy as np
import pytest
from conftest import encoded, scene, turned
from PIL import Image, ImageOps

import augstream as aug
from augstream.decode.orientation import upright
from augstream.errors import ArgumentError, SampleError


def test_a_sample_by_its_number(photos):
    source = aug.from_folder(photos)
    sample = source[9]
    assert (sample.index, sample.name, sample.label) == (9, source.name(9), source.labels[9])
    assert np.array_equal(sample.image, np.asarray(Image.open(photos / sample.name).convert("RGB")))
    assert repr(sample) == f"<sample 9 {sample.name!r}, label {sample.label} ({source.classes[sample.label]})>"
    assert source[-1].index == source[np.int64(23)].index == 23
    assert [one.index for one in source] == list(range(24))
    for index in (24, -25):
        with pytest.raises(IndexError, match="of 24"):
            source[index]
    with pytest.raises(ArgumentError, match="takes a number or a slice"):
        source["ant"]


def test_a_slice_is_a_source(photos):
    source = aug.from_folder(photos)
    assert [source[10:2:-3].name(k) for k in range(3)] == [source.name(k) for k in (10, 7, 4)]
    assert isinstance(source[:5], aug.Source)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_image_is_the_right_way_up(tmp_path, orientation):
    (tmp_path / "a.jpg").write_bytes(turned(scene(24, 40), orientation))
    image = aug.from_folder(tmp_path, labels=None)[0].image
    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "a.jpg")))
    assert np.array_equal(image, expected)
    assert image.flags.c_contiguous
    batch = aug.Loader(aug.from_folder(tmp_path, labels=None), [], 1)[0]
    assert np.abs(batch.image[0] - image).mean() < 1


def test_a_wrong_way_up_is_noticed():
    picture = scene(24, 40)
    ways = [upright(picture, orientation).tobytes() for orientation in range(1, 9)]
    assert len(set(ways)) == 8


def test_targets_are_in_pixels_of_the_image(tmp_path):
    (tmp_path / "a.jpg").write_bytes(turned(scene(24, 40), 6))

    class Boxed(aug.Source):
        def __len__(self):
            return 1

        def read(self, index):
            return (tmp_path / "a.jpg").read_bytes()

        def targets(self, index):
            return aug.Targets(boxes=[[0.5, 0, 1, 1]], box_label=[4], points=[[0.5, 0.5]], relative=True)

    sample = Boxed()[0]
    assert sample.image.shape == (40, 24, 3)
    assert (sample.boxes.tolist(), sample.points.tolist()) == ([[12, 0, 24, 40]], [[12, 20]])
    assert (sample.box_label.tolist(), sample.mask, sample.polygons, sample.label) == ([4], None, None, None)


def test_arrays_and_what_goes_with_them():
    x = np.random.default_rng(0).random((3, 5, 6), np.float32)
    source = aug.from_arrays(x, [1, 2, 3], masks=np.arange(3 * 30).reshape(3, 5, 6).astype(np.uint8), weight=[1, 2, 3])
    sample = source[1]
    assert np.array_equal(sample.image, x[1][:, :, None])
    assert (sample.mask[0, 0], sample.weight, sample.label) == (30, 2.0, 2)


def test_a_sample_that_cannot_be_read_is_named(tmp_path):
    for name, data in (("a.jpg", encoded(scene(8, 8))), ("b.jpg", b"none"), ("c.jpg", b"")):
        (tmp_path / name).write_bytes(data)
    source = aug.from_folder(tmp_path, labels=None)
    for index, reason in ((1, "sample 1 \\(b.jpg\\)"), (2, "the file is empty")):
        sample = source[index]  # nothing is read yet
        with pytest.raises(SampleError, match=reason):
            _ = sample.image
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(SampleError, match="sample 0"):
        _ = source[0].image


def test_class_weights_are_scikit_learns():
    y = np.array([0] * 6 + [1] * 3 + [2])
    source = aug.from_arrays(np.zeros((10, 4, 4), np.uint8), y)
    weight = source.class_weight()
    assert weight == pytest.approx({0: 10 / 18, 1: 10 / 9, 2: 10 / 3})
    assert list(weight) == [0, 1, 2]
    utils = pytest.importorskip("sklearn.utils.class_weight")
    expected = utils.compute_class_weight("balanced", classes=np.arange(3), y=y)
    assert list(weight.values()) == pytest.approx(expected.tolist())


def test_a_class_without_samples_has_weight_1():
    source = aug.from_arrays(np.zeros((4, 4, 4), np.uint8), ["a", "a", "a", "c"], classes=["a", "b", "c"])
    assert source.class_weight() == pytest.approx({0: 4 / 6, 1: 1.0, 2: 2.0})


def test_class_weights_need_classes():
    x = np.zeros((2, 4, 4), np.uint8)
    for y in (None, [0.5, 1.5], [[0, 1], [1, 0]]):
        with pytest.raises(ArgumentError, match="one class per sample"):
            aug.from_arrays(x, y).class_weight()
    with pytest.raises(ArgumentError, match="numbered from 0; got -1"):
        aug.from_arrays(x, [0, -1]).class_weight()
