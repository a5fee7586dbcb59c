"""The laws of the design that a reader can break without any other test noticing."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "augstream"
MODULES = sorted(PACKAGE.rglob("*.py"))
CORE = sorted(path for path in (ROOT / "src" / "core").rglob("*") if path.is_file())
NATIVE = sorted(path for path in (ROOT / "src").rglob("*") if path.suffix in (".cpp", ".h"))
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
    assert {path.parent for path in NATIVE if "nanobind" in path.read_text()} == {ROOT / "src" / "bindings"}


@pytest.mark.parametrize("path", MODULES + NATIVE, ids=relative)
def test_modules_stay_short(path):
    assert len(path.read_text().splitlines()) <= 400


# The old API's names are what its users import.
OUR_NAMES = [path for path in MODULES if "keras_preprocessing" not in path.parts]


@pytest.mark.parametrize("path", OUR_NAMES, ids=relative)
def test_names_say_something(path):
    assert not vague_names(path)


# The old API's draws, bit for bit; see docs/decisions.md.
LEGACY = PACKAGE / "keras_preprocessing" / "legacy.py"
LEGACY_USES = ["numpy.random", "numpy.random.RandomState", "numpy.random.randint"]


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_random_state_anywhere(path):
    assert randomness(path.read_text()) == (LEGACY_USES if path == LEGACY else [])


def test_entropy_is_taken_in_one_place():
    assert [relative(path) for path in OUR_NAMES if "urandom" in path.read_text()] == ["src/augstream/rng.py"]


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


def names_taken_from_a_package(text):
    """`from package import name` where the name is no module: it comes from the package's `__init__`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name == "augstream")
        if isinstance(node, ast.ImportFrom) and re.match(r"augstream\b", node.module or ""):
            folder = PACKAGE.parent.joinpath(*node.module.split("."))
            for name in node.names if folder.is_dir() else ():
                there = [folder / f"{name.name}{end}" for end in (".py", ".pyi", "/__init__.py")]
                if not any(path.exists() for path in there):
                    yield f"{node.module}.{name.name}"


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "__init__.py"], ids=relative)
def test_modules_import_from_where_a_name_is_defined(path):
    assert not list(names_taken_from_a_package(path.read_text()))


def test_a_name_taken_from_a_package_is_found():
    text = (
        "from augstream import Loader, _core\nfrom augstream.plan import matrix\nfrom augstream.sources import Source\n"
        "import augstream as aug"
    )
    assert list(names_taken_from_a_package(text)) == ["augstream.Loader", "augstream.sources.Source", "augstream"]


ENGINES = re.compile(r"augstream\.engines\.(native|exact|reference)\b")


def engines_named(text):
    """Which engines a module imports by name."""
    return [name for name in imported(ast.parse(text)) if ENGINES.match(name)]


@pytest.mark.parametrize("path", [path for path in MODULES if "engines" not in path.parts], ids=relative)
def test_nobody_outside_of_engines_names_one(path):
    assert not engines_named(path.read_text())


def test_an_engine_that_is_named_is_found():
    assert engines_named("from augstream.engines import native") == ["augstream.engines.native"]
    assert not engines_named("from augstream import engines\nfrom augstream.engines.engine import Engine")


def paths_named(page):
    """What a page calls a file or a folder of the tree."""
    for quoted in re.findall(r"`([^`\s]+)`", page):
        if re.fullmatch(r"[\w./-]+(\.(py|pyi|cpp|h|md|sh|toml|txt)|/)", quoted):
            yield quoted


def exists(path):
    return any((root / path).exists() for root in (ROOT, PACKAGE))


PAGES = [ROOT / name for name in ("CONTRIBUTING.md", "docs/conventions.md", "docs/decisions.md")]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_pages_name_files_that_exist(page):
    named = list(paths_named(page.read_text()))
    assert not [path for path in named if not exists(path)]


def test_a_page_that_names_what_does_not_exist_is_found():
    named = list(paths_named("read `plan/op.py` and `src/core/`, not `warp.cpp`, `Rotate.0/angle` or `draw`"))
    assert named == ["plan/op.py", "src/core/", "warp.cpp"]
    assert [exists(path) for path in named] == [True, True, False]
