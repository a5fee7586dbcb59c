"""Split, subset, take, +, weights, balance, interleave: sources from sources."""

import pickle

import numpy as np
import pytest

import augstream as aug
from augstream.errors import ArgumentError, SourceError
from augstream.sources import split


def squares(n=60, classes=3, start=0, **more):
    """Images that say by their level which they are; class i % classes."""
    x = np.broadcast_to(np.arange(start, start + n, dtype=np.uint16)[:, None, None], (n, 2, 2))
    return aug.from_arrays(x, np.arange(n) % classes, **more)


def levels(source):
    return [int(source.read(index)[0, 0]) for index in range(len(source))]


def test_several_fractions_make_as_many_parts():
    parts = squares().split((0.7, 0.2, 0.1), seed=1)
    assert [len(part) for part in parts] == [42, 12, 6]
    assert sorted(level for part in parts for level in levels(part)) == list(range(60))
    assert [np.bincount(part.labels).tolist() for part in parts] == [[14] * 3, [4] * 3, [2] * 3]
    again = squares().split((0.7, 0.2, 0.1), seed=1)
    assert all(np.array_equal(one.indices, two.indices) for one, two in zip(parts, again, strict=True))


def test_one_fraction_is_the_share_of_the_second_part():
    one, two = squares().split(0.2, seed=3), squares().split((0.8, 0.2), seed=3)
    assert [part.indices.tolist() for part in one] == [part.indices.tolist() for part in two]


@pytest.mark.parametrize("fractions", [(0.5, 0.4), (0.5,), (1.0, 0.5), (0.5, -0.5, 1), "half", (0.5, "a"), 2])
def test_fractions_must_add_up(fractions):
    with pytest.raises(ArgumentError, match=r"split\.fractions"):
        squares().split(fractions)


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_two_sides(seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(40), rng.integers(1, 12, 40))
    labels = (groups * 7) % 3
    source = aug.from_arrays(np.zeros((len(groups), 2, 2), np.uint8), labels, groups=[f"patient {g}" for g in groups])
    parts = source.split((0.6, 0.2, 0.2), seed=seed)
    sides = [set(part.groups.tolist()) for part in parts]
    assert len(set.union(*sides)) == sum(len(side) for side in sides)
    assert sum(len(part) for part in parts) == len(groups)
    for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
        assert abs(len(part) / len(groups) - share) < 0.05
        assert (np.abs(np.bincount(part.labels, minlength=3) / np.bincount(labels) - share) < 0.12).all()
    by_hand = source.split((0.6, 0.2, 0.2), by=lambda index: groups[index], seed=seed)
    assert [len(part) for part in by_hand] == [len(part) for part in parts]
    assert all(
        np.array_equal(a.indices, b.indices) for a, b in zip(source.split(0.3, "group"), source.split(0.3), strict=True)
    )


def test_groups_can_be_passed_over():
    source = squares(groups=np.zeros(60, int))
    with pytest.raises(ArgumentError, match="as many groups; got 1"):
        source.split(0.2)
    assert len(source.split(0.2, by="label")[1]) == 12
    with pytest.raises(ArgumentError, match="the source has no groups"):
        squares().split(0.2, by="group")
    with pytest.raises(ArgumentError, match=r"split\.by must be"):
        squares().split(0.2, by="patient")
    with pytest.raises(ArgumentError, match="one key for each of 60"):
        squares().split(0.2, by=[1, 2])


def test_every_part_of_a_group_split_has_something():
    source = aug.from_arrays(np.zeros((12, 2, 2), np.uint8), groups=[0] * 10 + [1, 2])
    assert sorted(len(part) for part in source.split((0.9, 0.05, 0.05))) == [1, 1, 10]


def test_a_sample_that_is_there_twice_stays_on_one_side():
    balanced = aug.from_arrays(
        np.arange(40, dtype=np.uint16).repeat(4).reshape(40, 2, 2), [0] * 30 + [1] * 10
    ).balance()
    one, two = balanced.split(0.25)
    assert not set(levels(one)) & set(levels(two))


def test_however_a_sample_came_to_be_there_twice_it_stays_on_one_side():
    source = squares(12)
    twice = source + source.subset([3, 4, 4]) + squares(2, start=12)
    for seed in range(5):
        one, two = map(levels, twice.split(0.4, seed=seed))
        assert set(one).isdisjoint(two)
        assert len(one) + len(two) == 17
    # 0 and 1 share a key; 1 and 2 are one sample; 2 and 3 share a key: all four belong together.
    chain = source.subset([0, 1, 1, 3, 4, 5])
    for seed in range(5):
        part, _ = chain.split(0.5, by=[7, 7, 8, 8, 9, 10], seed=seed)
        assert len({0, 1, 3} & set(part.indices.tolist())) in (0, 3)


