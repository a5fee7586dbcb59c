"""Warps with a field: what merges with one, what it costs nobody else, and what is wrong with a wrong one."""

import re
from dataclasses import replace

import numpy as np
import pytest
from planned import assert_lawful, drawn_ops, fast, frame_of, kinds, pictures, plan_of, plans, shown

import augstream as aug
from augstream.engines import native
from augstream.errors import PipelineError
from augstream.plan.fuse import fuse
from augstream.plan.kinds.field import Field, coefficients
from augstream.plan.op import Frame
from augstream.plan.plan import verify
from augstream.plan.step import Step

SIZE = (64, 72)
IMAGES = pictures(4, *SIZE, odd=False)
FRAME = frame_of(IMAGES)
ELASTIC = aug.Elastic(0.05)


def coordinates(n=4, size=SIZE):
    """Images of their own coordinates: no resampling blurs them."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    return [np.stack([x, y, 0 * x], axis=2).astype(np.float32)] * n


ONE_PASS = [
    [aug.Rotate(20), ELASTIC, aug.Resize(50, 60)],
    [ELASTIC, aug.Perspective(0.2)],
    [aug.Perspective(0.2), ELASTIC],
    [aug.Rotate(20), aug.Twirl(40), aug.HorizontalFlip(p=1), aug.Rotate90(1), aug.Zoom(0.1)],
    [aug.Wave(0.03), aug.Shear(10), aug.VerticalFlip(p=1)],
    [aug.RandomCrop(50, 40), aug.GridDistortion(0.4), aug.Rotate(9)],
    [aug.Rotate(9), aug.GridShuffle(2), aug.HorizontalFlip(p=1)],
    [aug.Rotate(9), aug.PixelSpread(2), aug.HorizontalFlip(p=1)],
]


@pytest.mark.parametrize("row", ONE_PASS, ids=repr)
def test_warps_before_and_behind_a_field_are_one_with_it(row):
    frame = replace(FRAME, border="edge")
    ops = drawn_ops(row, frame)
    fused, steps = plan_of(ops, frame), plan_of(ops, frame, fused=False)
    assert kinds(fused) == [["Warp"]]
    assert len(steps.steps) == len(row)
    given = coordinates()
    for one, other in zip(shown(given, fused), shown(given, steps), strict=True):
        gap = np.abs(one - other).max(axis=2)
        # Steps interpolate what is bent, and blend what lies on both sides of an edge; Resize keeps no ramp exactly.
        assert np.median(gap) < 0.06
        assert (gap < 0.1).mean() > 0.7
    np.testing.assert_allclose(fast(given, fused), shown(given, fused), atol=0.01)


def test_the_merged_warp_looks_where_the_steps_look():
    row = [aug.Rotate(20), aug.Perspective(0.2), ELASTIC, aug.Perspective(0.2), aug.Resize(50, 60)]
    ops = drawn_ops(row, FRAME)
    points = np.random.default_rng(0).uniform(15, 40, (50, 2))
    for image in range(4):
        one, two = (plan_of(ops, FRAME, fused).back(points, image)[0] for fused in (True, False))
        inside = ~np.isnan(one).any(axis=1) & ~np.isnan(two).any(axis=1)
        assert inside.sum() > 20
        np.testing.assert_allclose(one[inside], two[inside], atol=1e-9)


def test_a_second_field_begins_a_pass():
    for row in ([ELASTIC, aug.Twirl()], [aug.GridShuffle(), ELASTIC], [aug.PixelSpread(), aug.GridShuffle()]):
        assert kinds(plan_of(drawn_ops(row, FRAME), FRAME)) == [["Warp"], ["Warp"]]


def test_what_lies_between_spread_pixels_is_seen_by_a_pass_of_its_own():
    plan = plan_of(drawn_ops([aug.PixelSpread(3), aug.Resize(32, 36)], FRAME), FRAME)
    assert kinds(plan) == [["Warp"], ["Warp"]]


@pytest.mark.parametrize(
    "row",
    [
        [aug.CenterCrop(40), aug.Elastic(0.05, fill=9)],
        [aug.CenterCrop(40), aug.Elastic(0.05, fill=9), aug.HorizontalFlip(p=1)],
        [aug.Pad(5, fill=200), aug.Elastic(0.05, fill=9), aug.Pad(4, fill=100)],
        [aug.CenterCrop(40), aug.Pad(6, fill=50), ELASTIC, aug.Invert(p=1), aug.Pad(3, fill=(1, 2, 3))],
        [ELASTIC, aug.Brightness(0.2), aug.Pad(7, fill=30), aug.VerticalFlip(p=1)],
    ],
    ids=repr,
)
def test_windows_before_and_behind_a_field(row):
    """Resampled once or twice: levels differ at edges only, and the core does what the reference does."""
    given, fused, steps = plans(row, IMAGES)
    assert len(fused.steps) == 1
    for one, other in zip(shown(given, fused), shown(given, steps), strict=True):
        assert np.median(np.abs(one - other)) < 0.5
        assert (np.abs(one - other) > 25).mean() < 0.05
    np.testing.assert_allclose(fast(given, fused), shown(given, fused), atol=0.02)


def test_colors_pass_a_field_and_curves_pass_one_that_keeps_pixels_whole():
    assert kinds(plan_of(drawn_ops([aug.Brightness(), ELASTIC], FRAME), FRAME)) == [["Warp", "Color"]]
    assert kinds(plan_of(drawn_ops([aug.Gamma(), aug.GridShuffle()], FRAME), FRAME)) == [["Warp", "Curve"]]
    assert kinds(plan_of(drawn_ops([aug.Gamma(), ELASTIC], FRAME), FRAME)) == [["Curve"], ["Warp"]]
    assert kinds(plan_of(drawn_ops([aug.RandomErasing(p=1, fill=3), aug.GridShuffle()], FRAME), FRAME)) == [
        ["Shapes"],
        ["Warp"],
    ]
    assert_lawful([aug.Gamma(), aug.Brightness(), aug.GridShuffle(), aug.HorizontalFlip()], IMAGES)


def test_mixes_take_a_field_where_no_region_is_tested():
    assert len(assert_lawful([ELASTIC, aug.CutMix()], IMAGES, range(3)).steps) == 1
    assert len(assert_lawful([ELASTIC, aug.CutMix(), aug.HorizontalFlip(p=1)], IMAGES, range(3)).steps) == 1
    _, fused, steps = plans([aug.CutMix(), ELASTIC], IMAGES, range(3))
    assert [len(group.steps) for group in fused.groups] == [len(group.steps) for group in steps.groups] == [2]
    _, fused, _ = plans([aug.MixUp(), ELASTIC], IMAGES, range(3))
    assert {len(group.steps) for group in fused.groups} == {1}
    assert_lawful([aug.MixUp(), ELASTIC], IMAGES, range(3), atol=1e-6)


def test_a_row_that_drew_none_is_planned_without():
    row = [aug.Elastic(0.05, p=0.5), aug.Resize(30, 30)]
    given, plan, _ = plans(row, pictures(8, *SIZE, odd=False))
    bare = plans([aug.Resize(30, 30)], given)[1]
    made, plain = fast(given, plan), fast(given, bare)
    bent = [plan.at(image)[0].steps[0].head.field is not None for image in range(8)]
    assert {True, False} == set(bent)
    for image in range(8):
        assert (made[image] == plain[image]).all() != bent[image]


def test_a_field_of_nothing_leaves_an_image_as_it_is():
    (op,) = drawn_ops([aug.Wave()], FRAME)
    off = op.where(np.array([True, False, True, False]), FRAME)
    assert off.idle(FRAME).tolist() == [False, True, False, True]
    made = fast(IMAGES, plan_of([off], FRAME))
    assert [bool((made[k] == IMAGES[k]).all()) for k in range(4)] == [False, True, False, True]
    (none,) = drawn_ops([aug.Elastic((0, 0))], FRAME)
    assert none.idle(FRAME).all()


def test_the_wire_of_a_warp_without_a_field_is_what_it_was():
    (turn,), (bent,) = drawn_ops([aug.Rotate()], FRAME), drawn_ops([ELASTIC], FRAME)
    assert len(turn.wire(3)) == 8
    assert len(bent.wire(3)) == 9


@pytest.mark.parametrize("row", ONE_PASS, ids=repr)
def test_the_decoder_reads_all_that_is_looked_at(row):
    size = (400, 300)
    frame = Frame(np.array([size] * 4), border="edge")
    ops = [*drawn_ops(row, frame)]
    corner = aug.CenterCrop(30, 20)
    (crop,) = drawn_ops([corner], replace(frame, size=ops[-1].size))
    plan = plan_of([*ops, crop], frame)
    for image in range(4):
        top, bottom, left, right, denominator = native.hint(plan, image, size)
        assert denominator == (1 if row[-1] != aug.Resize(50, 60) else 2)
        y, x = np.mgrid[:30, :20].reshape(2, -1) + 0.5
        places, _ = plan.back(np.stack([x, y], axis=1), image)
        places = places[~np.isnan(places).any(axis=1)]
        assert (places >= (left, top)).all()
        assert (places <= (right, bottom)).all()
        assert (bottom - top) * (right - left) < 0.8 * 400 * 300 or row[1:2] == [aug.GridShuffle(2)]


def test_the_decoder_scales_what_is_bent_and_shrunk():
    frame = Frame(np.array([(800, 800)] * 2))
    plan = plan_of(drawn_ops([ELASTIC, aug.Resize(60, 60)], frame), frame)
    assert native.hint(plan, 0, (800, 800))[4] == 4
    assert native.scales(plan, frame.size).tolist() == [4, 4]


def nan(values):
    values = values.copy()
    values.reshape(-1)[-1] = np.nan
    return values


WRONG = {
    "a field of two": lambda f: replace(f, nodes=f.nodes[:2]),
    "no number": lambda f: replace(f, nodes=nan(f.nodes)),
    "too few nodes": lambda f: replace(f, nodes=f.nodes[:, :3]),
    "too many nodes": lambda f: replace(f, nodes=np.zeros((4, 600, 4, 2))),
    "no box": lambda f: replace(f, box=f.box[:, [2, 1, 0, 3]]),
    "no matrix": lambda f: replace(f, matrix=nan(f.matrix)),
    "a key": lambda f: replace(f, key=np.zeros(4, np.uint64)),
    "pixels without key": lambda f: replace(f, kind="pixels", nodes=np.ones((4, 1, 1, 2))),
    "tiles that go half a pixel": lambda f: replace(f, kind="tiles", nodes=np.full((4, 2, 2, 2), 0.5)),
    "pixels that go back": lambda f: replace(
        f, kind="pixels", nodes=np.full((4, 1, 1, 2), -1.0), key=np.zeros(4, np.uint64)
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_is_found(name):
    (op,) = drawn_ops([ELASTIC], FRAME)
    plan = fuse([op], FRAME)
    (group,) = plan.groups
    step = Step(replace(op, field=WRONG[name](op.field)))
    plan = replace(plan, groups=(group._replace(steps=(step,)),))
    with pytest.raises(PipelineError, match=r"Step 0 of the plan is wrong in: .*warp\.field\."):
        verify(plan)
    if name != "a key":  # which the core does not look at
        with pytest.raises(ValueError, match="the plan's Warp"):
            native.run(IMAGES, plan)


def test_a_bent_window_needs_a_field():
    plan = fuse(drawn_ops([aug.CenterCrop(40), aug.Elastic(0.05, fill=9)], FRAME), FRAME)
    (step,) = plan.steps
    assert step.head.windows[0].bent
    with pytest.raises(PipelineError, match=r"warp\.windows"):
        verify(fuse([replace(step.head, field=None)], FRAME))


def test_text():
    said = {
        ELASTIC: r"bent by 8 x 8 points of up to \[[\d.]+ [\d.]+\], border",
        aug.Wave(): r"bent by 4 x 131 points of up to \[0 [\d.]+\], then \[.*\], border",
        aug.GridShuffle(2, 3): r"2 x 3 tiles moved by up to \[48 32\], border any, whole pixels",
        aug.PixelSpread(2): r"pixels spread by up to \[2 2\], key [0-9a-f]{16}, border any, whole pixels",
    }
    for transform, text in said.items():
        (op,) = drawn_ops([transform], FRAME)
        assert re.search(rf"^Warp   \[.*\] to 64 x 72, {text}", op.text(0)), op.text(0)


def test_splines_go_through_their_values():
    values = np.random.default_rng(1).normal(size=(2, 9, 7, 2))
    field = Field(coefficients(values), np.array([[0.0, 0, 4, 6]] * 2), np.stack([np.eye(3)] * 2))
    y, x = np.mgrid[:7, :5].reshape(2, -1).astype(float)
    points = np.stack([x, y], axis=1)
    for image in range(2):
        shift = field.displaced(points, np.full(35, image)) - points
        np.testing.assert_allclose(shift, values[image, 1:8, 1:6].reshape(-1, 2), atol=1e-9)


def test_a_place_that_nothing_shows_or_that_is_shown_twice_comes_out_finite():
    nodes = np.zeros((1, 5, 5, 2))
    nodes[0, 2, 2] = 90
    field = Field(nodes, np.array([[0.0, 0, 64, 64]]), np.eye(3)[None])
    points = np.random.default_rng(2).uniform(-20, 90, (500, 2))
    assert np.isfinite(field.undone(points, np.zeros(500, int))).all()
