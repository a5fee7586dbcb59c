"""Batches prepared ahead, in an order that is computed: position k of epoch e is the same however one gets there."""

import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augstream import _core
from augstream.batch.arguments import check_kinds, flag, one_of, whole
from augstream.batch.batches import Made, Maker
from augstream.batch.byte_size import in_bytes, spelled
from augstream.batch.cache import Cache, Memory
from augstream.batch.epoch import Epoch
from augstream.batch.failures import Failure, Failures, OnError
from augstream.batch.prepare import Batch, Dtype, Recipe, Tools
from augstream.batch.sampler import Order, Shard, Uneven, checked_shard
from augstream.batch.state import pipeline_fingerprint, place_of, source_fingerprint, state_of
from augstream.batch.stats import Clock, Stats
from augstream.concurrency.lock import Lock
from augstream.concurrency.pool import cores, shared_pool
from augstream.concurrency.prefetch import Stream, Threads
from augstream.decode.sample import CHANNELS, MAX_PIXELS, ColorMode
from augstream.engines.engine import Layout, dtype_of
from augstream.errors import ArgumentError
from augstream.sources.source import Source
from augstream.suggest import known_arguments
from augstream.transforms.compose import Compose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from augstream.adapters.jax import JaxBatches
    from augstream.adapters.keras import KerasBatches
    from augstream.adapters.numpy import NumpyBatches
    from augstream.adapters.tensorflow import TensorFlowBatches
    from augstream.adapters.torch import TorchBatches
    from augstream.adapters.torch_dataset import TorchDataset

_PEEKED = 8
_PREFETCH = 2


