import gc
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import encoded, scene, turned

from augstream.errors import ArgumentError, PipelineError, SampleError
from augstream.loader import Loader
from augstream.sources import Source, from_arrays, from_folder
from augstream.transforms import (
    ColorJitter,
    HorizontalFlip,
    Normalize,
    Rescale,
    Resize,
    Rotate,
    Shift,
    Solarize,
)
from augstream.transforms.compose import Compose

PIPELINE = Compose(
    [
        Rotate(40),
        Shift(x=(-0.2, 0.2)),
        HorizontalFlip(p=0.5),
        ColorJitter(0.2, 0.2, 0.2),
        Resize(24, 32),
        Rescale(1 / 255),
    ],
    border="edge",
)
PLAIN = Compose([Resize(16, 16)])


class Memory(Source):
    """Encoded images in memory; one like an exception among them is raised when it is read."""

    def __init__(self, samples, labels=None):
        self.samples = samples
        self.labels = None if labels is None else np.asarray(labels)

    def __len__(self):
        return len(self.samples)

    def read(self, index):
        sample = self.samples[index]
        if isinstance(sample, Exception):
            raise type(sample)(*sample.args)
        return sample

    def name(self, index):
        return f"memory/{index}.jpg"


def files(n):
    return [encoded(scene(30 + n % 5, 40, n)) for n in range(n)]


def ours():
    return [thread for thread in threading.enumerate() if thread.name.startswith("augstream")]


def epoch_of(loader):
    """index -> image of the next epoch."""
    return {int(i): picture for batch in loader for i, picture in zip(batch.index, batch.image, strict=True)}


def same(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[key], two[key]) for key in one)


# The laws


@pytest.mark.parametrize("options", [{"batch_size": 1}, {"batch_size": 7}, {"batch_size": 24}, {"batch_size": 100}])
def test_any_batch_size_gives_the_same_samples(photos, options):
    assert same(
        epoch_of(Loader(from_folder(photos), PIPELINE, **options)), epoch_of(Loader(from_folder(photos), PIPELINE, 4))
    )


@pytest.mark.parametrize(
    "options", [{"threads": 1}, {"threads": 8}, {"prefetch": 0}, {"prefetch": 9}, {"threads": 1, "prefetch": 1}]
)
def test_threads_and_prefetching_change_nothing(photos, options):
    one = Loader(from_folder(photos), PIPELINE, 5, seed=3, **options)
    two = Loader(from_folder(photos), PIPELINE, 5, seed=3, threads=2)
    for first, second in zip(one, two, strict=True):
        assert np.array_equal(first.index, second.index)
        assert np.array_equal(first.image, second.image)


def test_order_changes_no_sample(photos):
    one, two = (Loader(from_folder(photos), PIPELINE, 5, shuffle=shuffle) for shuffle in (True, False))
    assert same(epoch_of(one), epoch_of(two))


def test_epochs_differ_and_come_again(photos):
    loader = Loader(from_folder(photos), PIPELINE, 5)
    first, second = epoch_of(loader), epoch_of(loader)
    assert loader.epoch == 2
    assert not any(np.array_equal(first[index], second[index]) for index in first)
    loader.epoch = 1
    assert same(epoch_of(loader), second)
    assert same(epoch_of(Loader(from_folder(photos), PIPELINE, 5)), first)
    assert not same(epoch_of(Loader(from_folder(photos), PIPELINE, 5, seed=1)), first)


def test_a_batch_anywhere_is_the_one_in_the_loop(photos):
    loader = Loader(from_folder(photos), PIPELINE, 5, drop_remainder=False)
    loader.epoch = 7
    for position, batch in enumerate(loader):
        alone = loader.batch(7, position)
        assert np.array_equal(alone.index, batch.index)
        assert np.array_equal(alone.image, batch.image)
    assert [batch.epoch for batch in loader.at(3)] == [3] * 5
    assert loader.epoch == 8


