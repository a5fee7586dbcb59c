import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from augstream.batch.epoch import Epoch
from augstream.errors import MissingPackageError
from augstream.loader import Loader
from augstream.sources import from_arrays, from_folder
from augstream.transforms import HorizontalFlip, Rescale, Resize, Rotate
from augstream.transforms.compose import Compose

PIPELINE = Compose([Rotate(40), HorizontalFlip(p=0.5), Resize(24, 32), Rescale(1 / 255)])


def ours():
    return [thread for thread in threading.enumerate() if thread.name.startswith("augstream")]


@pytest.fixture
def loader(photos):
    return Loader(from_folder(photos), PIPELINE, 5)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    return pytest.importorskip("keras")


# torch


def test_tensors_are_the_batch_and_not_a_copy_of_it(torch, loader, monkeypatch):
    batches = []
    handed_out = Epoch.__next__
    monkeypatch.setattr(Epoch, "__next__", lambda self: batches.append(handed_out(self)) or batches[-1])
    for number, (x, y) in enumerate(loader.torch()):
        assert x.data_ptr() == batches[number].image.ctypes.data
        assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
        assert np.array_equal(x.numpy(), batches[number].image)
        assert y.tolist() == batches[number].label.tolist()
    assert number + 1 == len(loader) == len(loader.torch())
    assert loader.epoch == 1


def test_torch_gets_planes_when_asked(torch, photos):
    x, _ = next(iter(Loader(from_folder(photos), PIPELINE, 5, layout="NCHW").torch()))
    assert x.shape == (5, 3, 24, 32)
    assert x.is_contiguous()


def test_torch_gets_bfloat16(torch, photos):
    pytest.importorskip("ml_dtypes")
    one = next(iter(Loader(from_folder(photos), PIPELINE, 5, dtype="bfloat16").torch()))[0]
    two = next(iter(Loader(from_folder(photos), PIPELINE, 5).torch()))[0]
    assert one.dtype == torch.bfloat16
    assert (one.float() - two).abs().max() < 0.01


def test_torch_gets_images_alone_without_labels(torch, photos):
    assert next(iter(Loader(from_folder(photos, labels=None), PIPELINE, 5).torch())).shape == (5, 24, 32, 3)


def test_leaving_the_torch_loop_frees_the_threads(torch, loader):
    for _ in loader.torch():
        break
    assert not ours()


def test_a_tensor_outlives_its_loader(torch, loader):
    x = next(iter(loader.torch()))[0]
    kept = x.clone()
    list(loader)
    del loader
    assert torch.equal(x, kept)


# Keras


def same(pair, batch):
    return np.array_equal(pair[0], batch.image) and np.array_equal(pair[1], batch.label)


def test_a_py_dataset_is_the_loader(keras, loader):
    dataset = loader.keras()
    assert isinstance(dataset, keras.utils.PyDataset)
    assert (len(dataset), dataset.num_batches, dataset.workers, dataset.use_multiprocessing) == (5, 5, 1, False)
    assert all(same(dataset[position], loader.batch(0, position)) for position in range(5))
    assert all(same(dataset[position], loader.batch(0, position)) for position in (3, 0, 4, 4))
    assert same(dataset[-1], loader.batch(0, 4))
    with pytest.raises(IndexError):
        dataset[5]


def test_each_epoch_of_keras_is_the_next_of_the_loader(keras, loader):
    loader.epoch = 4
    dataset = loader.keras()
    for epoch in (4, 5, 6):
        dataset.on_epoch_begin()
        assert all(same(dataset[position], loader.batch(epoch, position)) for position in range(5))
        dataset.on_epoch_end()
        assert not ours()


def test_a_shuffling_fit_gets_the_loaders_own_order(keras, loader):
    dataset = loader.keras()
    dataset.on_epoch_begin()
    assert all(same(dataset[asked], loader.batch(0, place)) for place, asked in enumerate((3, 1, 4, 0, 2)))
    assert same(dataset[4], loader.batch(0, 2))


def test_looking_at_one_batch_is_no_epoch(keras, loader):
    dataset = loader.keras()
    for _ in range(2):
        dataset.on_epoch_begin()
        first = dataset[2]
        dataset.on_epoch_end()
        assert same(first, loader.batch(0, 0))


