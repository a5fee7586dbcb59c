"""A cache changes no sample, stays within its bound, and forgets what is no longer so."""

import errno
import gc
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import encoded, real, scene, turned

from augstream.batch.cache_folder import FolderCache
from augstream.errors import ArgumentError
from augstream.loader import Loader
from augstream.sources import Source, from_arrays, from_folder
from augstream.transforms import HorizontalFlip, RandomResizedCrop, Rescale, Resize, Rotate
from augstream.transforms.compose import Compose

PIPELINE = Compose([Rotate(40), HorizontalFlip(p=0.5), Resize(24, 32), Rescale(1 / 255)], border="edge")
# Shrinks so unevenly that the decoder's scale differs from epoch to epoch.
UNEVEN = Compose([RandomResizedCrop(8, 8, scale=(0.02, 1))], border="edge")


class Counting(Source):
    """Images of every kind, which counts how often each is read."""

    def __init__(self, n=18):
        self.reads = [0] * n
        self.samples = []
        for number in range(n):
            picture = scene(60 + number, 90, number)
            kinds = (encoded(picture), encoded(picture, "PNG"), turned(picture, 6))
            kinds += (encoded(picture, progressive=True), encoded(picture[:, :, 0]))
            self.samples.append(kinds[number % 5])

    def __len__(self):
        return len(self.samples)

    def read(self, index):
        self.reads[index] += 1
        return self.samples[index]


def epochs(loader, count):
    return [(batch.epoch, batch.index, batch.image) for _ in range(count) for batch in loader]


def same(one, two):
    return len(one) == len(two) and all(
        a[0] == b[0] and np.array_equal(a[1], b[1]) and np.array_equal(a[2], b[2])
        for a, b in zip(one, two, strict=True)
    )


def cached(tmp_path, kind):
    return {"cache": "100MB"} if kind == "memory" else {"cache_dir": tmp_path / "cache"}


@pytest.mark.parametrize("kind", ["memory", "disk"])
@pytest.mark.parametrize("color", ["rgb", "gray", "rgba"])
@pytest.mark.parametrize("pipeline", [PIPELINE, UNEVEN], ids=["even", "uneven"])
def test_a_cache_changes_no_sample(tmp_path, kind, color, pipeline):
    options = {"color": color, "seed": 2}
    expected = epochs(Loader(Counting(), pipeline, 5, **options), 4)
    loader = Loader(Counting(), pipeline, 5, **options, **cached(tmp_path, kind))
    assert same(epochs(loader, 4), expected)
    assert loader.stats().cached > 0.7


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_later_epochs_read_nothing(tmp_path, kind):
    source = Counting()
    loader = Loader(source, PIPELINE, 5, **cached(tmp_path, kind))
    tried = sum(source.reads)
    epochs(loader, 3)
    assert sum(source.reads) == tried + len(source)
    assert loader.stats().cached == pytest.approx(2 / 3)


def test_memory_stays_within_its_bound_and_what_is_in_stays():
    size = Loader(Counting(), PIPELINE, 5, cache="100MB")
    epochs(size, 1)
    limit = size.cache.bytes // 2
    source = Counting()
    loader = Loader(source, PIPELINE, 5, cache=limit, prefetch=0)
    epochs(loader, 1)
    assert limit * 0.7 < loader.cache.bytes <= limit
    assert loader.cache.full
    held = loader.cache.bytes
    epochs(loader, 1)
    assert loader.cache.bytes == held
    assert 0.3 < loader.stats().cached * 2 < 0.7


def test_a_later_run_finds_what_an_earlier_one_kept(tmp_path, photos):
    first = Loader(from_folder(photos), PIPELINE, 5, cache_dir=tmp_path / "cache")
    expected = epochs(first, 2)
    second = Loader(from_folder(photos), PIPELINE, 7, cache_dir=tmp_path / "cache", threads=1)
    assert len(second.cache._places) == 24
    epochs(second, 1)
    assert second.stats().cached == 1
    third = Loader(from_folder(photos), PIPELINE, 5, cache_dir=tmp_path / "cache")
    assert same(epochs(third, 2), expected)
    assert not [path for path in photos.rglob("*") if path.suffix in (".blocks", ".places", ".json")]


def test_a_replaced_file_is_read_anew(tmp_path, photos):
    options = {"shuffle": False, "cache_dir": tmp_path / "cache"}
    epochs(Loader(from_folder(photos), PIPELINE, 24, **options), 1)
    path = photos / "ant" / "000.jpg"
    path.write_bytes(encoded(scene(50, 70, 99)))
    loader = Loader(from_folder(photos), PIPELINE, 24, **options)
    seen = epochs(loader, 1)
    assert loader.stats().cached == pytest.approx(23 / 24)
    assert same(seen, epochs(Loader(from_folder(photos), PIPELINE, 24, shuffle=False), 1))
    again = Loader(from_folder(photos), PIPELINE, 24, **options)
    epochs(again, 1)
    assert again.stats().cached == 1
    path.unlink()
    with pytest.raises(Exception, match=r"ant/000\.jpg\): the file does not exist"):
        epochs(again, 1)