@pytest.mark.parametrize(
    "pipeline",
    [
        PIPELINE,
        replace(PIPELINE, fuse=False),
        Compose([Resize(5)], fuse=False),  # the decoder's scale must not depend on it either
        Compose([Solarize(), Resize(24, 32), Rotate(10)], fuse=False),
        Compose([ColorJitter(0.2), Resize(24, 32)], fuse=False),
    ],
)
def test_a_sample_does_not_depend_on_its_mates_orientation(pipeline):
    lying = [turned(scene(30, 40, number), 1 + number % 8) for number in range(16)]
    together = epoch_of(Loader(Memory(lying), pipeline, 16))
    assert same(epoch_of(Loader(Memory(lying), pipeline, 1)), together)


def test_an_epoch_has_every_sample_once(photos):
    batches = list(Loader(from_folder(photos), PLAIN, 7))
    assert sorted(np.concatenate([batch.index for batch in batches])) == list(range(24))
    assert [len(batch) for batch in batches] == [7, 7, 7, 3]
    orders = [np.concatenate([batch.index for batch in Loader(from_folder(photos), PLAIN, 7, seed=s)]) for s in (0, 1)]
    assert not np.array_equal(*orders)
    assert np.array_equal(
        np.concatenate([b.index for b in Loader(from_folder(photos), PLAIN, 7, shuffle=False)]), range(24)
    )


def test_drop_remainder_leaves_only_whole_batches(photos):
    loader = Loader(from_folder(photos), PLAIN, 7, drop_remainder=True)
    assert len(loader) == 3
    assert [len(batch) for batch in loader] == [7] * 3


# What a batch is


def test_a_batch_says_what_it_holds(photos):
    source = from_folder(photos)
    batch = next(iter(Loader(source, PIPELINE, 6)))
    assert (batch.image.shape, batch.image.dtype) == ((6, 24, 32, 3), np.float32)
    assert 0 <= batch.image.min() <= batch.image.max() <= 1
    assert batch.label.dtype == np.int64
    assert batch.label.tolist() == source.labels[batch.index].tolist()
    assert batch.name == [source.name(index) for index in batch.index]
    assert len(batch) == 6


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
@pytest.mark.parametrize("color", ["rgb", "gray", "rgba"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_layout_dtype_and_color(photos, layout, color, dtype):
    channels = {"rgb": 3, "gray": 1, "rgba": 4}[color]
    options = {"color": color, "dtype": dtype, "shuffle": False}
    batch = next(iter(Loader(from_folder(photos), PLAIN, 6, layout=layout, **options)))
    assert batch.image.shape == ((6, 16, 16, channels) if layout == "NHWC" else (6, channels, 16, 16))
    assert batch.image.dtype == dtype
    if layout == "NCHW":
        other = next(iter(Loader(from_folder(photos), PLAIN, 6, **options)))
        assert np.array_equal(batch.image.transpose(0, 2, 3, 1), other.image)


def test_arrays_of_any_kind_keep_their_channels_and_levels():
    for picture, peak in ((np.uint8(255), None), (np.uint16(65535), None), (np.float32(1), None), (np.float32(8), 8)):
        for shape in ((3, 20, 20), (3, 20, 20, 1), (3, 20, 20, 5)):
            source = from_arrays(np.full(shape, picture), [1, 2, 3], peak=peak)
            batch = next(iter(Loader(source, PLAIN, 3, shuffle=False)))
            assert batch.image.shape == (3, 16, 16, 5 if shape[-1] == 5 else 1)
            assert np.allclose(batch.image, picture)
            assert batch.label.tolist() == [1, 2, 3]


class Own(Source):
    def __len__(self):
        return 4

    def read(self, index):
        return np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        ("labels", np.arange(3), r"source\.labels must be an array of 4 rows, or None; got shape \(3,\)"),
        ("labels", [0, 1, 2, 3], "got list"),
        ("sample_weight", np.ones(2, np.float32), "sample_weight must be an array of 4 rows"),
        ("sample_weight", np.array([1, np.nan, 1, 1], np.float32), "finite and 0 or more"),
    ],
)
def test_what_a_source_says_of_its_samples_must_fit(name, rows, message):
    source = Own()
    setattr(source, name, rows)
    with pytest.raises(ArgumentError, match=message):
        Loader(source, Compose([]), 2)


