"""What `from_folder` does beyond one sub-folder per class: labels from paths, links, a remembered listing."""

import os
import pickle
import time
import tracemalloc

import numpy as np
import pytest
from folders import names, touch

import augstream as aug
from augstream.errors import ArgumentError, SourceError
from augstream.sources import listing
from augstream.sources.listing import Listing, Progress


def test_a_function_says_the_label(tmp_path):
    touch(tmp_path, "cat_1.jpg", "more/dog_2.jpg", "more/cat_3.jpg")
    source = aug.from_folder(tmp_path, labels=lambda path: path.rpartition("/")[2].split("_")[0])
    assert (source.classes, source.labels.tolist(), names(source)[1]) == (["cat", "dog"], [0, 0, 1], "more/cat_3.jpg")
    numbers = aug.from_folder(tmp_path, labels=lambda path: int(path[-5]))
    assert (numbers.classes, numbers.labels.tolist()) == (None, [1, 3, 2])
    chosen = aug.from_folder(tmp_path, labels=lambda path: "dog" if "dog" in path else "cat", classes=["dog", "cat"])
    assert (chosen.classes, chosen.labels.tolist()) == (["dog", "cat"], [1, 1, 0])
    with pytest.raises(SourceError, match=r"returned None for 'cat_1\.jpg'"):
        aug.from_folder(tmp_path, labels=lambda path: None)
    assert pickle.loads(pickle.dumps(source)).labels.tolist() == [0, 0, 1]


def test_nested_folders_may_each_be_a_class(tmp_path):
    source = aug.from_folder(touch(tmp_path, "birds/owl/1.jpg", "birds/owl/2.jpg", "dogs/1.jpg"), labels="parent")
    assert (source.classes, source.labels.tolist()) == (["birds/owl", "dogs"], [0, 0, 1])
    touch(tmp_path, "loose.jpg")
    with pytest.raises(SourceError, match=r"loose\.jpg is in no sub-folder"):
        aug.from_folder(tmp_path, labels="parent")


def test_links_may_be_ignored(tmp_path):
    touch(tmp_path, "real/a/1.jpg", "elsewhere/2.jpg")
    (tmp_path / "real/b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "real/a/3.jpg").symlink_to(tmp_path / "elsewhere/2.jpg")
    assert names(aug.from_folder(tmp_path / "real")) == ["a/1.jpg", "a/3.jpg", "b/2.jpg"]
    source = aug.from_folder(tmp_path / "real", links="ignore")
    assert (names(source), source.classes) == (["a/1.jpg"], ["a"])
    with pytest.raises(ArgumentError, match=r"from_folder\.links"):
        aug.from_folder(tmp_path, links="no")


def old(folder):
    """Gives every folder a time stamp that has settled."""
    for place in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        os.utime(place, (1e9, 1e9))
    return folder


def counted(monkeypatch):
    scanned = []
    scan = Listing._scan
    monkeypatch.setattr(Listing, "_scan", lambda self, full: scanned.append(full) or scan(self, full))
    return scanned


@pytest.mark.parametrize("labels", ["folder", "parent", None])
def test_a_listing_is_remembered_until_a_folder_changes(tmp_path, monkeypatch, labels):
    folder, index = old(touch(tmp_path / "data", "a/1.jpg", "a/deep/2.jpg", "b/3.jpg")), tmp_path / "cache/data.index"
    one = aug.from_folder(folder, labels=labels, cache_index=index)
    scanned = counted(monkeypatch)
    two = aug.from_folder(folder, labels=labels, cache_index=index)
    assert not scanned
    assert (names(two), two.classes) == (names(one), one.classes)
    assert labels is None or two.labels.tolist() == one.labels.tolist()
    assert two.read(0) == one.read(0)
    for change in ("a/deep/4.jpg", "c/5.jpg"):
        touch(folder, change)
        assert change in names(aug.from_folder(folder, labels=labels, cache_index=index))
        old(folder)
    scanned.clear()
    aug.from_folder(folder, labels=labels, cache_index=index)
    assert scanned  # the stamps are older than those remembered: that is a change too
    (folder / "a/1.jpg").unlink()
    assert "a/1.jpg" not in names(aug.from_folder(folder, labels=labels, cache_index=index))


def test_a_folder_that_has_just_changed_is_not_trusted(tmp_path, monkeypatch):
    folder, index = touch(tmp_path / "data", "a/1.jpg"), tmp_path / "data.index"
    aug.from_folder(folder, cache_index=index)
    scanned = counted(monkeypatch)
    aug.from_folder(folder, cache_index=index)
    assert scanned


def test_an_index_for_other_arguments_or_a_broken_one_is_written_anew(tmp_path, monkeypatch):
    folder, index = old(touch(tmp_path / "data", "a/1.jpg", "b/2.png")), tmp_path / "data.index"
    aug.from_folder(folder, cache_index=index)
    assert names(aug.from_folder(folder, cache_index=index, extensions=["png"], classes=["b"])) == ["b/2.png"]
    assert len(aug.from_folder(folder, cache_index=index)) == 2
    index.write_bytes(index.read_bytes()[:100])
    assert len(aug.from_folder(folder, cache_index=index)) == 2
    scanned = counted(monkeypatch)
    assert len(aug.from_folder(folder, cache_index=index)) == 2
    assert not scanned


def test_an_index_is_never_in_the_data_folder(tmp_path):
    folder = touch(tmp_path / "data", "a/1.jpg")
    with pytest.raises(ArgumentError, match="must be outside the data folder"):
        aug.from_folder(folder, cache_index=folder / "a/index")
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(ArgumentError, match="must be outside the data folder"):
        aug.from_folder(tmp_path / "link", cache_index=folder / "index")
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="cache_index: cannot write"):
        aug.from_folder(folder, cache_index=tmp_path / "file/index")


