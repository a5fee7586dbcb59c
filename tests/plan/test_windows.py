"""An explicit border is honored at the edge of the image as it was there: fused is step by step, in one pass."""

import numpy as np
import pytest
from conftest import scene
from hypothesis import given, settings
from hypothesis import strategies as st
from planned import assert_lawful, assert_same_pictures, fast, kinds, plans, seen, shown

import augstream as aug
from augstream.engines.targets import Rules, Targets, move

SIZE = (34, 46)
FILLS = st.sampled_from([0, 7, 255, (10, 100, 250)])


NAMES = ["center", "random", "larger", "pad", "shift", "flip", "mirror", "turn", "dim", "invert"]


@st.composite
def whole(draw):
    """Crops, pads, flips, quarter turns and colors; a crop is inside the image at hand, or says what is around it."""
    height, width = SIZE
    row = []
    for _ in range(draw(st.integers(2, 6))):
        name = draw(st.sampled_from(NAMES))
        if name in ("center", "random"):
            height, width = (draw(st.integers(max(4, side - 15), side)) for side in (height, width))
            row.append((aug.CenterCrop if name == "center" else aug.RandomCrop)(height, width))
        elif name == "larger":
            height, width = (draw(st.integers(8, 60)) for _ in range(2))
            row.append(draw(st.sampled_from([aug.CenterCrop, aug.RandomCrop]))(height, width, fill=draw(FILLS)))
        elif name == "pad":
            top, right, bottom, left = (draw(st.integers(0, 9)) for _ in range(4))
            height, width = height + top + bottom, width + left + right
            row.append(aug.Pad((top, right, bottom, left), fill=draw(FILLS)))
        elif name == "turn":
            turns = draw(st.integers(1, 3))
            height, width = (width, height) if turns % 2 else (height, width)
            row.append(aug.Rotate90(turns))
        elif name == "shift":
            x, y = draw(st.integers(-9, 9)) / width, draw(st.integers(-9, 9)) / height
            row.append(aug.Shift(x=(x, x), y=(y, y), fill=draw(FILLS)))
        else:
            row.append(
                {
                    "flip": aug.HorizontalFlip(p=1),
                    "mirror": aug.VerticalFlip(p=1),
                    "dim": aug.Brightness((0.6, 0.9)),
                    "invert": aug.Invert(p=1),
                }[name]
            )
    return row


@st.composite
def skewed(draw):
    """With turns and zooms between them."""
    row = draw(whole())
    for _ in range(draw(st.integers(1, 2))):
        more = draw(
            st.sampled_from(
                [
                    aug.Rotate((-40, 40), fill=draw(FILLS)),
                    aug.Zoom((0.6, 1.5), fill=draw(FILLS)),
                    aug.Shift(x=(-0.3, 0.3), y=(-0.3, 0.3), fill=draw(FILLS)),
                    aug.Shear(20, fill=draw(FILLS)),
                ]
            )
        )
        row.insert(draw(st.integers(0, len(row))), more)
    return row


@settings(max_examples=150)
@given(whole())
def test_whole_pixels_are_the_same_in_one_pass(row):
    plan = assert_lawful(row, [scene(*SIZE, k) for k in range(2)], atol=1e-4)
    assert len(plan.steps) == 1


@settings(max_examples=150)
@given(skewed())
def test_of_an_image_as_a_function_both_show_the_same(row):
    _, fused, steps = plans(row, [scene(*SIZE)])
    assert len(fused.steps) == 1

    def picture(points):
        return 128 + 100 * np.sin(points @ np.array([[0.3, 0.1, -0.2], [0.1, 0.25, 0.15]]))

    height, width = fused.frame_out.size[0]
    y, x = (axis.ravel() for axis in np.mgrid[:height, :width] + 0.5)
    points = np.column_stack([x, y]) + 0.013
    one, near = seen(fused, 0, points, picture)
    other, near_too = seen(steps, 0, points, picture)
    np.testing.assert_allclose(one[~near & ~near_too], other[~near & ~near_too], atol=1e-3)


@settings(max_examples=100)
@given(skewed())
def test_the_core_shows_what_the_reference_shows(row):
    images, fused, _ = plans(row, [scene(*SIZE)])
    off = np.abs(fast(images, fused)[0] - shown(images, fused)[0])
    assert off.mean() < 0.1
    assert off.max() < 2.5


