"""Mixes: fused is step by step, the same in any batch, and partners are found by the order of the epoch."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from conftest import scene
from hypothesis import given, settings
from hypothesis import strategies as st
from planned import assert_lawful, assert_same_pictures, fast, frame_of, inputs_of, kinds, pictures, plans, shown

import augstream as aug
from augstream.batch.partners import Partners
from augstream.errors import ArgumentError, PipelineError
from augstream.plan.kinds.mix import Mix
from augstream.plan.op import Frame
from augstream.rng import gather, permute, successors, unpermute
from augstream.transforms.compose import Compose, rng_for

EVEN = pictures(16, 32, 40, odd=False)
ODD = pictures(16)
RESIZE, FLIP, PAD = aug.Resize(32), aug.HorizontalFlip(), aug.Pad(4, fill=100)
DIM, NORMALIZE = aug.Brightness((0.5, 0.5)), aug.Normalize()
MIXES = {
    "mixup": [aug.MixUp(1.0)],
    "cutmix": [aug.CutMix()],
    "flip before": [FLIP, aug.MixUp(1.0)],
    "flip behind": [aug.MixUp(1.0), FLIP],
    "pad behind": [aug.CutMix(), PAD, FLIP],
    "color behind": [aug.MixUp(1.0), DIM, PAD],
    "a dark color behind": [aug.MixUp(1.0), aug.Brightness((0.3, 0.3)), PAD],
    "colors on both sides": [DIM, aug.MixUp(1.0), aug.Brightness((0.3, 0.3)), PAD],
    "dark, turned": [aug.CutMix(), aug.Brightness((0.3, 0.3)), aug.Rotate90(1), aug.Shift(x=(0.25, 0.25), fill=200)],
    "color before": [DIM, aug.MixUp(1.0), PAD],
    "color around": [DIM, aug.CutMix(), aug.Invert(p=1), PAD, NORMALIZE],
    "crop behind": [aug.CutMix(), aug.CenterCrop(20), aug.Pad(9, fill=33)],
    "crop before": [aug.RandomCrop(24), PAD, aug.CutMix(), aug.RandomCrop(28)],
    "p": [FLIP, aug.CutMix(p=0.5), aug.MixUp(0.4, p=0.5), FLIP],
    "nested": [aug.CutMix(), aug.MixUp(1.0), FLIP],
    "three": [aug.CutMix(), FLIP, aug.MixUp(1.0), DIM, aug.CutMix(), PAD],
    "one of": [aug.OneOf([aug.CutMix(), aug.MixUp(1.0)]), FLIP],
    "one of with others": [aug.OneOf([aug.CutMix(), aug.Invert(p=1), aug.MixUp(1.0), aug.VerticalFlip(p=1)]), FLIP],
    "one of, p": [aug.OneOf([aug.CutMix(p=0.5), aug.Invert(p=1), aug.MixUp(1.0)], p=0.6), PAD],
    "in a compose": [aug.Compose([FLIP, aug.Compose([aug.CutMix(), PAD])]), aug.MixUp(1.0)],
    "points": [aug.GaussianNoise(), aug.MixUp(1.0), aug.GaussianNoise(p=0.5), aug.RandomErasing(fill=9)],
    "a curve before": [aug.Posterize(3), aug.CutMix(), FLIP],
    "a blur before": [aug.GaussianBlur(1, p=0.5), aug.CutMix(), FLIP],
    "a blur behind": [aug.CutMix(), aug.GaussianBlur(1, p=0.5), FLIP],
    "erased": [aug.RandomErasing(fill="mean"), aug.MixUp(1.0), aug.RandomErasing(fill="mean"), FLIP],
}


@pytest.mark.parametrize("name", MIXES)
def test_fused_is_step_by_step(name):
    assert_lawful(MIXES[name], EVEN, range(6), atol=1e-4)


@pytest.mark.parametrize("name", MIXES)
def test_partners_of_other_sizes(name):
    """Stretched to the image's size before they are mixed, so not exactly: the fused warp is sharper."""
    given, fused, steps = plans([*MIXES[name], aug.Resize(24)], ODD, range(5))
    for one, other in zip(shown(given, fused), shown(given, steps), strict=True):
        assert np.isfinite(one).all()
        if name not in ("points", "erased"):
            assert np.median(np.abs(one - other)) < 4
    for one, other in zip(fast(given, fused), shown(given, fused), strict=True):
        assert np.abs(one - other).mean() < 0.3


