"""The levels of pictures on their way to a network: rescaling, and normalization by what was measured."""

import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.keras_preprocessing.parameters import Compat
from augstream.plan.op import Array

Picture = NDArray[Any]
OVERRIDES = "This ImageDataGenerator specifies `{}`, which overrides setting of `{}`."
UNFIT = (
    "This ImageDataGenerator specifies `{}`, but it hasn't been fit on any training data. "
    "Fit it first by calling `.fit(numpy_data)`."
)
SWITCHES = [f"{kind}_{what}" for kind in ("featurewise", "samplewise") for what in ("center", "std_normalization")]


class Normalization:
    """The part of a generator that is about levels."""

    compat: Compat | None
    featurewise_center: bool
    samplewise_center: bool
    featurewise_std_normalization: bool
    samplewise_std_normalization: bool
    zca_whitening: bool
    rescale: float | None
    preprocessing_function: Callable[[Picture], Picture] | None
    data_format: str
    dtype: Any
    mean: Any
    std: Any
    principal_components: Any
    _turn: threading.Lock

    @property
    def zca_whitening_matrix(self) -> Any:
        """What Keras 3 calls `principal_components`."""
        return self.principal_components

    @zca_whitening_matrix.setter
    def zca_whitening_matrix(self, value: Any) -> None:
        self.principal_components = value

    @property
    def work_dtype(self) -> np.dtype[Any]:
        """The dtype that levels are computed in: one that holds a picture's sum of squares."""
        wanted = np.dtype(self.dtype)
        return np.promote_types(wanted, np.float32) if wanted.kind == "f" else np.dtype(np.float32)

    def overrides(self, *names: str) -> bool:
        """Whether one of these methods is not the generator's own any more."""
        raise NotImplementedError

    def standardize(self, x: Picture) -> Picture:
        """A picture, or a batch, as the network is to see it; changed in place if it is one of floats."""
        return self.whiten(self._leveled(x))

    def standardize_one(self, x: Picture) -> Picture:
        """One picture of a batch, up to what is done for all of them at once by `whiten`."""
        return self.standardize(x) if self.overrides("standardize") else self._leveled(x)

    def whiten(self, x: Picture) -> Picture:
        """ZCA, by a product with the matrix that was measured."""
        if not self.zca_whitening or self.overrides("standardize"):
            return x
        if self.principal_components is None:
            warnings.warn(UNFIT.format("zca_whitening"), stacklevel=3)
            return x
        flat = x.reshape(-1, int(np.prod(x.shape[-3:])))
        made: Picture = (flat @ self.principal_components).reshape(x.shape)
        return made

    def _leveled(self, x: Picture) -> Picture:
        if self.preprocessing_function:
            with self._turn:
                x = self.preprocessing_function(x)
        x = np.asarray(x)
        if x.dtype.kind != "f":
            x = x.astype(np.float32)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            wide = None if self.compat else np.promote_types(x.dtype, np.float32)
            x /= np.std(x, keepdims=True, dtype=wide) + 1e-6
        if self._fit("featurewise_center", self.mean):
            x -= self.mean
        if self._fit("featurewise_std_normalization", self.std):
            x /= np.asarray(self.std) + 1e-6
        return x

    def _fit(self, name: str, value: Any) -> bool:
        """Whether this is wanted, and what it needs has been measured."""
        if not getattr(self, name):
            return False
        if value is None:
            warnings.warn(UNFIT.format(name), stacklevel=4)
        return value is not None

    @property
    def levels_fit_a_plan(self) -> bool:
        """Whether all that is done to the levels is one factor and one summand for each channel."""
        if self.preprocessing_function or self.samplewise_center or self.samplewise_std_normalization:
            return False
        if self.zca_whitening or self.overrides("standardize"):
            return False
        return self._by_channel(self.mean) and self._by_channel(self.std)

    def _by_channel(self, value: Any) -> bool:
        shape = np.shape(value)
        size = int(np.prod(shape))
        if value is None or size == 1:
            return True
        if self.data_format == "channels_first":
            return len(shape) == 3 and shape[0] == size
        return bool(shape[-1] == size)

    def linear_levels(self, channels: int) -> tuple[Array, Array]:
        """That factor and that summand, (c,) each."""
        gain, offset = np.full(channels, float(self.rescale or 1)), np.zeros(channels)
        if self._fit("featurewise_center", self.mean):
            offset = offset - np.asarray(self.mean, np.float64).reshape(-1)
        if self._fit("featurewise_std_normalization", self.std):
            spread = np.asarray(self.std, np.float64).reshape(-1) + 1e-6
            gain, offset = gain / spread, offset / spread
        return gain, np.broadcast_to(offset, gain.shape)

    def _settle(self) -> None:
        """Turns on what other arguments need."""
        given = {name: getattr(self, name) for name in SWITCHES}
        if self.zca_whitening:
            if not self.featurewise_center:
                self.featurewise_center = True
                warnings.warn(OVERRIDES.format("zca_whitening", "featurewise_center"), stacklevel=4)
            if self.featurewise_std_normalization:
                self.featurewise_std_normalization = False
                warnings.warn(
                    "This ImageDataGenerator specifies `zca_whitening` which overrides setting of"
                    "`featurewise_std_normalization`.",
                    stacklevel=4,
                )
        for kind in ("featurewise", "samplewise"):
            if given[f"{kind}_std_normalization"] and not given[f"{kind}_center"]:
                setattr(self, f"{kind}_center", True)
                warnings.warn(OVERRIDES.format(f"{kind}_std_normalization", f"{kind}_center"), stacklevel=4)


def zoom_pair(value: Any) -> list[float]:
    """[lowest, highest] factor of a zoom_range."""
    if isinstance(value, float | int):
        return [1 - value, 1 + value]
    if len(value) == 2 and all(isinstance(side, float | int) for side in value):
        return [value[0], value[1]]
    raise ArgumentError(f"`zoom_range` should be a float or a tuple or list of two floats. Received: {value}")
