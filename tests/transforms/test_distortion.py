"""Distortions: the formulas, that nothing folds, and that targets go where the pixels do."""

from dataclasses import replace

import numpy as np
import pytest
from planned import fast, frame_of, pictures, plan_of

import augstream as aug
from augstream.engines.targets import Rules, Targets, move
from augstream.plan import polygon
from augstream.plan.fuse import fuse
from augstream.transforms.compose import rng_for

SMOOTH = [
    aug.Elastic(),
    aug.Elastic((1, 1), smoothness=0.1),
    aug.Fisheye(),
    aug.Fisheye((1, 1), shift=0.5),
    aug.GridDistortion(),
    aug.GridDistortion((0.9, 0.9)),
    aug.OpticalDistortion(),
    aug.OpticalDistortion((-0.2, -0.2), shift=0.1),
    aug.OpticalDistortion((1, 1)),
    aug.PiecewiseAffine(),
    aug.PiecewiseAffine((0.3, 0.3)),
    aug.ThinPlateSpline(),
    aug.ThinPlateSpline((0.5, 0.5), points=3),
    aug.Twirl(),
    aug.Twirl((180, 180)),
    aug.Wave(),
    aug.Wave((0.05, 0.05), wavelength=0.15),
]
SIZES = np.array([[512, 512], [384, 640], [300, 200], [512, 512]])
FRAME = aug.Frame(SIZES)
MILD = [transform() for transform in (aug.Elastic, aug.Fisheye, aug.GridDistortion, aug.OpticalDistortion)]
MILD += [transform() for transform in (aug.PiecewiseAffine, aug.ThinPlateSpline, aug.Twirl, aug.Wave)]


def drawn(transform, frame=FRAME):
    """The warp, and what was drawn for it."""
    rng = replace(rng_for(3, 0, np.arange(len(frame))), trace=[])
    (warp,) = aug.Compose([transform]).ops(rng, frame)
    return warp, {draw.name.split("/")[-1]: draw.value for draw in rng.trace}


def looked_at(warp, points, row):
    """Where the places (m, 2) of the output look."""
    at = np.full(len(points), row)
    flat = polygon.project(points, warp.matrix[at])
    return polygon.project(warp.field.displaced(flat, at), warp.field.matrix[at])


def spots(size, count, margin=0.3):
    height, width = size
    y, x = np.meshgrid(np.linspace(margin, height - margin, count), np.linspace(margin, width - margin, count))
    return np.column_stack([x.ravel(), y.ravel()])


@pytest.mark.parametrize("transform", SMOOTH, ids=repr)
def test_nothing_folds(transform):
    warp, _ = drawn(transform)
    for row, size in enumerate(SIZES):
        points = spots(size, 120)
        here, right, down = (looked_at(warp, points + step, row) for step in ((0, 0), (0.01, 0), (0, 0.01)))
        (a, b), (c, d) = (right - here).T, (down - here).T
        assert (a * d - b * c).min() > 0


@pytest.mark.parametrize("transform", SMOOTH, ids=repr)
def test_places_come_back_to_a_hundredth_of_a_pixel(transform):
    plan = fuse(drawn(transform)[:1], FRAME)
    for row, size in enumerate(SIZES):
        points = spots(size, 25)
        (route,) = plan.routes
        at = np.full(len(points), row)
        np.testing.assert_allclose(route.forward(route.back(points, at), at), points, atol=1e-2)


def optical(p, size, v):
    wide = size[::-1]
    center = (0.5 + v["shift"]) * wide
    square = (((p - center) / wide) ** 2).sum(axis=1, keepdims=True)
    return center + (p - center) * (1 + v["k"] * square + v["k"] * square**2)


def fisheye(p, size, v):
    wide = size[::-1]
    center = (0.5 + v["shift"]) * wide
    most = max(np.hypot(*(center - corner)) for corner in ((0, 0), (wide[0], 0), (0, wide[1]), wide))
    far, angle = np.linalg.norm(p - center, axis=1, keepdims=True) / most, 1.2 * v["strength"]
    return center + (p - center) / far * np.tan(angle * far) / np.tan(angle)


def twirl(p, size, v):
    center = (0.5 + v["shift"]) * size[::-1]
    x, y = (p - center).T
    turn = np.radians(v["angle"]) * np.maximum(1 - (x * x + y * y) / (v["radius"] * size.min()) ** 2, 0) ** 3
    return center + np.stack([np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y], axis=1)


