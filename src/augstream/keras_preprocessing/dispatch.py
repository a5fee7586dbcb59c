"""Which way a flow makes a batch: ahead and all at once, or picture by picture as the old loop did."""

import os
import warnings
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from augstream.concurrency.pool import cores
from augstream.concurrency.prefetch import Threads
from augstream.errors import ArgumentError
from augstream.keras_preprocessing.generator import Generator
from augstream.keras_preprocessing.legacy import Legacy
from augstream.keras_preprocessing.load import array_to_img
from augstream.keras_preprocessing.parameters import VISIT, Compat, drawing_from, epoch_or, rng_of, rngs_of
from augstream.keras_preprocessing.prefetch import Prefetching
from augstream.printable import printable

HASHES = {"files": int(1e7), "arrays": int(1e4)}


class Serving(Prefetching):
    """The part of an iterator that hands out batches."""

    image_data_generator: Generator | None
    image_shape: tuple[int, ...]
    data_format: str
    dtype: Any
    batch_size: int
    shuffle: bool
    save_to_dir: str | None
    save_prefix: str
    save_format: str
    compat: Compat | None = None
    masks: Any = None
    augment: bool = True
    on_error: str = "raise"
    hashes: int = HASHES["files"]
    _epoch: int
    _nothing: str
    _legacy: Legacy | None
    index_array: NDArray[Any] | None

    @property
    def generator(self) -> Generator:
        """The generator, or one that does nothing."""
        if self.image_data_generator is not None:
            return self.image_data_generator
        return Generator(data_format=self.data_format, dtype=self.dtype)

    def set_own_attrs(self, augment: bool, on_error: str) -> None:
        """Takes note of what the old API did not have."""
        if on_error not in ("raise", "skip"):
            raise ArgumentError(f'on_error must be "raise" or "skip"; got {on_error!r}.')
        if on_error == "skip" and self.compat:
            raise ArgumentError('on_error="skip" is not for compat: the old lines end at the first unreadable file.')
        self.augment = bool(augment)
        self.on_error = on_error
        self.threads = getattr(self.image_data_generator, "threads", None)
        self.errors: dict[int, tuple[str, str]] = {}

    def found_nothing(self, why: str) -> None:
        """Warns whoever called the generator's flow, and takes note of it for whoever trains on this."""
        self._nothing = printable(why)
        warnings.warn(self._nothing, stacklevel=5)

    def load(self, index: int) -> NDArray[Any]:
        """One sample as an array, in the generator's data_format."""
        raise NotImplementedError

    def assemble(self, image: NDArray[Any], mask: NDArray[Any] | None, index: NDArray[Any]) -> Any:
        """Pixels and samples -> what the iterator hands out."""
        raise NotImplementedError

    def _batch(self, epoch: int, position: int, index_array: NDArray[Any]) -> Any:
        name, source = "_get_batches_of_transformed_samples", None
        if name in vars(self) or getattr(type(self), name) is not getattr(Serving, name):
            # Somebody has his own idea of a batch, and may call ours for a part of it.
            source = self._legacy or rngs_of(self._key, epoch, index_array)
        elif self._all_at_once() and self._is_next(epoch, position, index_array):
            return self._handed_out(self.made(epoch, position, len(cast(Any, self)), index_array), epoch)
        with drawing_from(source, epoch):
            return self._get_batches_of_transformed_samples(index_array)

    def _is_next(self, epoch: int, position: int, index_array: NDArray[Any]) -> bool:
        """Whether these are the samples that are made ahead, and not those of an order that somebody else has set."""
        if not len(index_array) or position < 0 or epoch >= VISIT:
            return False
        sampler = self.sampler(self.n)
        foreseen = sampler.index(epoch, sampler.positions(position))
        return np.array_equal(index_array, foreseen)

    def _get_batches_of_transformed_samples(self, index_array: NDArray[Any]) -> Any:
        """The batch of these samples, in the epoch that it is."""
        index = np.asarray(index_array)
        epoch = epoch_or(max(self._epoch, 0))
        if not len(index) or not self._all_at_once():
            return self._one_by_one(epoch, index)
        return self._handed_out(self.made_now(epoch, index), epoch)

    def pixels(self, epoch: int, index: NDArray[np.int64]) -> NDArray[Any]:
        """The pictures alone, of these samples in an epoch."""
        if self._all_at_once():
            made = self.made_now(epoch, index)
            self.report(made.failures)
            return made.image
        return np.asarray(self._one_by_one(epoch, index, pixels_only=True))

    def _handed_out(self, made: Any, epoch: int) -> Any:
        self.report(made.failures)
        self._save(made.image, epoch, made.samples)
        return self.assemble(made.image, made.mask, made.samples)

    def _all_at_once(self) -> bool:
        """Whether the generator is ours, behaves as documented, and nobody has changed how it treats a picture."""
        generator = self.image_data_generator
        if generator is None:
            return self.compat is None
        foreign: bool = not isinstance(generator, Generator)
        return not foreign and not self.compat and not generator.overrides("get_random_transform")

    def _one_by_one(self, epoch: int, index_array: NDArray[Any], pixels_only: bool = False) -> Any:
        """The old loop: numbers for one picture after the other, then each picture by itself."""
        generator: Any = self.image_data_generator
        if self.masks is not None:
            raise ArgumentError(
                "masks are for a generator that draws as ours does: without compat, and without a get_random_transform "
                "or load_img of your own."
            )
        out = np.zeros((len(index_array), *self.image_shape), self.dtype)
        drawn = [self._drawn(epoch, sample) if generator and self.augment else None for sample in index_array]

        def one(row: int) -> None:
            x = self.load(int(index_array[row]))
            if drawn[row] is not None:
                x = generator.apply_transform(x, drawn[row])
            out[row] = generator.standardize(x) if generator else x

        # A function of the user's sees the pictures one after the other, as it always has.
        alone = self._load_img_is_replaced() or (generator is not None and generator.preprocessing_function)
        threads = Threads(1 if alone else self.threads or cores())
        try:
            threads.map(one, range(len(index_array)))
        finally:
            threads.stop()
        if pixels_only:
            return out
        self._save(out, epoch, index_array)
        return self.assemble(out, None, index_array)

    def _load_img_is_replaced(self) -> bool:
        return False

    def _drawn(self, epoch: int, sample: int) -> Any:
        with drawing_from(self._legacy or rngs_of(self._key, epoch, np.array([sample])), epoch):
            return self.generator.get_random_transform(self.image_shape)

    def _save(self, image: NDArray[Any], epoch: int, index: NDArray[Any]) -> None:
        """Writes the pictures of a batch to files, if somebody wants to see them."""
        if not self.save_to_dir:
            return
        if self._legacy:
            hashes = [self._legacy.below(self.hashes) for _ in index]
        else:
            hashes = rng_of(self._key, epoch, index).integers("save", self.hashes).tolist()
        for row, (sample, number) in enumerate(zip(index, hashes, strict=True)):
            picture = array_to_img(image[row], self.data_format, scale=True)
            name = f"{self.save_prefix}_{sample}_{number}.{self.save_format}"
            picture.save(os.path.join(self.save_to_dir or "", name))  # noqa: PTH118