def test_what_else_the_pixels_depend_on_invalidates(tmp_path, photos):
    place = tmp_path / "cache"
    epochs(Loader(from_folder(photos), PIPELINE, 5, cache_dir=place), 1)
    (folder,) = place.iterdir()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["samples"] == 24
    filled = Compose([*PIPELINE], border="edge", fill=9)
    loader = Loader(from_folder(photos), filled, 5, cache_dir=place)
    assert not loader.cache._places
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]
    (folder / "manifest.json").write_text("{")
    assert not Loader(from_folder(photos), filled, 5, cache_dir=place).cache._places


def test_a_damaged_cache_is_decoded_anew(tmp_path, photos):
    place = tmp_path / "cache"
    expected = epochs(Loader(from_folder(photos), PIPELINE, 5, cache_dir=place), 1)
    (blocks,) = place.rglob("*.blocks")
    (places,) = place.rglob("*.places")
    data = bytearray(blocks.read_bytes())
    data[:200] = bytes(200)
    blocks.write_bytes(data)
    loader = Loader(from_folder(photos), PIPELINE, 5, cache_dir=place)
    assert same(epochs(loader, 1), expected)
    assert loader.stats().cached == pytest.approx(23 / 24)
    with blocks.open("r+b") as file:
        file.truncate(len(data) // 2)
    places.write_bytes(places.read_bytes()[:-7])
    loader = Loader(from_folder(photos), PIPELINE, 5, cache_dir=place)
    assert same(epochs(loader, 1), expected)
    assert loader.stats().cached < 0.8


def test_no_flipped_bit_of_a_cache_changes_a_sample(tmp_path, photos):
    place = tmp_path / "cache"
    expected = epochs(Loader(from_folder(photos), PIPELINE, 24, cache_dir=place), 1)
    (blocks,) = place.rglob("*.blocks")
    whole = blocks.read_bytes()
    for bit in np.random.default_rng(4).integers(0, 8 * len(whole), 100).tolist():
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        blocks.write_bytes(data)
        loader = Loader(from_folder(photos), PIPELINE, 24, cache_dir=place)
        assert same(epochs(loader, 1), expected), bit
        assert loader.stats().cached == pytest.approx(23 / 24)
        for path in place.rglob("*.blocks"):
            # What was decoded anew was also written anew.
            if path != blocks:
                path.unlink()
                path.with_suffix(".places").unlink()


def test_a_full_disk_ends_the_caching_and_not_the_epoch(tmp_path, photos, monkeypatch):
    written = []

    def write(file, data, offset, real=os.pwrite):
        written.append(len(data))
        if len(written) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data, offset)

    monkeypatch.setattr(os, "pwrite", write)
    loader = Loader(from_folder(photos), PIPELINE, 5, cache_dir=tmp_path / "cache")
    with pytest.warns(UserWarning, match="No space left on device; nothing more is cached, and all goes on"):
        seen = epochs(loader, 2)
    assert same(seen, epochs(Loader(from_folder(photos), PIPELINE, 5), 2))
    assert len(written) == 6
    assert loader.cache.full
    monkeypatch.undo()
    assert len(Loader(from_folder(photos), PIPELINE, 5, cache_dir=tmp_path / "cache").cache._places) == 5


def test_what_was_kept_before_the_disk_was_full_is_found_later(tmp_path, photos, monkeypatch):
    """Half a block must not take the room that the places of the whole ones need."""
    folder, room = tmp_path / "cache", 20_000

    def used():
        return sum(path.stat().st_size for path in folder.rglob("*.blocks"))

    def write(file, data, offset, real=os.pwrite):
        fits = memoryview(data)[: max(0, room - used())]
        if not len(fits):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, fits, offset)

    def sync(file, real=os.fsync):
        if used() >= room:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", write)
        patch.setattr(os, "fsync", sync)
        loader = Loader(from_folder(photos), PIPELINE, 5, cache_dir=folder)
        with pytest.warns(UserWarning, match="nothing more is cached"):
            list(loader)
        kept = len(loader.cache._places)
        assert 0 < kept < 24
        loader.cache.close()
    assert len(Loader(from_folder(photos), PIPELINE, 5, cache_dir=folder).cache._places) == kept


def test_blocks_that_a_killed_process_left_are_removed_after_a_day(tmp_path, photos):
    def made():
        return Loader(from_folder(photos), PIPELINE, 5, cache_dir=tmp_path / "cache")

    list(made())
    folder = next((tmp_path / "cache").iterdir())
    whole = list(folder.glob("*.blocks"))
    old, fresh = folder / "1-1.blocks", folder / "2-2.blocks"
    for path in (old, fresh):
        path.write_bytes(b"blocks without places")
    for path in (old, *whole):
        os.utime(path, (0, 0))
    assert made().cache._places
    assert not old.exists()
    assert fresh.exists()
    assert all(path.exists() for path in whole)


