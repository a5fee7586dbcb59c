"""State: saved at any batch and restored, the run is the uninterrupted one."""

import json
import pickle

import numpy as np
import pytest
from conftest import encoded, scene

from augstream.errors import ArgumentError
from augstream.loader import Loader
from augstream.sources import from_arrays, from_folder
from augstream.transforms import HorizontalFlip, Rescale, Resize, Rotate
from augstream.transforms.compose import Compose

PIPELINE = Compose([Rotate(40), HorizontalFlip(p=0.5), Resize(24, 32), Rescale(1 / 255)], border="edge")


def made(photos, batch_size=5, **options):
    return Loader(from_folder(photos), PIPELINE, batch_size, seed=4, **options)


def take(loader, count):
    """The next `count` batches over as many epochs as it takes, and the state before each."""
    batches, states = [], []
    while len(batches) < count:
        states.append(loader.state_dict())
        for batch in loader:
            batches.append((batch.epoch, batch.index, batch.image))
            states.append(loader.state_dict())
            if len(batches) == count:
                break
        states.pop() if len(batches) < count else None
    return batches, states


def same(one, two):
    return len(one) == len(two) and all(
        a[0] == b[0] and np.array_equal(a[1], b[1]) and np.array_equal(a[2], b[2])
        for a, b in zip(one, two, strict=True)
    )


def test_any_batch_and_into_the_next_epochs(photos):
    whole, states = take(made(photos), 12)
    assert [state["batch"] for state in states] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2]
    for number, state in enumerate(states[:-1]):
        again = made(photos)
        again.load_state_dict(json.loads(json.dumps(state)))
        assert same(take(again, 12 - number)[0], whole[number:])


@pytest.mark.parametrize("options", [{"threads": 1, "prefetch": 0}, {"threads": 7, "prefetch": 6}, {"memory": "30MB"}])
def test_other_threads_and_prefetching(photos, options):
    whole, states = take(made(photos), 8)
    again = made(photos, **options)
    again.load_state_dict(states[3])
    assert same(take(again, 5)[0], whole[3:])


