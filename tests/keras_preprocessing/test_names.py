"""Old programs find what they look for: under our name, and under the old one where ours stands in for it."""

import importlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from keras_lines import line, photo

from augstream.keras_preprocessing import image

MODULES = [
    "affine_transformations",
    "dataframe_iterator",
    "directory_iterator",
    "image_data_generator",
    "iterator",
    "numpy_array_iterator",
    "utils",
]
# What the old modules imported for themselves, and nobody else looks for there.
THEIRS = {"absolute_import", "division", "print_function", "range", "multiprocessing", "os", "io", "warnings", "np"}
THEIRS |= {"IteratorType", "get_keras_submodule"}


@pytest.mark.parametrize("module", ["", *MODULES])
def test_each_module_has_the_names_of_the_old_one(module):
    line("1.1.2")
    old = importlib.import_module(f"keras_preprocessing.image.{module}".rstrip("."))
    new = importlib.import_module(f"augstream.keras_preprocessing.image.{module}".rstrip("."))
    names = {name for name in dir(old) if not name.startswith("__")} - THEIRS
    assert {name for name in names if not hasattr(new, name)} == set()


ALIASED = """
    import sys
    import augstream.keras_preprocessing
    sys.modules["keras_preprocessing"] = augstream.keras_preprocessing
    {more}
    from keras_preprocessing.image import ImageDataGenerator, Iterator, iterator, utils
    from keras_preprocessing.image.iterator import BatchFromFilesMixin
    from keras_preprocessing.image.numpy_array_iterator import NumpyArrayIterator
    import keras_preprocessing.image.directory_iterator as directory_iterator
    import keras_preprocessing
    import numpy as np
    flow = ImageDataGenerator().flow(np.zeros((2, 4, 4, 3), np.uint8))
    assert isinstance(flow, Iterator) and isinstance(flow, iterator.Iterator) and isinstance(flow, NumpyArrayIterator)
    assert issubclass(directory_iterator.DirectoryIterator, BatchFromFilesMixin)
    assert utils is sys.modules["augstream.keras_preprocessing.image.utils"]
    print(keras_preprocessing.__version__)
"""


@pytest.mark.parametrize(
    "more",
    ["", 'import augstream.keras_preprocessing.image as ours; sys.modules["keras_preprocessing.image"] = ours'],
    ids=["the package alone", "image too"],
)
def test_in_the_place_of_the_old_package_every_class_is_there_once(more):
    script = textwrap.dedent(ALIASED).format(more=more)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "1.1.2\n", done.stderr


def test_packages_that_are_said_to_be_missing_are_missed(monkeypatch):
    x = photo(6, 6).astype(np.float32)
    monkeypatch.setattr(image.affine_transformations, "ImageEnhance", None)
    with pytest.raises(ImportError, match="Using brightness shifts requires PIL"):
        image.apply_brightness_shift(x, 2)
    monkeypatch.setattr(image.affine_transformations, "scipy", None)
    with pytest.raises(ImportError, match="Image transformations require SciPy"):
        image.apply_affine_transform(x, theta=3)
    monkeypatch.setattr(image.utils, "pil_image", None)
    for call, name in ((lambda: image.load_img("a.png"), "load_img"), (lambda: image.array_to_img(x), "array_to_img")):
        with pytest.raises(ImportError, match=f"Could not import PIL.Image. The use of `{name}` requires PIL."):
            call()
    monkeypatch.setattr(image.image_data_generator, "scipy", None)
    with pytest.warns(UserWarning, match="overrides"):
        generator = image.ImageDataGenerator(zca_whitening=True)
    with pytest.raises(ImportError, match="Using zca_whitening requires SciPy"):
        generator.fit(x[None])
