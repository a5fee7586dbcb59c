"""The table of kinds is open: one that the package has never heard of goes through all of it but the core."""

import re
from dataclasses import replace

import numpy as np
import pytest
from plan.blink import Blink
from planned import drawn_ops, fast, frame_of, inputs_of, kinds, pictures, plan_of, shown

import augstream as aug
from augstream.engines import native
from augstream.errors import PipelineError
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.filter import Filter
from augstream.plan.kinds.impulse import Impulse
from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.noise import Noise
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.table import KINDS
from augstream.plan.kinds.warp import Warp, Window
from augstream.plan.op import Op
from augstream.plan.plan import verify
from augstream.plan.step import Group, Step
from augstream.transforms.compose import Compose
from augstream.transforms.explanation import Explanation, count
from augstream.transforms.transform import catalogue

IMAGES = pictures(4, 32, 40, odd=False)
FRAME = frame_of(IMAGES)


@pytest.fixture
def transform():
    """Blink as a transform; taken out of the catalogue again."""

    class Blinking(aug.Transform):
        """Dim every other pixel."""

        sentence = "Dim every other pixel"

        def draw(self, rng, frame):
            yield Blink(rng.uniform("gain", 0.2, 0.5))

    yield Blinking
    for name in [name for name, cls in catalogue.items() if cls is Blinking]:
        del catalogue[name]


class TestAKindOfSomebodyElse:
    def test_joins_the_pass_and_merges_with_nothing(self, transform):
        row = [aug.HorizontalFlip(p=1), aug.Brightness(), transform(), transform(), aug.Invert(p=1)]
        plan = plan_of(drawn_ops(row, FRAME), FRAME)
        assert kinds(plan) == [["Warp", "Color", "Blink", "Blink", "Color"]]
        steps = plan_of(drawn_ops(row, FRAME), FRAME, fused=False)
        for one, other in zip(shown(IMAGES, plan), shown(IMAGES, steps), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)

    def test_lets_no_warp_pass(self, transform):
        plan = plan_of(drawn_ops([aug.VerticalFlip(p=1), transform(), aug.HorizontalFlip(p=1)], FRAME), FRAME)
        assert kinds(plan) == [["Warp", "Blink"], ["Warp"]]

    def test_costs_only_the_rows_that_drew_it(self, transform):
        plan = plan_of(drawn_ops([transform(p=0.5)], FRAME, seed=1), FRAME)
        assert {str(kinds(plan, row)) for row in range(4)} == {"[['Blink']]", "[]"}
        made = shown(IMAGES, plan)
        for row in range(4):
            assert (np.abs(made[row] - IMAGES[row]).max() > 1) == bool(kinds(plan, row))

    def test_goes_into_mixes_and_containers(self, transform):
        row = [aug.OneOf([transform(), aug.Invert(p=1)]), aug.MixUp(), transform()]
        inputs, crowd = inputs_of(row, range(3))
        plan = Compose(row).plan(1, 0, inputs, FRAME, crowd)
        verify(plan)
        assert all(np.isfinite(picture).all() for picture in shown(IMAGES, plan))

    def test_is_verified(self, transform):
        (op,) = drawn_ops([transform()], FRAME)
        plan = plan_of([op], FRAME)
        for gain in (op.gain[:2], np.full(4, np.nan)):
            wrong = replace(plan, groups=(Group(None, None, (Step(None, (Blink(gain),)),)),))
            with pytest.raises(PipelineError, match=r"Step 0 of the plan is wrong in: blink\.gain"):
                verify(wrong)

    def test_is_printed_and_explained(self, transform):
        pipeline = aug.Compose([transform(), aug.HorizontalFlip(p=1)])
        assert "Dim every other pixel" in str(pipeline)
        assert str(pipeline).endswith("1 warp -> 1, 1 blink -> 1, 2 passes")
        assert "Blink  every other pixel times 0." in str(pipeline.explain((32, 40)))
        assert aug.Compose.from_json(pipeline.to_json()) == pipeline

    def test_the_core_says_that_it_has_none(self, transform):
        plan = plan_of(drawn_ops([transform()], FRAME), FRAME)
        with pytest.raises(PipelineError, match="The native engine has no op of the kind Blink"):
            native.run(IMAGES, plan)
        with pytest.raises(PipelineError, match="Blink"):
            aug.Compose([transform()])(IMAGES[0])
        with pytest.raises(PipelineError, match="Blink"):
            native.scales(plan, FRAME.size)
        row = [transform(), aug.MixUp()]
        inputs, crowd = inputs_of(row, range(2))
        inside = Compose(row).plan(1, 0, inputs, frame_of(IMAGES[:3]), crowd)
        with pytest.raises(PipelineError, match="Blink"):
            native.run(IMAGES[:3], inside)

    def test_other_mistakes_of_the_core_are_not_taken_for_it(self):
        plan = plan_of(drawn_ops([aug.Invert(p=1)], FRAME), FRAME)
        (group,) = plan.groups
        short = replace(plan, groups=(group._replace(steps=tuple(step.take(np.arange(2)) for step in group.steps)),))
        with pytest.raises(ValueError, match="Color") as caught:
            native.run(IMAGES, short)
        assert not isinstance(caught.value, PipelineError)


