"""Files that are elsewhere: from a real HTTP server, from a server that speaks S3, and from a store of fsspec's."""

import os
import pickle
import sys
import threading
import time
import urllib.request
import warnings
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from conftest import encoded, scene

import augstream as aug
from augstream.errors import ArgumentError, MissingPackageError, SampleError, SourceError
from augstream.sources.remote import Cache, Remote

fsspec = pytest.importorskip("fsspec")
PLAIN = aug.Compose([aug.Resize(12, 16)])
QUICK = {"wait": 0.01, "timeout": 5.0}


@pytest.fixture
def pictures(tmp_path):
    """Twelve files in two classes."""
    for number in range(12):
        folder = tmp_path / "data" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:02}.jpg").write_bytes(encoded(scene(24, 32, number)))
    return tmp_path / "data"


class Server(ThreadingHTTPServer):
    """Serves a folder; `trouble` says what to do instead for a request, `most` how many were there at a time."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = str(folder)
        self.trouble = lambda path, count: None
        self.delay = 0.0
        self.counts = {}
        self.now = self.most = 0
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        """A client that has gone is no news."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(SimpleHTTPRequestHandler):
    def __init__(self, request, address, server):
        super().__init__(request, address, server, directory=server.folder)

    def do_GET(self):
        server = self.server
        with server.lock:
            server.counts[self.path] = count = server.counts.get(self.path, 0) + 1
            server.now += 1
            server.most = max(server.most, server.now)
        time.sleep(server.delay)
        with server.lock:
            server.now -= 1  # before the answer: the client may ask again as soon as it has it
        trouble = server.trouble(self.path, count)
        if trouble is None:
            super().do_GET()
        elif trouble == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"short")
        else:
            self.send_error(trouble)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(pictures):
    pytest.importorskip("aiohttp")
    server = Server(pictures)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def pixels(source, **options):
    return next(iter(aug.Loader(source, PLAIN, len(source), shuffle=False, **options))).image


def test_a_folder_of_a_web_server_is_the_folder(server, pictures):
    source = aug.from_folder(server.url, remote=QUICK)
    here = aug.from_folder(pictures)
    assert (source.classes, source.labels.tolist()) == (here.classes, here.labels.tolist())
    assert [source.name(i) for i in range(12)] == [here.name(i) for i in range(12)]
    assert np.array_equal(pixels(source), pixels(here))
    assert np.array_equal(pixels(pickle.loads(pickle.dumps(source))), pixels(here))


def test_the_listing_of_a_web_server_is_counted_and_remembered(server, tmp_path, capsys):
    index = tmp_path / "index" / "photos"
    source = aug.from_folder(server.url, remote=QUICK, progress=True, cache_index=index)
    assert f"listing {server.url}: " in capsys.readouterr().err
    server.counts.clear()
    again = aug.from_folder(server.url, remote=QUICK, cache_index=index)
    assert not server.counts
    assert [again.name(i) for i in range(12)] == [source.name(i) for i in range(12)]
    assert (again.classes, again.labels.tolist()) == (source.classes, source.labels.tolist())
    assert len(aug.from_folder(f"{server.url}/a", labels=None, remote=QUICK, cache_index=index)) == 6
    index.write_bytes(b"broken")
    assert len(aug.from_folder(server.url, remote=QUICK, cache_index=index)) == 12


def test_a_listing_that_does_not_come_is_an_error_in_time(server):
    server.delay = 30
    begin = time.monotonic()
    with pytest.raises(SourceError, match=r"cannot list http://.*: no answer within 0.1 s, 2 tries"):
        aug.from_folder(server.url, remote={"wait": 0.01, "timeout": 0.1, "tries": 2})
    with pytest.raises(SourceError, match=r"from_tar: cannot read .*x\.tar"):
        aug.from_tar(f"{server.url}/x.tar", remote={"wait": 0.01, "timeout": 0.1, "tries": 2})
    assert time.monotonic() - begin < 20
    server.delay = 0


def test_many_requests_are_in_flight(server):
    source = aug.from_folder(server.url, remote=QUICK)
    server.delay, server.most = 0.1, 0
    assert all(isinstance(data, bytes) for data in source.read_many(range(12)))
    assert server.most >= 4
    server.most = 0
    few = aug.from_folder(server.url, remote={**QUICK, "in_flight": 2})
    few.read_many(range(12))
    assert 1 <= server.most <= 2


