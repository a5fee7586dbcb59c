"""Files that are none, that are too large, or that claim too much: an error of the sample, within the memory stated."""

import contextlib
import gc
import io
import json
import os
import signal
import tarfile
import threading
import tracemalloc

import numpy as np
import pytest
from conftest import encoded, scene
from PIL import Image

import augstream as aug
from augstream.batch.parts import LATER, Part, in_parts
from augstream.concurrency import flight
from augstream.concurrency.flight import Flight, Later
from augstream.decode import pillow
from augstream.sources import reading
from augstream.sources.index_file import recall
from augstream.sources.reading import TooLargeError, read_file

PLAIN = aug.Compose([aug.Resize(8, 8)])


@pytest.fixture
def fifo():
    """Puts a FIFO in the place of a file; whoever waits for it is let go, and the test fails."""
    made = []

    def put(path):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        made.append(path)

    def waited(*_):
        for path in made:
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        raise AssertionError("somebody waits for a FIFO")

    before = signal.signal(signal.SIGALRM, waited)
    signal.setitimer(signal.ITIMER_REAL, 20, 1)
    yield put
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def errors(source, **options):
    """index -> reason of the samples that cannot be read."""
    loader = aug.Loader(source, PLAIN, 2, on_error="skip", shuffle=False, **options)
    with pytest.warns(UserWarning, match="could not be read"):
        assert sum(len(batch) for batch in loader) == len(source)
    return {index: reason for index, _, reason in loader.errors}


def folder(path, n=4):
    path.mkdir(parents=True, exist_ok=True)
    for number in range(n):
        (path / f"{number}.jpg").write_bytes(encoded(scene(30, 40, number)))
    return path


def test_a_fifo_in_a_folder_is_listed_and_is_a_bad_sample(tmp_path, fifo):
    photos = folder(tmp_path / "photos")
    fifo(photos / "1.jpg")
    assert errors(aug.from_folder(photos, labels=None)) == {1: "cannot be read: it is a FIFO, not a regular file"}


def test_a_fifo_that_replaces_a_listed_file_is_a_bad_sample(tmp_path, fifo):
    source = aug.from_folder(folder(tmp_path / "photos"), labels=None)
    fifo(tmp_path / "photos" / "2.jpg")
    assert set(errors(source)) == {2}


def test_what_a_table_names_must_be_a_regular_file(tmp_path, fifo):
    photos = folder(tmp_path / "photos")
    fifo(photos / "pipe")
    (photos / "below").mkdir()
    names = ["0.jpg", "pipe", "1.jpg", "below", "/dev/zero", "2.jpg"]
    found = errors(aug.from_table({"file": names}, "file", root=photos))
    assert {index: reason.removeprefix("cannot be read: ") for index, reason in found.items()} == {
        1: "it is a FIFO, not a regular file",
        3: "Is a directory",
        4: "it is a device, not a regular file",
    }
    fifo(tmp_path / "table.csv")
    with pytest.raises(aug.SourceError, match=r"table\.csv: it is a FIFO"):
        aug.from_table(tmp_path / "table.csv", "file")


def test_masks_and_items_must_be_regular_files(tmp_path, fifo):
    photos, masks = folder(tmp_path / "photos"), tmp_path / "masks"
    masks.mkdir()
    for number in range(4):
        (masks / f"{number}.png").write_bytes(encoded(np.zeros((30, 40), np.uint8), "PNG"))
    source = aug.from_masks(photos, masks)
    fifo(masks / "3.png")
    assert errors(source) == {3: "its targets: cannot be read: it is a FIFO, not a regular file"}
    fifo(photos / "pipe")
    assert set(errors(aug.from_sequence([photos / "0.jpg", photos / "pipe"]))) == {1}


def test_shards_must_be_regular_files(tmp_path, fifo):
    fifo(tmp_path / "a.tar")
    with pytest.raises(aug.SourceError, match=r"a\.tar"):
        aug.from_tar(tmp_path / "a.tar")
    shard = tmp_path / "b.tar"
    tar(shard, {"0.jpg": encoded(scene(30, 40)), "1.jpg": encoded(scene(30, 40))})
    source = aug.from_tar(shard)
    fifo(shard)
    with pytest.raises(aug.SampleError, match="it is a FIFO"):
        list(aug.Loader(source, PLAIN, 2))


