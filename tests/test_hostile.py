"""Files that somebody has broken on purpose: what they do to us is one of our own errors, or nothing."""

import contextlib
import io
import json
import os
import pickle
import tarfile
import warnings

import numpy as np
import pytest
from conftest import encoded, scene
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import augstream as aug
from augstream.commands.cli import app
from augstream.errors import ArgumentError, AugstreamError, SourceError
from augstream.keras_preprocessing.image import ImageDataGenerator
from augstream.printable import printable

PIPELINE = aug.Compose(
    [aug.Rotate(20), aug.OneOf([aug.Brightness(0.2), aug.Pad(3)]), aug.SomeOf([aug.Zoom(0.1)], k=1), aug.Resize(8)],
    border="edge",
)
ODD = st.sampled_from(
    [10**400, -(10**400), 10**30, 2**63, 2**31, 1e308, -1, 0, 0.5, True, None, "", "self", [], [[]], {}, [10**400] * 2]
)
PLACE = st.integers(0, 2**20 - 1)  # modulo the length of a file that is not as long each time it is written
hostile = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def use(text):
    pipeline = aug.Compose.from_json(text)
    str(pipeline), repr(pipeline), pipeline.to_json()
    pipeline(np.zeros((9, 9, 3), np.uint8))


@st.composite
def stored(draw, value):
    """The stored form with a few values, keys and members replaced."""
    if draw(st.integers(0, 12)) == 0:
        return draw(ODD)
    if isinstance(value, dict):
        made = {key: draw(stored(one)) for key, one in value.items()}
        if draw(st.integers(0, 5)) == 0:
            made[draw(st.sampled_from(["self", "p", "", "transform", "fill", "degrees", "k"]))] = draw(ODD)
        return made
    return [draw(stored(one)) for one in value] if isinstance(value, list) else value


@hostile
@given(stored(PIPELINE.to_dict()))
def test_a_stored_pipeline_with_other_values_is_an_argument_error_or_a_pipeline(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with contextlib.suppress(AugstreamError):
            use(json.dumps(data))


@hostile
@given(st.data())
def test_a_stored_pipeline_with_other_characters_is_an_argument_error_or_a_pipeline(data):
    text = PIPELINE.to_json()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 8, len(text))))
        text = text[:start] + data.draw(st.text('[]{}",:0123456789eE-NaInfinity\x00\ud800', max_size=8)) + text[end:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with contextlib.suppress(AugstreamError):
            use(text)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('{"transform": "Rotate", "self": 1}', r"Rotate has no argument 'self', at pipeline\[0\]"),
        (f'{{"transform": "Rotate", "degrees": {10**400}}}', r"Rotate.degrees must be a number.*at pipeline\[0\]"),
        (
            f'{{"transform": "Resize", "height": {10**400}}}',
            r"Resize.height must be a whole number, 2147483647 at most",
        ),
        (f'{{"transform": "Pad", "pixels": {10**30}}}', r"Pad.pixels must be a whole number"),
        (f'{{"transform": "Rotate", "degrees": {"1" * 5000}}}', "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ('{"a":' * 600 + "1" + "}" * 600, "at most 100 levels"),
        ('{"transform": "Compose", "transforms": [' * 200 + "]}" * 200, "at most 100 levels"),
    ],
    ids=["self", "10**400", "height", "10**30", "digits", "brackets", "levels", "pipelines"],
)
def test_what_a_stored_pipeline_may_not_hold(inside, said):
    with pytest.raises(ArgumentError, match=said):
        aug.Compose.from_json(f'{{"transform": "Compose", "transforms": [{inside}]}}')


def test_deep_pipelines_are_printed_in_no_time():
    # Were a container's members written twice by each container around it, this would not end.
    depth = 45
    use('{"transform": "Compose", "transforms": [' * depth + '{"transform": "Rotate"}' + "]}" * depth)