OPS = {
    Warp: [aug.Rotate(20, fill=9)],
    Color: [aug.Brightness()],
    Curve: [aug.Gamma(0.5)],
    Filter: [aug.GaussianBlur((1, 2), fill=7)],
    Noise: [aug.GaussianNoise()],
    Shapes: [aug.RandomErasing(p=1, fill=3)],
    Mix: [aug.CutMix()],
    Impulse: [aug.SaltAndPepper()],
}


def plan_with(kind):
    """A plan of one op of this kind for three results, and the op."""
    inputs, crowd = inputs_of(OPS[kind], range(3))
    plan = Compose(OPS[kind]).plan(1, 0, inputs, frame_of(IMAGES[: len(inputs)]), crowd)
    verify(plan)
    (step,) = plan.steps
    (op,) = step.ops
    return plan, op


def with_op(plan, op):
    (group,) = plan.groups
    step = Step(op) if op.head else Step(None, (op,))
    return replace(plan, groups=(group._replace(steps=(step,)),))


def nan(values):
    values = values.copy()
    values.reshape(-1)[-1] = np.nan
    return values


WRONG = {
    "a matrix too few": (Warp, lambda op: {"matrix": op.matrix[:2]}, "warp.matrix"),
    "no number": (Warp, lambda op: {"matrix": nan(op.matrix)}, "warp.matrix"),
    "no size": (Warp, lambda op: {"size": op.size * 0}, "warp.size"),
    "fractional size": (Warp, lambda op: {"size": op.size * 1.0}, "warp.size"),
    "no fill": (Warp, lambda op: {"fill": None}, "warp.fill"),
    "fill of two": (Warp, lambda op: {"fill": np.zeros((3, 2))}, "warp.fill"),
    "fill without border": (Warp, lambda op: {"border": "edge"}, "warp.fill"),
    "a window of one": (
        Warp,
        lambda op: {"windows": (Window(op.matrix[:1], op.size, np.zeros((3, 1))),)},
        "warp.windows",
    ),
    "a window's fill": (
        Warp,
        lambda op: {"windows": (Window(op.matrix, op.size, np.full((3, 1), np.inf)),)},
        "warp.windows",
    ),
    "a window without size": (
        Warp,
        lambda op: {"windows": (Window(op.matrix, op.size * 0, np.zeros((3, 1))),)},
        "warp.windows",
    ),
    "color": (Color, lambda op: {"matrix": op.matrix[:, :2]}, "color.matrix"),
    "clip": (Color, lambda op: {"clip": nan(op.clip)}, "color.clip"),
    "on": (Curve, lambda op: {"on": np.ones(3)}, "curve.on"),
    "table": (Curve, lambda op: {"table": op.table[..., :255]}, "curve.table"),
    "peak": (Curve, lambda op: {"peak": 0.0}, "curve.table"),
    "even kernel": (Filter, lambda op: {"along": op.along[:, 1:]}, "filter.along"),
    "reach beyond": (Filter, lambda op: {"reach": op.reach + 99}, "filter.down"),
    "negative reach": (Filter, lambda op: {"reach": -op.reach}, "filter.reach"),
    "reach of one": (Filter, lambda op: {"reach": op.reach[:, :1].repeat(2, 1)[:2]}, "filter.reach"),
    "filter's fill": (Filter, lambda op: {"fill": None}, "filter.fill"),
    "std": (Noise, lambda op: {"std": -op.std}, "noise.std"),
    "key": (Noise, lambda op: {"key": op.key.astype(np.int64)}, "noise.key"),
    "growth": (Noise, lambda op: {"growth": np.zeros((3, 2))}, "noise.growth"),
    "grain": (Noise, lambda op: {"grain": np.zeros(3)}, "noise.grain"),
    "chance": (Impulse, lambda op: {"chance": op.chance + 0.9}, "impulse.chance"),
    "impulse's fill": (Impulse, lambda op: {"fill": op.fill[:, 0]}, "impulse.fill"),
    "impulse's key": (Impulse, lambda op: {"key": op.key[:1]}, "impulse.key"),
    "impulse's channels": (Impulse, lambda op: {"channels": 4}, "impulse.channels"),
    "noise's clip": (Noise, lambda op: {"low": 9.0, "high": 3.0}, "noise.clip"),
    "boxes": (Shapes, lambda op: {"boxes": nan(op.boxes)}, "shapes.boxes"),
    "channels": (Shapes, lambda op: {"channels": 4}, "shapes.channels"),
    "shapes' fill": (Shapes, lambda op: {"fill": op.fill[:, :0]}, "shapes.fill"),
    "noise without key": (Shapes, lambda op: {"filling": "noise"}, "shapes.key"),
    "key of one": (
        Shapes,
        lambda op: {"filling": "noise", "fill": None, "key": np.zeros(1, np.uint64)},
        "shapes.key",
    ),
    "weight": (Mix, lambda op: {"weight": -op.weight}, "mix.weight"),
    "no base": (Mix, lambda op: {"weight": op.weight[:, 1:]}, "mix.weight"),
    "opacity above one": (Mix, lambda op: {"weight": op.weight * 2}, "mix.weight"),
    "region": (Mix, lambda op: {"region": op.region[:, :1]}, "mix.region"),
    "no region": (Mix, lambda op: {"region": op.region * np.nan}, "mix.region"),
    "place": (Mix, lambda op: {"place": np.eye(3)}, "mix.place"),
    "sources": (
        Mix,
        lambda op: {"branches": (op.branches[0], op.branches[1]._replace(sources=op.branches[1].sources[:1]))},
        "mix.branches",
    ),
    "share": (Mix, lambda op: {"share": op.share * 2}, "mix.share"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_plan_of_each_kind_is_found(name):
    kind, change, said = WRONG[name]
    plan, op = plan_with(kind)
    with pytest.raises(PipelineError, match=rf"Step \d of the plan is wrong in: .*{said}"):
        verify(with_op(plan, replace(op, **change(op))))


def test_heads_among_points_and_rows_of_nobody_are_found():
    plan, op = plan_with(Warp)
    (group,) = plan.groups
    with pytest.raises(PipelineError, match="Warp as a point"):
        verify(replace(plan, groups=(group._replace(steps=(Step(None, (op,)),)),)))
    with pytest.raises(PipelineError, match="Color as a head"):
        verify(replace(plan, groups=(group._replace(steps=(Step(plan_with(Color)[1]),)),)))
    for rows in ([0, 1, 1], [0, 1, 5]):
        with pytest.raises(PipelineError, match="do not share out its rows"):
            verify(replace(plan, groups=(group._replace(rows=np.array(rows)),)))


def test_each_kind_has_a_tag_of_its_own_and_all_that_a_kind_needs():
    assert len({kind.tag for kind in KINDS}) == len(KINDS) == len(OPS)
    for kind in KINDS:
        for name in ("where", "idle", "check", "text", "wire", *(["apply"] if kind is not Mix else [])):
            assert getattr(kind, name) is not getattr(Op, name), (kind, name)


TEXTS = {
    Warp: r"Warp   \[.*; .*\] to 32 x 40, border constant 9, bilinear",
    Color: r"Color  \[.*\], clip \[0 255\]",
    Curve: r"Curve  0 64 128 192 255 -> 0 .* 255",
    Filter: r"Filter [\d. e-]+, border constant 7",
    Noise: r"Noise  gaussian, std [\d.]+, each channel its own, key [0-9a-f]{16}",
    Shapes: r"Shapes \[\d+ \d+ \d+ \d+\] 3 3 3",
    Impulse: r"Impulse [\d.]+ of the pixels 0 0 0, [\d.]+ of the pixels 255 255 255",
    Mix: r"Mix    its own image, over it partner 1 in \[\d+ \d+ \d+ \d+\]; label [\d.]+ \+ [\d.]+",
}
QUIET = {
    Impulse: "Impulse none",
    Curve: "Curve  none",
    Filter: "Filter none",
    Noise: "Noise  none",
    Shapes: "Shapes none",
}


@pytest.mark.parametrize("kind", KINDS)
def test_text_of_every_kind(kind):
    plan, op = plan_with(kind)
    for row in range(3):
        assert re.fullmatch(TEXTS[kind], op.text(row)), op.text(row)
    assert op.text(0) in str(plan)
    off = op.where(np.zeros(3, bool), plan.frame_in)
    if kind in QUIET:
        assert off.text(0) == QUIET[kind]
    if kind is Mix:
        assert off.text(0) == "Mix    its own image"
        lines = str(plan).splitlines()
        assert lines[:4] == ["its own image", "  nothing to do", "partner 1", "  nothing to do"]
        assert lines[4] == f"pass 1  {op.text(0)}"


def test_counts_name_every_kind_once():
    ops = [plan_with(kind)[1] for kind in KINDS if kind is not Mix]
    said = count(ops, plan_of(ops, plan_with(Warp)[0].frame_in).steps)
    assert said == (
        "1 warp -> 1, 1 color -> 1, 1 curve -> 1, 1 filter -> 1, 1 noise -> 1, 1 shapes -> 1, 1 impulse -> 1, 2 passes"
    ), said
    said = str(Explanation([], [], [], plan_of([], FRAME)))
    assert said.splitlines() == ["draws", "  none", "ops", "  none", "plan: nothing to do", "  nothing to do"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Mix])
def test_some_rows_of_an_op_are_those_rows(kind):
    plan, op = plan_with(kind)
    rows = np.array([2, 0])
    some = op.take(rows)
    assert not [name for name, good in some.check(2, 3) if not good]
    for place, row in enumerate(rows):
        image = IMAGES[row].astype(np.float64)
        np.testing.assert_array_equal(some.apply(image, place), op.apply(image, row))
    made = fast(IMAGES[:3], plan)
    for row in range(3):
        np.testing.assert_allclose(made[row], op.apply(IMAGES[row].astype(np.float64), row), atol=3e-2)
