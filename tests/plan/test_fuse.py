"""Each identity of `fuse` by plain evaluation, and what it must never do."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from examples import everything, gray
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plane import assert_same_ops, assert_same_plan, assert_same_sight, grid, look, merged, ramp, shape, structure

import augstream as aug
from augstream.engines import reference
from augstream.plan.fuse import fuse, layout, unfused
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame
from augstream.plan.plan import Plan, verify
from augstream.plan.step import Group
from augstream.rng import Rng, gather, successors
from augstream.transforms.compose import rng_for

N = 6
FRAME = Frame(np.array([[60, 80], [50, 50], [41, 77], [90, 30], [64, 64], [33, 35]]))


def ops(*transforms, frame=FRAME, **compose):
    return list(aug.Compose(transforms, **compose).ops(rng_for(0, 0, np.arange(len(frame))), frame))


def kinds(row):
    """What an image goes through to which every op does something."""
    return [[type(op).__name__ for op in one.ops] for one in merged(row)]


ROTATE, SHIFT, ZOOM = aug.Rotate(20), aug.Shift(0.1, 0.1), aug.Zoom(0.2)
FLIP, TURN, CROP, PAD = aug.HorizontalFlip(p=1), aug.Rotate90(), aug.CenterCrop(30, 28), aug.Pad(3)
TINT, DIM = aug.ColorJitter(0.1, 0.1, 0.2, 0.1), aug.Brightness(0.1)
GAMMA, STEPS, RESIZE, NORMALIZE = aug.Gamma(0.3), aug.Posterize((3, 6)), aug.Resize(24, 20), aug.Normalize()


@pytest.mark.parametrize(
    "transforms",
    [
        (ROTATE, SHIFT),
        (ROTATE, SHIFT, ZOOM, aug.Shear(10), aug.Perspective(0.1), RESIZE),
        (ROTATE, FLIP, TURN, CROP),
        (FLIP, ROTATE, PAD, ROTATE),
        (FLIP, aug.Rotate(10, border="edge"), FLIP),
        (ROTATE, aug.Rotate(20, fill=9)),
        (aug.Rotate(20, fill=(1, 2, 3)), aug.Rotate(20, fill=(1, 2, 4))),
        (CROP, PAD, ROTATE),
    ],
)
def test_1_warps_multiply(transforms):
    row = ops(*transforms)
    plan = fuse(row, FRAME)
    assert kinds(row) == [["Warp"]]
    assert_same_sight(row, plan, FRAME, least=0.3)


@pytest.mark.parametrize(
    "transforms",
    [
        (ROTATE, aug.Rotate(20, border="edge")),
        (ROTATE, aug.Rotate(20, interpolation="nearest")),
        (aug.Rotate(10, border="edge"), FLIP, aug.Zoom(0.1, border="edge")),
    ],
)
def test_1_warps_that_disagree_stay_apart(transforms):
    assert kinds(ops(*transforms)) == [["Warp"], ["Warp"]]


def test_1_what_is_not_antialiased_stays_apart_from_what_is():
    (turn,), (flip,) = ops(ROTATE), ops(FLIP)
    hard = replace(turn, antialias=False)
    assert len(fuse([turn, hard], FRAME).steps) == 2
    for row in ([hard, flip], [flip, hard], [flip, hard, flip, hard]):
        (one,) = fuse(row, FRAME).steps
        assert not one.head.antialias
    assert "not antialiased" in str(fuse([hard], FRAME))


def test_1_the_border_and_the_interpolation_are_those_of_the_one_that_has_some():
    for row in (ops(FLIP, aug.Rotate(fill=7)), ops(aug.Rotate(fill=7), FLIP)):
        (one,) = fuse(row, FRAME).steps
        assert (one.head.border, one.head.interpolation) == ("constant", "bilinear")
        assert (one.head.fill == 7).all()


@pytest.mark.parametrize(
    "transforms",
    [
        (TINT, DIM),
        (DIM, aug.Contrast(0.1), TINT, aug.ChannelShift(0.05)),
        (DIM, NORMALIZE),
        (NORMALIZE, aug.Rescale(3)),
    ],
)
def test_2_colors_multiply(transforms):
    row = ops(*transforms)
    plan = fuse(row, FRAME)
    assert kinds(row) == [["Color"]]
    assert_same_sight(row, plan, FRAME, least=0.3)


def test_2_a_map_of_the_levels_maps_the_clip_before_it():
    bright = aug.Brightness((9, 9))
    for levels in (aug.Normalize(), aug.Rescale(0.5, offset=3)):
        row = ops(bright, levels)
        (one,) = fuse(row, FRAME).steps
        seen, _ = look(row, FRAME, 0, ramp(3), grid((60, 80)))
        other, _ = look([one.points[0]], FRAME, 0, ramp(3), grid((60, 80)))
        np.testing.assert_allclose(other, seen)
    turned = Color(np.tile(-np.eye(3, 4), (N, 1, 1)), None)
    (one,) = fuse([*ops(bright), turned], FRAME).steps
    assert one.points[0].clip[0, 0].tolist() == [-255, 0]


def test_2_the_last_clip_wins():
    (one,) = fuse(ops(aug.Brightness((3, 3)), aug.Brightness((0.25, 0.25))), FRAME).steps
    np.testing.assert_allclose(one.points[0].matrix[0, 0], [0.75, 0, 0, 0])
    assert one.points[0].clip[0, 0].tolist() == [0, 255]


@pytest.mark.parametrize("second", [GAMMA, STEPS, aug.Solarize(0.5)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_3_a_curve_is_looked_up_in_steps(second, channels):
    frame = replace(FRAME, channels=channels)
    row = ops(STEPS, second, frame=frame)
    plan = fuse(row, frame)
    assert kinds(row) == [["Curve"]]
    assert plan.ops[0].steps
    assert_same_sight(row, plan, frame, least=1)


@pytest.mark.parametrize("second", [GAMMA, STEPS])
def test_3_but_not_in_a_linear_curve(second):
    row = ops(GAMMA, second)
    assert kinds(row) == [["Curve", "Curve"]]


@pytest.mark.parametrize("border", ["constant", "edge"])
@pytest.mark.parametrize(
    "transforms", [(TINT, ROTATE), (ROTATE, TINT, SHIFT, DIM, ZOOM, NORMALIZE), (TINT, RESIZE), (DIM, CROP)]
)
def test_4_a_warp_moves_before_a_color(transforms, border):
    row = ops(*transforms, border=border)
    plan = fuse(row, FRAME)
    assert kinds(row) == [["Warp", "Color"]]
    assert_same_sight(row, plan, FRAME, least=0.2)


@pytest.mark.parametrize("color", [TINT, aug.ColorJitter(0.4, 0.4, 0.4, 0.1), aug.Invert(), NORMALIZE])
@pytest.mark.parametrize("fill", [0, 200, (10, 100, 250)])
def test_4_a_constant_fill_looks_as_asked_behind_the_color(color, fill):
    away = aug.Shift(x=(2, 2), fill=fill)
    for row in (ops(color, away), ops(away, color, away), ops(color, FLIP, away, FLIP)):
        plan = fuse(row, FRAME)
        assert len(plan.steps) == 1
        for sample in range(N):
            seen, _ = look(plan.ops, FRAME, sample, ramp(3), grid((9, 9)))
            np.testing.assert_allclose(seen, np.broadcast_to(fill, seen.shape), atol=1e-9)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(
    "color", [aug.Contrast((0, 0)), aug.Grayscale(p=1), aug.Saturation((0, 0)), aug.Brightness((0, 0))]
)
def test_4_a_fill_behind_a_color_that_loses_something_is_as_near_as_can_be(color, channels):
    frame = replace(FRAME, channels=channels)
    row = ops(color, aug.Shift(x=(2, 2), fill=100), frame=frame)
    plan = fuse(row, frame)
    assert len(plan.steps) == 1
    verify(plan)
    seen, _ = look(plan.ops, frame, 0, ramp(channels), grid((9, 9)))
    expected = {"Contrast": 127.5, "Brightness": 0}.get(type(color).__name__, 100)
    np.testing.assert_allclose(seen[:, : 3 if channels == 4 else channels], expected, atol=1e-9)


def test_4_a_fill_is_found_sample_by_sample():
    """With one lossy sample in the batch, the others' fills are still bit for bit their own."""
    row = ops(aug.Contrast((1, 1)), aug.Shift(x=(2, 2), fill=(1, 2, 3)))
    row[0].matrix[2, :, :3] *= np.linspace(0, 1, N)[2] / 1e9
    everyone = fuse(row, FRAME)
    for sample in range(N):
        alone = [
            replace(op, **{k: v[[sample]] for k, v in vars(op).items() if isinstance(v, np.ndarray)}) for op in row
        ]
        assert_same_ops(everyone.ops, fuse(alone, Frame(FRAME.size[[sample]])).ops, [sample])


