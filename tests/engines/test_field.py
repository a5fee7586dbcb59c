"""reference = native, for warps with every kind of field, whatever they read and write."""

import io

import numpy as np
import pytest
from conftest import encoded
from PIL import Image

import augstream as aug
from augstream import _core
from augstream.engines import native, reference
from augstream.plan.fuse import fuse
from augstream.plan.kinds.field import Field, around
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame
from augstream.plan.plan import verify

BORDERS = ["constant", "edge", "symmetric", "reflect", "wrap", "overlap"]
PEAKS = {"uint8": 255, "uint16": 65535, "float32": 1}
EYE = np.eye(3)
TURN = np.array([[0.9123, -0.3017, 12.0], [0.2519, 0.9534, -7.0], [0, 0, 1]])  # no place lies on an edge
LEAN = np.array([[1.1, 0.1, -3.0], [0.05, 0.9, 4.0], [1e-3, -5e-4, 1]])
SHRINK = np.array([[2.3, 0.1, -3.0], [0.0, 2.6, 4.0], [0, 0, 1]])
MIRROR = np.array([[-1.0, 0, 83.0], [0, 1, 2.0], [0, 0, 1]])


def picture(height=61, width=83, channels=3, dtype="uint8", seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / rng.uniform(3, 9)) * np.cos(y / rng.uniform(3, 9) + k) for k in range(channels)]
    return ((0.5 + 0.45 * np.stack(waves, -1)) * PEAKS[dtype]).astype(dtype)


def field(kind, seed=0, size=(61, 83), matrix=EYE, far=4.0, nodes=(7, 9)):
    """A field of this kind for one image."""
    rng = np.random.default_rng(seed)
    box = around(np.array([size]))
    key = None
    if kind == "smooth":
        values = rng.uniform(-far, far, (1, *nodes, 2))
    elif kind == "tiles":
        values, box = np.round(rng.uniform(-far, far, (1, 3, 4, 2))), box + 0.01
    else:
        values, key = np.full((1, 1, 1, 2), np.round(far)), np.array([99 + seed], np.uint64)
    return Field(values, box, matrix[None], kind, key)


def plan_of(images, own, matrix=EYE, border="edge", interpolation="bilinear", size=None, **how):
    h, w, c = images[0].shape
    frame = Frame(np.array([[h, w]]), c, PEAKS[images[0].dtype.name])
    fill = np.full((1, 1), frame.peak / 3) if border == "constant" else None
    out = np.array([size or (h, w)])
    plan = fuse([Warp(matrix[None], out, border, fill, interpolation, field=own, **how)], frame)
    verify(plan)
    return plan


def assert_agree(images, plan, dtype="float32", most=1.0):
    want = np.stack(reference.run(images, plan))
    got, errors = native.run(images, plan, dtype=dtype)
    assert errors == [None]
    if dtype == "uint8":
        want = np.clip(np.rint(want), 0, 255)
    gap = np.abs(got - want) * (255 / PEAKS[images[0].dtype.name])
    assert gap.max() <= most, gap.max()


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("matrices", [(EYE, EYE), (TURN, EYE), (EYE, LEAN), (LEAN, TURN), (SHRINK, EYE), (EYE, SHRINK)])
def test_smooth_fields(border, interpolation, matrices):
    first, second = matrices
    images = [picture()]
    plan = plan_of(images, field("smooth", matrix=second), first, border, interpolation)
    assert_agree(images, plan)


def test_a_hair_before_the_seam_of_a_wrapped_image():
    images = [picture()]
    matrix = np.array([[1, 0.01, 0], [0, 1, -3e-8], [0, 0, 1]])
    assert_agree(images, plan_of(images, None, matrix, "wrap"), most=0.01)


@pytest.mark.parametrize("kind", ["tiles", "pixels"])
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("matrices", [(EYE, EYE), (MIRROR, EYE), (EYE, MIRROR), (EYE, TURN)])
def test_fields_of_whole_pixels(kind, border, matrices):
    first, second = matrices
    for dtype in ("uint8", "float32"):
        images = [picture(dtype=dtype)]
        plan = plan_of(images, field(kind, matrix=second), first, border)
        assert_agree(images, plan, most=0.01 if second is not TURN else 1)
        if dtype == "uint8":
            assert_agree(images, plan, "uint8", most=1 if second is TURN else 0)


@pytest.mark.parametrize("kind", ["smooth", "tiles", "pixels"])
@pytest.mark.parametrize("dtype", list(PEAKS))
@pytest.mark.parametrize("channels", [1, 3, 4, 6])
def test_types_and_channels(kind, dtype, channels):
    images = [picture(channels=channels, dtype=dtype)]
    assert_agree(images, plan_of(images, field(kind), TURN if kind == "smooth" else EYE), most=0.05)


