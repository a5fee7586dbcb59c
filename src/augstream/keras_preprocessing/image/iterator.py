"""What iterates over batches: numbers of samples in an order, and pixels and targets for them."""

import importlib
import importlib.util
import itertools
import operator
import sys
import threading
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augstream.errors import SourceError
from augstream.keras_preprocessing.files import FilesToBatches
from augstream.keras_preprocessing.legacy import Legacy, global_seed
from augstream.keras_preprocessing.load import array_to_img, img_to_array, load_img
from augstream.keras_preprocessing.names import one_copy
from augstream.keras_preprocessing.parameters import VISIT, Compat
from augstream.rng import permute

__all__ = ["BatchFromFilesMixin", "Iterator", "array_to_img", "become_py_dataset", "img_to_array", "load_img"]

UNPICKLED = ("lock", "_serving_lock", "_stream", "_turn", "_settings", "_index_generator")


class _Rooted:
    """Keras' class takes this one's place among the bases of Iterator; `object` itself can't be replaced."""


class Iterator(_Rooted):
    """Endless batches of n samples. A subclass says what a batch is in `_get_batches_of_transformed_samples`.

    seed: None takes one from NumPy's global generator. workers, use_multiprocessing, max_queue_size:
    accepted, and without effect, as batches are made ahead by native threads.
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")
    compat: Compat | None = None
    _nothing = ""
    _index_generator: Generator[NDArray[Any], None, None] | None = None

    def __new__(cls, *_: Any, **__: Any) -> "Iterator":
        become_py_dataset()
        return super().__new__(cls)

    def __init__(
        self,
        n: int,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        *,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ) -> None:
        # What Keras asks a PyDataset for: no second set of workers behind ours.
        self._workers, self._use_multiprocessing, self._max_queue_size = 1, False, max_queue_size
        self.n = n
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.batch_index = 0
        self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array: NDArray[Any] | None = None
        self._epoch = -1
        self._key = global_seed() if seed is None else operator.index(seed)
        self._legacy = Legacy(self._key) if self.compat else None
        self._served: dict[int, int] | None = None
        self._visits: dict[int, int] = {}
        self._within = False

    @property
    def index_generator(self) -> Generator[NDArray[Any], None, None]:
        """The samples of one batch after the other."""
        if self._index_generator is None and type(self)._flow_index is not Iterator._flow_index:
            self._index_generator = self._flow_index()
        # One of ours that was kept would keep the flow alive, and its threads.
        return self._index_generator or (self._advance() for _ in itertools.count())

    @index_generator.setter
    def index_generator(self, value: Generator[NDArray[Any], None, None]) -> None:
        self._index_generator = value

    def _set_index_array(self) -> None:
        """The order of the next epoch."""
        self._epoch += 1
        self.index_array = np.arange(self.n)
        if self.shuffle and self.n:
            if self._legacy:
                self.index_array = self._legacy.order(self.n)
            else:
                self.index_array = permute(self._key, self._epoch, self.n, self.index_array)

    def _begin_epoch(self) -> None:
        before = self._epoch
        self._set_index_array()
        if self._epoch == before:
            self._epoch += 1  # whoever orders his samples himself wants new draws too
        self._visits = {}

    def _visit(self, position: int) -> int:
        """The epoch that the batch at this position is drawn in; one more VISIT each time that it is asked for."""
        visits = self._visits[position] = self._visits.get(position, -1) + 1
        return max(self._epoch, 0) + visits * VISIT

    def __getitem__(self, idx: int) -> Any:
        if idx >= len(self):
            raise ValueError(f"Asked to retrieve element {idx}, but the Sequence has length {len(self)}")
        with self.lock:
            if idx < 0:
                idx += len(self)
            if self._served is not None:
                # `fit` shuffles the numbers of the batches, by a seed of its own. Ours are shuffled already, so the
                # k-th one that it asks for is the k-th of the epoch, and can be made ahead.
                idx = self._served.setdefault(idx, len(self._served))
            self._reseed()
            self.total_batches_seen += 1
            if self.index_array is None:
                self._begin_epoch()
            index_array, epoch = self._part(idx), self._visit(idx)
        return _tensorflows(self._batch(epoch, idx, index_array))

    def _part(self, idx: int) -> NDArray[Any]:
        whole = np.arange(self.n) if self.index_array is None else self.index_array
        return whole[self.batch_size * idx : self.batch_size * (idx + 1)]

    def _reseed(self) -> None:
        if self._legacy and self.seed is not None:
            self._legacy.seed(self.seed + self.total_batches_seen)

    def __len__(self) -> int:
        return (self.n + self.batch_size - 1) // self.batch_size

    @property
    def num_batches(self) -> int:
        """What Keras asks for first, to train, to evaluate or to predict; `len` is 0 where there is nothing."""
        self._refuse_nothing()
        return len(self)

    def _refuse_nothing(self) -> None:
        if not len(self):
            raise SourceError(
                f"This flow has no images, so there is nothing to learn or to predict. {self._nothing}".rstrip()
            )

    def on_epoch_begin(self) -> None:
        """Keras calls this before an epoch of training."""
        if self._within:
            self._epoch += 1  # an `on_epoch_end` of somebody's own has not said so
        self._within, self._visits = True, {}
        self._served = {} if self.shuffle and not self.compat else None

    def on_epoch_end(self) -> None:
        """Ends the epoch: the next one has another order and other draws."""
        self._within, self._served = False, None
        self._begin_epoch()

    def reset(self) -> None:
        """The next batch is the first of an epoch, and those that are asked for by number count as not seen yet."""
        self.batch_index, self._visits = 0, {}

    def __repr__(self) -> str:
        classes = getattr(self, "class_indices", None)
        told = f", {len(classes)} classes" if classes else ""
        return f"<{type(self).__name__}: {len(self)} batches of {self.batch_size} from {self.n} images{told}>"

    def _flow_index(self) -> Generator[NDArray[Any], None, None]:
        self.reset()
        while True:
            yield self._advance()

    def _advance(self) -> NDArray[Any]:
        self._reseed()
        if self.batch_index == 0 or self.index_array is None:
            self._begin_epoch()
        self._position = self.batch_index
        start = (self._position * self.batch_size) % self.n if self.n else 0
        self.batch_index = self._position + 1 if self.n > start + self.batch_size else 0
        self.total_batches_seen += 1
        whole: Any = self.index_array
        part: NDArray[Any] = whole[start : start + self.batch_size]
        return part

    def __iter__(self) -> "Iterator":
        return self

    def __next__(self) -> Any:
        return self.next()

    def next(self) -> Any:
        """The next batch."""
        with self.lock:
            self._position = -1  # where somebody numbers his samples himself
            index_array = next(self.index_generator)
            position = self._position
            epoch = self._visit(position)
        return self._batch(epoch, position, index_array)

    def _batch(self, epoch: int, position: int, index_array: NDArray[Any]) -> Any:
        return self._get_batches_of_transformed_samples(index_array)

    def _get_batches_of_transformed_samples(self, index_array: NDArray[Any]) -> Any:
        """The batch of these samples."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in UNPICKLED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, lock=threading.Lock())


