"""A small convolutional network for small images: it learns in seconds and has no tricks against overfitting."""

from typing import Any

import numpy as np

WIDTHS = (24, 48, 64, 96)
LARGE = 48
"""Images of this side or more are halved once more."""


def build(size: int, channels: int, classes: int, *, rate: float, steps: int) -> Any:
    """A compiled Keras model for (size, size, channels) images; `rate` is the learning rate, falling over `steps`."""
    import keras

    model = keras.Sequential(_layers(size, channels, classes, seed=0))
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def restart(model: Any, seed: int) -> None:
    """Fresh weights, the same for the same seed. What has been compiled is kept, which saves seconds."""
    import keras

    *_, size, channels = model.input_shape
    fresh = keras.Sequential(_layers(size, channels, model.output_shape[1], seed))
    model.set_weights(fresh.get_weights())
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))


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
            keras.layers.BatchNormalization(momentum=0.9),
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
