"""`Plan.forward` and `Plan.back`: inverse to each other, and in accord with what one sees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planned import frame_of, inputs_of, plans, shown

import augstream as aug
from augstream.engines import reference
from augstream.engines.targets import Rules, Targets, move, move_points
from augstream.plan.op import Frame
from augstream.transforms.compose import Compose

SIZES = [(60, 70), (50, 81), (64, 58), (55, 55), (70, 61)]
PIPELINES = {
    "nothing": [],
    "flip": [aug.HorizontalFlip(p=1)],
    "turn": [aug.Rotate(40)],
    "perspective": [aug.Perspective(0.2)],
    "all": [aug.Rotate(20), aug.Shift(x=0.1), aug.Rotate90(1), aug.Zoom(0.1), aug.Shear(10)],
    "window": [aug.CenterCrop(40), aug.Pad(12, fill=9), aug.Rotate(20, fill=3)],
    "windows": [aug.RandomCrop(46), aug.Rotate(30, fill=4), aug.CenterCrop(36), aug.Pad(5, fill=1), aug.Zoom(0.2)],
    "passes": [aug.Rotate(20, border="edge"), aug.Shift(x=0.1, fill=9), aug.GaussianBlur(1), aug.Rotate(20)],
    "blurred": [aug.GaussianBlur(1, p=0.5), aug.HorizontalFlip(), aug.Posterize(8), aug.Rotate(20)],
    "mixup": [aug.Rotate(20), aug.MixUp(5.0), aug.HorizontalFlip()],
    "cutmix": [aug.HorizontalFlip(), aug.CutMix(), aug.Rotate(30)],
    "cutmix, windows": [aug.CenterCrop(40), aug.Pad(5, fill=2), aug.CutMix(), aug.CenterCrop(42), aug.Pad(6, fill=1)],
    "several mixes": [aug.CutMix(p=0.7), aug.Rotate(20), aug.MixUp(2.0, p=0.6), aug.VerticalFlip()],
}


def blank(number, level=0.0):
    return np.full((*SIZES[number % len(SIZES)], 3), level, np.float32)


def made(name, fuse=True, n=4, seed=0):
    """The inputs and the plan of the first n samples."""
    transforms = [*PIPELINES[name], aug.Resize(50, 60)]
    inputs, crowd = inputs_of(transforms, range(n))
    images = [blank(number) for number in inputs]
    plan = Compose(transforms, fuse=fuse).plan(seed, 0, inputs, frame_of(images), crowd)
    return images, plan


def ways_of(plan, row):
    """The images of a result, as often as it is made of them."""
    return [int(one.sources[at]) for one in plan.routes for at in np.flatnonzero(one.rows == row)]


def sources_of(plan, row):
    """The images that go into a result once: of others `forward` says one of the places."""
    ways = ways_of(plan, row)
    return sorted(source for source in set(ways) if ways.count(source) == 1)


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("name", PIPELINES)
def test_back_is_the_inverse_of_forward(name, fuse):
    images, plan = made(name, fuse)
    rng = np.random.default_rng(0)
    found = 0
    for row in range(4):
        for source in sources_of(plan, row):
            height, width = images[source].shape[:2]
            points = rng.uniform(1, (width - 1, height - 1), (200, 2))
            there = plan.forward(points, row, source)
            back, sources = plan.back(there, row)
            mine = sources == source
            np.testing.assert_allclose(back[mine], points[mine], atol=1e-6)
            assert np.isnan(back[sources < 0]).all()
            found += mine.sum()
            if name in ("nothing", "flip"):
                assert mine.all()
    assert found > 100


@pytest.mark.parametrize("name", [name for name in PIPELINES if "mix" not in name])
def test_fused_and_step_by_step_say_the_same(name):
    (_, one), (_, other) = made(name), made(name, fuse=False)
    points = np.random.default_rng(0).uniform(0, 50, (300, 2))
    for row in range(4):
        np.testing.assert_allclose(one.forward(points, row), other.forward(points, row), atol=1e-6)
        (places, sources), (places_too, sources_too) = one.back(points, row), other.back(points, row)
        if "window" in name or len(one.at(row)[0].steps) == len(other.at(row)[0].steps):
            # Elsewhere the merged warp shows more of the image, as it does to the eye.
            np.testing.assert_array_equal(sources, sources_too)
        both = (sources >= 0) & (sources_too >= 0)
        np.testing.assert_allclose(places[both], places_too[both], atol=1e-6)


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("name", PIPELINES)
def test_a_bright_dot_lands_where_forward_says(name, fuse):
    images, plan = made(name, fuse, n=2)
    rng = np.random.default_rng(1)
    looked = 0
    for row in range(2):
        dark = shown(images, plan)[row]
        for source in sources_of(plan, row):
            height, width = images[source].shape[:2]
            for _ in range(6):
                point = rng.uniform(6, (width - 6, height - 6))
                y, x = np.mgrid[:height, :width] + 0.5
                dot = np.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / (2 * 2.0**2))
                lit = [*images]
                lit[source] = np.tile(255 * dot[..., None], 3).astype(np.float32)
                light = np.abs(reference.run(lit, plan)[row] - dark)[..., 0]
                (there,) = plan.forward(point[None], row, source)
                around = there + np.array([[dx, dy] for dx in (-5, 0, 5) for dy in (-5, 0, 5)])
                inside = ((around > 1) & (around < (59, 49))).all()
                seen = plan.back(around, row)[1]
                if inside and (seen == source).all():
                    y, x = np.mgrid[: light.shape[0], : light.shape[1]] + 0.5
                    total = light.sum()
                    assert total > 1
                    spot = np.array([(x * light).sum(), (y * light).sum()]) / total
                    assert np.abs(spot - there).max() < 0.5, (row, source, point)
                    looked += 1
                elif inside and (seen >= 0).all() and (seen != source).all() and not blends(plan, row):
                    assert light[max(int(there[1]), 0), max(int(there[0]), 0)] < 130
    assert looked


def blends(plan, row):
    from augstream.plan.kinds.mix import Mix
    from augstream.plan.plan import every_step

    group, at = plan.at(row)
    mixes = [step.head for step in every_step(group.steps) if isinstance(step.head, Mix)]
    return any((mix.weight[at] % 1 != 0).any() for mix in mixes)


@pytest.mark.parametrize("name", ["window", "windows", "cutmix", "cutmix, windows"])
def test_back_says_what_every_pixel_shows(name):
    """Each image holds its own number and its own places as levels."""
    images, plan = made(name)
    marked = []
    for number, image in enumerate(images):
        y, x = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
        marked.append(np.stack([x, y, np.full_like(x, 100 + 20 * number)], axis=2).astype(np.float32))
    y, x = np.mgrid[:50, :60] + 0.5
    points = np.column_stack([x.ravel(), y.ravel()])
    for row, picture in enumerate(reference.run(marked, plan)):
        levels = picture.reshape(-1, 3)
        places, sources = plan.back(points, row)
        shown_by = np.where(sources >= 0, 100 + 20 * sources, -1)
        pure = np.abs(levels[:, 2] - np.round(levels[:, 2] / 20) * 20) < 1e-6
        is_image = pure & (levels[:, 2] >= 100)
        # Half a pixel along the edges fades into the border.
        assert (shown_by[is_image] == np.round(levels[is_image, 2])).mean() > 0.99
        border = levels[:, 2] < 20
        assert not border.any() or (sources[border] < 0).mean() > 0.98
        inner = is_image & (shown_by == np.round(levels[:, 2]))
        off = np.abs(levels[inner, :2] - places[inner])
        assert np.median(off) < 1e-6
        assert np.quantile(off, 0.95) < 0.6


def test_what_a_window_cut_away_comes_from_nowhere():
    _, plan, _ = plans([aug.CenterCrop(20), aug.Pad(10, fill=0)], [np.zeros((60, 60, 3), np.uint8)])
    places, sources = plan.back(np.array([[5.0, 20], [20, 20], [35, 35]]), 0)
    assert sources.tolist() == [-1, 0, -1]
    np.testing.assert_allclose(places[1], [30, 30])
    assert np.isnan(places[[0, 2]]).all()


def test_a_cover_hides_points_and_takes_from_boxes():
    transforms = [aug.RandomErasing((0.2, 0.3), p=1, hide=True), aug.HorizontalFlip(p=1), aug.CenterCrop(40)]
    for fuse in (True, False):
        plan = Compose(transforms, fuse=fuse).plan(3, 0, np.arange(1), Frame(np.array([[60, 60]])))
        (route,) = plan.routes
        assert route.covers
        image = np.full((60, 60, 3), 200, np.float32)
        picture = reference.run([image], plan)[0][..., 0]
        y, x = np.mgrid[:40, :40] + 0.5
        black = picture == 0
        assert black.any()
        points = np.column_stack([x.ravel(), y.ravel()])
        places, sources = plan.back(points, 0)
        np.testing.assert_array_equal(sources < 0, black.ravel())
        origin = np.column_stack([50 - x.ravel(), 10 + y.ravel()])
        moved = move_points(origin, np.zeros(len(origin), np.int64), route)
        np.testing.assert_array_equal(np.isnan(moved[:, 0]), black.ravel())
        np.testing.assert_allclose(moved[~black.ravel()], points[~black.ravel()], atol=1e-9)
        whole = np.array([[10.0, 10, 50, 50]])
        found = move([Targets(boxes=whole)], plan, Rules(min_visible=1 - black.mean() - 0.02))
        assert len(found.boxes[0]) == 1
        assert len(move([Targets(boxes=whole)], plan, Rules(min_visible=1 - black.mean() + 0.02)).boxes[0]) == 0


def test_shapes_that_do_not_hide_cover_nothing():
    _, plan, _ = plans([aug.RandomErasing(p=1)], [np.zeros((60, 60, 3), np.uint8)])
    assert not any(route.covers for route in plan.routes)


def test_a_result_that_an_image_is_no_part_of():
    images, plan = made("mixup")
    with pytest.raises(ValueError, match="Image 4 is no part of result 0"):
        plan.forward(np.zeros((1, 2)), 0, 4)


def test_behind_the_camera_is_nowhere():
    _, plan = made("perspective")
    for row in range(4):
        ((_, _, (warp, _)),) = [(one.rows, one.sources, (*one.stages, None)) for one in plan.routes]
        back = np.linalg.inv(warp.matrix[row])
        # Beyond the line where the last coordinate is 0, on the other side than the image.
        points = np.random.default_rng(0).uniform(-1e4, 1e4, (100, 2))
        depth = np.column_stack([points, np.ones(100)]) @ back[2]
        front = (np.array([30.0, 30, 1]) @ back[2]) > 0
        behind = (depth > 0) != front
        assert behind.any()
        np.testing.assert_array_equal(np.isnan(plan.forward(points, row)[:, 0]), behind)


def test_an_image_that_a_mix_passes_over_is_no_part_of_the_result():
    transforms = [aug.CutMix(p=0.5), aug.MixUp(p=0.5)]
    images = [np.zeros((40, 40, 3), np.uint8)] * 16
    for plan in plans(transforms, images, range(12))[1:]:
        mixed = {row: len(ways_of(plan, row)) for row in range(12)}
        assert set(mixed.values()) >= {1, 2}
        boxes = [
            Targets(boxes=np.array([[5.0, 5, 35, 35]]), box_label=np.array([k])) for k in range(len(plan.frame_in))
        ]
        moved = move(boxes, plan, Rules(min_visible=0))
        for row, ways in mixed.items():
            assert moved.box_label[row][0] == row or ways > 1
            assert set(moved.box_label[row].tolist()) <= set(ways_of(plan, row))


@settings(max_examples=50)
@given(st.integers(0, 2**31), st.sampled_from(sorted(PIPELINES)))
def test_points_of_any_seed_are_moved_as_forward_says(seed, name):
    images, plan = made(name, seed=seed, n=2)
    points = np.random.default_rng(0).uniform(0, 55, (7, 2))
    moved = move([Targets(points=points + number) for number in range(len(images))], plan, Rules())
    for row in range(2):
        if len(sources_of(plan, row)) < len(ways_of(plan, row)):
            continue
        said = [plan.forward(points + source, row, source) for source in sources_of(plan, row)]
        seen = moved.points[row][~np.isnan(moved.points[row][:, 0])]
        every = np.concatenate(said)
        assert all(np.abs(every - point).max(axis=1).min() < 1e-2 for point in seen)