def test_listing_shows_how_far_it_is(tmp_path, capsys, monkeypatch):
    touch(tmp_path, *(f"{kind}/{number}.jpg" for kind in "ab" for number in range(3)))
    aug.from_folder(tmp_path, progress=True)
    shown = capsys.readouterr().err
    assert "listing" in shown
    assert "3 images" in shown
    assert shown.endswith("\n")
    aug.from_folder(tmp_path)
    assert not capsys.readouterr().err
    monkeypatch.setattr(time, "monotonic", iter(range(100)).__next__)
    bar = Progress("here", True)
    bar.at(1234)
    bar.close()
    assert "1,234" in capsys.readouterr().err


class Entry:
    """A made-up directory entry."""

    def __init__(self, number):
        self.name = b"picture_%08d.jpg" % number

    def is_symlink(self):
        return False

    def is_file(self):
        return True


class Entries:
    def __init__(self, n):
        self.n = n

    def __enter__(self):
        return (Entry(number) for number in range(self.n))

    def __exit__(self, *args):
        pass


def test_the_memory_of_a_large_listing_is_bounded_at_its_peak(tmp_path, monkeypatch):
    n = 200_000
    monkeypatch.setattr(listing.os, "scandir", lambda path: Entries(n))
    tracemalloc.start()
    found = Listing(os.fsencode(tmp_path), frozenset([b"jpg"]), progress=False)
    found.add(b"", 0)
    kept = found.names.done()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == n
    assert peak / n < 200
    assert kept[7] == b"picture_00000007.jpg"
    assert np.diff(kept.ends).tolist() == [20] * (n - 1)


def test_files_that_change_after_the_listing_are_bad_samples(photos):
    source = aug.from_folder(photos)
    first, second, third = (source.path(index) for index in range(3))
    first.unlink()
    second.write_bytes(second.read_bytes()[:200])
    third.unlink()
    third.mkdir()
    loader = aug.Loader(source, aug.Compose([aug.Resize(8, 8)]), 24)
    with pytest.raises(aug.SampleError) as caught:
        list(loader)
    reasons = {index: reason for index, _, reason in caught.value.failures}
    assert set(reasons) == {0, 1, 2}
    assert reasons[0] == "the file does not exist (any more)"
    assert reasons[2] == "cannot be read: Is a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_bad_sample(photos):
    source = aug.from_folder(photos)
    source.path(0).chmod(0)
    with pytest.raises(aug.SampleError, match="Permission denied"):
        list(aug.Loader(source, aug.Compose([aug.Resize(8, 8)]), 24))
