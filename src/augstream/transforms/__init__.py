"""The catalogue of transforms, by family."""

from augstream.transforms.blur import GaussianBlur
from augstream.transforms.box_crops import AtLeastOneBoxCrop, BoxSafeCrop, IoUCrop
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
from augstream.transforms.crop import CenterCrop, Crop, RandomCrop, RandomResizedCrop, Resize
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
    D4,
    Affine,
    HorizontalFlip,
    Perspective,
    Rotate,
    Rotate90,
    Shear,
    Shift,
    Transpose,
    VerticalFlip,
    Zoom,
)
from augstream.transforms.mix import CutMix, MixUp
from augstream.transforms.noise import (
    FilmGrain,
    GaussianNoise,
    ISONoise,
    LaplaceNoise,
    PixelDropout,
    SaltAndPepper,
    ShotNoise,
    SpeckleNoise,
    UniformNoise,
)
from augstream.transforms.pad import Pad, PadTo, PadToMultiple, ZoomOut
from augstream.transforms.resize import LetterBox, LongestSide, RandomScale, ShortestSide
from augstream.transforms.noise import GaussianNoise
from augstream.transforms.scatter import GlassBlur, GridShuffle, PixelSpread
from augstream.transforms.tone import Gamma, Normalize, Posterize, Rescale, Solarize

__all__ = [
    "D4",
    "Affine",
    "AtLeastOneBoxCrop",
    "BoxSafeCrop",
    "Brightness",
    "CenterCrop",
    "ChannelShift",
    "ColorJitter",
    "Contrast",
    "Crop",
    "CutMix",
    "FilmGrain",
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
    "ISONoise",
    "Invert",
    "IoUCrop",
    "LaplaceNoise",
    "LetterBox",
    "LongestSide",
    "MixUp",
    "Normalize",
    "OpticalDistortion",
    "Pad",
    "PadTo",
    "PadToMultiple",
    "Perspective",
    "PixelDropout",
    "PiecewiseAffine",
    "PixelSpread",
    "Posterize",
    "RandomCrop",
    "RandomErasing",
    "RandomResizedCrop",
    "RandomScale",
    "Rescale",
    "Resize",
    "Rotate",
    "Rotate90",
    "SaltAndPepper",
    "Saturation",
    "Shear",
    "Shift",
    "ShortestSide",
    "ShotNoise",
    "Solarize",
    "SpeckleNoise",
    "Transpose",
    "UniformNoise",
    "ThinPlateSpline",
    "Twirl",
    "VerticalFlip",
    "Wave",
    "Zoom",
    "ZoomOut",
]
