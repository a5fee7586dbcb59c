"""What is wrong, what it got, where, and what to do."""

import numpy as np
import pytest

import augstream as aug
from augstream.transforms.transform import BORDERS, from_dict


def text(call):
    with pytest.raises(aug.AugstreamError) as caught:
        call()
    return str(caught.value)


ARGUMENTS = [
    (
        lambda: aug.Rotate((30, -30)),
        "Rotate.degrees must be (low, high) with low <= high; got (30, -30). Swap the two numbers.",
    ),
    (
        lambda: aug.Rotate("x"),
        "Rotate.degrees must be a number or (low, high); got 'x'. A number v stands for (-v, v).",
    ),
    (
        lambda: aug.Rotate(np.nan),
        "Rotate.degrees must be a number or (low, high); got nan. A number v stands for (-v, v).",
    ),
    (
        lambda: aug.Rotate((1, 2, 3)),
        "Rotate.degrees must be a number or (low, high); got (1, 2, 3). A number v stands for (-v, v).",
    ),
    (
        lambda: aug.Rotate(True),
        "Rotate.degrees must be a number or (low, high); got True. A number v stands for (-v, v).",
    ),
    (
        lambda: aug.Rotate(-3),
        "Rotate.degrees must be (low, high), or a number that is 0 or more; got -3. A number v stands for (-v, v).",
    ),
    (
        lambda: aug.Zoom((0, 2)),
        "Zoom.scale must be above 0; got (0, 2). A number v stands for (1 - v, 1 + v).",
    ),
    (
        lambda: aug.Zoom(1.5),
        "Zoom.scale must be above 0; got 1.5. A number v stands for (1 - v, 1 + v).",
    ),
    (
        lambda: aug.Zoom(y=(-1, 2)),
        "Zoom.y must be above 0; got (-1, 2). A number v stands for (1 - v, 1 + v).",
    ),
    (
        lambda: aug.Shear(90),
        "Shear.x must be between -89 and 89; got 90. A number v stands for (-v, v).",
    ),
    (
        lambda: aug.Brightness((-1, 1)),
        "Brightness.factor must be 0 or more; got (-1, 1). A number v stands for (1 - v, 1 + v).",
    ),
    (
        lambda: aug.Perspective(2),
        "Perspective.strength must be between 0 and 0.9; got 2. A number v stands for (0, v).",
    ),
    (
        lambda: aug.Rotate(p=1.5),
        "Rotate.p must be between 0 and 1; got 1.5.",
    ),
    (
        lambda: aug.Rotate(p=None),
        "Rotate.p must be a number; got None.",
    ),
    (
        lambda: aug.Normalize(p=0.5),
        "Normalize.p must be 0 or 1; got 0.5. The levels of all images change, or of none.",
    ),
    (
        lambda: aug.Normalize(std=(1, 0, 1)),
        "Normalize.std must be above 0; got (1, 0, 1).",
    ),
    (
        lambda: aug.Normalize(mean="a"),
        "Normalize.mean must be a number, or one number for each channel; got 'a'.",
    ),
    (
        lambda: aug.Rescale(0),
        "Rescale.factor must be above 0; got 0.",
    ),
    (
        lambda: aug.Resize(0),
        "Resize.height must be a whole number, 1 or more, or (height, width); got 0.",
    ),
    (
        lambda: aug.Resize(3, 2.5),
        "Resize.width must be a whole number; got 2.5.",
    ),
    (
        lambda: aug.Rotate90(4),
        "Rotate90.turns must be one or more whole numbers, between 0 and 3; got 4.",
    ),
    (
        lambda: aug.Pad((1, 2)),
        "Pad.pixels must be a whole number or 4 of them, 0 or more; got (1, 2).",
    ),
    (
        lambda: aug.Posterize(9),
        "Posterize.bits must be between 1 and 8; got 9.",
    ),
    (
        lambda: aug.Posterize((5, 3)),
        "Posterize.bits must be (low, high) with low <= high; got (5, 3). Swap the two numbers.",
    ),
    (
        lambda: aug.Posterize(2.5),
        "Posterize.bits must be a whole number or (low, high); got 2.5.",
    ),
    (
        lambda: aug.Rotate(border="near"),
        f"Rotate.border must be one of {', '.join(map(repr, BORDERS))} or None; got 'near'.",
    ),
    (
        lambda: aug.Rotate(border="edge", fill=1),
        "Rotate.fill must be None where the border is 'edge'; got (1,). Leave one of the two out.",
    ),
    (
        lambda: aug.Rotate(degree=3),
        "Rotate has no argument 'degree'. Did you mean degrees?",
    ),
    (
        lambda: aug.Invert(strength=3),
        "Invert has no argument 'strength'. It takes p.",
    ),
    (
        lambda: aug.Compose([], fuse=1),
        "Compose.fuse must be True or False; got 1.",
    ),
    (
        lambda: aug.Compose(aug.Rotate()),
        "Compose.transforms must be a list of transforms; got Rotate(degrees=(-30, 30)).",
    ),
    (
        lambda: aug.Compose([3]),
        "Compose.transforms must be a list of transforms; got [3]. 3 is none.",
    ),
    (
        lambda: aug.OneOf([]),
        "OneOf.transforms must be a list of at least 1; got [].",
    ),
    (
        lambda: aug.OneOf([aug.Hue()] * 2, 1),
        "OneOf.weights must be a number for each of 2 transforms, not all 0; got (1.0,).",
    ),
    (
        lambda: aug.OneOf([aug.Hue()] * 2, (1, -1)),
        "OneOf.weights must be 0 or more; got (1, -1).",
    ),
    (
        lambda: aug.SomeOf([aug.Hue()], (1, 2)),
        "SomeOf.k must be at most 1, the number of transforms; got (1, 2). Lower k or add transforms.",
    ),
]


