"""Batches as torch tensors over the same memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import MissingPackageError

if TYPE_CHECKING:
    import torch

    from augstream.loader import Loader


class TorchBatches:
    """(image, label) tensors; image alone where the source has no labels. Each `for` is the loader's next epoch.

    Never through worker processes: the loader has its own threads, and a tensor is a view of its batch.
    """

    def __init__(self, loader: Loader) -> None:
        try:
            import torch  # noqa: F401
        except ImportError as error:
            raise MissingPackageError("Loader.torch()", "torch", "torch") from error
        self.loader = loader

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        for batch in self.loader:
            image = tensor(batch.image)
            yield image if batch.label is None else (image, tensor(batch.label))


def tensor(array: NDArray[Any]) -> torch.Tensor:
    """The array as a tensor that shares its memory; torch cannot read NumPy's bfloat16 by itself."""
    import torch

    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.uint16)).view(torch.bfloat16)
    return torch.from_numpy(array)
