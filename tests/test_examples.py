"""The notebooks under examples/ run from top to bottom, and end where their text says they do."""

import json
import os
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
WANTED = ("nbclient", "ipykernel", "matplotlib", "keras", "jax")
needs_notebooks = pytest.mark.skipif(
    not all(find_spec(name) for name in WANTED), reason=f"one of {', '.join(WANTED)} is not installed"
)

# What must be true when the last cell has run: far from chance, with room for other processors' rounding.
TRUE_AT_THE_END = {
    "cats_and_dogs": "0.68 < accuracy_with and accuracy_without < accuracy_with",
    "drop_in": "0.8 < np.mean(val_acc[-4:]) and (training.samples, validation.samples) == (150, 50)",
    "segmentation": "0.8 < iou_with.mean() <= 1",
}


def run(path, place, statement):
    """Execute a notebook as it stands, then a cell with `assert` and this statement; the executed notebook."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(f"assert {statement}"))
    environment = os.environ | {"KERAS_BACKEND": "jax", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(place)}})
    return client.execute(env=environment)


def figures(notebook):
    """How many pictures the notebook has drawn."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return sum("image/png" in output.get("data", {}) for output in outputs)


@needs_notebooks
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs_and_ends_well(path):
    done = run(path, EXAMPLES, TRUE_AT_THE_END[path.stem])
    assert figures(done) >= 2
    said = [output for cell in done.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]
    assert not [output.text for output in said if "augstream" in output.text]


@needs_notebooks
def test_a_notebook_that_ends_badly_is_noticed(tmp_path):
    import nbformat
    from nbclient.exceptions import CellExecutionError

    path = tmp_path / "bad.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("a = 1")]), path)
    assert figures(run(path, tmp_path, "a == 1")) == 0
    with pytest.raises(CellExecutionError):
        run(path, tmp_path, "a == 2")


def test_every_notebook_has_an_end_that_is_checked():
    assert [path.stem for path in NOTEBOOKS] == sorted(TRUE_AT_THE_END)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_their_outputs(path):
    cells = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert not [cell for cell in cells if cell["outputs"] or cell["execution_count"] is not None]


def test_examples_are_no_part_of_the_wheel():
    build = tomllib.loads((EXAMPLES.parent / "pyproject.toml").read_text())["tool"]["scikit-build"]
    assert build["wheel"]["packages"] == ["src/augstream"]


def test_pets_are_the_same_for_the_same_seed_and_lie_under_their_masks():
    import sys

    import numpy as np

    sys.path.insert(0, str(EXAMPLES))
    try:
        import pets
    finally:
        sys.path.remove(str(EXAMPLES))
    for kind in ("cat", "dog"):
        image, mask = pets.draw(kind, [1, 2])
        again, other = pets.draw(kind, [1, 2])[0], pets.draw(kind, [1, 3])[0]
        assert image.tobytes() == again.tobytes() != other.tobytes()
        assert image.size == mask.size == (160, 120)
        assert set(np.unique(mask)) == {0, 1}
        assert 0.05 < np.asarray(mask).mean() < 0.8
