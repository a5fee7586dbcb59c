"""Images that are in memory, or mapped into it."""

import mmap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augstream.decode.sample import PEAK, Sample, Stack, planar
from augstream.errors import ArgumentError
from augstream.sources import split
from augstream.sources.annotate import annotate
from augstream.sources.labels import labels_of
from augstream.sources.source import Source

_LOOKED_AT = 16


def from_arrays(
    x: Any,
    y: ArrayLike | None = None,
    *,
    classes: Sequence[str] | None = None,
    peak: float | None = None,
    weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    masks: Any = None,
    boxes: Sequence[Any] | None = None,
    box_label: Sequence[Any] | None = None,
    points: Sequence[Any] | None = None,
    mask_fill: int = 0,
    min_visible: float = 0.1,
    values: Mapping[int, int] | None = None,
) -> "Arrays":
    """Images from an array (n, h, w) or (n, h, w, c), or from a list of (h, w) or (h, w, c) arrays; never copied.

    Anything with a shape, a dtype and `x[i]` will do: a memory map, an HDF5 dataset, a Zarr array. dtype uint8, uint16
    or float32; other floats are converted image by image. `peak` is the level of white: 255, 65535 and, for floats,
    1 unless said otherwise. y: one label per image: integers (kept as int64), names (sorted into `classes`), or any
    numbers. weight: (n,) what each counts in the loss. groups: (n,) keys of what `split` keeps on one side.
    masks: n arrays (h, w) or (h, w, c). boxes, box_label, points: n of (k, 4), (k,) and (k, 2); see `Targets`.
    values: {number as stored: class id} for masks; other numbers stay.
    """
    source = Arrays(x, peak)
    if y is not None:
        source.labels, source.classes = labels_of(y, classes, len(source), "from_arrays.y")
    elif classes is not None:
        raise ArgumentError("from_arrays.classes needs y, the labels that they name.")
    if weight is not None:
        source.sample_weight = split.weights_of(weight, len(source), "from_arrays.weight").astype(np.float32)
    if groups is not None:
        source.groups = split.numbered(groups, len(source), "from_arrays.groups")
    annotate(
        source,
        "from_arrays",
        boxes=boxes,
        box_label=box_label,
        points=points,
        masks=masks,
        mask_fill=mask_fill,
        min_visible=min_visible,
        values=values,
    )
    return source


class Arrays(Source):
    """Images that are arrays already. Made by `from_arrays`."""

    def __init__(self, x: Any, peak: float | None) -> None:
        self.x = x
        many = hasattr(x, "shape") and hasattr(x, "dtype")
        if not many and not isinstance(x, Sequence):
            raise ArgumentError(f"from_arrays.x must be an array or a list of arrays; got {type(x).__name__}.")
        if many and len(x.shape) not in (3, 4):
            raise ArgumentError(
                f"from_arrays.x must be (n, h, w) or (n, h, w, c); got shape {tuple(x.shape)}."
                + (" Pass x[None] for a single image." if len(x.shape) == 2 else "")
            )
        if len(self) == 0:
            raise ArgumentError("from_arrays.x must hold at least one image; got none.")
        if many:
            _check(x.dtype, tuple(x.shape[1:]), "from_arrays.x")
        else:
            _check_list(x)
        self.peak = self._checked_peak(peak)

    def __len__(self) -> int:
        # Zarr's arrays have no len().
        return int(self.x.shape[0]) if hasattr(self.x, "shape") else len(self.x)

    def read(self, index: int) -> NDArray[Any]:
        picture = np.asarray(self.x[index])
        kind = picture.dtype.kind
        dtype = np.dtype(np.float32) if kind == "f" else picture.dtype.newbyteorder("=")
        return picture if picture.dtype == dtype else picture.astype(dtype)

    def read_many(self, indices: Sequence[int]) -> Sequence[Sample | Exception]:
        x = self.x
        if isinstance(x, np.ndarray) and x.dtype in PEAK and x.flags.c_contiguous:
            return Stack(np.asarray(x if x.ndim == 4 else x[..., None]), np.asarray(indices, np.int64))
        return super().read_many(indices)

    def name(self, index: int) -> str:
        return f"x[{index}]"

    def _checked_peak(self, peak: Any) -> float | None:
        if peak is not None and (isinstance(peak, bool) or not isinstance(peak, int | float) or not 0 < peak < np.inf):
            raise ArgumentError(f"from_arrays.peak must be a positive number, the level of white; got {peak!r}.")
        if self.read(0).dtype.kind == "f":
            expected = 1.0 if peak is None else float(peak)
            for index in np.unique(np.linspace(0, len(self) - 1, _LOOKED_AT).astype(np.int64)).tolist():
                picture = self.read(index)
                highest = float(np.nanmax(picture)) if picture.size and not np.isnan(picture).all() else 0.0
                if highest > expected * (1 + 1e-6):
                    raise ArgumentError(
                        f"from_arrays.x holds floats up to {highest:g} (in x[{index}]), above the level of white, "
                        f"{expected:g}. Pass peak={255.0 if 1 < highest <= 255 else highest:g}, or divide x by it."
                    )
        return None if peak is None else float(peak)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        x, base = self.x, getattr(self.x, "base", None)
        if isinstance(x, np.memmap) and isinstance(base, mmap.mmap) and x.filename is not None:
            # Pickling a memory map writes all of the file out, and an HDF5 dataset refuses; the way back is enough.
            state["x"] = None
            state["_map"] = {name: getattr(x, name) for name in ("filename", "dtype", "shape", "offset")}
            state["_map"]["order"] = "C" if x.flags.c_contiguous else "F"
        elif type(x).__module__.startswith("h5py."):
            state["x"], state["_dataset"] = None, (x.file.filename, x.name)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        where, dataset = state.pop("_map", None), state.pop("_dataset", None)
        self.__dict__.update(state)
        if dataset is not None:
            import h5py

            self.x = h5py.File(dataset[0], "r")[dataset[1]]
        if where is not None:
            self.x = np.memmap(mode="r", **where)


def _check(dtype: Any, shape: tuple[int, ...], where: str) -> None:
    dtype = np.dtype(dtype)
    if not (dtype.kind == "f" or (dtype.kind == "u" and dtype.itemsize <= 2)):
        raise ArgumentError(f'{where} must be uint8, uint16 or float32; got {dtype}. Convert it: x.astype("uint8").')
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ArgumentError(f"{where} must be of shape (h, w) or (h, w, c), each at least 1; got {shape}.")
    if planar(shape):
        fact = f"{where} must be of shape (h, w, c); got {shape}, whose channels seem to come first"
        raise ArgumentError(f"{fact}. Write numpy.moveaxis(x, -3, -1).")


def _check_list(x: Sequence[Any]) -> None:
    first = np.asarray(x[0])
    channels = first.shape[2:]
    for index, picture in enumerate(x):
        if not hasattr(picture, "shape") or not hasattr(picture, "dtype"):
            raise ArgumentError(f"from_arrays.x[{index}] must be an array; got {type(picture).__name__}.")
        _check(picture.dtype, tuple(picture.shape), f"from_arrays.x[{index}]")
        if picture.dtype != first.dtype or picture.shape[2:] != channels:
            raise ArgumentError(
                f"from_arrays.x must be of one dtype and number of channels; x[0] is {first.shape} {first.dtype}, "
                f"x[{index}] is {picture.shape} {picture.dtype}."
            )