@pytest.mark.parametrize("moves", [(FLIP,), (TURN,), (FLIP, TURN, aug.VerticalFlip()), (aug.Rotate90(2),)])
@pytest.mark.parametrize("points", [(GAMMA,), (STEPS, GAMMA), (TINT, GAMMA, DIM)])
def test_5_whole_pixels_move_before_anything_pointwise(moves, points):
    row = ops(ROTATE, *points, *moves)
    plan = fuse(row, FRAME)
    assert len(plan.steps) == 1
    assert_same_sight(row, plan, FRAME, least=0.2)


def test_5_a_crop_that_may_look_outside_moves_where_its_border_repeats_the_picture():
    assert len(fuse(ops(GAMMA, CROP, border="edge"), FRAME).steps) == 1
    assert len(fuse(ops(GAMMA, CROP, border="constant"), FRAME).steps) == 2


@pytest.mark.parametrize("warp", [ROTATE, RESIZE, aug.RandomResizedCrop(20)])
def test_5_a_curve_stays_before_what_looks_between_pixels(warp):
    row = ops(GAMMA, warp)
    assert kinds(row) == [["Curve"], ["Warp"]]
    assert kinds(ops(ROTATE, GAMMA, TINT, warp, DIM)) == [["Warp", "Curve", "Color"], ["Warp", "Color"]]


