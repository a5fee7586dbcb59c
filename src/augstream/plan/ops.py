"""The op kinds: frozen records of small arrays, one row per sample of a batch.

Read this file first. A transform draws ops, `fuse` merges them into a plan, an engine runs the plan; nothing else
passes between those three. Shapes by letter: n samples, c channels. Pixel values are *levels*: 0..255 for uint8
pictures, 0..65535 for uint16, 0..1 for float ones (the top is the frame's `peak`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Border: TypeAlias = Literal["constant", "edge", "reflect", "mirror", "wrap", "overlap"]
Interpolation: TypeAlias = Literal["nearest", "bilinear", "bicubic"]


@dataclass(frozen=True, eq=False)
class Warp:
    """Each output pixel looks at one place of the input picture.

    matrix: (n, 3, 3), output to input, continuous coordinates (x right, y down, pixel i covers [i, i+1)).
    size: (n, 2) integers, output (height, width).
    border: what is seen outside the picture; None where the warp never looks outside, so that any border will do.
    fill: (n, 1 or c) levels, seen outside a "constant" border.
    interpolation: None where pixel centers fall onto pixel centers, so that any interpolation gives the same picture.
    antialias: False samples as scipy.ndimage does: one interpolated value however much the warp shrinks, and a constant
        border that begins at once beyond the outermost pixel centers.
    """

    matrix: Array
    size: NDArray[np.int64]
    border: Border | None = None
    fill: Array | None = None
    interpolation: Interpolation | None = None
    antialias: bool = True

    def where(self, on: Mask, frame: "Frame") -> "Warp":
        """This warp for the samples that are on, the identity for the others."""
        matrix = np.where(on[:, None, None], self.matrix, np.eye(3))
        return replace(self, matrix=matrix, size=np.where(on[:, None], self.size, frame.size))


@dataclass(frozen=True, eq=False)
class Color:
    """An affine map of the channels of each pixel.

    matrix: (n, c, c+1); the last column is added. With m the matrix: out[i] = sum_j m[i, j] * in[j] + m[i, c].
    clip: (n, c, 2) lowest and highest level of each output channel, applied once at the end of the pass; None for a map
    of the levels themselves (Normalize, Rescale), which must be diagonal and carries an earlier clip along.
    """

    matrix: Array
    clip: Array | None

    def where(self, on: Mask, frame: "Frame") -> "Color":
        """This color for the samples that are on, the identity for the others."""
        c = self.matrix.shape[1]
        return replace(self, matrix=np.where(on[:, None, None], self.matrix, np.eye(c, c + 1)))


@dataclass(frozen=True, eq=False)
class Curve:
    """A table of output levels over the input levels, channel by channel.

    table: (n, 1 or c, 256) output levels at 256 evenly spaced input levels from 0 to `peak`; inputs beyond are clipped.
    steps: False interpolates linearly between entries, True takes the nearest entry.
    on: (n,) the samples it is for, the others stay as they are; None: all of them.
    """

    table: Array
    peak: float
    steps: bool = False
    on: Mask | None = None

    def where(self, on: Mask, frame: "Frame") -> "Curve":
        """This curve for the samples that are on, none for the others."""
        return replace(self, on=on if self.on is None else self.on & on)


Op: TypeAlias = Warp | Color | Curve


@dataclass(frozen=True, eq=False)
class Frame:
    """What is known of a batch of pictures before any pixel is: all that `draw` may look at.

    size: (n, 2) integers (height, width). channels: the same for the whole batch.
    peak: the highest level (255, 65535 or 1); None once a Normalize has made "level" meaningless.
    border, fill, interpolation: what the pipeline uses where a transform does not say.
    """

    size: NDArray[np.int64]
    channels: int = 3
    peak: float | None = 255.0
    border: Border = "constant"
    fill: float | Sequence[float] = 0.0
    interpolation: Interpolation = "bilinear"

    def __len__(self) -> int:
        return len(self.size)

    def after(self, op: Op) -> "Frame":
        """The frame of the pictures that `op` makes of this one's."""
        if isinstance(op, Warp):
            # `replace` would cost more than all else here, and this is done for every op of every batch.
            return Frame(op.size, self.channels, self.peak, self.border, self.fill, self.interpolation)
        if isinstance(op, Color) and op.clip is None:
            gain, shift = op.matrix[0, :, :-1].diagonal(), op.matrix[0, :, -1]
            plain = self.peak is not None and not shift.any() and bool((gain == gain[0]).all())
            return replace(self, peak=float(gain[0]) * self.peak if plain and self.peak is not None else None)
        return self
