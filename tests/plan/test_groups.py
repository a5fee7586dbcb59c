"""A row's plan follows from its own draws: what it looks like alone is what it looks like in any batch."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planned import assert_same_pictures, drawn_ops, fast, frame_of, kinds, pictures, plan_of, plans, shown

import augstream as aug
from augstream import _core
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.filter import Filter
from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.noise import Noise
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame
from augstream.plan.plan import every_step

N = 8
IMAGES = pictures(N)
PIPELINES = {
    "warps": [aug.Rotate(20, p=0.5), aug.HorizontalFlip(), aug.Pad(3, fill=9, p=0), aug.Resize(24)],
    "borders": [aug.Rotate(20, border="edge", p=0.5), aug.Shift(x=(0, 0.3), fill=9, p=0.5), aug.Resize(24)],
    "colors": [aug.Brightness(0.3, p=0.5), aug.Gamma(0.5, p=0.5), aug.Posterize(p=0.5), aug.Resize(24)],
    "blur": [aug.Resize(24), aug.GaussianBlur((1, 2), p=0.5), aug.HorizontalFlip(), aug.GaussianBlur(1, p=0.5)],
    "noise": [aug.Resize(24), aug.GaussianNoise(p=0.5), aug.Brightness(0.2), aug.VerticalFlip()],
    "shapes": [aug.Resize(24), aug.RandomErasing(fill=7), aug.HorizontalFlip(), aug.RandomErasing(fill="mean")],
    "one of": [aug.Resize(24), aug.OneOf([aug.Rotate(), aug.GaussianBlur(1), aug.Gamma(), aug.GaussianNoise()])],
    "some of": [aug.Resize(24), aug.SomeOf([aug.Rotate(), aug.GaussianBlur(1), aug.Posterize(), aug.HorizontalFlip()])],
    "nested": [
        aug.Resize(24),
        aug.Compose([aug.GaussianBlur(1, p=0.5), aug.OneOf([aug.Solarize(), aug.RandomErasing(p=1)])], p=0.5),
    ],
    "no change of size": [aug.CenterCrop(30), aug.GaussianBlur(1, p=0.5), aug.Rotate90(2, p=0.5), aug.Invert(p=0.5)],
}


def alone(transforms, row):
    """The plan of one image by itself."""
    frame = Frame(frame_of(IMAGES).size[[row]])
    return aug.Compose(transforms).plan(1, 0, np.array([row]), frame)


def text(plan, row):
    """Everything that the plan says of a row, in full precision."""
    group, at = plan.at(row)
    said = hashlib.sha256()
    for step in every_step(group.steps):
        one = step.take(np.array([at]))
        said.update(repr([type(op).__name__ for op in one.ops]).encode())
        if isinstance(one.head, Filter):  # a kernel is as long as the longest of its batch, with zeros at its ends
            one = replace(one, head=replace(one.head, **dict(zip(("down", "along"), _kernels(one.head), strict=True))))
        for part in _arrays(one.wire(3)):
            said.update(part)
    return said.hexdigest()


def _kernels(op):
    """Those of a filter of one row, (1, k) each, without the zeros at their ends."""
    for kernel, reach in zip((op.down, op.along), op.reach[0], strict=True):
        middle = kernel.shape[1] // 2
        yield kernel[:, middle - reach : middle + reach + 1]


def _arrays(wire):
    if isinstance(wire, tuple | list):
        for part in wire:
            yield from _arrays(part)
    else:
        yield wire.tobytes() if isinstance(wire, np.ndarray) else repr(wire).encode()


@pytest.mark.parametrize("name", PIPELINES)
def test_alone_and_in_a_batch_are_the_same_bit_for_bit(name):
    transforms = PIPELINES[name]
    images, plan, _ = plans(transforms, IMAGES)
    by_reference, by_core = shown(images, plan), fast(images, plan)
    in_bytes = fast(images, plan, "uint8")
    for one, other in zip(by_core, by_reference, strict=True):
        # A warp that turns and shrinks keeps whole numbers in between (off by 0.25 on average), and Posterize may then
        # take the next step.
        assert np.abs(one - other).mean() < 0.3
    for row in range(N):
        own = alone(transforms, row)
        assert kinds(own) == kinds(plan, row)
        assert text(own, 0) == text(plan, row)
        np.testing.assert_array_equal(shown([IMAGES[row]], own)[0], by_reference[row])
        np.testing.assert_array_equal(fast([IMAGES[row]], own)[0], by_core[row])
        np.testing.assert_array_equal(fast([IMAGES[row]], own, "uint8")[0], in_bytes[row])


@settings(max_examples=25)
@given(st.sampled_from(sorted(PIPELINES)), st.lists(st.integers(0, N - 1), min_size=1, max_size=6))
def test_any_batch_gives_the_same(name, rows):
    transforms = PIPELINES[name]
    images, plan, _ = plans(transforms, IMAGES)
    everything = fast(images, plan)
    some = aug.Compose(transforms).plan(1, 0, np.array(rows), Frame(plan.frame_in.size[rows]))
    np.testing.assert_array_equal(fast([IMAGES[row] for row in rows], some), everything[rows])


@pytest.mark.parametrize("name", [name for name in PIPELINES if name != "borders"])
def test_fused_is_step_by_step(name):
    images, fused, steps = plans(PIPELINES[name], pictures(N, 40, 52, odd=False))
    exact = name in ("blur", "noise", "shapes", "no change of size", "colors")
    for one, other in zip(shown(images, fused), shown(images, steps), strict=True):
        off = np.abs(one - other)
        assert off.max() < 1e-6 if exact and name != "colors" else np.median(off) < 3


@pytest.mark.parametrize("name", PIPELINES)
def test_groups_share_out_the_rows(name):
    _, plan, steps = plans(PIPELINES[name], IMAGES)
    rows = [np.arange(N) if group.rows is None else group.rows for group in plan.groups]
    assert sorted(np.concatenate(rows).tolist()) == list(range(N))
    assert len(steps.groups) == 1
    for group, mine in zip(plan.groups, rows, strict=True):
        assert group.sources is None or len(group.sources) == len(mine)
        for op in (op for step in group.steps for op in step.ops):
            assert {len(part) for part in op.wire(3) if isinstance(part, np.ndarray)} == {len(mine)}


def test_rows_that_drew_no_blur_have_no_filter():
    transforms = [aug.HorizontalFlip(), aug.GaussianBlur(1, p=0.5), aug.Resize(24)]
    _, plan, steps = plans(transforms, pictures(40, odd=False))
    blurred = ~drawn_ops(transforms, plan.frame_in)[1].idle(plan.frame_in)
    assert 5 < blurred.sum() < 35
    for row in range(40):
        names = kinds(plan, row)
        assert any("Filter" in step for step in names) == blurred[row]
        assert names[-1] == ["Warp"]
        assert len(names) == 1 or blurred[row]
    assert len(steps.steps) == 3


def test_a_kernel_does_not_depend_on_the_longest_of_its_batch():
    sigma = np.random.default_rng(0).uniform(0.1, 9, 200)
    together, reach = _core.gaussians(sigma)
    np.testing.assert_array_equal(reach, np.ceil(3 * sigma)[:, None].repeat(2, 1))
    middle = together.shape[1] // 2
    for row, (far, _) in enumerate(reach.tolist()):
        own = _core.gaussians(sigma[[row]])[0][0]
        np.testing.assert_array_equal(together[row, middle - far : middle + far + 1], own)
        assert own.sum() == pytest.approx(1, abs=1e-12)


def test_one_of_costs_a_row_what_its_own_member_costs():
    members = [aug.GaussianBlur(1), aug.Gamma((2, 2)), aug.GaussianNoise(), aug.RandomErasing(p=1)]
    transforms = [aug.Resize(24), aug.OneOf(members)]
    _, plan, _ = plans(transforms, pictures(40, odd=False))
    found = {str(kinds(plan, row)) for row in range(40)}
    assert found == {
        "[['Warp'], ['Filter']]",
        "[['Warp', 'Curve']]",
        "[['Warp', 'Noise']]",
        "[['Warp', 'Shapes']]",
    }


def test_a_row_with_nothing_to_do_has_no_steps():
    transforms = [aug.GaussianBlur(1, p=0.5), aug.Posterize(p=0.5)]
    images, plan, _ = plans(transforms, pictures(20, odd=False))
    idle = [row for row in range(20) if not kinds(plan, row)]
    assert idle
    for made in (shown(images, plan), fast(images, plan)):
        for row in idle:
            np.testing.assert_array_equal(made[row], images[row])


@pytest.mark.parametrize("kind", [Warp, Color, Curve, Filter, Noise, Shapes])
def test_what_is_off_is_idle_and_changes_nothing(kind):
    ops = {
        Warp: aug.Rotate((30, 30)),
        Color: aug.Brightness((2, 2)),
        Curve: aug.Posterize(2),
        Filter: aug.GaussianBlur(2),
        Noise: aug.GaussianNoise(0.2),
        Shapes: aug.RandomErasing(p=1),
    }
    images = pictures(4)
    frame = frame_of(images)
    (op,) = drawn_ops([ops[kind]], frame)
    assert isinstance(op, kind)
    assert not op.idle(frame).any()
    on = np.array([True, False, True, False])
    half = op.where(on, frame)
    assert half.idle(frame).tolist() == (~on).tolist()
    for row in range(4):
        made = half.apply(images[row].astype(np.float64), row)
        if on[row]:
            np.testing.assert_array_equal(made, op.apply(images[row].astype(np.float64), row))
            assert np.abs(made - images[row]).max() > 1
        else:
            np.testing.assert_allclose(made, images[row], atol=1e-9)
    fused, steps = (plan_of([half], frame, fused) for fused in (True, False))
    assert_same_pictures(shown(images, fused), shown(images, steps))
    if kind not in (Warp, Color):
        assert [kinds(fused, row) != [] for row in range(4)] == on.tolist()


def test_a_mix_that_is_off_is_its_own_image():
    mix = Mix(np.array([[1.0, 0.3], [1, 0.4]]), np.array([[0.7, 0.3], [0.6, 0.4]]), np.full((2, 2), 9), rows=None)
    frame = Frame(np.full((2, 2), 9))
    half = mix.where(np.array([True, False]), frame)
    assert half.idle(frame).tolist() == [False, True]
    assert half.weight.tolist() == [[1, 0.3], [1, 0]]
    assert half.share.tolist() == [[0.7, 0.3], [1, 0]]