@pytest.mark.parametrize(("call", "expected"), ARGUMENTS, ids=[expected for _, expected in ARGUMENTS])
def test_an_argument_is_refused_when_it_is_given(call, expected):
    assert text(call) == expected
    with pytest.raises(aug.ArgumentError):
        call()


def test_a_class_instead_of_a_transform_is_recognized():
    assert text(lambda: aug.Compose([aug.Rotate])).endswith(" Write Rotate().")


def test_what_is_accepted_is_kept_in_one_form():
    assert (
        aug.Rotate(40).degrees == aug.Rotate([-40, 40]).degrees == aug.Rotate(np.array([-40, 40])).degrees == (-40, 40)
    )
    assert aug.Rotate(np.float32(0.5)).degrees == (-0.5, 0.5)
    assert aug.Brightness(0.2).factor == (0.8, 1.2)
    assert aug.Brightness(1.5).factor == (0, 2.5)
    assert aug.Perspective(0.4).strength == (0, 0.4)
    assert aug.Solarize(0.4).threshold == (0.4, 0.4)
    assert aug.Posterize(np.int64(4)).bits == (4, 4)
    assert aug.Pad(4).pixels == (4, 4, 4, 4)
    assert aug.Resize(30).width == 30
    assert aug.Normalize(0.5, np.array([1, 2, 3])).std == (1, 2, 3)
    assert str(aug.Rotate(0).degrees) == "(0.0, 0.0)"


def stored(*transforms):
    return {"transform": "Compose", "transforms": list(transforms)}


def test_a_stored_pipeline_says_where_it_is_wrong():
    turn = {"transform": "Rotate", "degrees": [30, -30]}
    fact, advice = "Rotate.degrees must be (low, high) with low <= high; got [30, -30]", "Swap the two numbers."
    assert text(lambda: from_dict(turn)) == f"{fact}. {advice}"
    assert text(lambda: from_dict(stored({"transform": "Hue"}, turn))) == f"{fact}, at pipeline[1]. {advice}"
    nested = stored({"transform": "OneOf", "transforms": [{"transform": "Hue"}, turn]})
    assert text(lambda: from_dict(nested)) == f"{fact}, at pipeline[0].OneOf[1]. {advice}"
    assert text(lambda: from_dict(stored(stored(turn)))) == f"{fact}, at pipeline[0].Compose[0]. {advice}"


def test_a_stored_pipeline_of_something_else_is_refused():
    rotat = stored({"transform": "Rotat"})
    assert text(lambda: from_dict(rotat)) == "There is no transform 'Rotat', at pipeline[0]. Did you mean Rotate?"
    assert text(lambda: from_dict(stored(3))).startswith(
        'A stored transform must be {"transform": name, ...}; got 3, at'
    )
    assert text(lambda: from_dict({"transform": "Compose", "transforms": 3})).startswith(
        "Compose.transforms must be a list"
    )
    assert "must be a Compose; got Rotate" in text(lambda: aug.Compose.from_dict({"transform": "Rotate"}))
    assert "line 1 column 2" in text(lambda: aug.Compose.from_json("{"))
    assert "no argument 'degree', at pipeline[0]" in text(
        lambda: from_dict(stored({"transform": "Rotate", "degree": 3}))
    )


BEHIND = "works on levels, but comes after Normalize (or a Rescale with an offset)"
COLORS = "needs images of 1, 3 or 4 channels (gray, RGB, RGBA)"
ALL = "change the levels of all images or of none"
AND_NO_P = "and give what holds them no p between 0 and 1"
FOR_EACH = "Give one number, or one for each channel."
PICTURES = [
    ([aug.Normalize(), aug.Brightness()], 3, f"Brightness {BEHIND}, at pipeline[1]. Put it before."),
    (
        [aug.Rescale(1, offset=1), aug.OneOf([aug.Rotate(), aug.Compose([aug.Gamma()])])],
        3,
        f"Gamma {BEHIND}, at pipeline[1].OneOf[1].Compose[0]. Put it before.",
    ),
    (
        [aug.OneOf([aug.Rescale()])],
        3,
        f"Normalize and Rescale {ALL}, at pipeline[0].OneOf[0]. Take them out of OneOf and SomeOf, {AND_NO_P}.",
    ),
    (
        [aug.Normalize(std=1)],
        4,
        f"Normalize.mean has 3 numbers and the images 4 channels, at pipeline[0]. {FOR_EACH}",
    ),
    (
        [aug.Pad(fill=(1, 2))],
        3,
        f"Pad: the fill has 2 numbers and the images 3 channels, at pipeline[0]. {FOR_EACH}",
    ),
    ([aug.Hue()], 2, f"Hue {COLORS}; got 2, at pipeline[0]. Leave it out."),
    ([aug.ColorJitter(saturation=0.1)], 5, f"ColorJitter {COLORS}; got 5, at pipeline[0]. Leave it out."),
]


