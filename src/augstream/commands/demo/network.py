"""A small convolutional network for small images: it learns in seconds and has no tricks against overfitting."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTHS = (24, 48, 64, 96)
MOMENTUM = 0.98
"""Of the moving statistics of batch normalization, which only training sees: `normalize` replaces them."""
LARGE = 48
"""Images of this side or more are halved once more."""

State = list[NDArray[Any]]


def build(size: int, channels: int, classes: int) -> Any:
    """A compiled Keras model for (size, size, channels) images."""
    import keras

    model = keras.Sequential(_layers(size, channels, classes, seed=0))
    model.compile(
        keras.optimizers.Adam(),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.optimizer.build(model.trainable_variables)
    return model


def fresh(model: Any, seed: int) -> State:
    """The state of a model that has learned nothing, the same for the same seed."""
    import keras

    *_, size, channels = model.input_shape
    other = keras.Sequential(_layers(size, channels, model.output_shape[1], seed))
    return [*other.get_weights(), *(np.zeros(one.shape, one.dtype) for one in model.optimizer.variables)]


def state(model: Any) -> State:
    """All that a model has learned, so that one that has been compiled once can go on with several runs in turn."""
    import keras

    return [*model.get_weights(), *(keras.ops.convert_to_numpy(one) for one in model.optimizer.variables)]


def restore(model: Any, state: State, rate: float) -> None:
    """Go on with what `state` gave, at this learning rate."""
    weights = len(model.weights)
    model.set_weights(state[:weights])
    for variable, value in zip(model.optimizer.variables, state[weights:], strict=True):
        variable.assign(value)
    model.optimizer.learning_rate.assign(rate)


def normalize(model: Any, images: NDArray[np.float32]) -> None:
    """Let batch normalization take its statistics from these images, as the network is now.

    Those that it has from training lag behind by dozens of steps and, with augmentation, are those of other images than
    the network is tested on.
    """
    for layer in normalizations(model):
        layer.momentum = 0.0
    model(images, training=True)
    for layer in normalizations(model):
        layer.momentum = MOMENTUM


def normalizations(model: Any) -> list[Any]:
    """The layers of batch normalization, from the images on."""
    import keras

    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


def _layers(size: int, channels: int, classes: int, seed: int) -> list[Any]:
    import keras

    def weights(number: int) -> Any:
        # Keras' own default seeds come from a global state.
        return keras.initializers.GlorotUniform(seed=1000 * seed + number)

    made: list[Any] = [keras.layers.Input((size, size, channels))]
    for number, width in enumerate(WIDTHS):
        first, last = number == 0, number == len(WIDTHS) - 1
        made += [
            keras.layers.Conv2D(
                width,
                5 if first else 3,
                strides=2 if first else 1,
                padding="same",
                use_bias=False,
                kernel_initializer=weights(number),
            ),
            keras.layers.BatchNormalization(momentum=MOMENTUM),
            keras.layers.ReLU(),
        ]
        if not last and (not first or size >= LARGE):
            # The gradient of max pooling takes longer than everything else on a CPU with JAX.
            made.append(keras.layers.AveragePooling2D(2))
    return [
        *made,
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(classes, kernel_initializer=weights(len(WIDTHS))),
    ]
