"""The catalogue of transforms, by family."""

from augstream.transforms.blur import GaussianBlur
from augstream.transforms.channels import (
    ChannelDropout,
    ChannelShift,
    ChannelShuffle,
    ColorTemperature,
    FancyPCA,
    Sepia,
)
from augstream.transforms.color import (
    Brightness,
    Contrast,
    Grayscale,
    Hue,
    Invert,
    Saturation,
)
from augstream.transforms.crop import CenterCrop, Pad, RandomCrop, RandomResizedCrop, Resize
from augstream.transforms.equalize import CLAHE, AutoContrast, Equalize
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
from augstream.transforms.jitter import ColorJitter, HueSaturationValue, PhotometricDistort
from augstream.transforms.mix import CutMix, MixUp
from augstream.transforms.noise import GaussianNoise
from augstream.transforms.reference import FDA, HistogramMatching
from augstream.transforms.stain import StainJitter
from augstream.transforms.tone import Gamma, Normalize, Posterize, Rescale, SigmoidContrast, Solarize, ToneCurve

__all__ = [
    "CLAHE",
    "FDA",
    "Affine",
    "AutoContrast",
    "Brightness",
    "CenterCrop",
    "ChannelDropout",
    "ChannelShift",
    "ChannelShuffle",
    "ColorJitter",
    "ColorTemperature",
    "Contrast",
    "CutMix",
    "Equalize",
    "FancyPCA",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "HistogramMatching",
    "HorizontalFlip",
    "Hue",
    "HueSaturationValue",
    "Invert",
    "MixUp",
    "Normalize",
    "Pad",
    "Perspective",
    "PhotometricDistort",
    "Posterize",
    "RandomCrop",
    "RandomErasing",
    "RandomResizedCrop",
    "Rescale",
    "Resize",
    "Rotate",
    "Rotate90",
    "Saturation",
    "Sepia",
    "Shear",
    "Shift",
    "SigmoidContrast",
    "Solarize",
    "StainJitter",
    "ToneCurve",
    "VerticalFlip",
    "Zoom",
]
