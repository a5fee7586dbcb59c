"""Batches unpack, say their classes and names, and have labels in the form that a loss takes."""

import itertools
import os

import numpy as np
import pytest

import augstream as aug
from augstream.errors import ArgumentError

os.environ.setdefault("KERAS_BACKEND", "jax")
X = np.random.default_rng(0).integers(0, 255, (10, 8, 8, 3), np.uint8)
Y = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 2])
PLAIN = [aug.Resize(8, 8)]
ADAPTERS = ("numpy", "torch", "jax", "keras", "dataset")


def handed(loader, name):
    """What an adapter gives of each batch of one epoch."""
    pytest.importorskip({"numpy": "numpy", "dataset": "torch"}.get(name, name))
    batches = getattr(loader, name)()
    return batches, itertools.islice(batches, len(batches)) if name != "keras" else map(batches.__getitem__, range(4))


def kinds(weight=None):
    """Sources by what a batch of theirs unpacks to."""
    boxes = {"boxes": [[[1, 1, 4, 4]]] * 10}
    return {
        "image": aug.from_arrays(X),
        "boxes alone": aug.from_arrays(X, **boxes),
        "label": aug.from_arrays(X, Y, **boxes),
        "mask": aug.from_arrays(X, masks=X[..., 0] // 128),
        "label and mask": aug.from_arrays(X, Y, masks=X[..., 0] // 128),
        "label and weight": aug.from_arrays(X, Y, weight=np.arange(10)),
        "mask and weight": aug.from_arrays(X, masks=X[..., 0] // 128, weight=np.arange(10)),
        "weight alone": aug.from_arrays(X, weight=np.arange(10)),
    }


@pytest.mark.parametrize("kind", kinds())
def test_a_batch_unpacks_as_the_frameworks_get_it(kind):
    batch = next(iter(aug.Loader(kinds()[kind], PLAIN, 3)))
    image, *rest = batch
    assert image is batch.image
    if kind in ("image", "boxes alone", "weight alone"):
        assert not rest
    else:
        assert np.array_equal(rest[0], batch.label if "label" in kind else batch.mask)
        assert [part.tolist() for part in rest[1:]] == ([batch.weight.tolist()] if "weight" in kind else [])
    for name in ADAPTERS:
        _, batches = handed(aug.Loader(kinds()[kind], PLAIN, 3), name)
        part = next(iter(batches))
        parts = part if isinstance(part, tuple) else (part,)
        assert len(parts) == 1 + len(rest), name
        assert all(np.array_equal(np.asarray(one), other) for one, other in zip(parts, batch, strict=True)), name


def test_an_image_and_its_label_unpack():
    x, y = aug.Loader(aug.from_arrays(X, Y), PLAIN, 3, shuffle=False)[0]
    assert (x.shape, y.tolist()) == ((3, 8, 8, 3), [0, 1, 2])


@pytest.mark.parametrize("name", ADAPTERS)
def test_frameworks_get_classes_names_and_a_line(photos, name):
    loader = aug.Loader(aug.from_folder(photos), PLAIN, 7, shuffle=False)
    batches, given = handed(loader, name)
    assert batches.classes == loader.classes == ["ant", "bee", "cat"]
    assert batches.class_indices == {"ant": 0, "bee": 1, "cat": 2}
    assert len(batches) == 4
    assert batches.names == loader.names == [loader.source.name(index) for index in range(24)]
    labels = np.concatenate([np.asarray(parts[1]) for parts in given])
    assert [name.partition("/")[0] for name in batches.names] == [batches.classes[label] for label in labels]
    assert repr(batches) == f"<{type(batches).__name__}: 4 batches of 7 from <Folder: 24 samples, 3 classes>>"


def test_no_names_no_classes():
    loader = aug.Loader(aug.from_arrays(X, Y), PLAIN, 3)
    assert (loader.classes, loader.class_indices) == (None, {})


@pytest.mark.parametrize("uneven", ["share", "pad", "drop"])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("world", [1, 3])
def test_names_line_up_with_what_comes_out(uneven, shuffle, world):
    for rank in range(world):
        options = {"shuffle": shuffle, "shard": (rank, world), "uneven": uneven}
        loader = aug.Loader(aug.from_arrays(X, Y), PLAIN, 2, **options)
        for _ in range(2):
            assert [name for batch in loader for name in batch.name] == loader.names


def test_names_are_those_of_the_epoch_that_ran_last():
    loader = aug.Loader(aug.from_arrays(X, Y), PLAIN, 4)
    before, first = loader.names, [name for batch in loader for name in batch.name]
    assert before == first == loader.names
    second = [name for batch in loader for name in batch.name]
    assert first != second == loader.names


def test_names_of_keras_are_those_it_predicts():
    keras = pytest.importorskip("keras")
    x = np.repeat(np.arange(10, dtype=np.float32).reshape(10, 1, 1, 1) / 10, 3, axis=3)
    batches = aug.Loader(aug.from_arrays(x, Y), [aug.HorizontalFlip()], 4).keras()
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Lambda(lambda x: x[:, :1])])
    model.compile("sgd", "mse")
    for _ in range(2):
        assert batches.names == [f"x[{round(10 * value)}]" for value in model.predict(batches, verbose=0)[:, 0]]
        model.fit(batches, verbose=0)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_dataset_names_the_epoch_of_its_workers(workers):
    torch = pytest.importorskip("torch")
    x = np.repeat(np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1), 3, axis=3)
    dataset = aug.Loader(aug.from_arrays(x, Y), PLAIN[:0], 4).dataset()
    for _ in range(2):
        data = torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=workers)
        seen = [f"x[{int(value)}]" for image, _ in data for value in image[:, 0, 0, 0]]
        assert dataset.names == seen