def test_annotations_must_be_regular_files(tmp_path, fifo):
    images = folder(tmp_path / "images")
    fifo(tmp_path / "notes.json")
    with pytest.raises(aug.SourceError, match=r"notes\.json: it is a FIFO"):
        aug.from_coco(images, tmp_path / "notes.json")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "0.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    fifo(tmp_path / "names.yaml")
    with pytest.raises(aug.SourceError, match=r"names\.yaml: it is a FIFO"):
        aug.from_yolo(images, classes=tmp_path / "names.yaml")
    fifo(tmp_path / "labels" / "1.txt")
    with pytest.raises(aug.SourceError, match=r"1\.txt: .*it is a FIFO"):
        aug.from_yolo(images)
    folder(tmp_path / "voc" / "JPEGImages")
    (tmp_path / "voc" / "Annotations").mkdir()
    fifo(tmp_path / "voc" / "Annotations" / "0.xml")
    with pytest.raises(aug.SourceError, match=r"0\.xml: .*it is a FIFO"):
        aug.from_voc(tmp_path / "voc")


@pytest.mark.parametrize(("interpolation", "compat"), [("bilinear", None), ("lanczos", None), ("nearest", "1.1.2")])
def test_a_flow_has_an_error_for_what_is_no_regular_file(tmp_path, fifo, interpolation, compat):
    from augstream.keras_preprocessing.image import ImageDataGenerator

    folder(tmp_path / "photos" / "a")
    options = {"target_size": (8, 8), "batch_size": 4, "shuffle": False, "interpolation": interpolation}
    flow = ImageDataGenerator(compat=compat).flow_from_directory(tmp_path / "photos", **options)
    fifo(tmp_path / "photos" / "a" / "1.jpg")
    with pytest.raises(OSError, match="it is a FIFO, not a regular file"):
        next(flow)


def large(path, size=3 << 30):
    with path.open("wb") as file:
        file.write(encoded(scene(30, 40)))
        file.truncate(size)


def test_a_large_file_is_refused_unread(tmp_path):
    photos = folder(tmp_path / "photos")
    large(photos / "1.jpg")
    source = aug.from_folder(photos, labels=None)
    tracemalloc.start()
    found = errors(source)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == {
        1: "its 3,221,225,472 bytes are more than max_bytes = 1,073,741,824. If the file is to be trusted, pass a "
        "larger max_bytes to the Loader"
    }
    assert peak < 50e6
    with pytest.raises(TooLargeError):
        source.read(1)


def test_max_bytes_is_for_files_and_members_of_shards(tmp_path):
    photos = folder(tmp_path / "photos")
    size = (photos / "0.jpg").stat().st_size
    large(photos / "1.jpg", size + 500)
    members = {path.name: path.read_bytes() for path in sorted(photos.iterdir())}
    tar(tmp_path / "a.tar", members)
    limit = max(len(data) for name, data in members.items() if name != "1.jpg")
    assert limit < size + 500
    for source in (aug.from_folder(photos, labels=None), aug.from_tar(tmp_path / "a.tar")):
        assert set(errors(source, max_bytes=limit)) == {1}
        assert len(list(aug.Loader(source, PLAIN, 4, max_bytes=size + 500))) == 1
    with pytest.raises(aug.ArgumentError, match=r"Loader\.max_bytes"):
        aug.Loader(source, PLAIN, 4, max_bytes=0)


def test_max_bytes_is_for_what_is_elsewhere_too(tmp_path, monkeypatch):
    memory = pytest.importorskip("fsspec").filesystem("memory")
    members = {f"{number}.jpg": encoded(scene(30, 40, number)) for number in range(4)}
    limit = max(map(len, members.values()))
    members["1.jpg"] = members["1.jpg"].ljust(limit + 1, b"\0")
    memory.pipe({f"/hostile/{name}": data for name, data in members.items()})
    tar(tmp_path / "a.tar", members)
    memory.pipe("/hostile.tar", (tmp_path / "a.tar").read_bytes())
    asked, cat = [], type(memory).cat_file
    monkeypatch.setattr(
        type(memory), "cat_file", lambda *args, **options: asked.append(options) or cat(*args, **options)
    )
    said = f"its {limit + 1:,} bytes are more than max_bytes = {limit:,}. If"
    assert errors(aug.from_folder("memory://hostile", labels=None), max_bytes=limit)[1].startswith(said)
    source = aug.from_tar("memory://hostile.tar")
    asked.clear()
    assert errors(source, max_bytes=limit)[1].startswith(said)
    assert max(options["end"] - options["start"] for options in asked) <= limit


