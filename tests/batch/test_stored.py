"""Blocks: what the core keeps of a decoded image gives the very pixels that the file gives."""

import numpy as np
import pytest
from conftest import encoded, scene, turned

import augstream as aug
from augstream import _core
from augstream.engines import native
from augstream.plan.fuse import fuse
from augstream.plan.op import Frame
from augstream.rng import Rng
from augstream.transforms import CenterCrop, HorizontalFlip, RandomResizedCrop, Resize, Rotate, Rotate90, Zoom

KINDS = {
    "4:2:0": {"subsampling": 2},
    "4:2:2": {"subsampling": 1},
    "4:4:4": {"subsampling": 0},
    "progressive": {"progressive": True},
    "RGB": {"keep_rgb": True},
    "gray": {},
}
PIPELINES = {
    "turn": [Rotate(40), Resize(24, 32)],
    "enlarge": [Rotate(10), Zoom((2, 3))],
    "shrink": [Rotate(30), Resize(9, 8)],
    "crop": [RandomResizedCrop(16, 16, scale=(0.05, 0.3))],
    "resize": [Resize(7, 9)],
    "nothing": [],
    "flip": [HorizontalFlip(p=1), Rotate90(1)],
    "middle": [CenterCrop(20, 20), Rotate(30)],
}


def file(kind, number):
    picture = scene(83, 118, number)
    return encoded(picture[:, :, 0] if kind == "gray" else picture, quality=88, **KINDS[kind])


def plan_of(transforms, channels, epoch, n, border):
    """What a Compose would do, with a border that may be any."""
    frame = Frame(np.array([(83, 118)] * n), channels)
    return aug.Compose(transforms, border=border).plan(3, epoch, np.arange(n), frame)


def run(samples, plan, channels, keep=None):
    height, width = plan.frame_out.size[0].tolist()
    out = np.empty((len(samples), height, width, channels), np.float32)
    errors = _core.Pool(2).run(samples, plan.wire(), channels, out, "float32", False, keep)
    return out, errors


@pytest.mark.parametrize("border", ["edge", "constant", "wrap", "reflect"])
@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_block_is_as_good_as_its_file(kind, name, border):
    for channels in (3, 1):
        files = [file(kind, number) for number in range(4)]
        plan = plan_of(PIPELINES[name], channels, 0, 4, border)
        expected, errors = run(files, plan, channels)
        assert not errors
        blocks = [True] * 4
        first, errors = run(files, plan, channels, blocks)
        assert not errors
        assert np.array_equal(first, expected)
        assert all(isinstance(block, np.ndarray) for block in blocks)
        copies = [block.copy() for block in blocks]
        again, errors = run(blocks, plan, channels)
        assert not errors
        assert np.array_equal(again, expected)
        assert all(np.array_equal(one, two) for one, two in zip(copies, blocks, strict=True))


def test_a_block_made_for_one_plan_serves_another_at_its_scale():
    files = [file("4:2:0", number) for number in range(6)]
    blocks = [True] * 6
    run(files, plan_of([Rotate(40), Resize(60, 60)], 3, 0, 6, "edge"), 3, blocks)
    for epoch in range(1, 4):
        plan = plan_of([RandomResizedCrop(40, 40)], 3, epoch, 6, "symmetric")
        assert np.array_equal(run(blocks, plan, 3)[0], run(files, plan, 3)[0])


def test_a_block_knows_what_the_header_knows():
    files = [file("4:2:0", 1), turned(scene(30, 40), 6), file("gray", 2)]
    blocks = [True] * 3
    for row, data in enumerate(files):
        kept = [True]
        height, width = _core.header([data])[0, 1:3].tolist()
        plan = fuse(
            Resize(8, 8).ops(Rng(0, 0, np.arange(1)), Frame(np.array([(height, width)]))),
            Frame(np.array([(height, width)])),
        )
        run([data], plan, 3, kept)
        blocks[row] = kept[0]
    assert np.array_equal(_core.header(blocks), _core.header(files))
    packed = _core.pack(scene(9, 7), 5)
    assert _core.header([packed]).tolist() == [[2, 9, 7, 3, 5]]
    plan = plan_of([Rotate(40), Resize(5, 5)], 3, 0, 1, "edge")
    pixels = scene(83, 118)
    assert np.array_equal(run([_core.pack(pixels, 1)], plan, 3)[0], run([pixels], plan, 3)[0])


def test_scales_are_those_of_the_decoder():
    for size in (200, 30, 12, 5):
        plan = plan_of([Rotate(40), Resize(size, size)], 3, 0, 3, "edge")
        scales = native.scales(plan, np.array([(83, 118)] * 3))
        assert scales.tolist() == [native.hint(plan, row, (83, 118))[-1] for row in range(3)]
        blocks = [True] * 3
        run([file("4:2:0", number) for number in range(3)], plan, 3, blocks)
        assert scales.tolist() == [_core.block_scale(block) for block in blocks]
    assert native.scales(plan_of([], 3, 0, 2, "edge"), np.array([(83, 118)] * 2)).tolist() == [1, 1]


