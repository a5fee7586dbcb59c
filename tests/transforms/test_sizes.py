"""Crops, pads and resizes: where a bright dot goes, and which sizes come out."""

import numpy as np
import pytest

import augstream as aug
from augstream.engines.targets import move
from augstream.plan.fuse import fuse
from augstream.plan.op import Known
from augstream.record import replace

RULES = aug.Source.rules


def ramp_image(height, width):
    """Its own coordinates: channel 0 is x, channel 1 is y, at the middle of each pixel."""
    y, x = np.mgrid[:height, :width] + 0.5
    return np.stack([x, y, x * 0], axis=2).astype(np.float32)


def planned(transform, sizes, boxes=None, seed=0):
    """The plan for images of these sizes, with these boxes (k, 4) each."""
    frame = aug.Frame(np.array(sizes, np.int64), peak=1e9)
    if boxes is not None:
        known = [
            aug.Targets(boxes=np.reshape(one, (-1, 4))).checked(size) for one, size in zip(boxes, sizes, strict=True)
        ]
        before = frame
        frame = replace(frame, known=Known(lambda ops: move(known, fuse(ops, before), RULES)))
    rng = aug.Rng(seed, 0, np.arange(len(sizes)))
    return fuse(list(transform.ops(rng, frame)), frame)


@pytest.mark.parametrize("angle", [0, 17, 45, 90, 123, 180, -60])
class TestCanvas:
    def test_grows_to_hold_all_of_the_image(self, angle):
        plan = planned(aug.Rotate((angle, angle), canvas="grow"), [(40, 90)])
        height, width = plan.frame_out.size[0]
        corners = plan.forward(np.array([(0, 0), (90, 0), (90, 40), (0, 40)], float), 0)
        low, high = corners.min(axis=0), corners.max(axis=0)
        np.testing.assert_allclose(low + high, (width, height), atol=1e-6)  # in the middle
        assert (low > -1e-5).all()
        assert (low < 0.51).all()

    def test_inside_has_no_border_and_is_the_largest(self, angle):
        plan = planned(aug.Rotate((angle, angle), canvas="inside"), [(40, 90)])
        height, width = plan.frame_out.size[0]
        ends = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
        places, _ = plan.back(ends + np.sign((width / 2, height / 2) - ends) * 1e-6, 0)
        assert np.isfinite(places).all()
        # No upright rectangle about the center, two pixels larger in area on either side, fits.
        cos, sin = abs(np.cos(np.radians(angle))), abs(np.sin(np.radians(angle)))
        w = np.linspace(1, 130, 2000)
        with np.errstate(divide="ignore"):
            h = np.minimum((40 - w * sin) / max(cos, 1e-12), (90 - w * cos) / max(sin, 1e-12))
        best = (w * np.maximum(h, 0)).max()
        assert (height + 1.01) * (width + 1.01) > best


class TestTranspose:
    def test_swaps_rows_and_columns(self):
        image = np.random.default_rng(0).integers(0, 256, (5, 9, 3), np.uint8)
        np.testing.assert_array_equal(aug.Compose([aug.Transpose(p=1)])(image, seed=0), image.transpose(1, 0, 2))

    def test_d4_takes_all_eight_ways_equally_often(self):
        image = np.random.default_rng(0).integers(0, 256, (6, 6, 1), np.uint8)
        flipped = image[:, ::-1]
        ways = [np.rot90(one, k).tobytes() for one in (image, flipped) for k in range(4)]
        pipeline = aug.Compose([aug.D4()])
        taken = [ways.index(pipeline(image, seed=0, index=index).tobytes()) for index in range(400)]
        assert min(np.bincount(taken, minlength=8)) > 30


class TestResizing:
    def test_sides(self):
        assert planned(aug.LongestSide(60), [(30, 40), (50, 20)]).frame_out.size.tolist() == [[45, 60], [60, 24]]
        assert planned(aug.ShortestSide(60), [(30, 40), (50, 20)]).frame_out.size.tolist() == [[60, 80], [150, 60]]

    def test_random_scale_makes_as_many_smaller_as_larger(self):
        size = planned(aug.RandomScale((0.5, 2)), [(100, 200)] * 2000).frame_out.size
        assert abs((size[:, 0] < 100).mean() - 0.5) < 0.04
        assert 49 <= size[:, 0].min() < 55
        assert 190 < size[:, 0].max() <= 200

    def test_letter_box_is_in_the_middle_of_its_fill(self):
        image = np.full((30, 60, 3), 200, np.uint8)
        out = aug.Compose([aug.LetterBox(40, fill=114)])(image, seed=0)
        assert (out[:10] == 114).all()
        assert (out[-10:] == 114).all()
        assert (out[10:30] == 200).all()
        plan = planned(aug.LetterBox(40), [(30, 60)])
        np.testing.assert_allclose(plan.forward(np.array([(0, 0), (60, 30)], float), 0), [(0, 10), (40, 30)])


