"""What a generator draws for each picture, under the names that the old API gave them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.errors import ArgumentError
from augstream.rng import Rng

Compat: TypeAlias = Literal["1.1.2", "keras3"]
LINES: tuple[Compat, ...] = ("1.1.2", "keras3")

# Changing a name changes every picture ever drawn.
PATH = "ImageDataGenerator"
# Flows number the visits to a batch in the high bits of the epoch.
VISIT = 2**32
Reals: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


class Ranges(Protocol):
    """The arguments of a generator that something is drawn from."""

    rotation_range: Any
    width_shift_range: Any
    height_shift_range: Any
    shear_range: Any
    zoom_range: Any
    channel_shift_range: Any
    brightness_range: Any
    horizontal_flip: Any
    vertical_flip: Any


@dataclass(frozen=True, eq=False)
class Parameters:
    """One row per picture. theta, shear: degrees. tx, ty: pixels. zx, zy: how far output pixels lie apart.

    channel_shift: levels; brightness: a factor; None where there is none.
    """

    theta: Reals
    tx: Reals
    ty: Reals
    shear: Reals
    zx: Reals
    zy: Reals
    flip_horizontal: Mask
    flip_vertical: Mask
    channel_shift: Reals | None
    brightness: Reals | None

    def row(self, i: int) -> dict[str, Any]:
        """The dictionary that `get_random_transform` returns."""
        values = {}
        for field in fields(self):
            name = "channel_shift_intensity" if field.name == "channel_shift" else field.name
            column = getattr(self, field.name)
            values[name] = None if column is None else column[i].item()
        return values


def draw(ranges: Ranges, rng: Rng, size: NDArray[np.int64]) -> Parameters:
    """The draws for n pictures of `size` (n, 2): width_shift moves across (tx), height_shift down (ty).

    Every draw has a name of its own, so that it does not depend on which others there are.
    """
    n = len(rng)
    nothing, one = np.zeros(n), np.ones(n)
    low, high = ranges.zoom_range
    zoomed = (low, high) != (1, 1)
    brightness = ranges.brightness_range
    return Parameters(
        theta=_symmetric(rng, "theta", ranges.rotation_range),
        tx=_shift(rng, "tx", ranges.width_shift_range, size[:, 1]),
        ty=_shift(rng, "ty", ranges.height_shift_range, size[:, 0]),
        shear=_symmetric(rng, "shear", ranges.shear_range),
        zx=rng.uniform("zx", low, high) if zoomed else one,
        zy=rng.uniform("zy", low, high) if zoomed else one,
        flip_horizontal=rng.chance("flip_horizontal", 0.5) if ranges.horizontal_flip else nothing.astype(bool),
        flip_vertical=rng.chance("flip_vertical", 0.5) if ranges.vertical_flip else nothing.astype(bool),
        channel_shift=_symmetric(rng, "channel_shift", ranges.channel_shift_range)
        if ranges.channel_shift_range
        else None,
        brightness=None if brightness is None else rng.uniform("brightness", *brightness),
    )


def _symmetric(rng: Rng, name: str, value: float | None) -> Reals:
    return rng.uniform(name, -value, value) if value else np.zeros(len(rng))


def _shift(rng: Rng, name: str, value: Any, length: NDArray[np.int64]) -> Reals:
    """As documented: a list holds the values to take from, an integer v means -v < shift < v in whole pixels, a float
    below 1 is a fraction of `length`, and any other float a number of pixels.
    """
    values = np.asarray(0.0 if value is None else value)
    if values.ndim > 1 or values.dtype.kind not in "iufb":
        raise ArgumentError(f"A shift range must be a number or a list of numbers; got {value!r}.")
    if not values.any():
        return np.zeros(len(rng))
    fraction = values.dtype.kind == "f" and bool((np.abs(values) < 1).all())
    if values.ndim == 1:
        drawn = values[rng.integers(name, len(values))].astype(np.float64)
    elif values.dtype.kind == "f":
        drawn = rng.uniform(name, -float(values), float(values))
    else:
        most = abs(int(values)) - 1
        drawn = (rng.integers(name, 2 * most + 1) - most).astype(np.float64)
    return drawn * length if fraction else drawn


def rng_of(seed: int | None, epoch: int = 0, index: NDArray[np.int64] | None = None) -> Rng:
    """The draws of these pictures; without a seed, those of nobody knows which."""
    rows = np.zeros(1, np.int64) if index is None else np.ascontiguousarray(index, np.int64)
    visits, epoch = divmod(epoch, VISIT)
    path = f"{PATH}/visit {visits}" if visits else PATH
    return Rng(fresh_seed() if seed is None else int(seed), epoch, rows, path)


# What a generator that is asked by a flow draws from, whoever overrides the method that is asked.
_source: ContextVar[tuple[Any, int | None]] = ContextVar("source", default=(None, None))


@contextmanager
def drawing_from(source: Any, epoch: int) -> Iterator[None]:
    """Within it, generators without a seed draw from this Legacy, or one by one from these Rngs of an epoch."""
    token = _source.set((source, epoch))
    try:
        yield
    finally:
        _source.reset(token)


def rngs_of(seed: int, epoch: int, index: NDArray[np.int64]) -> Iterator[Rng]:
    """The draws of these pictures, one by one."""
    return (rng_of(seed, epoch, index[row : row + 1]) for row in range(len(index)))


def source_or(other: Any) -> Any:
    """What to draw from here."""
    source, _ = _source.get()
    return other if source is None else source


def epoch_or(other: int) -> int:
    """The epoch of the batch that is being made here."""
    _, epoch = _source.get()
    return other if epoch is None else epoch


def fresh_seed() -> int:
    """A seed that nobody has used before."""
    return int.from_bytes(os.urandom(8), "little")


def checked_compat(compat: object) -> Compat | None:
    """None, or which line's behavior is wanted."""
    if compat is None:
        return None
    for line in LINES:
        if compat == line:
            return line
    raise ArgumentError(f'compat must be None, "1.1.2" or "keras3"; got {compat!r}.')
