"""Pictures that are in memory."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.keras_preprocessing import intensity
from augstream.keras_preprocessing.array_source import Pictures
from augstream.keras_preprocessing.dispatch import HASHES, Serving
from augstream.keras_preprocessing.flow_plan import FlowPlan
from augstream.keras_preprocessing.generator import Generator
from augstream.keras_preprocessing.image.iterator import Iterator, array_to_img
from augstream.keras_preprocessing.names import one_copy
from augstream.keras_preprocessing.prefetch import FlowBatches
from augstream.keras_preprocessing.splitting import part, stratified

__all__ = ["NumpyArrayIterator", "array_to_img"]


class NumpyArrayIterator(Serving, Iterator):
    """Batches of the pictures of an array, with what belongs to them."""

    hashes = HASHES["arrays"]

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Generator,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        dtype: Any = "float32",
        ignore_class_split: bool = False,
        *,
        masks: Any = None,
        augment: bool = True,
        split: str | None = None,
        split_seed: int = 0,
        **kwargs: Any,
    ) -> None:
        self.compat = getattr(image_data_generator, "compat", None)
        self.image_data_generator = image_data_generator
        self.set_own_attrs(augment, "raise")
        self.dtype = dtype or "float32"
        self.data_format = data_format or "channels_last"
        x, misc = _apart(x)
        _same_length(x, misc, y, sample_weight, masks)
        if masks is not None and y is not None:
            raise ArgumentError("A flow has masks or y: the masks are the targets. Leave one of the two out.")
        rest = [*misc, y, sample_weight, masks]
        if subset is not None:
            kept = self._kept(x, y, subset, stratified(split), split_seed, ignore_class_split)
            x, *rest = (None if one is None else np.asarray(one)[kept] for one in (x, *rest))
        self.x_misc = [np.asarray(one) for one in rest[: len(misc)]]
        self.y, weight, masks = (None if one is None else np.asarray(one) for one in rest[len(misc) :])
        if self.compat and sample_weight is not None:
            weight = np.asarray(sample_weight)  # the old lines forgot to cut it
        self.sample_weight = weight
        self.x = np.asarray(x, self.dtype if self.compat else None)
        if self.x.ndim != 4:
            raise ArgumentError(
                f"Input data in `NumpyArrayIterator` should have rank 4. You passed an array with shape {self.x.shape}"
            )
        self._warn_of_channels()
        self.masks = None if masks is None else _masks(masks, self.x.shape, self.data_format)
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        self.image_shape = self.x.shape[1:]
        Iterator.__init__(self, len(self.x), batch_size, shuffle, seed, **kwargs)

    def _kept(self, x: Any, y: Any, subset: str, shared: bool, split_seed: int, ignore_class_split: bool) -> Any:
        """Which samples are of the subset."""
        if subset not in ("training", "validation"):
            raise ArgumentError(f'Invalid subset name: {subset}; expected "training" or "validation".')
        fraction = self.image_data_generator._validation_split if self.image_data_generator else 0
        if not fraction and not self.compat:
            raise ArgumentError(
                f'subset="{subset}" needs an ImageDataGenerator with a validation_split; it has none. '
                "Pass validation_split=0.2 to the constructor."
            )
        if shared:
            labels = np.zeros(len(x), np.int64) if y is None else np.asarray(y)
            return part(labels, (0, fraction) if subset == "validation" else (fraction, 1), split_seed)
        at = int(len(x) * fraction)
        if y is not None and not ignore_class_split and not np.array_equal(np.unique(y[:at]), np.unique(y[at:])):
            raise ArgumentError(
                "Training and validation subsets have different number of classes after the split. If your numpy "
                "arrays are sorted by the label, you might want to shuffle them."
            )
        return slice(0, at) if subset == "validation" else slice(at, None)

    def _warn_of_channels(self) -> None:
        axis = 3 if self.data_format == "channels_last" else 1
        channels = self.x.shape[axis]
        if channels not in (1, 3, 4):
            warnings.warn(
                f'NumpyArrayIterator is set to use the data format convention "{self.data_format}" (channels on axis '
                f"{axis}), i.e. expected either 1, 3, or 4 channels on axis {axis}. However, it was passed an array "
                f"with shape {self.x.shape} ({channels} channels).",
                stacklevel=5,
            )

    def batches(self) -> FlowBatches:
        """What makes the batches, as things stand now."""
        planar = self.data_format == "channels_first"
        generator = self.generator
        bounds = None
        if self.augment and generator.brightness_range is not None:
            bounds = intensity.bounds_of(self.x)

        def plan(x: Any, mask: bool) -> FlowPlan:
            made = FlowPlan(
                source=Pictures(x, planar),
                generator=generator,
                seed=self._key,
                layout="NCHW" if planar else "NHWC",
                augment=self.augment and self.image_data_generator is not None,
                mask=mask,
                bounds=bounds,
            )
            return made.with_dtype()

        masks = None if self.masks is None else plan(self.masks, True)
        return FlowBatches(plan(self.x, False), masks, self.sampler(len(self.x)), skip=False)

    def load(self, index: int) -> NDArray[Any]:
        """One picture in the generator's dtype: what the old loop began with."""
        return np.array(self.x[index], self.dtype)

    def assemble(self, image: NDArray[Any], mask: NDArray[Any] | None, index: NDArray[Any]) -> Any:
        """The pictures, what goes with them, and the targets and weights where there are any."""
        x: Any = [image, *(one[index] for one in self.x_misc)] if self.x_misc else image
        target = mask if mask is not None else None if self.y is None else self.y[index]
        if target is None:
            return x
        return (x, target) if self.sample_weight is None else (x, target, self.sample_weight[index])


def _apart(x: Any) -> tuple[Any, list[Any]]:
    """The pictures, and the arrays that only go with them."""
    if not isinstance(x, tuple | list):
        return x, []
    misc = x[1] if isinstance(x[1], list) else [x[1]]
    return x[0], [np.asarray(one) for one in misc]


def _same_length(x: Any, misc: list[Any], y: Any, sample_weight: Any, masks: Any) -> None:
    for one in misc:
        if len(x) != len(one):
            raise ArgumentError(
                "All of the arrays in `x` should have the same length. Found a pair with: "
                f"len(x[0]) = {len(x)}, len(x[?]) = {len(one)}"
            )
    for name, what, one in (("y", "labels", y), ("sample_weight", "", sample_weight), ("masks", "", masks)):
        if one is not None and len(x) != len(one):
            raise ArgumentError(
                f"`x` (images tensor) and `{name}`{f' ({what})' if what else ''} should have the same length. "
                f"Found: x.shape = {np.asarray(x).shape}, {name}.shape = {np.asarray(one).shape}"
            )


def _masks(masks: NDArray[Any], shape: tuple[int, ...], data_format: str) -> NDArray[Any]:
    """The masks with a channel axis, if they lie on the pictures."""
    axis = 1 if data_format == "channels_first" else 3
    full = np.expand_dims(masks, axis) if masks.ndim == 3 else masks
    plane = tuple(side for place, side in enumerate(shape) if place not in (0, axis))
    if full.ndim != 4 or tuple(side for place, side in enumerate(full.shape) if place not in (0, axis)) != plane:
        raise ArgumentError(f"masks must be of the pictures' height and width, {plane}; got shape {masks.shape}.")
    return full


one_copy(__name__, "image.numpy_array_iterator")
