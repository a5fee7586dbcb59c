"""One sample of a source as a person sees it: `photos[i]`."""

from __future__ import annotations

import operator
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from augstream.decode import pillow
from augstream.decode.orientation import upright
from augstream.decode.sample import Sample, Undecodable, checked
from augstream.errors import ArgumentError, SampleError
from augstream.notebook import page
from augstream.sources.targets import Rules, Targets


class Readable(Protocol):
    """What is asked of a source here."""

    classes: list[str] | None
    sample_weight: NDArray[np.float32] | None
    peak: float | None
    rules: Rules

    def __len__(self) -> int: ...

    def read(self, index: int) -> Sample: ...

    def targets(self, index: int) -> Targets | None: ...

    def label(self, index: int) -> Any: ...

    def name(self, index: int) -> str: ...


class Decoded:
    """One sample, read when its image or its targets are first asked for.

    name: what the source calls it. label: None where the source has none.
    """

    def __init__(self, source: Readable, index: int) -> None:
        self.source, self.index = source, index
        self.name, self.label = source.name(index), source.label(index)

    @cached_property
    def image(self) -> NDArray[Any]:
        """(h, w, c): an encoded image as RGB bytes, after EXIF orientation; an array as the source has it."""
        try:
            sample = checked(self.source.read(self.index))
            return upright(*pillow.decode(sample)) if isinstance(sample, bytes) else sample
        except Exception as error:  # sources are anybody's code
            raise self._failed(error) from error

    @cached_property
    def targets(self) -> Targets:
        """Mask, boxes, outlines and points as arrays, in pixels of the image; None of each that the source has not."""
        height, width = self.image.shape[:2]
        try:
            noted = self.source.targets(self.index)
            return Targets() if noted is None else noted.checked((height, width), self.source.rules.values)
        except Exception as error:
            raise self._failed(error) from error

    @property
    def mask(self) -> Any:
        """(h, w) or (h, w, c) numbers."""
        return self.targets.mask

    @property
    def boxes(self) -> NDArray[Any] | None:
        """(k, 4) x0 y0 x1 y1 in pixels."""
        return self.targets.boxes

    @property
    def box_label(self) -> NDArray[Any] | None:
        """(k,) classes of the boxes."""
        return self.targets.box_label

    @property
    def points(self) -> NDArray[Any] | None:
        """(k, 2) x y in pixels."""
        return self.targets.points

    @property
    def polygons(self) -> Any:
        """The outlines (m, 2) of each box."""
        return self.targets.polygons

    @property
    def weight(self) -> float | None:
        """How much it counts in the loss."""
        weight = self.source.sample_weight
        return None if weight is None else float(weight[self.index])

    def _repr_html_(self) -> str:
        return page(self)

    def _failed(self, error: Exception) -> SampleError:
        reason = str(error) if isinstance(error, Undecodable) else f"cannot be read: {error}"
        return SampleError([(self.index, self.name, reason)], "Repair or remove the file.")

    def __repr__(self) -> str:
        label = self.label
        named = f" ({self.source.classes[label]})" if self.source.classes and np.ndim(label) == 0 else ""
        told = "" if label is None else f", label {label}{named}"
        return f"<sample {self.index} {self.name!r}{told}>"


def decoded(source: Readable, index: object) -> Decoded:
    """Sample `index` of a source, counted from the end where it is below 0."""
    try:
        number = range(len(source))[operator.index(index)]  # type: ignore[arg-type]
    except TypeError:
        raise ArgumentError(
            f"photos[i] takes a number or a slice; got {index!r:.60}. Write photos.subset([...]) for more."
        ) from None
    except IndexError:
        raise IndexError(f"sample {index} of {len(source)}") from None
    return Decoded(source, number)
