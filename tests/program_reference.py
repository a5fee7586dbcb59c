"""Programs as the core reads them, run image by image in plain NumPy: what `_core.Pool.run` is held to.

Only what these tests need: affine warps that do not shrink, edge and constant borders, and windows that may.
"""

import numpy as np

WARP, COLOR, CURVE, MIX = 0, 1, 2, 6
CONSTANT, EDGE = 0, 1
NEAREST, BILINEAR, BICUBIC = 0, 1, 2


def run(samples, programs, count):
    """The images (h, w, c) of float64 levels that the programs make of these."""
    samples = [np.asarray(sample, np.float64) for sample in samples]
    made = [None] * count
    for rows, sources, steps in programs:
        rows = np.arange(count) if rows is None else rows
        for r, slot in enumerate(rows):
            source = slot if sources is None else sources[r]
            made[slot] = chain(steps, r, None if mixes(steps) else samples[source], samples)
    return made


def mixes(steps):
    return bool(steps) and steps[0][0] is not None and steps[0][0][0] == MIX


def chain(steps, r, image, samples):
    for head, points in steps:
        if head is not None:
            image = mix(head, r, samples) if head[0] == MIX else warp(head, r, image)
        for op in points:
            image = color(op, r, image) if op[0] == COLOR else curve(op, r, image)
    return image


def mix(op, r, samples):
    _, branches, weight, region, place = op
    live = [k for k in range(len(branches)) if weight[r, k] > 0 and not empty(region, r, k)]
    made = {}
    for k in live:
        sources, steps = branches[k]
        made[k] = chain(steps, r, None if mixes(steps) else samples[sources[r]], samples)
    height, width, _ = made[live[0]].shape
    u, v = places(np.eye(3) if place is None else place[r], height, width)
    out = np.zeros((height, width, made[live[0]].shape[2]))
    for k in live:
        if k == 0:
            out = made[0]
            continue
        x0, y0, x1, y1 = (-np.inf, -np.inf, np.inf, np.inf) if region is None else region[r, k]
        inside = (u >= x0) & (u < x1) & (v >= y0) & (v < y1)
        out = out + (inside * weight[r, k])[..., None] * (made[k] - out)
    return out


def empty(region, r, k):
    if k == 0 or region is None:
        return False
    x0, y0, x1, y1 = region[r, k]
    return x0 >= x1 or y0 >= y1


def warp(op, r, image):
    _, matrix, size, border, interpolation, antialias, fill, windows = op
    height, width = size[r]
    u, v = places(matrix[r], height, width)
    m = matrix[r]
    skewed = abs(m[[0, 1], [1, 0]]).max() > 1e-9 < abs(m[[0, 1], [0, 1]]).max()
    out = look_up(image, u, v, interpolation, skewed)
    if border == CONSTANT:
        inside = seen(matrix[r], (height, width), image.shape[:2], interpolation, antialias)[..., None]
        level = 0 if fill is None else fill[r]
        out = level + inside * (out - level)
    for frame, extent, level in windows:
        inside = seen(frame[r], (height, width), extent[r], interpolation, antialias)[..., None]
        out = level[r] + inside * (out - level[r])
    return out


def places(m, height, width):
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    w = m[2, 0] * x + m[2, 1] * y + m[2, 2]
    return (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / w, (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / w


def look_up(image, u, v, interpolation, skewed):
    """Skewed warps bring places back to the edge, the others bring pixels back to it."""
    h, w, _ = image.shape
    if interpolation == NEAREST:
        return image[np.clip(np.floor(v), 0, h - 1).astype(int), np.clip(np.floor(u), 0, w - 1).astype(int)]
    u, v = (np.clip(u, 0, w) - 0.5, np.clip(v, 0, h) - 0.5) if skewed else (u - 0.5, v - 0.5)
    u0, v0 = np.floor(u).astype(int), np.floor(v).astype(int)
    reach, kernel = (range(2), triangle) if interpolation == BILINEAR else (range(-1, 3), keys)
    out = 0
    for i in reach:
        for j in reach:
            weight = kernel(np.abs(v0 + i - v)) * kernel(np.abs(u0 + j - u))
            out = out + weight[..., None] * image[np.clip(v0 + i, 0, h - 1), np.clip(u0 + j, 0, w - 1)]
    return out


def triangle(d):
    return np.maximum(0, 1 - d)


def keys(d):
    return np.where(d < 1, (1.5 * d - 2.5) * d * d + 1, np.where(d < 2, ((-0.5 * d + 2.5) * d - 4) * d + 2, 0))


def seen(m, size, extent, interpolation, antialias):
    """How much of a rectangle of this extent each pixel sees."""
    u, v = places(m, *size)
    both = 1
    for place, n, column in ((u, extent[1], 0), (v, extent[0], 1)):
        if not antialias:
            both = both * ((place >= 0.5) & (place <= n - 0.5))
        elif interpolation == NEAREST:
            both = both * ((place >= 0) & (place < n))
        else:
            shrink = max(1, np.hypot(*m[:2, column]))
            both = both * np.clip(1 - 2 * np.maximum(np.maximum(-place, place - n), 0) / shrink, 0, 1)
    return both


def color(op, r, image):
    _, matrix, clip = op
    out = image @ matrix[r, :, :-1].T.astype(np.float64) + matrix[r, :, -1]
    return out if clip is None else np.clip(out, clip[r, :, 0], clip[r, :, 1])


def curve(op, r, image):
    _, table, peak, steps, on = op
    if on is not None and not on[r]:
        return image
    place = np.clip(image * (255 / peak), 0, 255)
    place = np.floor(place + 0.5) if steps else place
    tables = np.broadcast_to(table[r], (image.shape[2], 256))
    return np.stack([np.interp(place[..., c], np.arange(256), tables[c]) for c in range(image.shape[2])], axis=-1)
