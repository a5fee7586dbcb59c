"""A million names in little memory: one blob and its end offsets instead of a list of strings."""

import os
from array import array
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray


class Names:
    """A fixed row of byte strings; 8 bytes of memory each, besides what they are made of."""

    def __init__(self, blob: bytes, ends: NDArray[np.int64]) -> None:
        self.blob = blob
        self.ends = ends

    @classmethod
    def of(cls, names: Iterable[str | bytes]) -> "Names":
        """Names from strings."""
        growing = Growing()
        for name in names:
            growing.append(os.fsencode(name))
        return growing.done()

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> bytes:
        if not 0 <= index < len(self.ends):
            raise IndexError(f"sample {index} of {len(self.ends)}")
        return self.blob[self.ends[index - 1] if index else 0 : self.ends[index]]

    def __iter__(self) -> Iterator[bytes]:
        start = 0
        for end in self.ends.tolist():
            yield self.blob[start:end]
            start = end

    def text(self, index: int) -> str:
        """A name as text, whether or not it is valid UTF-8; `printable` is for a terminal."""
        return self[index].decode("utf-8", "backslashreplace")


class Growing:
    """Names while they are being collected."""

    def __init__(self) -> None:
        self.blob = bytearray()
        self.ends = array("q")

    def __len__(self) -> int:
        return len(self.ends)

    def append(self, name: bytes) -> None:
        """One more name."""
        self.blob += name
        self.ends.append(len(self.blob))

    def done(self) -> Names:
        """The names so far, for good."""
        return Names(
            bytes(self.blob), np.frombuffer(self.ends, np.int64).copy() if self.ends else np.empty(0, np.int64)
        )
