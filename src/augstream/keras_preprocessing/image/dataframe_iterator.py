"""Pictures that a pandas table names."""

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from augstream.errors import ArgumentError, AugstreamError
from augstream.keras_preprocessing import nothing_found
from augstream.keras_preprocessing.files import mask_paths
from augstream.keras_preprocessing.generator import Generator
from augstream.keras_preprocessing.image.iterator import BatchFromFilesMixin, Iterator
from augstream.keras_preprocessing.load import validate_filename
from augstream.keras_preprocessing.names import one_copy
from augstream.keras_preprocessing.splitting import in_order, part, stratified

NO_CLASSES = ("input", "multi_output", "raw", None)


class ColumnError(AugstreamError, TypeError):
    """A column of the table holds something else than the class_mode asks for."""


class DataFrameIterator(BatchFromFilesMixin, Iterator):
    """Batches of the pictures in column `x_col`, below `directory`, with the targets in `y_col`."""

    allowed_class_modes = {  # noqa: RUF012 - an attribute as it was
        "binary",
        "categorical",
        "input",
        "multi_output",
        "raw",
        "sparse",
        None,
    }

    def __init__(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        image_data_generator: Generator | None = None,
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
        data_format: str | None = "channels_last",
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        dtype: Any = "float32",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
        *,
        masks: str | os.PathLike[str] | None = None,
        augment: bool = True,
        split: str | None = None,
        split_seed: int = 0,
        on_error: str = "raise",
        **kwargs: Any,
    ) -> None:
        self.set_processing_attrs(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        self.set_own_attrs(augment, on_error)
        df = dataframe.copy()
        self.directory = directory or ""
        self.class_mode = class_mode
        self.dtype = dtype or "float32"
        classes = in_order(classes)
        self._check_params(df, x_col, y_col, weight_col, classes)
        if validate_filenames:
            df = self._filter_valid_filepaths(df, x_col)
        valid = len(df)
        labelled = class_mode not in NO_CLASSES
        names: list[str] = []
        if labelled:
            df, names = self._filter_classes(df, y_col, classes, ordered=self.compat != "1.1.2")
            self.class_indices = dict(zip(names, range(len(names)), strict=True))
        if self.split:
            df = df.iloc[self._kept(df, y_col if labelled else None, stratified(split), split_seed)]
        if labelled:
            self.classes = self.get_classes(df, y_col)
        self.filenames = df[x_col].tolist()
        self._sample_weight = df[weight_col].to_numpy() if weight_col else None
        if class_mode == "multi_output":
            self._targets: Any = [np.array(df[column].tolist()) for column in y_col]
        if class_mode == "raw":
            self._targets = df[y_col].to_numpy()
        self.samples = len(self.filenames)
        validated = "validated" if validate_filenames else "non-validated"
        belonging = f" belonging to {len(names)} classes" if labelled else ""
        print(f"Found {self.samples} {validated} image filenames{belonging}.")
        if not self.samples:
            named, formats = dataframe[x_col].tolist(), self.white_list_formats
            split = subset if self.split and len(df) < valid else None
            self.found_nothing(nothing_found.in_table(named, valid, x_col, y_col, self.directory, formats, split))
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]  # noqa: PTH118
        self.masks = None if masks is None else mask_paths(self.filenames, os.fspath(masks))
        Iterator.__init__(self, self.samples, batch_size, shuffle, seed, **kwargs)

    def _kept(self, df: Any, y_col: Any, shared: bool, split_seed: int) -> Any:
        """Which rows are of the subset."""
        split = self.split or (0, 1)
        if not shared:
            return slice(int(split[0] * len(df)), int(split[1] * len(df)))
        labels = np.zeros(len(df)) if y_col is None else [str(label) for label in df[y_col]]
        return part(labels, split, split_seed)

    def _check_params(self, df: Any, x_col: str, y_col: Any, weight_col: str | None, classes: Any) -> None:
        mode = self.class_mode
        if mode not in self.allowed_class_modes:
            raise ArgumentError(f"Invalid class_mode: {mode}; expected one of: {self.allowed_class_modes}")
        if mode == "multi_output" and not isinstance(y_col, list):
            raise ColumnError(f'If class_mode="{mode}", y_col must be a list. Received {type(y_col).__name__}.')
        if not _all_are(str, df[x_col]):
            raise ColumnError(f"All values in column x_col={x_col} must be strings.")
        if mode in ("binary", "sparse") and not _all_are(str, df[y_col]):
            raise ColumnError(f'If class_mode="{mode}", y_col="{y_col}" column values must be strings.')
        if mode == "binary" and classes and len(set(classes)) != 2:
            raise ArgumentError(
                f'If class_mode="binary" there must be 2 classes. {len(set(classes))} class/es were given.'
            )
        if mode == "binary" and not classes and df[y_col].nunique() != 2:
            raise ArgumentError(f'If class_mode="binary" there must be 2 classes. Found {df[y_col].nunique()} classes.')
        if mode == "categorical" and not _all_are((str, list, tuple), df[y_col]):
            raise ColumnError(
                f'If class_mode="{mode}", y_col="{y_col}" column values must be type string, list or tuple.'
            )
        if classes and mode in NO_CLASSES:
            warnings.warn(f'`classes` will be ignored given the class_mode="{mode}"', stacklevel=5)
        if weight_col and not issubclass(df[weight_col].dtype.type, np.number):
            raise ColumnError(f"Column weight_col={weight_col} must be numeric.")

    def get_classes(self, df: Any, y_col: str) -> list[Any]:
        """The number of the class of each row, or the numbers where a row has several."""
        numbers = self.class_indices
        return [
            [numbers[name] for name in label] if isinstance(label, list | tuple) else numbers[label]
            for label in df[y_col]
        ]

    @staticmethod
    def _filter_classes(df: Any, y_col: str, classes: list[str], ordered: bool = True) -> tuple[Any, list[str]]:
        """The rows that have a class, and the classes: those given, in the order given, or all in sorted order."""
        df = df.copy()
        if not classes:
            found: set[str] = set()
            for label in df[y_col]:
                found.update(label if isinstance(label, list | tuple) else [label])
            return df.dropna(subset=[y_col]), sorted(found)

        def kept(label: Any) -> Any:
            if isinstance(label, list | tuple):
                return [name for name in label if name in classes] or None
            if isinstance(label, str):
                return label if label in classes else None
            raise ColumnError(f"Expect string, list or tuple but found {type(label)} in {y_col} column ")

        df[y_col] = df[y_col].apply(kept)
        return df.dropna(subset=[y_col]), classes if ordered else sorted(classes)

    def _filter_valid_filepaths(self, df: Any, x_col: str) -> Any:
        """The rows whose file is there and has the name of a picture."""
        valid = np.array(
            [
                validate_filename(os.path.join(self.directory, name), self.white_list_formats)  # noqa: PTH118
                for name in df[x_col]
            ],
            dtype=bool,
        )
        missing = int((~valid).sum())
        if missing:
            warnings.warn(
                f'Found {missing} invalid image filename(s) in x_col="{x_col}". These filename(s) will be ignored.',
                stacklevel=5,
            )
        return df[valid]

    @property
    def filepaths(self) -> list[str]:
        """The path of each sample."""
        return self._filepaths

    @property
    def labels(self) -> Any:
        """The targets of each sample, or its classes."""
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    @property
    def sample_weight(self) -> Any:
        """The weight of each sample, or None."""
        return self._sample_weight


def _all_are(types: Any, values: Any) -> bool:
    """Whether this is one column, and all of it is of these types."""
    return values.ndim == 1 and all(isinstance(value, types) for value in values)


one_copy(__name__, "image.dataframe_iterator")
