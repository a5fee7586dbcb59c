"""Batches as a tf.data.Dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from augstream.adapters.numpy import Adapter, together
from augstream.batch.batches import Batches
from augstream.batch.epoch import next_epoch
from augstream.errors import ArgumentError, MissingPackageError

TensorFlowBatches: TypeAlias = Any  # tf.data.Dataset


def tensorflow_batches(batches: Batches) -> TensorFlowBatches:
    """The loader as a dataset whose iterations are the loader's epochs, one after the other.

    Shapes are static, except for the number of samples where the last batch may have another one. Of a loader in the
    middle of an epoch the first iteration is the rest of that epoch, so that their length is not known. It has
    `classes` and `class_indices`, and of a loader with shuffle=False `names`; what `map` or `prefetch` return has not.
    """
    try:
        import tensorflow as tf
    except ImportError as error:
        raise MissingPackageError("Loader.tensorflow()", "tensorflow", "tensorflow") from error

    example = batches.batch(0, 0)
    rows = batches.sampler.batch_size if batches.sampler.even else None

    def spec(array: Any) -> Any:
        if isinstance(array, dict):
            return {name: spec(one) for name, one in array.items()}
        return tf.TensorSpec((rows, *array.shape[1:]), tf.as_dtype(array.dtype))

    signature = together(spec(part) for part in example)
    whole = batches.place.following[1] == 0

    def made() -> Iterator[Any]:
        if whole and batches.place.following[1]:
            raise ArgumentError("The loader has got a state from within an epoch: call its tensorflow() behind that.")
        for batch in next_epoch(batches):
            yield together(batch)

    dataset = tf.data.Dataset.from_generator(made, output_signature=signature)
    options = tf.data.Options()
    options.deterministic = True
    # A batch that waits in a buffer would count as handed out in the loader's state; the loader prepares them itself.
    options.experimental_optimization.inject_prefetch = False
    # What a dataset may do to be faster elsewhere: split by files among workers, which a generator does not have.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    if whole:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    dataset = dataset.with_options(options)
    about = Adapter(batches)
    dataset.classes, dataset.class_indices = about.classes, about.class_indices
    if not batches.sampler.shuffle:
        dataset.names = about.names  # of a dataset that shuffles they would be those of one epoch only
    return dataset
