"""What measures an image, HSV, densities and spectra in the core: every instruction set, odd sizes, wrong plans."""

import numpy as np
import pytest
from planned import assert_lawful

import augstream as aug
from augstream import _core

REFERENCE = np.random.default_rng(7).integers(0, 256, (20, 30, 3)).astype(np.uint8)
MEMBERS = [
    aug.Equalize(),
    aug.AutoContrast(0.1),
    aug.Contrast((1.5, 1.5), about="mean"),
    aug.HistogramMatching([REFERENCE], 1),
    aug.CLAHE(3, tiles=4),
    aug.HueSaturationValue(0.4, 0.9, 0.5),
    aug.StainJitter(0.5, 0.1),
    aug.FDA([REFERENCE], 0.2),
    aug.ChannelShuffle(),
    aug.Grayscale(p=1),
    aug.Posterize(3),
]
each = pytest.mark.parametrize("transform", MEMBERS, ids=lambda one: type(one).__name__)


@pytest.fixture
def every_set():
    yield _core.instruction_sets()
    _core.use_instruction_set()


@each
def test_every_instruction_set_does_the_same(transform, every_set):
    image = np.random.default_rng(3).integers(0, 256, (37, 133, 3)).astype(np.uint8)
    made = []
    for name in every_set:
        _core.use_instruction_set(name)
        made.append((aug.Compose([transform])(image, seed=0), aug.Compose([transform])(image, seed=0, dtype="float32")))
    for whole, levels in made[1:]:
        assert np.abs(levels - made[0][1]).max() < 2e-3
        assert np.abs(whole.astype(int) - made[0][0]).max() <= 1


@each
@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (3, 2), (65, 9), (17, 130)])
def test_the_reference_agrees_at_any_size(transform, shape):
    rng = np.random.default_rng(5)
    assert_lawful([transform], [rng.integers(0, 256, (*shape, 3)).astype(np.uint8)])


@each
def test_what_is_no_number_is_the_lowest_level(transform):
    image = np.random.default_rng(3).random((19, 23, 3)).astype(np.float32)
    image[4, 5] = np.nan
    if not isinstance(transform, aug.FDA | aug.Contrast):  # a mean of what is no number is none
        assert np.isfinite(aug.Compose([transform])(image)).all()


def test_a_statistic_inside_a_mix_and_behind_a_warp_is_of_what_is_there():
    rng = np.random.default_rng(5)
    images = [rng.integers(0, 200, (24, 24, 3)).astype(np.uint8) for _ in range(5)]
    assert_lawful([aug.Rotate((90, 90)), aug.Equalize(), aug.HorizontalFlip(p=1), aug.AutoContrast()], images)
    assert_lawful([aug.Equalize(p=0.5), aug.CutMix(), aug.CLAHE(2, tiles=2)], images, rows=range(3))


def run(points, head=None, shape=(4, 4, 3)):
    out = np.zeros((1, *shape), np.float32)
    return _core.Pool(0).run(
        [np.zeros(shape, np.uint8)], [(None, None, [(head, tuple(points))])], shape[2], out, "float32", False
    )


ON = np.ones(1, np.uint8)
NONE = np.zeros((1, 2))
EQUALIZE = (16, 0, 3, 255.0, NONE, None, ON)
WRONG = {
    r"Statistic\.what must be an integer in 0\.\.5": (16, 6, 3, 255.0, NONE, None, ON),
    r"Statistic\.channels must be an integer in 1\.\.3": (16, 0, 4, 255.0, NONE, None, ON),
    r"Statistic\.peak must be above 0": (16, 0, 3, 0.0, NONE, None, ON),
    r"Statistic\.amount must be": (16, 0, 3, 255.0, np.zeros((1, 3)), None, ON),
    r"Statistic\.target must be given to match": (16, 2, 3, 255.0, NONE, None, ON),
    r"Clahe\.clip must be above 0": (17, np.full(1, np.nan), 8, 255.0, ON),
    r"Clahe\.tiles must be an integer in 1\.\.64": (17, np.ones(1), 65, 255.0, ON),
    r"Hsv\.change must be": (15, np.zeros((1, 2), np.float32), 255.0),
    r"Density\.peak must be above 0": (19, np.zeros((1, 3, 4), np.float32), -1.0),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_is_wrong_is_said(said):
    with pytest.raises(ValueError, match=said):
        run([WRONG[said]])


def test_wrong_spectra_and_too_few_channels_are_said():
    def spectrum(shape, reach):
        return 18, np.zeros((1, 3, *shape), np.float32), np.array([reach]), 255.0

    for head, said in (
        (spectrum((2, 2), 0), "2 k \\+ 1 frequencies"),
        (spectrum((3, 2), 2), "reach must be -1 or a frequency"),
        (spectrum((3, 2), -2), "reach must be -1 or a frequency"),
    ):
        with pytest.raises(ValueError, match=said):
            run([], head)
    for point in ((15, np.zeros((1, 3), np.float32), 255.0), (19, np.zeros((1, 3, 4), np.float32), 255.0)):
        with pytest.raises(ValueError, match="needs images of three channels"):
            run([point], shape=(4, 4, 1))
    with pytest.raises(ValueError, match="needs images of 1, 3 or 4 channels"):
        run([(17, np.ones(1), 8, 255.0, ON)], shape=(4, 4, 2))


def test_a_statistic_stands_alone_at_the_front():
    ((_, _, said),) = run([EQUALIZE, EQUALIZE])
    assert said == "a point that measures its image stands behind another"
    blur = (3, np.ones((1, 1), np.float32), np.ones((1, 1), np.float32), np.ones((1, 2), np.int64) * 0, 1, None, None)
    assert run([EQUALIZE], blur)[0][2] == "a point that measures its image stands behind a head"


@pytest.mark.parametrize("level", [np.inf, -np.inf, np.nan, 3e38])
def test_hostile_numbers_do_no_harm(level):
    many = np.full((1, 3), level, np.float32)
    for point in (
        (15, many, 255.0),
        (19, np.full((1, 3, 4), level, np.float32), 255.0),
        (16, 1, 3, 255.0, np.full((1, 2), level), None, ON),
        (16, 2, 3, 255.0, NONE, np.full((1, 3, 256), level), ON),
    ):
        run([point])
    run([], (18, np.full((1, 3, 3, 2), level, np.float32), np.array([1]), 255.0))
