"""reference = native, for every kind of op, border, interpolation, dtype and layout."""

import io
import pickle

import numpy as np
import pytest
from PIL import Image

from augstream import _core
from augstream.decode.sample import Stack
from augstream.engines import native, reference
from augstream.engines.default import default_engine
from augstream.engines.engine import dtype_of
from augstream.engines.exact import Exact
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.filter import Filter
from augstream.plan.kinds.noise import Noise
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame
from augstream.plan.plan import Plan
from augstream.plan.step import Group, Step

BORDERS = ["constant", "edge", "symmetric", "reflect", "wrap", "overlap"]
LEVELS = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


def picture(height=61, width=83, channels=3, dtype="uint8", seed=0):
    """Smooth waves with some grain: neither flat nor pure noise, where a wrong place shows as a wrong level."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / rng.uniform(3, 9) + rng.uniform(0, 6)) * np.cos(y / rng.uniform(3, 9)) for _ in range(channels)]
    levels = np.clip(0.5 + 0.4 * np.stack(waves, -1) + rng.normal(0, 0.05, (height, width, channels)), 0, 1)
    return (levels * LEVELS[dtype]).astype(dtype)


def jpeg(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def turned(height, width, out, degrees=0.0, scale=1.0, shift=(0.0, 0.0), perspective=(0.0, 0.0)):
    """Output-to-input matrix (1, 3, 3): the image turned and shrunk by `scale` about its center."""
    a = np.deg2rad(degrees)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]) @ np.diag([scale, scale, 1])
    there, back = np.eye(3), np.eye(3)
    there[:2, 2] = -out[1] / 2, -out[0] / 2
    back[:2, 2] = width / 2 + shift[0], height / 2 + shift[1]
    bend = np.eye(3)
    bend[2, :2] = perspective
    return (back @ turn @ bend @ there)[None]


def plan_of(images, *steps):
    h, w, c = images[0].shape
    n = len(images)
    frame = Frame(np.tile([[h, w]], (n, 1)), c, LEVELS[images[0].dtype.name])
    after = frame
    for step in steps:
        for op in step.ops:
            after = after.after(op)
    return Plan((Group(None, None, steps),), frame, after)


def assert_engines_agree(images, plan, most=1.0, dtype="float32", layout="NHWC"):
    """Both engines give the same levels within `most` 255ths of the range, and a quarter of it on average.

    The core keeps bytes between the prefilter and the warp, so that two roundings make up to one level.
    """
    want = np.stack(reference.run(images, plan))
    got, errors = native.run(images, plan, dtype=dtype, layout=layout)
    assert errors == [None] * len(images)
    if layout == "NCHW":
        got = got.transpose(0, 2, 3, 1)
    peak = plan.frame_out.peak or 1.0
    if np.dtype(dtype_of(dtype)).kind == "u":
        want = np.clip(want, 0, np.iinfo(dtype).max)
    gap = np.abs(got.astype(np.float64) - want) * (255 / peak)
    assert got.shape == want.shape
    assert gap.mean() <= most / 4 + 1e-3
    assert gap.max() <= most


def warp(matrix, size, border="edge", interpolation="bilinear", fill=0.0, n=1, antialias=True):
    sizes = np.tile([size], (n, 1))
    return Warp(np.repeat(matrix, n, 0), sizes, border, np.full((n, 1), fill), interpolation, antialias)


@pytest.mark.parametrize("scale", [1.2, 1.7, 2.3, 3.4, 5.0])
def test_noise_of_full_contrast_agrees(scale):
    rng = np.random.default_rng(0)
    image = (rng.random((90, 120, 3)) < 0.5).astype(np.uint8) * 255
    assert_engines_agree([image], plan_of([image], Step(warp(turned(90, 120, (30, 40), 25, scale), (30, 40)))))


def test_the_helper_sees_a_shift_of_half_a_pixel():
    image = picture()
    plan = plan_of([image], Step(warp(turned(61, 83, (40, 50)), (40, 50))))
    shifted = plan_of([image], Step(warp(turned(61, 83, (40, 50), shift=(0.5, 0)), (40, 50))))
    want, (got, _) = reference.run([image], plan)[0], native.run([image], shifted)
    assert np.abs(got[0] - want).mean() > 1


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("scale", [0.4, 1.0, 1.4, 2.3, 3.7, 7.1])
@pytest.mark.parametrize("degrees", [0, 17, 90, 180, -130])
@pytest.mark.parametrize("antialias", [True, False])
def test_warps_agree(border, interpolation, scale, degrees, antialias):
    image = picture(height=120, width=150)
    size = (31, 43)
    matrix = turned(120, 150, size, degrees, scale, shift=(9.3, -12.8))
    plan = plan_of([image], Step(warp(matrix, size, border, interpolation, 40.0, antialias=antialias)))
    if interpolation == "nearest":  # a place between two pixels may fall to either side
        want, (got, _) = reference.run([image], plan)[0], native.run([image], plan)
        assert (np.abs(got[0] - want) > 0.01).mean() < 0.01
    else:
        assert_engines_agree([image], plan)


@pytest.mark.parametrize("border", BORDERS)
def test_perspective_warps_agree(border):
    image = picture()
    matrix = turned(61, 83, (50, 60), 12, 1.2, perspective=(0.002, -0.004))
    assert_engines_agree([image], plan_of([image], Step(warp(matrix, (50, 60), border, fill=99.0))))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("out", [40, 12])
@pytest.mark.parametrize("side", [400, 401])
def test_shrinking_warps_agree_where_boxes_do_not_divide_the_side(border, out, side):
    """The last box of a reduced plane reaches beyond the image, which goes on with its last pixels there."""
    image = np.full((side, side, 1), 250, np.uint8)
    image[-3:] = image[:, -3:] = 0
    matrix = turned(side, side, (out, out), 30, side / out)
    assert_engines_agree([image], plan_of([image], Step(warp(matrix, (out, out), border))), most=0.05)


@pytest.mark.parametrize("size", [(1, 3), (3, 1), (2, 2)])
@pytest.mark.parametrize("gain", [3.0, 80.0, 900.0])
def test_a_border_fades_over_half_an_output_pixel_however_far_the_image_shrinks(size, gain):
    image = picture(*size)
    matrix = np.array([[[gain, 0, -2 * gain], [0, gain, -1.7 * gain], [0, 0, 1]]])
    assert_engines_agree([image], plan_of([image], Step(warp(matrix, (4, 5), "constant", fill=50.0))), most=0.05)


def test_levels_that_are_no_numbers_become_the_lowest():
    image = picture(dtype="float32")
    image[3:5, :, 1] = np.nan
    kept = np.tile(np.eye(3, 4), (1, 1, 1))
    clip = np.tile([0.25, 0.5], (1, 3, 1))
    for op, least in (
        (Color(kept, clip), 0.25),
        (Curve(np.linspace(0.1, 0.9, 256)[None, None], 1.0), 0.1),
        (Noise(np.full((1, 3), 0.1), np.array([7], np.uint64), 0.9, 0.2), 0.2),
    ):
        plan = plan_of([image], Step(None, (op,)))
        want, (got, _) = reference.run([image], plan)[0], native.run([image], plan)
        assert np.allclose(got[0], want, atol=1e-4, equal_nan=True)
        assert np.allclose(want[3:5, :, 1], least)


def test_a_mean_behind_a_head_that_looks_around_is_refused():
    image = picture()
    kernel, reach = _core.gaussians(np.array([2.0]))
    blur = Filter(kernel, kernel, reach)
    mean = Shapes(np.array([[[2.0, 2, 9, 9]]]), "mean", 3)
    _, (error,) = native.run([image], plan_of([image], Step(blur, (mean,))))
    assert error == "a point that measures its image stands behind a head"


def test_a_perspective_that_looks_behind_the_camera_is_the_border():
    image = picture()
    matrix = turned(61, 83, (50, 60), 0, 1.0, perspective=(0.09, 0.0))
    plan = plan_of([image], Step(warp(matrix, (50, 60), "constant", fill=7.0)))
    got, _ = native.run([image], plan)
    assert np.allclose(got[0, :, :10], 7.0)
    assert np.isfinite(got).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("degrees", [0, 30])
def test_any_channels_dtype_and_layout(channels, dtype, layout, degrees):
    images = [picture(channels=channels, dtype=dtype, seed=s) for s in range(3)]
    matrix = turned(61, 83, (37, 45), degrees, 1.5)
    plan = plan_of(images, Step(warp(matrix, (37, 45), n=3)))
    for out in ("float32", dtype):
        most = 0.01 if dtype != "uint8" else 1.0 if out == "float32" else 1.5  # where the result is rounded too
        assert_engines_agree(images, plan, most, out, layout)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("width", [1, 5, 45])
def test_half_floats_are_rounded_to_nearest(dtype, layout, width):
    kind = dtype_of(dtype) if dtype == "float16" else pytest.importorskip("ml_dtypes").bfloat16
    image = picture(dtype="float32")
    plan = plan_of([image], Step(warp(turned(61, 83, (37, width), 20, 1.1), (37, width))))
    exact, _ = native.run([image], plan, layout=layout)
    got, _ = native.run([image], plan, dtype=dtype, layout=layout)
    assert got.dtype == kind
    assert np.array_equal(got.astype(np.float32), exact.astype(kind).astype(np.float32))


def test_points_agree_on_every_number_of_channels():
    rng = np.random.default_rng(1)
    for channels in (1, 2, 3, 4, 6):
        image = picture(channels=channels)
        matrix = np.eye(channels, channels + 1)[None] + rng.normal(0, 0.2, (1, channels, channels + 1))
        clip = np.tile([[[20.0, 230.0]]], (1, channels, 1))
        table = np.sort(rng.uniform(0, 255, (1, channels, 256)), -1)
        points = (
            Color(matrix, clip),
            Curve(table, 255.0),
            Curve(table[:, :1], 255.0, steps=True),
            Color(np.eye(channels, channels + 1)[None] / 255, None),
        )
        assert_engines_agree([image], plan_of([image], Step(None, points[:2])), most=0.05)
        assert_engines_agree([image], plan_of([image], Step(None, points[1:2] + points[3:])), most=0.05)
        # A stepped curve may take the neighboring entry where a level stands half-way.
        got, want = native.run([image], plan_of([image], Step(None, points)))[0][0], None
        want = reference.run([image], plan_of([image], Step(None, points)))[0]
        assert (np.abs(got - want) > 1e-4).mean() < 0.01


def test_a_curve_leaves_samples_alone_that_it_is_not_for():
    images = [picture(dtype="float32", seed=s) * 1.5 for s in range(2)]
    table = np.repeat(np.linspace(0, 1, 256)[None, None] // 0.25 * 0.25, 2, 0)
    plan = plan_of(images, Step(None, (Curve(table, 1.0, steps=True).where(np.array([False, True]), None),)))
    (alone, stepped), _ = native.run(images, plan)
    assert np.array_equal(alone, images[0])
    assert len(np.unique(stepped)) <= 5
    assert np.array_equal(reference.run(images, plan)[0], images[0])


def test_several_passes_agree():
    images = [picture(seed=s) for s in range(2)]
    first = Step(warp(turned(61, 83, (70, 90), 33, 0.9), (70, 90), "symmetric", n=2), (Curve(gamma(2), 255.0),))
    second = Step(warp(turned(70, 90, (40, 40), -21, 1.6), (40, 40), "constant", n=2, fill=30.0))
    third = Step(warp(turned(40, 40, (40, 40), 90), (40, 40), None, None, n=2))
    assert_engines_agree(images, plan_of(images, first, second, third))


def gamma(n):
    return np.tile(255 * (np.linspace(0, 1, 256) ** 0.5), (n, 1, 1))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_tiny_pictures_agree(shape, border, interpolation):
    image = picture(*shape)
    for degrees in (0, 90, 25):
        plan = plan_of([image], Step(warp(turned(*shape, (5, 6), degrees, 0.7), (5, 6), border, interpolation, 50.0)))
        want, (got, _) = reference.run([image], plan)[0], native.run([image], plan)
        assert (np.abs(got[0] - want) > 0.1).mean() <= (0.1 if interpolation == "nearest" else 0)


@pytest.mark.parametrize(
    "matrix", [np.diag([1e9, 1e9, 1.0]), np.diag([1e-9, 1e-9, 1.0]), np.zeros((3, 3)), np.full((3, 3), np.nan)]
)
@pytest.mark.parametrize("border", BORDERS)
def test_absurd_matrices_stay_inside_the_picture(matrix, border):
    image = picture()
    for interpolation in ("nearest", "bilinear", "bicubic"):
        _, errors = native.run([image], plan_of([image], Step(warp(matrix[None], (20, 20), border, interpolation))))
        assert errors == [
            None if np.isfinite(matrix).all() and matrix[2, 2] else "the plan holds a matrix that is not finite"
        ]


def test_one_thread_is_many_threads():
    images = [picture(seed=s) for s in range(13)]
    plan = plan_of(images, Step(warp(turned(61, 83, (40, 50), 20, 1.3), (40, 50), n=13)))
    alone, _ = native.run(images, plan)
    for threads in (1, 3, 16):
        got, _ = native.run(images, plan, pool=native._core.Pool(threads))
        assert np.array_equal(got, alone)


def test_a_batch_is_its_samples():
    images = [picture(seed=s) for s in range(4)]
    matrices = [turned(61, 83, (40, 50), 10 * s, 1 + s) for s in range(4)]
    together, _ = native.run(
        images,
        plan_of(images, Step(Warp(np.concatenate(matrices), np.tile([[40, 50]], (4, 1)), "edge", None, "bilinear"))),
    )
    for one, matrix, image in zip(together, matrices, images, strict=True):
        alone, _ = native.run([image], plan_of([image], Step(warp(matrix, (40, 50)))))
        assert np.array_equal(alone[0], one)


def test_a_flip_moves_pixels_and_changes_none():
    image = picture(dtype="uint16", channels=2)

    flip = np.array([[[-1.0, 0, 83], [0, 1, 0], [0, 0, 1]]])
    got, _ = native.run([image], plan_of([image], Step(warp(flip, (61, 83), None, None))), dtype="uint16")
    assert np.array_equal(got[0], image[:, ::-1])
    turn = np.array([[[0.0, 1, 0], [-1, 0, 61], [0, 0, 1]]])
    got, _ = native.run([image], plan_of([image], Step(warp(turn, (83, 61), None, None))), dtype="uint16")
    assert np.array_equal(got[0], np.rot90(image, -1))


def test_the_slots_give_memory_back_only_when_no_view_is_left():
    slots = native._core.Slots(2)
    first = native.empty((2, 3), "float32", slots)
    part = first[1:]
    where = first.ctypes.data
    del first
    assert native.empty((2, 3), "float32", slots).ctypes.data != where
    del part
    assert native.empty((2, 3), "float32", slots).ctypes.data == where


def test_the_core_refuses_what_it_would_have_to_copy():
    image = picture()
    plan = plan_of([image], Step(None))
    for wrong in (image[:, ::-1], image.astype(np.float64), image[0]):
        with pytest.raises(TypeError):
            native.run([wrong], plan)
    for number in (-1, 2):
        with pytest.raises(ValueError, match="no image"):
            native.run(Stack(np.stack([image, image]), np.array([number])), plan)


@pytest.mark.parametrize("border", ["constant", "symmetric"])
def test_a_picture_whose_padded_rows_cannot_be_addressed_is_refused(border):
    """One pixel wide, but 64 with the padding: 2^31 of them."""
    tall = np.zeros((1 << 25, 1, 1), np.uint8)
    frame = Frame(np.array([tall.shape[:2]]), 1)
    fill = np.zeros((1, 1)) if border == "constant" else None
    turn = Warp(np.array([[[0.6, 0.8, 0], [-0.8, 0.6, 0], [0, 0, 1]]]), np.array([[4, 4]]), border, fill, "bilinear")
    _, (error,) = native.run([tall], Plan((Group(None, None, (Step(turn),)),), frame, frame.after(turn)))
    assert error == "an image of 33554432 x 1 pixels is more than the core can address"


ENGINES = [default_engine(), Exact()]


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_every_engine_answers_the_same_protocol(dtype, layout):
    images = [picture(seed=seed) for seed in (0, 1)]
    plan = plan_of(images, Step(warp(turned(61, 83, (40, 50), 10), (40, 50), n=2)))
    (one, none), (other, nothing) = (engine.run(images, plan, dtype=dtype, layout=layout) for engine in ENGINES)
    assert none == nothing == [None, None]
    assert one.dtype == other.dtype == dtype
    assert one.shape == other.shape == ((2, 40, 50, 3) if layout == "NHWC" else (2, 3, 40, 50))
    assert np.abs(one.astype(np.float64) - other.astype(np.float64)).max() <= 1.5


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: type(engine).__name__)
def test_running_from_blocks_is_running_from_files(engine):
    files = [jpeg(picture(seed=seed)) for seed in (0, 1)]
    plan = plan_of([picture(), picture()], Step(warp(turned(61, 83, (20, 25), 10, 3), (20, 25), n=2)))
    blocks, reasons = engine.decode(files, plan)
    assert reasons == [None, None]
    assert all(isinstance(block, np.ndarray) for block in blocks)
    np.testing.assert_array_equal(engine.run(blocks, plan)[0], engine.run(files, plan)[0])
    stored = np.array([(61, 83)] * 2)
    assert engine.scales(plan, stored).tolist() == [engine.hint(plan, row, (61, 83))[-1] for row in (0, 1)]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: type(engine).__name__)
def test_a_broken_file_is_a_reason_and_a_black_picture(engine):
    files = [jpeg(picture()), b"no picture"]
    plan = plan_of([picture(), picture()], Step(None))
    out, reasons = engine.run(files, plan)
    assert reasons[0] is None
    assert reasons[1]
    assert out[0].any()
    assert not out[1].any()


def test_an_engine_survives_pickling():
    assert type(pickle.loads(pickle.dumps(default_engine()))) is type(default_engine())
