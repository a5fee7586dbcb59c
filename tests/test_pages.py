"""What the README and the pages of docs/ tell the reader to type works as it stands there.

Python blocks are run statement by statement, in one namespace per page, in a folder with `photos/train` and
`photos/test`. Shell lines are run where they are quick, and otherwise looked up. A block after a line
`<!-- not run: reason -->` is left alone.
"""

import ast
import doctest
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"(?P<skip><!-- not run: .+ -->\n+)?^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass
class Block:
    language: str
    text: str
    line: int


def blocks(page, *languages):
    """The fenced blocks of a page in these languages that are meant to be run."""
    return [
        Block(found["language"], found["text"], page[: found.start("text")].count("\n") + 1)
        for found in FENCE.finditer(page)
        if found["language"] in languages and not found["skip"]
    ]


def commands(page):
    """The command lines of the shell blocks, as lists of words; continued lines are one line."""
    for block in blocks(page, "sh", "bash", "console", "shell"):
        for line in block.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words and (block.language != "console" or line.startswith("$ ")):
                yield words


def make_photos(folder):
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        for i in range(24):
            path = folder / part / "ab"[i % 2] / f"{i:02}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
            small.resize((80, 60), Image.Resampling.BICUBIC).save(path)


def make_model():
    """The smallest Keras model that takes the batches of a page."""
    import keras

    layers = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, activation="softmax")]
    model = keras.Sequential(layers)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def needs_missing_package(statement):
    """Whether a statement uses a framework that is not installed here."""
    uses = {node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
    uses |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    wanted = {"torch": "torch", "keras": "keras", "model": "keras", "jax": "jax", "tensorflow": "tensorflow"}
    return any(find_spec(wanted[name]) is None for name in uses & set(wanted))


def run_python(block, namespace, page):
    # So that a traceback and a syntax error name the line of the page.
    padded = "\n" * (block.line - 1) + block.text
    for statement in ast.parse(padded, page).body:
        if needs_missing_package(statement):
            continue
        if "model" in {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}:
            namespace.setdefault("model", make_model())
        exec(compile(ast.Module([statement], []), page, "exec"), namespace)


def run_dialog(block, namespace, page):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    dialog = doctest.DocTestParser().get_doctest(block.text, namespace, page, page, block.line)
    report = []
    result = doctest.DocTestRunner(optionflags=flags).run(dialog, out=report.append, clear_globs=False)
    namespace.update(dialog.globs)
    assert not result.failed, "".join(report)


def run_command(words):
    """Run a command line, or, where that would take long, see that what it names exists."""
    if words[0] == "augstream":
        shown = ["photos/train" if word.isupper() else word for word in words[1:]]
        if words[1:2] == ["demo"]:
            shown.append("--help")
        program = Path(sys.executable).with_name("augstream")
        result = subprocess.run([program, *shown], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
    elif words[0] == "make":
        targets = re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.M)
        assert set(words[1:]) <= set(targets)
    elif words[:2] == ["pip", "install"]:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        named = re.findall(r"augstream\[([\w,]+)\]", " ".join(words))
        assert all(extra in extras for names in named for extra in names.split(","))
    elif words[:2] == ["python", "-m"] or words[0].endswith("/python"):
        module = words[words.index("-m") + 1]
        assert (ROOT / module.replace(".", "/")).exists() or find_spec(module)
    else:
        assert words[0] in ("git", "cd"), f"no way known to check the command {shlex.join(words)}"


@pytest.fixture
def place(tmp_path, monkeypatch):
    make_photos(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_python_of_the_page_runs(path, place):
    page = path.read_text()
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (20, 32, 32, 3), np.uint8)
    namespace = {"image": x[0], "x": x, "y": np.arange(20) % 2, "__name__": "page"}
    for block in blocks(page, "python", "py"):
        (run_dialog if ">>>" in block.text else run_python)(block, namespace, path.name)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_of_the_page_work(path, place):
    for words in commands(path.read_text()):
        run_command(words)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_of_the_page_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text())
    assert not [link for link in links if "://" not in link and not (path.parent / link).exists()]


@pytest.mark.parametrize(
    "command", ["augstream no-such-command", "make no-such-target", "rm -rf x", "pip install augstream[no]"]
)
def test_a_wrong_command_is_noticed(command, place):
    with pytest.raises(AssertionError):
        run_command(shlex.split(command))


def test_wrong_python_is_noticed():
    skipped = "<!-- not run: it would take a day -->\n```python\n1 / 0\n```\n"
    page = f"text\n```python\na = 1\n```\n{skipped}```python\nassert a == 2\n```\n"
    first, second = blocks(page, "python")
    namespace = {}
    run_python(first, namespace, "page")
    with pytest.raises(AssertionError):
        run_python(second, namespace, "page")
    with pytest.raises(AssertionError, match="Got"):
        run_dialog(Block("python", ">>> a\n2\n", 1), namespace, "page")
