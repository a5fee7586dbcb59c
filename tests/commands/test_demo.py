"""The demo, in a size for tests: digits as files, two short runs, a report that needs nothing but itself."""

import re
import signal
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from page import Page
from PIL import Image

import augstream as aug
from augstream.commands.demo import chart, length, pipelines, progress, verdict
from augstream.commands.demo.task import Outcome, Parts, Round, Run, Spread, Task
from augstream.commands.demo.verdict import Figures

needs_keras = pytest.mark.skipif(
    not all(find_spec(name) for name in ("keras", "jax")), reason="keras and jax are not installed"
)
needs_digits = pytest.mark.skipif(not find_spec("sklearn"), reason="scikit-learn is not installed")


def command(*words):
    """The command in a process of its own: which Keras backend is used is settled once for a whole process."""
    code = "from augstream.commands.cli import app; app(prog_name='augstream')"
    return [sys.executable, "-c", code, "demo", *map(str, words)]


def demo(*words):
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=600)


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
def test_the_time_that_it_may_take_is_said_beforehand_and_kept(photo_folder, tmp_path):
    result = demo("--data", photo_folder, "--out", tmp_path, "--seeds", 1, "--size", 16, "--minutes", 0.1)
    assert result.returncode == 0, result.stderr
    said = " ".join(result.stdout.split())
    assert said.index("0.1 minutes at most") < said.index("epoch")
    assert "the time allowed, 0.1 minutes, was up" in said
    page = Page((tmp_path / "report.html").read_text("utf-8"))
    assert "gap to training" in page.words


@needs_keras
def test_an_interrupted_demo_reports_what_there_is(photo_folder, tmp_path):
    words = command("--data", photo_folder, "--out", tmp_path, "--seeds", 1, "--size", 16, "--minutes", 30)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = ""
        while "epoch " not in said and (line := process.stdout.readline()):
            said += line
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "interrupted" in rest
    assert "Interrupted:" in (tmp_path / "report.html").read_text("utf-8")


@needs_keras
def test_runs_that_take_turns_do_not_know_of_each_other(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    from augstream.commands.demo import network

    model = network.build(16, 1, 3)
    x, y = np.linspace(0, 1, 4 * 256, dtype=np.float32).reshape(4, 16, 16, 1), np.array([0, 1, 2, 0])

    def learn(state, rate=1e-2):
        network.restore(model, state, rate)
        model.fit(x, y, epochs=3, shuffle=False, verbose=0)
        return network.state(model)

    one = learn(learn(network.fresh(model, 1)))
    first, other = learn(network.fresh(model, 1)), learn(network.fresh(model, 2))
    again = learn(first)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(one, again, strict=True))
    assert not all(np.allclose(a, b, atol=1e-3) for a, b in zip(first, other, strict=True))
    still = learn(first, rate=0.0)
    count = len(model.trainable_weights)
    assert count > 4
    network.restore(model, still, 0.0)
    kept = [weight.numpy() if hasattr(weight, "numpy") else np.asarray(weight) for weight in model.trainable_weights]
    network.restore(model, first, 0.0)
    assert all(np.array_equal(a, np.asarray(b)) for a, b in zip(kept, model.trainable_weights, strict=True))


def normalized_by(layer, model, images):
    """Whether the statistics of the first normalization are those of these images."""
    import keras

    seen = np.asarray(keras.Model(model.inputs, layer.input).predict(images, verbose=0))
    mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
    return np.allclose(mean, seen.mean((0, 1, 2)), atol=1e-4) and np.allclose(variance, seen.var((0, 1, 2)), rtol=1e-2)


