"""Philox4x32-10 and the keyed permutation, as plainly as Python can say them: the definition the core is held to."""

import numpy as np
from numpy.typing import NDArray

MASK32 = 0xFFFFFFFF
MASK64 = 0xFFFFFFFFFFFFFFFF


def block(key: tuple[int, int], counter: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Four words of 32 bits; Salmon and others, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011."""
    k0, k1 = key
    c0, c1, c2, c3 = counter
    for _ in range(10):
        a, b = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & MASK32, (a >> 32) ^ c3 ^ k1, a & MASK32
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return c0, c1, c2, c3


def halves(x: int) -> tuple[int, int]:
    """The low and the high 32 bits of a 64-bit word."""
    return x & MASK32, x >> 32 & MASK32


def philox(key: int, epoch: int, index: NDArray[np.int64], words: int) -> NDArray[np.uint32]:
    """(n, words) words: block b of sample i has the counter (epoch, i low, i high, b)."""
    rows = [
        [word for b in range(-(-words // 4)) for word in block(halves(key), (epoch, *halves(int(i)), b))][:words]
        for i in index
    ]
    return np.array(rows, np.uint32).reshape(len(index), words)


def scramble(x: int) -> int:
    """The finalizer of SplitMix64; Steele, Lea, Flood, 2014."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK64
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK64
    return x ^ x >> 31


def permute(key: int, n: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """A Feistel network of 12 rounds on the bits of n - 1, walked until it comes back into 0..n-1."""
    bits = (n - 1).bit_length()
    low_bits = (bits + 1) // 2
    low_mask, high_mask = (1 << low_bits) - 1, (1 << bits - low_bits) - 1
    keys = []
    for round_ in range(12):
        words = block(halves(key), (round_, 0, 0, 0))
        keys.append(words[0] | words[1] << 32)

    def once(x: int) -> int:
        low, high = x & low_mask, x >> low_bits
        for even, odd in zip(keys[::2], keys[1::2], strict=True):
            low ^= scramble(high ^ even) >> 32 & low_mask
            high ^= scramble(low ^ odd) >> 32 & high_mask
        return high << low_bits | low

    def walk(x: int) -> int:
        x = once(x)
        while x >= n:
            x = once(x)
        return x

    return np.array([walk(int(x)) for x in positions], np.int64)
