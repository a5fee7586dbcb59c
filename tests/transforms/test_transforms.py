"""What one sees: where a dot goes, what becomes of a level."""

import numpy as np
import pytest
from plane import colored, curved

import augstream as aug
from augstream.rng import Rng

N = 500
SIZE = (100, 200)


def only(transform, n=N, size=SIZE, **frame):
    """The one op that the transform makes of images of one size."""
    (op,) = transform.ops(Rng(0, 0, np.arange(n), "T.0"), aug.Frame(np.tile([size], (n, 1)), **frame))
    return op


def lands(warp, x, y):
    """Where the dot at (x, y) is seen in each result, (n, 2)."""
    places = np.linalg.inv(warp.matrix) @ (x, y, 1)
    return places[:, :2] / places[:, 2:]


def levels(op, *pixels, row=0):
    """What becomes of these pixels."""
    picture = np.array(pixels, float)
    return colored(picture, op, row)[0] if isinstance(op, aug.Color) else curved(picture, op, row)


def test_flips():
    np.testing.assert_array_equal(lands(only(aug.HorizontalFlip(p=1)), 0.5, 30.5), [(199.5, 30.5)] * N)
    np.testing.assert_array_equal(lands(only(aug.VerticalFlip(p=1)), 0.5, 30.5), [(0.5, 69.5)] * N)


@pytest.mark.parametrize("turns", range(4))
def test_quarter_turns_are_those_of_numpy(turns):
    picture = np.arange(100 * 200).reshape(100, 200)
    warp = only(aug.Rotate90(turns))
    expected = np.rot90(picture, turns)
    assert warp.size[0].tolist() == list(expected.shape)
    y, x = np.mgrid[: expected.shape[0], : expected.shape[1]] + 0.5
    seen = np.einsum("ij,jhw->ihw", warp.matrix[0], np.stack([x, y, np.ones_like(x)]))
    np.testing.assert_array_equal(picture[np.floor(seen[1]).astype(int), np.floor(seen[0]).astype(int)], expected)


def test_all_quarter_turns_are_taken():
    warp = only(aug.Rotate90())
    assert {tuple(m[:2, :2].ravel()) for m in warp.matrix} == {
        (1, 0, 0, 1),
        (0, -1, 1, 0),
        (-1, 0, 0, -1),
        (0, 1, -1, 0),
    }


def test_rotate():
    assert lands(only(aug.Rotate((90, 90))), 110, 50)[0] == pytest.approx((100, 40))


def test_shift():
    assert lands(only(aug.Shift(x=(0.1, 0.1), y=(-0.2, -0.2))), 50, 50)[0] == pytest.approx((70, 30))


def test_zoom_keeps_the_shape_unless_asked():
    same = only(aug.Zoom(0.5)).matrix
    assert (same[:, 0, 0] == same[:, 1, 1]).all()
    apart = only(aug.Zoom((1, 1), y=(2, 2)))
    assert lands(apart, 110, 60)[0] == pytest.approx((110, 70))


def test_affine_is_zoom_then_shear_then_rotate_then_shift():
    affine = only(aug.Affine((30, 30), (0.1, 0.1), (0.2, 0.2), (15, 15), (1.5, 1.5)))
    parts = [
        only(aug.Zoom((1.5, 1.5))),
        only(aug.Shear((15, 15))),
        only(aug.Rotate((30, 30))),
        only(aug.Shift((0.1, 0.1), (0.2, 0.2))),
    ]
    x, y = 20, 30
    for part in parts:
        x, y = lands(part, x, y)[0]
    assert lands(affine, 20, 30)[0] == pytest.approx((x, y))


def test_perspective_pulls_each_corner_inwards_by_its_own_share():
    warp = only(aug.Perspective((0.1, 0.4)))
    moved = [lands(warp, x, y) for x, y in ((0, 0), (200, 0), (200, 100), (0, 100))]
    for corner, place in zip(((0, 0), (200, 0), (200, 100), (0, 100)), moved, strict=True):
        share = np.abs(place - corner) / (100, 50)
        assert (share > 0.1 - 1e-9).all()
        assert (share < 0.4 + 1e-9).all()
    assert np.abs(np.corrcoef(np.hstack(moved).T) - np.eye(8)).max() < 0.2
    np.testing.assert_allclose(only(aug.Perspective((0, 0))).matrix, np.tile(np.eye(3), (N, 1, 1)), atol=1e-12)


def test_resize():
    warp = only(aug.Resize(50, 300))
    assert warp.size[0].tolist() == [50, 300]
    assert lands(warp, 200, 100)[0] == pytest.approx((300, 50))
    assert warp.border is None
    assert aug.Resize(50) == aug.Resize(50, 50)


def test_center_crop():
    warp = only(aug.CenterCrop(50, 300))
    assert warp.size[0].tolist() == [50, 300]
    assert warp.interpolation is None
    assert lands(warp, 100, 50)[0].tolist() == [150, 25]


