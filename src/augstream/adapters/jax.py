"""Batches as JAX arrays."""

from __future__ import annotations

from typing import Any

from augstream.adapters.numpy import Adapter, together
from augstream.batch.batch import Batch
from augstream.batch.batches import Batches
from augstream.errors import ArgumentError, MissingPackageError


class JaxBatches(Adapter):
    """(image, y) arrays, as the batch unpacks; image alone where there is no y. Each `for` is the loader's next epoch.

    On the CPU an array is the batch's own memory. sharding: with one, each array is global, made of what all processes
    hold: with shard="auto", the global batch.
    """

    def __init__(self, batches: Batches, sharding: Any = None) -> None:
        try:
            import jax
        except ImportError as error:
            raise MissingPackageError("Loader.jax()", "jax", "jax") from error
        super().__init__(batches)
        if sharding is not None and not batches.sampler.even:
            raise ArgumentError(
                'jax(sharding=...) needs batches of one size, and the last one is smaller. Pass uneven="drop" or "pad".'
            )
        self._jax = jax
        self.sharding = sharding

    def convert(self, batch: Batch) -> Any:
        if self.sharding is None:
            # Without a copy where the device is the CPU: a batch is never written to again while anything refers to it.
            parts = [self._jax.device_put(part) for part in batch]
        else:
            whole = self._jax.make_array_from_process_local_data
            parts = [self._jax.tree.map(lambda array: whole(self.sharding, array), part) for part in batch]
            order = self.batches.sampler
            if len(parts[0]) != order.total:
                # Each process put in its part of the batch, or each put in the same: what counts is what came out.
                raise ArgumentError(
                    f"jax(sharding=...) makes batches of {len(parts[0])} samples, and the Loader, which is rank "
                    f'{order.rank} of {order.world}, has {order.total} in a global batch. Pass shard="auto" to the '
                    "Loader where the batch is split among processes, and leave it out where each has all of it."
                )
        return together(parts)
