"""The laws of the design that a reader can break without any other test noticing."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "augstream"
MODULES = sorted(PACKAGE.rglob("*.py"))
CORE = sorted(path for path in (ROOT / "src" / "core").rglob("*") if path.is_file())
VAGUE = re.compile(r"(?i)(util(itie)?s?|helpers?|common|misc|base|manager|handler|processor)")


def relative(path):
    return str(path.relative_to(ROOT))


def imported(tree):
    """The dotted names that a module imports, relative ones left as they are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{name.name}" for name in node.names)


def vague_names(path):
    """The file's own name and those of its classes that say nothing."""
    classes = [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    return [name for name in [path.stem, *classes] if VAGUE.fullmatch(re.split(r"_|(?=[A-Z])", name)[-1])]


def randomness(text):
    """What a module uses of the generators that keep a state."""
    found = [name for name in imported(ast.parse(text)) if re.match(r"(random|secrets|numpy\.random)(\.|$)", name)]
    return found + re.findall(r"\bnp\.random\b", text)


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_the_core_never_sees_python(path):
    assert not re.search(r"nanobind|Python\.h|\bPy_|\bPyObject\b", path.read_text())


def test_only_the_bindings_see_nanobind():
    seeing = [path for path in (ROOT / "src").rglob("*.[ch]*") if "nanobind" in path.read_text()]
    assert all(path.name == "bindings.cpp" or path.parent.name == "bindings" for path in seeing)


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_modules_stay_short(path):
    assert len(path.read_text().splitlines()) <= 400


# The old API's names are what its users import.
OUR_NAMES = [path for path in MODULES if "keras_preprocessing" not in path.parts]


@pytest.mark.parametrize("path", OUR_NAMES, ids=relative)
def test_names_say_something(path):
    assert not vague_names(path)


# The old API's draws, bit for bit; see docs/decisions.md.
LEGACY = PACKAGE / "keras_preprocessing" / "legacy.py"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_random_state_anywhere(path):
    assert randomness(path.read_text()) == (["numpy.random", "numpy.random.RandomState"] if path == LEGACY else [])


def test_the_searches_find_what_they_look_for(tmp_path):
    wrong = tmp_path / "image_utils.py"
    wrong.write_text("import random\nfrom numpy import random as r\nclass PoolManager: x = np.random.rand\n")
    assert vague_names(wrong) == ["image_utils", "PoolManager"]
    assert randomness(wrong.read_text()) == ["random", "numpy.random", "np.random"]


def test_every_package_folder_is_a_package():
    assert not [relative(path.parent) for path in MODULES if not (path.parent / "__init__.py").exists()]


def test_what_the_core_exports_is_what_the_stub_says():
    from augstream import _core

    stub = ast.parse((PACKAGE / "_core.pyi").read_text())
    declared = {node.name for node in stub.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    assert declared == {name for name in dir(_core) if not name.startswith("_")}
