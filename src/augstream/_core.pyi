"""The native core: what `src/bindings/` exports, kept by hand."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

def philox(key: int, epoch: int, index: NDArray[np.int64], words: int) -> NDArray[np.uint32]:
    """Philox4x32-10 words, (n, words): key of 64 bits; counter (epoch, index low, index high, block)."""

def permute(key: int, n: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a keyed bijection of 0..n-1 sends each position; n up to 2**62."""

def unpermute(key: int, n: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """The inverse of `permute`: from where each number comes."""

def pixel_hash(key: int, pixels: NDArray[np.uint32], channel: int) -> NDArray[np.uint32]:
    """The words that the random numbers of these pixels are made of."""

def pixel_normal(key: int, pixels: NDArray[np.uint32], channel: int) -> NDArray[np.float32]:
    """The standard normal numbers of these pixels."""

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

        samples: files, blocks and pictures; or (pictures (n, h, w, c), the numbers (m,) of those that are meant).
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
    """A picture (h, w, c) as a block: a (bytes,) array that `run` and `header` take as a sample."""

def block_scale(block: NDArray[np.uint8]) -> int:
    """The denominator of the scale at which a block holds a picture; 0: this is no block."""

def checksum(block: NDArray[np.uint8]) -> int:
    """64 bits that tell whether any of a block's have changed."""

def hint(warp: Any, height: int, width: int) -> tuple[int, int, int, int, int]:
    """What the decoder is asked for by a warp of one row, or none: (top, bottom, left, right, denominator)."""

def instruction_sets() -> list[str]:
    """Those that the core is compiled for and this machine has, best first."""

def use_instruction_set(name: str = "", pairs: bool = False) -> None:
    """For tests: have all threads use this one, or the best; pairs: transform blocks two by two, as the widest does."""
