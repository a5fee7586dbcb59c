"""Random numbers for pixels: a counter-based hash of (key, pixel, channel), the same in every engine.

All of it is arithmetic on 32 bits: two finalizers in the manner of MurmurHash3 (A. Appleby), with the halves of the key
between them. Golden vectors in the tests pin it; changing it changes every noisy image ever drawn: a major version.
"""

import numpy as np
from numpy.typing import NDArray

from augstream.plan.op import Array

Words = NDArray[np.uint32]


# From the highest power down.
NEAR = (
    *(2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503),
    *(-0.00417768164, 0.246640727, 1.50140941),
)
FAR = (
    *(-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613),
    *(0.00943887047, 1.00167406, 2.83297682),
)


def words(key: int, height: int, width: int, channels: int) -> Words:
    """(height, width, channels) hashes of the pixels of an image."""
    key = _mixed(key)
    pixel = np.arange(height * width, dtype=np.uint32).reshape(height, width, 1)
    h = _times(pixel, 0x9E3779B1) + np.uint32(key & 0xFFFFFFFF)
    h = _times(h ^ (h >> np.uint32(16)), 0x85EBCA6B)
    channel = _times(np.arange(channels, dtype=np.uint32), 0x6C8E9CF5) + np.uint32(key >> 32)
    h = (h ^ (h >> np.uint32(13))) + channel
    h = _times(h ^ (h >> np.uint32(16)), 0xC2B2AE35)
    h = _times(h ^ (h >> np.uint32(15)), 0x2C1B3C6D)
    hashed: Words = h ^ (h >> np.uint32(16))
    return hashed


def _mixed(key: int) -> int:
    """The key with its bits mixed (SplitMix64), so that keys that resemble each other have nothing in common."""
    key = (key + 0x9E3779B97F4A7C15) % 2**64
    key = ((key ^ (key >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    key = ((key ^ (key >> 27)) * 0x94D049BB133111EB) % 2**64
    return key ^ (key >> 31)


def _times(words: Words, factor: int) -> Words:
    """Modulo 2**32."""
    product: Words = words * np.uint32(factor)
    return product


def uniform(hashes: Words) -> Array:
    """Numbers in [0, 1), multiples of 2**-24."""
    return (hashes >> np.uint32(8)).astype(np.float64) * 2.0**-24


def normal(hashes: Words) -> Array:
    """Standard normal numbers: the inverse of their distribution at the middle of each of 2**24 steps."""
    return _normal(2 * uniform(hashes) + (2.0**-24 - 1))


def normal_quantile(p: Array) -> Array:
    """The standard normal number that a share p of all are below; 0 < p < 1."""
    return _normal(2 * p - 1)


def _normal(x: Array) -> Array:
    """The inverse of the distribution, as a function of 2 p - 1.

    By the polynomials of M. Giles, "Approximating the erfinv function", GPU Computing Gems (Jade Edition), 2011.
    """
    w = -np.log((1 - x) * (1 + x))
    near, far = np.minimum(w, 5) - 2.5, np.sqrt(np.maximum(w, 5)) - 3
    value: Array = np.sqrt(2) * x * np.where(w < 5, np.polyval(NEAR, near), np.polyval(FAR, far))
    return value