@settings(max_examples=100)
@given(whole(), st.integers(0, 255))
def test_masks_are_the_same(row, fill):
    images, fused, steps = plans(row, [scene(*SIZE, k) for k in range(2)])
    targets = [Targets(mask=np.ascontiguousarray(image[..., 0])) for image in images]
    one, other = (move(targets, plan, Rules(mask_fill=fill)).mask for plan in (fused, steps))
    np.testing.assert_array_equal(one, other)


@settings(max_examples=150)
@given(skewed())
def test_boxes_and_points_are_the_same(row):
    images, fused, steps = plans(row, [scene(*SIZE, k) for k in range(2)])
    rng = np.random.default_rng(0)
    corners = np.sort(rng.uniform(0, 1, (2, 12, 2, 2)) * SIZE[::-1], axis=2)
    targets = [
        Targets(boxes=some.reshape(12, 4), box_label=np.arange(12), points=some.reshape(24, 2)) for some in corners
    ]
    one, other = (move(targets, plan, Rules(min_visible=0.05)) for plan in (fused, steps))
    for name in ("boxes", "box_label", "points"):
        for left, right in zip(getattr(one, name), getattr(other, name), strict=True):
            np.testing.assert_allclose(left, right, atol=1e-3, err_msg=name)


def test_a_crop_then_a_pad_are_black_around_the_crop():
    image = np.full((200, 220, 3), 90, np.uint8)
    pipeline = aug.Compose([aug.CenterCrop(100), aug.Pad(50, fill=0)])
    made = pipeline(image)
    assert (made[50:150, 50:150] == 90).all()
    made[50:150, 50:150] = 0
    assert not made.any()
    assert str(pipeline).endswith("2 warps -> 1, one pass")
    assert "cut to 100 x 100 on 0" in str(pipeline.explain((200, 220)))
    np.testing.assert_array_equal(pipeline(image), aug.Compose(list(pipeline), fuse=False)(image))


def test_a_border_of_the_compose_counts_for_a_pad():
    image = np.full((200, 220, 3), 90, np.uint8)
    made = aug.Compose([aug.CenterCrop(100), aug.Pad(10)], fill=33)(image)
    assert (made[:10] == 33).all()
    assert (made[10:-10, 10:-10] == 90).all()


def test_where_nothing_was_written_the_merged_warp_shows_real_pixels():
    image = scene(200, 220)
    made = aug.Compose([aug.CenterCrop(100), aug.Shift(x=(0.1, 0.1))])(image)
    np.testing.assert_array_equal(made, image[50:150, 50:150])


@pytest.mark.parametrize("border", ["edge", "reflect", "symmetric", "wrap"])
def test_an_explicit_border_that_is_not_constant_begins_a_pass(border):
    row = [aug.CenterCrop(20), aug.Pad(10, border=border)]
    images, fused, steps = plans(row, [scene(*SIZE)])
    assert kinds(fused) == [["Warp"], ["Warp"]]
    assert_same_pictures(shown(images, fused), shown(images, steps))
    assert_same_pictures(fast(images, fused), shown(images, steps), 1e-3)
    whole_image = [aug.HorizontalFlip(p=1), aug.Pad(10, border=border)]
    assert len(plans(whole_image, [scene(*SIZE)])[1].steps) == 1


def test_a_box_that_was_cropped_away_does_not_come_back():
    image = scene(60, 60)
    boxes = np.array([[1.0, 1, 9, 9], [22, 22, 34, 34], [30, 30, 60, 60]])
    for fused in (True, False):
        pipeline = aug.Compose([aug.CenterCrop(20), aug.Pad(20, fill=0)], fuse=fused)
        plan = pipeline.plan(0, 0, np.arange(1), aug.Frame(np.array([image.shape[:2]])))
        moved = move([Targets(boxes=boxes, box_label=np.arange(3))], plan, Rules(min_visible=0.01))
        assert moved.box_label[0].tolist() == [1, 2]
        np.testing.assert_allclose(moved.boxes[0], [[22, 22, 34, 34], [30, 30, 40, 40]])


def test_windows_nest():
    image = np.full((60, 60, 3), 90, np.uint8)
    row = [aug.CenterCrop(30), aug.Pad(5, fill=1), aug.CenterCrop(36), aug.Pad(4, fill=2), aug.HorizontalFlip(p=1)]
    (plan,) = plans(row, [image])[1:2]
    assert len(plan.steps) == 1
    assert len(plan.steps[0].head.windows) == 2
    made = shown([image], plan)[0][22, :, 0]
    assert made.tolist() == [2] * 4 + [1] * 3 + [90] * 30 + [1] * 3 + [2] * 4