def test_an_evaluating_loader_is_one_argument(photos):
    loader = aug.Loader(aug.from_folder(photos), PLAIN, 7, shuffle=False)
    for _ in range(2):
        index = [batch.index.tolist() for batch in loader]
        assert list(itertools.chain(*index)) == list(range(24))
        assert [len(one) for one in index] == [7, 7, 7, 3]


def test_labels_in_the_form_of_the_loss():
    source = aug.from_arrays(X, Y, classes=["a", "b", "c"])
    number = aug.Loader(source, PLAIN, 4, labels="index")[0].label
    shares = aug.Loader(source, PLAIN, 4, labels="one_hot")[0].label
    assert (number.dtype, shares.dtype, shares.shape) == (np.int64, np.float32, (4, 3))
    assert np.array_equal(shares, np.eye(3)[number])
    two = aug.from_arrays(X, Y % 2, classes=["cat", "dog"])
    number, one = (aug.Loader(two, PLAIN, 4, labels=labels)[0].label for labels in ("index", "binary"))
    assert (one.dtype, one.shape) == (np.float32, (4, 1))
    assert np.array_equal(one[:, 0], number)


def test_one_class_of_two_is_still_binary():
    source = aug.from_arrays(X, Y % 2, classes=["cat", "dog"])
    ones = source.subset(source.labels == 1)
    assert aug.Loader(ones, PLAIN, 4, labels="binary")[0].label.tolist() == [[1.0]] * 3


@pytest.mark.parametrize("mix", [aug.MixUp(), aug.CutMix()])
def test_labels_of_a_mix_are_shares_whatever_the_form(mix):
    source = aug.from_arrays(X, Y % 2, classes=["cat", "dog"])
    index, one_hot, binary = (
        aug.Loader(source, [*PLAIN, mix], 10, labels=labels)[0].label for labels in ("index", "one_hot", "binary")
    )
    assert np.array_equal(index, one_hot)
    assert np.array_equal(binary, one_hot[:, 1:])
    assert ((binary > 0) & (binary < 1)).any()
    assert binary.dtype == np.float32


@pytest.mark.parametrize(
    ("labels", "y", "message"),
    [
        ("binary", Y, r'labels="binary" needs two classes; the source has 3\. Pass "one_hot" or "index"'),
        ("binary", Y * 0, "the source has 1"),
        ("binary", np.array(["a", "b", "c"])[Y], r"the source has 3 \(a, b, c\)"),
        ("one_hot", Y / 2, "this one has float64 of shape"),
        ("one_hot", np.eye(3, dtype=int)[Y], r"this one has int64 of shape \(10, 3\)"),
        ("one_hot", Y - 1, "numbered from 0; got -1"),
        ("one_hot", None, "this one has none"),
        ("one_hot", np.where(Y, 0, 1 << 30), "1,048,576 classes at most"),
    ],
)
def test_what_has_no_such_form_is_said(labels, y, message):
    with pytest.raises(ArgumentError, match=message):
        aug.Loader(aug.from_arrays(X, y), PLAIN, 4, labels=labels)


def test_labels_told_one_by_one_are_checked_in_their_batch():
    source = aug.from_sequence([(image, label) for image, label in zip(X, Y.tolist(), strict=True)])
    source.classes = ["a", "b"]
    loader = aug.Loader(source, PLAIN, 2, shuffle=False, labels="one_hot")
    assert loader[0].label.tolist() == [[1, 0], [0, 1]]
    with pytest.raises(ArgumentError, match="labels of 0 to 1; got 2"):
        loader[1]


def test_a_batch_in_one_line():
    source = aug.from_arrays(
        np.arange(3 * 192, dtype=np.uint16).reshape(3, 8, 8, 3) * 100,
        [2, 0, 1],
        weight=[1, 0.5, 0],
        masks=np.full((3, 8, 8), 7, np.uint8),
        boxes=[[], [[1, 1, 4, 4]], [[1, 1, 4, 4], [0, 0, 8, 8]]],
        points=[[[1, 1]]] * 3,
    )
    assert repr(aug.Loader(source, [aug.Rescale(1 / 65535)], 3, shuffle=False)[0]) == (
        "<Batch: 3 samples of epoch 0; image (3, 8, 8, 3) float32 0 to 0.8774; label (3,) int64 0 to 2; "
        "mask (3, 8, 8) uint8 7 to 7; weight (3,) float32 0 to 1; 3 boxes, 0 to 2 in each; 3 points, 1 in each>"
    )


def test_several_outputs_in_one_line():
    columns = {"x": ["0", "1"], "kind": [0, 1], "age": [0.5, -1.25]}
    labels = aug.from_table(columns, "x", label={"kind": "kind", "age": "age"}).labels
    batch = aug.Loader(aug.from_sequence(list(X[:2]), labels), PLAIN, 2, dtype="uint8")[0]
    assert repr(batch).endswith("label['kind'] (2,) int64 0 to 1; label['age'] (2,) float32 -1.25 to 0.5>")
    assert "uint8 0 to 254" in repr(batch)
