"""Spectrum: the amplitudes of an image's lowest frequencies are exchanged for others."""

from typing import Any

import numpy as np

from augstream.plan.op import Array, Facts, Frame, Mask, Op, Rows, float32, numbers
from augstream.record import record, replace


@record(frozen=True, eq=False)
class Spectrum(Op):
    """Gives the frequencies up to `reach` on both axes other amplitudes, and leaves their phases (Yang & Soatto, 2020).

    amplitude: (n, c, 2 k + 1, k + 1) absolute values of the discrete Fourier transform, divided by the number of
    pixels, of the frequencies -k..k down and 0..k along. reach: (n,) up to k, less where the image has fewer; -1 leaves
    an image as it is. peak: levels are clipped to 0 and it. Alpha stays.
    """

    amplitude: Array
    reach: Rows
    peak: float

    tag = 18
    head = True

    def where(self, on: Mask, frame: Frame) -> "Spectrum":
        return replace(self, reach=np.where(on, self.reach, -1))

    def idle(self, frame: Frame) -> Mask:
        still: Mask = self.reach < 0
        return still

    def check(self, n: int, c: int) -> Facts:
        k = self.amplitude.shape[3] - 1
        finite = self.amplitude.dtype == np.float64 and bool(np.isfinite(self.amplitude).all())
        yield "spectrum.amplitude", self.amplitude.shape == (n, c, 2 * k + 1, k + 1) and finite
        yield "spectrum.reach", self.reach.shape == (n,) and self.reach.dtype == np.int64
        yield "spectrum.reach", bool((self.reach >= -1).all() and (self.reach <= k).all())
        yield "spectrum.peak", self.peak > 0

    def text(self, row: int) -> str:
        if self.reach[row] < 0:
            return "Spectrum none"
        k, c = self.amplitude.shape[3] - 1, self.amplitude.shape[1]
        means = self.amplitude[row, : 3 if c == 4 else c, k, 0]
        return f"Spectrum frequencies to {self.reach[row]}, of mean {numbers(means)}"

    def wire(self, channels: int) -> tuple[Any, ...]:
        return self.tag, float32(self.amplitude), np.ascontiguousarray(self.reach), float(self.peak)

    def apply(self, image: Array, row: int) -> Array:
        height, width, c = image.shape
        b, k = min(int(self.reach[row]), (min(height, width) - 1) // 2), self.amplitude.shape[3] - 1
        if b < 0:
            return image
        out, down, along = image.copy(), np.arange(-b, b + 1), np.arange(b + 1)
        for channel in range(3 if c == 4 else c):
            spectrum = np.fft.rfft2(image[..., channel])
            here = np.ix_(down, along)
            wanted = self.amplitude[row, channel, k - b : k + b + 1, : b + 1] * (height * width)
            spectrum[here] = wanted * np.exp(1j * np.angle(spectrum[here]))
            out[..., channel] = np.clip(np.fft.irfft2(spectrum, (height, width)), 0, self.peak)
        return out
