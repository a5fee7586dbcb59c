"""The core, asked directly: programs of steps over rows, windows, mixes, and bytes that stay bytes."""

from itertools import product

import numpy as np
import program_reference as reference
import pytest
from conftest import encoded, scene
from program_reference import BICUBIC, BILINEAR, COLOR, CONSTANT, CURVE, EDGE, MIX, NEAREST, WARP

from augstream import _core

INTERPOLATIONS = [NEAREST, BILINEAR, BICUBIC]


def pictures(n, height=20, width=26, channels=3):
    return [np.ascontiguousarray(scene(height, width, k)[..., :channels]) for k in range(n)]


def run(samples, programs, size, count, *, dtype="float32", channels=3, threads=0, keep=None):
    out = np.full((count, *size, channels), 77, dtype)
    failures = _core.Pool(threads).run(samples, programs, channels, out, dtype, False, keep)
    return out, failures


def made(samples, programs, size, count, **options):
    out, failures = run(samples, programs, size, count, **options)
    assert failures == []
    return out


def turn(degrees, scale=0.8, center=(13.0, 10.0), shift=(0.0, 0.0), flip=1):
    """Output to input: turned and enlarged about a point."""
    a = np.deg2rad(degrees)
    m = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]) * [[scale], [scale], [1]]
    there, back = np.eye(3), np.diag([flip, 1.0, 1.0])
    there[:2, 2] = -center[0], -center[1]
    back[:2, 2] = center[0] + shift[0], center[1] + shift[1]
    return back @ m @ there


def moved(x, y, gain=1.0):
    return np.array([[gain, 0, x], [0, gain, y], [0, 0, 1.0]])


def warp(matrices, size, border=EDGE, interpolation=BILINEAR, antialias=True, fill=None, windows=()):
    matrix = np.array(matrices, np.float64)
    sizes = np.tile(np.array(size, np.int64), (len(matrix), 1))
    return WARP, matrix, sizes, border, interpolation, antialias, fill, windows


def window(matrices, size, fill):
    n = len(matrices)
    return (
        np.array(matrices, np.float64),
        np.tile(np.array(size, np.int64), (n, 1)),
        np.tile(np.array(fill, np.float32), (n, 1)),
    )


def color(n, gain=1.1, shift=-9.0, channels=3, clip=True):
    matrix = np.tile(np.eye(channels, channels + 1, dtype=np.float32) * np.float32(gain), (n, 1, 1))
    matrix[:, :, -1] = shift + 5 * np.arange(n)[:, None]
    return COLOR, matrix, np.tile(np.array([0, 255], np.float32), (n, channels, 1)) if clip else None


def curve(n, channels=1, on=None):
    level = np.linspace(0, 1, 256)
    table = np.stack([[255 * level ** (1.3 + 0.2 * k + 0.1 * c) for c in range(channels)] for k in range(n)])
    return CURVE, table.astype(np.float32), 255.0, False, on


def assert_as_in_numpy(samples, programs, size, count, most=0.02):
    got = made(samples, programs, size, count)
    want = reference.run(samples, programs, count)
    for slot in range(count):
        assert np.abs(got[slot] - want[slot]).max() < most, slot


def test_groups_of_rows_read_the_inputs_that_they_name():
    samples = pictures(3)
    programs = [
        (np.array([3, 0]), np.array([2, 2]), [(warp([turn(20), turn(-5)], (9, 11)), (color(2), curve(2)))]),
        (np.array([1, 2, 4]), np.array([0, 1, 0]), [(warp([moved(3, 2)] * 3, (9, 11)), ()), (None, (curve(3),))]),
    ]
    assert_as_in_numpy(samples, programs, (9, 11), 5)


def test_rows_that_are_not_named_are_counted():
    samples = pictures(2)
    assert np.array_equal(made(samples, [(None, None, [])], (20, 26), 2, dtype="uint8"), samples)
    swapped = made(samples, [(None, np.array([1, 0]), ())], (20, 26), 2, dtype="uint8")
    assert np.array_equal(swapped, samples[::-1])


