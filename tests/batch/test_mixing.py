"""Mixes in a loader: partners from the order of the epoch, and the fourth law for all of them."""

import io
from hashlib import sha256

import numpy as np
import pytest
from conftest import encoded, scene
from PIL import Image

import augstream as aug
from augstream.errors import ArgumentError, PipelineError, SampleError

N = 23


def jpegs(n=N, size=(40, 50)):
    return [encoded(scene(*size, number)) for number in range(n)]


class Memory(aug.Source):
    """Files in memory; `reads` counts them."""

    def __init__(self, files, labels=None):
        self.files, self.labels, self.reads = files, labels, []

    def __len__(self):
        return len(self.files)

    def read(self, index):
        self.reads.append(index)
        if isinstance(self.files[index], Exception):
            raise self.files[index]
        return self.files[index]


CLASSES = np.arange(N) % 3
BEFORE = [aug.RandomResizedCrop(24), aug.HorizontalFlip(), aug.GaussianNoise()]
PIPELINES = {
    "mixup": aug.Compose([*BEFORE, aug.MixUp(1), aug.Normalize()]),
    "cutmix": aug.Compose([*BEFORE, aug.CutMix(), aug.Rotate(10), aug.Normalize()]),
    "either": aug.Compose([*BEFORE, aug.OneOf([aug.MixUp(1), aug.CutMix()], p=0.8), aug.Normalize()]),
    "both": aug.Compose([*BEFORE, aug.CutMix(), aug.MixUp(1)]),
}
every = pytest.mark.parametrize("name", PIPELINES)


def seen(loader, epoch=0):
    """Sample -> a hash of its pixels and its label."""
    found = {}
    for batch in loader.at(epoch):
        for row, index in enumerate(batch.index.tolist()):
            found[index] = sha256(batch.image[row].tobytes() + batch.label[row].tobytes()).hexdigest()
    return found


@every
def test_a_sample_depends_on_no_batch_size_thread_or_rank(name):
    source = Memory(jpegs(), CLASSES)
    pipeline = PIPELINES[name]
    expected = seen(aug.Loader(source, pipeline, 8, seed=3))
    assert len(set(expected.values())) == N
    for options in ({"batch_size": 1}, {"batch_size": 5, "threads": 4}, {"batch_size": N, "cache": "10MB"}):
        assert seen(aug.Loader(source, pipeline, seed=3, **options)) == expected
    ranks = [seen(aug.Loader(source, pipeline, 3, seed=3, shard=(rank, 3))) for rank in range(3)]
    assert {**ranks[0], **ranks[1], **ranks[2]} == expected
    assert seen(aug.Loader(source, pipeline, 8, seed=3), 1) != expected


@every
def test_without_shuffling_the_partners_are_those_of_the_shuffled_order(name):
    source = Memory(jpegs(), CLASSES)
    shuffled, ordered = (seen(aug.Loader(source, PIPELINES[name], 6, seed=1, shuffle=s)) for s in (True, False))
    assert shuffled == ordered


def test_a_state_goes_on_bit_for_bit():
    source = Memory(jpegs(), CLASSES)
    loader, other = (aug.Loader(source, PIPELINES["either"], 4, seed=3) for _ in range(2))
    stream = iter(loader)
    next(stream)
    other.load_state_dict(loader.state_dict())
    for one, two in zip(stream, other, strict=True):
        assert np.array_equal(one.image, two.image)
        assert np.array_equal(one.label, two.label)


def test_a_batch_reads_one_image_more_than_it_has():
    source = Memory(jpegs(), CLASSES)
    loader = aug.Loader(source, PIPELINES["mixup"], 8, seed=0, prefetch=0)
    source.reads.clear()
    loader.batch(0, 0)
    assert len(source.reads) == len(set(source.reads)) == 9


def test_the_cache_changes_no_mix():
    source = Memory(jpegs(), CLASSES)
    loader = aug.Loader(source, PIPELINES["both"], 8, seed=0, cache="50MB")
    first = [seen(loader, epoch) for epoch in (0, 1)]
    assert [seen(loader, epoch) for epoch in (0, 1)] == first
    assert first == [seen(aug.Loader(source, PIPELINES["both"], 8, seed=0), epoch) for epoch in (0, 1)]


def test_labels_of_classes_become_shares():
    loader = aug.Loader(Memory(jpegs(), CLASSES), aug.Compose([aug.Resize(8), aug.MixUp(1)]), N, seed=0)
    batch = next(iter(loader))
    assert batch.label.shape == (N, 3)
    assert batch.label.dtype == np.float32
    np.testing.assert_allclose(batch.label.sum(axis=1), 1, atol=1e-6)
    assert ((batch.label > 0).sum(axis=1) == 2).sum() > 8


