"""Small images of encoded files: JPEG by the native engine, at a fraction of the size; other formats by Pillow."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.batch.prepare import oriented_plan
from augstream.concurrency.flight import Flight, Later
from augstream.concurrency.prefetch import Threads
from augstream.decode import pillow
from augstream.decode.header import ARRAY, JPEG, PILLOW, Headers, oversized, peek, read_headers
from augstream.decode.orientation import oriented_size
from augstream.decode.sample import MAX_PIXELS, Sample, Undecodable, bomb
from augstream.engines.default import default_engine
from augstream.plan.op import Frame
from augstream.transforms.compose import Compose, rng_for
from augstream.transforms.crop import Resize

Pixels = NDArray[np.uint8]
_flight = Flight()


def thumbnails(
    files: Sequence[bytes], size: tuple[int, int], pool: _core.Pool, threads: Threads, max_pixels: int
) -> tuple[Pixels, Headers]:
    """(n, h, w, 3) of files of any formats, stretched to `size` (height, width) and upright; and their headers.

    What cannot be decoded is black, and `reasons` of the headers has why.
    """
    table = peek(files)
    reasons: list[str | None] = [None] * len(files)
    for row in oversized(table, max_pixels):
        reasons[row] = bomb(int(table[row, 2]), int(table[row, 1]), max_pixels)
    pixels = np.zeros((len(files), *size, 3), np.uint8)
    known = [row for row in np.flatnonzero(table[:, 0] == JPEG).tolist() if reasons[row] is None]
    if known:
        pixels[known], errors = _shrink([files[row] for row in known], table[known], size, pool)
        for row, reason in zip(known, errors, strict=True):
            reasons[row] = reason
    others = np.flatnonzero(table[:, 0] == PILLOW).tolist()
    for row, result in zip(others, threads.map(lambda row: _alone(files[row], size, max_pixels), others), strict=True):
        if isinstance(result, str):
            reasons[row] = result
        else:
            # Shrunk at once, in its thread: many large images at a time would not fit into memory.
            pixels[row], table[row, 1:] = result
    return pixels, Headers(table[:, 0], table[:, 1:3], table[:, 4], table[:, 3], reasons)


def thumbnail(data: bytes, longest: int, max_pixels: int = MAX_PIXELS) -> Pixels:
    """(h, w, 3) in its own proportions, the longest side of at most `longest` pixels; Undecodable with the reason."""
    headers = read_headers([data], max_pixels)
    if headers.reasons[0] is not None:
        raise Undecodable(headers.reasons[0])
    height, width = headers.size[0].tolist()
    scale = min(1.0, longest / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    pixels, after = thumbnails([data], size, _core.Pool(0), Threads(1), max_pixels)
    if after.reasons[0] is not None:
        raise Undecodable(after.reasons[0])
    small: Pixels = pixels[0]
    return small


def _alone(data: bytes, size: tuple[int, int], max_pixels: int) -> tuple[Pixels, NDArray[np.int64]] | str:
    """As `_other`, where there is room for it beside what the other threads decode."""
    try:
        with _flight.hold():
            return _other(data, size, max_pixels)
    except Later:
        with _flight.hold(alone=True):
            return _other(data, size, max_pixels)


def _other(data: bytes, size: tuple[int, int], max_pixels: int) -> tuple[Pixels, NDArray[np.int64]] | str:
    """The image and (height, width, channels, orientation), or why there is none."""
    try:
        picture, orientation = pillow.decode(data, max_pixels=max_pixels)
        row = np.array([[ARRAY, *picture.shape, orientation]], dtype=np.int64)
        pixels, (reason,) = _shrink([np.ascontiguousarray(picture)], row, size, _core.Pool(0))
    except Undecodable as error:
        return str(error)
    return reason or (pixels[0], row[0, 1:])


def _shrink(
    samples: Sequence[Sample], table: NDArray[np.int64], size: tuple[int, int], pool: _core.Pool
) -> tuple[Pixels, list[str | None]]:
    stored, orientation = table[:, 1:3], table[:, 4]
    frame = Frame(oriented_size(orientation, stored), 3)
    index = np.arange(len(samples))
    plan = oriented_plan(Compose([Resize(*size)]), rng_for(0, 0, index), frame, stored, orientation).stored
    return default_engine().run(samples, plan, dtype="uint8", pool=pool)
