"""Names of other libraries: what the errors make of them, and sizes that are given as a pair."""

import re
from importlib.metadata import version

import pytest

import augstream as aug
from augstream.suggest import meant
from augstream.transforms import foreign
from augstream.transforms.arguments import SameAs
from augstream.transforms.transform import catalogue


def said(name):
    with pytest.raises(AttributeError) as error:
        getattr(aug, name)
    start = f"module 'augstream' has no attribute {name!r}"
    assert str(error.value).startswith(start)
    return str(error.value)[len(start) :].removeprefix(". ")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Flip", "Did you mean HorizontalFlip or VerticalFlip?"),
        ("RandomFlip", "Did you mean HorizontalFlip or VerticalFlip?"),
        ("GaussNoise", "Did you mean GaussianNoise?"),
        ("RandomHorizontalFlip", "Did you mean HorizontalFlip?"),
        ("RandomRotation", "Did you mean Rotate?"),
        ("rotation_range", "Did you mean Rotate?"),
        ("horizontal_flip", "Did you mean HorizontalFlip?"),
        ("Rotat", "Did you mean Rotate?"),
        ("flow_from_directory", "Did you mean from_folder?"),
        ("ImageDataGenerator", "Write: from augstream.keras_preprocessing.image import ImageDataGenerator."),
        ("RandomQqqqq", ""),
        ("Qqqqqqqq", ""),
        ("__wrapped__", ""),
        ("_Flip", ""),
    ],
)
def test_an_attribute_that_is_not_there_says_what_may_have_been_meant(name, expected):
    assert said(name) == expected
    assert not hasattr(aug, name)


def test_what_has_no_place_in_a_pipeline_comes_with_advice():
    assert said("ToTensor").startswith("Leave it out: loader.torch() gives tensors")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: aug.Rotate(limit=30), "Rotate has no argument 'limit'. Did you mean degrees?"),
        (lambda: aug.Rotate(rotation_range=30), "Rotate has no argument 'rotation_range'. Did you mean degrees?"),
        (lambda: aug.Rotate(factor=0.1), "Rotate has no argument 'factor'. Write degrees=360 * factor"),
        (lambda: aug.GaussianBlur(kernel_size=3), "GaussianBlur has no argument 'kernel_size'. sigma, in pixels, says"),
        (lambda: aug.Resize(size=3), "Resize has no argument 'size'. The size comes first"),
        (lambda: aug.Shift(translate=0.1), "Shift has no argument 'translate'. Did you mean x or y?"),
        (lambda: aug.Brightness(limit=0.1), "Brightness has no argument 'limit'. Did you mean factor?"),
        (lambda: aug.HorizontalFlip(prob=1), "HorizontalFlip has no argument 'prob'. Did you mean p?"),
        (lambda: aug.Rotate(border_mode=1), "Rotate has no argument 'border_mode'. Did you mean border?"),
        (
            lambda: aug.Compose([], rotation_range=40),
            "Compose has no argument 'rotation_range'. Rotate is a transform of its own.",
        ),
        (
            lambda: aug.Compose([], validation_split=0.2),
            "Compose has no argument 'validation_split'. photos.split(0.2)",
        ),
        (
            lambda: aug.Compose.from_dict({"transform": "RandomRotation"}),
            "There is no transform 'RandomRotation'. Did you mean Rotate?",
        ),
    ],
)
def test_an_argument_of_another_library_says_what_to_write(call, expected):
    with pytest.raises(aug.ArgumentError) as error:
        call()
    assert str(error.value).startswith(expected)


def test_only_what_exists_is_suggested():
    for name in foreign.NAMES:
        for known in (aug.__all__, list(catalogue)):
            found = re.fullmatch(r"Did you mean (.*)\?", meant(name, known, foreign.NAMES))
            assert not found or set(found[1].split(" or ")) <= set(known)
    assert meant("Cutout", ["Rotate"], foreign.NAMES) == ""
    assert (
        meant("Cutout", ["CoarseDropout", "RandomErasing"], foreign.NAMES)
        == "Did you mean CoarseDropout or RandomErasing?"
    )
    # Nothing that merely looks alike where it is known what is meant.
    assert meant("RandomElasticTransform", ["RandomErasing", "RandomElastics"], foreign.NAMES) == ""
    assert meant("RandomSharpness", ["RandomCrop"]) == ""
    for table in (foreign.NAMES, foreign.ARGUMENTS):
        for value in table.values():
            assert value.endswith(".") or re.fullmatch(r"\w+( \w+)*", value)


def test_sentences_name_what_exists():
    sentences = {value for table in (foreign.NAMES, foreign.ARGUMENTS) for value in table.values() if value[-1] == "."}
    assert len(sentences) > 10
    for sentence in sentences:
        for name in re.findall(r"(?<![\w.])([A-Z]\w+|from_\w+)\(", sentence):
            assert hasattr(aug, name), sentence


SIZED = [name for name, cls in catalogue.items() if isinstance(cls.arguments.get("width"), SameAs)]


@pytest.mark.parametrize("name", SIZED)
def test_a_size_may_be_a_pair(name):
    cls = catalogue[name]
    for pair in ((150, 160), [150, 160]):
        made = cls(pair)
        assert made == cls(150, 160) == cls(height=pair)
        assert repr(made) == repr(cls(150, 160))
        assert made.to_dict() == cls(150, 160).to_dict()
    assert cls(150) == cls((150, 150))


def test_a_pair_is_checked_as_two_numbers_are():
    assert len(SIZED) >= 4
    for call, words in (
        (lambda: aug.Resize((150, 0)), r"Resize\.width must be a whole number, 1 or more; got 0"),
        (lambda: aug.Resize((0, 150)), r"Resize\.height must be .* \(height, width\); got 0"),
        (lambda: aug.Resize((150,)), r"Resize\.height must be a whole number, or \(height, width\); got \(150,\)"),
        (lambda: aug.Resize((1, 2, 3)), r"or \(height, width\); got \(1, 2, 3\)"),
        (lambda: aug.Resize((150, None)), r"Resize\.width must be a whole number"),
        (lambda: aug.Resize((150, 2), 3), r"Resize\.height is \(150, 2\), so there can be no width; got 3\. Leave"),
    ):
        with pytest.raises(aug.ArgumentError, match=words):
            call()


def test_the_version_is_that_of_the_package():
    assert aug.__version__ == version("augstream")
