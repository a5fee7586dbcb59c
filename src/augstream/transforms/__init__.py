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
from augstream.transforms.distortion import (
    Elastic,
    Fisheye,
    GridDistortion,
    OpticalDistortion,
    PiecewiseAffine,
    ThinPlateSpline,
    Twirl,
    Wave,
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
from augstream.transforms.scatter import GlassBlur, GridShuffle, PixelSpread
from augstream.transforms.tone import Gamma, Normalize, Posterize, Rescale, Solarize

__all__ = [
    "Affine",
    "Brightness",
    "CenterCrop",
    "ChannelShift",
    "ColorJitter",
    "Contrast",
    "CutMix",
    "Elastic",
    "Fisheye",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "GlassBlur",
    "Grayscale",
    "GridDistortion",
    "GridShuffle",
    "HorizontalFlip",
    "Hue",
    "Invert",
    "MixUp",
    "Normalize",
    "OpticalDistortion",
    "Pad",
    "Perspective",
    "PiecewiseAffine",
    "PixelSpread",
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
    "ThinPlateSpline",
    "Twirl",
    "VerticalFlip",
    "Wave",
    "Zoom",
]
