"""The catalogue of transforms, by family."""

from augstream.transforms.color import (
    Brightness,
    ChannelShift,
    ColorJitter,
    Contrast,
    Grayscale,
    Hue,
    Invert,
    Saturation,
)
from augstream.transforms.crop import CenterCrop, Pad, RandomCrop, RandomResizedCrop, Resize
from augstream.transforms.geometry import (
    Affine,
    HorizontalFlip,
    Perspective,
    Rotate,
    Rotate90,
    Shear,
    Shift,
    VerticalFlip,
    Zoom,
)
from augstream.transforms.tone import Gamma, Normalize, Posterize, Rescale, Solarize

__all__ = [
    "Affine",
    "Brightness",
    "CenterCrop",
    "ChannelShift",
    "ColorJitter",
    "Contrast",
    "Gamma",
    "Grayscale",
    "HorizontalFlip",
    "Hue",
    "Invert",
    "Normalize",
    "Pad",
    "Perspective",
    "Posterize",
    "RandomCrop",
    "RandomResizedCrop",
    "Rescale",
    "Resize",
    "Rotate",
    "Rotate90",
    "Saturation",
    "Shear",
    "Shift",
    "Solarize",
    "VerticalFlip",
    "Zoom",
]
