"""What is done to the images of a flow: the arguments of `ImageDataGenerator`, without its flows."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.keras_preprocessing import geometry
from augstream.keras_preprocessing.affine import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
)
from augstream.keras_preprocessing.keywords import takes
from augstream.keras_preprocessing.legacy import Legacy
from augstream.keras_preprocessing.normalization import Normalization, zoom_pair
from augstream.keras_preprocessing.parameters import Compat, checked_compat, draw, rng_of, source_or

Picture = NDArray[Any]


class Generator(Normalization):
    """Draws for each image, and what they and the arguments do to it: all that a flow asks of its generator."""

    @takes("ImageDataGenerator")
    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Picture], Picture] | None = None,
        data_format: str | None = "channels_last",
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = "float32",
        *,
        compat: Compat | None = None,
        threads: int | None = None,
    ) -> None:
        self.compat = checked_compat(compat)
        self.threads = threads
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.shear_range = shear_range
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.dtype = dtype or "float32"
        self.interpolation_order = interpolation_order
        geometry.border(fill_mode)
        if interpolation_order not in range(6):
            raise ArgumentError(f"interpolation_order must be 0 to 5; got {interpolation_order!r}.")
        if data_format not in ("channels_last", "channels_first", None):
            raise ArgumentError(
                '`data_format` should be `"channels_last"` (channel after row and column) or `"channels_first"` '
                f"(channel before row and column). Received: {data_format}"
            )
        self.data_format = data_format or "channels_last"
        first = self.data_format == "channels_first"
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if first else (3, 1, 2)
        if validation_split and not 0 < validation_split < 1:
            raise ArgumentError(f"`validation_split` must be strictly between 0 and 1.  Received: {validation_split}")
        self._validation_split = validation_split
        self.mean: Any = None
        self.std: Any = None
        self.principal_components: Any = None
        self.fitted_shape: tuple[int, ...] = ()
        self.zoom_range = zoom_pair(zoom_range)
        self._settle()
        if brightness_range is not None and (
            not isinstance(brightness_range, tuple | list) or len(brightness_range) != 2
        ):
            raise ArgumentError(
                f"`brightness_range should be tuple or list of two floats. Received: {brightness_range}"
            )
        self.brightness_range = brightness_range
        self._legacy = Legacy() if compat else None
        self._turn = threading.Lock()

    def get_random_transform(self, img_shape: Sequence[int], seed: int | None = None) -> dict[str, Any]:
        """Parameters of a random transformation of a picture of this shape, for `apply_transform`."""
        height, width = img_shape[self.row_axis - 1], img_shape[self.col_axis - 1]
        if self._legacy:
            legacy: Legacy = source_or(self._legacy) if seed is None else self._legacy
            if seed is not None:
                legacy.seed(seed)
            return legacy.transform(self, (height, width))
        rng = next(source_or(iter(())), None) if seed is None else None
        return draw(self, rng_of(seed) if rng is None else rng, np.array([[height, width]], np.int64)).row(0)

    def apply_transform(self, x: Picture, transform_parameters: dict[str, Any]) -> Picture:
        """One picture under these parameters.

        theta, shear: degrees. tx, ty: pixels. zx, zy: factors; below 1 makes bigger. flip_horizontal, flip_vertical:
        whether. channel_shift_intensity: levels. brightness: a factor. What is missing does nothing.
        """
        given = transform_parameters
        x = apply_affine_transform(
            x,
            given.get("theta", 0),
            given.get("tx", 0),
            given.get("ty", 0),
            given.get("shear", 0),
            given.get("zx", 1),
            given.get("zy", 1),
            row_axis=self.row_axis - 1,
            col_axis=self.col_axis - 1,
            channel_axis=self.channel_axis - 1,
            fill_mode=self.fill_mode,
            cval=self.cval,
            order=self.interpolation_order,
            compat=self.compat,
        )
        if given.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, given["channel_shift_intensity"], self.channel_axis - 1)
        if given.get("flip_horizontal", False):
            x = flip_axis(x, self.col_axis - 1)
        if given.get("flip_vertical", False):
            x = flip_axis(x, self.row_axis - 1)
        if given.get("brightness") is not None:
            if self.compat:
                return apply_brightness_shift(x, given["brightness"], False, compat=self.compat)
            x = apply_brightness_shift(x, given["brightness"], channel_axis=self.channel_axis - 1)
        return x

    def random_transform(self, x: Picture, seed: int | None = None) -> Picture:
        """One picture under a random transformation."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def overrides(self, *names: str) -> bool:
        """Whether a sub-class, or somebody from outside, has put a method of his own in the place of one of these."""
        own = Generator
        return any(name in vars(self) or getattr(type(self), name) is not getattr(own, name) for name in names)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_turn"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _turn=threading.Lock())
