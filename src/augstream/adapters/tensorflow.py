"""Batches as a tf.data.Dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from augstream.errors import MissingPackageError

if TYPE_CHECKING:
    from augstream.loader import Loader

TensorFlowBatches: TypeAlias = Any  # tf.data.Dataset


def tensorflow_batches(loader: Loader) -> TensorFlowBatches:
    """The loader as a dataset whose iterations are the loader's epochs, one after the other.

    Shapes are static, except for the number of samples where the last batch may have another one.
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

    def batches() -> Iterator[Any]:
        for batch in loader:
            y = batch.y
            yield batch.image if y is None else (batch.image, y)

    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    options = tf.data.Options()
    options.deterministic = True
    # What a dataset may do to be faster elsewhere: split by files among workers, which a generator does not have.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.apply(tf.data.experimental.assert_cardinality(len(loader))).with_options(options)
