"""The loader inside other people's loops: worker processes, torchdata, TensorFlow, JAX, plain NumPy."""

import gc
import json
import multiprocessing
import os
import pickle
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from augstream.adapters import torch as torch_adapter
from augstream.batch.epoch import Epoch
from augstream.errors import ArgumentError, MissingPackageError
from augstream.loader import Loader
from augstream.sources import from_folder
from augstream.transforms import HorizontalFlip, Rescale, Resize, Rotate
from augstream.transforms.compose import Compose

PIPELINE = Compose([Rotate(40), HorizontalFlip(p=0.5), Resize(24, 32), Rescale(1 / 255)], border="edge")


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def made(photos, **options):
    return Loader(from_folder(photos), PIPELINE, 5, seed=4, **options)


def addresses(loader, monkeypatch):
    """Where the images of each batch are, as they are handed out."""
    found = []
    handed_out = Epoch.__next__

    def seen(self):
        batch = handed_out(self)
        found.append(batch.image.ctypes.data)
        return batch

    monkeypatch.setattr(Epoch, "__next__", seen)
    return found


def test_numpy_batches_are_the_batches(photos, monkeypatch):
    loader = made(photos)
    found = addresses(loader, monkeypatch)
    expected = list(made(photos).at(0))
    found.clear()
    for number, (x, y) in enumerate(loader.numpy()):
        assert x.ctypes.data == found[number]
        assert np.array_equal(x, expected[number].image)
        assert np.array_equal(y, expected[number].label)
    assert len(loader.numpy()) == number + 1


def test_jax_arrays_are_the_batches_memory(photos, monkeypatch):
    jax = pytest.importorskip("jax")
    if jax.default_backend() != "cpu":
        pytest.skip("memory is shared on the CPU only")
    loader = made(photos)
    found = addresses(loader, monkeypatch)
    kept = []
    for number, (x, y) in enumerate(loader.jax()):
        assert x.unsafe_buffer_pointer() == found[number]
        assert np.array_equal(y, loader.batch(0, number).label)
        kept.append(x)
        del found[number + 1 :]
    for number, x in enumerate(kept):
        assert np.array_equal(x, made(photos).batch(0, number).image)


SHARDED = """
import os, sys
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
os.environ["JAX_PLATFORMS"] = "cpu"
import jax, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from augstream.transforms.compose import Compose
from augstream.loader import Loader
from augstream.sources import from_folder
from augstream.transforms import Resize
mesh = Mesh(np.array(jax.devices()), ("batch",))
loader = Loader(from_folder(sys.argv[1]), Compose([Resize(8, 8)]), 8)
for number, (x, y) in enumerate(loader.jax(sharding=NamedSharding(mesh, PartitionSpec("batch")))):
    assert x.shape == (8, 8, 8, 3) and len(x.addressable_shards) == 4
    assert {shard.data.shape for shard in x.addressable_shards} == {(2, 8, 8, 3)}
    assert np.array_equal(np.asarray(x), loader.batch(0, number).image)
    assert np.array_equal(np.asarray(y), loader.batch(0, number).label)
try:
    Loader(loader.source, Compose([Resize(8, 8)]), 9).jax(sharding=NamedSharding(mesh, PartitionSpec("batch")))
except ValueError as error:
    print(error)
"""


