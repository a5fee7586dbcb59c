"""Our names under every old path, before and after the old modules are imported, and gone again."""

import importlib
import importlib.util
import os
import subprocess
import sys
import textwrap
from types import ModuleType, SimpleNamespace

import pytest
from keras_lines import line

from augstream import keras_preprocessing
from augstream.keras_preprocessing import image


def run(script, backend="jax"):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


@pytest.mark.parametrize("first", ["", "import keras", "import keras.preprocessing.image"])
def test_keras_path_gives_ours_and_gives_it_back(first):
    pytest.importorskip("jax", reason="JAX is not installed")
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed")
    script = """
        import sys
        {first}
        from augstream.keras_preprocessing import image as ours, install, uninstall
        install()
        install()
        from keras.preprocessing.image import ImageDataGenerator, load_img, img_to_array, array_to_img
        from keras.preprocessing import image
        import keras.preprocessing.image as aliased
        import keras
        assert image is aliased is keras.preprocessing.image
        assert ImageDataGenerator is ours.ImageDataGenerator is keras.preprocessing.image.ImageDataGenerator
        assert (load_img, img_to_array, array_to_img) == (ours.load_img, ours.img_to_array, ours.array_to_img)
        assert image.smart_resize is keras.utils.img_to_array.__globals__["smart_resize"]
        assert keras.utils.load_img is not ours.load_img
        from keras._tf_keras.keras.preprocessing.image import DirectoryIterator
        assert DirectoryIterator is ours.DirectoryIterator
        uninstall()
        uninstall()
        assert not hasattr(image, "ImageDataGenerator")
        assert image.load_img is keras.utils.load_img
        after = dict(vars(image))
        del sys.modules["keras.preprocessing.image"]
        import keras.preprocessing.image as again
        own = lambda names: {{n: v for n, v in names.items() if not n.startswith("__")}}
        assert own(vars(again)) == own(after)
        from keras._tf_keras.keras.preprocessing.image import DirectoryIterator
        assert DirectoryIterator is not ours.DirectoryIterator
        print("done")
    """
    assert run(script.format(first=first)) == "done"


def test_nothing_is_imported_by_installing():
    script = """
        import sys
        from augstream.keras_preprocessing import install
        before = list(sys.meta_path)
        install()
        print([name for name in ("keras", "tensorflow", "keras_preprocessing", "jax") if name in sys.modules])
    """
    assert run(script) == "[]"


@pytest.mark.parametrize("first", ["", "import keras_preprocessing.image"])
def test_the_oldest_package_gives_ours_module_by_module(first):
    line("1.1.2")
    script = """
        import sys
        {first}
        before = dict(sys.modules)
        from augstream.keras_preprocessing import image as ours, install, uninstall
        install()
        import keras_preprocessing.image.iterator as iterator
        from keras_preprocessing.image import ImageDataGenerator, image_data_generator
        from keras_preprocessing.image.directory_iterator import DirectoryIterator
        import keras_preprocessing
        from keras_preprocessing.text import hashing_trick
        assert iterator is ours.iterator and image_data_generator is ours.image_data_generator
        assert DirectoryIterator is ours.DirectoryIterator and ImageDataGenerator is ours.ImageDataGenerator
        assert len(hashing_trick("two words", 9)) == 2
        uninstall()
        from keras_preprocessing.image import ImageDataGenerator, iterator
        assert ImageDataGenerator is not ours.ImageDataGenerator
        assert iterator is sys.modules["keras_preprocessing.image.iterator"] is not ours.iterator
        assert all(sys.modules[name] is module for name, module in before.items())
        print("done")
    """
    assert run(script.format(first=first)) == "done"


def test_the_oldest_package_need_not_be_installed():
    script = """
        import importlib.util, sys
        real = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *more: None if name == "keras_preprocessing" else real(name, *more)
        from augstream.keras_preprocessing import image as ours, install, uninstall
        for _ in range(2):
            install()
        import keras_preprocessing.image.utils as utils
        from keras_preprocessing.image import ImageDataGenerator
        assert utils is ours.utils and ImageDataGenerator is ours.ImageDataGenerator
        uninstall()
        print([name for name in sys.modules if name.startswith("keras_preprocessing")])
    """
    assert run(script) == "[]"


@pytest.fixture
def installing():
    yield keras_preprocessing.install
    keras_preprocessing.uninstall()


def test_tensorflows_attribute_path_gives_ours(monkeypatch, installing):
    theirs = ModuleType("keras.api._v2.keras.preprocessing.image")
    theirs.load_img = theirs.smart_resize = before = object()
    package = ModuleType("tensorflow")
    package.keras = SimpleNamespace(preprocessing=SimpleNamespace(image=theirs))
    monkeypatch.setitem(sys.modules, "tensorflow", package)
    names = dict(vars(theirs))
    installing()
    installing()
    tf = sys.modules["tensorflow"]
    assert tf.keras.preprocessing.image.ImageDataGenerator is image.ImageDataGenerator
    assert tf.keras.preprocessing.image.load_img is image.load_img
    assert tf.keras.preprocessing.image.smart_resize is before
    keras_preprocessing.uninstall()
    assert vars(theirs) == names


def test_tensorflows_module_path_gives_ours_whenever_it_is_imported(monkeypatch, installing, tmp_path):
    here = tmp_path / "tensorflow" / "keras" / "preprocessing" / "image"
    here.mkdir(parents=True)
    for folder in (here, *here.parents[:3]):
        (folder / "__init__.py").write_text("")
    (here / "__init__.py").write_text("load_img = smart_resize = 'theirs'\n")
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorflow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    installing()
    try:
        module = importlib.import_module("tensorflow.keras.preprocessing.image")
        assert module.ImageDataGenerator is image.ImageDataGenerator
        assert (module.load_img, module.smart_resize) == (image.load_img, "theirs")
        importlib.reload(module)
        assert module.load_img is image.load_img
        keras_preprocessing.uninstall()
        assert module.load_img == "theirs"
        assert not hasattr(module, "ImageDataGenerator")
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "tensorflow"]:
            del sys.modules[name]


@pytest.mark.parametrize("first", ["", "import tensorflow", "import tensorflow.keras.preprocessing.image"])
def test_tensorflow_itself_gives_ours(first):
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    script = """
        {first}
        from augstream.keras_preprocessing import image as ours, install, uninstall
        install()
        from tensorflow.keras.preprocessing.image import ImageDataGenerator
        import tensorflow as tf
        assert ImageDataGenerator is ours.ImageDataGenerator is tf.keras.preprocessing.image.ImageDataGenerator
        uninstall()
        assert tf.keras.preprocessing.image.ImageDataGenerator is not ours.ImageDataGenerator
        print("done")
    """
    assert run(script.format(first=first), backend="tensorflow").endswith("done")