TAIL = st.lists(
    st.sampled_from([FLIP, PAD, DIM, aug.Rotate90(2), aug.VerticalFlip(), aug.Invert(p=0.5), aug.CenterCrop(26)]),
    max_size=4,
)


@settings(max_examples=60)
@given(TAIL, st.sampled_from([aug.MixUp(1.0), aug.CutMix(), aug.CutMix(p=0.5)]), TAIL, st.booleans())
def test_any_row_is_the_same_fused(before, mix, behind, twice):
    row = [*before, mix, *behind, *([aug.MixUp(0.5, p=0.7), FLIP] if twice else [])]
    assert_lawful(row, EVEN, range(3), atol=1e-4)


def test_7_a_warp_goes_into_the_sources_of_a_mix():
    transforms = [RESIZE, FLIP, aug.CutMix(), aug.Rotate(30), PAD, FLIP, aug.Brightness(0.2), NORMALIZE]
    _, fused, steps = plans(transforms, ODD, range(4))
    for row in range(4):
        (step,) = fused.at(row)[0].steps
        assert isinstance(step.head, Mix)
        assert [[type(op).__name__ for op in one.ops] for b in step.head.branches for one in b.steps] == [["Warp"]] * 2
    assert len(steps.steps) > 5


@pytest.mark.parametrize("last", [aug.Posterize(3), aug.GaussianBlur(1)])
def test_7_but_not_where_it_does_not_pass_what_stands_last_in_each(last):
    given, fused, steps = plans([last, aug.MixUp(1.0), aug.Rotate(30)], EVEN, range(2))
    assert kinds(fused) == [["Mix"], ["Warp"]]
    assert_same_pictures(shown(given, fused), shown(given, steps), 1e-4)


def test_a_region_is_the_partner_inside_and_the_image_outside():
    images = [np.full((30, 40, 3), level, np.uint8) for level in (10, 200, 90)]
    given, fused, _ = plans([aug.CutMix(), aug.HorizontalFlip(p=1)], images, range(2), seed=3)
    for row, (own, other) in enumerate(((10, 200), (200, 90))):
        x0, y0, x1, y1 = fused.steps[0].head.region[row, 1]
        expected = np.full((30, 40), own)
        expected[int(y0) : int(y1), int(x0) : int(x1)] = other
        np.testing.assert_array_equal(shown(given, fused)[row][:, ::-1, 0], expected)
        np.testing.assert_array_equal(fast(given, fused)[row][:, ::-1, 0], expected)


@pytest.mark.parametrize("behind", [(), (aug.HorizontalFlip(p=1),), (aug.Rotate(30, interpolation="nearest"),)])
def test_a_region_is_the_partner_bit_by_bit_and_nothing_shines_through(behind):
    rng = np.random.default_rng(0)
    images = [rng.normal(0, 10.0**power, (30, 40, 3)).astype(np.float32) for power in (6, -3)]
    given, fused, _ = plans([aug.CutMix(), *behind], [*images, images[0]], range(1), seed=3)
    blank = np.full_like(images[0], np.nan)
    for one, other in ((images[0], images[1]), (blank, images[1]), (images[0], blank)):
        (wanted,), (made,) = shown([one, other], fused), fast([one, other], fused)
        np.testing.assert_array_equal(made, wanted.astype(np.float32))
        assert set(made[np.isfinite(made)]) <= {0} | set(np.concatenate([one, other]).ravel())


def test_mixup_blends_by_its_weights():
    given, fused, _ = plans([aug.MixUp(1.0)], EVEN, range(3))
    weight = fused.steps[0].head.weight
    for row, made in enumerate(shown(given, fused)):
        expected = given[row] + weight[row, 1] * (given[row + 1].astype(float) - given[row])
        np.testing.assert_allclose(made, expected, atol=1e-9)


