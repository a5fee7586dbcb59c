"""What is measured of a set of pictures before training: sums, in one pass, in memory that does not grow with it."""

import copy
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.keras_preprocessing.generator import Generator
from augstream.keras_preprocessing.legacy import Legacy

AT_ONCE = 32
COPIES = 4  # of the matrix that finding its eigenvectors needs, itself among them
GIGA = 1e9


class WhiteningError(ArgumentError, MemoryError):
    """The pictures are too large to be whitened."""


class Sums:
    """Of pixels by channel, and, where `whole` pictures are wanted, of products of all pixels with all."""

    def __init__(self, channel_axis: int, whole: bool) -> None:
        self.axis = channel_axis
        self.whole = whole
        self.pictures = 0
        self.count = 0
        self.first: Any = 0.0
        self.second: Any = 0.0
        self.total: Any = 0.0
        self.products: Any = 0.0

    def add(self, batch: NDArray[Any]) -> None:
        """Takes in pictures (n, h, w, c) or (n, c, h, w)."""
        x = batch.astype(np.float64)
        axes = tuple(axis for axis in range(4) if axis != self.axis)
        self.pictures += len(x)
        self.count += x.size // x.shape[self.axis]
        self.first = self.first + x.sum(axes)
        self.second = self.second + (x * x).sum(axes)
        if self.whole:
            flat = x.reshape(len(x), -1)
            if not np.ndim(self.products):
                check_memory(batch.shape[1:])
                self.products = np.zeros((flat.shape[1], flat.shape[1]))
            self.products += flat.T @ flat
            self.total = self.total + flat.sum(0)

    def into(self, generator: Generator) -> None:
        """Gives the generator its mean, its std and its whitening matrix, where it wants them."""
        mean = self.first / self.count
        shape = [1, 1, 1]
        shape[self.axis - 1] = len(mean)
        if generator.featurewise_center:
            generator.mean = mean.reshape(shape).astype(generator.work_dtype)
        if generator.featurewise_std_normalization:
            spread = np.sqrt(np.maximum(self.second / self.count - mean * mean, 0))
            generator.std = spread.reshape(shape).astype(generator.work_dtype)
        if generator.zca_whitening:
            generator.principal_components = self._whitening(generator, mean.reshape(shape))

    def _whitening(self, generator: Generator, mean: NDArray[Any]) -> NDArray[Any]:
        height, width = (side for axis, side in enumerate(generator.fitted_shape) if axis != self.axis - 1)
        plane = [height, width]
        plane.insert(self.axis - 1, 1)
        center = np.broadcast_to(mean, np.multiply(mean.shape, plane)).reshape(-1)
        average = self.total / self.pictures
        sigma = self.products
        sigma /= self.pictures
        sigma -= np.outer(average, center)
        sigma -= np.outer(center, average - center)
        values, vectors = np.linalg.eigh(sigma)
        values = np.maximum(values, 0)
        if generator.compat == "keras3":
            # It takes the singular values of the pictures themselves, of which there are no more than pictures.
            keep = min(self.pictures, len(values))
            values, vectors = values[-keep:], vectors[:, -keep:]
            scale = np.sqrt(self.pictures) / (np.sqrt(values * self.pictures) + generator.zca_epsilon)
        else:
            scale = 1 / np.sqrt(values + generator.zca_epsilon)
        made: NDArray[Any] = (vectors * scale) @ vectors.T
        return made.astype(generator.work_dtype)


def check_memory(shape: tuple[int, ...]) -> None:
    """Refuses to whiten pictures whose matrix has no place in memory."""
    side = int(np.prod(shape))
    needed = COPIES * side * side * 8 / GIGA
    try:
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") / GIGA
    except (AttributeError, ValueError, OSError):
        free = 8.0
    if needed > free:
        raise WhiteningError(
            f"zca_whitening of pictures of shape {tuple(shape)} needs a matrix of {side} x {side} numbers, and "
            f"{needed:.1f} GB to work on it; {free:.1f} GB are free. Use smaller pictures, or "
            "featurewise_std_normalization."
        )


def fit(generator: Generator, flow: Any, augment: bool, rounds: int, seed: int | None) -> None:
    """Measures the pictures of a flow as it would hand them out, but for what is measured here."""
    flow._refuse_nothing()
    measuring = copy.copy(generator)
    measuring.featurewise_center = measuring.featurewise_std_normalization = measuring.zca_whitening = False
    measuring.dtype = generator.work_dtype
    source = copy.copy(flow)
    source.image_data_generator, source.dtype = measuring, measuring.dtype
    source.augment, source.masks = augment, None
    if seed is not None:
        source._key = int(seed)
    if source._legacy:
        # The flow's own generator is not to be a step further for it.
        source._legacy = Legacy(seed)
    sums = Sums(generator.channel_axis, generator.zca_whitening)
    if generator.zca_whitening:
        check_memory(source.image_shape)
    generator.fitted_shape = tuple(source.image_shape)
    for number in range(rounds if augment else 1):
        for start in range(0, source.n, AT_ONCE):
            index = np.arange(start, min(start + AT_ONCE, source.n))
            sums.add(source.pixels(number, index))
    sums.into(generator)


def fit_as_before(generator: Any, x: NDArray[Any], augment: bool, rounds: int, seed: int | None) -> None:
    """As the old lines did: of rescaled pictures, whatever else the flow does to them."""
    if seed is not None:
        generator._legacy.seed(seed)
    x = x * np.asarray(generator.rescale, x.dtype) if generator.rescale else x
    sums = Sums(generator.channel_axis, generator.zca_whitening)
    generator.fitted_shape = x.shape[1:]
    for _ in range(rounds if augment else 1):
        for start in range(0, len(x), AT_ONCE):
            part = x[start : start + AT_ONCE]
            sums.add(np.stack([generator.random_transform(one) for one in part]) if augment else part)
    sums.into(generator)
