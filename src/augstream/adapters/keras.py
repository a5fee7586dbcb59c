"""Batches as a `keras.utils.PyDataset`, for the TensorFlow, JAX and torch backends."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

from augstream.batch.batches import Batches
from augstream.batch.described import Described
from augstream.batch.epoch import Epoch, epoch_from
from augstream.concurrency.lock import Lock
from augstream.errors import ArgumentError, MissingPackageError

KerasBatches: TypeAlias = Any  # a class made when Keras is there: see `_dataset`


def keras_batches(batches: Batches) -> KerasBatches:
    """The loader as a PyDataset whose k-th epoch is the loader's epoch number `loader.epoch` + k.

    Of a loader in the middle of an epoch it is the rest of that epoch, and no more.
    """
    return _dataset()(batches)


@cache
def _dataset() -> type:
    try:
        from keras.utils import PyDataset
    except ImportError as error:
        raise MissingPackageError("Loader.keras()", "keras", "keras") from error

    class KerasBatches(Described, PyDataset):  # type: ignore[misc]
        """(image, y) of batch i, as it unpacks: with the weights where there are some, and image alone without a y."""

        def __init__(self, batches: Batches) -> None:
            # One worker and no process: the loader has its own threads, and a queue here would only hold batches twice.
            super().__init__(workers=1, use_multiprocessing=False)
            self.batches = batches
            self.epoch, self._start = batches.place.following
            self._passes = 0
            self._ahead: Epoch | None = None
            self._training = False
            self._served: dict[int, int] = {}
            self._lock = Lock()

        def __len__(self) -> int:
            return len(self.batches) - self._start

        def __getitem__(self, index: int) -> tuple[Any, ...]:
            with self._lock:
                position = self._start + self._position(range(len(self))[index])
                if self._ahead is None and position == self._start:
                    self._ahead = epoch_from(self.batches, self.epoch, self._start)
                if self._ahead is not None and self._ahead.position == position:
                    batch = next(self._ahead)
                else:
                    batch = self.batches.batch(self.epoch, position)
            return tuple(batch)

        def _recent(self) -> tuple[int, int]:
            return self.epoch, self._start

        def _position(self, index: int) -> int:
            # `fit` shuffles the numbers of the batches, which would defeat prefetching and depends on a global seed.
            # Of a loader that shuffles already, the k-th batch that `fit` asks for is therefore the k-th in its order.
            if self._training and self.batches.sampler.shuffle:
                return self._served.setdefault(index, len(self._served))
            self._served[index] = index
            return index

        def on_epoch_begin(self) -> None:
            self._end()
            # Keras asks for the number of batches once, so that all epochs to come would be as short as this one. Of
            # a rest that is a single batch, the first pass may have been a look at it.
            if self._start and self._passes > (len(self) == 1):
                raise ArgumentError(
                    f"This was the rest of epoch {self.epoch}, from batch {self._start} on. Fit it with epochs="
                    f"{self.epoch + 1} and initial_epoch={self.epoch}, and then loader.keras() anew for what follows."
                )
            self._training = True

        def on_epoch_end(self) -> None:
            self._end()
            self._training = False

        def _end(self) -> None:
            with self._lock:
                # Keras looks at one batch to build a model and says that an epoch has ended: that was none. With
                # TensorFlow it looks at two before any epoch has begun.
                if self._training and (len(self._served) > 1 or len(self) == len(self._served)):
                    self._passes += 1
                    self.epoch += not self._start
                if self._ahead is not None:
                    self._ahead.close()
                self._ahead = None
                self._served = {}

        def state_dict(self, batch: int) -> dict[str, Any]:
            """The loader's state behind one batch of this epoch, numbered as `on_train_batch_end` does.

            `loader.state_dict()` would count the batches that Keras has asked for ahead.
            """
            return self.batches.state(self.epoch, self._start + batch + 1)

        def __getstate__(self) -> dict[str, Any]:
            return {name: value for name, value in self.__dict__.items() if name != "_ahead"}

        def __setstate__(self, state: dict[str, Any]) -> None:
            self.__dict__.update(state, _ahead=None)

    return KerasBatches