@pytest.mark.parametrize("transform", [aug.MixUp(1.0), aug.MixUp(0.2), aug.CutMix(), aug.CutMix(0.3, p=0.5)])
def test_shares_sum_to_one_and_are_the_areas(transform):
    n = 200
    frame = Frame(np.tile((33, 47), (n + 1, 1)))
    inputs, crowd = inputs_of([transform], range(n))
    ops = list(Compose([transform]).ops(replace(rng_for(1, 0, inputs), crowd=crowd), frame))
    (mix,) = ops
    np.testing.assert_allclose(mix.share.sum(axis=1), 1)
    assert ((mix.share >= 0) & (mix.share <= 1)).all()
    if mix.region is None:
        np.testing.assert_allclose(mix.share[:, 1], mix.weight[:, 1])
    else:
        x0, y0, x1, y1 = mix.region[:, 1].T
        on = mix.weight[:, 1] == 1
        assert on.any()
        assert (mix.share[~on] == (1, 0)).all()
        np.testing.assert_allclose(mix.share[on, 1], ((x1 - x0) * (y1 - y0) / (33 * 47))[on])
        assert ((x0 >= 0) & (y0 >= 0) & (x1 <= 47) & (y1 <= 33))[on].all()
        assert (mix.region[on, 1] == np.floor(mix.region[on, 1])).all()


def hashes(transforms, rows):
    given, fused, _ = plans(transforms, ODD, rows)
    return [hashlib.sha256(picture.tobytes()).hexdigest() for picture in fast(given, fused)]


@pytest.mark.parametrize("name", MIXES)
def test_the_same_row_in_other_batches_is_the_same_by_hash(name):
    transforms = [*MIXES[name], aug.Resize(24)]
    everything = hashes(transforms, range(12))
    assert len(set(everything)) > 10
    for rows in ([5], [5, 6, 7], [11, 0, 5], [3, 1, 2, 0], [7, 7, 2]):
        assert hashes(transforms, rows) == [everything[row] for row in rows]


class TestGather:
    @settings(max_examples=100)
    @given(st.lists(st.integers(0, 40), min_size=1, max_size=12, unique=True), st.lists(st.integers(1, 4), max_size=3))
    def test_what_is_needed_behind_a_mix_comes_first_of_what_is_before_it(self, index, mixers):
        index = np.array(index)
        inputs, crowd = gather(index, mixers, successors)
        assert inputs[: len(index)].tolist() == index.tolist()
        assert len(set(inputs.tolist())) == len(inputs)
        if not mixers:
            assert crowd is None
            return
        assert crowd.sizes[-1] == len(index)
        assert crowd.sizes[0] == len(inputs)
        assert list(crowd.sizes) == sorted(crowd.sizes, reverse=True)
        for before, behind, k in zip(crowd.sizes[:-1], crowd.sizes[1:], mixers, strict=True):
            partners = crowd.partners[:behind, :k]
            assert ((partners >= 0) & (partners < before)).all()
            np.testing.assert_array_equal(inputs[partners], successors(inputs[:behind], k))

    def test_a_batch_reads_one_image_more_than_it_has(self):
        inputs, _ = gather(np.arange(8), (1,), successors)
        assert inputs.tolist() == list(range(9))

    def test_a_sample_may_be_there_twice(self):
        inputs, crowd = gather(np.array([4, 4, 5]), (1,), successors)
        assert inputs.tolist() == [4, 4, 5, 6]
        assert inputs[crowd.partners[:3, 0]].tolist() == [5, 5, 6]


def test_a_mix_without_partners_is_an_error_in_words():
    frame = frame_of(EVEN[:2])
    with pytest.raises(PipelineError, match="A mix needs partners"):
        aug.Compose([aug.MixUp()]).plan(0, 0, np.arange(2), frame)
    inputs, crowd = gather(np.arange(2), (1,), successors)
    crowd.partners[1] = -1
    with pytest.raises(PipelineError, match="MixUp has no partner for some of the images"):
        aug.Compose([aug.MixUp()]).plan(0, 0, inputs, frame_of(EVEN[:3]), crowd)


