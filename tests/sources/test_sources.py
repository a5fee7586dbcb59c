import os
import pickle
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from folders import names, touch

from augstream.errors import ArgumentError, SourceError
from augstream.loader import Loader
from augstream.sources import Source, from_arrays, from_folder
from augstream.transforms import HorizontalFlip, Resize, Rotate
from augstream.transforms.compose import Compose


def test_sub_folders_are_the_classes_in_sorted_order(tmp_path):
    source = from_folder(touch(tmp_path, "b/2.jpg", "b/1.png", "a/x.JPEG", "a/deep/er/y.jpg"))
    assert source.classes == ["a", "b"]
    assert names(source) == ["a/x.JPEG", "a/deep/er/y.jpg", "b/1.png", "b/2.jpg"]
    assert source.labels.tolist() == [0, 0, 1, 1]
    assert source.labels.dtype == np.int64
    assert [source.label(index) for index in range(4)] == [0, 0, 1, 1]
    assert source.read(1) == b"a/deep/er/y.jpg"
    assert source.path(3) == tmp_path / "b/2.jpg"
    assert len(source) == 4


def test_hidden_and_foreign_files_are_ignored(tmp_path):
    touch(tmp_path, "a/1.jpg", "a/.2.jpg", "a/.cache/3.jpg", "a/notes.txt", "a/jpg", ".git/4.jpg", "loose.jpg")
    source = from_folder(tmp_path)
    assert (source.classes, names(source)) == (["a"], ["a/1.jpg"])


def test_extensions_can_be_chosen(tmp_path):
    touch(tmp_path, "a/1.jpg", "a/2.raw")
    assert names(from_folder(tmp_path, extensions=[".RAW"])) == ["a/2.raw"]


def test_classes_can_be_chosen_and_ordered(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/1.jpg", "c/1.jpg")
    source = from_folder(tmp_path, classes=["c", "a"])
    assert (source.classes, names(source), source.labels.tolist()) == (["c", "a"], ["c/1.jpg", "a/1.jpg"], [0, 1])
    with pytest.raises(SourceError, match="no sub-folder 'd'; it has a, b, c"):
        from_folder(tmp_path, classes=["d"])
    with pytest.raises(ArgumentError, match="once"):
        from_folder(tmp_path, classes=["a", "a"])


def test_a_class_without_pictures_keeps_its_number_with_a_warning(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/notes.txt", "c/1.jpg")
    with pytest.warns(UserWarning, match="b holds no images; it stays class 1"):
        source = from_folder(tmp_path)
    assert (source.classes, source.labels.tolist()) == (["a", "b", "c"], [0, 2])


def test_without_labels_every_picture_is_taken(tmp_path):
    source = from_folder(touch(tmp_path, "1.jpg", "a/2.jpg"), labels=None)
    assert (names(source), source.classes, source.labels, source.label(0)) == (["1.jpg", "a/2.jpg"], None, None, None)


def test_links_are_followed_and_loops_are_not(tmp_path):
    touch(tmp_path, "real/a/1.jpg", "elsewhere/2.jpg")
    (tmp_path / "real/a/loop").symlink_to(tmp_path / "real")
    (tmp_path / "real/a/self").symlink_to(tmp_path / "real/a")
    (tmp_path / "real/b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "real/a/gone.jpg").symlink_to(tmp_path / "nothing")
    source = from_folder(tmp_path / "real")
    found = names(source)
    assert found[:2] == ["a/1.jpg", "a/gone.jpg"]
    assert found[-1] == "b/2.jpg"
    assert len(found) < 8
    with pytest.raises(FileNotFoundError):
        source.read(1)


def test_names_need_not_be_text(tmp_path):
    folder = os.fsencode(tmp_path) + b"/a"
    Path(os.fsdecode(folder)).mkdir()
    Path(os.fsdecode(folder + b"/\xff.jpg")).write_bytes(b"bytes")
    source = from_folder(tmp_path)
    assert source.name(0) == "a/\\xff.jpg"
    assert source.read(0) == b"bytes"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "is empty. Pass a folder with one sub-folder per class"),
        (["1.jpg", "2.jpg"], "holds 2 images and no sub-folder, so there are no classes"),
        (["a/notes.txt", "b/more.txt"], "2 sub-folders hold no images"),
        (["notes.txt"], "holds no images"),
    ],
)
def test_a_folder_that_is_no_source_says_why(tmp_path, files, message):
    touch(tmp_path, *files)
    with pytest.raises(SourceError, match=message):
        from_folder(tmp_path)


def test_a_missing_folder_and_a_file_are_no_source(tmp_path):
    with pytest.raises(SourceError, match="'missing' does not exist"):
        from_folder("missing")
    with pytest.raises(SourceError, match="is a file, not a folder"):
        from_folder(touch(tmp_path, "a.jpg") / "a.jpg")
    with pytest.raises(ArgumentError, match="labels"):
        from_folder(tmp_path, labels="file")


