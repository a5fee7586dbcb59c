"""The native core: what `src/bindings.cpp` exports, kept by hand."""

import numpy as np
from numpy.typing import NDArray

def philox(key: int, epoch: int, index: NDArray[np.int64], words: int) -> NDArray[np.uint32]:
    """Philox4x32-10 words, (n, words): key of 64 bits; counter (epoch, index low, index high, block)."""

def permute(key: int, n: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a keyed bijection of 0..n-1 sends each position; n up to 2**62."""
