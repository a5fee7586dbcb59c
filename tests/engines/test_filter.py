"""Separable filters in the core against their definition in NumPy, in double precision."""

import io

import numpy as np
import pytest
from PIL import Image

from augstream import _core

FILTER, COLOR, CURVE = 3, 1, 2
BORDERS = {"constant": 0, "edge": 1, "symmetric": 2, "reflect": 3, "wrap": 4}
PADS = {"constant": None, "edge": "edge", "symmetric": "symmetric", "reflect": "reflect", "wrap": "wrap"}


def run(images, steps, dtype="float32", channels=None, layout="NHWC"):
    """Images of one size through (head, points) steps."""
    h, w, c = channels if channels else images[0].shape
    out = np.zeros((len(images), c, h, w) if layout == "NCHW" else (len(images), h, w, c), dtype)
    failures = _core.Pool(0).run(list(images), [(None, None, steps)], c, out, dtype, layout == "NCHW")
    assert failures == []
    return out


def blur(kernels, border="edge", fill=None):
    """An op of one row per (along, down)."""
    widest = [max(len(k[axis]) for k in kernels) for axis in (0, 1)]
    rows = [np.stack([np.pad(k[a], (widest[a] - len(k[a])) // 2) for k in kernels]) for a in (0, 1)]
    reach = np.array([[len(down) // 2, len(along) // 2] for along, down in kernels], np.int64)
    fill = None if fill is None else np.ascontiguousarray(fill, np.float32)
    return (FILTER, rows[0].astype(np.float32), rows[1].astype(np.float32), reach, BORDERS[border], fill, None)


def gaussian(sigma):
    x = np.arange(-int(np.ceil(3 * sigma)), int(np.ceil(3 * sigma)) + 1)
    weights = np.exp(-0.5 * (x / sigma) ** 2)
    return (weights / weights.sum()).astype(np.float32)


def defined(image, along, down, border, fill):
    """out(x, y) = sum of along[i] * down[j] * in(x + i - rx, y + j - ry)."""
    x = image.astype(np.float64)
    ry, rx = len(down) // 2, len(along) // 2
    if border == "constant":
        padded = np.broadcast_to(fill, (x.shape[0] + 2 * ry, x.shape[1] + 2 * rx, x.shape[2])).astype(np.float64)
        padded[ry : ry + x.shape[0], rx : rx + x.shape[1]] = x
    else:
        padded = np.pad(x, ((ry, ry), (rx, rx), (0, 0)), PADS[border])
    mixed = sum(w * padded[:, i : i + x.shape[1]] for i, w in enumerate(along.astype(np.float64)))
    return sum(w * mixed[j : j + x.shape[0]] for j, w in enumerate(down.astype(np.float64)))


def picture(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        return rng.normal(0, 1, shape).astype(np.float32)
    return rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


KERNELS = {
    "sigma 0.4": (gaussian(0.4), gaussian(0.4)),
    "sigma 1": (gaussian(1), gaussian(1)),
    "sigma 9": (gaussian(9), gaussian(9)),
    "sigma 13": (gaussian(13), gaussian(13)),
    "along only": (gaussian(2), np.float32([1])),
    "down only": (np.float32([1]), gaussian(2)),
    "a box": (np.full(5, 0.2, np.float32), np.full(3, 1 / 3, np.float32)),
    "a shift": (np.float32([0, 0, 1]), np.float32([1, 0, 0])),
    "negative": (np.float32([-0.5, 2, -0.5]), np.float32([0.25, 0.5, 0.25])),
    "an edge": (np.float32([-1, 0, 1]), np.float32([1, 2, 1])),
}


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_filters_are_what_they_are_defined_as(border, kernel, dtype):
    along, down = KERNELS[kernel]
    for shape in [(1, 1, 1), (2, 3, 3), (37, 131, 3), (130, 63, 1), (5, 64, 4), (9, 65, 5), (1, 300, 2)]:
        image = picture(shape, dtype)
        fill = np.arange(shape[2], dtype=np.float32) * 31
        got = run([image], [(blur([(along, down)], border, [fill]), ())])[0]
        want = defined(image, along, down, border, fill)
        # Bytes are summed in 16 bits where that is close enough to be rounded alike.
        highest = max(np.abs(image.astype(np.float64)).max(), fill.max())
        most = 0.1 if dtype == "uint8" else 1e-6 * highest * np.abs(along).sum() * np.abs(down).sum()
        assert np.abs(got - want).max() <= most + 1e-6


@pytest.mark.parametrize("sigma", [0.5, 1, 3, 7, 10])
def test_sums_in_16_bits_are_close(sigma):
    kernel = gaussian(sigma)
    for image in (picture((200, 200, 3), "uint8"), (picture((200, 200, 3), "uint8") > 127).astype(np.uint8) * 255):
        gap = run([image], [(blur([(kernel, kernel)]), ())])[0] - defined(image, kernel, kernel, "edge", None)
        assert np.abs(gap).max() < 0.1
        assert np.sqrt((gap**2).mean()) < 0.02


@pytest.mark.parametrize("sigma", [0.5, 1, 3, 10, 13])
@pytest.mark.parametrize("border", BORDERS)
def test_flat_pictures_stay_as_they_are(sigma, border):
    kernel = gaussian(sigma)
    images = [np.full((5, 70, 1), level, np.uint8) for level in range(256)]
    fill = np.arange(256, dtype=np.float32)[:, None]
    made = run(images, [(blur([(kernel, kernel)] * 256, border, fill), ())], "uint8")
    assert np.array_equal(made, np.stack(images))
    assert (run(images[:1], [(blur([(kernel, kernel)], border, fill[:1]), ())]) == 0).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_integers_are_the_floats_rounded_once(dtype, channels, layout):
    image = picture((61, 83, channels), dtype)
    for kernel in (gaussian(0.5), gaussian(3), np.float32([-0.5, 2, -0.5])):
        steps = [(blur([(kernel, kernel)]), ())]
        floats = run([image], steps, layout=layout)
        made = run([image], steps, dtype, layout=layout)
        assert np.array_equal(made, np.clip(np.rint(floats), 0, np.iinfo(dtype).max))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_each_row_has_its_own_kernel(dtype):
    images = [picture((33, 50, 3), dtype, seed) for seed in range(4)]
    one = np.float32([1])
    kernels = [(gaussian(1), gaussian(3)), (one, one), (gaussian(4), one), (gaussian(0.4), gaussian(0.4))]
    made = run(images, [(blur(kernels, "reflect"), ())])
    for image, got, (along, down) in zip(images, made, kernels, strict=True):
        assert np.abs(got - defined(image, along, down, "reflect", None)).max() < 0.1
    assert made[1].tobytes() == images[1].astype(np.float32).tobytes()
    assert run(images, [(blur(kernels, "reflect"), ())], dtype)[1].tobytes() == images[1].tobytes()


def test_weights_beyond_the_reach_are_not_looked_at():
    image = picture((20, 30, 3), "uint8")
    op = blur([(gaussian(1), gaussian(1))])
    wide = tuple(np.pad(k, ((0, 0), (9, 9)), constant_values=np.nan) for k in op[1:3])
    assert np.array_equal(run([image], [((FILTER, *wide, *op[3:]), ())]), run([image], [(op, ())]))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_points_and_further_filters_follow(dtype):
    image = picture((40, 60, 3), "uint8").astype(dtype)
    kernel = gaussian(1)
    gain = np.concatenate([np.eye(3) * 1.5, np.full((3, 1), -20)], 1)[None].astype(np.float32)
    color = (COLOR, gain, np.tile(np.float32([0, 255]), (1, 3, 1)))
    blurred = np.clip(defined(image, kernel, kernel, "edge", None) * 1.5 - 20, 0, 255)
    got = run([image], [(blur([(kernel, kernel)]), (color,))])[0]
    assert np.abs(got - blurred).max() < 0.1
    twice = run([image], [(blur([(kernel, kernel)]), (color,)), (blur([(kernel, kernel)], "wrap"), ())])[0]
    assert np.abs(twice - defined(got, kernel, kernel, "wrap", None)).max() < 1e-3


def test_a_jpeg_is_filtered_as_its_pixels_are():
    file = io.BytesIO()
    smooth = np.asarray(Image.fromarray(picture((8, 10, 3), "uint8")).resize((99, 70), Image.Resampling.BICUBIC))
    Image.fromarray(smooth).save(file, "jpeg")
    pixels = run([file.getvalue()], [], "uint8", channels=smooth.shape)[0]
    steps = [(blur([(gaussian(2), gaussian(2))]), ())]
    made = run([file.getvalue()], steps, channels=smooth.shape)
    assert np.array_equal(made, run([pixels], steps))


@pytest.mark.parametrize(("border", "mode"), [("edge", "nearest"), ("symmetric", "reflect"), ("reflect", "mirror")])
def test_scipy_agrees(border, mode):
    ndimage = pytest.importorskip("scipy.ndimage")
    image = picture((50, 70, 3), "uint8")
    got = run([image], [(blur([(gaussian(2), gaussian(2))], border), ())])[0]
    want = ndimage.gaussian_filter(image.astype(np.float64), (2, 2, 0), mode=mode, radius=(6, 6, 0))
    assert np.abs(got - want).max() < 0.05


def test_opencv_agrees():
    cv2 = pytest.importorskip("cv2")
    image = picture((50, 70, 3), "uint8")
    got = run([image], [(blur([(gaussian(2), gaussian(2))], "reflect"), ())], "uint8")[0]
    want = cv2.GaussianBlur(image.astype(np.float32), (13, 13), 2, borderType=cv2.BORDER_REFLECT_101)
    assert np.abs(got - want).max() < 0.55


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({1: np.ones((1, 4), np.float32)}, "along must have an odd number of weights"),
        ({2: np.ones((1, 4), np.float32)}, "down must have an odd number of weights"),
        ({3: np.array([[4, 1]])}, "reach must be within"),
        ({3: np.array([[1, -1]])}, "reach must be within"),
        ({4: 5}, "border"),
        ({5: np.zeros((1, 2), np.float32)}, "fill"),
    ],
)
def test_what_is_no_filter_is_refused(change, words):
    op = [*blur([(gaussian(1), gaussian(1))])]
    for k, value in change.items():
        op[k] = value
    with pytest.raises(ValueError, match=words):
        run([picture((9, 9, 3), "uint8")], [(tuple(op), ())])