def test_the_border_of_the_last_warp_is_seen():
    row = ops(aug.Shift(x=(2, 2)), DIM, aug.Shift(x=(-2, -2)), border="edge")
    (one,) = fuse(row, FRAME).steps
    np.testing.assert_allclose(one.head.matrix, np.broadcast_to(np.eye(3), (N, 3, 3)), atol=1e-12)


def test_what_the_user_asked_for_decides_not_what_it_became():
    """The fill of a merged warp is another number by now; it is compared as it was given, also when fused again."""
    row = ops(ROTATE, aug.Invert(), ROTATE, aug.Rotate(20, fill=255))
    plan = fuse(row, FRAME)
    assert kinds(row) == [["Warp", "Color"]]
    head = plan.steps[0].head
    assert (head.fill == 255).all()
    assert [(window.fill == 0).all() for window in head.windows] == [True]
    assert_same_plan(fuse(plan.ops, FRAME), plan)


def test_1_an_image_is_cut_where_a_border_was_written_behind_it():
    """All of what a crop leaves out is behind the fill of a Pad; a border that nobody wrote shows it again."""
    (one,) = fuse(ops(CROP, PAD), FRAME).steps
    (window,) = one.head.windows
    assert window.size.tolist() == [[30, 28]] * N
    points = np.array([[1.0, 1], [4, 4], [33.5, 31]])
    seen, _ = look([one.head], FRAME, 0, ramp(3), points)
    np.testing.assert_allclose(seen[[0, 2]], 0)
    assert (seen[1] > 0).all()
    (one,) = fuse(ops(CROP, aug.CenterCrop(36, 34)), FRAME).steps
    assert one.head.windows == ()
    seen, _ = look([one.head], FRAME, 0, ramp(3), points)
    assert (seen > 0).all()