def test_a_step_that_does_nothing_to_a_row_is_left_out():
    samples = pictures(2)
    off = curve(2, on=np.array([0, 1], np.uint8))
    assert_as_in_numpy(samples, [(None, None, [(None, (off,)), (warp([turn(9)] * 2, (20, 26)), ())])], (20, 26), 2)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("border", [EDGE, CONSTANT])
@pytest.mark.parametrize("base", [moved(-2, -3), turn(90, 1.0, (10.0, 10.0)), turn(25), turn(25, flip=-1)], ids=str)
def test_windows_cut_in_their_own_frames(interpolation, antialias, border, base):
    """An axis-aligned, a rotated and a shrinking frame, one inside of the other."""
    fill = np.array([[9, 120, 250]], np.float32)
    windows = (
        window([moved(-4.3, -3.2)], (11, 12), (255, 0, 128)),
        window([turn(40, 0.9, (12, 9))], (19, 17), (10, 20, 30)),
        window([moved(-2.6, -2.6, 2.1)], (34, 39), (99, 98, 97)),
    )
    for some in ((), windows[:1], windows[1:], windows):
        head = warp([base], (21, 23), border, interpolation, antialias, fill if border == CONSTANT else None, some)
        assert_as_in_numpy(pictures(1), [(None, None, [(head, (color(1),))])], (21, 23), 1)


def test_a_window_that_holds_the_whole_output_changes_nothing():
    samples = pictures(1)
    for base, interpolation in product((moved(0.3, 0.2), turn(25)), INTERPOLATIONS):
        plain = warp([base], (20, 26), interpolation=interpolation)
        wide = window([moved(100, 100)], (300, 300), (1, 2, 3))
        cut = warp([base], (20, 26), interpolation=interpolation, windows=(wide,))
        assert np.array_equal(*(made(samples, [(None, None, [(w, ())])], (20, 26), 1) for w in (plain, cut)))


def blend(branches, weight, region=None, place=None):
    region = None if region is None else np.array(region, np.float32)
    return MIX, tuple(branches), np.array(weight, np.float32), region, place


def branch(sources, *steps):
    return np.array(sources, np.int64), steps


def test_two_pictures_are_mixed_by_weight():
    samples = pictures(3)
    first = branch([0, 1], (warp([turn(10), turn(20)], (20, 26)), (color(2),)))
    second = branch([1, 2], (warp([turn(-10), moved(1, 1)], (20, 26)), (curve(2),)))
    mix = blend([first, second], [[1, 0.7], [1, 0.5]])
    assert_as_in_numpy(samples, [(None, None, [(mix, (color(2),))])], (20, 26), 2)


@pytest.mark.parametrize("placed", [None, moved(1.5, -2.5, 1.2), turn(30, 1.1)], ids=str)
def test_regions_are_tested_on_the_canvas_of_the_mix(placed):
    samples = pictures(4)
    place = None if placed is None else placed[None]
    corners = [[-50, -50, 13, 9], [13, -50, 90, 9], [-50, 9, 13, 90], [13, 9, 90, 90]]
    tiles = [branch([k], (warp([turn(7 * k)], (20, 26)), (color(1), curve(1)))) for k in range(4)]
    mosaic = blend(tiles, [[1, 1, 1, 1]], [corners], place)
    assert_as_in_numpy(samples, [(None, None, [(mosaic, (color(1),))])], (20, 26), 1)
    overlapping = blend(tiles, [[1, 0.75, 0, 0.5]], [[corners[0], [5, 5, 20, 15], corners[2], [8, 2, 10, 19]]], place)
    assert_as_in_numpy(samples, [(None, None, [(overlapping, ())])], (20, 26), 1)


def test_borders_and_windows_hold_in_the_part_of_a_picture_that_a_mix_shows():
    frame = window([turn(40, 0.9, (12, 9))], (15, 13), (10, 20, 30))
    fill = np.array([[9, 120, 250]], np.float32)
    corners = [[2, 3, 13, 9], [13, 1, 90, 15]]
    for base, interpolation in product((moved(-2, -3), turn(25)), INTERPOLATIONS):
        head = warp([base], (20, 26), CONSTANT, interpolation, fill=fill, windows=(frame,))
        mix = blend([branch([k], (head, (color(1),))) for k in range(2)], [[1, 1]], [corners])
        assert_as_in_numpy(pictures(2), [(None, None, [(mix, ())])], (20, 26), 1)