@pytest.mark.parametrize("trouble", [500, 503, 429, "cut"])
def test_what_may_pass_is_tried_again(server, pictures, trouble):
    source = aug.from_folder(server.url, remote=QUICK)
    server.trouble = lambda path, count: trouble if count < 3 else None
    server.counts.clear()
    assert source.read_many(range(12)) == aug.from_folder(pictures).read_many(range(12))
    assert set(server.counts.values()) == {3}


@pytest.mark.filterwarnings("ignore:epoch")
def test_what_is_missing_or_forbidden_is_asked_for_once(server, pictures):
    source = aug.from_folder(server.url, remote=QUICK)
    (pictures / "a/00.jpg").unlink()
    server.trouble = lambda path, count: 403 if "01" in path else 500 if "02" in path else None
    server.counts.clear()
    with pytest.raises(SampleError) as caught:
        pixels(source)
    reasons = {name: reason for _, name, reason in caught.value.failures}
    assert reasons["a/00.jpg"] == "the file does not exist (any more)"
    assert "the server answers 403" in reasons["b/01.jpg"]
    assert "the server answers 500" in reasons["a/02.jpg"]
    assert "4 tries" in reasons["a/02.jpg"]
    server.counts.clear()
    source.read_many(range(12))
    assert [server.counts[f"/{name}"] for name in ("a/00.jpg", "b/01.jpg", "a/02.jpg")] == [1, 1, 4]
    server.trouble = lambda path, count: None
    loader = aug.Loader(source, PLAIN, 4, on_error="skip")
    assert sum(len(batch) for batch in loader) == 12
    assert [name for _, name, _ in loader.errors] == ["a/00.jpg"]


def test_a_server_that_does_not_answer_is_an_error_in_time(server):
    source = aug.from_folder(server.url, remote={"wait": 0.01, "timeout": 0.2, "tries": 2})
    server.delay = 5.0
    start = time.perf_counter()
    with pytest.raises(SampleError, match=r"no answer within 0\.2 s, 2 tries"):
        pixels(source)
    assert time.perf_counter() - start < 10


def test_leaving_the_loop_waits_for_no_server(server):
    source = aug.from_folder(server.url, remote={"timeout": 20.0})
    stream = iter(aug.Loader(source, PLAIN, 4))
    next(stream)
    server.delay = 8.0
    next(stream)
    time.sleep(0.3)
    start = time.perf_counter()
    stream.close()
    assert time.perf_counter() - start < 4


def test_a_server_that_is_not_there_is_an_error():
    pytest.importorskip("aiohttp")
    gone = "http://127.0.0.1:9/x.jpg"
    source = aug.from_table({"file": [gone] * 2}, "file", remote=QUICK | {"tries": 2})
    with pytest.raises(SampleError, match=r"cannot be read: .*2 tries"):
        pixels(source)
    with pytest.raises(SourceError, match=r"cannot list http://127\.0\.0\.1:9/"):
        aug.from_folder("http://127.0.0.1:9/", remote=QUICK)


def test_what_was_read_is_kept_within_a_bound(server, pictures, tmp_path):
    size = max(path.stat().st_size for path in pictures.rglob("*.jpg"))
    options = {**QUICK, "cache": tmp_path / "cache", "cache_bytes": 100 * size}
    source = aug.from_folder(server.url, remote=options)
    one = pixels(source)
    server.counts.clear()
    again = pickle.loads(pickle.dumps(source))
    assert np.array_equal(pixels(again), one)
    assert not server.counts
    small = aug.from_folder(server.url, remote=options | {"cache": tmp_path / "small", "cache_bytes": 4 * size})
    for _ in range(2):
        assert np.array_equal(pixels(small), one)
    held = [path.stat().st_size for path in (tmp_path / "small").rglob("*") if path.is_file()]
    assert 0 < sum(held) <= 4 * size