class TestPadding:
    def test_to_a_size_leaves_larger_images(self):
        plan = planned(aug.PadTo(50, 40), [(30, 20), (60, 90), (60, 20)])
        assert plan.frame_out.size.tolist() == [[50, 40], [60, 90], [60, 40]]
        np.testing.assert_allclose(plan.forward(np.zeros((1, 2)), 0), [(10, 10)])
        np.testing.assert_allclose(plan.forward(np.zeros((1, 2)), 1), [(0, 0)])

    def test_random_places_are_all_places(self):
        plan = planned(aug.PadTo(33, 31, position="random"), [(30, 30)] * 200)
        corners = {tuple(plan.forward(np.zeros((1, 2)), row)[0].tolist()) for row in range(200)}
        assert corners == {(x, y) for x in (0, 1) for y in (0, 1, 2, 3)}

    def test_to_a_multiple(self):
        plan = planned(aug.PadToMultiple(32, position="top left"), [(33, 64)])
        assert plan.frame_out.size.tolist() == [[64, 64]]
        np.testing.assert_allclose(plan.forward(np.zeros((1, 2)), 0), [(0, 0)])

    def test_zoom_out_shows_all_of_the_image_on_a_larger_canvas(self):
        plan = planned(aug.ZoomOut((1, 3)), [(30, 40)] * 300)
        size = plan.frame_out.size
        assert (size >= (30, 40)).all()
        assert size[:, 0].max() > 80
        for row in range(300):
            ends = plan.forward(np.array([(0, 0), (40, 30)], float), row)
            assert (ends >= 0).all()
            assert (ends[1] <= size[row, ::-1]).all()


def test_crop_cuts_each_side_by_its_own_share():
    plan = planned(aug.Crop((0.1, 0.3), top=0, left=(0.4, 0.4)), [(100, 200)] * 300)
    corner = np.array([plan.back(np.zeros((1, 2)), row)[0][0] for row in range(300)])
    assert (corner == (80, 0)).all()
    height, width = plan.frame_out.size.T
    assert 70 <= height.min() < 73
    assert 87 < height.max() <= 90
    assert 60 <= width.min() < 64
    assert 96 < width.max() <= 100


BOXES = [[(10, 10, 20, 30), (50, 40, 60, 50)], [], [(70, 5, 95, 60)]]
SIZES = [(80, 100)] * 3


class TestBoxSafeCrop:
    def test_keeps_all_of_every_box(self):
        for seed in range(40):
            plan = planned(aug.BoxSafeCrop(50, 60), SIZES, BOXES, seed)
            assert plan.frame_out.size.tolist() == [[50, 60]] * 3
            for row, boxes in enumerate(BOXES):
                for box in boxes:
                    ends = plan.forward(np.array([box[:2], box[2:]], float), row)
                    assert (ends > -1e-6).all()
                    assert (ends <= (60 + 1e-6, 50 + 1e-6)).all()

    def test_crops(self):
        zoom = [planned(aug.BoxSafeCrop(80, 100), SIZES, BOXES, seed).ops[0].matrix[:, 0, 0] for seed in range(40)]
        assert np.mean(zoom) < 0.85
        assert np.std(zoom) > 0.05


class TestAtLeastOneBoxCrop:
    def test_shows_all_of_one_box_where_it_fits(self):
        seen = set()
        for seed in range(60):
            plan = planned(aug.AtLeastOneBoxCrop(30), SIZES, BOXES, seed)
            whole = []
            for box in BOXES[0]:
                ends = plan.forward(np.array([box[:2], box[2:]], float), 0)
                whole.append(bool((ends >= 0).all() and (ends <= 30).all()))
            assert any(whole)
            seen.add(whole.index(True))
            # Of a box that is taller than the crop, as much as fits.
            top, bottom = plan.forward(np.array([(70, 5), (95, 60)], float), 2)[:, 1]
            assert top <= 0
            assert bottom >= 30
        assert seen == {0, 1}

    def test_stays_inside_of_the_image(self):
        for seed in range(30):
            matrix = planned(aug.AtLeastOneBoxCrop(30, 40), SIZES, BOXES, seed).ops[0].matrix
            x, y = matrix[:, 0, 2], matrix[:, 1, 2]
            assert (x >= 0).all()
            assert (x <= 60).all()
            assert (y >= 0).all()
            assert (y <= 50).all()


class TestIoUCrop:
    def test_overlaps_as_much_as_was_drawn(self):
        found = 0
        for seed in range(60):
            plan = planned(aug.IoUCrop(0.3), SIZES, BOXES, seed)
            for row in (0, 2):
                size = plan.frame_out.size[row]
                if tuple(size) == SIZES[row]:
                    continue
                found += 1
                assert max(size) <= 2 * min(size)
                (x, y), _ = plan.back(np.array([(0, 0), size[::-1]], float), row)[0]
                crop = np.array([x, y, x + size[1], y + size[0]])
                boxes = np.array(BOXES[row], float)
                low, high = np.maximum(crop[:2], boxes[:, :2]), np.minimum(crop[2:], boxes[:, 2:])
                both = np.maximum(high - low, 0).prod(axis=1)
                union = size.prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - both
                assert (both / union).max() >= 0.3
        assert found > 20

    def test_leaves_images_without_boxes(self):
        for seed in range(10):
            assert planned(aug.IoUCrop(), SIZES, BOXES, seed).frame_out.size[1].tolist() == [80, 100]
        assert planned(aug.IoUCrop((1,)), SIZES, BOXES).frame_out.size.tolist() == [[80, 100]] * 3


def test_bare_transforms_do_something_and_the_others_only_what_is_asked():
    assert aug.Shift() == aug.Shift(x=0.1, y=0.1)
    assert aug.Shift(x=0.3).y == (0, 0)
    assert aug.Shift(0.3).y == (0, 0)
    assert aug.Shift(border="edge").x == (-0.1, 0.1)
    assert aug.Affine(p=0.5).degrees == (-15, 15)
    assert aug.Affine(zoom=0.2).degrees == (0, 0)
