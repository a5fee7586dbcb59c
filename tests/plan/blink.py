"""A kind of op in a file of its own, as somebody else would write one: every other pixel is dimmed."""

from dataclasses import dataclass, replace

import numpy as np

from augstream.plan.op import Op, numbers, sound


@dataclass(frozen=True, eq=False)
class Blink(Op):
    """Multiplies every other pixel, as on a chess board, by `gain` (n,)."""

    gain: np.ndarray

    tag = 99

    def where(self, on, frame):
        return replace(self, gain=np.where(on, self.gain, 1.0))

    def idle(self, frame):
        return self.gain == 1

    def check(self, n, c):
        yield "blink.gain", sound(self.gain, (n,))

    def text(self, row):
        return f"Blink  every other pixel times {numbers(self.gain[[row]])}"

    def wire(self, channels):
        return self.tag, self.gain.astype(np.float32)

    def apply(self, image, row):
        y, x = np.mgrid[: image.shape[0], : image.shape[1]]
        return np.where(((x + y) % 2 == 1)[..., None], image * self.gain[row], image)
