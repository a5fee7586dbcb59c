"""Batches as a `keras.utils.PyDataset`, for the TensorFlow, JAX and torch backends."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from augstream.errors import ArgumentError, MissingPackageError
from augstream.locks import Lock

if TYPE_CHECKING:
    from augstream.epoch import Epoch
    from augstream.loader import Loader

KerasBatches: TypeAlias = Any  # a class made when Keras is there: see `_dataset`


def keras_batches(loader: Loader) -> KerasBatches:
    """The loader as a PyDataset whose k-th epoch is the loader's epoch number `loader.epoch` + k."""
    return _dataset()(loader)


@cache
def _dataset() -> type:
    try:
        from keras.utils import PyDataset
    except ImportError as error:
        raise MissingPackageError("Loader.keras()", "keras", "keras") from error

    class KerasBatches(PyDataset):  # type: ignore[misc]
        """(image, y) of batch i, with `Batch.y`, and the weights where there are some; image alone without a y."""

        def __init__(self, loader: Loader) -> None:
            # One worker and no process: the loader has its own threads, and a queue here would only hold batches twice.
            super().__init__(workers=1, use_multiprocessing=False)
            self.loader = loader
            self.epoch, start = loader.place
            if start:
                raise ArgumentError(
                    f"Keras counts whole epochs, and the loader is at batch {start} of epoch {self.epoch}. Save a "
                    "state at the end of an epoch, finish this one in a loop of your own, or set loader.epoch."
                )
            self._ahead: Epoch | None = None
            self._training = False
            self._served: dict[int, int] = {}
            self._lock = Lock()

        def __len__(self) -> int:
            return len(self.loader)

        def __getitem__(self, index: int) -> tuple[Any, ...]:
            with self._lock:
                position = self._position(range(len(self))[index])
                if self._ahead is None and position == 0:
                    self._ahead = self.loader.follow(self.epoch)
                if self._ahead is not None and self._ahead.position == position:
                    batch = next(self._ahead)
                else:
                    batch = self.loader.batch(self.epoch, position)
            y = batch.y
            if y is None:
                return (batch.image,)
            return (batch.image, y) if batch.weight is None else (batch.image, y, batch.weight)

        def _position(self, index: int) -> int:
            # `fit` shuffles the numbers of the batches, which would defeat prefetching and depends on a global seed.
            # Of a loader that shuffles already, the k-th batch that `fit` asks for is therefore the k-th in its order.
            if self._training and self.loader.shuffle:
                return self._served.setdefault(index, len(self._served))
            self._served[index] = index
            return index

        def on_epoch_begin(self) -> None:
            self._end()
            self._training = True

        def on_epoch_end(self) -> None:
            self._end()
            self._training = False

        def _end(self) -> None:
            with self._lock:
                # Keras looks at one batch to build a model, or at two for TensorFlow's shapes before any epoch begins,
                # and says that an epoch has ended: that was none.
                looked = 1 if self._training else 2
                if len(self._served) > looked or len(self) == len(self._served):
                    self.epoch += 1
                if self._ahead is not None:
                    self._ahead.close()
                self._ahead = None
                self._served = {}

        def __getstate__(self) -> dict[str, Any]:
            return {name: value for name, value in self.__dict__.items() if name != "_ahead"}

        def __setstate__(self, state: dict[str, Any]) -> None:
            self.__dict__.update(state, _ahead=None)

    return KerasBatches