def test_labels_that_are_numbers_are_mixed_linearly():
    numbers = np.arange(N, dtype=np.float64) ** 2
    pipeline = aug.Compose([aug.Resize(8), aug.MixUp(1)])
    batch = next(iter(aug.Loader(Memory(jpegs(), numbers), pipeline, N, seed=0, shuffle=False)))
    soft = next(iter(aug.Loader(Memory(jpegs(), np.arange(N)), pipeline, N, seed=0, shuffle=False))).label
    np.testing.assert_allclose(batch.label, soft @ numbers, rtol=1e-5)
    rows = np.stack([numbers, -numbers], axis=1)
    many = next(iter(aug.Loader(Memory(jpegs(), rows), pipeline, N, seed=0, shuffle=False)))
    np.testing.assert_allclose(many.label[:, 0], batch.label)


def test_masks_boxes_and_points_go_with_cutmix():
    images = np.stack([scene(20, 20, number) for number in range(6)])
    masks = [np.full((20, 20), number, np.uint8) for number in range(6)]
    boxes = [np.array([[2, 2, 18, 18]])] * 6

    class Marked(Memory):
        def targets(self, index):
            return aug.Targets(mask=masks[index], boxes=boxes[index], box_label=np.array([index]))

    source = Marked(list(images))
    batch = next(iter(aug.Loader(source, aug.Compose([aug.CutMix()]), 6, seed=0)))
    assert batch.label is None
    for mask, image, index, labels in zip(batch.mask, batch.image, batch.index, batch.box_label, strict=True):
        assert index in mask
        for number in np.unique(mask):
            assert np.array_equal(image[mask == number], images[number][mask == number])
            assert number in labels or (mask[2:18, 2:18] == number).mean() < 0.11
    with pytest.raises(PipelineError, match="Take CutMix"):
        next(iter(aug.Loader(source, aug.Compose([aug.MixUp(1)]), 6, seed=0)))


def test_an_unreadable_partner_is_replaced_by_what_stands_in_for_it():
    files = jpegs()
    files[4], files[9] = OSError(5, "Input/output error"), b"no picture"
    files[13] = encoded(scene(40, 50, 13))[:900]
    source, pipeline = Memory(files, CLASSES), PIPELINES["mixup"]
    with pytest.warns(UserWarning, match="3 of 23"):
        expected = seen(loader := aug.Loader(source, pipeline, 8, seed=3, on_error="skip"))
    assert [index for index, _, _ in loader.errors] == [4, 9, 13]
    with pytest.warns(UserWarning, match="could not be read"):
        others = seen(aug.Loader(source, pipeline, 2, seed=3, on_error="skip", threads=3))
    assert others == expected
    whole = seen(aug.Loader(Memory(jpegs(), CLASSES), pipeline, 8, seed=3))
    assert sum(whole[index] == found for index, found in expected.items()) >= N - 9
    with pytest.raises(SampleError, match=r"no image|Input/output|truncated"):
        list(aug.Loader(source, pipeline, 8, seed=3))


def test_repeated_samples_are_no_partners_of_themselves():
    labels = np.array([0] * 9 + [1])
    source = Memory(jpegs(10), labels).balance()
    batch = next(iter(aug.Loader(source, aug.Compose([aug.Resize(8), aug.MixUp(1)]), len(source), seed=0)))
    rare = source.labels[batch.index] == 1
    assert (batch.label[rare, 0] > 0).all()