def wave(p, size, v):
    turn, short = np.radians(v["direction"]), size.min()
    onward, aside = np.array([np.cos(turn), -np.sin(turn)]), np.array([np.sin(turn), np.cos(turn)])
    along = (p - size[::-1] / 2) @ onward + np.hypot(*size) / 2
    angle = 2 * np.pi * along / (v["wavelength"] * short) + v["phase"]
    return p + np.outer(v["amplitude"] * short * np.sin(angle), aside)


@pytest.mark.parametrize(
    ("transform", "formula"),
    [
        (aug.OpticalDistortion(), optical),
        (aug.OpticalDistortion((1, 1)), optical),
        (aug.Fisheye(), fisheye),
        (aug.Twirl(), twirl),
        (aug.Wave(), wave),
        (aug.Wave((0.03, 0.03), wavelength=0.15), wave),
    ],
    ids=repr,
)
def test_formulas_are_met_to_a_twentieth_of_a_pixel(transform, formula):
    warp, values = drawn(transform)
    for row, size in enumerate(SIZES):
        points = spots(size, 60)
        want = formula(points, size, {name: value[row] for name, value in values.items()})
        np.testing.assert_allclose(looked_at(warp, points, row), want, atol=0.05)


def test_optical_distortion_is_the_camera_of_opencv():
    cv2 = pytest.importorskip("cv2")
    warp, values = drawn(aug.OpticalDistortion((0.3, 0.3), shift=0.05))
    for row, (height, width) in enumerate(SIZES.tolist()):
        x, y = (0.5 + values["shift"][row]) * (width, height) - 0.5  # whole numbers are the centers of pixels there
        camera = np.array([[width, 0, x], [0, height, y], [0, 0, 1]])
        maps = cv2.initUndistortRectifyMap(
            camera, np.array([0.3, 0.3, 0, 0, 0]), None, camera, (width, height), cv2.CV_32FC1
        )
        at = np.mgrid[0:height:7, 0:width:7].reshape(2, -1)
        want = np.stack([one[tuple(at)] for one in maps], axis=1) + 0.5
        np.testing.assert_allclose(looked_at(warp, at[::-1].T + 0.5, row), want, atol=0.05)


def test_grid_distortion_keeps_the_edges_and_the_order():
    warp, _ = drawn(aug.GridDistortion((0.9, 0.9), steps=4))
    for row, (height, width) in enumerate(SIZES.tolist()):
        x = np.linspace(0, width, 200)
        there = looked_at(warp, np.stack([x, np.full(200, height / 3)], axis=1), row)
        assert np.abs(there[[0, -1], 0] - (0, width)).max() < 1e-9
        assert (np.diff(there[:, 0]) > 0).all()
        np.testing.assert_allclose(there[:, 1], there[0, 1], atol=1e-9)


def test_a_thin_plate_goes_through_its_points():
    warp, values = drawn(aug.ThinPlateSpline((0.03, 0.03), points=3))
    for row, (height, width) in enumerate(SIZES.tolist()):
        y, x = np.mgrid[:3, :3].reshape(2, -1) / 2
        points = np.stack([x * width, y * height], axis=1)
        pull = values["points"][row].reshape(-1, 2) * 0.03 * min(height, width)
        np.testing.assert_allclose(looked_at(warp, points, row), points + pull, atol=0.05)


def test_no_point_of_a_rubber_goes_farther_than_it_may():
    for transform, most in ((aug.Elastic((0.04, 0.04)), 0.04), (aug.Elastic((1, 1)), 0.48 * 0.2 * 640 / 384)):
        warp, _ = drawn(transform)
        assert np.abs(warp.field.nodes).max() <= most * SIZES.min(axis=1).max()
        assert np.abs(warp.field.nodes).max() > 0.5 * most * SIZES.min()