def test_another_number_of_ranks_with_the_same_global_batch(photos):
    whole, states = take(made(photos, 6), 4)
    for world in (2, 3):
        parts = []
        for rank in range(world):
            loader = made(photos, 6 // world, shard=(rank, world))
            loader.load_state_dict(states[1])
            parts.append(take(loader, 3)[0])
        for step, expected in enumerate(whole[1:]):
            assert np.array_equal(np.concatenate([part[step][1] for part in parts]), expected[1])
            assert np.array_equal(np.concatenate([part[step][2] for part in parts]), expected[2])
        assert loader.state_dict() == states[4]


def test_the_state_is_what_has_been_handed_out_and_not_what_is_prepared(photos):
    loader = made(photos, prefetch=4)
    stream = iter(loader)
    next(stream)
    assert (loader.state_dict()["epoch"], loader.state_dict()["batch"]) == (0, 1)
    stream.close()


def test_a_batch_that_ctrl_c_kept_back_is_still_to_come(photos, monkeypatch):
    """Wherever it strikes before the batch is there, at the end of an epoch too, where a cache is flushed."""
    for number, where in ((2, "handed"), (4, "flush")):
        loader = made(photos)
        epoch = iter(loader)
        for _ in range(number):
            next(epoch)

        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(loader.batches.clock if where == "handed" else loader.batches, where, interrupted)
        with pytest.raises(KeyboardInterrupt):
            next(epoch)
        assert (loader.state_dict()["epoch"], loader.state_dict()["batch"]) == (0, number)


def test_a_state_is_small_and_plain(photos):
    state = made(photos).state_dict()
    assert len(json.dumps(state)) < 400
    assert all(isinstance(value, int | str | bool) for value in state.values())


def test_of_two_loops_the_later_one_tells_where_it_is(photos):
    loader = made(photos)
    one, two = iter(loader), iter(loader)
    next(two)
    next(one)
    next(one)
    assert (loader.state_dict()["epoch"], loader.state_dict()["batch"]) == (1, 1)
    for _ in loader.at(7):
        pass
    assert loader.state_dict()["epoch"] == 1


def test_another_source_pipeline_or_seed_is_refused_by_name(photos, tmp_path):
    state = made(photos).state_dict()
    (photos / "ant" / "new.png").write_bytes(encoded(scene(20, 20), "PNG"))
    other = Compose([Rotate(41), HorizontalFlip(p=0.5), Resize(24, 32), Rescale(1 / 255)], border="edge")
    wrong = {
        "source .*number of samples .*24 there, 25 here": made(photos),
        "pipeline": Loader(from_folder(photos), other, 5, seed=4),
        "seed .4 there, 5 here": Loader(from_folder(photos), PIPELINE, 5, seed=5),
        "global batch .*5 there, 6 here": made(photos, 6),
        "global batch .*5 there, 10 here": made(photos, shard=(0, 2)),
        "shuffle": made(photos, shuffle=False),
        "uneven": made(photos, drop_remainder=True),
    }
    for what, loader in wrong.items():
        with pytest.raises(ArgumentError, match=f"(?s)what differs.*{what}"):
            loader.load_state_dict(state)
        assert loader.epoch == 0


def test_relabeling_is_another_source():
    x = np.zeros((8, 20, 20, 3), np.uint8)
    state = Loader(from_arrays(x, range(8)), PIPELINE, 4).state_dict()
    with pytest.raises(ArgumentError, match="source"):
        Loader(from_arrays(x, [0] * 8), PIPELINE, 4).load_state_dict(state)


@pytest.mark.parametrize(
    "change", [{"weight": [1, 2, 3, 4]}, {"boxes": [[[0, 0, 3, 3]]] * 4}, {"points": [[[2, 1]]] * 4}]
)
@pytest.mark.parametrize("nested", [False, True])
def test_other_weights_boxes_or_points_are_another_source(change, nested):
    def loader(**more):
        notes = {"weight": [1, 1, 1, 1], "boxes": [[[0, 0, 2, 2]]] * 4, "points": [[[1, 1]]] * 4, **more}
        source = from_arrays(np.zeros((4, 4, 4, 3), np.uint8), **notes)
        return Loader((source + source).subset([5, 0, 1]) if nested else source, Compose([]), 1)

    loader().load_state_dict(loader().state_dict())
    with pytest.raises(ArgumentError, match="what differs: the source"):
        loader(**change).load_state_dict(loader().state_dict())


def test_a_folder_that_was_moved_is_the_same_source(photos, tmp_path):
    state = made(photos).state_dict()
    elsewhere = photos.rename(tmp_path / "elsewhere")
    made(elsewhere).load_state_dict(state)


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"epoch": -1}, {"batch": "1"}, {"batch": 99}, {"epoch": None}, {"epoch": 1.5}]
)
def test_states_that_cannot_be_are_refused(photos, change):
    loader = made(photos)
    with pytest.raises(ArgumentError):
        loader.load_state_dict(loader.state_dict() | change)
    for wrong in (None, {}, {"epoch": 1}, 7):
        with pytest.raises(ArgumentError, match="what state_dict"):
            loader.load_state_dict(wrong)


def test_where_the_tail_is_split_in_another_way_it_is_said(photos):
    assert (len(made(photos, 23)), len(made(photos, 12, shard=(0, 2)))) == (2, 1)
    even = made(photos, 12, shard=(0, 2))
    with pytest.raises(ArgumentError, match=r"with 2 ranks an epoch has only 1"):
        even.load_state_dict(even.state_dict() | {"batch": 1})


def test_setting_the_epoch_forgets_the_place(photos):
    loader = made(photos)
    next(iter(loader))
    loader.epoch = 3
    assert (loader.state_dict()["epoch"], loader.state_dict()["batch"]) == (3, 0)
    assert next(iter(loader)).epoch == 3


def test_a_pickled_loader_is_where_it_was(photos):
    loader = made(photos)
    take(loader, 3)
    again = pickle.loads(pickle.dumps(loader))
    assert again.state_dict() == loader.state_dict()


@pytest.mark.filterwarnings("ignore:epoch")
def test_skipping_goes_on_as_if_uninterrupted(photos):
    for number, path in enumerate(sorted(photos.rglob("*.*"))):
        if number % 5 == 0:
            path.write_bytes(path.read_bytes()[:40])
    whole, states = take(made(photos, on_error="skip"), 9)
    again = made(photos, on_error="skip", threads=1)
    again.load_state_dict(states[4])
    assert same(take(again, 5)[0], whole[4:])
    for rank in range(2):
        half = Loader(from_folder(photos), PIPELINE, 12, seed=4, on_error="skip", shard=(rank, 2))
        alone = Loader(from_folder(photos), PIPELINE, 24, seed=4, on_error="skip")
        assert np.array_equal(next(iter(half)).index, next(iter(alone)).index[12 * rank : 12 * rank + 12])