@pytest.mark.parametrize(("transforms", "channels", "expected"), PICTURES)
def test_a_transform_that_does_not_suit_the_pictures_says_where_it_stands(transforms, channels, expected):
    pipeline = aug.Compose(transforms)
    assert text(lambda: pipeline.explain((30, 40), channels=channels)) == expected
    with pytest.raises(aug.PipelineError):
        pipeline.explain((30, 40), channels=channels)


def test_what_does_not_need_colors_takes_any_number_of_channels():
    aug.Compose([aug.ColorJitter(0.1, 0.1), aug.Gamma(), aug.Invert(), aug.Rescale()]).explain((30, 40), channels=5)


def test_ragged_results_name_two_sizes():
    frame = aug.Frame(np.array([[30, 40], [30, 40], [20, 50]]))
    message = text(lambda: aug.Compose([aug.Rotate()]).plan(0, 0, np.arange(3), frame))
    assert message == (
        "The images of a batch must come out in one size (height, width); got (30, 40) and (20, 50). "
        "Add Resize(height, width) or a crop at the end of the pipeline."
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("a", 0, [0]), "seed must be a whole number; got 'a'."),
        ((0, -1, [0]), "epoch must be a whole number from 0 to 2**32 - 1; got -1."),
        ((0, 2**32, [0]), "epoch must be a whole number from 0 to 2**32 - 1; got 4294967296."),
        ((0, 0, [-1]), "index must hold whole numbers that are 0 or more; got array([-1])."),
        ((0, 0, [0.5]), "index must hold whole numbers that are 0 or more; got array([0.5])."),
    ],
)
def test_seed_epoch_and_index_are_whole(arguments, expected):
    assert text(lambda: aug.Compose([]).plan(*arguments, aug.Frame(np.array([[3, 4]])))) == expected


@pytest.mark.parametrize("size", [5, (5,), (0, 5), (5.5, 3), "ab", None])
def test_explain_takes_a_height_and_a_width(size):
    expected = f"size must be (height, width), whole numbers above 0; got {size!r}."
    assert text(lambda: aug.Compose([aug.Rotate()]).explain(size)) == expected


@pytest.mark.parametrize("fuse", [True, False])
def test_pictures_larger_than_the_core_makes_are_refused_by_the_plan(fuse):
    pipeline = aug.Compose([aug.Rotate(), aug.OneOf([aug.Resize(65537, 3)])], fuse=fuse)
    assert text(lambda: pipeline(np.zeros((4, 4), np.uint8))) == (
        "Resize makes an image of 65537 x 3 pixels, more than 65536 a side, at pipeline[1].OneOf[0]. Ask for fewer."
    )
    assert aug.Compose([aug.Resize(65536, 1)])(np.zeros((4, 4), np.uint8)).shape == (65536, 1)


@pytest.mark.parametrize(
    ("pixels", "transforms", "why"),
    [
        (np.uint8, [aug.Normalize()], "Normalize brings its levels around 0"),
        (np.uint8, [aug.Rescale(1 / 255)], "its white is 1"),
        (np.float32, [], "its white is 1"),
        (np.uint16, [], "its white is 65535"),
    ],
)
def test_bytes_are_refused_where_they_would_hold_nothing(pixels, transforms, why):
    photos, pipeline = aug.from_arrays(np.ones((2, 4, 4, 3), pixels)), aug.Compose(transforms)
    assert text(lambda: aug.Loader(photos, pipeline, 2, dtype="uint8")) == (
        "Loader.dtype is 'uint8', which takes levels from 0 to 255, but what the pipeline makes does not fit: "
        f"{why}. Pass dtype='float32', or let a Rescale bring white to 255."
    )


@pytest.mark.parametrize(("pixels", "factor"), [(np.float32, 255), (np.uint16, 1 / 257)])
def test_bytes_take_what_a_rescale_brings_to_255(pixels, factor):
    photos = aug.from_arrays(np.ones((2, 4, 4, 3), pixels))
    loader = aug.Loader(photos, aug.Compose([aug.Rescale(factor)]), 2, dtype="uint8")
    assert next(iter(loader)).image.max() == round(float(factor))
