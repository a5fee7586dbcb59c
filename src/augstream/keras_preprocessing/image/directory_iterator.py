"""A folder with one sub-folder per class."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.keras_preprocessing import nothing_found
from augstream.keras_preprocessing.files import mask_paths
from augstream.keras_preprocessing.generator import Generator
from augstream.keras_preprocessing.image.iterator import BatchFromFilesMixin, Iterator
from augstream.keras_preprocessing.load import _list_valid_filenames_in_directory
from augstream.keras_preprocessing.names import one_copy
from augstream.keras_preprocessing.splitting import in_order, part, stratified


class DirectoryIterator(BatchFromFilesMixin, Iterator):
    """Batches of the pictures below a folder; the sub-folder that a picture is in is its class."""

    allowed_class_modes = {"categorical", "binary", "sparse", "input", None}  # noqa: RUF012 - an attribute as it was

    def __init__(
        self,
        directory: str | os.PathLike[str],
        image_data_generator: Generator | None,
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
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        dtype: Any = "float32",
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
        self.directory = directory
        if class_mode not in self.allowed_class_modes:
            raise ArgumentError(f"Invalid class_mode: {class_mode}; expected one of: {self.allowed_class_modes}")
        self.class_mode = class_mode
        self.dtype = dtype or "float32"
        names = in_order(classes) or self._folders(directory)
        self.num_classes = len(names)
        self.class_indices = dict(zip(names, range(len(names)), strict=True))
        shared = stratified(split)
        listed = [
            _list_valid_filenames_in_directory(
                os.path.join(directory, name),  # noqa: PTH118
                self.white_list_formats,
                None if shared else self.split,
                {os.path.basename(name): number},  # noqa: PTH119
                follow_links,
                hidden=self.compat is not None,
            )
            for name, number in self.class_indices.items()
        ]
        self.filenames = [
            os.path.join(os.path.dirname(folder), name)  # noqa: PTH118, PTH120
            for folder, (_, found) in zip(self.class_indices, listed, strict=True)
            for name in found
        ]
        self.classes: NDArray[np.int32] = np.array([label for found, _ in listed for label in found], np.int32)
        if shared and self.split:
            kept = part(self.classes, self.split, split_seed)
            self.filenames, self.classes = [self.filenames[i] for i in kept], self.classes[kept]
        self.samples = len(self.filenames)
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        if not self.samples:
            formats, split = self.white_list_formats, subset if self.split else None
            self.found_nothing(nothing_found.in_folder(directory, names, formats, split, follow_links))
        self._filepaths = [os.path.join(directory, name) for name in self.filenames]  # noqa: PTH118
        self.masks = None if masks is None else mask_paths(self.filenames, os.fspath(masks))
        Iterator.__init__(self, self.samples, batch_size, shuffle, seed, **kwargs)

    def _folders(self, directory: str | os.PathLike[str]) -> list[str]:
        """The sub-folders in sorted order; hidden ones are no classes."""
        found = [entry.name for entry in Path(directory).iterdir() if entry.is_dir()]
        return sorted(name for name in found if self.compat or not name.startswith("."))

    @property
    def filepaths(self) -> list[str]:
        """The path of each sample."""
        return self._filepaths

    @property
    def labels(self) -> NDArray[np.int32]:
        """The class of each sample."""
        return self.classes

    @property
    def sample_weight(self) -> None:
        """A folder has no weights."""
        return


one_copy(__name__, "image.directory_iterator")