@pytest.mark.parametrize("transform", MILD, ids=repr)
def test_what_is_seen_at_a_moved_point_is_what_was_there(transform):
    """A picture of its own coordinates, read at the moved point, gives the original point; and the mask agrees."""
    height, width = 300, 340
    y, x = np.mgrid[:height, :width] + 0.5
    picture = np.stack([x, y, 0 * x], axis=2).astype(np.float32)
    frame = aug.Frame(np.array([[height, width]] * 3), 3, 1.0)
    plan = aug.Compose([transform], border="edge").plan(7, 0, np.arange(3), frame)
    made = fast([picture] * 3, plan)
    points = spots((height, width), 40, margin=4)
    blocks = (x // 6 + 100 * (y // 6)).astype(np.uint16)
    moved = move([Targets(points=points, mask=blocks).checked((height, width))] * 3, plan, Rules())
    for row in range(3):
        there = moved.points[row].astype(np.float64)
        inside = ((there > 2) & (there < (width - 2, height - 2))).all(axis=1)
        assert inside.sum() > 500
        seen = bilinear(made[row][..., :2].astype(np.float64), there[inside])
        np.testing.assert_allclose(seen, points[inside], atol=0.05)
        from_where, _ = plan.back(np.column_stack([x.ravel(), y.ravel()]), row)
        whole = ~np.isnan(from_where).any(axis=1)
        whole[whole] &= (np.abs((from_where[whole] + 3) % 6 - 3) > 0.02).all(axis=1)
        column, line = from_where[whole].astype(int).T
        np.testing.assert_array_equal(moved.mask[row].ravel()[whole], blocks[line, column])


def bilinear(image, points):
    """The image (h, w, c) at places."""
    u, v = (points - 0.5).T
    x, y = u.astype(int), v.astype(int)
    s, t = (u - x)[:, None], (v - y)[:, None]
    top = (1 - s) * image[y, x] + s * image[y, x + 1]
    return (1 - t) * top + t * ((1 - s) * image[y + 1, x] + s * image[y + 1, x + 1])


def moved(transform, size=(90, 120), n=4, **targets):
    frame = aug.Frame(np.array([size] * n))
    plan = aug.Compose([transform]).plan(1, 0, np.arange(n), frame)
    given = [Targets(**{name: np.array(value) for name, value in targets.items()}).checked(size)] * n
    return move(given, plan, Rules()), plan


def test_a_box_is_around_its_bent_edges():
    """An edge that bulges makes the box larger than its corners do."""
    box = [30.0, 20.0, 90.0, 70.0]
    for transform in (aug.Twirl((60, 60), shift=0), aug.Wave((0.08, 0.08)), aug.Elastic((0.09, 0.09))):
        found, plan = moved(transform, boxes=[box])
        (route,) = plan.routes
        side = np.linspace(0, 1, 200)
        edge = polygon.corners(np.array(box))
        outline = np.concatenate([a + side[:, None] * (b - a) for a, b in zip(edge, np.roll(edge, -1, 0), strict=True)])
        for row in range(4):
            there = route.forward(outline, np.full(len(outline), row)).clip(0, (120, 90))
            want = [*there.min(axis=0), *there.max(axis=0)]
            np.testing.assert_allclose(found.boxes[row][0], want, atol=0.5)


def test_tiles_are_put_together_in_another_order():
    images = pictures(4, 90, 120, odd=False)
    frame = frame_of(images)
    rng = rng_for(1, 0, np.arange(4))
    plan = plan_of(list(aug.Compose([aug.GridShuffle(3, 4)]).ops(rng, frame)), frame)
    order = rng.child("GridShuffle.0").order("tiles", 12)
    for dtype in ("uint8", "float32"):
        made = fast(images, plan, dtype)
        for row, image in enumerate(images):
            tiles = [image[30 * k : 30 * k + 30, 30 * j : 30 * j + 30] for k in range(3) for j in range(4)]
            want = np.block([[[tiles[order[row][4 * k + j]]] for j in range(4)] for k in range(3)])
            np.testing.assert_array_equal(made[row], want)


@pytest.mark.parametrize("size", [(91, 122), (64, 50), (7, 9), (500, 375)])
def test_tiles_that_do_not_divide_the_image_are_real_pixels(size):
    y, x = np.mgrid[: size[0], : size[1]]
    image = np.stack([x % 256, y % 256, x // 256 + 2 * (y // 256)], axis=2).astype(np.uint8)
    frame = frame_of([image] * 5)
    plan = aug.Compose([aug.GridShuffle(3)]).plan(2, 0, np.arange(5), frame)
    slow = fast([image.astype(np.float32)] * 5, plan)
    np.testing.assert_array_equal(fast([image] * 5, plan, "uint8"), slow.astype(np.uint8))
    for one in slow.astype(np.int64):
        seen = (one[..., 1] + 256 * (one[..., 2] // 2)) * size[1] + one[..., 0] + 256 * (one[..., 2] % 2)
        assert len(np.unique(seen)) >= size[0] * size[1] - 2 * sum(size)


def shifted(by, *box):
    return np.tile(by, 2) + np.array(box)


def test_points_and_boxes_go_with_their_tiles():
    points = [[5.0, 5.0], [55.0, 10.0], [100.0, 80.0], [61.0, 44.0]]
    found, plan = moved(aug.GridShuffle(3, 4), points=points, boxes=[[32, 34, 56, 58], [25, 34, 56, 58]])
    order = plan.steps[0].head.field.nodes.reshape(4, 12, 2)
    starts = np.array([[30 * (k % 4), 30 * (k // 4)] for k in range(12)])
    for row in range(4):
        for point, there in zip(points, found.points[row], strict=True):
            tile = int(point[1] // 30) * 4 + int(point[0] // 30)
            to = next(k for k in range(12) if (starts[k] + order[row, k] == starts[tile]).all())
            np.testing.assert_allclose(there, point - starts[tile] + starts[to], atol=1e-5)
        whole, torn = found.boxes[row]
        tile = next(k for k in range(12) if (starts[k] + order[row, k] == (30, 30)).all())
        np.testing.assert_allclose(whole, shifted(starts[tile] - 30, 32, 34, 56, 58), atol=1e-4)
        other = next(k for k in range(12) if (starts[k] + order[row, k] == (0, 30)).all())
        pieces = [shifted(starts[tile] - 30, 30, 34, 56, 58), shifted(starts[other], 25, 4, 30, 28)]
        want = [*np.min(pieces, axis=0)[:2], *np.max(pieces, axis=0)[2:]]
        np.testing.assert_allclose(torn, want, atol=0.05)


@pytest.mark.parametrize("transform", [aug.PixelSpread(4), aug.GlassBlur(reach=4)], ids=repr)
def test_grain_leaves_targets_alone(transform):
    mask = np.arange(90 * 120, dtype=np.uint16).reshape(90, 120)
    points, boxes = [[5.0, 5.0], [100.0, 80.0]], [[30.0, 20.0, 60.0, 50.0]]
    found, _ = moved(transform, points=points, boxes=boxes, mask=mask)
    for row in range(4):
        np.testing.assert_array_equal(found.mask[row], mask)
        np.testing.assert_allclose(found.points[row], points)
        np.testing.assert_allclose(found.boxes[row], boxes)


def test_spread_pixels_come_from_their_neighbors_evenly():
    height, width = 80, 90
    y, x = np.mgrid[:height, :width]
    image = np.stack([x, y, 0 * x], axis=2).astype(np.uint8)
    made = aug.Compose([aug.PixelSpread(2)])(image, seed=1).astype(int)
    shift = (made - image)[3:-3, 3:-3, :2]
    counts = np.array([[((shift == (j, i)).all(axis=2)).sum() for j in range(-2, 3)] for i in range(-2, 3)])
    many = shift.shape[0] * shift.shape[1]
    assert counts.sum() == many
    assert (np.abs(counts - many / 25) < 5 * np.sqrt(many / 25)).all()
    assert (made[..., 0] < width).all()
    assert (made[..., 1] < height).all()


def test_glass_is_blurred_and_spread():
    (image,) = pictures(1, 64, 64)
    plain = aug.Compose([aug.GlassBlur(0, reach=3)])(image, seed=4).astype(float)
    soft = aug.Compose([aug.GlassBlur(1.0, reach=3)])(image, seed=4).astype(float)
    assert np.abs(np.diff(soft, axis=1)).mean() < 0.6 * np.abs(np.diff(plain, axis=1)).mean()
    for level in (0, 128, 255):
        flat = np.full((20, 30, 3), level, np.uint8)
        np.testing.assert_array_equal(aug.Compose([aug.GlassBlur()])(flat), flat)


def test_arguments_that_would_fold_are_refused():
    for wrong in (
        lambda: aug.OpticalDistortion((-0.5, 0)),
        lambda: aug.GridDistortion(1.5),
        lambda: aug.Fisheye(2),
        lambda: aug.Wave(0.1, wavelength=0.01),
        lambda: aug.GridShuffle(0),
        lambda: aug.GridShuffle(3, 99),
        lambda: aug.ThinPlateSpline(points=1),
    ):
        with pytest.raises(aug.ArgumentError, match="must be"):
            wrong()
