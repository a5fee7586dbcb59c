"""The numbers of masks as stored, and the classes that they stand for."""

import io
import tarfile
import warnings

import numpy as np
import pytest
from conftest import encoded, scene

import augstream as aug
from augstream.sources.targets import Targets, recoded

PATTERN = np.zeros((20, 30), np.uint8)
PATTERN[5:15, 5:20] = 255
QUIET = {255: 1}


@pytest.fixture
def pairs(tmp_path):
    """Four images, and masks of 0 and 255."""
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for number in range(4):
        (tmp_path / "images" / f"{number}.jpg").write_bytes(encoded(scene(20, 30, number)))
        (tmp_path / "masks" / f"{number}.png").write_bytes(encoded(np.roll(PATTERN, number, 1), "PNG"))
    return tmp_path


def tarred(folder):
    path = folder / "0.tar"
    with tarfile.open(path, "w") as tar:
        for number in range(4):
            for name, data in (
                (f"{number}.jpg", (folder / "images" / f"{number}.jpg").read_bytes()),
                (f"{number}.seg.png", (folder / "masks" / f"{number}.png").read_bytes()),
            ):
                about = tarfile.TarInfo(name)
                about.size = len(data)
                tar.addfile(about, io.BytesIO(data))
    return path


def table(folder):
    return {
        name: [str(folder / f"{name}s" / f"{k}.{end}") for k in range(4)]
        for name, end in (("image", "jpg"), ("mask", "png"))
    }


SOURCES = {
    "from_masks": lambda folder, **more: aug.from_masks(folder / "images", folder / "masks", **more),
    "from_masks by a function": lambda folder, **more: aug.from_masks(
        folder / "images", lambda path: folder / "masks" / f"{path.stem}.png", **more
    ),
    "from_table": lambda folder, **more: aug.from_table(table(folder), "image", mask="mask", **more),
    "from_arrays": lambda folder, **more: aug.from_arrays(
        np.stack([scene(20, 30, k) for k in range(4)]), masks=[np.roll(PATTERN, k, 1) for k in range(4)], **more
    ),
    "from_tar": lambda folder, **more: aug.from_tar(tarred(folder), mask="seg.png", label=None, **more),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_values_name_the_classes(pairs, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = SOURCES[kind](pairs, values=QUIET)
        kept = SOURCES[kind](pairs, values={})
    pipeline = aug.Compose([aug.Resize(20, 30)])
    for some, white in ((source, 1), (kept, 255), (source.subset([2, 0, 1, 3]) + source, 1)):
        mask = aug.Loader(some, pipeline, 4, shuffle=False).batch(0, 0).mask
        assert mask.dtype == np.uint8
        assert set(np.unique(mask)) == {0, white}
        assert (mask > 0).mean() == (PATTERN > 0).mean()


@pytest.mark.parametrize("kind", SOURCES)
def test_masks_of_0_and_255_are_told_of_once(pairs, kind):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        source = SOURCES[kind](pairs)
        list(aug.Loader(source, aug.Compose([]), 2))
    assert len(told) == 1
    assert str(told[0].message) == (
        f"{kind.split()[0]}: the masks seem to hold nothing but 0 and 255, and their numbers are taken as class ids. "
        "Pass values={255: 1} where 255 is class 1, or values={} where it is meant."
    )
    assert told[0].filename == __file__


@pytest.mark.parametrize("mask", [PATTERN // 255, PATTERN * 0, PATTERN // 5, PATTERN > 0])
def test_other_masks_are_not(mask):
    mask = mask.copy()
    mask[0, 0] = 2 if mask.max() > 1 else mask[0, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        aug.from_arrays(scene(20, 30)[None], masks=[mask])


def test_masks_that_cannot_be_read_are_told_of_by_the_loader(pairs):
    for path in (pairs / "masks").iterdir():
        path.write_bytes(b"nothing")
    source = aug.from_masks(pairs / "images", pairs / "masks")
    with pytest.raises(aug.SampleError, match="its mask"):
        aug.Loader(source, aug.Compose([]), 2).batch(0, 0)


@pytest.mark.parametrize("stored", ["bool", "uint8", "uint16", "int32"])
def test_numbers_that_are_not_named_stay(stored):
    numbers = np.array([[0, 1], [1, 0]]) if stored == "bool" else np.array([[0, 255], [3, 100]])
    mask = numbers.astype(stored)
    np.testing.assert_array_equal(recoded(mask, ((255, 1), (70000, 4))), np.where(numbers == 255, 1, numbers))
    assert recoded(mask, ((255, 1),)).dtype == stored


@pytest.mark.parametrize(
    ("stored", "values", "expected"),
    [
        ("bool", ((1, 5),), "uint8"),
        ("uint8", ((1, 256),), "uint16"),
        ("uint8", ((1, -1),), "int32"),
        ("uint16", ((1, 65536),), "int32"),
        ("uint16", ((1, 65535),), "uint16"),
        ("int32", ((-7, 1), (1, -7)), "int32"),
    ],
)
def test_a_dtype_without_room_for_a_class_becomes_a_wider_one(stored, values, expected):
    mask = np.array([[0, 1]]).astype(stored)
    made = recoded(mask, values)
    assert made.dtype == expected
    assert made.tolist() == [[0, dict(values)[1]]]


def test_two_numbers_may_swap_their_places():
    mask = np.array([[0, 1, 2]], np.uint8)
    assert Targets(mask).checked((1, 3), ((1, 2), (2, 1))).mask.tolist() == [[0, 2, 1]]
    assert recoded(mask.astype(np.int32), ((1, 2), (2, 1))).tolist() == [[0, 2, 1]]


@pytest.mark.parametrize("wrong", [3, [255], {"255": 1}, {255: 1.5}, {255: None}, {2**31: 1}])
def test_values_are_a_dict_of_whole_numbers(pairs, wrong):
    with pytest.raises(
        aug.ArgumentError, match=r"from_masks\.values must be a dict of whole numbers, .*values=\{255: 1\}"
    ):
        SOURCES["from_masks"](pairs, values=wrong)