def test_1_a_written_border_that_goes_on_begins_a_pass_unless_all_of_the_image_is_there():
    mirrored = aug.Pad(3, border="reflect")
    assert kinds(ops(CROP, mirrored)) == [["Warp"], ["Warp"]]
    assert kinds(ops(FLIP, RESIZE, mirrored)) == [["Warp"]]
    assert kinds(ops(CROP, PAD, border="edge")) == [["Warp"], ["Warp"]]


def test_a_merged_warp_keeps_what_was_asked_when_others_join_later():
    plan = fuse(ops(ROTATE, TINT, ROTATE), FRAME)
    assert plan.steps[0].head.seen is not None
    for more in ([FLIP], [ROTATE], [DIM, ROTATE]):
        late = ops(*more)
        whole = fuse([*ops(ROTATE, TINT, ROTATE), *late], FRAME)
        joined = fuse([*plan.ops, *late], FRAME)
        assert structure(joined) == structure(whole)
        for one, other in zip(joined.ops, whole.ops, strict=True):
            for name in ("matrix", "fill"):
                if hasattr(one, name):
                    np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-9)


def test_a_warp_whose_border_began_a_pass_does_so_when_fused_again():
    plan = fuse(ops(aug.RandomResizedCrop(20), aug.Rotate(10, border="symmetric"), ZOOM), FRAME)
    assert len(plan.steps) == 2
    assert_same_plan(fuse(plan.ops, FRAME), plan)


@pytest.mark.parametrize("mix", [(), (aug.MixUp(),)])
def test_a_border_of_a_transform_that_passes_an_image_over_is_not_seen_in_it(mix):
    n, size = 12, (40, 40)
    crop, away = aug.CenterCrop(20), aug.Shift(x=(0.4, 0.4))
    images = [np.full((*size, 3), 100, np.uint8)] * (n + 1)
    with_it, without = ([crop, *mix, *some, away] for some in ([aug.Rotate((45, 45), fill=255, p=0.5)], []))
    index, crowd = gather(np.arange(n), aug.Compose(with_it).mixers, successors)
    frame = aug.Frame(np.tile(size, (len(index), 1)))
    one, other = (aug.Compose(some).plan(0, 0, index, frame, crowd) for some in (with_it, without))
    passed = ~Rng(0, 0, np.arange(n), "Rotate.0").chance("apply", 0.5)
    assert 0 < passed.sum() < n
    for row, (seen, plain) in enumerate(zip(reference.run(images, one), reference.run(images, other), strict=True)):
        assert np.allclose(seen, plain) == passed[row]


def test_curves_merge_for_an_image_alone_as_beside_others():
    sometimes = aug.Compose([aug.Posterize((3, 6), p=0.5), aug.Posterize((3, 6), p=0.5)])
    n = 12
    everyone = sometimes.plan(0, 0, np.arange(n), aug.Frame(np.full((n, 2), 9)))
    both = 0
    for row in range(n):
        group, _ = everyone.at(row)
        alone = sometimes.plan(0, 0, np.array([row]), aug.Frame(np.full((1, 2), 9)))
        assert structure(alone) == structure(replace(everyone, groups=(group,)))
        both += all(op.on.all() for op in sometimes.ops(rng_for(0, 0, np.array([row])), alone.frame_in))
    assert both


def test_unfused_is_one_step_per_op():
    row = ops(ROTATE, SHIFT, TINT, GAMMA, RESIZE)
    plan = unfused(row, FRAME)
    assert [len(one.ops) for one in plan.steps] == [1] * 5
    assert_same_ops(plan.ops, row)
    pipeline = aug.Compose([ROTATE, SHIFT, RESIZE], fuse=False)
    assert len(pipeline.plan(0, 0, np.arange(N), FRAME).steps) == 3


