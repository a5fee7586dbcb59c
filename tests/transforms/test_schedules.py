"""Arguments that change from epoch to epoch."""

import numpy as np
import pytest

import augstream as aug
from augstream.plan.kinds.mix import Mix

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)


def test_a_ramp_goes_in_a_straight_line():
    rotate = aug.Rotate(aug.ramp(0, (-10, 40), epochs=(5, 15)))
    assert [rotate.at(epoch).degrees for epoch in (0, 5, 10, 15, 99)] == [(0, 0)] * 2 + [(-5, 20)] + [(-10, 40)] * 2


def test_steps_hold_until_the_next_one():
    flip = aug.HorizontalFlip(p=aug.steps({0: 0.5, 50: 0, 60: 1}))
    assert [flip.at(epoch).p for epoch in (0, 49, 50, 59, 60, 1000)] == [0.5, 0.5, 0, 0, 1, 1]


def test_whole_numbers_stay_whole():
    resize = aug.Resize(aug.ramp(128, 224, epochs=(0, 10)))
    assert (resize.at(3).height, resize.at(3).width) == (157, 157)
    assert resize.at(4) == aug.Resize(166)


def test_a_pipeline_is_in_each_epoch_what_its_schedules_say():
    pipeline = aug.Compose(
        [
            aug.OneOf([aug.Rotate(aug.ramp(0, 40, epochs=(0, 4))), aug.Compose([aug.Hue(p=aug.steps({0: 0, 3: 1}))])]),
            aug.Resize(aug.steps({0: 16, 2: 32})),
        ]
    )
    for epoch in range(6):
        now = aug.Compose(
            [
                aug.OneOf([aug.Rotate(10 * min(epoch, 4)), aug.Compose([aug.Hue(p=int(epoch >= 3))])]),
                aug.Resize(16 if epoch < 2 else 32),
            ]
        )
        assert pipeline.at(epoch) == now
        for index in range(5):
            np.testing.assert_array_equal(pipeline(IMAGE, 1, epoch, index), now(IMAGE, 1, epoch, index))
    assert aug.Compose([aug.Rotate()]).at(9) == aug.Compose([aug.Rotate()])


def test_a_mix_that_is_off_takes_no_partners():
    pipeline = aug.Compose([aug.MixUp(p=aug.steps({0: 1, 2: 0}))])
    x = np.arange(12 * 8 * 8 * 3, dtype=np.uint8).reshape(12, 8, 8, 3)
    loader = aug.Loader(aug.from_arrays(x, np.arange(12) % 3), pipeline, batch_size=4, seed=0)
    hard = [all(np.isin(batch.label, (0, 1)).all() for batch in loader) for _ in range(3)]
    assert hard == [False, False, True]
    assert pipeline.at(2).mixers == ()
    plan = pipeline.plan(0, 2, np.arange(3), aug.Frame(np.tile([[8, 8]], (3, 1))))
    assert not any(isinstance(step.head, Mix) for group in plan.groups for step in group.steps)


def test_the_size_of_a_batch_follows_and_a_resumed_loader_goes_on():
    pipeline = aug.Compose([aug.Rotate(aug.ramp(0, 90, epochs=(0, 3))), aug.Resize(aug.steps({0: 8, 1: 12}))])
    x = np.random.default_rng(1).integers(0, 256, (10, 16, 16, 3), np.uint8)

    def loader(threads=1):
        return aug.Loader(aug.from_arrays(x, np.zeros(10)), pipeline, batch_size=4, seed=0, threads=threads)

    one, other = loader(), loader(threads=2)
    epochs = [[batch.image for batch in one] for _ in range(3)]
    assert [batch[0].shape[1:3] for batch in epochs] == [(8, 8), (12, 12), (12, 12)]
    list(other)
    again = loader()
    again.load_state_dict(other.state_dict())
    for ours, theirs in zip(epochs[1], list(again), strict=True):
        np.testing.assert_array_equal(ours, theirs.image)


@pytest.mark.parametrize(
    "transform",
    [
        aug.Rotate(aug.ramp(5, 40, epochs=(0, 20))),
        aug.MixUp(p=aug.steps({0: 1, 90: 0})),
        aug.Zoom(aug.steps({0: (0.9, 1.1), 5: aug.log_uniform(0.5, 2)})),
        aug.Resize(aug.steps({0: 128, 9: 224})),
        aug.Rotate(border=aug.steps({0: "edge", 3: "reflect"})),
    ],
    ids=repr,
)
def test_comes_back_from_repr_and_json(transform):
    assert eval(repr(transform), dict(vars(aug))) == transform
    pipeline = aug.Compose([transform])
    assert aug.Compose.from_json(pipeline.to_json()) == pipeline
    assert "epoch" in str(pipeline)


def test_english():
    assert aug.Rotate(aug.ramp(5, 40, epochs=(0, 20))).describe() == (
        "Rotate by -5 to 5 (moving to -40 to 40 over epochs 0 to 20) degrees"
    )
    assert aug.HorizontalFlip(p=aug.steps({0: 0.5, 9: 0})).describe() == (
        "Swap left and right, with probability 0.5 (0 from epoch 9)"
    )


def test_wrong_schedules_are_errors_in_words():
    for make, said in (
        (lambda: aug.ramp(0, 1, epochs=(5, 5)), "first < last"),
        (lambda: aug.ramp(0, 1, epochs=3), "first < last"),
        (lambda: aug.steps({3: 1}), "a value for epoch 0"),
        (lambda: aug.steps({0: 1, -3: 1}), "a value for epoch 0"),
        (lambda: aug.HorizontalFlip(p=aug.steps({0: 0.5, 5: 2})), "HorizontalFlip.p must be between 0 and 1"),
        (lambda: aug.Rotate(aug.ramp(1, "a", epochs=(0, 5))), "Rotate.degrees must be a number"),
        (lambda: aug.Rotate(border=aug.ramp("edge", "wrap", epochs=(0, 5))), "numbers or ranges at both ends"),
        (lambda: aug.Rotate(aug.ramp(1, aug.normal(0, 1), epochs=(0, 5))), "numbers or ranges at both ends"),
        # What holds for the arguments together holds at every turn.
        (lambda: aug.Rotate(border="edge", fill=aug.steps({0: None, 5: 9})), "fill must be None"),
        (lambda: aug.SomeOf([aug.Rotate()], k=aug.steps({0: 1, 5: 2})), "SomeOf.k must be at most 1"),
    ):
        with pytest.raises(aug.ArgumentError, match=said):
            make()
