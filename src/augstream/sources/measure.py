"""The mean and the standard deviation of the levels of a source, which Normalize needs."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

import augstream._core as _core
from augstream.concurrency.pool import cores
from augstream.decode import pillow
from augstream.decode.header import PILLOW, read_headers
from augstream.decode.sample import CHANNELS, PEAK, ColorMode, Sample, Undecodable, checked, encoded
from augstream.errors import ArgumentError, SampleError
from augstream.rng import permute

CHUNK = 32


class Readable(Protocol):
    """What of a source is needed here."""

    peak: float | None

    def __len__(self) -> int: ...
    def read_many(self, indices: Sequence[int]) -> Sequence[Sample | Exception]: ...
    def name(self, index: int) -> str: ...


Numbers: TypeAlias = NDArray[np.float64]


def mean_std(source: Readable, sample: int | None, color: ColorMode) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What `Source.mean_std` returns. Of bytes the sums are of whole numbers, and exact."""
    n = len(source)
    if not n:
        raise ArgumentError("mean_std needs at least one sample; the source has none.")
    if sample is not None and (not hasattr(sample, "__index__") or isinstance(sample, bool) or sample < 1):
        raise ArgumentError(f"mean_std.sample must be a whole number, 1 or more, or None; got {sample!r:.80}.")
    if color not in CHANNELS:
        raise ArgumentError(f"mean_std.color must be one of {', '.join(map(repr, CHANNELS))}; got {color!r:.80}.")
    chosen = np.arange(n) if sample is None or sample >= n else np.sort(permute(0, 0, n, np.arange(int(sample))))
    total: Numbers | None = None
    for index, sums in _sums(source, chosen.tolist(), color):
        if total is not None and sums.shape != total.shape:
            fact = f"has {sums.shape[1]} channels where the others have {total.shape[1]}"
            raise SampleError([(index, source.name(index), fact)])
        total = sums if total is None else total + sums
    if total is None:
        raise ValueError("no samples")
    count, first, second = total
    mean = first / count
    return tuple(mean.tolist()), tuple(np.sqrt(np.maximum(second / count - mean * mean, 0)).tolist())


def _sums(source: Readable, chosen: list[int], color: ColorMode) -> Iterator[tuple[int, Numbers]]:
    with ThreadPoolExecutor(cores()) as threads:
        for begin in range(0, len(chosen), CHUNK):
            part = chosen[begin : begin + CHUNK]
            read = source.read_many(part)
            made = threads.map(lambda one: _sums_of(one, source.peak, color), read)
            for index, sums in zip(part, made, strict=True):
                if isinstance(sums, str):
                    raise SampleError([(index, source.name(index), sums)])
                yield index, sums


def _sums_of(sample: Sample | Exception, peak: float | None, color: ColorMode) -> Numbers | str:
    """(3, c) how many levels there are, and the sums of them and of their squares, as fractions of the peak; or why
    there are none.
    """
    if isinstance(sample, Exception):
        return str(sample) or type(sample).__name__
    try:
        image = _image(checked(sample), color)
    except (Undecodable, TypeError, ValueError) as error:
        return str(error)
    top = peak or PEAK[image.dtype]
    channels = np.moveaxis(image, 2, 0).reshape(image.shape[2], -1)
    if image.dtype == np.uint8:
        counts = np.stack([np.bincount(channel, minlength=256) for channel in channels])
        first, second = counts @ np.arange(256), counts @ np.arange(256) ** 2
    else:
        wide = channels.astype(np.float64)
        first, second = wide.sum(axis=1), (wide * wide).sum(axis=1)
    return np.stack([np.full(len(channels), channels.shape[1]), first / top, second / top**2])


def _image(sample: Sample, color: ColorMode) -> NDArray[np.generic]:
    """The whole image, (h, w, c)."""
    if isinstance(sample, np.ndarray):
        return sample
    headers = read_headers([sample])
    if headers.reasons[0] is not None:
        raise Undecodable(headers.reasons[0])
    if headers.kind[0] == PILLOW:
        return pillow.decode(encoded(sample), color)[0]
    made = np.empty((1, *headers.stored[0].tolist(), CHANNELS[color]), np.uint8)
    for _, _, reason in _core.Pool(0).run([sample], [(None, None, ())], CHANNELS[color], made, "uint8", False):
        raise Undecodable(reason)
    image: NDArray[np.generic] = made[0]
    return image