PROCESSES = """
import os, sys
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
os.environ["JAX_PLATFORMS"] = "cpu"
import jax, numpy as np
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(sys.argv[2], num_processes=2, process_id=int(sys.argv[3]))
from jax.experimental.multihost_utils import process_allgather
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from augstream.transforms.compose import Compose
from augstream.loader import Loader
from augstream.sources import from_folder
from augstream.transforms import Resize
source, pipeline = from_folder(sys.argv[1]), Compose([Resize(8, 8)])
split = NamedSharding(Mesh(np.array(jax.devices()), ("batch",)), PartitionSpec("batch"))
whole = Loader(source, pipeline, 8, uneven="pad")
count = 0
for number, (x, y) in enumerate(Loader(source, pipeline, 4, uneven="pad", shard="auto").jax(sharding=split)):
    assert x.shape == (8, 8, 8, 3) and [shard.data.shape for shard in x.addressable_shards] == [(2, 8, 8, 3)] * 2
    assert np.array_equal(process_allgather(x, tiled=True), whole.batch(0, number).image)
    assert np.array_equal(process_allgather(y, tiled=True), whole.batch(0, number).label)
    count += 1
assert count == len(whole)
for sharding, shard in ((split, None), (NamedSharding(split.mesh, PartitionSpec()), "auto")):
    try:
        next(iter(Loader(source, pipeline, 4, uneven="pad", shard=shard).jax(sharding=sharding)))
    except ValueError as error:
        print(error)
x, _ = next(iter(whole.jax(sharding=NamedSharding(split.mesh, PartitionSpec()))))
assert np.array_equal(x.addressable_data(0), whole.batch(0, 0).image)
print("done")
"""


