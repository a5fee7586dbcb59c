"""Batches as a tf.data.Dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from augstream.errors import ArgumentError, MissingPackageError

if TYPE_CHECKING:
    from augstream.loader import Loader

TensorFlowBatches: TypeAlias = Any  # tf.data.Dataset


def tensorflow_batches(loader: Loader) -> TensorFlowBatches:
    """The loader as a dataset whose iterations are the loader's epochs, one after the other.

    Shapes are static, except for the number of samples where the last batch may have another one. Of a loader in the
    middle of an epoch the first iteration is the rest of that epoch, so that their length is not known.
    """
    try:
        import tensorflow as tf
    except ImportError as error:
        raise MissingPackageError("Loader.tensorflow()", "tensorflow", "tensorflow") from error

    example = loader.batch(0, 0)
    rows = loader.batch_size if loader.order.even else None

    def spec(array: Any) -> Any:
        if isinstance(array, dict):
            return {name: spec(one) for name, one in array.items()}
        return tf.TensorSpec((rows, *array.shape[1:]), tf.as_dtype(array.dtype))

    signature = spec(example.image) if example.y is None else (spec(example.image), spec(example.y))

    whole = loader.place[1] == 0

    def batches() -> Iterator[Any]:
        if whole and loader.place[1]:
            raise ArgumentError("The loader has got a state from within an epoch: call its tensorflow() behind that.")
        for batch in loader:
            y = batch.y
            yield batch.image if y is None else (batch.image, y)

    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    options = tf.data.Options()
    options.deterministic = True
    # A batch that waits in a buffer would count as handed out in the loader's state; the loader prepares them itself.
    options.experimental_optimization.inject_prefetch = False
    # What a dataset may do to be faster elsewhere: split by files among workers, which a generator does not have.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    if whole:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(loader)))
    return dataset.with_options(options)
