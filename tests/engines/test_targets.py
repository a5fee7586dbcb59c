"""Targets land where the images' pixels do: through the native engine, for every transform there is."""

import numpy as np
import pytest
from conftest import encoded, scene, turned
from hypothesis import given, settings
from hypothesis import strategies as st

from augstream import transforms as t
from augstream.engines import native
from augstream.engines.targets import Outlines, TargetBatch, move, move_boxes, move_masks, move_points
from augstream.errors import PipelineError, SampleError
from augstream.loader import Loader
from augstream.plan.op import Frame
from augstream.plan.plan import Plan
from augstream.plan.polygon import inverse
from augstream.plan.step import Group
from augstream.sources import Source
from augstream.sources.targets import Rules, Targets
from augstream.transforms.compose import Compose

GEOMETRIC = {
    "nothing": [],
    "horizontal flip": [t.HorizontalFlip(p=1)],
    "vertical flip": [t.VerticalFlip(p=1)],
    "quarter turns": [t.Rotate90()],
    "rotate": [t.Rotate(40)],
    "shift": [t.Shift(x=(-0.2, 0.2), y=(-0.2, 0.2))],
    "shear": [t.Shear((-20, 20), (-10, 10))],
    "zoom": [t.Zoom((0.7, 1.3))],
    "affine": [t.Affine()],
    "perspective": [t.Perspective(0.2)],
    "resize": [t.Resize(90, 50)],
    "crop": [t.CenterCrop(70, 60)],
    "random crop": [t.RandomCrop(80, 60)],
    "resized crop": [t.RandomResizedCrop(64, 64, scale=(0.6, 1))],
    "pad": [t.Pad(10)],
    "all": [t.Rotate(20), t.Shift(x=(-0.1, 0.1)), t.HorizontalFlip(), t.Perspective(0.1), t.Resize(120, 100)],
}


def planned(transforms, size=(100, 90), n=1, seed=0, channels=3, **options):
    pipeline = Compose(list(transforms), **options)
    return pipeline.plan(seed, 0, np.arange(n), Frame(np.tile(size, (n, 1)), channels))


def places(points, owner, plan):
    """Where the points of these samples land."""
    landed = np.full(points.shape, np.nan)
    for route in plan.routes:
        for at, row in enumerate(route.rows.tolist()):
            mine = owner == row
            landed[mine] = move_points(points[mine], np.full(mine.sum(), at), route)
    return landed


def boxes_of(boxes, owner, plan, min_visible, outlines=None):
    """What is left to see of the boxes, of a plan whose samples all go the same way."""
    (route,) = plan.routes
    return move_boxes(boxes, owner, plan, route, min_visible, outlines)


def dot(size, x, y, spread=2.5):
    """A bright dot around (x, y) in continuous coordinates."""
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    level = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2))
    return np.tile(level[..., None], 3).astype(np.float32)


def middle(picture):
    """Where the brightness of an image is, in continuous coordinates."""
    level = picture[..., 0].astype(np.float64)
    rows, columns = np.mgrid[: level.shape[0], : level.shape[1]] + 0.5
    return np.array([(level * columns).sum(), (level * rows).sum()]) / level.sum()


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("name", GEOMETRIC)
def test_a_bright_dot_lands_where_the_point_says(name, fuse):
    size, checked = (100, 90), 0
    for seed in range(6):
        plan = planned(GEOMETRIC[name], size, seed=seed, fuse=fuse)
        for x, y in ((45, 50), (30.5, 38.25), (60, 64)):
            (place,) = places(np.array([[x, y]]), np.array([0]), plan)
            height, width = plan.frame_out.size[0]
            if not (10 < place[0] < width - 10 and 10 < place[1] < height - 10):
                continue
            out, _ = native.run([dot(size, x, y)], plan)
            assert np.abs(middle(out[0]) - place).max() < 0.1
            checked += 1
    assert checked >= 5


def test_a_dot_half_a_pixel_off_is_noticed():
    plan = planned([t.HorizontalFlip(p=1)])
    out, _ = native.run([dot((100, 90), 30.5, 40)], plan)
    (place,) = places(np.array([[30.5, 40.0]]), np.array([0]), plan)
    assert np.abs(middle(out[0]) - place).max() < 0.01
    assert np.abs(middle(out[0]) - place + [0.5, 0]).max() > 0.4