def test_what_can_hold_no_mix_says_so():
    with pytest.raises(ArgumentError, match=r"SomeOf takes no mixes\. Put them into a OneOf"):
        aug.SomeOf([aug.MixUp(), aug.HorizontalFlip()])
    with pytest.raises(ArgumentError, match=r"A Compose that holds a mix has no p\. Give the mix"):
        aug.Compose([aug.MixUp()], p=0.5)
    with pytest.raises(ArgumentError, match="OneOf takes a mix only as a member of its own"):
        aug.OneOf([aug.Compose([aug.MixUp()]), aug.HorizontalFlip()])
    with pytest.raises(ArgumentError, match="SomeOf takes no mixes"):
        aug.SomeOf([aug.Compose([aug.OneOf([aug.CutMix()])])])


def test_a_mix_of_p_zero_needs_nobody():
    assert aug.Compose([aug.MixUp(p=0), aug.OneOf([aug.CutMix()], p=0)]).mixers == ()
    assert aug.Compose([aug.MixUp(), aug.OneOf([aug.CutMix(), aug.MixUp()]), aug.CutMix(p=0.1)]).mixers == (1, 1, 1)


@pytest.mark.parametrize("name", MIXES)
def test_it_prints_and_explains_without_a_partner_and_goes_through_json(name):
    pipeline = aug.Compose(MIXES[name])
    assert "Not for" not in str(pipeline)
    assert "mix" in str(pipeline).splitlines()[-1]
    assert "plan:" in str(pipeline.explain((32, 40)))
    assert aug.Compose.from_json(pipeline.to_json()) == pipeline


class TestPartners:
    N = 20

    def source(self, n=N):
        return aug.from_arrays(np.stack([scene(8, 8, k) for k in range(n)]), np.arange(n) % 3)

    def follow(self, source, bad=(), epoch=2, k=3):
        partners = Partners(source, seed=5)
        return partners.follow(epoch, bad)(np.arange(len(source)), k)

    def test_the_permutation_goes_both_ways(self):
        for n in (1, 2, 7, 100, 1000):
            positions = np.arange(n)
            index = permute(5, 2, n, positions)
            assert sorted(index.tolist()) == positions.tolist()
            np.testing.assert_array_equal(unpermute(5, 2, n, index), positions)

    def test_partners_stand_next_in_the_order_of_the_epoch(self):
        order = permute(5, 2, self.N, np.arange(self.N)).tolist()
        found = self.follow(self.source())
        for index, partners in enumerate(found.tolist()):
            at = order.index(index)
            assert partners == [order[(at + step) % self.N] for step in (1, 2, 3)]

    def test_they_change_with_the_epoch(self):
        assert (self.follow(self.source(), epoch=0) != self.follow(self.source(), epoch=1)).any()

    def test_a_row_alone_has_the_same_ones(self):
        source = self.source()
        everything = self.follow(source)
        follow = Partners(source, seed=5).follow(2)
        for row in (3, 11):
            np.testing.assert_array_equal(follow(np.array([row]), 3)[0], everything[row])
            np.testing.assert_array_equal(follow(np.array([row]), 1)[0], everything[row, :1])

    def test_the_same_sample_of_the_source_is_passed_over(self):
        source = self.source(6).subset(np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5]))
        indices = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5])
        found = self.follow(source, k=2)
        assert (indices[found] != indices[:, None]).all()
        balanced = self.source().subset(np.arange(13)).balance(40)
        origin = balanced._origin({})
        assert (origin[self.follow(balanced)] != origin[:, None]).all()

    def test_the_next_ones_stand_in_for_bad_ones(self):
        bad = {3, 4, 9}
        found = self.follow(self.source(), bad)
        assert not np.isin(found, list(bad)).any()
        order = [index for index in permute(5, 2, self.N, np.arange(self.N)).tolist() if index not in bad]
        for at, index in enumerate(order):
            assert found[index].tolist() == [order[(at + step) % len(order)] for step in (1, 2, 3)]

    def test_nobody_is_left(self):
        with pytest.raises(PipelineError, match="needs another sample for each one, and the source has too few: 1"):
            self.follow(self.source(1), k=1)
        with pytest.raises(PipelineError, match="needs another sample"):
            self.follow(self.source(3).subset(np.array([1, 1, 1, 1])), k=1)
        with pytest.raises(PipelineError, match="needs 2 other samples"):
            self.follow(self.source(3), bad={0}, k=2)
        assert sorted(self.follow(self.source(2), k=1).ravel().tolist()) == [0, 1]
