"""The native core: what `src/bindings/` exports, kept by hand."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Numbers: TypeAlias = NDArray[np.float64]
_Whole: TypeAlias = NDArray[np.int64]
_Mask: TypeAlias = NDArray[np.bool_]
_Entry: TypeAlias = float | _Numbers | _Whole

def philox(key: int, epoch: int, index: NDArray[np.int64], words: int) -> NDArray[np.uint32]:
    """Philox4x32-10 words, (n, words): key of 64 bits; counter (epoch, index low, index high, block)."""

def permute(key: int, n: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a keyed bijection of 0..n-1 sends each position; n up to 2**62."""

def unpermute(key: int, n: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """The inverse of `permute`: from where each number comes."""

def pixel_hash(key: int, pixels: NDArray[np.uint32], channel: int) -> NDArray[np.uint32]:
    """The random words of pixels, given by their numbers (y * width + x), for a key of 64 bits."""

def pixel_normal(key: int, pixels: NDArray[np.uint32], channel: int) -> NDArray[np.float32]:
    """Standard normal values of the same words."""

# Draws: of the stream of bits of (key, epoch), for the samples `index` (n,).

def uniform(
    key: int, epoch: int, index: _Whole, k: int | None, low: float | _Numbers, high: float | _Numbers
) -> _Numbers:
    """(n, k) numbers in [low, high); (n,) where k is None."""

def normal(key: int, epoch: int, index: _Whole) -> _Numbers: ...
def chance(key: int, epoch: int, index: _Whole, p: float) -> _Mask: ...
def integers(key: int, epoch: int, index: _Whole, n: int | _Whole, low: int | _Whole) -> _Whole:
    """(n,) whole numbers in [low, low + n)."""

def choice(key: int, epoch: int, index: _Whole, weights: Sequence[float]) -> _Whole: ...
def order(key: int, epoch: int, index: _Whole, k: int) -> _Whole:
    """(n, k) orders of range(k)."""

def keys(key: int, epoch: int, index: _Whole) -> NDArray[np.uint64]: ...

# Matrices: see plan/matrix.py. An entry is a number or one for each image.

def affine(n: int, a: _Entry, b: _Entry, x: _Entry, c: _Entry, d: _Entry, y: _Entry) -> _Numbers: ...
def linear(size: _Whole, a: _Entry, b: _Entry, c: _Entry, d: _Entry) -> _Numbers: ...
def rotate(size: _Whole, degrees: _Entry) -> _Numbers: ...
def shift(size: _Whole, x: _Entry, y: _Entry) -> _Numbers: ...
def shear(size: _Whole, x: _Entry, y: _Entry) -> _Numbers: ...
def zoom(size: _Whole, x: _Entry, y: _Entry) -> _Numbers: ...
def perspective(size: _Whole, corners: _Numbers) -> _Numbers: ...
def stretch(box: _Whole, top: _Entry, left: _Entry, height: float, width: float) -> _Numbers: ...
def then(first: _Numbers, second: _Numbers) -> _Numbers: ...
def matrix_where(on: _Mask, matrix: _Numbers) -> _Numbers:
    """The matrices (n, h, w) of the images that are on, the identity for the others."""

def size_where(on: _Mask, size: _Whole, other: _Whole) -> _Whole:
    """The sizes (n, 2) of the images that are on, the others' for the others."""

def identities(matrix: _Numbers) -> _Mask:
    """(n,) which of the matrices (n, h, w) are the identity."""

def same_sizes(size: _Whole, other: _Whole) -> _Mask:
    """(n,) which sizes (n, 2) are the same."""

# Colors, curves, kernels.

def jitter(
    n: int,
    channels: int,
    peak: float,
    brightness: _Entry,
    contrast: _Entry,
    saturation: _Entry | None,
    hue: _Entry | None,
) -> _Numbers:
    """(n, c, c + 1): levels times `brightness`, and `contrast` times as far from half the peak; colors `saturation`
    times as far from gray and turned by `hue` of the color circle. Both None: left alone.
    """

def color(n: int, channels: int, peak: float, gain: _Entry, offset: _Entry) -> _Numbers:
    """(n, c, c + 1). gain: for all channels. offset: for all channels or (n, k), in fractions of the peak."""

def merge_colors(
    first: _Numbers, first_clip: _Numbers | None, second: _Numbers, second_clip: _Numbers | None
) -> tuple[_Numbers, _Numbers | None]:
    """(matrix, clip) of two colors in a row."""

def fill_before(matrix: _Numbers, fill: _Numbers) -> tuple[_Numbers, _Mask | None]:
    """The fill (n, 3) that looks like `fill` (n, 1 or 3) behind a color; where it is lost (n,), None for nowhere."""

def fill_levels(fill: _Numbers, channels: int) -> NDArray[np.float32]:
    """Levels (n, 1 or c) as `run` takes them, (n, c)."""

def power_table(power: _Numbers, peak: float) -> _Numbers:
    """(n, 256) levels x ** power * peak, x from 0 to 1."""

def gaussians(sigma: _Numbers) -> tuple[_Numbers, _Whole]:
    """Kernels (n, 2 r + 1) and how far they reach (n, 2); r is the largest reach."""

# Boxes, and images that are alike.

def crop_boxes(
    size: _Whole, share: _Numbers, ratio: _Numbers, lowest: float, highest: float
) -> tuple[_Whole, _Whole, _Whole]:
    """(box, corner, places), each (n, 2): the first box that fits has its corner at any of `places` from `corner` on.

    share: (n, k) of the image's area; ratio: (n, k) logarithms of width over height. Where none fits: the largest in
    the middle, with a ratio from `lowest` to `highest`.
    """

def placed_boxes(
    size: _Whole, share: _Numbers, ratio: _Numbers, top: _Numbers, left: _Numbers, many: _Entry
) -> _Numbers:
    """(n, k, 4) x0 y0 x1 y1 of the first boxes that fit, `many` for each image; empty ones elsewhere.

    share, ratio: (n, k * tries). top, left: (n, k) which of the possible places, in [0, 1).
    """

def groups(n: int, columns: list[_Mask | _Whole]) -> list[_Whole] | None:
    """The rows of each group of images that are alike in all columns (n,); None where all are."""

def bounds(numbers: _Whole, axes: int) -> tuple[int, int]:
    """The lowest and the highest number of an array with so many axes; (0, 0) of none."""

def sizes(images: list[NDArray[Any]]) -> _Whole:
    """(n, 2) heights and widths of images (h, w, c)."""

def first_odd(size: _Whole) -> int:
    """The first row of (n, 2) that differs from row 0; 0 where there is none."""

class Pool:
    """Threads that run samples; 0 threads work in the caller. Python threads may share them, and a fork is fine."""

    def __init__(self, threads: int) -> None: ...
    @property
    def threads(self) -> int: ...
    def run(
        self,
        samples: list[Any] | tuple[NDArray[Any], NDArray[np.int64]],
        programs: list[Any],
        channels: int,
        out: NDArray[Any],
        dtype: str,
        planar: bool,
        keep: list[Any] | None = None,
        clock: NDArray[np.float64] | None = None,
    ) -> list[tuple[int, int, str]]:
        """Fill `out` and return (output, the input at hand, reason) of each output that failed.

        samples: files, blocks and images; or (images (n, h, w, c), the numbers (m,) of those that are meant).
        programs: rows that go the same way, each (rows, sources, steps): the numbers (g,) of the outputs and inputs, or
            None for 0, 1, 2, ...; a step is (head or None, points), and all ops are (tag, field, ...) with arrays of g
            rows. Each output must be made once.
        keep: whether to keep what each JPEG is decoded to; where it says True it then holds a block, or None.
        clock: (2,) to which the threads' seconds are added: [decoding, decoding and everything after it].
        """

class Slots:
    """Memory for batches, recycled when the last view of an array is gone; at most `keep` blocks wait."""

    def __init__(self, keep: int) -> None: ...
    def take(self, size: int) -> NDArray[np.uint8]: ...

def header(samples: list[Any]) -> NDArray[np.int32]:
    """Rows (kind, height, width, channels, orientation), as stored; kind 0: bytes for Pillow, 1: JPEG, 2: an array.

    A block has the kind of what it was made of.
    """

def scales(programs: list[Any], stored: NDArray[np.int64], channels: int, outputs: int) -> NDArray[np.int64]:
    """The denominator of the scale that the decoder is asked for, for each input; stored: their sizes (m, 2).

    0 where the rows that read it want different ones, or where none reads it.
    """

def pack(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """An image (h, w, c) as a block: a (bytes,) array that `run` and `header` take as a sample."""

def block_scale(block: NDArray[np.uint8]) -> int:
    """The denominator of the scale at which a block holds an image; 0: this is no block."""

def checksum(block: NDArray[np.uint8]) -> int:
    """64 bits that tell whether any of a block's have changed."""

def hint(warp: Any, height: int, width: int) -> tuple[int, int, int, int, int]:
    """What the decoder is asked for by a warp of one row, or none: (top, bottom, left, right, denominator)."""

def instruction_sets() -> list[str]:
    """Those that the core is compiled for and this machine has, best first."""

def use_instruction_set(name: str = "", pairs: bool = False) -> None:
    """For tests: have all threads use this one, or the best; pairs: transform blocks two by two, as the widest does."""
