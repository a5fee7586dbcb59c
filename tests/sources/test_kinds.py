"""Tables, tar shards, arrays on disk, functions, sequences, Hugging Face."""

import io
import json
import multiprocessing
import os
import pickle
import tarfile

import numpy as np
import pytest
from conftest import encoded, scene

import augstream as aug
from augstream.errors import ArgumentError, SampleError, SourceError

PLAIN = aug.Compose([aug.Resize(12, 16)])


def first(source, n=None, **options):
    return next(iter(aug.Loader(source, PLAIN, n or len(source), shuffle=False, **options)))


def same_pixels(one, two):
    return np.array_equal(first(one).image, first(two).image)


@pytest.fixture
def pictures(tmp_path):
    """Six files in a folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(encoded(scene(24, 32, number)))
    return folder


def rows(folder, **more):
    return {"file": [f"{number}.jpg" for number in range(6)], **more}


def frame(kind, table, folder):
    """The same table as a mapping, a frame of some package, or a file."""
    if kind == "mapping":
        return table
    if kind == "csv":
        import csv

        with (folder / "table.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(table)
            writer.writerows(
                [json.dumps(v) if isinstance(v, list) else "" if v is None else v for v in row]
                for row in zip(*table.values(), strict=True)
            )
        return folder / "table.csv"
    if kind == "pandas":
        return pytest.importorskip("pandas").DataFrame(table)
    if kind == "polars":
        return pytest.importorskip("polars").DataFrame(table, strict=False)
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    if kind == "pyarrow":
        return pyarrow.table(table)
    pyarrow.parquet.write_table(pyarrow.table(table), folder / "table.parquet")
    return folder / "table.parquet"


KINDS = ["mapping", "csv", "pandas", "polars", "pyarrow", "parquet"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_any_kind_is_a_source(kind, pictures):
    table = rows(
        pictures,
        species=["cat", "dog", "cat", "cow", "dog", "cat"],
        age=[1.5, 2, 3, 4, 5, 6.25],
        weight=[1, 1, 1, 2, 2, 0.5],
        patient=["a", "a", "b", "b", "c", "c"],
        boxes=[[[1, 2, 10, 12]], [], [[0, 0, 4, 4], [5, 5, 9, 9]], [], [], []],
        kinds=[[1], [], [0, 2], [], [], []],
    )
    data = frame(kind, table, pictures)
    options = {"root": pictures, "weight": "weight", "group": "patient", "boxes": "boxes", "box_label": "kinds"}
    source = aug.from_table(data, "file", label="species", **options)
    assert source.classes == ["cat", "cow", "dog"]
    assert source.labels.tolist() == [0, 2, 0, 1, 2, 0]
    assert source.sample_weight.tolist() == [1, 1, 1, 2, 2, 0.5]
    assert source.groups[0] == source.groups[1] != source.groups[2]
    batch = first(source)
    assert batch.weight.tolist() == source.sample_weight.tolist()
    assert batch.boxes[0].tolist() == [[0.5, 1, 5, 6]]
    assert batch.box_label[2].tolist() == [0, 2]
    assert batch.name == table["file"]
    ages = aug.from_table(data, "file", label="age", root=pictures)
    assert (ages.classes, ages.labels.dtype, ages.labels.tolist()) == (None, np.float32, table["age"])
    assert same_pixels(source, aug.from_folder(pictures, labels=None))
    assert same_pixels(pickle.loads(pickle.dumps(source)), source)


def test_paths_of_a_table_file_are_relative_to_it(pictures, monkeypatch):
    file = frame("csv", rows(pictures, label=list(range(6))), pictures)
    source = aug.from_table(file, "file", label="label")
    assert (source.labels.tolist(), source.labels.dtype) == (list(range(6)), np.int64)
    monkeypatch.chdir(pictures)
    assert same_pixels(aug.from_table(rows(pictures), "file"), source)
    whole = {"file": [str(pictures / f"{number}.jpg") for number in range(6)]}
    monkeypatch.chdir("/")
    assert same_pixels(aug.from_table(whole, "file"), source)


def test_pictures_may_be_bytes_in_the_table(pictures):
    data = [(pictures / f"{number}.jpg").read_bytes() for number in range(6)]
    plain = aug.from_folder(pictures, labels=None)
    assert same_pixels(aug.from_table({"x": data}, "x"), plain)
    assert same_pixels(aug.from_table({"x": [{"bytes": one, "path": None} for one in data]}, "x"), plain)
    parquet = frame("parquet", {"x": data}, pictures)
    assert same_pixels(aug.from_table(parquet, "x"), plain)


def test_several_classes_a_picture(pictures):
    table = rows(pictures, tags=["a|b", "", "c", "b", "a|c", None])
    source = aug.from_table(table, "file", label="tags", separator="|", root=pictures)
    assert source.classes == ["a", "b", "c"]
    assert source.labels.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 1], [0, 0, 0]]
    lists = rows(pictures, tags=[["a", "b"], [], ["c"], ["b"], ["a", "c"], []])
    assert np.array_equal(aug.from_table(lists, "file", label="tags", root=pictures).labels, source.labels)
    columns = rows(pictures, a=[1, 0, 0, 0, 1, 0], b=[1, 0, 0, 1, 0, 0])
    several = aug.from_table(columns, "file", label=["a", "b"], root=pictures)
    assert (several.classes, several.labels.shape) == (["a", "b"], (6, 2))
    with pytest.raises(ArgumentError, match="holds 'c', which is not among"):
        aug.from_table(table, "file", label="tags", separator="|", classes=["a", "b"], root=pictures)


def test_several_outputs_are_one_structured_array(pictures):
    table = rows(pictures, kind=[0, 1, 0, 1, 0, 1], x=[0.5] * 6, y=[1.5] * 6)
    source = aug.from_table(table, "file", label={"kind": "kind", "where": ["x", "y"]}, root=pictures)
    batch = first(source)
    assert batch.label["kind"].tolist() == [0, 1, 0, 1, 0, 1]
    assert batch.label["where"].tolist() == [[0.5, 1.5]] * 6


def test_a_table_with_a_row_for_each_box(pictures):
    table = {
        "file": ["0.jpg", "0.jpg", "1.jpg", "2.jpg"],
        "x0": [0, 4, None, 8],
        "y0": [0, 4, None, 8],
        "x1": [8, 8, None, 16],
        "y1": [8, 8, None, 16],
        "what": ["dog", "cat", None, "dog"],
    }
    for kind in ("mapping", "csv", "pandas"):
        data = frame(kind, table, pictures)
        options = {"boxes": ("x0", "y0", "x1", "y1"), "box_label": "what", "root": pictures}
        source = aug.from_table(data, "file", **options)
        batch = first(source)
        assert source.classes == ["cat", "dog"]
        assert [boxes.tolist() for boxes in batch.boxes] == [[[0, 0, 4, 4], [2, 2, 4, 4]], [], [[4, 4, 8, 8]]]
        assert [labels.tolist() for labels in batch.box_label] == [[1, 0], [], [1]]


def test_masks_and_points_of_a_table(pictures):
    for number in range(6):
        (pictures / f"{number}.png").write_bytes(encoded(np.full((24, 32), number, np.uint8), "PNG"))
    table = rows(pictures, mask=[f"{number}.png" for number in range(6)], dots=[[[2, 4]]] * 6)
    batch = first(aug.from_table(table, "file", mask="mask", points="dots", root=pictures))
    assert [int(mask.max()) for mask in batch.mask] == list(range(6))
    assert batch.points[3].tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"label": ["a", None, "b", "", "c", "d"]}, {"label": "label"}, r"row 1, and 1 more has no label"),
        ({"label": [1, 2, float("nan"), 4, 5, 6]}, {"label": "label"}, "row 2 has no label"),
        ({"w": [1, 2, 3, float("nan"), 5, 6]}, {"weight": "w"}, "row 3 has no weight"),
        ({"w": [1, 2, 3, -1, 5, 6]}, {"weight": "w"}, "finite and 0 or more; got -1.0 at 3"),
        ({}, {"label": "nothing"}, "no column 'nothing'; there are file"),
        ({"b": ["x"] * 6}, {"boxes": "b"}, "no list of numbers as JSON"),
        ({"b": [[[1, 2]]] * 6}, {"boxes": "b"}, r"boxes must be \(k, 4\)"),
        ({"file": [None] * 6}, {}, "row 0, and 5 more has no image"),
        ({"file": [1] * 6}, {}, "paths or bytes, the same throughout; row 0 is int"),
        ({"file": []}, {}, "no rows"),
        ({"x": [1]}, {"label": "x"}, "not of one length"),
        ({"x": ["a", 1, 2, 3, 4, 5]}, {"label": "x"}, "numbers or names, not both"),
    ],
)
def test_tables_that_are_no_source_say_why(change, options, message, pictures):
    with pytest.raises((ArgumentError, SourceError), match=message):
        aug.from_table(rows(pictures) | change, "file", root=pictures, **options)


def test_rows_of_one_picture_must_agree():
    table = {"file": ["a.jpg", "b.jpg", "a.jpg"], "kind": ["cat", "dog", "cow"]}
    table |= {name: [1, 2, 3] for name in ("x0", "y0", "x1", "y1", "what")}
    boxes = {"boxes": ["x0", "y0", "x1", "y1"], "box_label": "what"}
    assert len(aug.from_table(table, "file", **boxes)) == 2
    with pytest.raises(SourceError, match="rows 0 and 2 are of one image, but the column 'kind' has 'cat' and 'cow'"):
        aug.from_table(table, "file", label="kind", **boxes)


def test_columns_may_be_set_off_by_semicolons_and_must_be_there_once(tmp_path):
    (tmp_path / "a.csv").write_text("file;kind\na.jpg;cat\n")
    assert aug.from_table(tmp_path / "a.csv", "file", label="kind").classes == ["cat"]
    (tmp_path / "a.csv").write_text("file,file\na.jpg,b.jpg\n")
    with pytest.raises(ArgumentError, match="several columns 'file'"):
        aug.from_table(tmp_path / "a.csv", "file")


def test_files_that_are_no_table_say_why(pictures):
    with pytest.raises(SourceError, match=r"cannot read .*gone\.csv"):
        aug.from_table(pictures / "gone.csv", "file")
    with pytest.raises((SourceError, ArgumentError), match=r"neither a CSV|no column"):
        aug.from_table(pictures / "0.jpg", "file")
    with pytest.raises(ArgumentError, match="must be a data frame"):
        aug.from_table(7, "file")
    (pictures / "bad.parquet").write_bytes(b"PAR1 and no more")
    pytest.importorskip("pyarrow")
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        aug.from_table(pictures / "bad.parquet", "file")


# Shards


def shard(path, samples):
    """A tar file of [(name, bytes), ...]."""
    with tarfile.open(path, "w") as archive:
        for name, data in samples:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def shards(folder, n=2, size=4):
    for number in range(n):
        samples = []
        for place in range(size):
            index = number * size + place
            samples += [
                (f"sub/{index:05}.jpg", encoded(scene(24, 32, index))),
                (f"sub/{index:05}.cls", str(index % 3).encode()),
                (f"sub/{index:05}.json", json.dumps({"name": "ab"[index % 2]}).encode()),
                (f"sub/{index:05}.seg.png", encoded(np.full((24, 32), index, np.uint8), "PNG")),
            ]
        samples.append(("readme.txt", b"not a sample"))
        shard(folder / f"train-{number:03}.tar", samples)
    return str(folder / f"train-{{000..{n - 1:03}}}.tar")


def test_what_has_one_name_in_a_shard_is_one_sample(tmp_path):
    source = aug.from_tar(shards(tmp_path), mask="seg.png")
    assert (len(source), source.labels.tolist(), source.classes) == (8, [0, 1, 2, 0, 1, 2, 0, 1], None)
    batch = first(source)
    assert [int(mask.max()) for mask in batch.mask] == list(range(8))
    assert batch.name[5] == "train-001.tar/sub/00005"
    assert source.read(5) == encoded(scene(24, 32, 5))
    named = aug.from_tar(str(tmp_path / "*.tar"), label="json:name")
    assert (named.classes, named.labels.tolist()) == (["a", "b"], [0, 1] * 4)
    assert aug.from_tar([tmp_path / "train-000.tar"], label=None).labels is None
    assert same_pixels(pickle.loads(pickle.dumps(source)), source)


def _read_there(source, queue):
    queue.put([len(source.read(index)) for index in range(len(source))])


def test_shards_are_read_in_any_order_from_threads_and_forked_processes(tmp_path, monkeypatch):
    source = aug.from_tar(shards(tmp_path, 3, 20))
    sizes = [len(source.read(index)) for index in range(60)]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    workers = [context.Process(target=_read_there, args=(source, queue)) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert [queue.get(timeout=30) for _ in workers] == [sizes, sizes]
    for worker in workers:
        worker.join()
    monkeypatch.setattr("augstream.sources.shards._KEPT_OPEN", 1)
    assert [len(source.read(index)) for index in range(60)] == sizes
    pixels = {int(i): p for b in aug.Loader(source, PLAIN, 7, threads=4) for i, p in zip(b.index, b.image, strict=True)}
    assert len(pixels) == 60


def test_an_index_of_shards_is_kept_until_a_shard_changes(tmp_path, monkeypatch):
    pattern, index = shards(tmp_path), tmp_path / "cache/shards.index"
    one = aug.from_tar(pattern, cache_index=index)
    looked = []
    real_open = tarfile.open
    monkeypatch.setattr(
        tarfile, "open", lambda *args, **options: looked.append((args, options)) or real_open(*args, **options)
    )
    two = aug.from_tar(pattern, cache_index=index)
    assert not looked
    assert same_pixels(one, two)
    shard(tmp_path / "train-001.tar", [("x.jpg", encoded(scene(24, 32))), ("x.cls", b"1")])
    assert len(aug.from_tar(pattern, cache_index=index)) == 5
    assert [options.get("mode") for _, options in looked] == [None, "r:", "r:"]
    index.write_bytes(b"broken")
    assert len(aug.from_tar(pattern, cache_index=index)) == 5


def test_shards_that_are_none_say_why(tmp_path):
    with pytest.raises(SourceError, match=r"no file .*gone\.tar"):
        aug.from_tar(tmp_path / "gone.tar")
    with pytest.raises(SourceError, match=r"no file .*\*\.tar"):
        aug.from_tar(tmp_path / "*.tar")
    with tarfile.open(tmp_path / "packed.tar.gz", "w:gz"):
        pass
    with pytest.raises(SourceError, match="compressed file can't be read in any order"):
        aug.from_tar(tmp_path / "packed.tar.gz")
    with pytest.raises(SourceError, match="no files ending in"):
        aug.from_tar(shard(tmp_path / "empty.tar", [("a.txt", b"")]))
    with pytest.raises(SourceError, match=r"sample 1 .* has no \.cls file"):
        aug.from_tar(shard(tmp_path / "some.tar", [("a.jpg", b"x"), ("a.cls", b"1"), ("b.jpg", b"x")]))
    with pytest.raises(SourceError, match=r"has no \.seg\.png file"):
        aug.from_tar(shard(tmp_path / "some.tar", [("a.jpg", b"x")]), mask="seg.png")


@pytest.mark.parametrize(
    ("label", "data", "message"),
    [
        ("json:kind", b"{", r"label of sample 0 \(a.tar/a\) cannot be read"),
        ("json:kind", b"{}", "it has no 'kind'"),
        ("json:kind", b'{"kind": null}', "is empty"),
        ("json:kind", b"[1]", "cannot be read"),
        ("json", b"\xff", "cannot be read"),
        ("json", b" \n", "is empty"),
    ],
)
def test_labels_in_a_shard_that_are_none_say_why(tmp_path, label, data, message):
    path = shard(tmp_path / "a.tar", [("a.jpg", b"x"), ("a.json", data)])
    with pytest.raises(SourceError, match=message):
        aug.from_tar(path, label=label)


def test_half_a_sample_is_not_left_out_in_silence(tmp_path):
    path = shard(tmp_path / "a.tar", [("a.jpg", b"x"), ("a.cls", b"1"), ("b.cls", b"1"), ("c.cls", b"1")])
    with pytest.warns(UserWarning, match=r"a\.tar/b and 1 more have a label or a mask, but no image"):
        assert len(aug.from_tar(path)) == 1


@pytest.mark.parametrize("end", [512 + 512 + 512 + 512, 512 + 512 + 512 + 512 + 100])
def test_a_shard_that_was_cut_off_is_refused(tmp_path, end):
    """Between two members and within a header, where tarfile sees the end of the archive."""
    path = shard(tmp_path / "a.tar", [("a.jpg", b"x"), ("a.cls", b"1"), ("b.jpg", b"x"), ("b.cls", b"1")])
    assert len(aug.from_tar(path)) == 2
    os.truncate(path, end)
    with pytest.raises(SourceError, match="damaged or cut off behind byte 2,048"):
        aug.from_tar(path)


def test_a_shard_that_is_cut_off_later_is_a_bad_sample(tmp_path):
    path = shard(tmp_path / "a.tar", [("a.jpg", encoded(scene(24, 32))), ("b.jpg", encoded(scene(24, 32)))])
    source = aug.from_tar(path)
    os.truncate(path, 1000)
    with pytest.raises(SampleError, match="the shard ends within the sample"):
        first(source)


# Arrays on disk


def test_hdf5_and_zarr_are_arrays(tmp_path):
    x = np.stack([scene(24, 32, number) for number in range(5)])
    plain = aug.from_arrays(x)
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("deep/x", data=x, chunks=(1, 24, 32, 3))
    with h5py.File(tmp_path / "x.h5", "r") as file:
        source = aug.from_arrays(file["deep/x"], list(range(5)))
        assert same_pixels(source, plain)
        frozen = pickle.dumps(source)
    assert same_pixels(pickle.loads(frozen), plain)
    zarr = pytest.importorskip("zarr")
    stored = zarr.open(str(tmp_path / "x.zarr"), mode="w", shape=x.shape, chunks=(1, 24, 32, 3), dtype="uint8")
    stored[:] = x
    source = aug.from_arrays(stored)
    assert same_pixels(source, plain)
    assert same_pixels(pickle.loads(pickle.dumps(source)), plain)


def test_targets_of_arrays():
    x = np.zeros((2, 12, 16, 3), np.uint8)
    source = aug.from_arrays(
        x,
        weight=[1, 3],
        masks=np.stack([np.eye(12, 16, dtype=np.int32)] * 2),
        boxes=[[[0, 0, 4, 4]], []],
        box_label=[[5], []],
        points=[[[1, 2]], [[3, 4], [5, 6]]],
    )
    batch = first(source)
    assert np.array_equal(batch.mask, source.annotations.masks)
    assert [b.tolist() for b in batch.boxes] == [[[0, 0, 4, 4]], []]
    assert [p.tolist() for p in batch.points] == [[[1, 2]], [[3, 4], [5, 6]]]
    assert batch.weight.tolist() == [1, 3]
    for options, message in (
        ({"boxes": [[]]}, "one entry per image, 2; got 1"),
        ({"boxes": [[[1, 2, 3, 4]], []], "box_label": [[], [1]]}, "one entry per box"),
        ({"weight": [1, np.nan]}, "got nan at 1"),
        ({"boxes": [[[1]], []]}, r"boxes must be \(k, 4\)"),
        ({"boxes": [[], []], "min_visible": 2}, "min_visible must be a share"),
    ):
        with pytest.raises(ArgumentError, match=message):
            aug.from_arrays(x, **options)


# Functions and sequences


def make(index):
    return scene(24, 32, index)


def test_a_function_is_a_source():
    source = aug.from_function(6, make, ["a", "b"] * 3, targets=lambda index: aug.Targets(points=[[index, 2]]))
    assert (source.classes, source.labels.tolist()) == (["a", "b"], [0, 1, 0, 1, 0, 1])
    batch = first(source)
    assert batch.points[4].tolist() == [[2, 1]]
    assert batch.mask is None
    assert same_pixels(aug.from_function(6, make), source)
    assert same_pixels(pickle.loads(pickle.dumps(aug.from_function(6, make))), source)
    with pytest.raises(SampleError, match=r"cannot be read: division by zero \(ZeroDivisionError\)"):
        first(aug.from_function(2, lambda index: 1 / 0))
    for n, function in ((0, make), (True, make), ("6", make), (6, None)):
        with pytest.raises(ArgumentError, match="from_function"):
            aug.from_function(n, function)


def test_any_sequence_is_a_source(pictures):
    plain = aug.from_folder(pictures, labels=None)
    paths = sorted(pictures.iterdir())
    assert same_pixels(aug.from_sequence(paths), plain)
    assert first(aug.from_sequence(paths)).name[2] == str(paths[2])
    assert same_pixels(aug.from_sequence([path.read_bytes() for path in paths]), plain)

    class Pairs:
        def __len__(self):
            return 6

        def __getitem__(self, index):
            return paths[index], index * 10

    batch = first(aug.from_sequence(Pairs()))
    assert batch.label.tolist() == [0, 10, 20, 30, 40, 50]
    from PIL import Image

    opened = aug.from_sequence([Image.open(path) for path in paths], list("abcabc"))
    assert (opened.classes, first(opened).image.shape) == (["a", "b", "c"], (6, 12, 16, 3))
    for wrong in ("abc", 5, [], {1, 2}):
        with pytest.raises(ArgumentError, match=r"from_sequence\.items"):
            aug.from_sequence(wrong)


# Hugging Face


def test_hugging_face_data_sets_keep_their_bytes(pictures):
    datasets = pytest.importorskip("datasets")
    paths = [str(path) for path in sorted(pictures.iterdir())]
    table = {
        "image": paths,
        "label": [0, 1, 0, 1, 0, 1],
        "objects": [{"bbox": [[2.0, 4.0, 8.0, 8.0]], "category": [1]}] * 6,
    }
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "label": datasets.ClassLabel(names=["cat", "dog"]),
            "objects": {
                "bbox": datasets.Sequence(datasets.Sequence(datasets.Value("float32"))),
                "category": datasets.Sequence(datasets.ClassLabel(names=["x", "y"])),
            },
        }
    )
    dataset = datasets.Dataset.from_dict(table, features=features)
    source = aug.from_huggingface(dataset)
    assert (source.classes, source.labels.tolist()) == (["cat", "dog"], [0, 1, 0, 1, 0, 1])
    assert source.read(2) == (pictures / "2.jpg").read_bytes()
    assert same_pixels(source, aug.from_folder(pictures, labels=None))
    assert same_pixels(pickle.loads(pickle.dumps(source)), source)
    some = aug.from_huggingface(dataset.select([4, 1]), boxes="objects.bbox", box_label="objects.category")
    batch = first(some)
    assert batch.label.tolist() == [0, 1]
    assert batch.boxes[0].tolist() == [[1, 2, 5, 6]]
    assert batch.box_label[0].tolist() == [1]
    with pytest.raises(ArgumentError, match="no column 'photo'; there are image, label"):
        aug.from_huggingface(dataset, "photo")
    with pytest.raises(ArgumentError, match="Pick a split"):
        aug.from_huggingface(datasets.DatasetDict({"train": dataset}))
    with pytest.raises(ArgumentError, match=r"must be a datasets\.Dataset; got list"):
        aug.from_huggingface([1])
    with pytest.raises(ArgumentError, match=r"got IterableDataset.*do not stream"):
        aug.from_huggingface(dataset.to_iterable_dataset())
    words = datasets.Dataset.from_dict({"image": ["a.jpg", None], "label": [0, None]})
    with pytest.raises(SourceError, match=r"row 1 has no label\."):
        aug.from_huggingface(words)
    with pytest.raises(SampleError, match=r"'a\.jpg' is no image; cast the column to Image(.|\n)*there is no image"):
        first(aug.from_huggingface(words.remove_columns("label")))