@pytest.mark.parametrize("kind", ["smooth", "tiles"])
def test_nearest_takes_pixels_as_they_are(kind):
    """But for places within a thousandth of a pixel of an edge, which either pixel may be."""
    images = [picture()]
    plan = plan_of(images, field(kind), TURN, "edge", "nearest")
    want = np.stack(reference.run(images, plan))
    for dtype in ("uint8", "float32"):
        got, _ = native.run(images, plan, dtype=dtype)
        assert (got != want).any(axis=3).mean() < 2e-3


@pytest.mark.parametrize("border", ["constant", "edge", "reflect"])
@pytest.mark.parametrize("sub", [0, 1, 2], ids=["444", "422", "420"])
@pytest.mark.parametrize("kind", ["smooth", "tiles", "pixels"])
def test_planes_of_a_jpeg(border, sub, kind):
    """Chroma is read between its samples, where Pillow's pixels are already made of them."""
    y, x = np.mgrid[:96, :128]
    smooth = np.stack([128 + 90 * np.sin(x / 19 + k) * np.cos(y / 23) for k in range(3)], axis=2).astype(np.uint8)
    data = encoded(smooth, subsampling=sub)
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    plan = plan_of([pixels], field(kind, size=(96, 128)), TURN if kind == "smooth" else EYE, border)
    want = np.stack(reference.run([pixels], plan))
    got, errors = native.run([data], plan)
    assert errors == [None]
    gap = np.abs(got - want)
    assert gap.mean() < 1.5
    assert np.quantile(gap, 0.99) < 6


def test_a_part_of_a_mix_is_that_of_the_whole():
    images = [picture(seed=k) for k in range(4)]
    frame = Frame(np.array([[61, 83]] * 4))
    from planned import assert_lawful

    for row in ([aug.Elastic(0.05), aug.CutMix()], [aug.GridShuffle(2), aug.CutMix()], [aug.Wave(0.05), aug.CutMix()]):
        assert_lawful(row, images, range(3))
    assert len(frame) == 4


@pytest.mark.parametrize("kind", ["smooth", "tiles", "pixels"])
def test_images_alone_threads_and_layouts_change_nothing(kind):
    transform = {"smooth": aug.Elastic(), "tiles": aug.GridShuffle(), "pixels": aug.PixelSpread()}[kind]
    images = [picture(seed=k) for k in range(6)]
    plan = aug.Compose([transform]).plan(0, 0, np.arange(6), Frame(np.array([[61, 83]] * 6)))
    made, _ = native.run(images, plan, dtype="uint8")
    other, _ = native.run(images, plan, dtype="uint8", pool=_core.Pool(3), layout="NCHW")
    np.testing.assert_array_equal(other.transpose(0, 2, 3, 1), made)
    alone = aug.Compose([transform]).plan(0, 0, np.array([4]), Frame(np.array([[61, 83]])))
    np.testing.assert_array_equal(native.run([images[4]], alone, dtype="uint8")[0][0], made[4])


@pytest.mark.parametrize("kind", ["smooth", "tiles", "pixels"])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 2)])
def test_tiny_images(kind, size):
    images = [picture(*size)]
    for border in BORDERS:
        for matrix in (EYE, LEAN):
            plan = plan_of(images, field(kind, size=size), matrix, border, size=(7, 70))
            assert_agree(images, plan)


WILD = [1e300, -1e300, 1e18, 1e9, -1e9, 1e-300]


@pytest.mark.parametrize("kind", ["smooth", "tiles", "pixels"])
def test_wild_numbers_read_nothing_outside(kind):
    """The result is of no use; that nothing is touched which is not the image's is what the sanitizers see to."""
    images = [picture(20, 30)]
    for wild in WILD:
        for place in range(9):
            for which in range(2):
                matrices = [EYE.copy(), EYE.copy()]
                matrices[which].reshape(-1)[place] = wild
                own = field(kind, size=(20, 30), matrix=matrices[1], far=30000.0)
                for border in ("edge", "reflect", "constant"):
                    plan = plan_of(images, own, matrices[0], border)
                    for dtype in ("uint8", "float32"):
                        made, _ = native.run(images, plan, dtype=dtype)
                        assert made.shape == (1, 20, 30, 3)
        box = np.array([[min(wild, 0.0), 0, max(wild, 1.0), 1]])
        if abs(wild) <= 1e9 and kind != "pixels":
            own = field(kind, size=(20, 30), far=30000.0)
            plan = plan_of(images, Field(own.nodes, box, own.matrix, kind, own.key))
            native.run(images, plan, dtype="uint8")