def test_orientation_is_applied_before_a_mix():
    def rotated(orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        buffer = io.BytesIO()
        Image.fromarray(scene(24, 24, orientation)).save(buffer, "JPEG", exif=exif, quality=95)
        return buffer.getvalue()

    source = Memory([rotated(1 + number % 8) for number in range(8)])
    pipelines = [aug.Compose([aug.MixUp(1), aug.Resize(24)], fuse=fuse) for fuse in (True, False)]
    one, two = (next(iter(aug.Loader(source, pipeline, 8, seed=0))) for pipeline in pipelines)
    assert np.abs(one.image - two.image).max() <= 1


@pytest.mark.parametrize(
    ("labels", "error", "says"),
    [
        (np.array(["a", "b"] * 4), PipelineError, "Number the classes"),
        (np.zeros(8, [("a", "f4")]), PipelineError, "Number the classes"),
        (np.arange(8) - 1, PipelineError, "got -1 to 6"),
        (np.arange(8) * 10**9, PipelineError, "numbered from 0"),
    ],
)
def test_labels_that_cannot_be_mixed_are_refused(labels, error, says):
    with pytest.raises(error, match=says):
        aug.Loader(Memory(jpegs(8), labels), PIPELINES["mixup"], 4)


@pytest.mark.parametrize(("label", "says"), [(3, "labels= or classes="), ("cat", "are text")])
def test_labels_told_one_by_one_need_a_number_of_classes(label, says):
    source = aug.from_sequence([(scene(8, 8, number), label) for number in range(4)])
    with pytest.raises(PipelineError, match=says):
        aug.Loader(source, aug.Compose([aug.MixUp()]), 2)


def test_the_parts_of_a_split_have_the_classes_of_the_whole():
    source = aug.from_arrays(np.zeros((20, 8, 8, 3), np.uint8), np.arange(20) % 9)
    for part in source.split((0.8, 0.2)):
        assert next(iter(aug.Loader(part, aug.Compose([aug.CutMix()]), 2))).label.shape == (2, 9)


@pytest.mark.parametrize("fuse", [False, True])
def test_the_boxes_of_a_sample_depend_on_no_batch_size(fuse):
    source = aug.from_arrays(
        np.stack([scene(40, 60, number) for number in range(8)]), boxes=[np.array([[2, 2, 58, 38]])] * 8, min_visible=0
    )
    pipeline = aug.Compose([aug.OneOf([aug.CutMix(), aug.MixUp(1)]), aug.Rotate(20)], fuse=fuse)

    def boxes(batch_size):
        batches = aug.Loader(source, pipeline, batch_size, seed=5)
        return {
            index: [row.tobytes() for row in batch.boxes[k]]
            for batch in batches
            for k, index in enumerate(batch.index.tolist())
        }

    assert boxes(1) == boxes(3) == boxes(8)


def test_masks_are_refused_by_a_mix_that_may_blend_before_it_does():
    source = aug.from_arrays(np.zeros((9, 8, 8, 3), np.uint8), masks=[np.zeros((8, 8), np.uint8)] * 9)
    pipeline = aug.Compose([aug.OneOf([aug.MixUp(1), aug.CutMix()], p=0.01)])
    with pytest.raises(PipelineError, match="Take CutMix"):
        aug.Loader(source, pipeline, 2)


def test_targets_are_those_of_the_images_behind_a_mix_among_others():
    seen = []

    class Look(aug.HorizontalFlip):
        needs = ("boxes",)

        def draw(self, rng, frame):
            if frame.targets is not None:
                seen.append((len(frame), [len(boxes) for boxes in frame.targets.boxes]))
            return super().draw(rng, frame)

    source = aug.from_arrays(np.zeros((6, 20, 20, 3), np.uint8), boxes=[np.array([[2, 2, 9, 9]])] * 6)
    next(iter(aug.Loader(source, aug.Compose([aug.OneOf([aug.MixUp(1), Look()])]), 3)))
    assert seen
    assert all(n == len(boxes) == 3 for n, boxes in seen)


def test_an_error_says_which_member_of_several_it_is():
    pipeline = aug.Compose([aug.Normalize(), aug.OneOf([aug.MixUp(), aug.Invert()])])
    with pytest.raises(PipelineError, match=r"OneOf\[1\]"):
        aug.Loader(Memory(jpegs(4)), pipeline, 2)


def test_a_source_of_one_sample_has_no_partners():
    with pytest.raises(PipelineError, match="needs another sample for each one, and the source has too few: 1"):
        aug.Loader(Memory(jpegs(1)), PIPELINES["mixup"], 1)


def test_a_single_call_takes_the_partners():
    image, other = scene(30, 40, 0), scene(20, 20, 1)
    pipeline = aug.Compose([aug.MixUp(1)])
    mixed = pipeline(image, seed=5, partners=[other])
    assert mixed.shape == image.shape
    assert not np.array_equal(mixed, image)
    for partners, says in (((), "needs 1"), ((image, image), "needs 1"), ((image[..., :1],), "channels")):
        with pytest.raises(ArgumentError, match=says):
            pipeline(image, partners=partners)
    with pytest.raises(ArgumentError, match="none"):
        aug.Compose([])(image, partners=[other])
    with pytest.raises(ArgumentError, match="must be a list of images"):
        pipeline(image, partners=other)