def test_a_block_at_another_scale_is_refused():
    blocks = [True] * 2
    run([file("4:2:0", number) for number in range(2)], plan_of([Resize(5, 5)], 3, 0, 2, "edge"), 3, blocks)
    assert _core.block_scale(blocks[0]) > 1
    errors = run(blocks, plan_of([], 3, 0, 2, "edge"), 3)[1]
    assert [reason for _, _, reason in errors] == ["the cache holds it at another scale"] * 2


def test_a_file_that_is_broken_below_the_crop_is_not_kept_and_stays_what_it_was():
    data = bytearray(encoded(scene(200, 200, 3), quality=90))
    data[-900:-600] = b"\xff\x00" * 150
    frame = Frame(np.array([(200, 200)]))
    ops = aug.Compose([aug.Shift(y=(0.4, 0.4)), aug.CenterCrop(40, 40)], border="edge")
    plan = ops.plan(0, 0, np.arange(1), frame)
    expected, errors = run([bytes(data)], plan, 3)
    kept = [True]
    out, same = run([bytes(data)], plan, 3, kept)
    assert errors == same
    assert np.array_equal(out, expected)


def test_a_file_that_two_decoders_share_is_not_kept():
    # Its end is in order for libjpeg, which only warns, but not for the decoder of plain files.
    data = encoded(scene(200, 200, 3), quality=90)
    data = data[:-2] + b"\x55\x55\x55\x55" + data[-2:]
    frame = Frame(np.array([(200, 200)]))
    for shift in (0.4, 0.2, 0.0, -0.4):
        ops = aug.Compose([aug.Shift(y=(shift, shift)), aug.CenterCrop(40, 40)], border="edge")
        plan = ops.plan(0, 0, np.arange(1), frame)
        expected, errors = run([data], plan, 3)
        kept = [True]
        out, same = run([data], plan, 3, kept)
        assert errors == same == []
        assert np.array_equal(out, expected)
        if kept[0] is not None:
            assert np.array_equal(run(kept, plan, 3)[0], expected)


def test_damaged_blocks_end_in_errors_and_never_in_a_crash():
    kept = [True]
    plan = plan_of([Rotate(40), Resize(24, 32)], 3, 0, 1, "edge")
    run([file("4:2:0", 1)], plan, 3, kept)
    block = kept[0]
    for end in (0, 7, 255, 256, len(block) - 1):
        with pytest.raises(ValueError, match="no block"):
            run([block[:end].copy()], plan, 3)
        assert _core.block_scale(block[:end].copy()) == 0
    for place in range(256):
        for value in (0, 1, 127, 255):
            hurt = block.copy()
            hurt[place] = value
            if _core.block_scale(hurt):
                run([hurt], plan, 3)


def test_a_checksum_sees_one_or_two_flipped_bits_and_another_length():
    # All are different from one another, so that no second flip leads back.
    data = np.random.default_rng(0).integers(0, 256, 200, np.uint8)
    seen = {_core.checksum(data)}
    for bit in range(8 * len(data)):
        hurt = data.copy()
        hurt[bit // 8] ^= 1 << bit % 8
        seen.add(_core.checksum(hurt))
    assert len(seen) == 1 + 8 * len(data)
    assert len({_core.checksum(np.zeros(n, np.uint8)) for n in range(200)}) == 200


def test_a_checksum_is_the_same_in_every_build():
    # Caches outlive the program that wrote them.
    data = (np.arange(1000) % 251).astype(np.uint8)
    assert [hex(_core.checksum(data[:n])) for n in (1, 64, 1000)] == [
        "0x9d963db49b8f7122",
        "0xf1f2d4571ea59882",
        "0xf5b07a11d0dd2e21",
    ]


def test_a_block_whose_rows_cannot_be_told_is_no_block():
    """Row 40,000 of 65,536, at 65,536 lines of the plane for one of the image's, is beyond 32 bits."""
    kept = [True]
    run([file("4:2:0", 1)], plan_of([], 3, 0, 1, "edge"), 3, kept)
    hurt = kept[0].copy()
    hurt[28:36].view(np.int32)[:] = (65536, 118)  # the image's size
    hurt[36:56].view(np.int32)[:] = (65536, 1, 65536, 65536, 65536)  # rows in all, at a time, of each plane
    assert _core.block_scale(kept[0]) == 1
    assert _core.block_scale(hurt) == 0


def test_time_is_counted():
    clock = np.zeros(2)
    plan = plan_of([Rotate(40), Resize(24, 32)], 3, 0, 1, "edge")
    out = np.empty((1, 24, 32, 3), np.float32)
    _core.Pool(0).run([file("4:2:0", 1)], plan.wire(), 3, out, "float32", False, None, clock)
    assert 0 < clock[0] < clock[1] < 10