def test_looking_before_an_epoch_begins_is_no_epoch(keras, loader):
    """So does Keras with TensorFlow, at two batches, for their shapes."""
    dataset = loader.keras()
    _ = dataset[0], dataset[1]
    dataset.on_epoch_end()
    dataset.on_epoch_begin()
    assert same(dataset[0], loader.batch(0, 0))
    dataset.on_epoch_end()


def test_an_epoch_that_was_broken_off_is_over(keras, loader):
    dataset = loader.keras()
    dataset.on_epoch_begin()
    _ = dataset[0], dataset[1]
    dataset.on_epoch_begin()
    assert same(dataset[0], loader.batch(1, 0))
    dataset.on_epoch_end()


def test_a_loader_that_keeps_order_is_asked_by_number(keras, photos):
    loader = Loader(from_folder(photos), PIPELINE, 5, shuffle=False)
    dataset = loader.keras()
    dataset.on_epoch_begin()
    for position in (3, 0, 1, 4, 2):
        assert same(dataset[position], loader.batch(0, position))
    dataset.on_epoch_end()


def network(keras):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.layers.Conv2D(8, 3, strides=2, activation="relu"), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def test_fit_evaluate_and_predict(keras, photos):
    train, validation = from_folder(photos).split(0.25)
    loader = Loader(train, PIPELINE, 4)
    held_out = Loader(validation, Compose([Resize(24, 32), Rescale(1 / 255)]), 4, shuffle=False)
    model = network(keras)
    history = model.fit(loader.keras(), validation_data=held_out.keras(), epochs=3, verbose=0)
    assert len(history.history["val_loss"]) == 3
    one, two = (model.evaluate(held_out.keras(), verbose=0) for _ in range(2))
    assert one == two
    assert one[0] == pytest.approx(history.history["val_loss"][-1], rel=1e-5)
    predicted = model.predict(held_out.keras(), verbose=0)
    expected = keras.ops.convert_to_numpy(model(held_out.batch(0, 0).image))
    assert np.allclose(predicted[:4], expected, atol=1e-4)
    assert not ours()


def test_a_fit_sees_each_sample_once_an_epoch_and_new_each_time(keras, photos):
    source = from_arrays(
        np.arange(40, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8), range(40)
    )
    seen = []

    class Watching(type(Loader(source, Compose([]), 8).keras())):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            seen.append((self.epoch, y.tolist()))
            return x, y * 0

    model = network(keras)
    model.fit(Watching(Loader(source, Compose([]), 8).batches), epochs=3, verbose=0)
    orders = [[label for epoch, labels in seen[-15:] if epoch == wanted for label in labels] for wanted in range(3)]
    assert all(sorted(order) == list(range(40)) for order in orders)
    assert orders[0] != orders[1] != orders[2]
    expected = Loader(source, Compose([]), 8)
    assert orders == [np.concatenate([batch.index for batch in expected]).tolist() for _ in range(3)]


def test_what_keras_looks_at_before_an_epoch_is_none(keras):
    batches = Loader(from_arrays(np.zeros((40, 4, 4, 3), np.uint8), range(40)), Compose([]), 8).keras()
    batches[0], batches[1]
    batches.on_epoch_end()
    assert batches.epoch == 0
    batches.on_epoch_begin()
    for number in range(5):
        batches[number]
    batches.on_epoch_end()
    assert batches.epoch == 1


def test_a_missing_framework_is_named_with_the_command(loader, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackageError, match=r"Loader.torch\(\) needs the package torch.*pip install"):
        loader.torch()
    from augstream.adapters import keras as adapter

    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setitem(sys.modules, "keras.utils", None)
    adapter._dataset.cache_clear()
    with pytest.raises(MissingPackageError, match="keras"):
        loader.keras()


def test_importing_the_package_is_quick_and_imports_no_framework():
    code = """
import sys, time
begin = time.perf_counter()
import augstream
print(time.perf_counter() - begin, *sorted({"PIL", "torch", "keras", "jax", "tensorflow", "typer"} & set(sys.modules)))
"""
    best = 9.0
    for _ in range(3):
        seconds, *heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
        assert not heavy
        best = min(best, float(seconds))
    assert best < 1


def test_prefetching_overlaps_with_training(keras, loader):
    dataset = loader.keras()
    dataset.on_epoch_begin()
    _ = dataset[2]
    pending = dataset._ahead._stream._pending
    end = time.monotonic() + 10
    while not all(future.done() for future in pending) and time.monotonic() < end:
        time.sleep(0.01)
    assert [future.done() for future in pending] == [True, True]
    dataset.on_epoch_end()
