"""Image augmentation on the fly: photos stream from a folder into a network, decoded and augmented in one native pass.

    numbers  (hundreds of bytes per image; Python + NumPy; exact)

    seed, epoch, index --> draw --> ops --> fuse --> plan --------+
                            ^                         |           |
                       size |                    hint |           |
                            |                         v           v
    source --> bytes --> header ------------------> decode -->   run  --> batch --> adapter

    pixels   (megabytes per image; C++ threads; within a stated tolerance)

What streams (Loader, the sources) is imported when it is first asked for, so that numbers need only NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from augstream.errors import ArgumentError, AugstreamError, MissingPackageError, PipelineError, SampleError, SourceError
from augstream.plan.kinds.clahe import Clahe
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.density import Density
from augstream.plan.kinds.filter import Filter
from augstream.plan.kinds.hsv import Hsv
from augstream.plan.kinds.kernel import Kernel
from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.noise import Noise
from augstream.plan.kinds.radial import Radial
from augstream.plan.kinds.rank import Rank
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.spectrum import Spectrum
from augstream.plan.kinds.statistic import Statistic
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame, Op
from augstream.plan.plan import Plan
from augstream.plan.step import Step
from augstream.rng import Rng
from augstream.suggest import meant
from augstream.transforms import (
    CLAHE,
    D4,
    FDA,
    Affine,
    AtLeastOneBoxCrop,
    AutoContrast,
    BoxBlur,
    BoxSafeCrop,
    Brightness,
    CenterCrop,
    ChannelDropout,
    ChannelShift,
    ChannelShuffle,
    ChromaticAberration,
    ColorJitter,
    ColorTemperature,
    Contrast,
    Convolve,
    Crop,
    CutMix,
    Defocus,
    Dilate,
    Dither,
    Downscale,
    Elastic,
    Emboss,
    Equalize,
    Erode,
    FancyPCA,
    FilmGrain,
    Fisheye,
    Gamma,
    GaussianBlur,
    GaussianNoise,
    GlassBlur,
    Grayscale,
    GridDistortion,
    GridShuffle,
    HistogramMatching,
    HorizontalFlip,
    Hue,
    HueSaturationValue,
    Invert,
    IoUCrop,
    ISONoise,
    JpegCompression,
    LaplaceNoise,
    LetterBox,
    LongestSide,
    MedianBlur,
    MixUp,
    MotionBlur,
    Normalize,
    OpticalDistortion,
    Pad,
    PadTo,
    PadToMultiple,
    Perspective,
    PhotometricDistort,
    PiecewiseAffine,
    PixelDropout,
    PixelSpread,
    Posterize,
    RandomCrop,
    RandomErasing,
    RandomResizedCrop,
    RandomScale,
    Rescale,
    Resize,
    Ringing,
    Rotate,
    Rotate90,
    SaltAndPepper,
    Saturation,
    Sepia,
    Sharpen,
    Sharpness,
    Shear,
    Shift,
    ShortestSide,
    ShotNoise,
    SigmoidContrast,
    Solarize,
    SpeckleNoise,
    StainJitter,
    Superpixels,
    ThinPlateSpline,
    ToneCurve,
    Transpose,
    Twirl,
    UniformNoise,
    UnsharpMask,
    VerticalFlip,
    Wave,
    WebPCompression,
    Zoom,
    ZoomBlur,
    ZoomOut,
    foreign,
)
from augstream.transforms.arguments import Range
from augstream.transforms.compose import Compose
from augstream.transforms.container import OneOf, SomeOf
from augstream.transforms.distributions import choice, log_uniform, normal
from augstream.transforms.schedules import ramp, steps
from augstream.transforms.transform import Geometric, Transform

if TYPE_CHECKING:
    from augstream.drawing.show import show
    from augstream.loader import Loader
    from augstream.sources import (
        Source,
        from_arrays,
        from_coco,
        from_folder,
        from_function,
        from_huggingface,
        from_masks,
        from_sequence,
        from_table,
        from_tar,
        from_voc,
        from_yolo,
        interleave,
        read_split,
        write_split,
    )
    from augstream.sources.targets import Targets

SOURCES = (
    "Source",
    "from_arrays",
    "from_coco",
    "from_folder",
    "from_function",
    "from_huggingface",
    "from_masks",
    "from_sequence",
    "from_table",
    "from_tar",
    "from_voc",
    "from_yolo",
    "interleave",
    "read_split",
    "write_split",
)
LAZY = {
    "Loader": "augstream.loader",
    "show": "augstream.drawing.show",
    "Targets": "augstream.sources.targets",
    **dict.fromkeys(SOURCES, "augstream.sources"),
}

__all__ = [
    "CLAHE",
    "D4",
    "FDA",
    "Affine",
    "ArgumentError",
    "AtLeastOneBoxCrop",
    "AugstreamError",
    "AutoContrast",
    "BoxBlur",
    "BoxSafeCrop",
    "Brightness",
    "CenterCrop",
    "ChannelDropout",
    "ChannelShift",
    "ChannelShuffle",
    "ChromaticAberration",
    "Clahe",
    "Color",
    "ColorJitter",
    "ColorTemperature",
    "Compose",
    "Contrast",
    "Convolve",
    "Crop",
    "Curve",
    "CutMix",
    "Defocus",
    "Density",
    "Dilate",
    "Dither",
    "Downscale",
    "Elastic",
    "Emboss",
    "Equalize",
    "Erode",
    "FancyPCA",
    "FilmGrain",
    "Filter",
    "Fisheye",
    "Frame",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "Geometric",
    "GlassBlur",
    "Grayscale",
    "GridDistortion",
    "GridShuffle",
    "HistogramMatching",
    "HorizontalFlip",
    "Hsv",
    "Hue",
    "HueSaturationValue",
    "ISONoise",
    "Invert",
    "IoUCrop",
    "JpegCompression",
    "Kernel",
    "LaplaceNoise",
    "LetterBox",
    "Loader",
    "LongestSide",
    "MedianBlur",
    "MissingPackageError",
    "Mix",
    "MixUp",
    "MotionBlur",
    "Noise",
    "Normalize",
    "OneOf",
    "Op",
    "OpticalDistortion",
    "Pad",
    "PadTo",
    "PadToMultiple",
    "Perspective",
    "PhotometricDistort",
    "PiecewiseAffine",
    "PipelineError",
    "PixelDropout",
    "PixelSpread",
    "Plan",
    "Posterize",
    "Radial",
    "RandomCrop",
    "RandomErasing",
    "RandomResizedCrop",
    "RandomScale",
    "Range",
    "Rank",
    "Rescale",
    "Resize",
    "Ringing",
    "Rng",
    "Rotate",
    "Rotate90",
    "SaltAndPepper",
    "SampleError",
    "Saturation",
    "Sepia",
    "Shapes",
    "Sharpen",
    "Sharpness",
    "Shear",
    "Shift",
    "ShortestSide",
    "ShotNoise",
    "SigmoidContrast",
    "Solarize",
    "SomeOf",
    "Source",
    "SourceError",
    "SpeckleNoise",
    "Spectrum",
    "StainJitter",
    "Statistic",
    "Step",
    "Superpixels",
    "Targets",
    "ThinPlateSpline",
    "ToneCurve",
    "Transform",
    "Transpose",
    "Twirl",
    "UniformNoise",
    "UnsharpMask",
    "VerticalFlip",
    "Warp",
    "Wave",
    "WebPCompression",
    "Zoom",
    "ZoomBlur",
    "ZoomOut",
    "choice",
    "from_arrays",
    "from_coco",
    "from_folder",
    "from_function",
    "from_huggingface",
    "from_masks",
    "from_sequence",
    "from_table",
    "from_tar",
    "from_voc",
    "from_yolo",
    "interleave",
    "log_uniform",
    "normal",
    "ramp",
    "read_split",
    "show",
    "steps",
    "write_split",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("augstream")
    elif name in LAZY:
        value = getattr(import_module(LAZY[name]), name)
    else:
        hint = "" if name.startswith("_") else meant(name, __all__, foreign.NAMES)
        raise AttributeError(f"module 'augstream' has no attribute {name!r}{hint and f'. {hint}'}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