class BatchFromFilesMixin(FilesToBatches):
    """Batches of files: for a class that is an Iterator too, and has `filepaths`, `labels` and `sample_weight`."""

    def loading(self) -> tuple[Any, Any]:
        """The functions of this module, where programs put their own."""
        return load_img, img_to_array


def _tensorflows(batch: Any) -> Any:
    """The batch, with tuples for its lists of arrays under TensorFlow, whose datasets take a list for one array."""
    keras = sys.modules.get("keras")
    if keras is None or Iterator.__bases__ == (_Rooted,) or not isinstance(batch, tuple):
        return batch
    if keras.config.backend() != "tensorflow":
        return batch
    return tuple(tuple(part) if isinstance(part, list) else part for part in batch)


_failed: list[Exception] = []


def become_py_dataset() -> None:
    """Makes Iterator a `keras.utils.PyDataset`, once, if there is a Keras that has one."""
    if Iterator.__bases__ != (_Rooted,) or (_failed and "keras" not in sys.modules):
        return
    if "keras" not in sys.modules and not importlib.util.find_spec("keras"):
        return
    try:
        Iterator.__bases__ = (importlib.import_module("keras.utils").PyDataset,)
    except Exception as error:
        # Keras without its backend, or Keras 2, which fail in many ways: there is nothing to train with. To try again
        # takes seconds, so that waits until somebody else has imported Keras.
        _failed.append(error)


one_copy(__name__, "image.iterator")