def test_nothing_is_an_empty_plan():
    plan = fuse([], FRAME)
    assert plan.steps == ()
    assert plan.frame_out is FRAME
    assert str(plan) == "nothing to do"


def test_frames_before_and_after():
    plan = fuse(ops(RESIZE, NORMALIZE), FRAME)
    assert plan.frame_in is FRAME
    assert plan.frame_out.size.tolist() == [[24, 20]] * N
    assert plan.frame_out.peak is None
    assert fuse(ops(aug.Rescale(1 / 255)), FRAME).frame_out.peak == pytest.approx(1)


def test_ops_are_left_as_they_are():
    row = ops(TINT, ROTATE, STEPS, GAMMA, FLIP, DIM, NORMALIZE)
    copies = [replace(op, **{k: v.copy() for k, v in vars(op).items() if isinstance(v, np.ndarray)}) for op in row]
    fuse(row, FRAME)
    assert_same_ops(row, copies)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (Warp(np.zeros((N, 3, 2)), FRAME.size), "warp.matrix"),
        (Warp(np.full((N, 3, 3), np.nan), FRAME.size), "warp.matrix"),
        (Warp(np.ones((N, 3, 3), np.float32), FRAME.size), "warp.matrix"),
        (Warp(np.ones((N, 3, 3)), FRAME.size * 0), "warp.size"),
        (Warp(np.ones((N, 3, 3)), FRAME.size, "constant"), "warp.fill"),
        (Warp(np.ones((N, 3, 3)), FRAME.size, "constant", np.zeros((N, 2))), "warp.fill"),
        (Color(np.zeros((N, 4, 5)), None), "color.matrix"),
        (Color(np.zeros((N, 3, 4)), np.zeros((N, 2))), "color.clip"),
        (Curve(np.zeros((N, 2, 256)), 255.0), "curve.table"),
    ],
)
def test_verify_finds_what_is_wrong(wrong, name):
    with pytest.raises(aug.PipelineError, match=name):
        verify(unfused([wrong], FRAME))