def test_points_by_hand():
    points, owner = np.array([[0.0, 0.0], [10, 20], [np.nan, 1]]), np.zeros(3, np.int64)
    moved = places(points, owner, planned([t.HorizontalFlip(p=1)], (40, 60)))
    assert np.allclose(moved[:2], [[60, 0], [50, 20]])
    assert np.isnan(moved[2, 0])
    assert np.allclose(places(points[:2], owner[:2], planned([t.Resize(80, 30)], (40, 60))), [[0, 0], [5, 40]])
    turned_left = planned([t.Rotate((90, 90))], (40, 40))
    assert np.allclose(places(np.array([[40.0, 20]]), owner[:1], turned_left), [[20, 0]])


def test_the_inverse_undoes_and_knows_what_is_behind():
    matrix = np.array([[[1.1, 0.2, 3], [-0.1, 0.9, 5], [0.002, -0.001, 1]], np.eye(3) * -2, np.zeros((3, 3))])
    back = inverse(matrix)
    assert np.allclose(back[0] @ matrix[0], np.eye(3))
    assert np.allclose(back[1] / back[1, 2, 2], np.eye(3))
    assert back[1, 2, 2] > 0
    assert not back[2].any()
    plan = planned([t.Perspective(0.3)])
    assert np.isfinite(places(np.array([[1.0, 1], [89, 99]]), np.zeros(2, np.int64), plan)).all()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "int32"])
@pytest.mark.parametrize("shape", [(), (1,), (3,)])
@pytest.mark.parametrize("name", GEOMETRIC)
def test_a_mask_keeps_its_numbers(name, shape, dtype):
    numbers = {"bool": [0, 1], "uint8": [3, 255], "uint16": [3, 65535], "int32": [-7, 2**31 - 1]}[dtype]
    parts = np.random.default_rng(0).integers(0, 2, (20, 18, *shape))
    mask = np.array(numbers)[parts].astype(dtype).repeat(5, 0).repeat(5, 1)
    for border in ("constant", "edge", "symmetric"):
        out = move_masks([mask, mask], planned(GEOMETRIC[name], n=2, border=border), fill=numbers[0])
        assert out.dtype == mask.dtype
        assert out.shape[0] == 2
        assert out.shape[3:] == shape
        assert set(np.unique(out)) <= set(np.unique(mask))


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("name", GEOMETRIC)
def test_a_mask_lies_on_its_picture(name, fuse):
    """A mask of what is bright, moved, is where the moved image is bright."""
    y, x = np.mgrid[:100, :90] + 0.5
    inside = ((x - 40) / 22) ** 2 + ((y - 55) / 30) ** 2 < 1
    plan = planned([*GEOMETRIC[name], t.Brightness(0.0)], seed=3, fuse=fuse)
    picture, _ = native.run([np.tile(inside[..., None], 3).astype(np.float32) * 255], plan)
    mask = move_masks([inside], plan)[0]
    sure = np.abs(picture[0, ..., 0] - 127.5) > 100
    assert mask.any()
    # Step by step, each of many steps rounds to a pixel of its own.
    assert ((picture[0, ..., 0] > 127.5) != mask)[sure].mean() <= (0 if fuse or len(plan.steps) < 3 else 0.002)


def test_flips_and_crops_of_masks_are_exact():
    mask = np.random.default_rng(1).integers(0, 200, (40, 30), dtype=np.uint8)
    assert np.array_equal(move_masks([mask], planned([t.HorizontalFlip(p=1)], (40, 30)))[0], mask[:, ::-1])
    assert np.array_equal(move_masks([mask], planned([t.CenterCrop(20, 10)], (40, 30)))[0], mask[10:30, 10:20])
    padded = move_masks([mask], planned([t.Pad(3)], (40, 30)), fill=255)[0]
    assert np.array_equal(padded, np.pad(mask, 3, constant_values=255))
    colored = planned([t.Invert(p=1), t.Pad(3, fill=9), t.Gamma((2, 2))], (40, 30))
    assert np.array_equal(move_masks([mask], colored, fill=255)[0], padded)


