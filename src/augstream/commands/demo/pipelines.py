"""The pipelines of the demo and of `augstream preview`."""

from collections.abc import Callable
from dataclasses import replace

from augstream.drawing.sheet import shown
from augstream.errors import ArgumentError
from augstream.transforms.compose import Compose
from augstream.transforms.crop import Resize
from augstream.transforms.geometry import HorizontalFlip, Rotate, Shear, Shift, Zoom
from augstream.transforms.jitter import ColorJitter
from augstream.transforms.tone import Rescale


def photos(size: int = 224) -> Compose:
    """What suits most photos: rotated, shifted, sheared, zoomed, flipped and recolored, `size` pixels square."""
    return Compose(
        [
            Rotate((-40, 40)),
            Shift(x=(-0.2, 0.2), y=(-0.2, 0.2)),
            Shear((-11, 11)),
            Zoom((0.65, 1.5)),
            HorizontalFlip(p=0.5),
            ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.03),
            Resize(size, size),
            Rescale(1 / 255),
        ],
        border="symmetric",
    )


def of(given: Compose) -> Callable[[int], Compose]:
    """A pipeline of the user's for images of any size: what it does at its end to the levels is done as by `plain`."""
    if given.mixers:
        fact = "--pipeline mixes images and their labels, and the demo's network learns one class for each image"
        raise ArgumentError(f"{fact}. Leave MixUp and CutMix out.")
    kept = shown(given)
    return lambda size: replace(kept, transforms=[*kept, Resize(size, size), Rescale(1 / 255)])


def digits(size: int) -> Compose:
    """What does not change which digit it is; mirrored digits are not digits."""
    return Compose(
        [
            Rotate((-30, 30)),
            Shift(x=(-0.15, 0.15), y=(-0.15, 0.15)),
            Shear((-8, 8)),
            Zoom((0.7, 1.2)),
            Resize(size, size),
            Rescale(1 / 255),
        ]
    )


def plain(size: int) -> Compose:
    """Images as they are, at the size and levels that the network takes."""
    return Compose([Resize(size, size), Rescale(1 / 255)])