def test_an_opaque_layer_covers_what_is_below_it():
    samples = pictures(2)
    plain = [branch([k], (warp([moved(k, 0)], (20, 26)), ())) for k in range(2)]
    cut = blend(plain, [[1, 1]], [[[0, 0, 26, 20], [5, 6, 15, 12]]])
    assert_as_in_numpy(samples, [(None, None, [(cut, ())])], (20, 26), 1)
    whole = made(samples, [(None, None, [(blend(plain, [[1, 1]]), ())])], (20, 26), 1)
    assert np.array_equal(whole, made(samples, [(None, np.array([1]), plain[1][1])], (20, 26), 1))


def test_without_a_lowest_layer_there_is_black():
    samples = pictures(2)
    plain = [branch([k], (warp([moved(k, 0)], (20, 26)), ())) for k in range(2)]
    cut = blend(plain, [[0, 1]], [[[0, 0, 26, 20], [5, 6, 15, 12]]])
    assert_as_in_numpy(samples, [(None, None, [(cut, ())])], (20, 26), 1)


def test_steps_go_on_behind_a_mix_and_before_it():
    samples = pictures(2)
    first = branch([0], (None, (curve(1),)), (warp([turn(10)], (15, 17)), ()))
    second = branch([1], (warp([turn(5)], (18, 19)), ()), (warp([turn(-10)], (15, 17)), ()))
    steps = [(blend([first, second], [[1, 0.6]]), ()), (warp([turn(33)], (12, 14)), (color(1),))]
    assert_as_in_numpy(samples, [(None, None, steps)], (12, 14), 1)


def test_a_branch_may_begin_with_a_mix():
    samples = pictures(3)
    inner = blend([branch([0]), branch([1])], [[1, 0.4]], [[[0, 0, 26, 12], [3, 3, 22, 18]]])
    outer = blend([(None, [(inner, ()), (warp([turn(15)], (20, 26)), (color(1),))]), branch([2])], [[1, 0.3]])
    assert_as_in_numpy(samples, [(None, None, [(outer, (curve(1),))])], (20, 26), 1)


def test_a_branch_without_weight_is_neither_read_nor_run():
    samples = [*pictures(1), b"no picture"]
    mix = blend([branch([0]), branch([1])], [[1, 0]])
    assert np.array_equal(made(samples, [(None, None, [(mix, ())])], (20, 26), 1, dtype="uint8")[0], samples[0])
    mix = blend([branch([0]), branch([1])], [[1, 1]], [[[0, 0, 26, 20], [5, 5, 5, 9]]])
    assert np.array_equal(made(samples, [(None, None, [(mix, ())])], (20, 26), 1, dtype="uint8")[0], samples[0])


def files(n):
    return [encoded(scene(120, 150, k)) for k in range(n)]


def mixup(n, degrees=0.0, size=(60, 70)):
    """Each of n rows with the one behind it, as a batch of n and one more is."""
    rows = np.arange(n)
    matrices = [turn(degrees * (k % 5), 0.9, (30.0, 25.0), (20, 30)) for k in range(n)]
    one, two = warp(matrices, size), warp([*matrices[1:], turn(3, 0.9, (30.0, 25.0))], size)
    return blend([branch(rows, (one, (color(n),))), branch(rows + 1, (two, (color(n),)))], [[1, 0.75]] * n)


@pytest.mark.parametrize("degrees", [0.0, 11.0])
def test_shared_inputs_give_what_each_row_would_decode_for_itself(degrees):
    n = 12
    samples, mix = files(n + 1), mixup(n, degrees)
    together = made(samples, [(None, None, [(mix, ())])], (60, 70), n)
    for k in range(n):
        _, branches, weight, *_ = mix
        alone = tuple(
            (s[k : k + 1], tuple((take(h, k), tuple(take(p, k) for p in ps)) for h, ps in steps))
            for s, steps in branches
        )
        single = [(None, None, [((MIX, alone, weight[k : k + 1], None, None), ())])]
        assert np.array_equal(made(samples, single, (60, 70), 1)[0], together[k])


