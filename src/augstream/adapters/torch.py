"""Batches as torch tensors over the same memory."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augstream.adapters.numpy import Adapter, together
from augstream.batch.batch import Batch
from augstream.batch.batches import Batches
from augstream.errors import ArgumentError, MissingPackageError

if TYPE_CHECKING:
    import torch


class TorchBatches(Adapter):
    """(image, y) tensors, as the batch unpacks; image alone where there is no y. Each `for` is the loader's next epoch.

    Never through worker processes: the loader has its own threads, and a tensor is a view of its batch, unless
    pin_memory copies it.
    """

    def __init__(self, batches: Batches, pin_memory: bool = False, channels_last: bool = False) -> None:
        try:
            import torch
        except ImportError as error:
            raise MissingPackageError("Loader.torch()", "torch", "torch") from error
        super().__init__(batches)
        if channels_last and batches.prepare.layout != "NHWC":
            raise ArgumentError('torch(channels_last=True) is the memory of layout="NHWC"; the Loader has "NCHW".')
        if pin_memory and not torch.cuda.is_available():
            warnings.warn("torch(pin_memory=True): there is no GPU here, so memory is not pinned.", stacklevel=3)
            pin_memory = False
        self.pin_memory = pin_memory
        self.channels_last = channels_last

    def convert(self, batch: Batch) -> Any:
        parts = [tensors(part) for part in batch]
        if self.channels_last:
            parts[0] = parts[0].permute(0, 3, 1, 2)
        if self.pin_memory:
            parts = [_pinned(part) for part in parts]
        return together(parts)


def tensors(part: Any) -> Any:
    """A part of a batch, of which `y` may be a dictionary, as tensors."""
    return {name: tensor(array) for name, array in part.items()} if isinstance(part, dict) else tensor(part)


def _pinned(part: Any) -> Any:
    return {name: one.pin_memory() for name, one in part.items()} if isinstance(part, dict) else part.pin_memory()


def tensor(array: NDArray[Any]) -> torch.Tensor:
    """The array as a tensor that shares its memory; torch cannot read NumPy's bfloat16 by itself."""
    import torch

    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.uint16)).view(torch.bfloat16)
    return torch.from_numpy(array)