def test_a_folder_source_survives_pickling_and_a_change_of_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(touch(tmp_path, "set/a/1.jpg").parent)
    monkeypatch.chdir(tmp_path)
    source = pickle.loads(pickle.dumps(from_folder("set")))
    monkeypatch.chdir("/")
    assert source.read(0) == b"set/a/1.jpg"
    with pytest.raises(IndexError):
        source.read(1)


def test_listing_is_compact(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for number in range(2000):
            os.mknod(tmp_path / folder / f"picture_{number:08}.jpg")
    tracemalloc.start()
    source = from_folder(tmp_path)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(source) == 4000
    assert kept / len(source) < 100


class Numbers(Source):
    """A source of 3 + 2 + 1 samples in three classes."""

    def __init__(self):
        self.classes = ["x", "y", "z"]
        self.labels = np.array([0, 1, 0, 2, 1, 0])

    def __len__(self):
        return 6

    def read(self, index):
        return np.full((2, 2), index, np.uint8)


def test_a_subset_renumbers_and_keeps_what_belongs_to_a_sample():
    part = Numbers().subset([5, 3, 1])
    assert len(part) == 3
    assert [part.read(index)[0, 0] for index in range(3)] == [5, 3, 1]
    assert part.labels.tolist() == [0, 2, 1]
    assert [part.name(index) for index in range(3)] == ["5", "3", "1"]
    assert part.classes == ["x", "y", "z"]
    again = part.subset(np.array([False, True, True]))
    assert again.indices.tolist() == [3, 1]
    assert again.source is part.source
    assert len(part.subset([])) == 0
    with pytest.raises(ArgumentError, match=r"0\.\.5"):
        Numbers().subset([6])
    with pytest.raises(ArgumentError, match="integers"):
        Numbers().subset([0.5])


def test_a_split_is_stratified_complete_and_repeatable():
    labels = np.repeat([0, 1, 2], [100, 40, 10])
    source = from_arrays(np.zeros((150, 2, 2), np.uint8), labels)
    train, validation = source.split(0.2, seed=3)
    assert np.bincount(validation.labels).tolist() == [20, 8, 2]
    assert sorted([*train.indices, *validation.indices]) == list(range(150))
    assert (np.diff(train.indices) > 0).all()
    again = source.split(0.2, seed=3)[1].indices
    assert np.array_equal(again, validation.indices)
    assert not np.array_equal(source.split(0.2, seed=4)[1].indices, validation.indices)


def test_small_classes_are_on_both_sides_of_a_split():
    train, validation = from_arrays(np.zeros((5, 2, 2), np.uint8), [0, 0, 1, 1, 2]).split(0.01)
    assert sorted(validation.labels) == [0, 1]
    assert sorted(train.labels) == [0, 1, 2]
    train, validation = from_arrays(np.zeros((2, 2, 2), np.uint8), [0, 1]).split(0.5)
    assert (len(train), len(validation)) == (1, 1)
    assert len(from_arrays(np.zeros((10, 2, 2), np.uint8)).split(0.25)[1]) == 3


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, "half", True, None])
def test_a_split_needs_a_fraction(fraction):
    with pytest.raises(ArgumentError, match=r"split\.fraction"):
        Numbers().split(fraction)


def test_arrays_are_not_copied():
    x = np.zeros((3, 4, 5, 3), np.uint8)
    source = from_arrays(x, [1, 0, 1])
    assert np.shares_memory(source.read(1), x)
    assert (len(source), source.name(2), source.labels.tolist()) == (3, "x[2]", [1, 0, 1])
    assert np.shares_memory(from_arrays([x[0], x[1, :2]]).read(1), x)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (9, 7, 3), (9, 7, 5)])
def test_arrays_come_out_the_same_whether_read_at_once_or_one_by_one(dtype, shape, tmp_path):
    levels = np.random.default_rng(1).integers(0, 256, (6, *shape))
    x = (levels / 255 if dtype == "float32" else levels).astype(dtype)
    mapped = np.memmap(tmp_path / "x.bin", dtype, "w+", shape=x.shape)
    mapped[:] = x
    pipeline = Compose([Rotate(40), HorizontalFlip(p=0.5), Resize(5, 6)])

    def batch(source):
        return Loader(source, pipeline, 4, seed=3).batch(1, 0)

    whole = batch(from_arrays(x))
    for source in (from_arrays(mapped), from_arrays(list(x)), from_arrays(np.asfortranarray(x))):
        other = batch(source)
        assert np.array_equal(other.index, whole.index)
        assert np.array_equal(other.image, whole.image)
    reverse = from_arrays(x[::-1].copy()).subset(range(5, -1, -1))
    joined = from_arrays(x[:2].copy()) + from_arrays(x[2:].copy())
    for source in (reverse, joined):
        assert np.array_equal(batch(source).image, whole.image)
    for row, index in enumerate(whole.index.tolist()):
        one = pipeline(x[index], seed=3, epoch=1, index=index, dtype="float32")
        assert np.array_equal(one.reshape(whole.image[row].shape), whole.image[row])