@pytest.mark.parametrize(
    ("label", "error", "message"),
    [
        (lambda index: None if index == 2 else index, SampleError, r"sample 2 \(2\): has no label, and others"),
        (lambda index: [1] * (1 + index), PipelineError, "labels of a batch must be of one shape"),
    ],
)
def test_labels_of_a_batch_must_fit_together(label, error, message):
    source = Own()
    source.label = label
    with pytest.raises(error, match=message):
        list(Loader(source, Compose([]), 4))


def test_arrays_may_be_views_and_read_only():
    x = np.stack([scene(20, 24, number) for number in range(4)])
    views = [x.transpose(0, 3, 1, 2).copy().transpose(0, 2, 3, 1), np.repeat(x, 2, axis=1)[:, ::2], x.copy()]
    views[2].flags.writeable = False
    expected = epoch_of(Loader(from_arrays(x), PIPELINE, 4))
    assert all(same(epoch_of(Loader(from_arrays(view), PIPELINE, 4)), expected) for view in views)


def test_labels_may_be_anything_per_sample_or_nothing():
    class Own(Memory):
        def label(self, index):
            return [index, index / 2]

    batch = next(iter(Loader(Own(files(3)), PLAIN, 3, shuffle=False)))
    assert batch.label.tolist() == [[0, 0], [1, 0.5], [2, 1]]
    assert next(iter(Loader(Memory(files(3)), PLAIN, 3))).label is None


def test_pictures_are_turned_as_their_exif_says():
    picture = scene(30, 40, 3)
    upright = next(iter(Loader(Memory([encoded(picture)] * 2), Compose([Resize(30, 40)]), 2, dtype="uint8"))).image[0]
    for orientation, turn in ((3, lambda p: p[::-1, ::-1]), (6, lambda p: np.rot90(p, -1)), (8, np.rot90)):
        data = turned(picture, orientation)
        size = (30, 40) if orientation == 3 else (40, 30)
        seen = next(iter(Loader(Memory([data] * 2), Compose([Resize(*size)]), 2, dtype="uint8"))).image[0]
        assert np.abs(seen.astype(int) - turn(upright)).max() <= 1


def test_a_folder_of_one_size_needs_no_resize():
    batch = next(iter(Loader(Memory([encoded(scene(20, 30, n)) for n in range(4)]), Compose([]), 4)))
    assert batch.image.shape == (4, 20, 30, 3)


# Bad input


def test_pictures_of_several_sizes_are_refused_at_construction(photos):
    with pytest.raises(PipelineError, match=r"in one size.*ant/000.jpg \(40, 56\).*Add Resize"):
        Loader(from_folder(photos), Compose([HorizontalFlip()]), 4)
    sizes = [batch.image.shape for batch in Loader(from_folder(photos), Compose([HorizontalFlip()]), 1)]
    assert len(set(sizes)) > 3


def test_a_rare_size_is_refused_in_its_batch():
    pictures = [encoded(scene(20, 30, n)) for n in range(100)]
    pictures[33] = encoded(scene(21, 30))
    loader = Loader(Memory(pictures), Compose([]), 10, shuffle=False)
    stream = iter(loader)
    assert [next(stream).index[0] for _ in range(3)] == [0, 10, 20]
    with pytest.raises(PipelineError, match=r"memory/33.jpg \(21, 30\)"):
        next(stream)


def test_pictures_of_several_kinds_are_refused():
    mixed = Memory([np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint16)])
    with pytest.raises(PipelineError, match=r"of one kind.*white is 255.*white is 65535"):
        Loader(mixed, PLAIN, 2)


def broken(n=12):
    """Good files, and at 2, 3, 7 and 11 one of each way to be bad."""
    samples = files(n)
    samples[2] = b""
    samples[3] = samples[3][:300]
    samples[7] = b"GIF89a"
    samples[11] = OSError(5, "Input/output error")
    return Memory(samples, np.arange(n))


def test_bad_samples_are_named_with_their_reasons():
    loader = Loader(broken(), PLAIN, 12, shuffle=False)
    with pytest.raises(SampleError) as caught:
        list(loader)
    failures = caught.value.failures
    assert [index for index, _, _ in failures] == [2, 3, 7, 11]
    lines = str(caught.value).splitlines()
    assert lines[0] == "sample 2 (memory/2.jpg): the file is empty (0 bytes)"
    assert lines[1].startswith("sample 3 (memory/3.jpg): ")
    assert lines[3] == "sample 11 (memory/11.jpg): cannot be read: Input/output error"
    assert 'on_error="skip"' in lines[-1]
    assert not ours()