def test_the_least_recently_used_goes_first(tmp_path):
    cache = Cache(tmp_path, 100)
    for number in range(3):
        cache.put(f"x://{number}", bytes(30))
        os.utime(cache._file(f"x://{number}"), (number, number))
    assert cache.get("x://0") is not None
    cache.put("x://3", bytes(30))
    assert [cache.get(f"x://{number}") is not None for number in range(4)] == [True, False, True, True]
    cache.put("x://big", bytes(101))
    assert cache.get("x://big") is None


def test_a_full_disk_is_a_warning(tmp_path, monkeypatch):
    cache = Cache(tmp_path, 10**6)
    monkeypatch.setattr(Path, "write_bytes", lambda self, data: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.warns(UserWarning, match=r"Nothing more is kept in .*: No space left"):
        cache.put("x://1", b"data")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache.put("x://2", b"data")
    assert not list(tmp_path.rglob("*.*"))


@pytest.fixture
def bucket(pictures):
    """A bucket of a server on this machine that speaks S3."""
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {
        "key": "k",
        "secret": "s",
        "client_kwargs": {"endpoint_url": f"http://{host}:{port}", "region_name": "eu-west-1"},
    }
    # The servers of one process share what they hold.
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    system = fsspec.filesystem("s3", skip_instance_cache=True, **options)
    system.mkdir("photos")
    system.put(str(pictures), "photos/train", recursive=True)
    yield options
    server.stop()


def test_a_bucket_is_the_folder(bucket, pictures, tmp_path):
    root = (
        "s3://photos/train" if fsspec.filesystem("s3", **bucket).exists("photos/train/a") else "s3://photos/train/data"
    )
    source = aug.from_folder(root, remote={**QUICK, **bucket, "cache": tmp_path / "cache"})
    here = aug.from_folder(pictures)
    assert (source.classes, source.labels.tolist()) == (here.classes, here.labels.tolist())
    for threads in (1, 3):
        assert np.array_equal(pixels(source, threads=threads), pixels(here))
    with pytest.raises(SourceError, match=r"s3://photos/none is not there"):
        aug.from_folder("s3://photos/none", remote={**QUICK, **bucket})
    table = aug.from_table({"file": [f"{root}/a/00.jpg", f"{root}/gone.jpg"]}, "file", remote={**QUICK, **bucket})
    first, second = table.read_many([0, 1])
    assert first == (pictures / "a/00.jpg").read_bytes()
    assert isinstance(second, FileNotFoundError)


def test_shards_of_a_bucket_are_read_in_parts(bucket, pictures, tmp_path):
    import tarfile

    for number in range(2):
        with tarfile.open(tmp_path / f"{number}.tar", "w") as archive:
            for path in sorted(pictures.rglob("*.jpg"))[number::2]:
                archive.add(path, path.name)
    system = fsspec.filesystem("s3", **bucket)
    system.put([str(tmp_path / "0.tar"), str(tmp_path / "1.tar")], "photos/shards/")
    here = aug.from_tar(str(tmp_path / "{0,1}.tar"))
    index = tmp_path / "shards.index"
    for _ in range(2):
        source = aug.from_tar("s3://photos/shards/{0..1}.tar", remote={**QUICK, **bucket}, cache_index=index)
        assert [source.name(i) for i in range(12)] == [here.name(i) for i in range(12)]
        assert np.array_equal(pixels(source), pixels(here))
    assert np.array_equal(pixels(pickle.loads(pickle.dumps(source))), pixels(here))
    with pytest.raises(SourceError, match="cannot read"):
        aug.from_tar("s3://photos/shards/gone.tar", remote={**QUICK, **bucket})


def test_a_server_without_ranges_is_no_place_for_shards(server, pictures):
    import tarfile

    with tarfile.open(pictures / "x.tar", "w") as archive:
        archive.add(pictures / "a/00.jpg", "00.jpg")
    source = aug.from_tar(f"{server.url}/x.tar", remote=QUICK)
    with pytest.raises(SampleError, match="knows no ranges"):
        pixels(source)


def test_a_store_that_knows_no_async_is_read_in_threads(pictures):
    store = fsspec.filesystem("memory")
    for path in pictures.rglob("*.jpg"):
        store.pipe(f"/photos/{path.relative_to(pictures)}", path.read_bytes())
    source = aug.from_folder("memory://photos", remote=QUICK)
    assert source.labels.tolist() == [0] * 6 + [1] * 6
    assert np.array_equal(pixels(source), pixels(aug.from_folder(pictures)))
    assert np.array_equal(pixels(source.split(0.5)[1]), pixels(aug.from_folder(pictures).split(0.5)[1]))
    store.rm("/photos", recursive=True)


def test_masks_and_annotations_may_be_elsewhere(pictures):
    import json

    store = fsspec.filesystem("memory")
    for path in sorted((pictures / "a").iterdir()):
        store.pipe(f"/set/images/{path.name}", path.read_bytes())
        store.pipe(f"/set/masks/{path.stem}.png", encoded(np.full((24, 32), int(path.stem), np.uint8), "PNG"))
    names = [path.name for path in sorted((pictures / "a").iterdir())]
    source = aug.from_masks("memory://set/images", "memory://set/masks", remote=QUICK)
    batch = next(iter(aug.Loader(source, PLAIN, 6, shuffle=False)))
    assert [int(mask.max()) for mask in batch.mask] == [0, 2, 4, 6, 8, 10]
    data = {
        "images": [{"id": i, "file_name": name, "height": 24, "width": 32} for i, name in enumerate(names)],
        "categories": [{"id": 1, "name": "x"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [2, 4, 6, 8]}],
    }
    store.pipe("/set/all.json", json.dumps(data).encode())
    store.pipe("/set/labels/02.txt", b"3 0.5 0.5 0.5 0.5")
    source = aug.from_yolo("memory://set/images", remote=QUICK)
    assert [len(source.targets(index).boxes) for index in range(6)] == [0, 1, 0, 0, 0, 0]
    store.pipe("/voc/JPEGImages/a.jpg", (pictures / "a/00.jpg").read_bytes())
    box = b"<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>8</xmax><ymax>4</ymax></bndbox>"
    store.pipe("/voc/Annotations/a.xml", b"<annotation><object><name>x</name>" + box + b"</object></annotation>")
    store.pipe("/voc/ImageSets/Main/train.txt", b"a")
    for split in (None, "train"):
        source = aug.from_voc("memory://voc", split, remote=QUICK)
        assert source.targets(0).boxes.tolist() == [[0, 0, 8, 4]]
        assert source.read(0) == (pictures / "a/00.jpg").read_bytes()
    with pytest.raises(SourceError, match="no split 'test'"):
        aug.from_voc("memory://voc", "test", remote=QUICK)
    store.rm("/voc", recursive=True)
    source = aug.from_coco("memory://set/images", "memory://set/all.json", remote=QUICK)
    batch = next(iter(aug.Loader(source, PLAIN, 6, shuffle=False)))
    assert batch.boxes[1].tolist() == [[1, 2, 4, 6]]
    store.rm("/set", recursive=True)


def test_a_forked_process_reads_on_its_own(server, pictures):
    import multiprocessing

    source = aug.from_folder(server.url, remote=QUICK)
    source.read(0)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    worker = context.Process(target=lambda: queue.put(source.read(1)))
    worker.start()
    assert queue.get(timeout=30) == (pictures / "a/02.jpg").read_bytes()
    worker.join()


def test_remote_arguments_are_checked(pictures, monkeypatch):
    with pytest.raises(ArgumentError, match=r"remote\.tries must be"):
        Remote(tries=0)
    with pytest.raises(ArgumentError, match=r"remote\.timeout must be seconds"):
        Remote(timeout="5")
    with pytest.raises(ArgumentError, match="is on this machine"):
        aug.from_folder(pictures, remote={"tries": 2})
    with pytest.raises(SourceError, match="No way is known to read nothing:// files"):
        aug.from_folder("nothing://x")

    def lacking(*args, **options):
        raise ImportError

    with monkeypatch.context() as patch:
        patch.setattr(fsspec, "filesystem", lacking)
        for protocol, extra in (("s3", "s3"), ("gs", "gs"), ("https", "remote")):
            with pytest.raises(MissingPackageError, match=rf"pip install 'augstream\[{extra}\]'"):
                Remote().system(protocol)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingPackageError, match=r"s3:// files needs the package fsspec.*augstream\[remote\]"):
        aug.from_folder("s3://bucket/x")
