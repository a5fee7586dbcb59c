"""Kernels, ranks and zoom blurs in the core against their definitions in NumPy."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import scene
from planned import fast, shown

import augstream as aug
from augstream import _core
from augstream.engines import native
from augstream.plan.kinds.filter import Filter
from augstream.plan.kinds.kernel import Kernel
from augstream.plan.kinds.radial import Radial
from augstream.plan.kinds.rank import Rank
from augstream.plan.plan import Plan, verify
from augstream.plan.step import Group, Step

BORDERS = ("constant", "edge", "symmetric", "reflect", "wrap")
SHAPES = [(1, 1, 1), (2, 3, 3), (37, 131, 3), (70, 63, 1), (5, 64, 4), (9, 65, 5), (1, 90, 2), (90, 1, 3)]
RNG = np.random.default_rng(3)
GRID = np.mgrid[-4:5, -4:5]
KERNELS = {
    "a disc": (np.hypot(*GRID) < 4.2) / (np.hypot(*GRID) < 4.2).sum(),
    "a box": np.full((3, 5), 1 / 15),
    "sharp": np.array([[-1.0, -1, -1], [-1, 9, -1], [-1, -1, -1]]),
    "a row": RNG.normal(0, 0.3, (1, 7)),
    "a column": RNG.normal(0, 0.3, (7, 1)),
    "of rank one": np.outer([0.1, 0.5, 0.9, -0.3, 0.2], [1, -0.2, 0.5]),
    "anything": RNG.normal(0, 0.2, (5, 7)),
    "a shift": np.pad([[1.0]], ((4, 0), (0, 2))),
    "nothing": np.zeros((3, 3)),
    "huge": np.array([[3e4, 0, -3e4]]),
    "tiny": np.array([[1e-7, 1e-6, 1e-7]]),
}


def picture(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max if dtype != "float32" else 1
    made = rng.integers(0, top + 1, shape) if dtype != "float32" else rng.uniform(0, 1, shape)
    return made.astype(dtype)


def plan_of(op, images):
    height, width, channels = images[0].shape
    frame = aug.Frame(np.array([[height, width]] * len(images)), channels)
    plan = Plan((Group(None, None, (Step(op),)),), frame, frame)
    verify(plan)
    return plan


def fill_of(border, channels, dtype, whole=True):
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    levels = np.round(np.linspace(0.1, 0.9, channels) * top) if dtype != "float32" else np.linspace(0.1, 0.9, channels)
    return None if border != "constant" else levels[None] + (0.25 if not whole else 0)


def assert_defined(op, image, most):
    plan = plan_of(op, [image])
    want = shown([image], plan)[0]
    assert np.abs(fast([image], plan)[0] - want).max() <= most
    return plan, want


def assert_bytes_are_the_floats_rounded(plan, image):
    """In both layouts: the one keeps the channels side by side, the other takes them apart."""
    floats = np.clip(np.rint(fast([image], plan)[0]), 0, 255)
    assert np.array_equal(fast([image], plan, "uint8")[0], floats)
    planar, errors = native.run([image], plan, dtype="uint8", layout="NCHW")
    assert not any(errors)
    assert np.array_equal(planar[0].transpose(1, 2, 0), floats)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_kernels(border, name, dtype):
    weights = KERNELS[name]
    reach = np.array([weights.shape]) // 2
    for shape in SHAPES:
        image = picture(shape, dtype)
        for whole in (True, False):
            op = Kernel(weights[None], reach, border, fill_of(border, shape[2], dtype, whole))
            size = np.abs(weights).sum() * float({"uint8": 255, "uint16": 65535, "float32": 1}[dtype])
            # Weights of bytes are whole numbers of 16 bits; means of the separable kind may be short sums.
            most = max(0.1 if weights.min() >= 0 else 0, 2e-4 * size) if dtype == "uint8" else 3e-6 * size
            plan, _ = assert_defined(op, image, most + 1e-6)
            if dtype == "uint8":
                assert_bytes_are_the_floats_rounded(plan, image)


@pytest.mark.parametrize("high", [255.0, 100.0])
def test_kernels_clip(high):
    image = picture((20, 30, 3), "uint8")
    op = Kernel(KERNELS["sharp"][None], np.array([[1, 1]]), high=high)
    plan, want = assert_defined(op, image, 0.05)
    assert (want.min(), want.max()) == (0, high)
    assert_bytes_are_the_floats_rounded(plan, image)
    floats = image.astype(np.float32)
    assert np.array_equal(fast([floats], plan_of(op, [floats]))[0], want)
    holed = floats.copy()
    holed[10, 10] = np.nan
    made = fast([holed], plan_of(op, [holed]))[0]
    assert (made[9:12, 9:12] == 0).all()


def test_each_row_has_its_own_weights_and_those_beyond_the_reach_are_not_looked_at():
    images = [scene(20, 30, k) for k in range(3)]
    weights = np.zeros((3, 9, 9))
    weights[0, 3:6, 3:6] = KERNELS["sharp"]
    weights[1] = KERNELS["a disc"]
    op = Kernel(weights, np.array([[1, 1], [4, 4], [0, 0]]))
    plan = plan_of(op, images)
    for one, other in zip(fast(images, plan), shown(images, plan), strict=True):
        assert np.abs(one - other).max() < 0.1
    wild = replace(op, weights=np.where(np.arange(9) == 0, np.where(np.arange(3) == 0, 9e9, 0)[:, None, None], weights))
    assert np.array_equal(fast(images, plan_of(wild, images))[0], fast(images, plan)[0])
    assert np.array_equal(fast(images, plan, "uint8")[2], images[2])


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("which", ["lowest", "middle", "highest"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_ranks(border, which, dtype):
    reaches = [(1, 1), (2, 2), (3, 3), (0, 2), (1, 0), (2, 1), (5, 4), (9, 8)]
    for shape in SHAPES:
        image = picture(shape, dtype)
        for reach in reaches if shape[0] * shape[1] < 5000 and dtype == "uint8" else reaches[:6]:
            for whole in (True, False):
                op = Rank(which, np.array([reach]), border, fill_of(border, shape[2], dtype, whole))
                plan, _ = assert_defined(op, image, 1e-7 if dtype == "float32" else 0)
                if dtype == "uint8":
                    assert_bytes_are_the_floats_rounded(plan, image)


@pytest.mark.parametrize("side", [31, 63, 127, 255])
def test_large_windows_over_small_images(side):
    image = picture((40, 50, 2), "uint8")
    for which in ("lowest", "middle", "highest"):
        assert_defined(Rank(which, np.array([[side // 2] * 2]), "wrap"), image, 0)


def test_medians_of_levels_that_are_all_alike_or_extreme():
    for level in (0, 1, 15, 16, 254, 255):
        image = np.full((30, 30, 1), level, np.uint8)
        for reach in (1, 2, 3, 8, 127):
            assert (fast([image], plan_of(Rank("middle", np.array([[reach] * 2])), [image]), "uint8") == level).all()
    floats = np.array([-np.inf, -1e30, -0.5, -0.0, 0.0, 0.5, 1e30, np.inf], np.float32)
    image = np.random.default_rng(0).choice(floats, (20, 20, 1))
    for reach in (1, 2, 3):
        plan = plan_of(Rank("middle", np.array([[reach] * 2])), [image])
        assert np.array_equal(fast([image], plan)[0], shown([image], plan)[0])


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("factor", [1.001, 1.05, 1.3, 2, 4])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_zoom_blurs(border, factor, dtype):
    for shape in SHAPES:
        image = picture(shape, dtype)
        op = Radial(np.array([float(factor)]), border, fill_of(border, shape[2], dtype))
        assert_defined(op, image, 2e-3 if dtype == "uint8" else 1e-5)


@pytest.mark.parametrize("size", [*range(2, 18), 31, 32, 64, 128, 129, 257, 258, 300])
def test_box_sums(size):
    reach = size // 2
    box = np.clip(size / 2 + 0.5 - np.abs(np.arange(-reach, reach + 1)), 0, 1)[None] / size
    for border in ("edge", "constant", "wrap"):
        for shape in [(37, 131, 3), (5, 64, 1), (3, 3, 4)]:
            for image in (picture(shape, "uint8"), np.full(shape, 255, np.uint8)):
                op = Filter(box, box, np.array([[reach, reach]]), border, fill_of(border, shape[2], "uint8"))
                plan, _ = assert_defined(op, image, 1e-3)
                assert_bytes_are_the_floats_rounded(plan, image)


def test_boxes_that_are_not_square():
    one, two = np.full((1, 5), 0.2), np.clip(2.5 - np.abs(np.arange(-2, 3)), 0, 1)[None] / 4
    image = picture((37, 61, 3), "uint8")
    for along, down in ((one, two), (two, one), (one, np.ones((1, 1)))):
        op = Filter(along, down, np.array([[down.shape[1] // 2, 2]]))
        plan, _ = assert_defined(op, image, 1e-3)
        assert_bytes_are_the_floats_rounded(plan, image)


def op_of(plan):
    (group,) = plan.wire()
    return list(group[2][0][0])


HOSTILE = {
    "even": (aug.Convolve(), 1, np.ones((1, 4, 3), np.float32), "weights must have an odd number"),
    "far": (aug.Convolve(), 2, np.array([[1, 2]]), "reach must be within"),
    "border": (aug.Convolve(), 3, 5, "border"),
    "fill": (aug.Convolve(), 4, np.zeros((1, 2), np.float32), "fill"),
    "which": (aug.MedianBlur(3), 1, 3, "which"),
    "negative": (aug.MedianBlur(3), 2, np.array([[-1, 1]]), "reach must be within"),
    "a huge median": (aug.MedianBlur(3), 2, np.array([[1, 128]]), "reach must be within"),
    "a huge minimum": (aug.Erode(3), 2, np.array([[1, 1 << 40]]), "reach must be within"),
    "no zoom": (aug.ZoomBlur(1.1), 1, np.array([np.nan]), "factor must be 1 to 4"),
    "out": (aug.ZoomBlur(1.1), 1, np.array([0.5]), "factor must be 1 to 4"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_wrong_is_said(name):
    transform, field, value, words = HOSTILE[name]
    image = scene(9, 9, 0)
    op = op_of(aug.Compose([transform]).plan(0, 0, np.arange(1), aug.Frame(np.array([[9, 9]]))))
    op[field] = value
    with pytest.raises(ValueError, match=words):
        _core.Pool(0).run(
            [image], [(None, None, ((tuple(op), ()),))], 3, np.zeros((1, 9, 9, 3), np.uint8), "uint8", False
        )


def test_weights_that_are_no_numbers_crash_nothing():
    image = scene(9, 9, 0)
    for value in (np.nan, np.inf, -np.inf, 3e38):
        weights = np.full((1, 3, 3), value, np.float32)
        op = op_of(aug.Compose([aug.Convolve()]).plan(0, 0, np.arange(1), aug.Frame(np.array([[9, 9]]))))
        op[1] = weights
        out = np.zeros((1, 9, 9, 3), np.uint8)
        assert _core.Pool(0).run([image], [(None, None, ((tuple(op), ()),))], 3, out, "uint8", False) == []


NEIGHBORS = [
    aug.BoxBlur(4),
    aug.BoxBlur(7),
    aug.GaussianBlur(2),
    aug.MedianBlur(3),
    aug.MedianBlur(5),
    aug.MedianBlur(9),
    aug.MedianBlur(17),
    aug.Erode(5),
    aug.Dilate(13),
    aug.Sharpen(),
    aug.Defocus(3),
    aug.UnsharpMask(),
    aug.ZoomBlur(1.2),
]


@pytest.fixture
def any_instruction_set():
    yield
    _core.use_instruction_set()


@pytest.mark.parametrize("transform", NEIGHBORS, ids=repr)
def test_every_instruction_set_does_the_same(any_instruction_set, transform):
    for image in (scene(37, 75, 0), scene(37, 75, 1).astype(np.float32) / 255):
        frame = aug.Frame(np.array([[37, 75]]), 3, 255.0 if image.dtype == np.uint8 else 1.0)
        plan = aug.Compose([transform]).plan(0, 0, np.arange(1), frame)
        made = []
        for name in ("", *_core.instruction_sets()):
            _core.use_instruction_set(name, False)
            made.append((fast([image], plan)[0], fast([image], plan, "uint8")[0].astype(int)))
        for floats, levels in made[1:]:
            assert np.abs(floats - made[0][0]).max() <= 1e-6 * frame.peak
            assert np.abs(levels - made[0][1]).max() <= 1  # where a float lies in the middle of two
