"""The pipelines of the demo and of `augstream preview`."""

import augstream as aug


def photos(size: int = 224) -> aug.Compose:
    """What suits most photos: rotated, shifted, sheared, zoomed, flipped and re-lit a little, `size` pixels square."""
    return aug.Compose(
        [
            aug.Rotate((-40, 40)),
            aug.Shift(x=(-0.2, 0.2), y=(-0.2, 0.2)),
            aug.Shear((-11, 11)),
            aug.Zoom((0.8, 1.2)),
            aug.HorizontalFlip(p=0.5),
            aug.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02),
            aug.Resize(size, size),
            aug.Rescale(1 / 255),
        ],
        border="edge",
    )


def digits(size: int) -> aug.Compose:
    """What does not change which digit it is; mirrored digits are not digits."""
    return aug.Compose(
        [
            aug.Rotate((-30, 30)),
            aug.Shift(x=(-0.15, 0.15), y=(-0.15, 0.15)),
            aug.Shear((-8, 8)),
            aug.Zoom((0.7, 1.2)),
            aug.Resize(size, size),
            aug.Rescale(1 / 255),
        ]
    )


def plain(size: int) -> aug.Compose:
    """Images as they are, at the size and levels that the network takes."""
    return aug.Compose([aug.Resize(size, size), aug.Rescale(1 / 255)])
