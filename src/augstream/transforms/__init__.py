"""The catalogue of transforms, by family."""

from augstream.transforms.blur import BoxBlur, Defocus, GaussianBlur, MedianBlur, MotionBlur, ZoomBlur
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
from augstream.transforms.morphology import Dilate, Erode
from augstream.transforms.noise import GaussianNoise
from augstream.transforms.sharpness import Convolve, Emboss, Ringing, Sharpen, Sharpness, UnsharpMask
from augstream.transforms.tone import Gamma, Normalize, Posterize, Rescale, Solarize

__all__ = [
    "Affine",
    "BoxBlur",
    "Brightness",
    "CenterCrop",
    "ChannelShift",
    "ColorJitter",
    "Contrast",
    "Convolve",
    "CutMix",
    "Defocus",
    "Dilate",
    "Emboss",
    "Erode",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "HorizontalFlip",
    "Hue",
    "Invert",
    "MedianBlur",
    "MixUp",
    "MotionBlur",
    "Normalize",
    "Pad",
    "Perspective",
    "Posterize",
    "RandomCrop",
    "RandomErasing",
    "RandomResizedCrop",
    "Rescale",
    "Resize",
    "Ringing",
    "Rotate",
    "Rotate90",
    "Saturation",
    "Sharpen",
    "Sharpness",
    "Shear",
    "Shift",
    "Solarize",
    "UnsharpMask",
    "VerticalFlip",
    "Zoom",
    "ZoomBlur",
]
