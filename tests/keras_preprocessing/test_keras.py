"""Flows as what `model.fit` takes."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from keras_lines import photos

from augstream.keras_preprocessing.image import ImageDataGenerator, NumpyArrayIterator

TRAIN = textwrap.dedent(
    """
    import sys
    import numpy as np
    from augstream.keras_preprocessing.image import ImageDataGenerator

    x = np.random.default_rng(0).integers(0, 256, (40, 12, 12, 3), np.uint8)
    y = (x.mean((1, 2, 3)) > 127).astype("int64")
    generator = ImageDataGenerator(rotation_range=10, horizontal_flip=True, rescale=1 / 255, validation_split=0.25)
    training = generator.flow(x, y, batch_size=8, subset="training", seed=0, ignore_class_split=True)
    held = generator.flow(x, y, 8, subset="validation", augment=False, shuffle=False, ignore_class_split=True)
    import keras
    assert isinstance(training, keras.utils.PyDataset)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(training, validation_data=held, epochs=3, verbose=0)
    assert len(history.history["val_loss"]) == 3
    assert model.predict(held, verbose=0).shape == (10, 2)
    model.evaluate(held, verbose=0)
    model.fit(training, steps_per_epoch=2, epochs=2, verbose=0)
    weighted = generator.flow(x, y, batch_size=8, sample_weight=np.ones(40))
    model.fit(weighted, epochs=1, verbose=0)
    picture, more = keras.Input((12, 12, 3)), keras.Input((2,))
    both = keras.layers.Concatenate()([keras.layers.Flatten()(picture), more])
    two = keras.Model([picture, more], keras.layers.Dense(1)(both))
    two.compile("sgd", "mse")
    two.fit(generator.flow((x, np.ones((40, 2), "float32")), np.ones(40), batch_size=8), epochs=1, verbose=0)
    print(keras.backend.backend())
    """
)


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_a_model_is_trained_on_a_flow(backend):
    pytest.importorskip("keras", reason="Keras is not installed")
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TRAIN], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split()[-1] == backend


def test_lists_of_arrays_are_tuples_where_tensorflow_trains(monkeypatch):
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    flow = ImageDataGenerator().flow((photos(4, 6, 6), np.arange(4)), np.arange(4))
    assert isinstance(flow[0][0], list) or keras.config.backend() == "tensorflow"
    monkeypatch.setattr(keras.config, "backend", lambda: "tensorflow")
    x, y = flow[0]
    assert isinstance(x, tuple)
    assert (len(x), y.shape) == (2, (4,))
    assert isinstance(next(flow)[0], list)


def test_workers_are_accepted_and_not_started_twice():
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    flow = ImageDataGenerator().flow(photos(4, 6, 6), workers=4, use_multiprocessing=True, max_queue_size=20)
    assert isinstance(flow, keras.utils.PyDataset)
    assert (flow.workers, flow.use_multiprocessing, flow.max_queue_size) == (1, False, 20)
    assert flow.num_batches == len(flow) == 1


def test_a_shuffled_epoch_of_fit_has_each_batch_once_and_in_its_own_order():
    flow = ImageDataGenerator().flow(photos(9, 4, 4), np.arange(9), batch_size=2, seed=3)
    expected = [flow[number][1].tolist() for number in range(5)]
    flow.on_epoch_begin()
    served = [flow[number][1].tolist() for number in (3, 0, 4, 1, 2)]
    assert served == expected
    flow.on_epoch_end()
    flow.on_epoch_begin()
    assert sorted(label for number in range(5) for label in flow[number][1].tolist()) == list(range(9))


def test_without_keras_flows_work():
    script = (
        "import sys; sys.modules['keras'] = None\n"
        "import numpy as np; from augstream.keras_preprocessing.image import ImageDataGenerator\n"
        "print(next(ImageDataGenerator().flow(np.zeros((2, 4, 4, 3), np.uint8))).shape)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "(2, 4, 4, 3)", done.stderr


def test_a_backend_may_be_chosen_after_the_first_flow():
    pytest.importorskip("keras", reason="Keras is not installed")
    pytest.importorskip("jax", reason="JAX is not installed")
    script = textwrap.dedent(
        """
        import os, sys
        os.environ["KERAS_BACKEND"] = "no such backend"
        import numpy as np
        from augstream.keras_preprocessing.image import ImageDataGenerator
        early = ImageDataGenerator().flow(np.zeros((4, 6, 6, 3), np.uint8), batch_size=2)
        next(early)
        for name in [name for name in sys.modules if name.split(".")[0] == "keras"]:
            del sys.modules[name]
        os.environ["KERAS_BACKEND"] = "jax"
        import keras
        late = ImageDataGenerator().flow(np.zeros((4, 6, 6, 3), np.uint8), batch_size=2)
        print(isinstance(early, keras.utils.PyDataset), isinstance(late, keras.utils.PyDataset), len(early))
        """
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "True True 2", done.stderr[-2000:]


def keras_model(*layers):
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    keras.utils.set_random_seed(1)
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_fit_sees_the_same_batches_whatever_was_looked_at_before():
    def seen(look):
        class Recorded(NumpyArrayIterator):
            def __getitem__(self, number):
                batch = super().__getitem__(number)
                batches.append(batch[0].tobytes())
                return batch

        generator = ImageDataGenerator(rotation_range=40, rescale=1 / 255)
        flow = Recorded(photos(12, 6, 6), np.arange(12.0), generator, batch_size=4, shuffle=True, seed=2)
        model = keras_model(pytest.importorskip("keras").layers.Flatten())
        batches = []
        if look:
            for _ in range(3):
                flow[0], flow[2]
            batches.clear()
        model.fit(flow, epochs=3, verbose=0)
        return batches[-9:]

    plain = seen(look=False)
    assert plain == seen(look=True)
    assert len(set(plain)) == 9


def test_pairs_of_two_flows_are_a_generator_or_one_flow_with_masks():
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    x = photos(8, 6, 6)
    masks = (x[..., :1] > 127).astype(np.uint8)
    moved = ImageDataGenerator(horizontal_flip=True, rotation_range=40)

    def flows():
        return moved.flow(x, batch_size=4, seed=3), moved.flow(masks, batch_size=4, seed=3)

    model = keras_model(keras.layers.Conv2D(4, 3, padding="same"))
    with pytest.raises(ValueError, match="Unrecognized data type"):
        model.fit(zip(*flows(), strict=True), verbose=0)
    pairs = ((image, mask) for image, mask in zip(*flows(), strict=True))
    assert len(model.fit(pairs, steps_per_epoch=2, epochs=2, verbose=0).history["loss"]) == 2
    model.fit(moved.flow(x, masks=masks, batch_size=4, seed=3), verbose=0)
