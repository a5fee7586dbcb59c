"""At least one of every transform in the catalogue; a new one that is missing here fails the contract tests."""

import augstream as aug
from augstream.transforms.transform import catalogue

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
    "Brightness": [aug.Brightness((0.5, 0.5))],
    "CenterCrop": [aug.CenterCrop(20, 30), aug.CenterCrop(90, border="wrap")],
    "ChannelShift": [aug.ChannelShift((0, 0.1))],
    "ColorJitter": [aug.ColorJitter(0.4, 0.3, 0.2, 0.1), aug.ColorJitter(0.4, 0.3), aug.ColorJitter(hue=(0, 0.2))],
    "Compose": [aug.Compose([aug.Rotate(), aug.HorizontalFlip()], border="edge"), aug.Compose([aug.Hue()], p=0.5)],
    "Contrast": [aug.Contrast((1, 2))],
    "Gamma": [aug.Gamma((0.5, 2))],
    "Crop": [aug.Crop((0.1, 0.3), top=0, left=(0, 0.4))],
    "CutMix": [aug.CutMix(0.5, p=0.5)],
    "GaussianBlur": [aug.GaussianBlur((0, 3), fill=9), aug.GaussianBlur(2, border="reflect", p=0.5)],
    "GaussianNoise": [aug.GaussianNoise((0, 0.2), per_channel=False), aug.GaussianNoise(0.1, p=0.5)],
    "IoUCrop": [aug.IoUCrop((0.5,), (0.6, 0.9), 1.5)],
    "LetterBox": [aug.LetterBox(40, 30, fill=114), aug.LetterBox(50, border="edge")],
    "LongestSide": [aug.LongestSide((20, 60))],
    "MixUp": [aug.MixUp(1, p=0.5)],
    "RandomErasing": [
        aug.RandomErasing(fill="noise", p=1),
        aug.RandomErasing(fill="mean", count=(1, 3)),
        aug.RandomErasing((0.1, 0.2), (1, 1), 128, mask_fill=2, hide=True),
    ],
    "OneOf": [
        aug.OneOf([aug.Rotate(), aug.Brightness(), aug.Gamma()], weights=(1, 2, 3)),
        aug.OneOf([aug.MixUp(), aug.CutMix(), aug.Rotate()]),
        aug.OneOf([aug.Resize(30), aug.RandomCrop(30), aug.Compose([aug.Pad(3), aug.CenterCrop(30)])]),
    ],
    "Pad": [aug.Pad((1, 2, 3, 4), fill=(10,)), aug.Pad(3, border="reflect")],
    "PadTo": [aug.PadTo(60, 70, position="random"), aug.PadTo(60, border="reflect", position="top left")],
    "PadToMultiple": [aug.PadToMultiple(7, fill=3)],
    "Perspective": [aug.Perspective((0.1, 0.2), interpolation="bicubic")],
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
    "Shear": [aug.Shear(10, y=(5, 10))],
    "ShortestSide": [aug.ShortestSide((20, 60))],
    "Shift": [aug.Shift(x=0.2), aug.Shift(x=(0, 0.1), y=(-0.1, 0))],
    "Solarize": [aug.Solarize(0.5)],
    "SomeOf": [aug.SomeOf([aug.Rotate(), aug.Brightness(), aug.HorizontalFlip(), aug.Shear()], k=(0, 3))],
    "ZoomOut": [aug.ZoomOut(2, fill=9), aug.ZoomOut((1, 1.5), position="center")],
    "Zoom": [aug.Zoom((0.5, 2)), aug.Zoom(0.1, y=0.2)],
}


def gray(transform):
    """The same for images of any number of channels."""
    if isinstance(transform, aug.Normalize):
        return aug.Normalize(mean=0.5, std=0.2)
    return transform


def defaults():
    """One of each, made without an argument where that can be."""
    members = [aug.Rotate(), aug.Brightness()]
    return [cls(members) if name in ("OneOf", "SomeOf") else cls() for name, cls in ours()]


def everything():
    """All the examples."""
    return defaults() + [transform for name, _ in ours() for transform in OTHERS.get(name, [])]


def ours():
    """Those of the package: tests define some of their own."""
    return sorted((name, cls) for name, cls in catalogue.items() if "." not in name)