def test_jax_arrays_over_two_processes(photos):
    """What each process puts in is its rank's part; samples that would be there twice, or not at all, are refused."""
    pytest.importorskip("jax")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    run = [sys.executable, "-c", PROCESSES, str(photos), address]
    ranks = [
        subprocess.Popen([*run, str(rank)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for rank in (0, 1)
    ]
    try:
        for rank, process in enumerate(ranks):
            out, err = process.communicate(timeout=300)
            assert "done" in out, err
            assert "makes batches of 8 samples, and the Loader, which is rank 0 of 1, has 4" in out
            assert f"makes batches of 4 samples, and the Loader, which is rank {rank} of 2, has 8" in out
    finally:
        for process in ranks:
            process.kill()


def test_jax_arrays_over_several_devices(photos):
    pytest.importorskip("jax")
    done = subprocess.run([sys.executable, "-c", SHARDED, str(photos)], capture_output=True, text=True)
    assert "needs batches of one size" in done.stdout, done.stderr


def test_channels_last_is_the_memory_as_it_is(torch, photos, monkeypatch):
    loader = made(photos)
    found = addresses(loader, monkeypatch)
    for number, (x, _) in enumerate(loader.torch(channels_last=True)):
        assert x.data_ptr() == found[number]
        assert x.shape[1:] == (3, 24, 32)
        assert x.is_contiguous(memory_format=torch.channels_last)
    with pytest.raises(ArgumentError, match="channels_last"):
        made(photos, layout="NCHW").torch(channels_last=True)


def test_pinning_without_a_gpu_is_said_and_left_out(torch, photos):
    if torch.cuda.is_available():
        x, y = next(iter(made(photos).torch(pin_memory=True)))
        assert x.is_pinned()
        assert y.is_pinned()
        return
    with pytest.warns(UserWarning, match="no GPU"):
        batches = made(photos).torch(pin_memory=True)
    assert len(list(batches)) == 5


def test_adapters_have_the_loaders_state(torch, photos):
    loader = made(photos)
    batches = loader.torch()
    for _ in zip(range(2), batches, strict=False):
        pass
    state = batches.state_dict()
    again = made(photos).numpy()
    again.load_state_dict(state)
    x, _ = next(iter(again))
    assert np.array_equal(x, loader.batch(state["epoch"], state["batch"]).image)


# torch's DataLoader


def served(torch, dataset, **options):
    return torch.utils.data.DataLoader(dataset, batch_size=None, **options)


@pytest.mark.parametrize("context", ["fork", "spawn"])
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_data_loader_gives_the_loaders_order(torch, photos, workers, context):
    if workers == 0 and context == "spawn":
        pytest.skip("no process to spawn")
    loader = made(photos, threads=None)
    options = {"multiprocessing_context": context, "timeout": 120} if workers else {}
    data = served(torch, loader.dataset(), num_workers=workers, **options)
    assert len(data) == 5
    for epoch in range(2 if context == "fork" else 1):
        got = list(data)
        assert len(got) == 5
        for number, (x, y) in enumerate(got):
            assert np.array_equal(x, loader.batch(epoch, number).image)
            assert np.array_equal(y, loader.batch(epoch, number).label)


def test_persistent_workers_count_epochs_too(torch, photos):
    loader = made(photos)
    data = served(torch, loader.dataset(), num_workers=2, persistent_workers=True, timeout=120)
    for epoch in range(3):
        for number, (x, _) in enumerate(data):
            assert np.array_equal(x, loader.batch(epoch, number).image)


def test_a_fork_while_a_loop_runs_does_not_hang(torch, photos):
    loader = made(photos, prefetch=4, cache="10MB")
    stream = iter(loader)
    next(stream)
    data = served(torch, loader.dataset(), num_workers=2, timeout=120)
    assert len(list(data)) == 5
    assert len(list(stream)) == 4


def test_workers_share_the_cores(torch, photos, monkeypatch):
    from augstream.concurrency import pool as pools

    class Worker:
        num_workers = 2

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert pools.cores() == 8
    monkeypatch.setattr(torch.utils.data, "get_worker_info", lambda: Worker)
    assert pools.cores() == 4
    Worker.num_workers = 50
    assert pools.cores() == 1


def test_bad_samples_are_named_across_processes(torch, photos):
    (photos / "ant" / "000.jpg").write_bytes(b"GIF")
    for workers in (0, 2):
        with pytest.raises(Exception, match=r"sample \d+ \(ant/000\.jpg\): "):
            list(served(torch, made(photos).dataset(), num_workers=workers))
    skipping = made(photos, on_error="skip")
    assert len(list(served(torch, skipping.dataset(), num_workers=2))) == 5


def test_leaving_a_data_loader_ends_its_workers(torch, photos):
    for _ in served(torch, made(photos).dataset(), num_workers=2):
        break
    gc.collect()
    end = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < end:
        time.sleep(0.05)
    assert not multiprocessing.active_children()


def test_setting_the_epoch_reaches_the_workers(torch, photos):
    loader = made(photos)
    dataset = loader.dataset()
    list(served(torch, dataset, num_workers=1))
    loader.epoch = 6
    x, _ = next(iter(served(torch, dataset, num_workers=1)))
    assert np.array_equal(x, loader.batch(6, 0).image)


def test_a_dataset_goes_on_from_the_loaders_state(torch, photos):
    loader = made(photos)
    loader.load_state_dict(loader.state_dict() | {"epoch": 2, "batch": 3})
    for workers in (0, 2):
        got = list(served(torch, loader.dataset(), num_workers=workers))
        assert len(got) == 2
        assert all(np.array_equal(x, loader.batch(2, 3 + k).image) for k, (x, _) in enumerate(got))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [1, 3, 5])
def test_torchdata_saves_and_restores_it(torch, photos, workers, stop):
    stateful = pytest.importorskip("torchdata.stateful_dataloader")
    options = {"batch_size": None, "num_workers": workers}
    data = stateful.StatefulDataLoader(made(photos).dataset(), **options)
    stream = iter(data)
    for _ in range(stop):
        next(stream)
    state = pickle.loads(pickle.dumps(data.state_dict()))
    again = stateful.StatefulDataLoader(made(photos).dataset(), **options)
    again.load_state_dict(state)
    rest = list(again)
    loader = made(photos)
    if stop == 5:
        # torchdata ends the epoch that was at its end.
        rest = rest or list(again)
    else:
        assert len(rest) == 5 - stop
        assert all(np.array_equal(x, loader.batch(0, stop + k).image) for k, (x, _) in enumerate(rest))
    after = list(again)
    assert all(np.array_equal(x, loader.batch(1, k).image) for k, (x, _) in enumerate(after)) or stop == 5


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("stop", [6, 7])
def test_torchdata_restores_a_later_epoch_too(torch, photos, stop, persistent):
    """When the first batch of an epoch is there, a worker that was made for it may have had nothing to do so far."""
    stateful = pytest.importorskip("torchdata.stateful_dataloader")
    options = {"batch_size": None, "num_workers": 2, "persistent_workers": persistent}
    data = stateful.StatefulDataLoader(made(photos).dataset(), **options)
    list(data)
    for _, _ in zip(range(stop - 5), data, strict=False):
        state = pickle.loads(pickle.dumps(data.state_dict()))
    again = stateful.StatefulDataLoader(made(photos).dataset(), **options)
    again.load_state_dict(state)
    rest = list(again)
    assert len(rest) == 10 - stop
    assert all(np.array_equal(x, made(photos).batch(1, stop - 5 + k).image) for k, (x, _) in enumerate(rest))


def test_a_dataset_has_the_state_it_was_given(torch, photos):
    state = made(photos).dataset().state_dict() | {"epoch": 3, "batch": 2}
    dataset = made(photos).dataset()
    dataset.load_state_dict(state)
    assert dataset.state_dict() == state


def test_skipped_samples_are_told_of_behind_a_data_loader_too(torch, photos, capfd):
    from_folder(photos).path(3).write_bytes(b"broken")
    loader = made(photos, on_error="skip")
    with pytest.warns(UserWarning, match="epoch 0: 1 of 24 samples could not be read"):
        assert len(list(served(torch, loader.dataset()))) == 5
    assert [index for index, _, _ in loader.errors] == [3]
    list(served(torch, loader.dataset(), num_workers=1, multiprocessing_context="spawn"))
    assert "epoch 0: 1 of 24 samples could not be read" in capfd.readouterr().err


def test_a_state_of_another_loader_is_refused_by_the_dataset_too(torch, photos):
    state = json.loads(json.dumps(made(photos).dataset().state_dict()))
    with pytest.raises(ArgumentError, match="seed"):
        Loader(from_folder(photos), PIPELINE, 5, seed=5).dataset().load_state_dict(state)


def test_accelerate_takes_it(torch, photos):
    accelerate = pytest.importorskip("accelerate")
    data = accelerate.Accelerator(cpu=True).prepare(served(torch, made(photos).dataset()))
    got = list(data)
    assert len(got) == 5
    assert all(np.array_equal(x, made(photos).batch(0, k).image) for k, (x, _) in enumerate(got))


def test_lightning_takes_it_and_its_state(torch, photos, tmp_path):
    lightning = pytest.importorskip("lightning")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)
            self.seen = []

        def training_step(self, batch, number):
            x, _ = batch
            self.seen.append(x.sum().item())
            return self.layer(x.mean().reshape(1)).sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.01)

    loader, module = made(photos), Module()
    options = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False, "accelerator": "cpu"}
    trainer = lightning.Trainer(max_epochs=2, default_root_dir=tmp_path, **options)
    trainer.fit(module, loader.torch())
    expected = [torch.from_numpy(loader.batch(k // 5, k % 5).image).sum().item() for k in range(10)]
    assert module.seen == expected
    state = loader.state_dict()
    assert (state["epoch"], state["batch"]) == (2, 0)


def test_missing_frameworks_are_named(photos, monkeypatch):
    for package in ("jax", "tensorflow"):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(
            MissingPackageError, match=rf"{package}\(\) needs the package {package}.*augstream\[{package}\]"
        ):
            getattr(made(photos), package)()


def test_a_missing_torch_is_named(photos, monkeypatch):
    from augstream.adapters import torch_dataset

    monkeypatch.setitem(sys.modules, "torch", None)
    torch_dataset._dataset.cache_clear()
    with pytest.raises(MissingPackageError, match=r"dataset\(\) needs the package torch"):
        made(photos).dataset()
    assert torch_adapter.tensor


# Keras and TensorFlow


def test_keras_keeps_the_loaders_state(photos):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    pytest.importorskip("keras")
    loader = made(photos)
    dataset = loader.keras()
    dataset.on_epoch_begin()
    _ = [dataset[number] for number in range(5)]
    dataset.on_epoch_end()
    state = loader.state_dict()
    assert (state["epoch"], state["batch"]) == (1, 0)
    again = made(photos)
    again.load_state_dict(state)
    assert np.array_equal(again.keras()[0][0], loader.batch(1, 0).image)


@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("stop", [2, 4])
def test_keras_goes_on_in_the_middle_of_an_epoch(photos, stop, built):
    """Behind a batch that was trained on, however many more Keras had asked for."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras")

    class Keeper(keras.callbacks.Callback):
        def __init__(self, dataset):
            super().__init__()
            self.dataset, self.states, self.epochs = dataset, [], []

        def on_train_batch_end(self, batch, logs=None):
            self.states.append(self.dataset.state_dict(batch))
            self.epochs.append(self.dataset.epoch)

    def fitted(loader, **epochs):
        model = keras.Sequential([keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)])
        if built:
            model.build((None, 24, 32, 3))
        model.compile("sgd", "mse")
        keeper = Keeper(loader.keras())
        model.fit(keeper.dataset, callbacks=[keeper], verbose=0, **epochs)
        return keeper

    whole = fitted(made(photos), epochs=2)
    assert [(state["epoch"], state["batch"]) for state in whole.states[:6]] == [
        *((0, k) for k in range(1, 5)),
        (1, 0),
        (1, 1),
    ]
    loader = made(photos)
    loader.load_state_dict(json.loads(json.dumps(whole.states[4 + stop])))
    dataset = loader.keras()
    assert len(dataset) == 5 - stop
    assert all(np.array_equal(dataset[k][0], loader.batch(1, stop + k).image) for k in range(5 - stop))
    loader.load_state_dict(whole.states[4 + stop])
    rest = fitted(loader, initial_epoch=1, epochs=2)
    assert rest.states == whole.states[5 + stop :]
    assert rest.epochs == [1] * (5 - stop)
    assert loader.batches.place.following == (2, 0)
    assert fitted(loader, initial_epoch=2, epochs=3).epochs == [2] * 5
    loader.load_state_dict(whole.states[4 + stop])
    with pytest.raises(ArgumentError, match=f"the rest of epoch 1, from batch {stop} on"):
        fitted(loader, epochs=3)


def test_tensorflow_gets_static_shapes_and_the_loaders_epochs(photos):
    tf = pytest.importorskip("tensorflow")
    loader = made(photos, drop_remainder=True)
    dataset = loader.tensorflow()
    assert dataset.element_spec[0].shape == (5, 24, 32, 3)
    assert dataset.element_spec[1].dtype == tf.int64
    assert len(dataset) == 4
    for epoch in range(2):
        got = list(dataset.prefetch(1))
        assert all(np.array_equal(x, loader.batch(epoch, k).image) for k, (x, _) in enumerate(got))
    assert made(photos).tensorflow().element_spec[0].shape == (None, 24, 32, 3)
    assert len(list(made(photos).tensorflow())) == 5


def test_tensorflow_goes_on_in_the_middle_of_an_epoch(photos):
    tf = pytest.importorskip("tensorflow")
    loader, again = made(photos), made(photos)
    stream = iter(loader.tensorflow())
    for _ in range(2):
        next(stream)
    assert loader.state_dict()["batch"] == 2
    again.load_state_dict(loader.state_dict())
    rest = again.tensorflow()
    for epoch, first in ((0, 2), (1, 0)):
        got = list(rest)
        assert len(got) == 5 - first
        assert all(np.array_equal(x, loader.batch(epoch, first + k).image) for k, (x, _) in enumerate(got))
    late = made(photos)
    whole = late.tensorflow()
    late.load_state_dict(loader.state_dict())
    with pytest.raises(tf.errors.OpError, match="call its tensorflow"):
        next(iter(whole))