def test_masks_of_several_kinds_are_refused():
    plan = planned([], (4, 4), 2)
    with pytest.raises(PipelineError, match=r"masks of one kind.*uint8.*uint16"):
        move_masks([np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint16)], plan)
    with pytest.raises(PipelineError, match="mask_fill 300"):
        move_masks([np.zeros((4, 4), np.uint8)] * 2, plan, fill=300)


def seen_box(box, plan):
    """The box of what is left to see of a full rectangle, found by sampling it densely."""
    x0, y0, x1, y1 = box
    x, y = np.meshgrid(np.linspace(x0, x1, 150), np.linspace(y0, y1, 150))
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    everywhere = np.ones(len(points), bool)
    for step in plan.steps:
        back = inverse(step.head.matrix)[0]
        flat = np.c_[points, np.ones(len(points))] @ back.T
        points = flat[:, :2] / flat[:, 2:]
        height, width = step.head.size[0]
        everywhere &= (points >= 0).all(1) & (points[:, 0] <= width) & (points[:, 1] <= height)
    if not everywhere.any():
        return None, 0
    left = points[everywhere]
    return np.r_[left.min(0), left.max(0)], everywhere.mean()


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("name", GEOMETRIC)
def test_boxes_stay_tight(name, fuse):
    for seed in range(4):
        plan = planned(GEOMETRIC[name], seed=seed, fuse=fuse)
        boxes = np.array([[10.0, 10, 40, 30], [30, 40, 60, 60], [5, 70, 88, 99]])
        moved, kept = boxes_of(boxes, np.zeros(3, np.int64), plan, 0.05)
        for box, row in zip(moved, kept, strict=True):
            expected, _ = seen_box(boxes[row], plan)
            assert np.abs(box - expected).max() < 0.8


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("name", GEOMETRIC)
def test_boxes_with_outlines_are_tight_around_these(name, fuse):
    """Around a star, through every transform: the same box as that of its densely drawn edge."""
    angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radius = np.where(np.arange(14) % 2, 10, 35)[:, None]
    star = [45, 50] + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ends = np.roll(star, -1, axis=0)
    edge = (star[:, None] + np.linspace(0, 1, 200)[:, None] * (ends - star)[:, None]).reshape(-1, 2)
    inner = [45, 50] + (edge - [45, 50]) * np.linspace(0, 1, 40)[:, None, None]
    dense = inner.reshape(-1, 2)
    for seed in range(4):
        plan = planned(GEOMETRIC[name], seed=seed, fuse=fuse)
        box = np.array([[0.0, 0, 90, 100]])
        moved, kept = boxes_of(box, np.zeros(1, np.int64), plan, 0, Outlines([[star]]))
        points, everywhere = dense, np.ones(len(dense), bool)
        for step in plan.steps:
            points = places(points, np.zeros(len(points), np.int64), planned_pass(plan, step))
            everywhere &= (points >= 0).all(1) & (points <= step.head.size[0][::-1]).all(1)
        left = points[everywhere]
        assert len(kept) == (1 if len(left) else 0)
        if len(left):
            assert np.abs(moved[0] - np.r_[left.min(0), left.max(0)]).max() < 1.5


def planned_pass(plan, step):
    return Plan((Group(None, None, (step,)),), plan.frame_in, plan.frame_out)


def test_polygons_move_with_their_boxes():
    square = np.array([[10.0, 10], [30, 10], [30, 30], [10, 30]])
    beside = square + np.array([50, 0])
    objects = [[square, square + 40], [beside], []]
    targets = Targets(boxes=[[10, 10, 70, 70], [60, 10, 80, 30], [0, 60, 20, 100]], polygons=objects).checked((100, 90))
    assert len(targets.polygons[2][0]) == 4
    flipped = move([targets, targets], planned([t.HorizontalFlip(p=1)], n=2), Rules())
    assert flipped.boxes[1].tolist() == [[20, 10, 80, 70], [10, 10, 30, 30], [70, 60, 90, 100]]
    assert np.allclose(flipped.polygons[0][1][0], np.array([90, 0]) + np.array([-1, 1]) * beside)
    assert [len(some) for some in flipped.polygons[1]] == [2, 1, 1]
    cropped = move([targets], planned([t.CenterCrop(40, 30)]), Rules(min_visible=0.05))
    assert cropped.boxes[0].tolist() == [[20, 20, 30, 40]]
    assert np.allclose(cropped.polygons[0][0][1], square + 40 - 30)
    assert len(cropped.polygons[0]) == 1
    alone = Targets(polygons=[[square * [1 / 90, 1 / 100]]], box_label=[7], relative=True).checked((100, 90))
    assert np.allclose(alone.boxes, [[10, 10, 30, 30]])
    turned_box = move([Targets(polygons=[[square + 30]]).checked((100, 90))], planned([t.Rotate((45, 45))]), Rules())
    assert np.ptp(turned_box.boxes[0][0][[0, 2]]) == pytest.approx(20 * 2**0.5, abs=1e-4)
    for wrong, message in (([[square[:2]]], "m at least 3"), ([], "polygons of 0 objects for 1 boxes")):
        with pytest.raises(ValueError, match=message):
            Targets(boxes=[[0, 0, 1, 1]], polygons=wrong).checked((100, 90))