def test_fused_is_step_by_step_on_a_linear_ramp_in_pixels():
    """Bilinear is exact there, so both ways must agree to the last digits, away from the borders."""
    size, n = (120, 140), 8
    frame = Frame(np.tile([size], (n, 1)))
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    picture = ramp(3)(np.column_stack([x.ravel(), y.ravel()])).reshape(*size, 3)
    shrunk = aug.Zoom((1.05, 1.3))  # never shrinks: a blur against aliasing is no interpolation
    row = ops(
        aug.Rotate(8), DIM, shrunk, aug.Shift(0.02, 0.02), TINT, aug.HorizontalFlip(), aug.CenterCrop(60), frame=frame
    )
    fused, stepwise = fuse(row, frame), unfused(row, frame)
    assert len(fused.steps) == 1
    for one, other in zip(reference.run([picture] * n, fused), reference.run([picture] * n, stepwise), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


# Pipelines, not pixels.

LEVELS = (aug.Normalize, aug.Rescale)
MEMBERS = [
    gray(transform)
    for transform in everything()
    if not isinstance(transform, (*LEVELS, aug.Compose)) and not transform.mixers
]


def pointwise(transform):
    """Whether its ops are functions of a point of the plane that `plane.look` knows."""
    sizes = np.array([(40, 50)] * 3)
    for op in transform.ops(Rng(0, 0, np.arange(3), "T"), aug.Frame(sizes)):
        known = isinstance(op, Warp | Color | Curve) or (isinstance(op, Shapes) and op.filling == "constant")
        if not known or op.statistic:
            return False
    return True


POINTWISE = [one for one in MEMBERS if pointwise(one)]
POINTWISE += [aug.RandomErasing(fill=9, count=3, hide=True)]


@st.composite
def transforms(draw, members, depth=2):
    kind = draw(st.integers(0, 9)) if depth else 9
    if kind > 2:
        transform = draw(st.sampled_from(members))
        return replace(transform, p=draw(st.sampled_from([0, 0.5, 1])))
    inside = draw(st.lists(transforms(members, depth - 1), min_size=1, max_size=3))
    container = (aug.Compose, aug.OneOf, aug.SomeOf)[kind]
    return container(inside, p=draw(st.sampled_from([0.5, 1])))


@st.composite
def pipelines(draw, members=MEMBERS):
    members = draw(st.lists(transforms(members), max_size=6))
    members += draw(st.lists(st.sampled_from([aug.Normalize(0.4, 0.3), aug.Rescale(1 / 255)]), max_size=1))
    border = draw(st.sampled_from(["constant", "edge", "symmetric", None]))
    return aug.Compose(members, border=border)


law = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
some_frames = st.sampled_from([replace(FRAME, channels=channels) for channels in (1, 3, 4)])


def drawn(pipeline, frame, seed=0, rows=None):
    """Ops for all samples or for some rows; no zero divided, no overflow on the way."""
    rows = np.arange(len(frame)) if rows is None else np.asarray(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row = list(pipeline.ops(Rng(seed, 0, rows), replace(frame, size=frame.size[rows])))
        return row, fuse(row, replace(frame, size=frame.size[rows]))


@law
@given(pipelines(), some_frames)
def test_a_plan_is_sound_and_fused_twice_the_same(pipeline, frame):
    _, plan = drawn(pipeline, frame)
    verify(plan)
    for group in plan.groups:
        again = merged([op for step in group.steps for op in step.ops])
        assert_same_plan(Plan((group._replace(steps=again),), frame, plan.frame_out), replace(plan, groups=(group,)))


@law
@given(pipelines(), some_frames, st.integers(0, 2**31))
def test_what_ops_may_merge_to_does_not_depend_on_what_is_drawn(pipeline, frame, seed):
    one, two = (drawn(pipeline, frame, *how)[0] for how in ((), (seed, [2])))
    alone = replace(frame, size=frame.size[[2]])
    first, second = (
        [[shape(op) for op in step.ops] for step in steps] for steps in (layout(one, frame), layout(two, alone))
    )
    assert first == second


@law
@given(pipelines(), some_frames, st.integers(0, N - 1))
def test_a_sample_is_planned_alone_as_in_a_batch(pipeline, frame, sample):
    _, plan = drawn(pipeline, frame)
    _, alone = drawn(pipeline, frame, rows=[sample])
    group, at = plan.at(sample)
    assert structure(replace(plan, groups=(group,))) == structure(alone)
    assert_same_ops([op for step in group.steps for op in step.ops], alone.ops, [at], [0])


@law
@given(pipelines(POINTWISE), some_frames)
def test_a_plan_shows_what_the_ops_show(pipeline, frame):
    row, plan = drawn(pipeline, frame)
    assert_same_sight(row, plan, frame)


@law
@given(pipelines())
def test_any_pipeline_can_be_stored_and_printed(pipeline):
    assert eval(repr(pipeline), dict(vars(aug))) == pipeline
    assert aug.Compose.from_json(pipeline.to_json()) == pipeline
    assert str(pipeline)
    assert str(pipeline.explain((40, 50)))


def test_a_plan_that_is_wrong_would_be_noticed():
    row, plan = drawn(aug.Compose([ROTATE, TINT, SHIFT]), FRAME)
    (one,) = plan.steps
    wrong = replace(one.head, matrix=one.head.matrix @ np.diag([1, 1.001, 1]))
    with pytest.raises(AssertionError):
        assert_same_sight(row, [wrong, *one.points], FRAME)
    with pytest.raises(AssertionError):
        assert_same_plan(Plan((Group(None, None, (replace(one, head=wrong),)),), FRAME, plan.frame_out), plan)
