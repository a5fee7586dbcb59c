"""The command as somebody types it: help, contact sheets, explanations, errors without a traceback."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import encoded, scene, turned
from folders import call, listing
from PIL import Image

import augstream as aug


@pytest.fixture
def pipeline(tmp_path):
    path = tmp_path / "pipeline.json"
    path.write_text(aug.Compose([aug.VerticalFlip(), aug.Resize(30, 40), aug.Normalize(0.5, 0.25)]).to_json())
    return path


def test_the_version_is_the_package_s():
    code, text = call("--version")
    assert code == 0
    assert text.startswith("augstream 0.")


@pytest.mark.parametrize("words", [["--help"], ["demo", "--help"], ["preview", "--help"], ["explain", "--help"]])
def test_help_is_there(words):
    code, text = call(*words)
    assert code == 0
    assert "Usage" in text


def test_help_comes_without_loading_what_only_the_work_needs():
    code = "import sys, augstream.commands.cli; print(*(set(sys.modules) & {'PIL', 'keras', 'jax', 'sklearn'}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_preview_draws_photos_beside_their_variants(photos, tmp_path):
    before = listing(photos)
    out = tmp_path / "sheet.png"
    code, text = call("preview", photos, "-o", out, "--rows", 4, "--variants", 3, "--size", 64)
    assert code == 0
    assert "4 photos, 3 variants" in text
    with Image.open(out) as sheet:
        assert sheet.width > 4 * 64
        assert sheet.height > 4 * 64
        # Paper around the photos, and the photos on it.
        assert np.asarray(sheet)[0, 0].min() > 240
        assert np.asarray(sheet).std() > 20
    assert listing(photos) == before


def test_preview_takes_a_pipeline_and_a_folder_without_classes(photos, pipeline, tmp_path):
    code, _ = call("preview", photos / "bee", "--pipeline", pipeline, "-o", tmp_path / "sheet.jpg", "--rows", 2)
    assert code == 0
    assert (tmp_path / "sheet.jpg").stat().st_size > 1000


def test_preview_passes_over_broken_photos_and_says_so(photos, tmp_path):
    for path in sorted((photos / "ant").iterdir())[:6]:
        path.write_bytes(b"no picture")
    code, text = call("preview", photos, "-o", tmp_path / "sheet.png", "--rows", 24, "--variants", 1, "--size", 32)
    assert code == 0
    assert text.count("Passed over sample") == 5
    assert "... and 1 more" in text
    assert "18 photos" in text


def test_preview_of_nothing_but_broken_photos_is_an_error(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jpg").write_bytes(b"no picture")
    code, text = call("preview", tmp_path, "-o", tmp_path.parent / "sheet.png")
    assert code == 1
    assert "sample 0 (a/x.jpg)" in text


def test_explain_prints_draws_ops_plan_and_decoder(photos):
    code, text = call("explain", photos, "--index", 7, "--seed", 3, "--epoch", 2)
    assert code == 0
    source = aug.from_folder(photos)
    assert f"sample 7 of 24: {source.name(7)}, class {source.classes[source.label(7)]}" in text
    assert [line for line in text.splitlines() if line in ("draws", "ops", "decoder")] == ["draws", "ops", "decoder"]
    assert "Rotate.0/angle" in text
    assert "plan: 6 warps -> 1, 2 colors -> 1" in text


def test_explain_shows_the_draws_of_the_loader(photos):
    _, text = call("explain", photos, "--index", 7, "--seed", 3, "--epoch", 2)
    from augstream.commands.demo import pipelines

    height, width = next(
        (batch.image.shape[1:3]) for batch in aug.Loader(aug.from_folder(photos).subset([7]), aug.Compose([]), 1)
    )
    angle = pipelines.photos().explain((height, width), seed=3, epoch=2, index=7).draws[0].value[0]
    assert f"= {angle:.4g}°" in text


def test_explain_says_what_is_decoded(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jpg").write_bytes(encoded(scene(400, 600)))
    (tmp_path / "p.json").write_text(aug.Compose([aug.CenterCrop(80, 80), aug.Resize(20, 20)]).to_json())
    code, text = call("explain", tmp_path, "--pipeline", tmp_path / "p.json")
    assert code == 0
    last = text.splitlines()[-1]
    assert "of 400, columns" in last
    assert "1/" in last
    assert "rows 0 to 400" not in last


def test_explain_turns_as_the_exif_orientation_says(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jpg").write_bytes(turned(scene(40, 60), 6))
    code, text = call("explain", tmp_path)
    assert code == 0
    assert "40 x 60 (height x width), EXIF orientation 6: seen as 60 x 40" in text
    assert "7 warps -> 1" in text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["preview", "no/such/folder"], 1, "does not exist"),
        (["explain", "no/such/folder"], 1, "does not exist"),
        (["demo", "--data", "no/such/folder"], 1, "does not exist"),
        (["explain", "{photos}", "--index", "24"], 2, "index must be 0 to 23, as there are 24 samples; got 24"),
        (["explain", "{photos}", "--index", "-1"], 2, "--index"),
        (["explain", "{photos}", "--pipeline", "no.json"], 2, "cannot read no.json: No such file or directory"),
        (["preview", "{photos}", "--pipeline", "{photos}/ant/000.jpg"], 2, "it is not text"),
        (["preview", "{photos}", "-o", "no/such/folder/sheet.png"], 1, "Cannot write no/such/folder/sheet.png"),
        (["preview", "{photos}", "-o", "sheet.nonsense"], 1, "unknown file extension"),
        (["preview", "{photos}", "-o", "{photos}/sheet.png"], 2, "nothing is ever written there"),
        (["preview", "{photos}", "--colour", "red"], 2, "--colour"),
        (["demo", "--data", "{photos}", "--out", "{photos}/ant/report"], 2, "nothing is ever written there"),
        (["demo", "--data", "{photos}", "--validation", "1.5"], 2, "between 0 and 0.6"),
        (["demo", "--seeds", "0"], 2, "--seeds"),
    ],
)
def test_errors_are_one_message_without_a_traceback(words, code, said, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = listing(photos)
    got, text = call(*(word.format(photos=photos) for word in words))
    assert got == code
    assert said in " ".join(text.split())
    assert "Traceback" not in text
    assert listing(photos) == before


def test_a_wrong_pipeline_names_the_file_and_the_argument(photos, tmp_path):
    path = tmp_path / "wrong.json"
    path.write_text('{"transform": "Compose", "transforms": [{"transform": "Rotate", "degrees": [30, -30]}]}')
    code, text = call("preview", photos, "--pipeline", path)
    assert code == 2
    assert "wrong.json" in text
    assert "Rotate.degrees must be (low, high) with low <= high; got [30, -30], at pipeline[0]" in text


def test_a_link_into_the_data_is_no_way_round(photos, tmp_path):
    (tmp_path / "elsewhere").symlink_to(photos)
    code, text = call("preview", photos, "-o", tmp_path / "elsewhere" / "sheet.png")
    assert code == 2
    assert "nothing is ever written there" in text
