"""What every transform owes, taken from the catalogue."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from examples import OTHERS, defaults, everything, gray, ours
from plane import assert_same_ops, assert_same_plan, merged, shape

import augstream as aug
from augstream.engines import native, reference
from augstream.plan.fuse import fuse, unfused
from augstream.plan.plan import verify
from augstream.rng import Rng, gather, successors
from augstream.transforms.compose import rng_for
from augstream.transforms.transform import catalogue, from_dict

N = 40
SIZES = np.random.default_rng(5).integers(24, 80, (N + 2, 2))  # those of partners too
every = pytest.mark.parametrize("transform", everything(), ids=repr)


def crowded(transform, index=None, sizes=SIZES, channels=3, seed=0, epoch=0, path="T.0", rng=Rng):
    """The draws for these samples, and the frame of them and of the partners that the transform needs."""
    index = np.arange(N) if index is None else np.asarray(index)
    inputs, crowd = gather(index, transform.mixers, successors)
    size = np.tile(sizes, (len(inputs), 1)) if np.ndim(sizes) == 1 else sizes[inputs]
    return rng(seed, epoch, inputs, path, crowd=crowd), aug.Frame(size, channels)


def ops_of(transform, index=None, **how):
    return list(transform.ops(*crowded(transform, index, **how)))


def level_map(transform):
    """Whether the transform is for all images or for none."""
    return isinstance(transform, aug.Normalize | aug.Rescale)


class Spy(Rng):
    """Notes how far into its range each uniform draw went."""

    seen = None

    def uniform(self, name, low, high, k=None, unit=""):
        drawn = super().uniform(name, low, high, k, unit)
        if np.any(np.asarray(high) > low):
            Spy.seen.append((name, (drawn - low) / (high - low)))
        return drawn

    def child(self, name):
        return self._spying(super().child(name))

    def mixed(self):
        return self._spying(super().mixed())

    def _spying(self, rng):
        return Spy(rng.seed, rng.epoch, rng.index, rng.path, rng.trace, rng.crowd)


def test_the_catalogue_is_what_is_exported():
    exported = {name for name in aug.__all__ if getattr(aug, name) in catalogue.values()}
    assert {name for name, _ in ours()} == exported
    assert len(exported) >= 30
    assert set(OTHERS) <= set(catalogue)
    assert {type(transform) for transform in defaults()} == {cls for _, cls in ours()}


@pytest.mark.parametrize(("name", "cls"), ours())
def test_has_a_docstring_with_an_example(name, cls):
    assert f">>> {name}(" in cls.__doc__ or f"aug.{name}(" in cls.__doc__


@every
def test_comes_back_from_its_repr(transform):
    assert eval(repr(transform), dict(vars(aug))) == transform
    assert hash(eval(repr(transform), dict(vars(aug)))) == hash(transform)


@every
def test_comes_back_from_json(transform):
    pipeline = aug.Compose([transform])
    assert aug.Compose.from_json(pipeline.to_json()) == pipeline
    assert from_dict(transform.to_dict()) == transform
    assert transform.to_dict()["transform"] == type(transform).__name__


@every
def test_comes_back_from_a_pickle(transform):
    assert pickle.loads(pickle.dumps(transform)) == transform


@every
def test_is_frozen(transform):
    with pytest.raises(AttributeError):
        transform.p = 0.5


@every
def test_reads_as_english(transform):
    lines = transform.describe().splitlines()
    assert len(lines) == 1 or hasattr(transform, "transforms")
    assert lines[0][0].isupper()
    assert not set("{}") & set(transform.describe())
    assert str(aug.Compose([gray(transform)])).splitlines()[0].startswith(" 0  ")


@every
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_makes_a_sound_plan(transform, channels):
    transform = gray(transform)
    rng, frame = crowded(transform, channels=channels)
    verify(fuse(transform.ops(rng, frame), frame))
    verify(unfused(transform.ops(rng, frame), frame))


@every
def test_a_sample_alone_is_that_of_the_batch(transform):
    everyone = ops_of(transform)
    for rows in ([7], [39, 7, 0]):
        alone = ops_of(transform, rows)
        assert_same_ops(everyone, alone, rows)


@every
def test_kinds_of_ops_do_not_depend_on_what_is_drawn(transform):
    shapes = {tuple(shape(op) for op in ops_of(transform, [i], seed=i)) for i in range(N)}
    assert len(shapes) == 1


@every
def test_p_0_is_an_empty_plan(transform):
    pipeline = aug.Compose([replace(transform, p=0)])
    assert pipeline.plan(0, 0, np.arange(N), aug.Frame(np.tile(SIZES[:1], (N, 1)))).steps == ()


@every
def test_some_are_passed_over_and_the_others_drawn_as_always(transform):
    if level_map(transform):
        with pytest.raises(aug.ArgumentError, match="0 or 1"):
            replace(transform, p=0.5)
        return
    always, half = replace(transform, p=1), replace(transform, p=0.5)
    on = Rng(0, 0, np.arange(N), "T.0").chance("apply", 0.5)
    assert 8 < on.sum() < 32
    drawn, mixed = ops_of(always), ops_of(half)
    assert_same_ops(drawn, mixed, on, on)
    _, frame = crowded(half)
    for op in mixed:
        assert op.idle(frame)[~on].all()
        frame = frame.after(op)


@every
def test_the_whole_range_is_seen_and_apply_does_not_choose_from_it(transform):
    n = 3000
    Spy.seen = []
    ops_of(replace(transform, p=1), np.arange(n), sizes=SIZES[0], rng=Spy)
    on = Rng(0, 0, np.arange(n), "T.0").chance("apply", 0.5)
    for name, share in Spy.seen:
        share = share[:n]
        for part in (share, share[on], share[~on]):
            assert part.min() < 0.01, name
            assert part.max() > 0.99, name
            assert abs(part.mean() - 0.5) < 0.04, name


@every
def test_another_transform_in_front_changes_no_draw(transform):
    class Blank(aug.Transform):
        def draw(self, rng, frame):
            rng.uniform("angle", 0, 1)
            rng.chance("apply", 0.5)
            yield from ()

    rng, frame = crowded(transform, seed=3, epoch=1, path="")
    alone = list(aug.Compose([transform]).ops(rng, frame))
    behind = list(aug.Compose([Blank(), transform, Blank()]).ops(rng, frame))
    assert_same_ops(alone, behind)


@every
def test_seed_and_epoch_change_the_draws(transform):
    def drawn(seed, epoch):
        rng, frame = crowded(transform, seed=seed, epoch=epoch)
        rng = replace(rng, trace=[])
        list(transform.ops(rng, frame))
        return {name: value for name, value, _ in rng.trace if len(np.unique(value)) > 1}

    first = drawn(0, 0)
    for other in (drawn(1, 0), drawn(0, 1)):
        assert all((other[name] != value).any() for name, value in first.items())


@every
def test_a_plan_fused_twice_is_the_plan(transform):
    rng, frame = crowded(transform)
    plan = fuse(transform.ops(rng, frame), frame)
    for group in plan.groups:
        again = group._replace(steps=merged([op for step in group.steps for op in step.ops]))
        assert_same_plan(replace(plan, groups=(again,)), replace(plan, groups=(group,)))


def pictures(n, channels, dtype="uint8"):
    """Waves with grain, all of one size."""
    y, x = np.mgrid[:48, :48][:, :, :, None]
    for number in range(n):
        rng = np.random.default_rng(number)
        waves = np.sin(x / rng.uniform(3, 9, channels)) * np.cos(y / rng.uniform(3, 9, channels))
        yield np.clip(127 + 100 * waves + rng.normal(0, 9, (48, 48, channels)), 0, 255).astype(dtype)


def run_natively(pipeline, index, images):
    """What a Loader would make of these samples, where image i belongs to sample i."""
    inputs, crowd = gather(np.asarray(index), pipeline.mixers, successors)
    frame = aug.Frame(np.tile((48, 48), (len(inputs), 1)), images[0].shape[2])
    plan = pipeline.plan(0, 0, inputs, frame, crowd)
    chosen = [images[number] for number in inputs]
    out, errors = native.run(chosen, plan)
    assert not any(errors)
    return out, chosen, plan


def of_one_size(transform):
    """A pipeline of the transform, and of a Resize where images come out of it in sizes of their own."""
    rng, frame = crowded(transform)
    for op in transform.ops(rng, frame):
        frame = frame.after(op)
    ragged = len(np.unique(frame.size, axis=0)) > 1 and not isinstance(transform, aug.Normalize | aug.Rescale)
    return aug.Compose([transform, aug.Resize(31, 24)] if ragged else [transform])


@every
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_both_engines_do_the_same(transform, channels):
    pipeline = of_one_size(gray(transform))
    out, images, plan = run_natively(pipeline, range(12), list(pictures(14, channels)))
    want = np.stack(reference.run(images, plan))
    gap = np.abs(out - want) * (255 / (plan.frame_out.peak or 1))
    assert gap.max() <= 1


@every
def test_an_image_alone_is_that_of_the_batch(transform):
    pipeline, images = of_one_size(transform), list(pictures(14, 3))
    together, _, _ = run_natively(pipeline, range(12), images)
    for row in (0, 5, 11):
        alone, _, _ = run_natively(pipeline, [row], images)
        np.testing.assert_array_equal(alone[0], together[row])


def test_transforms_of_the_same_kind_draw_apart():
    one, two = aug.Compose([aug.Rotate(), aug.Rotate()]).ops(rng_for(0, 0, np.arange(N)), aug.Frame(SIZES[:N]))
    assert (one.matrix != two.matrix).any(axis=(1, 2)).all()


def test_a_transform_of_ones_own_needs_only_draw():
    class Squeeze(aug.Geometric):
        factor: aug.Range = aug.Range((0.5, 1), low=0)
        keep: str = "all"
        sentence = "squeeze by {factor}"

        def draw(self, rng, frame):
            factor = rng.uniform("factor", *self.factor)
            yield self.warp(frame, aug.plan.matrix.zoom(frame.size, factor, factor))

    assert Squeeze(keep="some") == from_dict(Squeeze(keep="some").to_dict()) != Squeeze()
    assert repr(Squeeze((0.5, 0.75), p=0.5)) == "Squeeze(factor=(0.5, 0.75), keep='all', p=0.5)"
    assert Squeeze().describe() == "Squeeze by 0.5 to 1"
    assert from_dict(Squeeze(border="edge").to_dict()) == Squeeze(border="edge")
    with pytest.raises(aug.ArgumentError, match=r"^Squeeze.factor must be 0 or more; got \(-1, 1\)"):
        Squeeze((-1, 1))


def test_one_of_takes_one_by_weight():
    n = 4000
    one_of = aug.OneOf([aug.HorizontalFlip(p=1), aug.VerticalFlip(p=1), aug.Rotate90(2)], weights=(1, 0, 3))
    ops = ops_of(one_of, np.arange(n), sizes=np.array([9, 9]))
    moved = np.stack([(op.matrix != np.eye(3)).any(axis=(1, 2)) for op in ops])
    assert (moved.sum(axis=0) == 1).all()
    assert moved.mean(axis=1) == pytest.approx([0.25, 0, 0.75], abs=0.03)


def test_some_of_takes_so_many_and_each_as_often():
    n = 4000
    some_of = aug.SomeOf([aug.HorizontalFlip(p=1), aug.VerticalFlip(p=1), aug.Rotate90(2)], k=(1, 2))
    ops = ops_of(some_of, np.arange(n), sizes=np.array([9, 9]))
    moved = np.stack([(op.matrix != np.eye(3)).any(axis=(1, 2)) for op in ops])
    assert set(moved.sum(axis=0)) == {1, 2}
    assert moved.mean(axis=1) == pytest.approx([0.5, 0.5, 0.5], abs=0.03)


def test_members_are_named_by_kind_and_occurrence():
    inner = aug.OneOf([aug.Brightness(), aug.Rotate()])
    pipeline = aug.Compose([aug.Rotate(), inner, aug.Rotate(p=0.5)])
    names = [draw.name for draw in pipeline.explain((30, 40)).draws]
    expected = ["Rotate.0/angle", "OneOf.0/which", "OneOf.0/Brightness.0/factor", "OneOf.0/Rotate.0/angle"]
    assert names == [*expected, "Rotate.1/apply", "Rotate.1/angle"]


def test_what_a_compose_says_holds_where_nobody_else_does():
    inner = aug.Compose([aug.Rotate(), aug.Shear(border="wrap")], border="edge", interpolation="bicubic")
    pipeline = aug.Compose([aug.Rotate(), inner, aug.Zoom(fill=5)], fill=(1, 2, 3))
    ops = list(pipeline.ops(rng_for(0, 0, np.arange(N)), aug.Frame(SIZES[:N])))
    assert [op.border for op in ops] == ["constant", "edge", "wrap", "constant"]
    assert [op.interpolation for op in ops] == ["bilinear", "bicubic", "bicubic", "bilinear"]
    assert [None if op.fill is None else op.fill[0].tolist() for op in ops] == [[1, 2, 3], None, None, [5]]


def test_the_fill_of_a_compose_follows_the_levels():
    pipeline = aug.Compose([aug.Rescale(1 / 255), aug.Rotate(), aug.Rescale(2, offset=-1), aug.Rotate()], fill=255)
    ops = list(pipeline.ops(rng_for(0, 0, np.arange(N)), aug.Frame(SIZES[:N])))
    np.testing.assert_allclose(ops[1].fill, 1)
    np.testing.assert_allclose(ops[3].fill, 1)
