"""Batches prepared ahead, in an order that is computed: position k of epoch e is the same however one gets there."""

import operator
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from augstream.batch.arguments import check_source, composed, flag, one_of, prefetched, whole
from augstream.batch.batch import Batch
from augstream.batch.batches import Batches
from augstream.batch.byte_size import in_bytes
from augstream.batch.cache import Cache
from augstream.batch.cache_folder import cache_of
from augstream.batch.described import Described
from augstream.batch.encoding import Encoding
from augstream.batch.epoch import Epoch, next_epoch
from augstream.batch.failures import Failure, Failures, OnError
from augstream.batch.prepare import Dtype, Prepare
from augstream.batch.sampler import Uneven, sampler_of
from augstream.batch.shard import Shard, checked_shard
from augstream.batch.stats import Stats
from augstream.concurrency.flight import HELD, MAX_BYTES
from augstream.decode.sample import CHANNELS, MAX_PIXELS, ColorMode
from augstream.engines.engine import Layout, dtype_of
from augstream.errors import ArgumentError
from augstream.sources.source import Source
from augstream.suggest import known_arguments
from augstream.transforms.compose import Compose
from augstream.transforms.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from augstream.adapters.jax import JaxBatches
    from augstream.adapters.keras import KerasBatches
    from augstream.adapters.numpy import NumpyBatches
    from augstream.adapters.tensorflow import TensorFlowBatches
    from augstream.adapters.torch import TorchBatches
    from augstream.adapters.torch_dataset import TorchDataset

_PEEKED = 8