def test_random_crop_takes_every_place_alike():
    warp = only(aug.RandomCrop(98, 199), n=3000)
    places = -lands(warp, 0, 0)
    counts = {place: int((places == place).all(axis=1).sum()) for place in {tuple(place) for place in places.tolist()}}
    assert set(counts) == {(x, y) for x in (0, 1) for y in (0, 1, 2)}
    assert all(abs(count - 500) < 120 for count in counts.values())


def test_random_crop_of_a_smaller_picture_has_all_of_it_somewhere():
    places = lands(only(aug.RandomCrop(102, 150)), 0, 0)
    assert set(places[:, 1]) == {0, 1, 2}
    assert set(places[:, 0]) <= set(range(-50, 1))


def test_pad():
    warp = only(aug.Pad((1, 2, 3, 4)))
    assert warp.size[0].tolist() == [104, 206]
    assert lands(warp, 0, 0)[0].tolist() == [4, 1]


class TestRandomResizedCrop:
    def boxes(self, warp):
        """Left, top, width, height of what is kept."""
        height, width = warp.size[0]
        return np.stack(
            [warp.matrix[:, 0, 2], warp.matrix[:, 1, 2], warp.matrix[:, 0, 0] * width, warp.matrix[:, 1, 1] * height]
        )

    def test_keeps_a_box_of_whole_pixels_within_the_picture(self):
        left, top, width, height = self.boxes(only(aug.RandomResizedCrop(64, 32), n=3000))
        for side in (left, top, width, height):
            np.testing.assert_allclose(side, np.rint(side), atol=1e-9)
        assert ((left >= 0) & (top >= 0)).all()
        assert ((left + width <= 200 + 1e-9) & (top + height <= 100 + 1e-9)).all()
        assert (np.rint(np.minimum(width, height)) >= 1).all()
        share, ratio = width * height / 20000, width / height
        assert share.min() == pytest.approx(0.08, abs=0.01)
        assert share.max() > 0.6  # a ratio within 3/4 and 4/3 allows no more than 2/3 of this image
        assert ratio.min() == pytest.approx(0.75, abs=0.03)
        assert ratio.max() == pytest.approx(4 / 3, abs=0.03)
        assert left.min() == top.min() == 0
        assert (left + width).max() == pytest.approx(200)

    def test_ratios_are_even_on_a_logarithmic_scale(self):
        *_, width, height = self.boxes(only(aug.RandomResizedCrop(64, scale=(0.1, 0.2), ratio=(0.5, 2)), n=3000))
        assert (width > height).mean() == pytest.approx(0.5, abs=0.04)

    @pytest.mark.parametrize(("size", "expected"), [((10, 400), (10, 13)), ((400, 10), (13, 10)), ((1, 1), (1, 1))])
    def test_takes_the_largest_box_in_range_where_none_fits(self, size, expected):
        left, top, width, height = self.boxes(only(aug.RandomResizedCrop(64, scale=(0.9, 1)), size=size))
        np.testing.assert_allclose(height, expected[0])
        np.testing.assert_allclose(width, expected[1])
        np.testing.assert_array_equal(left, (size[1] - expected[1]) // 2)
        np.testing.assert_array_equal(top, (size[0] - expected[0]) // 2)

    def test_all_of_the_picture(self):
        left, top, width, height = self.boxes(only(aug.RandomResizedCrop(64, scale=(1, 1), ratio=(2, 2))))
        assert (left[0], top[0], width[0], height[0]) == pytest.approx((0, 0, 200, 100))


# Colors. The image of reference has 255 levels above black.


def test_brightness():
    assert levels(only(aug.Brightness((0.5, 0.5))), (100, 50, 20))[0] == pytest.approx((50, 25, 10))
    assert levels(only(aug.Brightness((3, 3))), (100, 50, 20))[0] == pytest.approx((255, 150, 60))


@pytest.mark.parametrize("peak", [1.0, 255.0, 65535.0])
def test_contrast_is_about_mid_gray(peak):
    seen = levels(only(aug.Contrast((0.5, 0.5)), peak=peak), (0, peak / 2, peak))[0]
    assert seen == pytest.approx((peak / 4, peak / 2, 3 * peak / 4))


def test_saturation_blends_with_the_luma():
    luma = 0.299 * 100 + 0.587 * 50 + 0.114 * 20
    assert levels(only(aug.Saturation((0, 0))), (100, 50, 20))[0] == pytest.approx([luma] * 3)
    half = levels(only(aug.Saturation((0.5, 0.5))), (100, 50, 20))[0]
    assert half == pytest.approx([(level + luma) / 2 for level in (100, 50, 20)])


def test_hue_keeps_luma_and_gray_and_turns_towards_green():
    weights = (0.299, 0.587, 0.114)
    seen = levels(only(aug.Hue((0.05, 0.05))), (140, 90, 90), (77, 77, 77))
    assert seen[0] @ weights == pytest.approx(np.dot((140, 90, 90), weights))
    assert seen[1] == pytest.approx([77] * 3)
    assert seen[0][1] > seen[0][2]  # red with more green than blue is orange
    np.testing.assert_allclose(only(aug.Hue((0, 0))).matrix[0], np.eye(3, 4), atol=1e-12)
    half, full = only(aug.Hue((0.25, 0.25))).matrix[0, :, :3], only(aug.Hue((0.5, 0.5))).matrix[0, :, :3]
    np.testing.assert_allclose(half @ half, full, atol=1e-12)


def test_color_jitter_is_the_four_in_order():
    fixed = [(0.7, 0.7), (1.3, 1.3), (0.6, 0.6), (0.1, 0.1)]
    jitter = only(aug.ColorJitter(*fixed)).matrix[0]
    product = np.eye(4)
    for transform, value in zip((aug.Brightness, aug.Contrast, aug.Saturation, aug.Hue), fixed, strict=True):
        product = np.vstack([only(transform(value)).matrix[0], (0, 0, 0, 1)]) @ product
    np.testing.assert_allclose(jitter, product[:3], atol=1e-9)


def test_channel_shift_adds_to_each_channel_its_own():
    op = only(aug.ChannelShift((-0.1, 0.1)))
    added = op.matrix[:, :, 3] / 255
    assert (np.abs(added) < 0.1).all()
    np.testing.assert_allclose(np.corrcoef(added.T), np.eye(3), atol=0.15)


def test_grayscale_and_invert():
    assert levels(only(aug.Grayscale(p=1)), (255, 0, 0))[0] == pytest.approx([0.299 * 255] * 3)
    assert levels(only(aug.Invert()), (255, 0, 100))[0] == pytest.approx((0, 255, 155))


@pytest.mark.parametrize(
    "transform",
    [
        aug.Brightness((2, 2)),
        aug.Contrast((2, 2)),
        aug.Saturation((0, 0)),
        aug.Hue((0.2, 0.2)),
        aug.ColorJitter(0.4, 0.4, 0.4, 0.2),
        aug.ColorJitter(0.4),
        aug.ChannelShift(0.1),
        aug.Grayscale(p=1),
        aug.Invert(),
        aug.Gamma((2, 2)),
        aug.Posterize(1),
        aug.Solarize((0, 0)),
    ],
    ids=repr,
)
def test_alpha_is_left_alone(transform):
    seen = levels(only(transform, channels=4), (10, 200, 30, 201))[0]
    assert seen[3] == pytest.approx(201)
    assert not np.allclose(seen[:3], (10, 200, 30))


@pytest.mark.parametrize("transform", [aug.Saturation(), aug.Hue(), aug.Grayscale(p=1)], ids=repr)
def test_gray_pictures_have_no_color_to_change(transform):
    assert aug.Compose([transform]).plan(0, 0, np.arange(2), aug.Frame(np.ones((2, 2), int), 1)).steps == ()


def test_color_jitter_of_a_gray_picture_is_its_brightness_and_contrast():
    op = only(aug.ColorJitter((0.5, 0.5), (2, 2), 0.4, 0.4), channels=1)
    assert levels(op, (200,)).tolist() == [[pytest.approx(72.5)]]


# Tones.


def test_gamma():
    assert levels(only(aug.Gamma((2, 2))), (0, 51, 255))[0] == pytest.approx((0, 255 * 0.04, 255))


def test_posterize():
    assert levels(only(aug.Posterize(2)), (63, 64, 255))[0] == pytest.approx((0, 64, 192))
    assert levels(only(aug.Posterize(8)), (63, 64, 255))[0] == pytest.approx((63, 64, 255))


def test_solarize():
    assert levels(only(aug.Solarize(128 / 255)), (127, 128, 255))[0] == pytest.approx((127, 127, 0))


@pytest.mark.parametrize("peak", [1.0, 65535.0])
def test_tones_know_the_peak(peak):
    pixel = (0.0, 0.2 * peak, peak)
    assert levels(only(aug.Gamma((2, 2)), peak=peak), pixel)[0] == pytest.approx((0, 0.04 * peak, peak))
    assert levels(only(aug.Solarize(0.5), peak=peak), pixel)[0] == pytest.approx((0, 0.2 * peak, 0))


@pytest.mark.parametrize("peak", [1.0, 255.0, 65535.0])
def test_normalize_is_in_fractions_of_the_peak(peak):
    op = only(aug.Normalize(), peak=peak)
    seen = levels(op, (0.485 * peak, 0.456 * peak, 0.406 * peak), (peak, peak, peak))
    assert seen[0] == pytest.approx((0, 0, 0), abs=1e-9)
    assert seen[1] == pytest.approx(((1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225))
    assert op.clip is None


def test_rescale():
    assert levels(only(aug.Rescale(2 / 255, offset=-1)), (0, 127.5, 255))[0] == pytest.approx((-1, 0, 1))
