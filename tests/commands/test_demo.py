"""The demo, in a size for tests: digits as files, two short runs, a report that needs nothing but itself."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

import augstream as aug
from augstream.commands.demo import chart, pipelines
from augstream.commands.demo.task import Outcome, Run, Spread, Task

needs_keras = pytest.mark.skipif(
    not all(find_spec(name) for name in ("keras", "jax")), reason="keras and jax are not installed"
)
needs_digits = pytest.mark.skipif(not find_spec("sklearn"), reason="scikit-learn is not installed")


def demo(*words):
    """The command in a process of its own: which Keras backend is used is settled once for a whole process."""
    code = "from augstream.commands.cli import app; app(prog_name='augstream')"
    command = [sys.executable, "-c", code, "demo", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


class Page(HTMLParser):
    """All tags of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data


def outside_references(text):
    """What a page would fetch from elsewhere."""
    found = []
    for tag, attributes in Page(text).tags:
        places = [attributes[name] for name in ("src", "href", "srcset", "data", "poster") if name in attributes]
        found += [place for place in places if not place.startswith(("data:", "#"))]
        found += [tag] * (tag in ("script", "link", "iframe", "object"))
    return found + re.findall(r"@import|url\((?!data:)", text)


@pytest.fixture(scope="module")
def photo_folder(tmp_path_factory):
    """Two classes that differ in color; one file is broken, and one class has a name that HTML might choke on."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(40):
        path = folder / ("red <b>", "green & co")[number % 2] / f"{number:02}.jpg"
        path.parent.mkdir(exist_ok=True)
        picture = np.full((40, 50, 3), 60, np.uint8)
        picture[:, :, number % 2] = 200 - number
        Image.fromarray(picture).save(path)
    (folder / "red <b>" / "broken.jpg").write_bytes(b"no picture")
    return folder


@needs_keras
@needs_digits
def test_the_demo_on_digits(tmp_path):
    out = tmp_path / "out"
    result = demo("--out", out, "--epochs", 3, "--seeds", 1, "--tests", 60)
    assert result.returncode == 0, result.stderr
    assert "augmented" in result.stdout
    assert "report.html" in result.stdout
    text = (out / "report.html").read_text("utf-8")
    assert not outside_references(text)
    page = Page(text)
    assert sum(tag == "img" for tag, _ in page.tags) == 10 * 8 + 36
    assert sum(tag == "svg" for tag, _ in page.tags) == 1
    assert "$" not in page.words.split("}")[-1]
    assert sorted(path.name for path in out.iterdir()) == ["digits", "report.html"]


@needs_keras
def test_the_demo_on_a_folder_of_photos(photo_folder, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in photo_folder.rglob("*")}
    result = demo("--data", photo_folder, "--out", tmp_path / "out", "--epochs", 2, "--seeds", 1, "--size", 32)
    assert result.returncode == 0, result.stderr
    assert "1 files could not be read" in result.stdout
    assert "red <b>/broken.jpg" in result.stdout
    text = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert not outside_references(text)
    assert "red <b>" not in text
    assert "green & co" in Page(text).words
    assert {path: path.stat().st_mtime_ns for path in photo_folder.rglob("*")} == before


@needs_digits
def test_digits_are_the_same_every_time(tmp_path):
    from augstream.commands.demo import digits

    one, two = (digits.write(tmp_path / name) for name in ("one", "two"))
    assert len(one.train) == 200
    assert np.bincount(one.train.labels).tolist() == [20] * 10
    assert len(one.test) == len(one.upright) == 1797 - 200
    assert [one.test.read(k) for k in range(0, 1597, 100)] == [two.test.read(k) for k in range(0, 1597, 100)]
    assert not {one.train.name(k) for k in range(200)} & {one.test.name(k) for k in range(1597)}


@needs_digits
def test_upright_digits_stand_in_the_order_of_the_test_digits(tmp_path):
    from augstream.commands.demo import digits

    made = digits.write(tmp_path)
    assert made.test.labels.tolist() == made.upright.labels.tolist()


@needs_keras
def test_a_restart_forgets_everything(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    from augstream.commands.demo import network

    model = network.build(16, 1, 3, rate=1e-2, steps=10)
    x, y = np.linspace(0, 1, 4 * 256, dtype=np.float32).reshape(4, 16, 16, 1), np.array([0, 1, 2, 0])

    def learned(seed):
        network.restart(model, seed)
        first = model.predict(x, verbose=0)
        model.fit(x, y, epochs=3, shuffle=False, verbose=0)
        return first, model.predict(x, verbose=0)

    one, other, again = learned(1), learned(2), learned(1)
    assert np.array_equal(one[0], again[0])
    assert np.allclose(one[1], again[1], atol=1e-6)
    assert not np.allclose(one[0], other[0], atol=1e-3)


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    from augstream.commands.demo import command

    monkeypatch.setattr(command, "find_spec", lambda name: None)
    with pytest.raises(aug.MissingPackageError, match=r"needs the package keras.*pip install 'augstream\[demo\]'"):
        command.need("keras")
    with pytest.raises(aug.MissingPackageError, match="pip install torch"):
        command.need("torch", extra=None)


def test_one_class_is_not_enough(tmp_path):
    from augstream.commands.demo import command

    (tmp_path / "only").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "only" / "x.png")
    with pytest.raises(aug.SourceError, match="at least two classes"):
        command.photos(tmp_path)


def task(epochs=90):
    source = aug.from_arrays(np.zeros((80, 8, 8, 3), np.uint8), np.arange(80) % 2, classes=["a", "b"])
    train, test = source.split(0.25)
    return Task("x", "x", "x", "x", train, test, pipelines.plain, pipelines.photos, 8, "rgb", epochs)


@pytest.mark.parametrize("epochs", [1, 2, 17, 18, 19, 90, 1000])
def test_the_last_epoch_is_tested(epochs):
    tested = task(epochs).tested
    assert tested[-1] == epochs
    assert tested == sorted(set(tested))
    assert tested[0] >= 1
    assert len(tested) <= 37


def test_an_outcome_keeps_the_two_kinds_of_runs_apart():
    runs = [Run(seed, augmented, [0.1, 0.5 + 0.1 * seed + 0.2 * augmented], [1, 1], None, 100.0)
            for seed in range(3) for augmented in (False, True)]  # fmt: skip
    outcome = Outcome(task(), runs)
    assert outcome.accuracy(False) == pytest.approx(Spread(0.6, 0.5, 0.7))
    assert outcome.accuracy(True) == pytest.approx(Spread(0.8, 0.7, 0.9))
    assert outcome.upright(True) is None


def test_test_pictures_are_only_resized():
    pipeline = pipelines.plain(8)
    assert [type(step).__name__ for step in pipeline] == ["Resize", "Rescale"]


def test_names_in_the_chart_keep_their_distance():
    curves = [chart.Curve(name, "with", [0.2, value]) for name, value in (("a", 0.90), ("b", 0.91), ("c", 0.3))]
    heights = sorted(
        float(y) for y in re.findall(r'<text class="name with" x="[\d.]+" y="([\d.]+)"', chart.render([1, 9], curves))
    )
    assert len(heights) == 3
    assert min(np.diff(heights)) >= 17.9


@pytest.mark.parametrize("epochs", [[1], [1, 2], list(range(5, 95, 5))])
def test_a_chart_of_any_length_can_be_drawn(epochs):
    values = np.linspace(0.5, 1, len(epochs)).tolist()
    text = chart.render(epochs, [chart.Curve("a", "with", values, values, values), chart.Curve("", "known", values)])
    assert "nan" not in text
    assert text.count("<polyline") == 2
    assert text.count('class="name') == 1


def test_a_reference_to_elsewhere_is_noticed():
    assert outside_references('<img src="https://example.org/x.png">') == ["https://example.org/x.png"]
    assert outside_references("<script>1</script>") == ["script"]
    assert outside_references("<style>a { background: url(x.png) }</style>")
    assert not outside_references('<img src="data:image/png;base64,AA"><a href="#top">top</a>')
