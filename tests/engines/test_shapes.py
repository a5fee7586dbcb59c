"""Boxes written over images: with levels, noise, or the mean of the image."""

import numpy as np
import pytest

from augstream import _core

COLOR, SHAPES = 1, 5
CONSTANT, NOISE, MEAN = 0, 1, 2


def run(images, points, dtype="float32", layout="NHWC"):
    h, w, c = images[0].shape
    out = np.zeros((len(images), c, h, w) if layout == "NCHW" else (len(images), h, w, c), dtype)
    programs = [(None, None, [(None, tuple(points))])]
    assert _core.Pool(0).run(list(images), programs, c, out, dtype, layout == "NCHW") == []
    return out.transpose(0, 2, 3, 1) if layout == "NCHW" else out


def shapes(boxes, channels, mode=CONSTANT, fill=None, key=None, peak=255.0):
    """boxes: (n, k, 4)."""
    fill = None if fill is None else np.ascontiguousarray(fill, np.float32)
    key = None if key is None else np.asarray(key, np.uint64)
    return (SHAPES, np.asarray(boxes, np.float32), mode, fill, key, peak, channels)


def picture(shape, dtype="uint8", seed=0):
    return (np.random.default_rng(seed).random(shape) * 256).astype(dtype)


def inside(box, h, w):
    x, y = np.arange(w) + 0.5, np.arange(h)[:, None] + 0.5
    return (box[0] <= x) & (x < box[2]) & (box[1] <= y) & (y < box[3])


BOXES = [
    [[3, 2, 20, 9], [10, 5, 31, 12]],  # the second one over the first
    [[2.5, 2.5, 6.5, 6.5], [2.51, 7.49, 6.49, 9.51]],
    [[-100, -5, 4, 1000], [60, 3, 1e9, 5]],
    [[5, 5, 5, 9], [9, 9, 4, 12]],  # empty
    [[np.nan, 2, 9, 9], [3, 3, 3.4, 9]],  # no pixel's center
    [[-np.inf, -np.inf, np.inf, np.inf], [7, 1, 8, 2]],
]


@pytest.mark.parametrize("mode", [CONSTANT, NOISE, MEAN])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(17, 67, 3), (12, 130, 4), (9, 31, 1), (11, 40, 2), (1, 1, 3)])
def test_boxes_are_what_they_are_defined_as(mode, dtype, shape):
    h, w, c = shape
    written = 3 if c == 4 else c  # alpha is kept
    n, k = len(BOXES), len(BOXES[0])
    images = [picture(shape, dtype, seed) for seed in range(n)]
    fill = np.random.default_rng(9).integers(0, 256, (n, k, c))
    keys = np.arange(n, dtype=np.uint64) + 5
    op = shapes(BOXES, written, mode, fill if mode == CONSTANT else None, keys if mode == NOISE else None)
    want = np.stack(images).astype(np.float64)
    covered = np.zeros((n, h, w, c), bool)
    for i, image in enumerate(images):
        for j, box in enumerate(BOXES[i]):
            covered[i, ..., :written] |= inside(box, h, w)[..., None]
            for channel in range(written):
                words = _core.pixel_hash(int(keys[i]), np.arange(h * w, dtype=np.uint32), channel).reshape(h, w)
                level = {
                    CONSTANT: fill[i, j, channel],
                    NOISE: 255 * ((words >> np.uint32(8)) * 2.0**-24),
                    MEAN: image[..., channel].astype(np.float64).mean(),
                }[mode]
                want[i, ..., channel] = np.where(inside(box, h, w), level, want[i, ..., channel])
    got = run(images, [op])
    assert np.array_equal(got[~covered], want[~covered])
    assert np.abs(got - want).max() < 1e-3
    for layout in ("NHWC", "NCHW"):
        assert np.array_equal(run(images, [op], "uint8", layout), np.clip(np.rint(got), 0, 255))


@pytest.mark.parametrize("fill", [100.0, 100.6, -3.0, 300.0])
def test_levels_behind_the_boxes_are_not_rounded_before(fill):
    image = picture((20, 30, 3))
    op = shapes([[[3, 4, 12, 18]]], 3, fill=np.full((1, 1, 3), fill))
    gain = np.concatenate([np.eye(3) * 7, np.full((3, 1), -500)], 1)[None].astype(np.float32)
    made = run([image], [op, (COLOR, gain, None)], "uint8")
    want = image.astype(np.float32)
    want[4:18, 3:12] = np.float32(fill)
    assert np.array_equal(made[0], np.clip(np.rint(want * 7 - 500), 0, 255))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("mode", [CONSTANT, NOISE, MEAN])
def test_pictures_without_boxes_are_not_touched(dtype, mode):
    images = [picture((20, 70, 3), dtype, seed) for seed in range(3)]
    boxes = [[[5, 5, 5, 9]], [[1, 1, 9, 9]], [[3, 9, 9, 3]]]
    op = shapes(boxes, 3, mode, np.zeros((3, 1, 3)), [1, 2, 3])
    for points in ([op], [shapes(np.zeros((3, 0, 4)), 3, mode, np.zeros((3, 0, 3)), [1, 2, 3])]):
        made = run(images, points, dtype)
        assert made[0].tobytes() == images[0].tobytes()
        assert made[2].tobytes() == images[2].tobytes()
    assert np.array_equal(made, np.stack(images))


def test_means_of_large_pictures_are_exact():
    image = picture((700, 1100, 3)) // 4 + 190
    made = run([image], [shapes([[[10, 10, 20, 20]]], 3, MEAN)])
    assert np.abs(made[0, 15, 15] - image.mean((0, 1))).max() < 1e-4


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (shapes([[[1, 1, 2, 2]]], 3), "fill must be given"),
        (shapes([[[1, 1, 2, 2]]], 3, NOISE), "key must be given"),
        (shapes([[[1, 1, 2, 2]]], 3, 3, np.zeros((1, 1, 3))), "mode"),
        (shapes([[[1, 1, 2, 2]]], 4, fill=np.zeros((1, 1, 3))), "channels"),
        (shapes([[[1, 1, 2]]], 3, fill=np.zeros((1, 1, 3))), "boxes"),
        (shapes([[[1, 1, 2, 2]]], 3, fill=np.zeros((1, 2, 3))), "fill"),
    ],
)
def test_what_are_no_shapes_is_refused(op, words):
    with pytest.raises(ValueError, match=words):
        run([picture((9, 9, 3))], [op])