def test_take():
    assert levels(squares().take(4)) == [0, 1, 2, 3]
    assert len(squares().take(1000)) == 60
    few = squares().take(2, per_class=True)
    assert (levels(few), few.labels.tolist()) == ([0, 1, 2, 3, 4, 5], [0, 1, 2, 0, 1, 2])
    for k in (0, -1, 1.5, True):
        with pytest.raises(ArgumentError, match=r"take\.k"):
            squares().take(k)
    with pytest.raises(ArgumentError, match="one class per sample"):
        aug.from_arrays(np.zeros((3, 2, 2), np.uint8)).take(1, per_class=True)


def test_sources_are_joined_with_their_classes():
    one = aug.from_arrays(np.zeros((2, 2, 2), np.uint8), ["cat", "dog"])
    two = aug.from_arrays(np.ones((3, 2, 2), np.uint8), ["cow", "dog", "cow"], weight=[1, 2, 3])
    both = one + two
    assert (both.classes, both.labels.tolist()) == (["cat", "dog", "cow"], [0, 1, 2, 1, 2])
    assert both.sample_weight.tolist() == [1, 1, 1, 2, 3]
    assert [both.name(index) for index in (1, 2)] == ["x[1]", "x[0]"]
    assert levels(both) == [0, 0, 1, 1, 1]
    assert [sample[0, 0] for sample in both.read_many([4, 0, 3])] == [1, 0, 1]
    assert len((both + one).sources) == 3
    assert levels(pickle.loads(pickle.dumps(both))) == levels(both)
    with pytest.raises(IndexError):
        both.read(5)
    with pytest.raises(TypeError):
        one + 1
    with pytest.raises(ArgumentError, match="labels of one kind"):
        one + aug.from_arrays(np.zeros((2, 2, 2), np.uint8), [0.5, 1])


def test_joined_sources_must_agree_about_labels():
    x = np.zeros((2, 4, 4), np.uint8)
    named, numbered, bare = aug.from_arrays(x, ["cat", "dog"]), aug.from_arrays(x, [0, 1]), aug.from_arrays(x)
    with pytest.raises(ArgumentError, match="must all have labels, or none of them"):
        numbered + bare
    with pytest.raises(ArgumentError, match="names for their labels"):
        named + numbered
    assert (named + aug.from_arrays(x, [0, 1], classes=["cat", "cow"])).classes == ["cat", "dog", "cow"]
    assert (bare + bare).labels is None
    pairs = aug.from_sequence([(x[0], 3), (x[1], 4)])
    assert [(numbered + pairs).label(index) for index in range(4)] == [0, 1, 3, 4]


def test_boxes_of_joined_sources_keep_their_class():
    x = np.zeros((2, 8, 8, 3), np.uint8)
    box = [[[0, 0, 4, 4]]] * 2
    one, two = (aug.from_arrays(x, boxes=box, box_label=[[0], [1]]) for _ in range(2))
    one.classes, two.classes = ["cat", "dog"], ["dog", "cow"]
    both = one + two
    assert both.classes == ["cat", "dog", "cow"]
    batch = next(iter(aug.Loader(both, aug.Compose([]), 4, shuffle=False)))
    assert [labels.tolist() for labels in batch.box_label] == [[0], [1], [1], [2]]


def test_groups_of_two_sources_are_different_groups():
    both = squares(4, groups=[0, 0, 1, 1]) + squares(4, groups=[0, 0, 0, 1]) + squares(2)
    assert len(set(both.groups.tolist())) == 6


def test_weights_say_how_often():
    source = squares(4, 2)
    assert levels(source.weights([1, 2, 0, 1])) == [0, 1, 1, 3]
    assert levels(source.weights([1, 1, 1, 1])) == [0, 1, 2, 3]
    assert levels(source.weights([1, 1, 1, 1], length=2)) in ([0, 2], [1, 3], [0, 3], [1, 2])
    long = source.weights([0.1, 0.2, 0.3, 0.4], length=1000)
    assert np.bincount(levels(long)).tolist() == [100, 200, 300, 400]
    assert long.labels.tolist() == [level % 2 for level in levels(long)]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2, 3, np.nan], "finite and 0 or more; got nan at 3"),
        ([1, 2, 3, np.inf], "got inf at 3"),
        ([1, -2, 3, 4], "got -2.0 at 1"),
        ([1, 2], "4 numbers, one for each"),
        ([0, 0, 0, 0], "not all be 0"),
        (["a"] * 4, "4 numbers"),
        ([1, 1, 1, 1e9], "Pass length="),
    ],
)
def test_weights_are_checked(weights, message):
    with pytest.raises(ArgumentError, match=message):
        squares(4).weights(weights)


