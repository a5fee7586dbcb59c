"""At least one of every transform in the catalogue; a new one that is missing here fails the contract tests."""

import numpy as np

import augstream as aug
from augstream.transforms.transform import catalogue

REFERENCES = [np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4, np.eye(9, dtype=np.uint8) * 200]
JITTERS = [
    aug.ColorJitter(0.4, 0.3, 0.2, 0.1, order="random"),
    aug.ColorJitter(0.4, 0.3, 0.2, 0.1, order="random", space="hsv"),
    aug.ColorJitter(0.4, 0.3, 0.2, 0.1, space="hsv"),
    aug.ColorJitter(0.4, 0.3, order="random"),
]
# Beside the one made from the defaults.
OTHERS = {
    "FilmGrain": [aug.FilmGrain(0.1, 3, per_channel=True)],
    "ISONoise": [aug.ISONoise(0.1, (0, 0.1), p=0.5)],
    "ShotNoise": [aug.ShotNoise(20, per_channel=False)],
    "SpeckleNoise": [aug.SpeckleNoise(0.5, p=0.5)],
    "UniformNoise": [aug.UniformNoise(0.1, per_channel=False)],
    "LaplaceNoise": [aug.LaplaceNoise(0.1, per_channel=False)],
    "SaltAndPepper": [aug.SaltAndPepper(0.3, salt=0.9, per_channel=True)],
    "PixelDropout": [aug.PixelDropout(0.3, fill=77, per_channel=True)],
    "Affine": [aug.Affine(30, 0.1, 0.2, 10, 0.2), aug.Affine(degrees=5, border="symmetric")],
    "AtLeastOneBoxCrop": [aug.AtLeastOneBoxCrop(20, 30, border="edge")],
    "BoxSafeCrop": [aug.BoxSafeCrop(20, 30)],
    "AutoContrast": [aug.AutoContrast(0), aug.AutoContrast((0.1, 0.2), p=0.5)],
    "BoxBlur": [aug.BoxBlur((1, 4)), aug.BoxBlur(3, border="reflect", p=0.5)],
    "Brightness": [aug.Brightness((0.5, 0.5))],
    "CLAHE": [aug.CLAHE(40, tiles=3), aug.CLAHE(2, p=0.5)],
    "CenterCrop": [aug.CenterCrop(20, 30), aug.CenterCrop(90, border="wrap")],
    "ChannelDropout": [aug.ChannelDropout((1, 2), fill=0.5), aug.ChannelDropout(3, p=0.5)],
    "ChannelShift": [aug.ChannelShift((0, 0.1))],
    "ColorJitter": [
        aug.ColorJitter(0.4, 0.3, 0.2, 0.1),
        aug.ColorJitter(0.4, 0.3),
        aug.ColorJitter(hue=(0, 0.2)),
        *JITTERS,
    ],
    "ColorTemperature": [aug.ColorTemperature((1700, 25000)), aug.ColorTemperature(9000)],
    "Compose": [aug.Compose([aug.Rotate(), aug.HorizontalFlip()], border="edge"), aug.Compose([aug.Hue()], p=0.5)],
    "Contrast": [aug.Contrast((1, 2)), aug.Contrast((0, 3), about="mean")],
    "Equalize": [aug.Equalize(p=0.5)],
    "FDA": [aug.FDA(REFERENCES, (0, 0.2)), aug.FDA(REFERENCES[:1], 0.05, p=0.5)],
    "FancyPCA": [aug.FancyPCA(0.1)],
    "ChromaticAberration": [aug.ChromaticAberration((0.05, 0.1)), aug.ChromaticAberration(0.02, p=0.5)],
    "Dither": [aug.Dither(2), aug.Dither((3, 16), p=0.5)],
    "Downscale": [
        aug.Downscale((0.1, 1)),
        aug.Downscale(0.3, interpolation="bilinear", p=0.5),
        aug.Downscale((0.4, 0.9), interpolation="bicubic"),
    ],
    "Convolve": [
        aug.Convolve([[0.2, 0.3, 0.1, 0.2, 0.2]], (0, 1)),
        aug.Convolve([[1, 2, 1], [2, -9, 2], [1, 2, 1]], fill=7),
    ],
    "Defocus": [aug.Defocus(0), aug.Defocus((0, 7), border="wrap", p=0.5)],
    "Dilate": [aug.Dilate(9), aug.Dilate((1, 3), fill=200)],
    "Emboss": [aug.Emboss(1, degrees=(30, 60), border="symmetric")],
    "Erode": [aug.Erode(9, border="reflect"), aug.Erode((1, 3), fill=3, p=0.5)],
    "Gamma": [aug.Gamma((0.5, 2))],
    "Crop": [aug.Crop((0.1, 0.3), top=0, left=(0, 0.4))],
    "CutMix": [aug.CutMix(0.5, p=0.5)],
    "Elastic": [aug.Elastic(0.1, border="edge"), aug.Elastic((0.02, 0.05), smoothness=0.1, p=0.5)],
    "Fisheye": [aug.Fisheye((0.2, 0.5), shift=0.3, border="reflect")],
    "GaussianBlur": [aug.GaussianBlur((0, 3), fill=9), aug.GaussianBlur(2, border="reflect", p=0.5)],
    "GaussianNoise": [aug.GaussianNoise((0, 0.2), per_channel=False), aug.GaussianNoise(0.1, p=0.5)],
    "IoUCrop": [aug.IoUCrop((0.5,), (0.6, 0.9), 1.5)],
    "LetterBox": [aug.LetterBox(40, 30, fill=114), aug.LetterBox(50, border="edge")],
    "LongestSide": [aug.LongestSide((20, 60))],
    "GlassBlur": [aug.GlassBlur(0, reach=(0, 3)), aug.GlassBlur((0, 1), fill=9, p=0.5)],
    "GridDistortion": [aug.GridDistortion(0.9, steps=3), aug.GridDistortion(0.2, fill=7)],
    "GridShuffle": [aug.GridShuffle(2, 5), aug.GridShuffle(4, p=0.5)],
    "HistogramMatching": [aug.HistogramMatching(REFERENCES, 1), aug.HistogramMatching(REFERENCES[1:], p=0.5)],
    "HueSaturationValue": [aug.HueSaturationValue(0.5, (0, 3), (0, 2)), aug.HueSaturationValue((0.2, 0.2), p=0.5)],
    "JpegCompression": [aug.JpegCompression(30), aug.JpegCompression((1, 100), p=0.5)],
    "MedianBlur": [aug.MedianBlur((1, 5)), aug.MedianBlur((7, 15), border="symmetric"), aug.MedianBlur(3, fill=9.5)],
    "MotionBlur": [aug.MotionBlur(9, degrees=0), aug.MotionBlur((1, 30), border="constant", p=0.5)],
    "MixUp": [aug.MixUp(1, p=0.5)],
    "PhotometricDistort": [aug.PhotometricDistort(each=1)],
    "RandomErasing": [
        aug.RandomErasing(fill="noise", p=1),
        aug.RandomErasing(fill="mean", count=(1, 3)),
        aug.RandomErasing((0.1, 0.2), (1, 1), 128, mask_fill=2, hide=True),
    ],
    "OpticalDistortion": [aug.OpticalDistortion((-0.2, 1), shift=0, interpolation="bicubic")],
    "Ringing": [aug.Ringing(0.4, size=9), aug.Ringing(0.9, fill=4, p=0.5)],
    "Sharpen": [aug.Sharpen((0, 2), border="wrap")],
    "Sharpness": [aug.Sharpness((0, 1), border="reflect", p=0.5)],
    "UnsharpMask": [aug.UnsharpMask(3, sigma=(0, 4), threshold=0.1), aug.UnsharpMask(fill=200, p=0.5)],
    "ZoomBlur": [aug.ZoomBlur((1, 1.5), border="reflect"), aug.ZoomBlur(2, fill=50, p=0.5)],
    "OneOf": [
        aug.OneOf([aug.Rotate(), aug.Brightness(), aug.Gamma()], weights=(1, 2, 3)),
        aug.OneOf([aug.MixUp(), aug.CutMix(), aug.Rotate()]),
        aug.OneOf([aug.Resize(30), aug.RandomCrop(30), aug.Compose([aug.Pad(3), aug.CenterCrop(30)])]),
    ],
    "Pad": [aug.Pad((1, 2, 3, 4), fill=(10,)), aug.Pad(3, border="reflect")],
    "PadTo": [aug.PadTo(60, 70, position="random"), aug.PadTo(60, border="reflect", position="top left")],
    "PadToMultiple": [aug.PadToMultiple(7, fill=3)],
    "Perspective": [aug.Perspective((0.1, 0.2), interpolation="bicubic")],
    "PiecewiseAffine": [aug.PiecewiseAffine(0.1, points=6), aug.PiecewiseAffine((0, 0.02), border="wrap")],
    "PixelSpread": [aug.PixelSpread(5), aug.PixelSpread((0, 1), p=0.5)],
    "Posterize": [aug.Posterize(8), aug.Posterize((1, 3))],
    "RandomCrop": [aug.RandomCrop(20, 30), aug.RandomCrop(70, 10, fill=9)],
    "RandomResizedCrop": [aug.RandomResizedCrop(20, 30, scale=(0.5, 1), ratio=(1, 1))],
    "RandomScale": [aug.RandomScale((0.5, 2), interpolation="bicubic")],
    "Rescale": [aug.Rescale(1 / 127.5, offset=-1), aug.Rescale(2)],
    "Resize": [aug.Resize(20, 30, interpolation="nearest")],
    "Rotate": [
        aug.Rotate((10, 20), border="edge"),
        aug.Rotate(fill=128),
        aug.Rotate((5, 5), interpolation="nearest"),
        aug.Rotate(canvas="grow"),
        aug.Rotate((-90, 90), canvas="inside"),
    ],
    "Rotate90": [aug.Rotate90(1), aug.Rotate90((0, 2))],
    "Sepia": [aug.Sepia((0, 1))],
    "Shear": [aug.Shear(10, y=(5, 10))],
    "ShortestSide": [aug.ShortestSide((20, 60))],
    "Shift": [aug.Shift(x=0.2), aug.Shift(x=(0, 0.1), y=(-0.1, 0))],
    "SigmoidContrast": [aug.SigmoidContrast((0, 30), cutoff=0.2)],
    "Solarize": [aug.Solarize(0.5)],
    "SomeOf": [aug.SomeOf([aug.Rotate(), aug.Brightness(), aug.HorizontalFlip(), aug.Shear()], k=(0, 3))],
    "ZoomOut": [aug.ZoomOut(2, fill=9), aug.ZoomOut((1, 1.5), position="center")],
    "ThinPlateSpline": [aug.ThinPlateSpline(0.3, points=3), aug.ThinPlateSpline((0.01, 0.02), points=5)],
    "Twirl": [aug.Twirl((180, 180), radius=0.4), aug.Twirl(20, shift=(0, 0), interpolation="nearest")],
    "Wave": [aug.Wave(0.1, wavelength=0.2), aug.Wave((0.01, 0.01), direction=(90, 90), border="symmetric")],
    "StainJitter": [aug.StainJitter(0.5, 0.1, stains="macenko")],
    "ToneCurve": [aug.ToneCurve(3, points=1)],
    "Normalize": [aug.Normalize(per="image"), aug.Normalize(per="channel")],
    "Superpixels": [aug.Superpixels(20, replace=1), aug.Superpixels((1, 3000), replace=(0, 1), p=0.5)],
    "WebPCompression": [aug.WebPCompression(30), aug.WebPCompression((1, 100), p=0.5)],
    "Zoom": [aug.Zoom((0.5, 2)), aug.Zoom(0.1, y=0.2)],
}


def gray(transform):
    """The same for images of any number of channels."""
    if isinstance(transform, aug.Normalize) and transform.per is None:
        return aug.Normalize(mean=0.5, std=0.2)
    return transform


def defaults():
    """One of each, made without an argument where that can be."""
    members = [aug.Rotate(), aug.Brightness()]
    needed = {"OneOf": [members], "SomeOf": [members], "FDA": [REFERENCES], "HistogramMatching": [REFERENCES]}
    return [cls(*needed.get(name, [])) for name, cls in ours()]


def everything():
    """All the examples."""
    return defaults() + [transform for name, _ in ours() for transform in OTHERS.get(name, [])]


def ours():
    """Those of the package: tests define some of their own."""
    return sorted((name, cls) for name, cls in catalogue.items() if "." not in name)
