"""The decoder gives the same pixels on every machine, and in every region: all instruction sets that this one has.

The widest vectors hold two blocks; `pairs` has the others take blocks two by two as well.
"""

import numpy as np
import pytest
from conftest import encoded, real

from augstream import _core

SETS = [(name, pairs) for name in _core.instruction_sets() for pairs in (False, True)]


@pytest.fixture(params=SETS, ids=lambda each: each[0] + " in pairs" * each[1])
def instruction_set(request):
    _core.use_instruction_set(*request.param)
    yield request.param
    _core.use_instruction_set()


def patchwork(height, width, seed):
    """Blocks of one level beside blocks of grain."""
    rng = np.random.default_rng(seed)

    def per_block(values):
        return values.repeat(8, 0).repeat(8, 1)[:height, :width, None]

    blocks = (height // 8 + 1, width // 8 + 1)
    level, rough = per_block(rng.integers(0, 256, blocks)), per_block(rng.random(blocks) < 0.5)
    return np.clip(level + rough * rng.normal(0, 30, (height, width, 3)), 0, 255).astype(np.uint8)


# At quality 62 a level takes steps of 1.5.
KINDS = [{"quality": q, "subsampling": s} for q in (62, 88) for s in (0, 1, 2)] + [{"quality": 62, "progressive": True}]
FILES = [encoded(patchwork(85, 139, number), **kind) for number, kind in enumerate(KINDS)]


def photos():
    return [path.read_bytes() for path in sorted(real("flowers").rglob("*.jpg"))[::40]]


def run(sample, top=0, left=0, height=None, width=None, keep=None):
    """A region of a file or block, its pixels as they are."""
    whole = _core.header([sample])[0, 1:3].tolist()
    height, width = height or whole[0], width or whole[1]
    matrix = np.array([[[1.0, 0, left], [0, 1, top], [0, 0, 1]]])
    warp = (0, matrix, np.array([[height, width]]), 1, 1, True, None, ())
    out = np.empty((1, height, width, 3), np.uint8)
    assert not _core.Pool(0).run([sample], [(None, None, [(warp, [])])], 3, out, "uint8", False, keep)
    return out[0]


def block_of(data):
    keep = [True]
    run(data, keep=keep)
    return keep[0]


def regions(height, width, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(12):
        top, left = rng.integers(0, height), rng.integers(0, width)
        yield top, left, rng.integers(1, height - top + 1), rng.integers(1, width - left + 1)


def hold(datas):
    """Any region is a part of the whole, from the file and from the block that is kept of it."""
    for data in datas:
        whole, block = run(data), block_of(data)
        assert np.array_equal(run(block), whole)
        for top, left, height, width in regions(*whole.shape[:2]):
            part = whole[top : top + height, left : left + width]
            assert np.array_equal(run(data, top, left, height, width), part)
            assert np.array_equal(run(block, top, left, height, width), part)


def test_a_region_is_a_part_of_the_whole_from_file_and_from_cache(instruction_set):
    hold(FILES)


def test_so_it_is_in_photos(instruction_set):
    hold(photos())


def decoded_alike(datas):
    """Every instruction set makes the same block of a file."""
    try:
        for data in datas:
            blocks = []
            for each in SETS:
                _core.use_instruction_set(*each)
                blocks.append(block_of(data))
            assert all(np.array_equal(blocks[0], block) for block in blocks)
    finally:
        _core.use_instruction_set()


def test_all_instruction_sets_decode_alike():
    decoded_alike(FILES)


def test_all_instruction_sets_decode_photos_alike():
    decoded_alike(photos())


def test_an_instruction_set_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no such instruction set"):
        _core.use_instruction_set("Z80")
