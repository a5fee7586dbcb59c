"""The pipeline as a user holds it: called, printed, explained."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import augstream as aug
from augstream.engines import native, reference

GOLDEN = Path(__file__).parents[1] / "golden" / "explanation.txt"
PIPELINE = aug.Compose(
    [
        aug.Rotate((-40, 40)),
        aug.Shift(x=(-0.2, 0.2), y=(-0.2, 0.2)),
        aug.Shear((-11, 11)),
        aug.Zoom((0.8, 1.2)),
        aug.HorizontalFlip(p=0.5),
        aug.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02),
        aug.Resize(224, 224),
        aug.Rescale(1 / 255),
    ],
    border="edge",
)

JITTER = (
    "Multiply the brightness by 0.8 to 1.2, the contrast by 0.8 to 1.2 and the saturation by 0.8 to 1.2, "
    "shift the hue by -0.02 to 0.02 of the color circle"
)


def picture(*shape, dtype=np.uint8):
    levels = np.random.default_rng(0).integers(0, 256, shape)
    return (levels / 255).astype(dtype) if dtype == np.float32 else levels.astype(dtype)


def test_prints_as_english():
    assert str(PIPELINE) == "\n".join(
        [
            "border edge",
            " 0  Rotate by -40 to 40 degrees",
            " 1  Move right by -0.2 to 0.2 of the width and down by -0.2 to 0.2 of the height",
            " 2  Shear vertical lines by -11 to 11 degrees and horizontal lines by 0",
            " 3  Zoom by 0.8 to 1.2 times across and the same down",
            " 4  Swap left and right, with probability 0.5",
            f" 5  {JITTER}",
            " 6  Resize to 224 x 224",
            " 7  Multiply the levels by 0.00392157 and add 0",
            "6 warps -> 1, 2 colors -> 1, one pass",
        ]
    )


def test_prints_what_it_cannot_do():
    assert "Not for (375, 500, 3) images" in str(aug.Compose([aug.Normalize(), aug.Invert()]))
    assert str(aug.Compose([])) == "nothing to do"


def test_prints_what_holds_everywhere():
    said = aug.Compose([aug.Rotate()], fill=(1, 2, 3), interpolation="bicubic", fuse=False)
    assert str(said).splitlines()[0] == "fill (1, 2, 3), interpolation bicubic, step by step"


def test_members_are_printed_under_their_container():
    text = str(aug.Compose([aug.OneOf([aug.Rotate(5), aug.SomeOf([aug.Invert(), aug.Hue(0.1)], k=1)], p=0.25)]))
    assert text.splitlines()[:-1] == [
        " 0  One of, with probability 0.25:",
        "      Rotate by -5 to 5 degrees",
        "      Any 1 of:",
        "        Invert the levels",
        "        Shift the hue by -0.1 to 0.1 of the color circle",
    ]


def test_golden_explanation():
    """Draws, ops and plan of one sample. Changing these is a major version."""
    explained = PIPELINE.explain(size=(375, 500), seed=0, epoch=0, index=7)
    assert f"{explained}\n" == GOLDEN.read_text()


def test_explains_what_is_done_in_a_batch():
    index = np.array([3, 7, 11])
    plan = PIPELINE.plan(5, 2, index, aug.Frame(np.array([[100, 100], [375, 500], [80, 90]])))
    alone = PIPELINE.explain(size=(375, 500), seed=5, epoch=2, index=7).plan
    np.testing.assert_array_equal(plan.steps[0].head.matrix[1], alone.steps[0].head.matrix[0])


def test_explains_a_pipeline_that_does_nothing():
    assert str(aug.Compose([aug.Rotate()], p=0).explain((3, 4))).splitlines()[-1] == "  nothing to do"


def test_a_pipeline_is_a_row_of_transforms():
    assert len(PIPELINE) == 8
    assert PIPELINE[6] == aug.Resize(224)
    assert [type(transform).__name__ for transform in PIPELINE][:2] == ["Rotate", "Shift"]


def test_json_is_fit_to_be_read_by_people():
    assert '"degrees": [-40, 40],' in PIPELINE.to_json()


def test_a_stored_pipeline_says_its_version():
    text = PIPELINE.to_json()
    assert text.startswith('{\n  "version": 1,\n  "transform": "Compose",')
    data = json.loads(text)
    assert aug.Compose.from_dict(data) == aug.Compose.from_json(text) == PIPELINE
    assert data.pop("version") == 1
    assert data == PIPELINE.to_dict()
    assert aug.Compose.from_dict(data) == aug.Compose.from_json(json.dumps(data)) == PIPELINE


def test_a_pipeline_of_another_version_is_refused():
    newer = json.dumps({**PIPELINE.to_dict(), "version": 2})
    with pytest.raises(aug.ArgumentError, match=r"is of version 2, and this augstream reads version 1\. Update"):
        aug.Compose.from_json(newer)
    for wrong in (0, -1, 1.0, "1", True, None, [1]):
        with pytest.raises(aug.ArgumentError, match="must be a whole number from 1; got"):
            aug.Compose.from_dict({**PIPELINE.to_dict(), "version": wrong})
    # Only a pipeline as a whole has one.
    with pytest.raises(aug.ArgumentError, match="version"):
        aug.Compose.from_dict(aug.Compose([]).to_dict() | {"transforms": [{**aug.Hue().to_dict(), "version": 1}]})


@pytest.mark.parametrize(
    ("transforms", "given", "expected"),
    [
        ([], np.uint8, np.uint8),
        ([aug.Rotate(), aug.Brightness()], np.uint8, np.uint8),
        ([aug.Rotate()], np.uint16, np.uint16),
        ([aug.Gamma()], np.float32, np.float32),
        ([aug.Rescale(1 / 255)], np.uint8, np.float32),
        ([aug.Normalize(0.5, 0.5)], np.uint8, np.float32),
    ],
)
@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 3), (20, 30, 4)])
def test_a_picture_keeps_its_shape_and_dtype_unless_its_levels_change(transforms, given, expected, shape):
    out = aug.Compose(transforms)(picture(*shape, dtype=given))
    assert out.dtype == expected
    assert out.shape == shape


def test_a_dtype_can_be_asked_for():
    assert aug.Compose([])(picture(20, 30, 3), dtype="float16").dtype == np.float16


def test_levels_of_float_pictures_may_have_another_peak():
    invert = aug.Compose([aug.Invert()])
    np.testing.assert_allclose(invert(np.full((2, 3), 0.25, np.float32)), 0.75)
    np.testing.assert_allclose(invert(np.full((2, 3), 25, np.float32), peak=255), 230)


def test_called_it_gives_what_the_engines_give():
    image = picture(60, 80, 3)
    plan = PIPELINE.plan(1, 2, np.array([7]), aug.Frame(np.array([[60, 80]])))
    out = PIPELINE(image, seed=1, epoch=2, index=7)
    batch, errors = native.run([image], plan, dtype="float32")
    assert errors == [None]
    np.testing.assert_array_equal(out, batch[0])
    assert np.abs(out - reference.run([image], plan)[0]).max() < 1 / 255


def test_flips_and_crops_move_pixels_and_do_not_change_them():
    image = picture(60, 80, 3)
    np.testing.assert_array_equal(aug.Compose([aug.HorizontalFlip(p=1)])(image), image[:, ::-1])
    np.testing.assert_array_equal(aug.Compose([aug.Rotate90(1)])(image), np.rot90(image))
    np.testing.assert_array_equal(aug.Compose([aug.CenterCrop(20, 30)])(image), image[20:40, 25:55])
    np.testing.assert_array_equal(
        aug.Compose([aug.Pad(2, fill=9)])(image), np.pad(image, [(2, 2), (2, 2), (0, 0)], constant_values=9)
    )
    np.testing.assert_array_equal(
        aug.Compose([aug.Pad(2, border="symmetric")])(image), np.pad(image, [(2, 2), (2, 2), (0, 0)], "symmetric")
    )


def test_floats_above_white_are_refused_as_from_arrays_does():
    bright = np.full((3, 4), 200, np.float32)
    with pytest.raises(aug.ArgumentError, match=r"floats up to 200, .* Pass peak=255, or divide by it\.$"):
        PIPELINE(bright)
    assert aug.Compose([])(bright, peak=255).max() == 200
    assert np.isnan(aug.Compose([])(np.full((3, 4), np.nan, np.float32))).all()


def test_a_peak_is_above_zero():
    with pytest.raises(aug.ArgumentError, match="peak must be above 0; got -1"):
        PIPELINE(picture(3, 4), peak=-1)


@pytest.mark.parametrize(
    "wrong", [np.zeros((3, 4)), np.zeros((3, 4), int), np.zeros(3, np.uint8), np.zeros((0, 4), np.uint8), 3]
)
def test_what_is_no_picture_is_refused(wrong):
    with pytest.raises(
        aug.ArgumentError, match=r"^An image must be \(h, w\) or \(h, w, c\) of uint8, uint16 or float32; got"
    ):
        PIPELINE(wrong)


def test_importing_it_brings_numpy_and_nothing_heavier():
    code = (
        "import sys, augstream; print(*sorted({m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"PIL", "typer", "keras", "jax", "torch", "sklearn"}.isdisjoint(out)
    assert {name for name in out if not name.startswith("_")} <= {
        "augstream",
        "numpy",
        "sitecustomize",
        "usercustomize",
    }


def test_everything_public_is_there():
    assert set(aug.__all__) <= set(dir(aug))
    for name in aug.__all__:
        assert getattr(aug, name) is not None
    with pytest.raises(AttributeError, match="'Rotat'"):
        aug.Rotat  # noqa: B018
