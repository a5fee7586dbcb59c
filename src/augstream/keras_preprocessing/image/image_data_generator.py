"""`ImageDataGenerator`: what is done to pictures, in the words of the old API."""

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from augstream.errors import ArgumentError
from augstream.keras_preprocessing import statistics
from augstream.keras_preprocessing.affine import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
)
from augstream.keras_preprocessing.generator import Generator
from augstream.keras_preprocessing.image.dataframe_iterator import DataFrameIterator
from augstream.keras_preprocessing.image.directory_iterator import DirectoryIterator
from augstream.keras_preprocessing.image.iterator import Iterator
from augstream.keras_preprocessing.image.numpy_array_iterator import NumpyArrayIterator
from augstream.keras_preprocessing.keywords import takes
from augstream.keras_preprocessing.names import demand, one_copy, optional

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "flip_axis",
]

OWN = ("masks", "augment", "split", "split_seed", "workers", "use_multiprocessing", "max_queue_size")
DEPRECATED = {
    "has_ext": "has_ext is deprecated, filenames in the dataframe have to match the exact filenames in disk.",
    "sort": "sort is deprecated, batches will be created in the same order than the filenames provided if shuffle "
    "is set to False.",
    "drop_duplicates": "drop_duplicates is deprecated, you can drop duplicates by using the "
    "pandas.DataFrame.drop_duplicates method.",
}


class ImageDataGenerator(Generator):
    """Random transformations and normalization of pictures, in batches.

    The arguments are those of keras-preprocessing 1.1.2, and behave as its documentation promises;
    `docs/porting/keras_preprocessing.md` has them one by one.

    compat: "1.1.2" or "keras3" behaves as that line did, its errors and its random numbers included.
    threads: that make batches; None is one per core.
    """

    @takes("flow", *OWN)
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

    @takes("flow_from_directory", *OWN, "on_error")
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

    @takes("flow_from_dataframe", *OWN, "on_error", *DEPRECATED)
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
            warnings.warn(DEPRECATED[name], DeprecationWarning, stacklevel=3)
        if class_mode == "other":
            warnings.warn(
                '`class_mode` "other" is deprecated, please use `class_mode` "raw".', DeprecationWarning, stacklevel=3
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

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Measures what featurewise_center, featurewise_std_normalization and zca_whitening need, in one pass.

        x: pictures (n, h, w, c), or an iterator of `flow_from_directory` or another flow, which is read file by file.
        augment: measure pictures as augmented, each of them `rounds` times.
        """
        if isinstance(x, Iterator):
            statistics.fit(self, x, augment, rounds, seed)
            return
        if self.zca_whitening:
            demand("image.image_data_generator", "scipy", "Using zca_whitening requires SciPy. Install SciPy.")
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
            statistics.fit_as_before(self, x, augment, rounds, seed)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # said above
                drawn = seed if augment else 0  # who draws nothing takes nothing from the global generator
                flow = NumpyArrayIterator(x, None, self, seed=drawn, data_format=self.data_format, dtype=self.dtype)
            statistics.fit(self, flow, augment, rounds, seed)

    def fit_directory(
        self,
        directory: str | os.PathLike[str],
        augment: bool = False,
        rounds: int = 1,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        """As `fit`, with the pictures of a folder in bounded memory; `kwargs` are those of `flow_from_directory`."""
        more = {"class_mode": None, "seed": seed if augment else 0, **kwargs}
        self.fit(self.flow_from_directory(directory, **more), augment, rounds, seed)


__getattr__ = optional(__name__)
one_copy(__name__, "image.image_data_generator")