@pytest.fixture
def folder(tmp_path):
    for name in ("a/1", "a/2", "b/3"):
        path = tmp_path / f"data/{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "data"


@hostile
@given(st.data())
def test_a_damaged_index_is_listed_anew(folder, data):
    index = folder.parent / "index"
    index.unlink(missing_ok=True)
    expected = aug.from_folder(folder, cache_index=index)
    whole = bytearray(index.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        if data.draw(st.booleans()):
            bit = data.draw(PLACE) % (8 * len(whole))
            whole[bit // 8] ^= 1 << bit % 8
        else:
            at = data.draw(PLACE) % len(whole)
            whole[at : at + data.draw(st.integers(1, 64))] = data.draw(st.binary(max_size=64))
            whole += b"\0" * (not whole)
    index.write_bytes(whole)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = aug.from_folder(folder, cache_index=index)
    assert list(found.names) == list(expected.names)
    assert found.classes == expected.classes
    assert found.labels.tolist() == expected.labels.tolist()


def test_an_index_that_is_no_archive_or_lacks_arrays_is_listed_anew(folder):
    index = folder.parent / "index"
    aug.from_folder(folder, cache_index=index)
    with np.load(index) as kept:
        arrays = dict(kept)
    with index.open("wb") as file:
        np.save(file, np.arange(3))
    assert len(aug.from_folder(folder, cache_index=index)) == 3
    for name in arrays:
        with index.open("wb") as file:
            np.savez(file, **{other: array for other, array in arrays.items() if other != name})
        assert len(aug.from_folder(folder, cache_index=index)) == 3
    with index.open("wb") as file:
        np.savez(file, **{**arrays, "labels": arrays["labels"] + 1})
    assert aug.from_folder(folder, cache_index=index).labels.max() == 1


def shard(sizes=(None, None)):
    """A tar file of an image and its label, whose headers may claim other sizes."""
    buffer = io.BytesIO()
    for name, data, claimed in zip(("1.jpg", "1.cls"), (encoded(scene(20, 30, 0)), b"3"), sizes, strict=True):
        info = tarfile.TarInfo(name)
        info.size = len(data) if claimed is None else claimed
        buffer.write(info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512))
    return buffer.getvalue() + bytes(1024)


@pytest.mark.parametrize("size", [2**85, 2**62, -5])
@pytest.mark.parametrize("which", [0, 1])
def test_a_member_of_an_impossible_size_names_the_shard(tmp_path, size, which):
    path = tmp_path / "0.tar"
    path.write_bytes(shard((size, None) if which == 0 else (None, size)))
    with pytest.raises(SourceError, match=rf"cannot read .*0\.tar: its member '1\.\w+' claims {size:,} bytes"):
        aug.from_tar(path)


@hostile
@given(st.data())
def test_a_damaged_shard_is_an_error_of_ours_or_a_source(tmp_path, data):
    whole = bytearray(shard())
    for start in data.draw(st.lists(st.sampled_from([0, 1024, 1536]), min_size=1, max_size=2)):
        at = start + data.draw(st.integers(0, 511))
        some = data.draw(st.binary(min_size=1, max_size=12))
        whole[at : at + len(some)] = some
        if start + 512 <= len(whole):
            # The sum of a header that is wrong would only end the reading.
            header = whole[start : start + 148] + b" " * 8 + whole[start + 156 : start + 512]
            whole[start + 148 : start + 156] = b"%06o\0 " % sum(header)
    path = tmp_path / "0.tar"
    path.write_bytes(whole)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(SourceError):
            source = aug.from_tar(path)
            source.read_many(range(len(source)))


# An escape sequence, a line end, a mark that turns the direction of reading, a byte that is no text.
NAME = b"e\x1b[31m\n\xe2\x80\xae\xff"
SHOWN = r"e\x1b[31m\n\u202e"


@pytest.fixture
def named(tmp_path):
    """A folder of classes with such names, in which one of three files is no image."""
    root, name = tmp_path / os.fsdecode(NAME), os.fsdecode(NAME)
    for path, data in (
        (root / "b" / f"1{name}.jpg", encoded(scene(30, 40, 1))),
        (root / "b" / f"2{name}.jpg", b"no picture" + NAME),
        (root / name / f"{name}.jpg", encoded(scene(30, 40, 0))),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def harmless(text):
    assert all(line.isprintable() for line in text.split("\n")), text
    assert SHOWN in text
    return text.count("\n")


def test_warnings_and_errors_escape_the_names_of_files(named):
    source = aug.from_folder(named)
    with pytest.raises(aug.SampleError) as caught:
        next(iter(aug.Loader(source, aug.Compose([aug.Resize(8)]), 3)))
    assert harmless(str(caught.value)) == 1
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.warns(UserWarning, match="could not be read") as warned:
        list(aug.Loader(source, aug.Compose([aug.Resize(8)]), 3, on_error="skip"))
    assert harmless(str(warned[0].message)) == 0
    (named / os.fsdecode(b"c" + NAME)).mkdir()
    with pytest.warns(UserWarning, match="holds no images") as warned:
        aug.from_folder(named)
    assert harmless(str(warned[0].message)) == 0
    for wrong in (named / "none", named / "b"):
        with pytest.raises(SourceError) as caught:
            aug.from_folder(wrong)
        assert harmless(str(caught.value)) == 0


def test_the_command_escapes_the_names_of_files(named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    told = runner.invoke(app, ["preview", str(named), "--rows", "3", "--out", "sheet.png", "--size", "16"])
    assert told.exit_code == 0, told.output
    assert harmless(told.output) == 2
    told = runner.invoke(app, ["explain", str(named), "--index", "2"])
    assert told.exit_code == 0
    harmless(told.output)
    told = runner.invoke(app, ["explain", str(named), "--index", "1"])
    assert told.exit_code == 1
    assert harmless(told.output) == 2
    told = runner.invoke(app, ["check", str(named), "--html", "page.html", "--json", "all.json"])
    assert told.exit_code == 1
    assert all(line.isprintable() for line in told.output.split("\n"))
    assert SHOWN in (tmp_path / "page.html").read_text()
    for word in (tmp_path / "page.html", tmp_path / "all.json"):
        assert not set("\x1b\u202e") & set(word.read_text())


@pytest.mark.parametrize(
    "odd", ["\x1b]0;title\x07", "\n", "\r", "\u202e", "\u2066", "\u2028", "\udcff", "\x9b31m", "\x7f", "\u200b"]
)
def test_what_is_not_printable_is_escaped(odd):
    shown = printable(f"a{odd}ü 木.jpg")
    assert shown.isprintable()
    assert shown.startswith("a\\")
    assert shown.endswith("ü 木.jpg")
    shown.encode()
    assert printable(shown) == shown


def test_where_errors_are_skipped_none_advises_to_skip_them(tmp_path):
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for path in paths:
        path.write_bytes(b"no picture")
    source = aug.from_folder(tmp_path, labels=None)
    for on_error in ("skip", lambda index, name, reason: "raise", lambda index, name, reason: None):
        with pytest.raises(aug.SampleError, match="Repair or remove the files") as caught:
            list(aug.Loader(source, aug.Compose([aug.Resize(8)]), 2, on_error=on_error))
        assert 'on_error="skip"' not in str(caught.value)
    told = CliRunner().invoke(app, ["preview", str(tmp_path), "--out", str(tmp_path.parent / "sheet.png")])
    assert "on_error" not in told.output
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"filename": [str(path) for path in paths]})
    flow = ImageDataGenerator().flow_from_dataframe(table, class_mode=None, target_size=(8, 8), on_error="skip")
    with pytest.raises(aug.SampleError, match="Repair or remove the files") as caught:
        next(flow)
    assert "on_error" not in str(caught.value)