def test_boxes_are_dropped_below_their_visible_share():
    crop = planned([t.CenterCrop(50, 50)], (100, 100))
    boxes = np.array([[0.0, 40, 35, 60], [0, 0, 20, 20], [40, 40, 60, 60], [-50, 40, 30, 60]])
    owner = np.zeros(4, np.int64)
    moved, kept = boxes_of(boxes, owner, crop, 0.2)
    assert kept.tolist() == [0, 2]
    assert moved.tolist() == [[0, 15, 10, 35], [15, 15, 35, 35]]
    # Of the first, ten of 35 columns are left; of the last, what is outside the image does not count.
    assert boxes_of(boxes, owner, crop, 0.29)[1].tolist() == [2]
    assert boxes_of(boxes, owner, crop, 0.0)[1].tolist() == [0, 2, 3]
    assert boxes_of(boxes, owner, crop, 1.0)[1].tolist() == [2]


def test_what_one_pass_leaves_outside_is_gone_and_what_a_fused_one_keeps_is_there():
    transforms = [t.CenterCrop(50, 50), t.CenterCrop(100, 100)]
    box, owner = np.array([[10.0, 30, 40, 60]]), np.zeros(1, np.int64)
    fused, _ = boxes_of(box, owner, planned(transforms, (100, 100)), 0.1)
    stepwise, _ = boxes_of(box, owner, planned(transforms, (100, 100), fuse=False), 0.1)
    assert fused.tolist() == [[10, 30, 40, 60]]
    assert stepwise.tolist() == [[25, 30, 40, 60]]


@pytest.mark.parametrize("border", ["constant", "reflect"])
@pytest.mark.parametrize("fuse", [True, False])
def test_what_a_written_border_hides_is_gone_in_one_pass_and_in_several(border, fuse):
    plan = planned([t.CenterCrop(50, 50), t.Pad(25, border=border)], (100, 100), fuse=fuse)
    assert len(plan.steps) == (1 if fuse and border == "constant" else 2)
    moved, _ = boxes_of(np.array([[10.0, 30, 40, 60]]), np.zeros(1, np.int64), plan, 0.1)
    assert moved.tolist() == [[25, 30, 40, 60]]
    found, sources = plan.back(np.array([[20.0, 40], [30, 40]]), 0)
    assert sources.tolist() == [-1, 0]
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [30, 40]


def test_boxes_without_area_are_dropped():
    boxes = np.array([[5.0, 5, 5, 10], [9, 9, 4, 4]])
    assert len(boxes_of(boxes, np.zeros(2, np.int64), planned([t.Rotate(30)]), 0)[0]) == 0
    assert len(boxes_of(np.empty((0, 4)), np.empty(0, np.int64), planned([t.Rotate(30)]), 0)[0]) == 0


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (Targets(boxes=np.zeros((2, 3))), r"boxes must be \(k, 4\); got shape \(2, 3\)"),
        (Targets(boxes=np.array([[0, 0, np.nan, 1]])), "box 0 is"),
        (Targets(boxes=np.zeros((2, 4)), box_label=np.zeros(3)), "box labels for 2 boxes"),
        (Targets(points=np.zeros(2)), r"points must be \(k, 2\)"),
        (Targets(mask=np.zeros((4, 4), np.int64)), "int32; got"),
        (
            Targets(mask=np.zeros((4, 5), np.uint8)),
            r"4 x 5 pixels \(height x width\) and the oriented image 8 x 6",
        ),
    ],
)
def test_targets_that_do_not_fit_say_why(targets, message):
    with pytest.raises(ValueError, match=message):
        targets.checked((8, 6))


