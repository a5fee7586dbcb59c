"""The benchmarks run, and their rulers are straight. The numbers themselves are for a quiet machine: `make bench`."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def benchmarks(monkeypatch):
    """A function that imports a module of the benchmarks, which are not installed."""
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: import_module(f"benchmarks.{name}")


def test_a_smoke_run_measures_everything_that_needs_no_peer(tmp_path):
    out = tmp_path / "found.json"
    command = [sys.executable, "-m", "benchmarks", "--smoke", "--cache", str(tmp_path / "cache"), "--json", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    values = {row["what"]: row["value"] for section in found["sections"] for row in section["rows"]}
    for what in ("course: augstream", "imagenet: augstream", "small: augstream", "import augstream"):
        assert values[what] > 0
    for what in ("empty: a call", "six: a call", "six: a plan of 32, each"):
        assert values[what] > 0
    assert any("against Pillow's" in what for what in values)
    assert {"command", "machine", "versions", "raw"} <= set(found)
    assert "course: augstream / bare decode" in done.stdout
    assert list((tmp_path / "cache").glob("*/once/*/*.jpg"))


def test_a_row_passes_on_the_right_side_of_its_target(benchmarks):
    row = benchmarks("report").Row
    assert row("rate", 2.0, target=1.5).passed
    assert row("rate", 1.0, target=1.5).passed is False
    assert row("time", 1.0, target=1.5, better="lower").passed
    assert row("time", 2.0, target=1.5, better="lower").passed is False
    assert row("rate", None, target=1.5).passed is None
    assert row("rate", 2.0).passed is None


def test_ratios_are_taken_within_a_round(benchmarks):
    result = benchmarks("race").Result(rates={("a", ""): [10.0, 1.0, 6.0], ("b", ""): [5.0, 1.0, 2.0]})
    assert result.ratio(("a", ""), ("b", "")) == (2.0, 1.0, 3.0)
    assert result.ratio(("a", ""), ("c", "")) is None


def test_a_contestant_that_dies_says_why(benchmarks, tmp_path):
    race = benchmarks("race")
    lost = race.Contestant(("augstream", "course"), tmp_path / "nowhere")
    with lost, pytest.raises(RuntimeError, match="nowhere"):
        lost.hear()


def ramp(height, width):
    y, x = np.mgrid[:height, :width] + 0.5
    return np.stack([x, y, 2 * x + 3 * y], axis=2).astype(np.float32)


@pytest.mark.parametrize("way", ["bilinear", "supersampled", "lanczos"])
def test_references_find_on_a_ramp_the_place_they_look_at(benchmarks, way):
    references = benchmarks("references")
    old, size = (40, 60), (30, 44)
    matrix = references.rotate(old, 20) @ references.resize(old, size)
    made = getattr(references, way)(ramp(*old), matrix, size)
    x, y = references.look(matrix, size)
    where = references.inside([matrix], old, size, 5)
    assert where.any()
    assert not where.all()
    wanted = np.stack([x, y, 2 * x + 3 * y], axis=2)
    np.testing.assert_allclose(made[where], wanted[where], atol=1.0 if way == "lanczos" else 1e-3)


def test_references_turn_counter_clockwise(benchmarks):
    references = benchmarks("references")
    dot = np.zeros((5, 5, 1), np.float32)
    dot[2, 4] = 1
    assert references.bilinear(dot, references.rotate((5, 5), 90), (5, 5))[0, 2, 0] == pytest.approx(1)


def test_plain_bilinear_is_told_from_supersampling(benchmarks):
    references = benchmarks("references")
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.float32)
    matrix = references.resize((64, 64), (20, 20))
    wanted = references.supersampled(picture, matrix, (20, 20))
    plain = references.bilinear(picture, matrix, (20, 20))
    everywhere = np.ones((20, 20), bool)
    assert references.psnr(plain, wanted, everywhere) < 25
    assert references.psnr(wanted + 1, wanted, everywhere) == pytest.approx(10 * np.log10(255**2))