class Loader(Described):
    """Batches of augmented samples, ready for a network; each `for` over it advances one epoch.

    pipeline: a Compose, or a list of transforms. shuffle: False keeps the order of the source, for `evaluate` and
    `predict`: every sample once, the last batch smaller, and `names` in the same order.
    labels: "index", class numbers as the source has them; "one_hot", (n, classes) float32; "binary", (n, 1) float32 of
    0 and 1, for two classes. Behind a mix "index" is (n, classes) shares too, and "binary" is the share of class 1.

    A sample depends on (seed, epoch, its index, the pipeline) and on nothing else: not on batch_size, threads, ranks or
    the cache. At any moment prefetch + 2 batches are in memory: those in preparation, the one just handed out and the
    one before it.

    shard: (rank, world), this process's number and how many there are, or "auto" to ask torch.distributed, JAX or the
    launcher; batch_size is each rank's. uneven: how the incomplete last global batch is handled: "share" (each
    once, some batch smaller; the default), "drop" (left out; drop_remainder=True says the same) or "pad" (filled up).
    threads: of the native pool, shared with other loaders; None is one per core. prefetch: batches prepared ahead (2);
    0 prepares each when it is asked for; memory="1GB": as many as fit into it.
    cache: how much memory decoded images may take, so that later epochs need not decode them; with cache_dir they are
    kept in that folder, for later runs too, and `cache` limits it if given.
    on_error: "raise" ends at a batch with unreadable samples, naming up to five; "skip" puts the sample of the next
    position in the epoch's order in the place of each, so that batches keep their size and other samples their place;
    a function of (index, name, reason) returns one of the two. `errors` has them, and a warning at the end of the epoch
    counts them; more than max_errors of them (a number, or a share of the source such as 0.01) end it.
    epoch: the number of the next epoch; may be set.
    color: what encoded images become, "rgb", "gray" or "rgba"; arrays keep their channels.
    dtype: "uint8", "float16", "bfloat16" or "float32". layout: "NHWC" or "NCHW".
    max_pixels: encoded images that claim more are refused, undecoded; max_bytes: larger files are refused, unread.
    Files and images from Pillow take as much as `memory` at a time, else 1 GiB; a batch that needs more is made in
    parts, and a single sample that needs more is made alone.
    """

    @known_arguments("Loader")
    def __init__(
        self,
        source: Source,
        pipeline: Compose | Sequence[Transform],
        batch_size: int,
        *,
        seed: int = 0,
        shuffle: bool = True,
        labels: Encoding = "index",
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
        max_bytes: int | str = MAX_BYTES,
    ) -> None:
        check_source(source)
        pipeline = composed(pipeline)
        self.source = source
        self.pipeline = pipeline
        self.batch_size = whole("batch_size", batch_size, 1)
        self.seed = whole("seed", seed, None)
        self.shuffle = flag("shuffle", shuffle)
        self.threads = None if threads is None else whole("threads", threads, 1)
        self.drop_remainder = flag("drop_remainder", drop_remainder)
        prepare = Prepare(
            source=source,
            pipeline=pipeline,
            seed=self.seed,
            layout=one_of("layout", layout, ("NHWC", "NCHW")),
            dtype=one_of("dtype", dtype, ("float32", "float16", "bfloat16", "uint8")),
            color=one_of("color", color, tuple(CHANNELS)),
            max_pixels=whole("max_pixels", max_pixels, 1),
        )
        if not len(source):
            raise ArgumentError("Loader.source has no samples.")
        shards = checked_shard(shard)
        sampler = sampler_of(len(source), self.batch_size, self.seed, self.shuffle, shards, uneven, self.drop_remainder)
        self.batches = Batches(
            prepare,
            sampler,
            Failures(on_error, max_errors, len(source)),
            threads=self.threads,
            labels=labels,
            held=(HELD if memory is None else in_bytes("memory", memory), in_bytes("max_bytes", max_bytes)),
        )
        self.prefetch = prefetched(prefetch, memory, self._try_out() * self.batch_size, len(sampler))
        self.cache: Cache | None = cache_of(cache, cache_dir, prepare)
        self.batches.prefetch, self.batches.cache = self.prefetch, self.cache

    @property
    def epoch(self) -> int:
        """The number of the epoch that the next `for` gives."""
        return self.batches.place.following[0]

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self.batches.place.set(whole("epoch", epoch, 0), 0)

    @property
    def errors(self) -> list[Failure]:
        """(index, name, reason) of every sample skipped so far, by index."""
        return self.batches.failures.known

    def __iter__(self) -> Epoch:
        return next_epoch(self.batches)

    def __getitem__(self, position: int) -> Batch:
        """A batch of the next epoch; that epoch, `loader.epoch` and the state stay as they are."""
        try:
            number = range(len(self))[operator.index(position)]
        except TypeError:
            raise ArgumentError(
                f"loader[k] takes the number of a batch; got {position!r:.80}. Write list(loader) for all of an epoch."
            ) from None
        except IndexError:
            raise IndexError(f"loader[{position}]: an epoch has {len(self)} batches, 0 to {len(self) - 1}.") from None
        return self.batches.batch(self.epoch, number)

    def at(self, epoch: int) -> Epoch:
        """The batches of any epoch; `loader.epoch` and the state stay as they are."""
        return Epoch(self.batches, whole("epoch", epoch, 0))

    def batch(self, epoch: int, position: int) -> Batch:
        """One batch of any epoch, without those before it; the same as the loop gives."""
        epoch = whole("epoch", epoch, 0)
        if not 0 <= whole("position", position, 0) < len(self):
            raise ArgumentError(f"Loader.position must be 0..{len(self) - 1}; got {position}.")
        return self.batches.batch(epoch, position)

    def state_dict(self) -> dict[str, Any]:
        """Where the most recent iterator is: a few numbers for JSON, the same on every rank."""
        return self.batches.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The next `for` goes on where the state was taken; an ArgumentError says what differs if it was another's."""
        self.batches.load_state_dict(state)

    def stats(self, reset: bool = False) -> Stats:
        """Where the time went, and one sentence about what to change; `reset` begins to count anew."""
        return self.batches.stats(reset)

    def progress(self, text: str | None = None) -> "Iterator[Batch]":
        """The next epoch, under a bar on the terminal with images per second and where the time goes."""
        from augstream.batch.progress import watched

        return watched(self.batches, text)

    def keras(self) -> "KerasBatches":
        """A `keras.utils.PyDataset` for `fit`, `evaluate` and `predict`, on any backend.

        In the middle of an epoch, as behind `load_state_dict`, it is the rest of it; what follows needs another one.
        """
        from augstream.adapters.keras import keras_batches

        return keras_batches(self.batches)

    def torch(self, pin_memory: bool = False, channels_last: bool = False) -> "TorchBatches":
        """(image, y) tensors over the batch's own memory; each `for` advances one epoch.

        pin_memory: copied to memory that a GPU can fetch while the program goes on. channels_last: (n, c, h, w) in
        torch's channels_last format, which is the memory of layout="NHWC".
        """
        from augstream.adapters.torch import TorchBatches

        return TorchBatches(self.batches, pin_memory, channels_last)

    def dataset(self) -> "TorchDataset":
        """A torch IterableDataset of whole batches: `DataLoader(loader.dataset(), batch_size=None, num_workers=k)`."""
        from augstream.adapters.torch_dataset import torch_dataset

        return torch_dataset(self.batches)

    def tensorflow(self) -> "TensorFlowBatches":
        """A `tf.data.Dataset` of (image, y) with static shapes; each iteration advances one epoch."""
        from augstream.adapters.tensorflow import tensorflow_batches

        return tensorflow_batches(self.batches)

    def jax(self, sharding: Any = None) -> "JaxBatches":
        """(image, y) JAX arrays; with a sharding, global arrays of which this process holds its part."""
        from augstream.adapters.jax import JaxBatches

        return JaxBatches(self.batches, sharding)

    def numpy(self) -> "NumpyBatches":
        """(image, y) NumPy arrays."""
        from augstream.adapters.numpy import NumpyBatches

        return NumpyBatches(self.batches)

    def _try_out(self) -> int:
        """Plans a few samples from all over the source, so that a pipeline which cannot work is refused here.

        Returns the bytes of the largest image that comes out.
        """
        chosen = np.unique(np.linspace(0, len(self.source) - 1, _PEEKED).astype(np.int64))
        # Alone in its batch, each may have a size of its own.
        groups = np.split(chosen, len(chosen)) if self.batch_size == 1 else [chosen]
        prepare = self.batches.prepare
        with self.batches.flight.hold():
            frames = [frame for frame in map(prepare.try_out, groups) if frame is not None]
        width = dtype_of(prepare.dtype).itemsize
        return max((int(frame.size.prod(axis=1).max()) * frame.channels * width for frame in frames), default=0)

    def __repr__(self) -> str:
        sampler = self.batches.sampler
        rank = f", rank {sampler.rank} of {sampler.world}" if sampler.world > 1 else ""
        kind = "" if self.batches.encoding == "index" else f", {self.batches.encoding} labels"
        return (
            f"<Loader: {len(self)} batches of {self.batch_size} from {self.source!r}{kind}{rank}, epoch {self.epoch} "
            "next; for a framework: .keras(), .torch(), .jax(), .tensorflow(), .numpy(), .dataset()>"
        )