def test_relative_targets_are_scaled():
    found = Targets(boxes=[[0, 0.5, 0.5, 1]], points=[[0.5, 0.25]], relative=True).checked((8, 6))
    assert found.boxes.tolist() == [[0, 4, 3, 8]]
    assert found.points.tolist() == [[3, 2]]


def test_sources_must_have_the_same_targets_throughout():
    plan = planned([], n=2)
    with pytest.raises(PipelineError, match="boxes for every sample"):
        move([Targets(boxes=np.zeros((1, 4))), Targets()], plan, Rules())
    assert move([Targets(), Targets()], plan, Rules()).boxes is None


class Dots(Source):
    """Images with a dot, an ellipse and their targets; one of them has no mask, and every second is turned."""

    def __init__(self, n=8, broken=(), turn=False):
        self.n, self.broken, self.turn = n, broken, turn
        self.labels = np.arange(n)
        self.sample_weight = np.linspace(0, 1, n, dtype=np.float32)

    def __len__(self):
        return self.n

    def read(self, index):
        picture = np.clip(dot((60, 80), 30 + index, 20, 4), 0, 255).astype(np.uint8)
        if not self.turn:
            return encoded(picture)
        orientation = 1 + index % 8
        stored = [
            *(picture, picture[:, ::-1], picture[::-1, ::-1], picture[::-1], picture.transpose(1, 0, 2)),
            *(np.rot90(picture), picture[::-1, ::-1].transpose(1, 0, 2), np.rot90(picture, -1)),
        ]
        return turned(np.ascontiguousarray(stored[orientation - 1]), orientation)

    def targets(self, index):
        if index in self.broken:
            raise FileNotFoundError
        x, y = 30 + index, 20
        mask = np.zeros((60, 80), np.uint8)
        mask[y - 5 : y + 5, x - 5 : x + 5] = index + 1
        return Targets(mask, [[x - 5, y - 5, x + 5, y + 5]] * (index % 3), np.full(index % 3, index), [[x, y]])


PIPELINE = Compose([t.Rotate(30), t.HorizontalFlip(), t.Shift((-0.1, 0.1)), t.Resize(50, 70)])


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_a_batch_has_the_targets_of_its_pictures(layout, turn):
    batch = next(iter(Loader(Dots(turn=turn), PIPELINE, 8, layout=layout)))
    assert batch.mask.shape == (8, 50, 70)
    assert batch.weight.tolist() == (batch.index / 7).astype(np.float32).tolist()
    for row, index in enumerate(batch.index.tolist()):
        picture = batch.image[row] if layout == "NHWC" else batch.image[row].transpose(1, 2, 0)
        picture = np.maximum(picture - 20, 0)
        (point,) = batch.points[row]
        assert np.abs(middle(picture) - point).max() < 0.5
        assert set(np.unique(batch.mask[row])) == {0, index + 1}
        assert np.abs(middle(batch.mask[row][..., None]) - point).max() < 0.5
        assert batch.boxes[row].shape == (index % 3, 4)
        assert batch.box_label[row].tolist() == [index] * (index % 3)
        for x0, y0, x1, y1 in batch.boxes[row]:
            assert np.abs(np.array([x0 + x1, y0 + y1]) / 2 - point).max() < 0.01


def test_a_sample_has_its_targets_in_any_batch():
    def by_index(batch_size):
        found = {}
        for batch in Loader(Dots(turn=True), PIPELINE, batch_size):
            for row, index in enumerate(batch.index.tolist()):
                found[index] = (batch.mask[row], batch.boxes[row], batch.points[row])
        return found

    one, two = by_index(8), by_index(3)
    assert one.keys() == two.keys()
    assert all(np.array_equal(a, b) for key in one for a, b in zip(one[key], two[key], strict=True))