def take(op, k):
    return tuple(field[k : k + 1] if isinstance(field, np.ndarray) else field for field in op)


def test_several_threads_are_one_thread():
    n = 24
    samples, programs = files(n + 1), [(None, None, [(mixup(n, 11.0), ())])]
    one = made(samples, programs, (60, 70), n)
    for _ in range(5):
        assert np.array_equal(made(samples, programs, (60, 70), n, threads=4), one)


def test_an_input_that_is_read_at_two_scales_is_decoded_for_each():
    samples = [encoded(scene(640, 640))]
    far, near = warp([moved(0, 0, 16.0)], (40, 40)), warp([moved(300, 300)], (40, 40))
    programs = [(np.array([0]), np.array([0]), [(far, ())]), (np.array([1]), np.array([0]), [(near, ())])]
    keep = [True]
    out = made(samples, programs, (40, 40), 2, keep=keep)
    assert keep == [None]
    for k, head in enumerate((far, near)):
        assert np.array_equal(made(samples, [(None, None, [(head, ())])], (40, 40), 1)[0], out[k])
    assert _core.scales(programs, np.array([[640, 640]]), 3, 2).tolist() == [0]
    assert _core.scales(programs[:1], np.array([[640, 640], [9, 9]]), 3, 2).tolist() == [8, 0]


def test_what_several_rows_share_can_be_kept():
    n = 6
    samples, programs = files(n + 1), [(None, None, [(mixup(n, 7.0), ())])]
    plain = made(samples, programs, (60, 70), n)
    keep = [True] * (n + 1)
    assert np.array_equal(made(samples, programs, (60, 70), n, keep=keep, threads=3), plain)
    assert all(block is not None for block in keep)
    assert np.array_equal(made(keep, programs, (60, 70), n), plain)


@pytest.mark.parametrize("threads", [0, 3])
def test_a_bad_input_fails_every_row_that_reads_it_and_no_other(threads):
    n = 6
    samples = files(n + 1)
    plain = made(samples, [(None, None, [(mixup(n), ())])], (60, 70), n)
    samples[3] = samples[3][:900]
    for _ in range(4):
        out, failures = run(samples, [(None, None, [(mixup(n), ())])], (60, 70), n, threads=threads)
        assert [(slot, source) for slot, source, _ in failures] == [(2, 3), (3, 3)]
        assert {reason for *_, reason in failures} == {"the file is truncated"}
        for slot in range(n):
            assert np.array_equal(out[slot], plain[slot] if slot not in (2, 3) else np.zeros_like(out[slot]))


