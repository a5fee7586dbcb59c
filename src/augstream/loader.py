"""Batches prepared ahead, in an order that is computed: position k of epoch e is the same however one gets there."""

import os
import threading
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypeVar
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from augstream import _core, decode
from augstream.batch import RAGGED, Batch, Dtype, Layout, Recipe, Tools
from augstream.compose import Compose
from augstream.errors import ArgumentError, AugstreamError, PipelineError, SampleError
from augstream.rng import permute
from augstream.sources.source import Source
from augstream.stream import Stream, Threads
from augstream.targets import Moved

if TYPE_CHECKING:
    from augstream.adapters.keras import KerasBatches
    from augstream.adapters.torch import TorchBatches

OnError: TypeAlias = Literal["raise", "skip"]
Failure: TypeAlias = tuple[int, str, str]
S = TypeVar("S")

_PEEKED = 8
_TRIES = 1000


class Made(NamedTuple):
    """A batch, and the (index, name, reason) of samples that were skipped to fill it."""

    batch: Batch
    failures: list[Failure]


class Loader:
    """Batches of augmented samples, ready for a network; each `for` over it is one epoch, and the next is the next.

    A sample depends on (seed, epoch, its index, the pipeline) and on nothing else: not on batch_size or threads. At
    any moment prefetch + 2 batches are in memory: those in preparation, the one just handed out and the one before it.

    threads: of the native pool, shared with other loaders; None is one per core. prefetch: batches prepared ahead; 0
    prepares each when it is asked for. epoch: the number of the next epoch; may be set.
    on_error: "raise" ends at a batch with unreadable samples, naming up to five; "skip" puts the sample of the next
    position in the epoch's order in the place of each, so that batches keep their size and other samples their place;
    `errors` has them, and a warning at the end of the epoch counts them.
    color: what encoded pictures become, "rgb", "gray" or "rgba"; arrays keep their channels.
    dtype: "uint8", "float16", "bfloat16" or "float32". layout: "NHWC" or "NCHW".
    max_pixels: encoded pictures that claim more are refused, undecoded.
    """

    def __init__(
        self,
        source: Source,
        pipeline: Compose,
        batch_size: int,
        *,
        seed: int = 0,
        shuffle: bool = True,
        threads: int | None = None,
        prefetch: int = 2,
        on_error: OnError = "raise",
        layout: Layout = "NHWC",
        dtype: Dtype = "float32",
        drop_remainder: bool = False,
        color: decode.ColorMode = "rgb",
        max_pixels: int = decode.MAX_PIXELS,
    ) -> None:
        _check_kinds(source, pipeline)
        self.source = source
        self.pipeline = pipeline
        self.batch_size = _whole("batch_size", batch_size, 1)
        self.seed = _whole("seed", seed, None)
        self.shuffle = _flag("shuffle", shuffle)
        self.threads = None if threads is None else _whole("threads", threads, 1)
        self.prefetch = _whole("prefetch", prefetch, 0)
        self.on_error = _one_of("on_error", on_error, ("raise", "skip"))
        self.drop_remainder = _flag("drop_remainder", drop_remainder)
        self.recipe = Recipe(
            source,
            pipeline,
            self.seed,
            layout=_one_of("layout", layout, ("NHWC", "NCHW")),
            dtype=_one_of("dtype", dtype, ("float32", "float16", "bfloat16", "uint8")),
            color=_one_of("color", color, tuple(decode.CHANNELS)),
            max_pixels=_whole("max_pixels", max_pixels, 1),
        )
        self._epoch = 0
        self._errors: dict[int, tuple[str, str]] = {}
        self._lock = threading.Lock()
        if not len(source):
            raise ArgumentError("Loader.source has no samples.")
        if not len(self):
            raise ArgumentError(
                f"Loader.batch_size is {self.batch_size}, more than the {len(source)} samples of the source, and "
                "drop_remainder=True leaves nothing. Pass a smaller batch_size or drop_remainder=False."
            )
        self._try_out()

    @property
    def epoch(self) -> int:
        """The number of the epoch that the next `for` gives."""
        return self._epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self._epoch = _whole("epoch", epoch, 0)

    @property
    def errors(self) -> list[Failure]:
        """(index, name, reason) of every sample skipped so far, by index."""
        with self._lock:
            return [(index, name, reason) for index, (name, reason) in sorted(self._errors.items())]

    def __len__(self) -> int:
        """Batches of an epoch."""
        whole, rest = divmod(len(self.source), self.batch_size)
        return whole + (rest > 0 and not self.drop_remainder)

    def __iter__(self) -> "Epoch":
        with self._lock:
            epoch = self._epoch
            self._epoch += 1
        return Epoch(self, epoch)

    def at(self, epoch: int) -> "Epoch":
        """The batches of any epoch; `loader.epoch` stays as it is."""
        return Epoch(self, _whole("epoch", epoch, 0))

    def batch(self, epoch: int, position: int) -> Batch:
        """One batch of any epoch, without those before it; the same as the loop gives."""
        epoch = _whole("epoch", epoch, 0)
        if not 0 <= _whole("position", position, 0) < len(self):
            raise ArgumentError(f"Loader.position must be 0..{len(self) - 1}; got {position}.")
        threads = Threads(self._cores())
        try:
            shared = self._pool()
            return self.deliver(self._make(epoch, position, Tools(threads, shared.pool)))
        finally:
            threads.stop()

    def order(self, epoch: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which samples stand at these positions of an epoch, (m,) to (m,)."""
        return permute(self.seed, epoch, len(self.source), positions) if self.shuffle else positions

    def keras(self) -> "KerasBatches":
        """A `keras.utils.PyDataset` for `fit`, `evaluate` and `predict`, on any backend."""
        from augstream.adapters.keras import keras_batches

        return keras_batches(self)

    def torch(self) -> "TorchBatches":
        """(image, label) tensors over the batch's own memory; each `for` is the next epoch."""
        from augstream.adapters.torch import TorchBatches

        return TorchBatches(self)

    def stream(self, epoch: int, start: int = 0) -> Stream[Made]:
        """The batches of one epoch before they are delivered."""
        shared, slots = self._pool(), _core.Slots(self.prefetch + 2)
        return Stream(
            lambda position, threads: self._make(epoch, position, Tools(threads, shared.pool, slots)),
            len(self),
            ahead=self.prefetch,
            threads=self._cores(),
            start=start,
        )

    def _make(self, epoch: int, position: int, tools: Tools) -> Made:
        """A batch from nothing; any thread may do this."""
        first = position * self.batch_size
        positions = np.arange(first, min(first + self.batch_size, len(self.source)))
        index = self.order(epoch, positions)
        pixels, reasons, moved = self.recipe.make(epoch, index, tools)
        failures: list[Failure] = []
        if reasons:
            bad = {int(index[row]): reasons[row] for row in sorted(reasons)}
            if self.on_error == "raise":
                raise SampleError(self._named(bad))
            pixels, index = self._fill(epoch, positions, pixels, moved, bad, tools)
            failures = self._named(bad)
        return Made(Batch(pixels, self._labels(index), index, epoch, self.source, moved), failures)

    def deliver(self, made: Made) -> Batch:
        """Takes note of what was skipped: only when the batch is handed out, so that prefetching does not show."""
        if made.failures:
            with self._lock:
                self._errors.update({index: (name, reason) for index, name, reason in made.failures})
        return made.batch

    def _fill(
        self,
        epoch: int,
        positions: NDArray[np.int64],
        pixels: NDArray[Any],
        moved: Moved,
        bad: dict[int, str],
        tools: Tools,
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Puts the sample of the next readable position in the place of each bad one, and adds to `bad` what it meets.

        What stands at a position is thus a function of the position alone, whatever batch or rank asks for it.
        """
        n = len(self.source)
        positions = positions.copy()
        index = self.order(epoch, positions).copy()
        rows = [row for row, number in enumerate(index.tolist()) if number in bad]
        for _ in range(min(n - 1, _TRIES)):
            tools.threads.check()
            positions[rows] = (positions[rows] + 1) % n
            index[rows] = self.order(epoch, positions[rows])
            fresh = [row for row in rows if int(index[row]) not in bad]
            if fresh:
                part, reasons, targets = self.recipe.make(epoch, index[fresh], tools)
                bad |= {int(index[fresh[row]]): reason for row, reason in reasons.items()}
                if len(part):
                    pixels = pixels if len(pixels) else np.empty((len(positions), *part.shape[1:]), part.dtype)
                    if part.shape[1:] != pixels.shape[1:]:
                        raise PipelineError(RAGGED.format(f"{pixels.shape[1:]}, {part.shape[1:]}"))
                    pixels[fresh] = part
                    moved.put(fresh, targets, len(positions))
            rows = [row for row in rows if int(index[row]) in bad]
            if not rows:
                return pixels, index
        raise SampleError(self._named(bad))

    def _labels(self, index: NDArray[np.int64]) -> NDArray[Any] | None:
        if self.source.labels is not None:
            return self.source.labels[index]
        rows = [self.source.label(number) for number in index.tolist()]
        if any(row is None for row in rows):
            return None
        labels = np.asarray(rows)
        return labels.astype(np.int64) if labels.dtype.kind in "iu" else labels

    def _named(self, bad: dict[int, str]) -> list[Failure]:
        return [(index, self.source.name(index), reason) for index, reason in bad.items()]

    def _cores(self) -> int:
        return self.threads or cores()

    def _pool(self) -> "SharedPool":
        with _pools_lock:
            count = self._cores()
            shared = _pools.get(count)
            if shared is None:
                shared = _pools[count] = SharedPool(count)
            return shared

    def _try_out(self) -> None:
        """Plans a few samples from all over the source, so that a pipeline which cannot work is refused here."""
        count = 1 if self.batch_size == 1 else _PEEKED
        self.recipe.try_out(np.unique(np.linspace(0, len(self.source) - 1, count).astype(np.int64)))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def __repr__(self) -> str:
        return f"<Loader: {len(self)} batches of {self.batch_size} from {self.source!r}, epoch {self.epoch} next>"


class SharedPool:
    """Native threads, which end with the last loop that uses them.

    Loops with the same number share them, so that training and validation do not ask for twice the cores.
    """

    def __init__(self, threads: int) -> None:
        self.pool = _core.Pool(threads)


_pools: WeakValueDictionary[int, SharedPool] = WeakValueDictionary()
_pools_lock = threading.Lock()


class Epoch(Iterator[Batch]):
    """One epoch of a loader. Dropping it, or `close`, ends its threads and frees what they have prepared."""

    def __init__(self, loader: Loader, epoch: int) -> None:
        self.epoch = epoch
        self._loader = loader
        self._stream = loader.stream(epoch)
        self._skipped: dict[int, Failure] = {}

    @property
    def position(self) -> int:
        """Batches handed out so far."""
        return self._stream.position

    def __next__(self) -> Batch:
        try:
            made = next(self._stream)
        except AugstreamError as error:
            # The frames of the other thread would keep its batch alive for as long as the error, and explain nothing.
            raise error.with_traceback(None) from None
        self._skipped.update({failure[0]: failure for failure in made.failures})
        if self.position == len(self._loader):
            self._report()
        return self._loader.deliver(made)

    def close(self) -> None:
        """Ends the epoch early."""
        self._stream.close()

    def _report(self) -> None:
        if self._skipped:
            index, name, reason = self._skipped[min(self._skipped)]
            warnings.warn(
                f"epoch {self.epoch}: {len(self._skipped)} of {len(self._loader.source)} samples could not be read; "
                f"others took their places; see Loader.errors. The first is sample {index} ({name}): {reason}",
                stacklevel=3,
            )


def cores() -> int:
    """The processor cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def _check_kinds(source: object, pipeline: object) -> None:
    if not isinstance(source, Source):
        make = f"from_folder({str(source)!r})" if isinstance(source, str | os.PathLike) else "from_arrays(x, y)"
        raise ArgumentError(f"Loader.source must be a source; got {type(source).__name__}. Write aug.{make}.")
    if not isinstance(pipeline, Compose):
        got = type(pipeline).__name__
        raise ArgumentError(f"Loader.pipeline must be a Compose; got {got}. Write aug.Compose([...]).")


def _whole(name: str, value: object, low: int | None) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or (low is not None and value < low):
        what = "an integer" if low is None else f"an integer of at least {low}"
        raise ArgumentError(f"Loader.{name} must be {what}; got {value!r}.")
    return int(value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(f"Loader.{name} must be True or False; got {value!r}.")
    return bool(value)


def _one_of(name: str, value: S, choices: tuple[S, ...]) -> S:
    if value not in choices:
        raise ArgumentError(f"Loader.{name} must be {' or '.join(map(repr, choices))}; got {value!r}.")
    return value
