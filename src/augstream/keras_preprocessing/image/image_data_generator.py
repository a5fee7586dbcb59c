"""`ImageDataGenerator`: what is done to pictures, in the words of the old API."""

import os
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.keras_preprocessing import geometry
from augstream.keras_preprocessing import statistics as fitting
from augstream.keras_preprocessing.image.affine_transformations import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
)
from augstream.keras_preprocessing.image.dataframe_iterator import DataFrameIterator
from augstream.keras_preprocessing.image.directory_iterator import DirectoryIterator
from augstream.keras_preprocessing.image.iterator import Iterator
from augstream.keras_preprocessing.image.numpy_array_iterator import NumpyArrayIterator
from augstream.keras_preprocessing.legacy import Legacy
from augstream.keras_preprocessing.names import demand, one_copy, optional
from augstream.keras_preprocessing.normalization import Normalization, zoom_pair
from augstream.keras_preprocessing.parameters import Compat, checked_compat, draw, rng_of, source_or

Picture = NDArray[Any]
DEPRECATED = {
    "has_ext": "has_ext is deprecated, filenames in the dataframe have to match the exact filenames in disk.",
    "sort": "sort is deprecated, batches will be created in the same order than the filenames provided if shuffle "
    "is set to False.",
    "drop_duplicates": "drop_duplicates is deprecated, you can drop duplicates by using the "
    "pandas.DataFrame.drop_duplicates method.",
}


class ImageDataGenerator(Normalization):
    """Random transformations and normalization of pictures, in batches.

    The arguments are those of keras-preprocessing 1.1.2, and behave as its documentation promises;
    `docs/porting/keras_preprocessing.md` has them one by one.

    compat: "1.1.2" or "keras3" behaves as that line did, its errors and its random numbers included.
    threads: that make batches; None is one per core.
    """

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

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        **kwargs: Any,
    ) -> NumpyArrayIterator:
        """Batches of the pictures `x` (n, h, w, c), or of a pair of them and of what goes with them; and of `y`.

        Also: masks (n, h, w[, c]), augment, split, split_seed; workers, use_multiprocessing, max_queue_size.
        """
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            dtype=self.dtype,
            ignore_class_split=ignore_class_split,
            **kwargs,
        )

    def flow_from_directory(
        self,
        directory: str | os.PathLike[str],
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        **kwargs: Any,
    ) -> DirectoryIterator:
        """Batches of the pictures below a folder, whose sub-folders are the classes.

        Also: masks (a folder), augment, split, split_seed, on_error; workers, use_multiprocessing, max_queue_size.
        """
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            data_format=self.data_format,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            dtype=self.dtype,
            keep_aspect_ratio=keep_aspect_ratio,
            **kwargs,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Batches of the pictures that a pandas table names.

        Also: masks (a folder), augment, split, split_seed, on_error; workers, use_multiprocessing, max_queue_size.
        """
        for name in [name for name in DEPRECATED if name in kwargs]:
            del kwargs[name]
            warnings.warn(DEPRECATED[name], DeprecationWarning, stacklevel=2)
        if class_mode == "other":
            warnings.warn(
                '`class_mode` "other" is deprecated, please use `class_mode` "raw".', DeprecationWarning, stacklevel=2
            )
            class_mode = "raw"
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            data_format=self.data_format,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
            keep_aspect_ratio=keep_aspect_ratio,
            **kwargs,
        )

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

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Measures what featurewise_center, featurewise_std_normalization and zca_whitening need, in one pass.

        x: pictures (n, h, w, c), or an iterator of `flow_from_directory` or another flow, which is read file by file.
        augment: measure pictures as augmented, each of them `rounds` times.
        """
        if isinstance(x, Iterator):
            fitting.fit(self, x, augment, rounds, seed)
            return
        if self.zca_whitening:
            demand(__name__, "scipy", "Using zca_whitening requires SciPy. Install SciPy.")
        x = np.asarray(x, self.dtype if self.compat else None)
        if x.ndim != 4:
            raise ArgumentError(f"Input to `.fit()` should have rank 4. Got array with shape: {x.shape}")
        channels = x.shape[self.channel_axis]
        if channels not in (1, 3, 4):
            warnings.warn(
                "Expected input to be images (as Numpy array) following the data format convention "
                f'"{self.data_format}" (channels on axis {self.channel_axis}), i.e. expected either 1, 3 or 4 channels '
                f"on axis {self.channel_axis}. However, it was passed an array with shape {x.shape} "
                f"({channels} channels).",
                stacklevel=2,
            )
        if self.compat:
            fitting.fit_as_before(self, x, augment, rounds, seed)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # said above
                flow = NumpyArrayIterator(x, None, self, data_format=self.data_format, dtype=self.dtype)
            fitting.fit(self, flow, augment, rounds, seed)

    def fit_directory(
        self,
        directory: str | os.PathLike[str],
        augment: bool = False,
        rounds: int = 1,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        """As `fit`, with the pictures of a folder in bounded memory; `kwargs` are those of `flow_from_directory`."""
        self.fit(self.flow_from_directory(directory, **{"class_mode": None, **kwargs}), augment, rounds, seed)

    def overrides(self, *names: str) -> bool:
        """Whether a sub-class, or somebody from outside, has put a method of his own in the place of one of these."""
        own = ImageDataGenerator
        return any(name in vars(self) or getattr(type(self), name) is not getattr(own, name) for name in names)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_turn"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _turn=threading.Lock())


__getattr__ = optional(__name__)
one_copy(__name__, "image.image_data_generator")
