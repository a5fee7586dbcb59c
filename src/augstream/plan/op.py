"""What an op is: a frozen record of small arrays, one row per image of a batch. Read this file first.

A transform draws ops, `fuse` merges them into a plan, an engine runs the plan; nothing else passes between those three.
The kinds of ops are in `plan/kinds`, a file each. Shapes by letter: n images, c channels. Pixel values are *levels*
(intensities): 0..255 for uint8 images, 0..65535 for uint16, 0..1 for float ones (the top is the frame's `peak`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.record import record

Array: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = NDArray[np.int64]
Border: TypeAlias = Literal["constant", "edge", "reflect", "symmetric", "wrap", "overlap"]
Interpolation: TypeAlias = Literal["nearest", "bilinear", "bicubic"]
Facts: TypeAlias = Iterator[tuple[str, bool]]


class Known(NamedTuple):
    """The targets of the images, for transforms that must see them: how they are moved by the ops so far."""

    move: Callable[[Sequence["Op"]], Any]
    ops: tuple["Op", ...] = ()


@record(frozen=True, eq=False)
class Frame:
    """What is known of a batch of images before any pixel is: all that `draw` may look at.

    size: (n, 2) integers (height, width). channels: the same for the whole batch.
    peak: the highest level (255, 65535 or 1); None once a Normalize has made "level" meaningless.
    border, fill, interpolation: what the pipeline uses where a transform does not say.
    before: in a mix's draw, the frame of the images it takes from: these first, then the partners that are not among
        them.
    known: where some transform of the pipeline `needs` them, the targets; see `targets`.
    """

    size: Rows
    channels: int = 3
    peak: float | None = 255.0
    border: Border = "constant"
    fill: float | Sequence[float] = 0.0
    interpolation: Interpolation = "bilinear"
    before: "Frame | None" = None
    known: Known | None = None

    @property
    def targets(self) -> Any:
        """Masks, boxes and points (a `TargetBatch`) as the ops so far have moved them; None where nobody knows any."""
        return None if self.known is None else self.known.move(self.known.ops)

    def __len__(self) -> int:
        return len(self.size)

    def resized(self, size: Rows) -> "Frame":
        """The frame of images of another size."""
        # `replace` would cost more than all else here, and this is done for every op of every batch.
        return Frame(size, self.channels, self.peak, self.border, self.fill, self.interpolation, None, self.known)

    def after(self, op: "Op") -> "Frame":
        """The frame of the images that `op` makes of this one's."""
        after = op.after(self)
        return after if after.known is None else replace(after, known=Known(after.known.move, (*after.known.ops, op)))


class Op:
    """Base of the kinds. Sub-classes are frozen dataclasses whose arrays have one row per image.

    tag: the kind's number in the wire form, which the core reads it by. head: whether it begins a step, as what looks
    at other pixels than its own must; a point op joins the step before it.
    """

    tag: ClassVar[int]
    head: ClassVar[bool] = False

    @property
    def statistic(self) -> bool:
        """Whether it asks something of the whole image at hand, so that the step before must have made all of it."""
        return False

    def where(self, on: Mask, frame: Frame) -> Self:
        """This op for the images that are on, its neutral element for the others."""
        raise NotImplementedError

    def idle(self, frame: Frame) -> Mask:
        """(n,) which images it leaves as they are; frame: of the images that reach it."""
        raise NotImplementedError

    def after(self, frame: Frame) -> Frame:
        """The frame of the images that it makes."""
        return frame

    def take(self, rows: Rows) -> Self:
        """The op for some of the images, (m,) of n."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        taken = {name: value[rows] for name, value in columns.items() if isinstance(value, np.ndarray)}
        return replace(self, **taken)  # type: ignore[type-var]

    def check(self, n: int, c: int) -> Facts:
        """What `verify` asserts: (name, whether it is right)."""
        raise NotImplementedError

    def text(self, row: int) -> str:
        """One image's numbers on one line, for `explain`."""
        raise NotImplementedError

    def wire(self, channels: int) -> tuple[Any, ...]:
        """What the core reads: (tag, arrays and numbers ...); see src/core/plan."""
        raise NotImplementedError

    def apply(self, image: Array, row: int) -> Array:
        """The definition: what becomes of image number `row`, (h, w, c) levels in float64, unrounded."""
        raise NotImplementedError


def levels_of(fill: float | Sequence[float]) -> tuple[float, ...]:
    """A fill as numbers, one for all channels or one for each."""
    if isinstance(fill, float):
        return (fill,)
    return fill if isinstance(fill, tuple) else tuple(np.ravel(fill).tolist())


@lru_cache(maxsize=128)
def repeated(numbers: tuple[Any, ...], n: int) -> Array:
    """(n, ...) the same numbers for every image. It is shared, so nobody may write to it."""
    one = np.array(numbers, np.float64)
    array = np.empty((n, *one.shape))
    array[:] = one
    array.flags.writeable = False
    return array


def sound(array: Any, *shapes: tuple[int, ...]) -> bool:
    """Whether an array of finite numbers has one of these shapes."""
    return array.shape in shapes and array.dtype == np.float64 and bool(np.isfinite(array).all())


def numbers(values: Any) -> str:
    """Numbers as explanations print them."""
    # Adding zero turns -0 into 0.
    return " ".join(f"{round(float(value), 9) + 0.0:.5g}" for value in values)


def matrix_text(rows: Array) -> str:
    """A matrix as explanations print it."""
    return "[" + "; ".join(numbers(row) for row in rows) + "]"


def float32(array: Any) -> NDArray[np.float32]:
    """C-contiguous, as the core takes it."""
    return np.ascontiguousarray(array, np.float32)