@needs_keras
def test_networks_are_tested_with_the_statistics_of_images_as_they_are(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    from augstream.commands.demo import network, train

    levels = np.random.default_rng(0).integers(0, 256, (80, 8, 8, 3)).astype(np.uint8)
    source = aug.from_arrays(levels, np.arange(80) % 2, classes=["a", "b"])
    parts = Parts(*source.split((0.5, 0.25, 0.25), seed=0))
    exam = train._Exam(network.build(8, 3, 2), replace(task(seeds=1, batch_size=20), parts=[parts]), 0)
    known, others = np.split(exam.kept[0].astype(np.float32), [40])
    training = train._Training(exam, augmented=True)
    training.learn(1, 1e-3)
    (first, *_) = network.normalizations(exam.model)
    assert normalized_by(first, exam.model, known)
    assert not normalized_by(first, exam.model, others)
    assert first.momentum == network.MOMENTUM
    # What training goes on with is its own.
    network.restore(exam.model, training._state, 1e-3)
    assert not normalized_by(first, exam.model, known)


@needs_keras
def test_each_round_learns_from_the_epochs_that_follow(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    from augstream.commands.demo import network, train

    made = task(seeds=1, batch_size=20)
    exam = train._Exam(network.build(8, 3, 2), made, 0)
    training = train._Training(exam, augmented=True)
    seen = []
    batches = training._loader.batches
    stream = batches.stream
    monkeypatch.setattr(batches, "stream", lambda epoch, *given: seen.append(epoch) or stream(epoch, *given))
    measured = training.learn(2, 1e-3), training.learn(3, 1e-3)
    assert sorted(set(seen)) == [0, 1, 2, 3, 4]
    assert training.run.images == 5 * 40
    assert all(len(one.right) == len(made.test) and one.stopping is not None for one in measured)


@needs_keras
def test_photos_that_decide_the_end_and_photos_that_are_reported_are_apart_where_files_are_broken(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    from augstream.commands.demo import network, train

    for number in range(20):
        Image.new("L", (8, 8), 10 * number).save(tmp_path / f"{number:02}.png")
    for number in (7, 11, 19):  # the last of each part
        (tmp_path / f"{number:02}.png").write_bytes(b"no picture")
    source = aug.from_folder(tmp_path, labels=lambda path: int(str(path)[-6:-4]) % 2)
    ends = ((0, 8), (8, 12), (12, 20))
    made = replace(task(seeds=1), parts=[Parts(*(source.subset(range(*part)) for part in ends))], forgive=True)
    exam = train._Exam(network.build(8, 3, 2), made, 0)
    levels = np.rint(exam.kept[0][:, 0, 0, 0].astype(float) * 25.5).astype(int)
    assert len(levels) == 20
    for first, end in ends:
        assert set(levels[first:end]) == set(range(first, end - 1))
    assert sorted(name for _, name, _ in exam.failures) == ["07.png", "11.png", "19.png"]


@needs_digits
def test_the_length_of_the_runs_on_digits_is_fixed_and_no_photo_decides_it(tmp_path):
    from augstream.commands.demo import command

    made = command.digits(tmp_path, seeds=2)
    assert made.epochs == command.DIGIT_EPOCHS
    assert all(part.stopping is None for part in made.parts)
    rounds = [Round(1.0, 1.0, None, np.arange(10) < right) for right in (10, 10, 1, 2, 3, 4, 5)]
    runs = [Run(0, augmented, list("abcdefghij"), list(rounds)) for augmented in (False, True)]
    found = Outcome(made, runs, [5 * number for number in range(1, 8)])
    assert found.accuracy(True).mean == pytest.approx(0.3)
    assert "35 epochs; a number fixed beforehand" in verdict.length_of(found)
    assert "the mean of the last 5 evaluations" in verdict.length_of(found)


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


def task(seeds=3, **given):
    source = aug.from_arrays(np.zeros((80, 8, 8, 3), np.uint8), np.arange(80) % 2, classes=["a", "b"])
    parts = [Parts(*source.split((0.5, 0.25, 0.25), seed=seed)) for seed in range(seeds)]
    return Task("x", "x", "x", "x", parts, pipelines.plain, pipelines.photos, 8, "rgb", **given)


def outcome(accuracies, known=1.0, names="abcdefghij", **given):
    """One run with and one without for each seed, whose test images are right up to a number; each three rounds."""
    runs = []
    for seed, pair in enumerate(accuracies):
        for augmented in (False, True):
            right = np.arange(len(names)) < round(pair[augmented] * len(names))
            measured = Round(known, known, pair[augmented], right)
            runs.append(Run(seed, augmented, [f"{name}{seed}" for name in names], [measured] * 3))
    return Outcome(task(len(accuracies)), runs, [2, 4, 6], **given)


def test_an_outcome_keeps_the_two_kinds_of_runs_apart():
    found = outcome([(0.5, 0.7), (0.6, 0.8), (0.7, 0.9)])
    assert found.accuracy(False) == pytest.approx(Spread(0.6, 0.5, 0.7))
    assert found.accuracy(True) == pytest.approx(Spread(0.8, 0.7, 0.9))
    assert found.gap(False) == pytest.approx(Spread(0.4, 0.3, 0.5))
    assert found.stopping(True) == pytest.approx([0.8] * 3)
    assert found.upright(True) is None
    assert found.photos == 30


def test_an_accuracy_is_the_mean_of_the_last_evaluations():
    rounds = [Round(1.0, 1.0, 0.5, np.arange(10) < right) for right in (0, 10, 5, 6, 7, 8, 9)]
    assert Run(0, True, list("abcdefghij"), rounds).accuracy == pytest.approx(0.7)


def test_chance_counts_each_photo_once():
    # One of ten photos is won with each seed: the standard error of a mean of 0.1.
    assert outcome([(0.5, 0.6)]).chance == pytest.approx(0.1)
    more = outcome([(0.5, 0.6)] * 3)
    assert more.chance == pytest.approx(np.std([1, *[0] * 9] * 3, ddof=1) / 30**0.5)
    same = Outcome(more.task, [replace(run, names=list("abcdefghij")) for run in more.runs], more.epochs)
    assert same.chance == pytest.approx(0.1)
    assert outcome([(0.5, 0.5)]).chance > 0


def rising(rounds, top=0.8, speed=10, noise=0.03):
    """A learning curve as one sees it."""
    draws = np.random.default_rng(1).normal(0, noise, rounds)
    return (top - 0.5 * np.exp(-np.arange(rounds) / speed) + draws).tolist()


def stops(curve):
    return next((n for n in range(1, len(curve) + 1) if length.converged(curve[:n])), None)


def test_a_run_goes_on_while_accuracy_rises_and_ends_when_it_does_not():
    assert stops(np.linspace(0.3, 0.9, 200).tolist()) is None
    assert stops([0.5] * 200) == length.SMOOTHED + length.PATIENCE
    early, late = stops(rising(300, speed=5)), stops(rising(300, speed=40))
    assert length.PATIENCE < early < late
    assert rising(300, speed=40, noise=0)[late - 1] > 0.75  # risen, nearly


def test_one_lucky_evaluation_does_not_end_a_run():
    curve = np.linspace(0.5, 0.7, 60)
    curve[20] = 0.8
    assert stops(curve.tolist()) is None


def test_a_run_settles_for_a_quarter_of_its_length():
    for rounds in (1, 20, 90):
        total = rounds + length.settling(rounds)
        rates = [length.rate(done, rounds, total) for done in range(total)]
        assert rates[:rounds] == [1.0] * rounds
        assert np.all(np.diff(rates[rounds - 1 :]) < 0)
        assert 0 < rates[-1] < 0.15
        assert length.settling(rounds) > length.WINDOW
    assert length.rate(70, None, None) == 1.0
    assert [length.constant(total) for total in (1, 2, 7, 18, 120)] == [0, 1, 1, 12, 90]
    assert length.rate(0, 0, 1) > 0


def test_there_is_always_time_to_settle():
    for seconds in (60.0, 900.0):
        elapsed, rounds = 8.0, 1
        while length.affordable(rounds, elapsed, seconds):
            rounds, elapsed = rounds + 1, elapsed + 8.0
        assert elapsed + 8.0 * length.settling(rounds) <= max(seconds, 8.0 * (rounds + length.settling(rounds)))
        assert seconds < 100 or 0.85 * seconds < 8.0 * (rounds + length.settling(rounds)) <= seconds


def test_a_round_is_long_enough_for_what_it_costs_to_evaluate():
    assert length.epochs_of_round(10, 32, 600) == 5
    assert length.epochs_of_round(2, 32, 100) == 25
    assert length.epochs_of_round(300, 32, 3500) == 1


def test_the_time_left_is_at_most_and_then_about():
    assert length.left(0.0, None, 10, None) == ("", 0.0)
    assert length.left(3.5, None, 100, 900) == ("at most", 800)
    assert length.left(30, 40, 300, 900) == ("about", 100)
    assert length.left(10, 40, 300, 900) == ("about", 600)
    assert length.left(0.0, 40, 0, 900) == ("at most", 900)
    found = outcome([(0.5, 0.7)])
    assert progress.line(found, "at most", 125) == "epoch 6: 50.0 % as they are, 70.0 % augmented; at most 2:05 left"


FIGURES = Figures((0.6, 0.7), (1.0, 0.97), 0.95, 0.02, 400, 5, "converged", 15)


@pytest.mark.parametrize(
    ("change", "said", "unsaid"),
    [
        ({}, ["Augmentation helps: +10.0 points", "400 test images", "up to 4.0 points"], ["--minutes", "strong"]),
        (
            {"accuracy": (0.651, 0.69), "known": (1.0, 0.999), "chance": 0.0215, "photos": 384, "ended": "time"},
            ["No difference can be told: it is +3.9", "384 test images, chance alone", "15 minutes were over"],
            ["helps", "strong", "hardly overfits"],
        ),
        ({"chance": 0.06}, ["No difference can be told", "up to 12.0 points"], ["helps"]),
        ({"accuracy": (0.7, 0.6)}, ["does harm here: -10.0 points"], ["helps", "strong"]),
        ({"accuracy": (0.6, 0.61), "ended": "time"}, ["No difference", "15 minutes were over"], ["strong"]),
        ({"ended": "time"}, ["helps", "before the accuracy with augmentation had stopped rising"], ["strong"]),
        (
            {"accuracy": (0.6, 0.58), "known": (1.0, 0.7), "fitted": 0.6},
            ["too strong", "60.0 %", "70.0 %"],
            ["minutes"],
        ),
        ({"accuracy": (0.98, 0.985)}, ["98.0 % are right already"], ["strong", "overfits"]),
        ({"accuracy": (0.8, 0.81), "known": (0.82, 0.8)}, ["hardly overfits"], ["right already"]),
        ({"accuracy": (0.22, 0.21), "known": (0.4, 0.3)}, ["Neither network", "20 % right"], []),
        ({"ended": "interrupted"}, ["Interrupted"], ["--minutes"]),
    ],
)
def test_the_verdict_says_why(change, said, unsaid):
    text = " ".join(verdict.sentences(FIGURES._replace(**change)))
    assert all(part in text for part in said), text
    assert not any(part in text for part in unsaid), text


def test_photos_are_kept_aside_for_each_purpose(photo_folder):
    from augstream.commands.demo import command

    made = command.photos(photo_folder, seeds=2)
    for part in made.parts:
        names = [{source.name(index) for index in range(len(source))} for source in part]
        assert sum(map(len, names)) == len(set.union(*names)) == 41
        assert [len(one) for one in names] == [23, 6, 12]
    one, other = ([part.test.name(index) for index in range(12)] for part in made.parts)
    assert one != other
    with pytest.raises(aug.ArgumentError, match=r"--validation .* between 0 and 0.6; got 0.9"):
        command.photos(photo_folder, validation=0.9)


def test_test_pictures_are_only_resized():
    pipeline = pipelines.plain(8)
    assert [type(step).__name__ for step in pipeline] == ["Resize", "Rescale"]


def test_a_pipeline_of_ones_own_is_tried_at_the_networks_size_and_levels(photo_folder, tmp_path):
    from augstream.commands.demo import command

    given = aug.Compose([aug.Rotate(90), aug.Resize(50, 70), aug.Normalize((0.5,) * 3, (0.2,) * 3)], border="wrap")
    made = command.photos(photo_folder, seeds=1, pipeline=given)
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    first = aug.Compose([*list(given)[:2], aug.Resize(4, 4), aug.Rescale(1 / 255)], border="wrap")
    assert made.augmented(4) == first
    assert np.array_equal(made.augmented(4)(image, seed=0), first(image, seed=0))
    with pytest.raises(aug.ArgumentError, match=r"--pipeline mixes .* Leave MixUp and CutMix out"):
        command.photos(photo_folder, seeds=1, pipeline=aug.Compose([aug.MixUp()]))
    result = demo("--pipeline", tmp_path / "x.json", "--out", tmp_path / "out")
    assert result.returncode == 2
    assert "pass their folder as --data" in result.stderr


def test_names_in_the_chart_keep_their_distance():
    curves = [chart.Curve(name, "with", [0.2, value]) for name, value in (("a", 0.90), ("b", 0.91), ("c", 0.3))]
    heights = sorted(
        float(y)
        for y in re.findall(r'<text class="name with" x="[\d.]+" y="([\d.]+)"', chart.render([1, 9], curves, 5))
    )
    assert len(heights) == 3
    assert min(np.diff(heights)) >= 17.9


@pytest.mark.parametrize("epochs", [[1], [1, 2], list(range(5, 95, 5))])
def test_a_chart_of_any_length_can_be_drawn(epochs):
    values = np.linspace(0.5, 1, len(epochs)).tolist()
    curves = [chart.Curve("a", "with", values, values, values, 0.625), chart.Curve("", "known", values)]
    text = chart.render(epochs, curves, length.WINDOW)
    assert "62.5 %" in text
    assert text.count('class="window"') == 1
    assert "nan" not in text
    assert text.count("<polyline") == 2
    assert text.count('class="name') == 1


def test_a_reference_to_elsewhere_is_noticed():
    assert outside_references('<img src="https://example.org/x.png">') == ["https://example.org/x.png"]
    assert outside_references("<script>1</script>") == ["script"]
    assert outside_references("<style>a { background: url(x.png) }</style>")
    assert not outside_references('<img src="data:image/png;base64,AA"><a href="#top">top</a>')