@pytest.mark.filterwarnings("ignore:epoch")
def test_a_sample_without_its_mask_is_a_bad_sample():
    with pytest.raises(SampleError, match="its targets: the file does not exist"):
        list(Loader(Dots(broken=[3]), PIPELINE, 4))
    good = {b.index[0]: b for b in Loader(Dots(), PIPELINE, 1)}
    for broken in ([3], [0, 1, 2, 3, 4, 5, 6]):
        for batch in Loader(Dots(broken=broken), PIPELINE, 4, on_error="skip"):
            for row, index in enumerate(batch.index.tolist()):
                assert np.array_equal(batch.mask[row], good[index].mask[0])
                assert np.array_equal(batch.boxes[row], good[index].boxes[0])
                assert np.array_equal(batch.points[row], good[index].points[0])


def test_masks_may_be_files_whose_numbers_count(tmp_path):
    from PIL import Image

    numbers = np.arange(200, dtype=np.uint8).reshape(10, 20)
    palette = Image.fromarray(numbers).convert("P")
    palette.putpalette(np.random.default_rng(0).integers(0, 256, 768).astype(np.uint8).tobytes())
    palette.putdata(numbers.ravel().tolist())
    palette.save(tmp_path / "mask.png")
    assert np.array_equal(Targets((tmp_path / "mask.png").read_bytes()).checked((10, 20)).mask, numbers)
    wide = numbers.astype(np.uint16) * 300
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert np.array_equal(Targets((tmp_path / "wide.png").read_bytes()).checked((10, 20)).mask, wide)


def test_no_targets_are_no_targets():
    class Bare(Dots):
        targets = Source.targets

    batch = next(iter(Loader(Bare(), PIPELINE, 4)))
    assert (batch.mask, batch.boxes, batch.box_label, batch.points) == (None, None, None, None)
    assert scene(2, 2).shape == (2, 2, 3)
    assert TargetBatch().mask is None


MOVES = [
    t.HorizontalFlip(),
    t.VerticalFlip(),
    t.Rotate90(),
    t.Rotate(40, p=0.7),
    t.Shift((-0.2, 0.2), (-0.2, 0.2)),
    t.Shear((-20, 20)),
    t.Zoom((0.7, 1.3)),
    t.Perspective(0.1),
    t.RandomCrop(60, 50),
    t.Pad(7, fill=3),
    t.Resize(64, 80),
]
COLORS = [t.Invert(), t.Gamma((0.5, 2)), t.ColorJitter(0.2, 0.2, 0.2), t.Solarize(0.5)]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([*MOVES, *COLORS]), max_size=6), st.integers(0, 1000))
def test_points_go_the_same_way_fused_and_step_by_step_and_colors_move_nothing(transforms, seed):
    points, owner = np.random.default_rng(seed).uniform(0, 90, (20, 2)), np.repeat([0, 1], 10)
    whole = [*transforms, t.Resize(50, 50)]
    fused, stepwise = (planned(whole, n=2, seed=seed, fuse=fuse) for fuse in (True, False))
    moved = places(points, owner, fused)
    assert np.allclose(moved, places(points, owner, stepwise), atol=1e-6, equal_nan=True)
    plain = planned([one for one in whole if one not in COLORS], n=2, seed=seed)
    assert np.allclose(moved, places(points, owner, plain), atol=1e-6, equal_nan=True)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(MOVES), max_size=5), st.integers(0, 1000))
def test_a_box_holds_what_is_seen_of_its_inside(transforms, seed):
    """Every visible point of a box is in the moved box, or the box was dropped for showing too little."""
    rng = np.random.default_rng(seed)
    box = np.sort(rng.uniform(0, 90, (2, 2)), axis=0)
    plan = planned([*transforms, t.Resize(50, 50)], seed=seed)
    moved, kept = boxes_of(box.reshape(1, 4), np.zeros(1, np.int64), plan, 0.0)
    inside = places(rng.uniform(*box, (200, 2)), np.zeros(200, np.int64), plan)
    _, sources = plan.back(inside, 0)
    seen = inside[(sources == 0) & (inside >= 0).all(axis=1) & (inside <= 50).all(axis=1)]
    if len(kept):
        assert (seen >= moved[0, :2] - 1e-6).all()
        assert (seen <= moved[0, 2:] + 1e-6).all()
    else:
        assert not len(seen) or np.prod(box[1] - box[0]) < 1e-9