def test_the_error_comes_at_the_batch_with_the_bad_sample():
    stream = iter(Loader(broken(), PLAIN, 1, shuffle=False, prefetch=4))
    assert [next(stream).index[0] for _ in range(2)] == [0, 1]
    with pytest.raises(SampleError, match="sample 2 "):
        next(stream)
    with pytest.raises(StopIteration):
        next(stream)


def test_skipping_takes_the_sample_of_the_next_position():
    loader = Loader(broken(), PLAIN, 4, shuffle=False, on_error="skip")
    with pytest.warns(UserWarning, match=r"epoch 0: 4 of 12 samples could not be read.*sample 2 \(memory/2.jpg\)"):
        batches = list(loader)
    assert [batch.index.tolist() for batch in batches] == [[0, 1, 4, 4], [4, 5, 6, 8], [8, 9, 10, 0]]
    assert [batch.label.tolist() for batch in batches] == [batch.index.tolist() for batch in batches]
    assert np.array_equal(batches[0].image[2], batches[1].image[0])
    assert [index for index, _, _ in loader.errors] == [2, 3, 7, 11]


@pytest.mark.parametrize("options", [{"threads": 1, "prefetch": 0}, {"threads": 8, "prefetch": 5}])
@pytest.mark.filterwarnings("ignore:epoch")
def test_skipping_depends_on_the_position_alone(options):
    def positions(batch_size, **options):
        loader = Loader(broken(), PIPELINE, batch_size, on_error="skip", seed=5, **options)
        return [(i, picture) for batch in loader for i, picture in zip(batch.index, batch.image, strict=True)]

    one, two = positions(5), positions(3, **options)
    assert [index for index, _ in one] == [index for index, _ in two]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(one, two, strict=True))


def test_skipped_samples_are_counted_when_their_batch_is_handed_out():
    loader = Loader(broken(), PLAIN, 4, shuffle=False, on_error="skip", prefetch=3)
    stream = iter(loader)
    next(stream)
    time.sleep(0.1)
    assert [index for index, _, _ in loader.errors] == [2, 3]
    stream.close()


def test_a_source_without_a_readable_sample_is_an_error_even_when_skipping():
    loader = Loader(Memory([b""] * 30), PLAIN, 4, on_error="skip")
    with pytest.raises(SampleError, match=r"and 25 more"):
        next(iter(loader))
    with pytest.raises(SampleError):
        next(iter(Loader(Memory([b"GIF"]), PLAIN, 1, on_error="skip")))


def test_a_bomb_is_refused_by_its_header():
    pictures = [encoded(scene(20, 20)), encoded(scene(20, 40)), encoded(scene(20, 60), "PNG")]
    with pytest.raises(SampleError) as caught:
        list(Loader(Memory(pictures), PLAIN, 3, max_pixels=500))
    assert [index for index, _, _ in sorted(caught.value.failures)] == [1, 2]
    assert "20 x 20" not in str(caught.value)
    assert "60 x 20 pixels is above max_pixels = 500" in str(caught.value)


def test_pictures_of_one_pixel_and_of_one_row_are_pictures():
    tiny = Memory([encoded(scene(h, w)) for h, w in ((1, 1), (1, 9), (9, 1))] + [encoded(scene(1, 1), "PNG")])
    assert next(iter(Loader(tiny, PIPELINE, 4))).image.shape == (4, 24, 32, 3)


