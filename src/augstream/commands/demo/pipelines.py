"""The pipelines of the demo and of `augstream preview`."""

from augstream.transforms.compose import Compose
from augstream.transforms.crop import Resize
from augstream.transforms.geometry import HorizontalFlip, Rotate, Shear, Shift, Zoom
from augstream.transforms.jitter import ColorJitter
from augstream.transforms.tone import Rescale


def photos(size: int = 224) -> Compose:
    """What suits most photos: rotated, shifted, sheared, zoomed, flipped and re-lit a little, `size` pixels square."""
    return Compose(
        [
            Rotate((-40, 40)),
            Shift(x=(-0.2, 0.2), y=(-0.2, 0.2)),
            Shear((-11, 11)),
            Zoom((0.8, 1.2)),
            HorizontalFlip(p=0.5),
            ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02),
            Resize(size, size),
            Rescale(1 / 255),
        ],
        border="edge",
    )


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
