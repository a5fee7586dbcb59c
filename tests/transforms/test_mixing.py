"""Mixing: what becomes of images, masks, boxes and points, and single calls with partners."""

import hashlib

import numpy as np
import pytest
from conftest import scene
from planned import fast, inputs_of, pictures, plans, shown

import augstream as aug
from augstream.engines.targets import Rules, Targets, move
from augstream.errors import ArgumentError, PipelineError
from augstream.transforms.compose import Compose


def numbered(n, dtype=np.uint8):
    images = pictures(n, 40, 52)
    masks = [np.full(image.shape[:2], k + 1, dtype) for k, image in enumerate(images)]
    return images, [
        Targets(
            mask,
            np.array([[4.0, 4, 20, 30], [25, 10, 40, 35]]),
            np.array([10 * k, 10 * k + 1]),
            np.array([[7.0, 9], [30, 30]]),
        )
        for k, mask in enumerate(masks)
    ]


def test_cutmix_of_masks_boxes_and_points_follows_the_image():
    images, targets = numbered(5)
    for k, image in enumerate(images):
        image[:] = k + 1
    transforms = [aug.CutMix(), aug.HorizontalFlip(p=1), aug.Resize(40, 52)]
    given, *both = plans(transforms, images, range(4))
    for plan in both:
        moved = move(targets[: len(given)], plan, Rules(min_visible=0.01))
        for row, picture in enumerate(shown(given, plan)):
            whole = np.rint(picture[..., 0])
            assert (whole == moved.mask[row]).mean() > 0.97
            assert set(np.unique(moved.mask[row])) <= {row + 1, row + 2}
            owners = np.unique(moved.box_label[row] // 10)
            assert set(owners.tolist()) <= {row, row + 1}
            for (x0, y0, x1, y1), label in zip(moved.boxes[row], moved.box_label[row], strict=True):
                own = whole[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))]
                assert (np.abs(own - (label // 10 + 1)) < 1).any()
            assert len(moved.points[row]) == 4
            for point in moved.points[row][~np.isnan(moved.points[row][:, 0])]:
                assert 0 <= point[0] <= 52


@pytest.mark.parametrize("border", ["edge", "reflect", "symmetric", "wrap"])
def test_what_continues_a_mix_is_what_is_at_its_edge(border):
    images = [scene(30, 40, number) for number in range(2)]
    for pad in (aug.Pad(6, border=border), aug.Rotate((20, 20), border=border)):
        one, two = (aug.Compose([aug.CutMix(), pad], fuse=fuse) for fuse in (True, False))
        for index in range(20):
            made, expected = (some(images[0], index=index, partners=images[1:]).astype(int) for some in (one, two))
            assert np.abs(made - expected).max() <= (1 if isinstance(pad, aug.Pad) else 2)


def test_cutmix_hides_boxes_of_what_it_covers():
    images = [np.full((40, 40, 3), level, np.uint8) for level in (0, 200)]
    targets = [Targets(boxes=np.array([[0.0, 0, 40, 40]]), box_label=np.array([k])) for k in (5, 6)]
    (given, plan, _) = plans([aug.CutMix()], images, [0], seed=4)
    share = (shown(given, plan)[0] == 0).mean()
    assert 0.05 < share < 0.95
    moved = move(targets, plan, Rules(min_visible=0))
    assert moved.box_label[0].tolist() == [5, 6]
    np.testing.assert_array_equal(moved.boxes[0][0], [0, 0, 40, 40])
    x0, y0, x1, y1 = moved.boxes[0][1]
    assert (x1 - x0) * (y1 - y0) / 1600 == pytest.approx(1 - share)
    for part, visible in ((5, share), (6, 1 - share)):
        for off, there in ((0.01, False), (-0.01, True)):
            found = move(targets, plan, Rules(min_visible=visible + off)).box_label[0].tolist()
            assert (part in found) == there


def test_mixup_keeps_boxes_and_points_of_both():
    images, targets = numbered(4)
    targets = [Targets(None, one.boxes, one.box_label, one.points) for one in targets]
    transforms = [aug.MixUp(1.0), aug.Resize(40, 52)]
    given, *both = plans(transforms, images, range(3))
    for plan in both:
        moved = move(targets[: len(given)], plan, Rules())
        for row in range(3):
            assert sorted(moved.box_label[row].tolist()) == [10 * row, 10 * row + 1, 10 * row + 10, 10 * row + 11]
            assert len(moved.points[row]) == 4
            assert np.isfinite(moved.points[row]).all()
            first = moved.boxes[row][moved.box_label[row] == 10 * row + 10][0]
            height, width = given[row + 1].shape[:2]
            expected = np.array([4, 4, 20, 30]) * np.tile([52 / width, 40 / height], 2)
            np.testing.assert_allclose(first, expected, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.bool_])
def test_mixup_refuses_masks_of_class_ids(dtype):
    images, targets = numbered(4, dtype)
    for pipeline in ([aug.MixUp(1.0)], [aug.OneOf([aug.CutMix(), aug.MixUp(1.0)]), aug.HorizontalFlip()]):
        _, plan, _ = plans([*pipeline, aug.Resize(30)], images, range(3), seed=2)
        with pytest.raises(PipelineError, match=r"MixUp can't blend masks of class ids\. Take CutMix"):
            move(targets, plan, Rules())


def test_a_single_call_takes_its_partners():
    image, other, third = pictures(3)
    made = aug.Compose([aug.CutMix()])(image, 1, partners=[np.full((9, 300, 3), 255, np.uint8)])
    assert made.shape == image.shape
    same = (made == image).all(axis=2)
    assert 0 < same.mean() < 1
    assert (made[~same] == 255).all()
    twice = aug.Compose([aug.MixUp(1.0), aug.HorizontalFlip(), aug.CutMix()])
    assert twice(image, partners=[other, third]).shape == image.shape


def test_a_single_call_is_the_sample_of_a_batch():
    images = pictures(4)
    transforms = [aug.RandomCrop(30), aug.CutMix(), aug.GaussianNoise(), aug.MixUp(1.0), aug.HorizontalFlip()]
    given, plan, _ = plans(transforms, images, range(2))
    batch = fast(given, plan, "uint8")
    pipeline = Compose(transforms)
    for row in range(2):
        inputs, _ = inputs_of(transforms, [row])
        partners = [images[number] for number in inputs[1:]]
        alone = pipeline(images[row], 1, 0, row, partners=partners)
        assert hashlib.sha256(alone.tobytes()).digest() == hashlib.sha256(batch[row].tobytes()).digest()


def test_wrong_partners_are_errors_in_words():
    image, other, third = pictures(3)
    mix = aug.Compose([aug.MixUp()])
    with pytest.raises(ArgumentError, match=r"needs 1, which its mixes take from; got 0"):
        mix(image)
    with pytest.raises(ArgumentError, match="needs 1, which its mixes take from; got 2"):
        mix(image, partners=[other, third])
    with pytest.raises(ArgumentError, match="none; got 1"):
        aug.Compose([aug.HorizontalFlip()])(image, partners=[other])
    for wrong in (other.astype(np.uint16), other[..., :1]):
        with pytest.raises(
            ArgumentError, match="must be of one dtype and number of channels; got uint8 with 3 channels and uint"
        ):
            mix(image, partners=[wrong])
    with pytest.raises(ArgumentError, match="An image must be"):
        mix(image, partners=[3])
    for alpha in (0, -1, float("nan")):
        with pytest.raises(ArgumentError, match="alpha"):
            aug.MixUp(alpha)