FULL = """
import resource, signal, sys, warnings
from augstream.transforms.compose import Compose
from augstream.loader import Loader
from augstream.sources import from_folder
from augstream.transforms import Resize
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
warnings.simplefilter("always")
loader = Loader(from_folder(sys.argv[1]), Compose([Resize(8, 8)]), 5, cache_dir=sys.argv[2])
print(sum(len(batch) for _ in range(2) for batch in loader), len(loader.cache._places))
"""


def test_a_disk_that_is_really_full(tmp_path, photos):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(photos), str(tmp_path / "cache")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    images, kept = done.stdout.split()
    assert int(images) == 48
    assert 0 < int(kept) < 24
    assert "nothing more is cached" in done.stderr


def test_a_cache_is_never_inside_the_data(photos):
    for place in (photos, photos / "ant", photos / "new"):
        with pytest.raises(ArgumentError, match="is inside the data"):
            Loader(from_folder(photos), PIPELINE, 5, cache_dir=place)
        with pytest.raises(ArgumentError, match="is inside the data"):
            Loader(from_folder(photos).split(0.5)[0], PIPELINE, 5, cache_dir=place)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path, photos):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match=r"cache_dir.*Not a directory"):
        Loader(from_folder(photos), PIPELINE, 5, cache_dir=tmp_path / "file" / "cache")


@pytest.mark.parametrize("size", ["", "2 parrots", 0, -1, 1.5, True, "0GB"])
def test_sizes_that_are_none_are_refused(photos, size):
    for name in ("cache", "memory"):
        with pytest.raises(ArgumentError, match=rf"Loader\.{name} must be a number of bytes"):
            Loader(from_folder(photos), PIPELINE, 5, **{name: size})


def test_several_loaders_and_processes_share_a_folder(tmp_path, photos):
    place = tmp_path / "cache"
    one, two = (Loader(from_folder(photos), PIPELINE, 5, cache_dir=place) for _ in range(2))
    for first, second in zip(one, two, strict=True):
        assert np.array_equal(first.image, second.image)
    assert len(list(place.rglob("*.blocks"))) == 2
    again = pickle.loads(pickle.dumps(one))
    assert len(again.cache._places) == 24
    if hasattr(os, "fork"):
        child = os.fork()
        if not child:
            code = 1
            try:
                code = 0 if same(epochs(one, 1), epochs(again, 1)) else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0


def test_what_another_process_has_kept_is_found_in_the_next_epoch(tmp_path, photos):
    place = tmp_path / "cache"
    ranks = [Loader(from_folder(photos), PIPELINE, 4, cache_dir=place, shard=(rank, 2)) for rank in range(2)]
    for loader in ranks:
        epochs(loader, 1)
    for loader in ranks:
        loader.batches.flush()
    for loader in ranks:
        loader.stats(reset=True)
        epochs(loader, 1)
        assert loader.stats().cached == 1
        assert len(loader.cache._places) == 24


def test_files_are_closed_with_the_loader(tmp_path, photos):
    def opened():
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    if not Path("/proc/self/fd").exists():
        pytest.skip("counts open files as Linux does")
    before = opened()
    loader = Loader(from_folder(photos), PIPELINE, 5, cache_dir=tmp_path / "cache")
    epochs(loader, 1)
    assert opened() > before
    del loader
    assert opened() == before


def test_arrays_are_not_cached():
    x = np.stack([scene(20, 24, number) for number in range(6)])
    loader = Loader(from_arrays(x), PIPELINE, 3, cache="1MB")
    assert same(epochs(loader, 2), epochs(Loader(from_arrays(x), PIPELINE, 3), 2))
    assert loader.cache.bytes == 0


def test_bad_files_stay_bad(tmp_path, photos):
    (photos / "ant" / "000.jpg").write_bytes(b"GIF")
    loader = Loader(from_folder(photos), PIPELINE, 24, cache="1MB")
    for _ in range(2):
        with pytest.raises(Exception, match=r"ant/000\.jpg"):
            epochs(loader, 1)
    assert isinstance(Loader(from_folder(photos), PIPELINE, 5, cache_dir=tmp_path / "c").cache, FolderCache)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("kind", "color"), [("memory", "rgb"), ("disk", "gray")])
def test_real_and_difficult_files_are_the_same_too(tmp_path, kind, color):
    source = from_folder(real("nasty_dev"), labels=None)
    crops = Compose([RandomResizedCrop(40, 40, scale=(0.01, 1)), HorizontalFlip()], border="symmetric")
    for pipeline in (Compose([Rotate(40), Resize(100, 100)], border="edge"), crops):
        options = {"on_error": "skip", "dtype": "uint8", "color": color}
        expected = epochs(Loader(source, pipeline, 16, **options), 2)
        assert same(epochs(Loader(source, pipeline, 16, **options, **cached(tmp_path, kind)), 2), expected)