def test_what_a_source_returns_is_checked():
    odd = Memory([files(1)[0], "text", np.zeros((2, 2)), np.zeros((0, 2), np.uint8), bytearray(files(1)[0])])
    with pytest.raises(SampleError) as caught:
        list(Loader(odd, PLAIN, 5, shuffle=False))
    assert [(index, reason.split(";")[-1]) for index, _, reason in caught.value.failures] == [
        (1, " got str (TypeError)"),
        (2, " got an array of float64 (TypeError)"),
        (3, " got shape (0, 2) (ValueError)"),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "photos"}, r"Loader\.source must be a source; got str\. Write aug\.from_folder\('photos'\)"),
        ({"source": np.zeros((2, 2, 2))}, r"Write aug\.from_arrays"),
        ({"source": Memory([])}, "no samples"),
        ({"source": ["a.jpg"]}, r"got list\. Write aug\.from_sequence\(paths, labels\)"),
        ({"pipeline": "flip"}, r"Loader\.pipeline must be a Compose or a list of transforms; got str\. Write"),
        ({"pipeline": [3]}, r"a list of transforms.*3 is none"),
        ({"batch_size": "32"}, r"Loader\.batch_size must be an integer of at least 1; got '32'"),
        ({"labels": "categorical"}, r"Loader\.labels must be 'index' or 'one_hot' or 'binary'; got 'categorical'"),
        ({"batch_size": 0}, r"Loader\.batch_size must be an integer of at least 1; got 0"),
        ({"batch_size": 2.5}, "got 2.5"),
        ({"batch_size": True}, "got True"),
        ({"seed": "x"}, r"Loader\.seed must be an integer; got 'x'"),
        ({"shuffle": 1}, r"Loader\.shuffle must be True or False"),
        ({"threads": 0}, r"Loader\.threads"),
        ({"prefetch": -1}, r"Loader\.prefetch"),
        ({"on_error": "ignore"}, r"Loader\.on_error must be 'raise', 'skip' or a function; got 'ignore'"),
        ({"layout": "CHW"}, r"Loader\.layout must be 'NHWC' or 'NCHW'"),
        ({"dtype": "float64"}, r"Loader\.dtype"),
        ({"color": "bgr"}, r"Loader\.color must be 'gray' or 'rgb' or 'rgba'"),
        ({"max_pixels": 0}, r"Loader\.max_pixels"),
        ({"max_bytes": "much"}, r"Loader\.max_bytes"),
        ({"batch_size": 9, "drop_remainder": True}, r"batch_size is 9, more than the 3 samples"),
    ],
)
def test_arguments_are_checked(change, message):
    arguments = {"source": Memory(files(3)), "pipeline": PLAIN, "batch_size": 2} | change
    with pytest.raises(ArgumentError, match=message):
        Loader(**arguments)
    loader = Loader(Memory(files(3)), PLAIN, 2)
    for call in (lambda: loader.batch(0, 2), lambda: loader.batch(-1, 0), lambda: setattr(loader, "epoch", -1)):
        with pytest.raises(ArgumentError):
            call()


def test_a_pipeline_for_other_channels_is_refused_at_construction():
    with pytest.raises(PipelineError):
        Loader(Memory(files(3)), Compose([Resize(8, 8), Normalize(mean=(0.5, 0.5), std=(0.5, 0.5))]), 2)


# Threads


def test_leaving_the_loop_frees_threads_and_what_was_prepared(photos):
    loader = Loader(from_folder(photos), PIPELINE, 2, prefetch=4)
    for batch in loader:
        assert len(batch) == 2
        break
    gc.collect()
    assert not ours()
    stream = iter(loader)
    next(stream)
    assert ours()
    stream.close()
    assert not ours()


def core_threads():
    """How many threads of the core there are, once those that have just ended have left the system's list too."""
    gc.collect()
    time.sleep(0.1)
    names = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            names.append((task / "comm").read_text())
    return names.count("augstream\n")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads as Linux does")
def test_the_threads_of_the_core_end_with_the_last_loop(photos):
    before = core_threads()
    one, two = (Loader(from_folder(photos), PIPELINE, 2, threads=5) for _ in range(2))
    first, second = iter(one), iter(two)
    next(first)
    assert core_threads() == before + 5
    next(second)
    assert core_threads() == before + 5
    first.close()
    next(second)
    del second, two
    assert core_threads() == before
    with pytest.raises(SampleError) as caught:
        list(Loader(broken(), PIPELINE, 3, threads=5))
    assert core_threads() == before
    assert caught.value.failures