def test_other_floats_and_byte_orders_are_converted_picture_by_picture():
    assert from_arrays(np.full((2, 3, 3), 0.5)).read(0).dtype == np.float32
    assert from_arrays(np.full((2, 3, 3), 258, ">u2")).read(0).tolist() == [[258] * 3] * 3
    assert from_arrays(np.full((2, 3, 3), 258, ">u2")).read(0).dtype.isnative


def test_a_memory_map_is_pickled_as_the_way_to_its_file(tmp_path):
    x = np.memmap(tmp_path / "x.bin", np.uint8, "w+", shape=(4, 100, 100, 3))
    x[2] = 7
    x.flush()
    frozen = pickle.dumps(from_arrays(x))
    assert len(frozen) < 2000
    assert pickle.loads(frozen).read(2).max() == 7


def test_labels_may_be_names_numbers_or_rows():
    x = np.zeros((3, 2, 2), np.uint8)
    named = from_arrays(x, ["dog", "cat", "dog"])
    assert (named.labels.tolist(), named.classes) == ([1, 0, 1], ["cat", "dog"])
    chosen = from_arrays(x, ["dog", "cat", "dog"], classes=["dog", "cat", "cow"])
    assert (chosen.labels.tolist(), chosen.classes) == ([0, 1, 0], ["dog", "cat", "cow"])
    assert from_arrays(x, np.array([[1], [2], [0]], np.uint8)).labels.tolist() == [1, 2, 0]
    assert from_arrays(x, np.eye(3)).labels.shape == (3, 3)
    assert from_arrays(x, [0.5, 1.5, 2]).labels.dtype == np.float64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": "photos"}, r"uint8, uint16 or float32|must be an array"),
        ({"x": 5}, "must be an array"),
        ({"x": np.zeros((4, 4), np.uint8)}, r"\(n, h, w\).*Pass x\[None\]"),
        ({"x": np.zeros((0, 4, 4), np.uint8)}, "at least one image"),
        ({"x": np.zeros((2, 4, 4), np.int64)}, "got int64"),
        ({"x": np.zeros((2, 0, 4), np.uint8)}, "each at least 1"),
        ({"x": []}, "at least one image"),
        ({"x": [np.zeros((2, 2), np.uint8), np.zeros((2, 2, 3), np.uint8)]}, "one dtype and number of channels"),
        ({"x": [np.zeros((2, 2), np.uint8), None]}, r"x\[1\] must be an array"),
        ({"x": np.full((2, 4, 4), 255.0, np.float32)}, "floats up to 255 .*above the level of white, 1. Pass peak=255"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "peak": -1}, "peak must be"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": [1]}, "one row per image, 2"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": [0, 2], "classes": ["a", "b"]}, r"0\.\.1 for 2 classes; got 0\.\.2"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": ["a", "c"], "classes": ["a", "b"]}, "'c', which is not among"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": [None, 1]}, "no label for sample 0"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": [0.5, np.nan]}, "no label for sample 1"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": ["cat", 1]}, "numbers or names, not both; got 1"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": [[1], [1, 2]]}, "rows of one length"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": np.array([1, 2**63], np.uint64)}, "fit into int64"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": ["a", "b"], "classes": ["a", "b", "a"]}, "each class once"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": ["a", "b"], "classes": []}, "at least one"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "classes": ["a"]}, "needs y"),
    ],
)
def test_arrays_that_are_no_source_say_why(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        from_arrays(**arguments)


def test_a_row_of_labels_may_lack_some_of_them():
    source = from_arrays(np.zeros((2, 4, 4), np.uint8), [[0.5, np.nan], [np.nan, 1]])
    assert np.isnan(source.labels).sum() == 2


def test_floats_with_their_own_peak_are_accepted():
    assert from_arrays(np.full((2, 4, 4), 255.0, np.float32), peak=255).peak == 255
    assert from_arrays(np.zeros((2, 4, 4), np.uint8)).peak is None


def test_sources_print_what_they_are():
    assert repr(Numbers()) == "<Numbers: 6 samples, 3 classes>"
    assert repr(Numbers().split(0.5)[1]) == "<Subset: 3 samples, 3 classes>"


def test_importing_a_source_imports_neither_pillow_nor_a_framework():
    code = "import sys, augstream.sources; print(*sorted({'PIL', 'torch', 'keras', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == []
