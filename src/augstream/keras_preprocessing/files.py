"""Batches of files, as `BatchFromFilesMixin` makes them: images and the targets of a class_mode."""

import operator
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.keras_preprocessing.dispatch import Serving
from augstream.keras_preprocessing.flow_plan import COLORS, FlowPlan
from augstream.keras_preprocessing.generator import Generator
from augstream.keras_preprocessing.load import check_interpolation, height_width, img_to_array, load_img
from augstream.keras_preprocessing.prefetch import FlowBatches
from augstream.sources.reading import read_file
from augstream.sources.source import Source

CHANNELS = {"rgba": 4, "rgb": 3, "grayscale": 1}


class FlowFiles(Source):
    """Files by path; `names` is what messages call them."""

    def __init__(self, paths: Sequence[str], names: Sequence[str]) -> None:
        self.paths = paths
        self.names = names

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int) -> bytes:
        return read_file(self.paths[index])

    def name(self, index: int) -> str:
        return str(self.names[index])


class FilesToBatches(Serving):
    """The part of an iterator that turns files into batches."""

    image_shape: tuple[int, ...]
    class_mode: str | None
    classes: Any
    class_indices: dict[str, int]
    filenames: list[str]

    def set_processing_attrs(
        self,
        image_data_generator: Generator | None,
        target_size: Sequence[int],
        color_mode: str,
        data_format: str | None,
        save_to_dir: str | None,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool = False,
    ) -> None:
        """Takes note of how files become batches; the arguments are those of `flow_from_directory`."""
        self.image_data_generator = image_data_generator
        self.target_size = tuple(operator.index(side) for side in height_width(target_size, stacklevel=6))
        if len(self.target_size) != 2:
            raise ArgumentError(f"target_size must be (height, width); got {target_size}.")
        if color_mode not in CHANNELS:
            raise ArgumentError(f'Invalid color mode: {color_mode}; expected "rgb", "rgba", or "grayscale".')
        self.color_mode = color_mode
        self.data_format = data_format or "channels_last"
        channels = (CHANNELS[color_mode],)
        first = self.data_format == "channels_first"
        self.image_shape = channels + self.target_size if first else self.target_size + channels
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        self.interpolation = interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        self.compat = getattr(image_data_generator, "compat", None)
        self.subset = subset
        self.split = self._split(subset)

    def _split(self, subset: str | None) -> tuple[float, float] | None:
        if subset is None:
            return None
        if subset not in ("training", "validation"):
            raise ArgumentError(f'Invalid subset name: {subset};expected "training" or "validation"')
        fraction = getattr(self.image_data_generator, "_validation_split", 0)
        if not fraction and not self.compat:
            raise ArgumentError(
                f'subset="{subset}" needs an ImageDataGenerator with a validation_split; it has none. '
                "Pass validation_split=0.2 to the constructor."
            )
        return (0, fraction) if subset == "validation" else (fraction, 1)

    def batches(self) -> FlowBatches:
        """What makes the batches, as things stand now."""
        check_interpolation(self.interpolation)
        source = FlowFiles(self.filepaths, self.filenames if hasattr(self, "filenames") else self.filepaths)
        images = self._plan(source, COLORS[self.color_mode], mask=False)
        masks = self._plan(FlowFiles(self.masks, self.masks), "gray", mask=True) if self.masks else None
        return FlowBatches(images, masks, self.sampler(len(source)), skip=self.on_error == "skip")

    def _plan(self, source: Source, color: Any, mask: bool) -> FlowPlan:
        generator = self.generator
        plan = FlowPlan(
            source=source,
            generator=generator,
            seed=self._key,
            layout="NCHW" if self.data_format == "channels_first" else "NHWC",
            color=color,
            target=(self.target_size[0], self.target_size[1]),
            interpolation=self.interpolation,
            keep_aspect_ratio=self.keep_aspect_ratio,
            augment=self.augment and self.image_data_generator is not None,
            mask=mask,
        )
        return plan.with_dtype()

    def loading(self) -> tuple[Any, Any]:
        """`load_img` and `img_to_array`, or what a program has put in their place."""
        return load_img, img_to_array

    def load(self, index: int) -> NDArray[Any]:
        """One file as an array, resized, in the generator's data_format: what the old loop began with."""
        load, to_array = self.loading()
        more: dict[str, Any] = {"keep_aspect_ratio": True} if self.keep_aspect_ratio else {}
        if not self._load_img_is_replaced():
            more["compat"] = self.compat
        image = load(
            self.filepaths[index],
            color_mode=self.color_mode,
            target_size=self.target_size,
            interpolation=self.interpolation,
            **more,
        )
        x: NDArray[Any] = to_array(image, data_format=self.data_format)
        return x

    def _load_img_is_replaced(self) -> bool:
        """Whether a program has put a function of its own there, as many do that crop while they load."""
        return self.loading()[0] is not load_img

    def _all_at_once(self) -> bool:
        return super()._all_at_once() and not self._load_img_is_replaced()

    def assemble(self, image: NDArray[Any], mask: NDArray[Any] | None, index: NDArray[Any]) -> Any:
        """The batch as the class_mode wants it."""
        if mask is not None:
            return self._weighted(image, mask, index)
        mode = self.class_mode
        if mode == "input":
            target: Any = image.copy()
        elif mode in ("binary", "sparse"):
            target = np.asarray(self.classes)[index].astype(self._label_dtype(mode))
        elif mode == "categorical":
            target = np.zeros((len(index), len(self.class_indices)), self.dtype)
            for row, sample in enumerate(index):
                target[row, self.classes[sample]] = 1
        elif mode == "multi_output":
            target = [output[index] for output in self.labels]
        elif mode == "raw":
            target = self.labels[index]
        else:
            return image
        return self._weighted(image, target, index)

    def _label_dtype(self, mode: str) -> Any:
        # Documented as integers; the old lines gave floats.
        return "int64" if mode == "sparse" and not self.compat else self.dtype

    def _weighted(self, image: NDArray[Any], target: Any, index: NDArray[Any]) -> Any:
        weight = self.sample_weight
        return (image, target) if weight is None else (image, target, weight[index])

    @property
    def filepaths(self) -> Sequence[str]:
        """The path of each sample."""
        raise NotImplementedError(f"`filepaths` property method has not been implemented in {type(self).__name__}.")

    @property
    def labels(self) -> Any:
        """The label of each sample."""
        raise NotImplementedError(f"`labels` property method has not been implemented in {type(self).__name__}.")

    @property
    def sample_weight(self) -> Any:
        """The weight of each sample, or None."""
        raise NotImplementedError(f"`sample_weight` property method has not been implemented in {type(self).__name__}.")


def mask_paths(names: Sequence[str], folder: str) -> list[str]:
    """The mask of each picture: the file in `folder` of the same relative name, whatever its extension.

    Masks may also lie without the sub-folders of the classes.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ArgumentError(f"masks must be a folder; {folder!r} is none.")
    found: dict[Path, str] = {}
    for path, _, files in sorted(os.walk(root)):
        for name in sorted(files):
            place = Path(path) / name
            found.setdefault(place.relative_to(root).with_suffix(""), str(place))
    wanted = [Path(name).with_suffix("") for name in names]
    paths = [found.get(place) or found.get(Path(*place.parts[1:])) for place in wanted]
    missing = [name for name, path in zip(names, paths, strict=True) if path is None]
    if missing:
        raise ArgumentError(
            f"masks: {len(missing)} of {len(names)} pictures have no mask in {folder}; the first is {missing[0]}. "
            "A mask has the name of its picture, in the same sub-folder; the extension may differ."
        )
    return [path for path in paths if path is not None]
