"""Images in whatever form one has them, as arrays; and labels as a caption."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.decode import pillow
from augstream.decode.orientation import upright
from augstream.decode.sample import Undecodable
from augstream.errors import ArgumentError, SampleError
from augstream.sources.reading import read_file

_CHANNELS = (1, 3, 4)


def images_of(what: Any) -> tuple[list[NDArray[Any]], Any]:
    """Images (h, w, c) of one, several, or (x, y); and the labels y, None where there are none."""
    if isinstance(what, tuple) and len(what) in (2, 3) and np.ndim(_array(what[0])) == 4:
        return images_of(what[0])[0], _array(what[1])
    if isinstance(what, str | os.PathLike) or hasattr(what, "getbands"):
        return [_image(what)], None
    if isinstance(what, list | tuple) and not np.isscalar(what[0] if what else None):
        if not what:
            raise ArgumentError("show needs at least one image; got none.")
        return [_image(one) for one in what], None
    array = _array(what)
    if not array.size:
        raise ArgumentError(f"show needs at least one image; got an array of shape {array.shape}.")
    if array.ndim == 4:
        return [_image(one) for one in array], None
    if array.ndim == 3 and array.shape[2] not in _CHANNELS and array.shape[0] not in _CHANNELS:
        return [_image(one) for one in array], None  # (n, h, w)
    return [_image(array)], None


def planes(image: NDArray[Any]) -> bool:
    """Whether an image is (c, h, w)."""
    return image.ndim == 3 and image.shape[0] in _CHANNELS and image.shape[2] not in _CHANNELS


def label_text(label: Any, classes: Sequence[str] | None) -> str:
    """A label as a caption: the name of the class, shares of classes, numbers."""
    label = np.asarray(label)
    if label.dtype.names:
        return ", ".join(f"{name} {label_text(label[name], None)}" for name in label.dtype.names)
    if label.dtype.kind not in "biuf":
        return str(label) if label.ndim == 0 else ", ".join(map(str, label.ravel()[:3]))
    if label.ndim == 0:
        number = label.item()
        known = classes is not None and label.dtype.kind in "biu" and 0 <= number < len(classes)
        return (
            str(classes[int(number)])
            if known and classes
            else f"{number:.4g}"
            if label.dtype.kind == "f"
            else str(number)
        )
    if label.shape == (1,) and classes is not None and len(classes) == 2 and 0 <= label[0] <= 1:
        label = np.array([1 - label[0], label[0]])
    if label.ndim != 1 or (label < 0).any():
        return ", ".join(f"{number:.3g}" for number in label.ravel()[:4].tolist())
    # The classes that it has some of, most of all first; names alone where it has all of one, or of several.
    rows = [row for row in np.argsort(-label, kind="stable").tolist() if label[row] > 0]
    names = [str(classes[row]) if classes is not None and row < len(classes) else str(row) for row in rows[:3]]
    if all(label[row] == 1 for row in rows):
        return ", ".join(names)
    return ", ".join(f"{name} {label[row]:.2f}" for name, row in zip(names, rows, strict=False))


def _image(what: Any) -> NDArray[Any]:
    """One image as (h, w, c)."""
    if isinstance(what, str | os.PathLike):
        return _file(what)
    if hasattr(what, "getbands"):
        from PIL import ImageOps

        what = ImageOps.exif_transpose(what)
        what = what if what.mode in ("L", "RGB") else what.convert("RGB")
    image = _array(what)
    if image.ndim not in (2, 3) or not image.size or image.dtype.kind not in "biuf":
        raise ArgumentError(
            f"show needs images, (h, w), (h, w, c) or (c, h, w) of numbers; got shape {image.shape} of {image.dtype} "
            f"({type(what).__name__}). It also takes a source, one of its samples, a loader and a batch."
        )
    if image.ndim == 2:
        return image[:, :, None]
    return image.transpose(1, 2, 0) if planes(image) else image


def _file(path: str | os.PathLike[str]) -> NDArray[Any]:
    name = os.fspath(path)
    if os.path.isdir(name):  # noqa: PTH112
        raise ArgumentError(f"{name!r} is a folder. Write aug.show(aug.from_folder({name!r})).")
    try:
        return upright(*pillow.decode(read_file(name)))
    except OSError as error:
        raise SampleError([(0, name, f"cannot be read: {error.strerror or error}")], "Look at the path.") from error
    except Undecodable as error:
        raise SampleError([(0, name, str(error))], "Pass the path of an image.") from error


def _array(what: Any) -> NDArray[Any]:
    """An array of anything, tensors of torch on any device among them."""
    if hasattr(what, "detach"):
        what = what.detach().cpu()
        what = what.float() if what.is_floating_point() else what
    try:
        array = np.asarray(what)
    except ValueError:
        raise ArgumentError(f"show needs images; got {type(what).__name__} of parts that differ in shape.") from None
    return array.astype(np.float32) if array.dtype.name in ("bfloat16", "float16", "float64") else array
