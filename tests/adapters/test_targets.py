"""What the frameworks are given where a network learns masks, or several things at once."""

import numpy as np
import pytest

import augstream as aug

PLAIN = aug.Compose([aug.HorizontalFlip(), aug.Resize(8, 8)])
X = np.random.default_rng(0).integers(0, 255, (6, 8, 8, 3), np.uint8)


def masked():
    return aug.Loader(aug.from_arrays(X, masks=X[..., 0] // 128), PLAIN, 3)


def several():
    columns = {"x": [str(number) for number in range(6)], "kind": [0, 1] * 3, "age": [0.5] * 6}
    source = aug.from_sequence(list(X), aug.from_table(columns, "x", label={"kind": "kind", "age": "age"}).labels)
    return aug.Loader(source, PLAIN, 3)


def test_the_masks_are_what_is_learned_where_there_are_no_labels():
    image, mask = next(iter(masked().numpy()))
    batch = masked().batch(0, 0)
    assert np.array_equal(mask, batch.mask)
    assert (mask.shape, image.shape) == ((3, 8, 8), (3, 8, 8, 3))


def test_several_outputs_are_a_dictionary():
    _, y = next(iter(several().numpy()))
    assert (y["kind"].dtype, y["age"].dtype) == (np.int64, np.float32)
    assert y["age"].tolist() == [0.5] * 3


@pytest.mark.parametrize("loader", [masked, several])
def test_every_framework_has_them(loader):
    expected = loader().batch(0, 0).y
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    pytest.importorskip("keras")
    for adapter in ("torch", "jax"):
        _, y = next(iter(getattr(loader(), adapter)()))
        if isinstance(expected, dict):
            assert all(np.array_equal(np.asarray(y[name]), expected[name]) for name in expected)
        else:
            assert np.array_equal(np.asarray(y), expected)
    _, y = loader().keras()[0]
    assert y.keys() == expected.keys() if isinstance(expected, dict) else np.array_equal(y, expected)


def test_weights_reach_keras():
    pytest.importorskip("keras")
    loader = aug.Loader(aug.from_arrays(X, [0, 1] * 3, weight=np.arange(6)), PLAIN, 6, shuffle=False)
    _, label, weight = loader.keras()[0]
    assert label.tolist() == [0, 1] * 3
    assert weight.tolist() == list(range(6))