def test_a_row_that_looks_at_the_sound_part_of_a_file_does_not_suffer_from_one_that_looks_further():
    whole = encoded(scene(400, 300))
    cut = whole[: len(whole) // 2] + b"\xff\xd9"
    rows = warp([moved(10, 5), moved(10, 350), moved(20, 9)], (30, 40))
    for threads in (0, 3):
        out, failures = run([cut], [(None, np.zeros(3, np.int64), [(rows, ())])], (30, 40), 3, threads=threads)
        assert failures == [(1, 0, "the file is truncated")]
        want = made([whole], [(None, np.zeros(3, np.int64), [(rows, ())])], (30, 40), 3)
        assert np.array_equal(out[[0, 2]], want[[0, 2]])


def test_a_wrong_size_is_a_failure_of_its_row():
    different = blend([branch([0], (warp([moved(0, 0)], (9, 9)), ())), branch([0])], [[1, 1]])
    _, ((slot, _, reason),) = run(pictures(1), [(None, None, [(different, ())])], (9, 9), 1)
    assert slot == 0
    assert reason == "the plan makes 20 x 26 pixels where 9 x 9 are wanted"


def test_what_no_memory_could_hold_is_a_failure_of_its_row():
    vast, small = warp([moved(0, 0)], (65536, 65536)), warp([moved(0, 0)], (9, 9))
    between = [(vast, ()), (small, ())]
    mixed = [(blend([branch([0], (vast, ()))], [[1]]), ()), (small, ())]
    for steps in (between, mixed):
        _, ((_, _, reason),) = run(pictures(1), [(None, None, steps)], (9, 9), 1)
        assert reason == "an image of 65536 x 65536 pixels is more than the core can address"


WHOLE = {
    "none": None,
    "crop": warp([moved(3, 4)] * 2, (30, 32)),
    "flip": warp([[[-1, 0, 36], [0, 1, 0], [0, 0, 1]]] * 2, (30, 32)),
    "quarter turn": warp([[[0, 1, 2], [-1, 0, 35], [0, 0, 1]]] * 2, (30, 32)),
    "nearest": warp([turn(30, 1.4, (18, 20))] * 2, (30, 32), interpolation=NEAREST),
    "enlarged": warp([moved(2, 3, 0.4)] * 2, (30, 32), interpolation=NEAREST),
    "padded": warp([moved(-5, -4)] * 2, (30, 32), CONSTANT, fill=np.array([[7, 8, 9, 0]] * 2, np.float32)),
    "odd fill": warp([moved(-5, -4)] * 2, (30, 32), CONSTANT, fill=np.array([[7.25, 8, 9, 0]] * 2, np.float32)),
    "window": warp([moved(2, 1)] * 2, (30, 32), windows=(window([moved(-4, -4)] * 2, (20, 11), (200, 3, 4, 5)),)),
}
POINTS = {
    "nothing": (),
    "table": (curve(2, 4),),
    "tables": (curve(2, 1), color(2, channels=4), curve(2, 4)),
    "for one": (curve(2, 4, on=np.array([0, 1], np.uint8)),),
    "negative": (color(2, -1.0, 255.0, channels=4, clip=False),),
}


@pytest.mark.parametrize(("head", "points"), list(product(WHOLE, POINTS)))
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_bytes_that_stay_bytes_are_the_floats_rounded(head, points, channels):
    def cut(op):
        if op is None:
            return None
        fields = [f[:, :channels] if isinstance(f, np.ndarray) and f.dtype == np.float32 else f for f in op]
        if op[0] == COLOR:
            fields[1] = np.concatenate([op[1][:, :channels, :channels], op[1][:, :channels, -1:]], axis=2)
        if op[0] == WARP:
            fields[7] = tuple((m, s, np.ascontiguousarray(f[:, :channels])) for m, s, f in op[7])
        return tuple(np.ascontiguousarray(f) if isinstance(f, np.ndarray) else f for f in fields)

    size = (36, 38) if head == "none" else (30, 32)
    rng = np.random.default_rng(1)
    samples = [rng.integers(0, 256, (36, 38, channels), dtype=np.uint8) for _ in range(2)]
    programs = [(None, None, [(cut(WHOLE[head]), tuple(cut(op) for op in POINTS[points]))])]
    floats = made(samples, programs, size, 2, channels=channels)
    bytes_ = made(samples, programs, size, 2, channels=channels, dtype="uint8")
    assert np.array_equal(np.rint(np.clip(floats, 0, 255)), bytes_)


CASES = {
    "the core has no op of kind 99": [(None, ((99,),))],
    "a Color stands as the head": [(color(2), ())],
    "a Warp stands among the points": [(None, (warp([moved(0, 0)] * 2, (20, 26)),))],
    "Mix stands behind another step": [(None, (curve(2),)), (blend([branch([0, 0])], [[1]] * 2), ())],
    "Color.matrix must be \\(2, 3, 4\\) of float32; got \\(3, 3, 4\\)": [(None, (color(3),))],
    "Color.clip must be": [(None, ((COLOR, color(2)[1], np.zeros((2, 3, 2))),))],
    "Color.clip is missing": [(None, ((COLOR, color(2)[1]),))],
    "Color has 4 fields": [(None, ((*color(2), None),))],
    "Curve.table must have 1 or all": [(None, (curve(2, 2),))],
    "Curve.table must be": [(None, ((CURVE, np.zeros((2, 3, 255), np.float32), 255.0, False, None),))],
    "Curve.peak must be": [(None, ((CURVE, curve(2)[1], np.nan, False, None),))],
    "Curve.steps must be": [(None, ((CURVE, curve(2)[1], 255.0, 3, None),))],
    "Warp.size must be in 1..65536; got 0": [(warp([moved(0, 0)] * 2, (0, 26)), ())],
    "Warp.border must be": [(warp([moved(0, 0)] * 2, (20, 26), border=6), ())],
    "Warp.fill must be": [(warp([moved(0, 0)] * 2, (20, 26), fill=np.zeros((2, 4), np.float32)), ())],
    "Warp.windows must be a tuple": [(warp([moved(0, 0)] * 2, (20, 26), windows=None), ())],
    "Warp.window.matrix must be": [
        (warp([moved(0, 0)] * 2, (20, 26), windows=(window([moved(0, 0)], (3, 3), (0, 0, 0)),)), ())
    ],
    "Mix.weight must be \\(2, 1\\)": [(blend([branch([0, 0])], [[1, 1]] * 2), ())],
    "Mix.weight must be 0 to 1; got -1": [(blend([branch([0, 0])], [[-1]] * 2), ())],
    "Mix.weight must be 0 to 1; got nan": [(blend([branch([0, 0])], [[np.nan]] * 2), ())],
    "Mix.weight must let a branch of row 1": [(blend([branch([0, 0])], [[1], [0]]), ())],
    "row 0 be seen": [(blend([], np.zeros((2, 0))), ())],
    "Mix.region must be": [(blend([branch([0, 0])], [[1]] * 2, np.zeros((2, 1, 3))), ())],
    "Mix.region must hold numbers": [(blend([branch([0, 0])], [[1]] * 2, [[[0, 0, np.nan, 1]]] * 2), ())],
    "Mix.place must hold finite": [(blend([branch([0, 0])], [[1]] * 2, None, np.full((2, 3, 3), np.inf)), ())],
    "Mix.branch.sources name an input": [(blend([branch([0, 2])], [[1]] * 2), ())],
    "Mix.branch.sources must be \\(2,\\)": [(blend([branch([0])], [[1]] * 2), ())],
    "Mix.branch.sources must be given": [(blend([(None, [])], [[1]] * 2), ())],
    "Mix.branch must be a tuple": [(blend([3], [[1]] * 2), ())],
    "step must be a tuple; got None": [None],
    "step.points must be a tuple": [(None, None)],
    "an op must be \\(tag": [(None, ((),))],
}


@pytest.mark.parametrize("words", CASES)
def test_what_is_wrong_with_a_step_is_said(words):
    with pytest.raises(ValueError, match=words):
        run(pictures(2), [(None, None, CASES[words])], (20, 26), 2)


@pytest.mark.parametrize(
    ("words", "programs"),
    {
        "programs must be a list": 3,
        "program must be a tuple": [None],
        "program.rows must be in": [(np.array([0, 2]), None, ())],
        "program.sources name an input": [(None, np.array([0, -1]), ())],
        "program.sources must be": [(None, np.array([0]), ())],
        "output 1 is made by no program": [(np.array([0]), None, ())],
        "output 0 is made twice": [(None, None, ()), (np.array([0]), None, ())],
        "program.rows must be \\(0,\\)": [(np.zeros((2, 1), np.int64), None, ())],
        "program.steps is missing": [(None, None)],
    }.items(),
)
def test_what_is_wrong_with_a_program_is_said(words, programs):
    with pytest.raises(ValueError, match=words):
        run(pictures(2), programs, (20, 26), 2)


def test_arrays_that_would_have_to_be_copied_are_refused():
    matrix = np.asfortranarray(np.tile(moved(0, 0), (2, 1, 1)))
    for wrong in (matrix, matrix.astype(">f8"), matrix.astype(np.complex128), object()):
        with pytest.raises(TypeError):
            run(pictures(2), [(None, None, [((WARP, wrong, *warp([moved(0, 0)] * 2, (20, 26))[2:]), ())])], (20, 26), 2)


def test_a_plan_without_end_is_refused():
    steps = []
    steps.append((None, steps))
    with pytest.raises(ValueError, match="nested too deeply"):
        run(pictures(2), [(None, None, steps)], (20, 26), 2)
