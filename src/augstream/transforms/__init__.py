"""The catalogue of transforms, by family."""

from augstream.transforms.blur import GaussianBlur
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
from augstream.transforms.degradation import (
    ChromaticAberration,
    Dither,
    Downscale,
    JpegCompression,
    Superpixels,
    WebPCompression,
)
from augstream.transforms.erase import RandomErasing
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
from augstream.transforms.mix import CutMix, MixUp
from augstream.transforms.noise import GaussianNoise
from augstream.transforms.tone import Gamma, Normalize, Posterize, Rescale, Solarize

__all__ = [
    "Affine",
    "Brightness",
    "CenterCrop",
    "ChannelShift",
    "ChromaticAberration",
    "ColorJitter",
    "Contrast",
    "CutMix",
    "Dither",
    "Downscale",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "HorizontalFlip",
    "Hue",
    "Invert",
    "JpegCompression",
    "MixUp",
    "Normalize",
    "Pad",
    "Perspective",
    "Posterize",
    "RandomCrop",
    "RandomErasing",
    "RandomResizedCrop",
    "Rescale",
    "Resize",
    "Rotate",
    "Rotate90",
    "Saturation",
    "Shear",
    "Shift",
    "Solarize",
    "Superpixels",
    "VerticalFlip",
    "WebPCompression",
    "Zoom",
]