def test_nothing_cannot_be_balanced():
    with pytest.raises(ArgumentError, match="balance needs at least one sample"):
        squares(4).subset([]).balance()


def test_balanced_classes_are_there_equally_often_and_nothing_is_left_out():
    labels = np.array([0] * 50 + [1] * 7 + [2] * 20)
    source = aug.from_arrays(np.arange(77, dtype=np.uint16).repeat(4).reshape(77, 2, 2), labels)
    balanced = source.balance()
    assert np.bincount(balanced.labels).tolist() == [50, 50, 50]
    assert set(levels(balanced)) == set(range(77))
    counts = np.bincount(levels(balanced))
    assert set(counts[50:57]) <= {7, 8}
    short = source.balance(length=30)
    assert np.bincount(short.labels).tolist() == [10, 10, 10]


def test_a_sample_that_is_there_twice_is_augmented_in_two_ways():
    source = aug.from_arrays(np.random.default_rng(0).integers(0, 255, (2, 40, 40, 3), np.uint8), [0, 1])
    doubled = source.weights([1, 1], length=4)
    batch = next(iter(aug.Loader(doubled, aug.Compose([aug.Rotate(90)]), 4, shuffle=False)))
    assert doubled.indices.tolist() == [0, 0, 1, 1]
    assert not np.array_equal(batch.image[0], batch.image[1])
    assert batch.label.tolist() == [0, 0, 1, 1]


def test_interleaved_sources_take_turns():
    a, b = squares(6, 2), squares(3, 2, start=100)
    equal = aug.interleave([a, b])
    assert len(equal) == 12
    assert np.bincount([level >= 100 for level in levels(equal)]).tolist() == [6, 6]
    assert all(len({level >= 100 for level in levels(equal)[start : start + 2]}) == 2 for start in range(0, 12, 2))
    assert set(levels(equal)) == {*range(6), 100, 101, 102}
    weighted = aug.interleave([a, b], weights=(3, 1), length=8)
    assert sum(level >= 100 for level in levels(weighted)) == 2
    assert levels(aug.interleave([a], weights=[2])) == levels(a)
    for sources, options in (([], {}), ([a, 1], {}), ([a, b], {"weights": (1, 0)}), ([a, b], {"weights": (1,)})):
        with pytest.raises(ArgumentError, match="interleave"):
            aug.interleave(sources, **options)


def test_the_algebra_composes_and_is_picklable():
    source = (squares(20, 2) + squares(10, 2, start=50)).split(0.2, seed=5)[0].balance().take(5, per_class=True)
    again = pickle.loads(pickle.dumps(source))
    assert levels(again) == levels(source)
    assert again.labels.tolist() == source.labels.tolist()


def test_division_of_a_million_is_quick():
    import time

    start = time.perf_counter()
    labels = np.arange(1_000_000) % 1000
    parts = split.by_class(labels, len(labels), [0.8, 0.2], 0)
    assert [len(part) for part in parts] == [800_000, 200_000]
    assert time.perf_counter() - start < 10


def test_a_written_split_is_read_again_whatever_was_added(tmp_path):
    source = squares(12)
    train, validation = source.split(0.25, seed=4)
    aug.write_split(tmp_path / "split.json", train=train, validation=validation)
    parts = aug.read_split(tmp_path / "split.json", source)
    assert [parts[name].indices.tolist() for name in ("train", "validation")] == [
        train.indices.tolist(),
        validation.indices.tolist(),
    ]
    with pytest.warns(UserWarning, match="3 samples of the source are not in"):
        more = aug.read_split(tmp_path / "split.json", squares(15))
    assert levels(more["validation"]) == levels(validation)
    with pytest.raises(SourceError, match=r"has no sample 'x\[11\]', which"):
        aug.read_split(tmp_path / "split.json", squares(11))
    with pytest.raises(ArgumentError, match="is in a and in b"):
        aug.write_split(tmp_path / "x.json", a=train, b=source)
    with pytest.raises(ArgumentError, match="at least one part"):
        aug.write_split(tmp_path / "x.json")
    with pytest.raises(SourceError, match="two samples of the source are called"):
        aug.read_split(tmp_path / "split.json", source + source)
    for text in ("{}", "[]", "no json"):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(SourceError, match="is no split"):
            aug.read_split(tmp_path / "x.json", source)
    with pytest.raises(SourceError, match="cannot read"):
        aug.read_split(tmp_path / "gone.json", source)