class Loader:
    """Batches of augmented samples, ready for a network; each `for` over it is one epoch, and the next is the next.

    A sample depends on (seed, epoch, its index, the pipeline) and on nothing else: not on batch_size, threads, ranks or
    the cache. At any moment prefetch + 2 batches are in memory: those in preparation, the one just handed out and the
    one before it.

    shard: (rank, world), this process's number and how many there are, or "auto" to ask torch.distributed, JAX or the
    launcher; batch_size is each rank's. uneven: what becomes of the samples that fill no global batch: "share" (each
    once, some batch smaller; the default), "drop" (left out; drop_remainder=True says the same) or "pad" (filled up).
    threads: of the native pool, shared with other loaders; None is one per core. prefetch: batches prepared ahead (2);
    0 prepares each when it is asked for; memory="1GB": as many as fit into it.
    cache: how much memory decoded pictures may take, so that later epochs need not decode them; with cache_dir they are
    kept in that folder, for later runs too, and `cache` limits it if given.
    on_error: "raise" ends at a batch with unreadable samples, naming up to five; "skip" puts the sample of the next
    position in the epoch's order in the place of each, so that batches keep their size and other samples their place;
    a function of (index, name, reason) returns one of the two. `errors` has them, and a warning at the end of the epoch
    counts them; more than max_errors of them (a number, or a share of the source such as 0.01) end it.
    epoch: the number of the next epoch; may be set.
    color: what encoded pictures become, "rgb", "gray" or "rgba"; arrays keep their channels.
    dtype: "uint8", "float16", "bfloat16" or "float32". layout: "NHWC" or "NCHW".
    max_pixels: encoded pictures that claim more are refused, undecoded.
    """

    @known_arguments("Loader")
    def __init__(
        self,
        source: Source,
        pipeline: Compose,
        batch_size: int,
        *,
        seed: int = 0,
        shuffle: bool = True,
        shard: Shard = None,
        uneven: Uneven | None = None,
        threads: int | None = None,
        prefetch: int | None = None,
        memory: int | str | None = None,
        cache: int | str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        on_error: OnError = "raise",
        max_errors: float | None = None,
        layout: Layout = "NHWC",
        dtype: Dtype = "float32",
        drop_remainder: bool = False,
        color: ColorMode = "rgb",
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        check_kinds(source, pipeline)
        self.source = source
        self.pipeline = pipeline
        self.batch_size = whole("batch_size", batch_size, 1)
        self.seed = whole("seed", seed, None)
        self.shuffle = flag("shuffle", shuffle)
        self.threads = None if threads is None else whole("threads", threads, 1)
        self.drop_remainder = flag("drop_remainder", drop_remainder)
        self.recipe = Recipe(
            source,
            pipeline,
            self.seed,
            layout=one_of("layout", layout, ("NHWC", "NCHW")),
            dtype=one_of("dtype", dtype, ("float32", "float16", "bfloat16", "uint8")),
            color=one_of("color", color, tuple(CHANNELS)),
            max_pixels=whole("max_pixels", max_pixels, 1),
        )
        if not len(source):
            raise ArgumentError("Loader.source has no samples.")
        self.order = self._ordered(checked_shard(shard), uneven)
        self.failures = Failures(on_error, max_errors, len(source))
        self.clock = Clock()
        self._next = self._place = (0, 0)
        self._loops = 0
        self._lock = Lock()
        size = self._try_out()
        self.prefetch = self._prefetched(prefetch, memory, size)
        self.cache = self._cached(cache, cache_dir)

    @property
    def epoch(self) -> int:
        """The number of the epoch that the next `for` gives."""
        return self._next[0]

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        with self._lock:
            self._next = self._place = (whole("epoch", epoch, 0), 0)
            self._loops += 1

    @property
    def errors(self) -> list[Failure]:
        """(index, name, reason) of every sample skipped so far, by index."""
        return self.failures.known

    def __len__(self) -> int:
        """Batches of an epoch, the same on every rank."""
        return len(self.order)

    def __iter__(self) -> Epoch:
        with self._lock:
            epoch, start = self._place = self._next
            self._next = epoch + 1, 0
            self._loops += 1
            loop = self._loops
        return Epoch(self, epoch, start, loop)

    def at(self, epoch: int) -> Epoch:
        """The batches of any epoch; `loader.epoch` and the state stay as they are."""
        return Epoch(self, whole("epoch", epoch, 0))

    def batch(self, epoch: int, position: int) -> Batch:
        """One batch of any epoch, without those before it; the same as the loop gives."""
        epoch = whole("epoch", epoch, 0)
        if not 0 <= whole("position", position, 0) < len(self):
            raise ArgumentError(f"Loader.position must be 0..{len(self) - 1}; got {position}.")
        threads = Threads(self._cores())
        try:
            tools = Tools(threads, shared_pool(self._cores()).pool, cache=self.cache)
            made = self._maker.make(epoch, position, tools)
            self.failures.note(made.failures)
            return self.deliver(made)
        finally:
            threads.stop()

    def state_dict(self) -> dict[str, Any]:
        """Where the loop that began last is: a few numbers for JSON, the same on every rank."""
        epoch, batch = self._place
        return state_of(self.order, *self.fingerprints, epoch, batch)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The next `for` goes on where the state was taken; an ArgumentError says what differs if it was another's."""
        place = self.place_in(state)
        with self._lock:
            self._next = self._place = place
            self._loops += 1

    def place_in(self, state: Mapping[str, Any]) -> tuple[int, int]:
        """(epoch, batch) of a state that belongs to this loader; ArgumentError where it does not."""
        return place_of(state, self.order, *self.fingerprints)

    def stats(self, reset: bool = False) -> Stats:
        """Where the time went, and one sentence about what to change; `reset` begins to count anew."""
        cache = self.cache
        stats = self.clock.stats(
            self._cores(), cores(), cache.bytes if cache else 0, len(self.failures), bool(cache and cache.full)
        )
        if reset:
            self.clock.clear()
        return stats

    def progress(self, text: str | None = None) -> "Iterator[Batch]":
        """The next epoch, under a bar on the terminal with images per second and where the time goes."""
        from augstream.batch.progress import watched

        return watched(self, text)

    def keras(self) -> "KerasBatches":
        """A `keras.utils.PyDataset` for `fit`, `evaluate` and `predict`, on any backend.

        In the middle of an epoch, as behind `load_state_dict`, it is the rest of it; what follows needs another one.
        """
        from augstream.adapters.keras import keras_batches

        return keras_batches(self)

    def torch(self, pin_memory: bool = False, channels_last: bool = False) -> "TorchBatches":
        """(image, label) tensors over the batch's own memory; each `for` is the next epoch.

        pin_memory: copied to memory that a GPU can fetch while the program goes on. channels_last: (n, c, h, w) in
        torch's channels_last format, which is the memory of layout="NHWC".
        """
        from augstream.adapters.torch import TorchBatches

        return TorchBatches(self, pin_memory, channels_last)

    def dataset(self) -> "TorchDataset":
        """A torch IterableDataset of whole batches: `DataLoader(loader.dataset(), batch_size=None, num_workers=k)`."""
        from augstream.adapters.torch_dataset import torch_dataset

        return torch_dataset(self)

    def tensorflow(self) -> "TensorFlowBatches":
        """A `tf.data.Dataset` of (image, label) with static shapes; each iteration is the next epoch."""
        from augstream.adapters.tensorflow import tensorflow_batches

        return tensorflow_batches(self)

    def jax(self, sharding: Any = None) -> "JaxBatches":
        """(image, label) JAX arrays; with a sharding, global arrays of which this process holds its part."""
        from augstream.adapters.jax import JaxBatches

        return JaxBatches(self, sharding)

    def numpy(self) -> "NumpyBatches":
        """(image, label) NumPy arrays."""
        from augstream.adapters.numpy import NumpyBatches

        return NumpyBatches(self)

    def stream(self, epoch: int, start: int = 0, step: int = 1) -> Stream[Made]:
        """The batches of one epoch before they are delivered: every `step`-th from `start` on."""
        shared, slots = shared_pool(self._cores()), self._slots
        maker, cache, clock = self._maker, self.cache, self.clock
        first = start % step
        return Stream(
            lambda count, threads: maker.make(
                epoch, first + count * step, Tools(threads, shared.pool, slots, cache, clock)
            ),
            len(range(first, len(self), step)),
            ahead=self.prefetch,
            threads=self._cores(),
            start=start // step,
        )

    def deliver(self, made: Made) -> Batch:
        """The batch as it is handed out."""
        return made.batch

    def follow(self, epoch: int, start: int = 0) -> Epoch:
        """The batches of an epoch, which from now on is the one that the state tells of."""
        with self._lock:
            self._place, self._next = (epoch, start), (epoch + 1, 0)
            self._loops += 1
            loop = self._loops
        return Epoch(self, epoch, start, loop)

    def at_batch(self, loop: int | None, epoch: int, batch: int) -> None:
        """Takes note of where a loop is, if it is the one that began last."""
        with self._lock:
            if loop == self._loops:
                self._place = epoch, batch

    @property
    def place(self) -> tuple[int, int]:
        """(epoch, batch) that the next `for` begins with."""
        return self._next

    def flush(self) -> None:
        """Makes what is cached on disk last."""
        if self.cache is not None:
            self.cache.flush()

    def index(self, epoch: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which samples stand at these positions of an epoch, (m,) to (m,)."""
        return self.order.index(epoch, positions)

    @cached_property
    def fingerprints(self) -> tuple[str, str]:
        """Of the source and of the pipeline, as the state has them."""
        return source_fingerprint(self.source), pipeline_fingerprint(self.pipeline)

    @cached_property
    def _maker(self) -> Maker:
        return Maker(self.recipe, self.order, self.failures)

    @cached_property
    def _slots(self) -> _core.Slots:
        # Kept from epoch to epoch: fresh memory for every batch costs as much as reading its samples.
        return _core.Slots(self.prefetch + 2)

    def _ordered(self, shard: tuple[int, int], uneven: Uneven | None) -> Order:
        if uneven is not None:
            one_of("uneven", uneven, ("share", "drop", "pad"))
            if self.drop_remainder and uneven != "drop":
                raise ArgumentError(f'Loader.drop_remainder=True means uneven="drop"; got {uneven!r} too. Pass one.')
        uneven = uneven or ("drop" if self.drop_remainder else "share")
        order = Order(len(self.source), self.batch_size, self.seed, self.shuffle, *shard, uneven)
        if not len(order):
            ranks = f" on {order.world} ranks" if order.world > 1 else ""
            if order.n < order.world and uneven == "share":
                raise ArgumentError(
                    f"Loader.shard has {order.world} ranks, more than the {order.n} samples of the source, and each "
                    'needs one. Pass fewer ranks, or uneven="pad".'
                )
            why = "drop_remainder=True" if self.drop_remainder else f"uneven={uneven!r}"
            raise ArgumentError(
                f"Loader.batch_size is {self.batch_size}{ranks}, more than the {order.n} samples of the source, and "
                f"{why} leaves nothing. Pass a smaller batch_size{' or fewer ranks' * (order.world > 1)}, or "
                'uneven="pad".'
            )
        return order

    def _prefetched(self, prefetch: object, memory: object, size: int) -> int:
        if memory is None:
            return _PREFETCH if prefetch is None else whole("prefetch", prefetch, 0)
        if prefetch is not None:
            raise ArgumentError("Loader.memory and Loader.prefetch say the same thing. Pass one of them.")
        limit, needed = in_bytes("memory", memory), size * self.batch_size
        if not needed:  # none of the samples looked at can be read, so nothing is known of their size
            return _PREFETCH
        if limit < 2 * needed:
            raise ArgumentError(
                f"Loader.memory is {spelled(limit)}, but a batch is {spelled(needed)}, and two must fit. Pass more, or "
                "a smaller batch_size."
            )
        return min(limit // needed - 2, len(self))

    def _cached(self, cache: int | str | None, cache_dir: str | os.PathLike[str] | None) -> Cache | None:
        limit = None if cache is None else in_bytes("cache", cache)
        if cache_dir is None:
            return None if limit is None else Memory(limit)
        from augstream.batch.cache_folder import Files, cache_folder

        recipe = self.recipe
        about = {
            "source": source_fingerprint(self.source),
            "samples": len(self.source),
            "color": recipe.color,
            "fill": repr(self.pipeline.fill),
            "max_pixels": recipe.max_pixels,
        }
        folder = cache_folder(cache_dir, self.source, f"{about['source']}-{recipe.color}")
        return Files(folder, limit, self.source, about)

    def _cores(self) -> int:
        return self.threads or cores()

    def _try_out(self) -> int:
        """Plans a few samples from all over the source, so that a pipeline which cannot work is refused here.

        Returns the bytes of the largest picture that comes out.
        """
        chosen = np.unique(np.linspace(0, len(self.source) - 1, _PEEKED).astype(np.int64))
        # Alone in its batch, each may have a size of its own.
        groups = np.split(chosen, len(chosen)) if self.batch_size == 1 else [chosen]
        frames = [frame for frame in map(self.recipe.try_out, groups) if frame is not None]
        width = dtype_of(self.recipe.dtype).itemsize
        return max((int(frame.size.prod(axis=1).max()) * frame.channels * width for frame in frames), default=0)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("clock", "_maker", "_slots")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, clock=Clock())

    def __repr__(self) -> str:
        rank = f", rank {self.order.rank} of {self.order.world}" if self.order.world > 1 else ""
        return f"<Loader: {len(self)} batches of {self.batch_size} from {self.source!r}{rank}, epoch {self.epoch} next>"