@pytest.mark.parametrize("short", [False, True])
def test_a_file_is_held_once_while_it_is_read(tmp_path, monkeypatch, short):
    size = 200 << 20
    large(tmp_path / "a.jpg", size)
    pread = os.pread
    if short:
        monkeypatch.setattr(reading.os, "pread", lambda file, n, at: pread(file, n if n < size else n // 2, at))
    tracemalloc.start()
    data = read_file(tmp_path / "a.jpg")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(data) == size
    assert data[:2] == b"\xff\xd8"
    assert peak < 1.3 * size


@pytest.fixture
def held(monkeypatch):
    """The bytes that were held at a time, and what was held alone."""
    seen, add = {"most": 0, "alone": 0}, flight.Hold.add

    def noted(self, size, here=False):
        add(self, size, here)
        kind = "alone" if self.alone else "most"
        seen[kind] = max(seen[kind], self.flight.held)

    monkeypatch.setattr(flight.Hold, "add", noted)
    return seen


def test_files_that_are_read_ahead_stay_within_the_memory(tmp_path, held):
    photos = folder(tmp_path / "photos", 24)
    for path in photos.iterdir():
        path.write_bytes(path.read_bytes().ljust(100_000, b"\0"))
    source = aug.from_folder(photos, labels=None)
    wide = list(aug.Loader(source, PLAIN, 8, seed=3))
    assert held["most"] >= 800_000
    held["most"] = 0
    tight = list(aug.Loader(source, PLAIN, 8, seed=3, memory=350_000))
    assert 0 < max(held.values()) <= 350_000
    assert all(np.array_equal(one.image, two.image) for one, two in zip(wide, tight, strict=True))


def test_what_did_not_fit_keeps_nothing_of_what_did(tmp_path):
    """An exception's frames hold what was read beside it."""
    photos = folder(tmp_path / "photos", 16)
    for number in range(16):
        large(photos / f"{number}.jpg", 10 << 20)
    tar(tmp_path / "a.tar", {path.name: path.read_bytes() for path in photos.iterdir()})
    for source in (aug.from_folder(photos, labels=None), aug.from_tar(tmp_path / "a.tar")):
        gc.collect()
        gc.disable()
        tracemalloc.start()
        list(aug.Loader(source, PLAIN, 16, memory=35 << 20))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        gc.enable()
        assert peak < 45 << 20


def test_a_sample_that_does_not_fit_is_made_alone(tmp_path, held):
    photos = folder(tmp_path / "photos", 4)
    for number in (4, 5):
        (photos / f"{number}.png").write_bytes(encoded(scene(300, 400, number), "PNG"))
    (photos / "6.jpg").write_bytes(b"no picture")
    source = aug.from_folder(photos, labels=None)
    options = {"shuffle": False, "on_error": "skip"}
    with pytest.warns(UserWarning, match="could not be read"):
        wide = list(aug.Loader(source, PLAIN, 7, **options))
    held["most"] = 0
    with pytest.warns(UserWarning, match="could not be read"):
        tight = list(aug.Loader(source, PLAIN, 7, memory=30_000, **options))
    assert 0 < held["most"] <= 30_000
    assert 300 * 400 * 7 < held["alone"] < 300 * 400 * 8 + 100_000
    assert all(np.array_equal(one.image, two.image) for one, two in zip(wide, tight, strict=True))


def test_pictures_that_pillow_decodes_are_held_within_the_memory(tmp_path, held):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(12):
        (photos / f"{number:02}.png").write_bytes(encoded(scene(200, 200, number), "PNG"))
        (photos / f"{number:02}_mask.png").write_bytes(encoded(np.full((200, 200), number, np.uint8), "PNG"))
    source = aug.from_masks(photos, lambda path: path.with_name(f"{path.stem}_mask.png")).subset(range(0, 24, 2))
    wide = list(aug.Loader(source, PLAIN, 6))
    limit = 1_000_000  # three of them while they are decoded
    assert held["most"] > limit
    held["most"] = 0
    tight = list(aug.Loader(source, PLAIN, 6, memory=limit))
    assert held["most"] <= limit
    for one, two in zip(wide, tight, strict=True):
        assert np.array_equal(one.image, two.image)
        assert np.array_equal(one.mask, two.mask)


def test_a_flow_makes_the_same_samples_in_parts(tmp_path, held, monkeypatch):
    from augstream.keras_preprocessing import prefetch
    from augstream.keras_preprocessing.image import ImageDataGenerator

    (tmp_path / "photos" / "a").mkdir(parents=True)
    for number in range(6):
        (tmp_path / "photos" / "a" / f"{number}.png").write_bytes(encoded(scene(100, 120, number), "PNG"))

    def batch():
        generator = ImageDataGenerator(rotation_range=30, featurewise_center=False)
        return next(generator.flow_from_directory(tmp_path / "photos", (50, 60), batch_size=6, seed=2))[0]

    wide = batch()
    held["most"] = 0
    monkeypatch.setattr(prefetch, "Flight", lambda: Flight(700_000))
    assert np.array_equal(wide, batch())
    assert 0 < held["most"] <= 700_000


def test_threads_that_share_a_flight_come_to_an_end():
    shared, most = Flight(1000), []

    def make(index):
        reasons = {}
        for row, size in enumerate(index.tolist()):
            try:
                with flight.working(size):
                    most.append(shared.held)
                flight.take(size // 2)
            except Later:
                reasons[row] = LATER
        return Part(index[:, None].copy(), reasons)

    def work(number):
        index = np.random.default_rng(number).integers(1, 1200, 40)
        part = in_parts(make, index, shared)
        results.append(part.image[:, 0].tolist() == index.tolist() and not part.reasons)

    results = []
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8
    assert shared.held == 0
    assert max(most) < 1200  # one that is above the limit is alone


def test_a_sparse_member_is_a_bad_sample_by_name(tmp_path):
    """It claims 100 GB and the shard has 3 kB."""
    path = tmp_path / "a.tar"
    tar(path, {"0.jpg": encoded(scene(30, 40)), "1.jpg": b"x" * 512, "2.jpg": encoded(scene(30, 40))})
    data = bytearray(path.read_bytes())
    start = data.index(b"1.jpg")
    block = data[start : start + 512]
    block[156:157] = tarfile.GNUTYPE_SPARSE
    block[257:265] = b"ustar  \0"
    block[386:410] = b"%011o\0%011o\0" % (0, 512)
    block[483:495] = tarfile.itn(100 * 10**9, 12, tarfile.GNU_FORMAT)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    data[start : start + 512] = block
    path.write_bytes(data)
    assert errors(aug.from_tar(path)) == {
        1: "cannot be read: it is a sparse member of its shard, which is not read. Pack it without --sparse"
    }


def tar(path, members):
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


class Scarce(aug.Source):
    """Images, for the third of which, or for several at a time, memory does not suffice."""

    def __init__(self, at_once):
        self.at_once = at_once

    def __len__(self):
        return 4

    def read(self, index):
        if index == 2:
            raise MemoryError
        return encoded(scene(30, 40, index))

    def read_many(self, indices):
        if not self.at_once and len(indices) > 1:
            raise MemoryError
        return super().read_many(indices)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_lack_of_memory_is_the_samples(at_once):
    assert errors(Scarce(at_once)) == {2: "cannot be read: not enough memory"}


def test_a_shard_has_a_lack_of_memory_for_a_sample(tmp_path, monkeypatch):
    tar(tmp_path / "a.tar", {f"{number}.jpg": encoded(scene(30, 40 + 8 * number, number)) for number in range(4)})
    source = aug.from_tar(tmp_path / "a.tar")
    size, pread = int(source.places["image"][2, 1]), os.pread

    def scarce(file, n, at):
        if n == size:
            raise MemoryError
        return pread(file, n, at)

    monkeypatch.setattr(reading.os, "pread", scarce)
    assert errors(source) == {2: "cannot be read: not enough memory"}


def test_sixteen_bits_become_eight_as_rounding_says():
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    pixels, _ = pillow.decode(encoded(levels, "PNG"), "gray")
    assert np.array_equal(pixels[..., 0], np.rint(levels / 257).astype(np.uint8))


def test_sixteen_bits_take_few_bytes_a_pixel():
    n = 4096
    data = encoded(np.full((n, n), 30_000, np.uint16), "PNG", compress_level=1)
    pillow.decode(encoded(scene(8, 8), "PNG"))
    tracemalloc.start()
    pixels, _ = pillow.decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pixels.shape == (n, n, 3)
    assert (pixels == 117).all()
    assert peak < 5 * n * n


@pytest.mark.parametrize("color", ["rgb", "gray", "rgba"])
@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "P transparent", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"]
)
def test_a_picture_converted_some_rows_at_a_time_is_the_same(mode, color, monkeypatch):
    picture = Image.fromarray(scene(60, 50))
    if mode in ("I;16", "I"):
        image = Image.fromarray(np.arange(3000, dtype=np.uint16).reshape(60, 50) * 21)
        image = image.convert("I") if mode == "I" else image
        image.info["transparency"] = 42
    elif mode.startswith("P"):
        image = picture.quantize(16)
        image.info |= {"transparency": 3} if mode != "P" else {}
    elif mode == "LAB":
        from PIL import ImageCms

        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(picture, rgb, lab, outputMode="LAB")
    else:
        image = picture.convert("RGBA" if mode == "LA" else mode)
        if mode in ("LA", "RGBA"):
            image.putalpha(Image.fromarray(scene(60, 50, 2)[..., 0]))
            image = image.convert(mode)
    whole = pillow._convert(image, color, (10, 20, 30))
    monkeypatch.setattr(pillow, "_BAND", 50 * 7)
    assert np.array_equal(pillow._convert(image, color, (10, 20, 30)), whole)


@pytest.mark.parametrize("number", ["99999999999", "1000000", "9" * 5000])
def test_class_numbers_of_yolo_are_bounded(tmp_path, number):
    images = folder(tmp_path / "images")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "0.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (tmp_path / "data.yaml").write_text(f"names:\n  0: x\n  {number}: y\n")
    with pytest.raises(aug.SourceError, match=r"data\.yaml has the class number .*from 0 to 999999"):
        aug.from_yolo(images, classes=tmp_path / "data.yaml")
    (tmp_path / "labels" / "0.txt").write_text(f"{number} 0.5 0.5 0.1 0.1\n")
    with pytest.raises(aug.SourceError, match=r"line 1 of .*from 0 to 999999"):
        aug.from_yolo(images)


def test_masks_of_coco_are_bounded(tmp_path):
    images = folder(tmp_path / "images", 1)
    shape = {"size": [30, 40], "counts": [10, 10**12]}
    notes = {
        "images": [{"id": 1, "file_name": "0.jpg", "height": 30, "width": 40}],
        "categories": [{"id": 99999999999, "name": "y"}],
        "annotations": [{"image_id": 1, "category_id": 99999999999, "bbox": [1, 1, 2, 2], "segmentation": shape}],
    }
    path = tmp_path / "notes.json"
    path.write_text(json.dumps(notes))
    source = aug.from_coco(images, path, masks="class")
    assert source.classes == ["y"]
    with pytest.raises(aug.SampleError, match="the run lengths are not those of 1200 pixels"):
        list(aug.Loader(source, PLAIN, 1))
    notes["images"][0] |= {"height": 10**6, "width": 10**6}
    path.write_text(json.dumps(notes))
    with pytest.raises(aug.SourceError, match=r"'0\.jpg' is said to have 1000000 x 1000000 pixels.*up to 178956970"):
        aug.from_coco(images, path, masks="class")


def test_class_numbers_of_a_table_are_those_of_an_integer(tmp_path):
    table = {"file": ["a.jpg"], "boxes": [[[0, 0, 1, 1]]], "kind": [[10**30]]}
    with pytest.raises(aug.ArgumentError, match="must fit into 64 bits"):
        aug.from_table(table, "file", boxes="boxes", box_label="kind", root=tmp_path)


@pytest.mark.parametrize("name", ["manifest.json", "*.places", "*.blocks"])
def test_a_fifo_in_a_cache_is_no_cache(tmp_path, fifo, name):
    files, place = folder(tmp_path / "data"), tmp_path / "cache"
    list(aug.Loader(aug.from_folder(files, labels=None), PLAIN, 2, cache_dir=place))
    (found,) = place.rglob(name)
    fifo(found)
    loader = aug.Loader(aug.from_folder(files, labels=None), PLAIN, 2, cache_dir=place)
    assert sum(len(batch) for batch in loader) == 4
    assert loader.stats().cached == 0
    list(again := aug.Loader(aug.from_folder(files, labels=None), PLAIN, 2, cache_dir=place))
    assert again.stats().cached == 1


def test_a_deep_manifest_is_written_anew(tmp_path):
    files, place = folder(tmp_path / "data"), tmp_path / "cache"
    list(aug.Loader(aug.from_folder(files, labels=None), PLAIN, 2, cache_dir=place))
    (manifest,) = place.rglob("manifest.json")
    manifest.write_text("[" * 200_000)
    assert sum(len(batch) for batch in aug.Loader(aug.from_folder(files, labels=None), PLAIN, 2, cache_dir=place)) == 4


def test_a_fifo_or_a_bomb_in_the_place_of_an_index_is_listed_anew(tmp_path, fifo):
    files, index = folder(tmp_path / "data"), tmp_path / "index"
    fifo(index)
    assert len(aug.from_folder(files, labels=None, cache_index=index)) == 4
    assert index.is_file()
    with index.open("wb") as stream:
        np.savez_compressed(stream, about=np.array(""), rows=np.zeros(10_000_000))
    assert recall(index, "") is None
    assert len(aug.from_folder(files, labels=None, cache_index=index)) == 4