def test_a_loader_dropped_in_the_middle_goes_away(photos):
    loader = Loader(from_folder(photos), PIPELINE, 2, prefetch=4)
    stream = iter(loader)
    batch = next(stream)
    kept = batch.image.copy()
    del loader, stream
    gc.collect()
    assert not ours()
    assert np.array_equal(batch.image, kept)


def test_batches_that_are_kept_are_not_written_over(photos):
    loader = Loader(from_folder(photos), PIPELINE, 3)
    kept = list(loader)
    for position, batch in enumerate(kept):
        assert np.array_equal(batch.image, loader.batch(0, position).image)


def test_two_loops_over_one_loader_are_two_epochs(photos):
    loader = Loader(from_folder(photos), PIPELINE, 5)
    pairs = list(zip(loader, loader, strict=True))
    for position, (one, two) in enumerate(pairs):
        assert (one.epoch, two.epoch) == (0, 1)
        assert np.array_equal(two.image, loader.batch(1, position).image)


def test_a_loader_survives_pickling(photos):
    loader = Loader(from_folder(photos), PIPELINE, 5, seed=2)
    next(iter(loader))
    again = pickle.loads(pickle.dumps(loader))
    assert again.epoch == 1
    assert np.array_equal(again.batch(4, 2).image, loader.batch(4, 2).image)
    assert repr(again) == (
        "<Loader: 5 batches of 5 from <Folder: 24 samples, 3 classes>, epoch 1 next; for a framework: .keras(), "
        ".torch(), .jax(), .tensorflow(), .numpy(), .dataset()>"
    )


def test_no_warnings_in_a_clean_epoch(photos):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(Loader(from_folder(photos), PIPELINE, 5))) == 5


INTERRUPTED = """
import sys, threading, time
from augstream.transforms.compose import Compose
from augstream.loader import Loader
from augstream.sources import from_folder
from augstream.transforms import Resize
loader = Loader(from_folder(sys.argv[1]), Compose([Resize(400, 400)]), 8)
try:
    while True:
        for batch in loader:
            print("batch", flush=True)
except KeyboardInterrupt:
    time.sleep(0.05)
    batch = None
    print("interrupted", [t.name for t in threading.enumerate() if t.name.startswith("augstream")], flush=True)
    raise
"""


def test_ctrl_c_ends_an_epoch_promptly(photos):
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(photos)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for _ in range(5):
        assert process.stdout.readline() == "batch\n"
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    output, errors = process.communicate(timeout=60)
    assert time.monotonic() - begin < 10
    assert process.returncode != 0
    assert "KeyboardInterrupt" in errors
    assert "interrupted" in output


def test_an_argument_that_is_misspelled_is_named():
    x = np.zeros((4, 8, 8, 3), np.uint8)
    with pytest.raises(ArgumentError, match=r"Loader has no argument 'batchsize'. Did you mean batch_size\?"):
        Loader(from_arrays(x), Compose([]), batchsize=2)


def test_a_list_of_transforms_is_a_pipeline(photos):
    whole = Loader(from_folder(photos), Compose([Rotate(40), Resize(24, 32)]), 4).batch(0, 0)
    for pipeline in ([Rotate(40), Resize(24, 32)], (Rotate(40), Resize(24, 32))):
        assert np.array_equal(Loader(from_folder(photos), pipeline, 4).batch(0, 0).image, whole.image)
    assert Loader(from_folder(photos), Resize(24, 32), 4).batch(0, 0).image.shape == (4, 24, 32, 3)


def test_a_batch_by_its_number_moves_nothing(photos):
    loader = Loader(from_folder(photos), PIPELINE, 5)
    loader.epoch = 3
    before = loader.state_dict()
    for k in (0, 4, -1, np.int64(2)):
        assert np.array_equal(loader[k].image, loader.batch(3, k % 5).image)
        assert loader[k].epoch == 3
    assert loader.state_dict() == before
    first = next(iter(loader))
    assert np.array_equal(first.image, loader.batch(3, 0).image)
    assert loader.epoch == 4
    for k in (5, -6):
        with pytest.raises(IndexError, match="5 batches, 0 to 4"):
            loader[k]
    with pytest.raises(ArgumentError, match=r"takes the number of a batch; got slice"):
        loader[:2]
