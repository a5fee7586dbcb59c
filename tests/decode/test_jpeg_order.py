"""What a file gives does not depend on the files that the same thread has read before: the fourth law, file by file."""

import io

import numpy as np
import pytest
from conftest import DATA, encoded, nasty, real, scene
from PIL import Image

from augstream import _core

# Looks at everything at 1/8, which only libjpeg reads; and at a corner of the file's own pixels, which the decoder of
# plain files reads where it can.
SMALL = (16, 16, 1 / 16)
CORNER = (24, 24, 1)


def shown(pool, data, view):
    """The levels of one file, and the reason where there is none."""
    height, width = _core.header([data])[0, 1:3].tolist()
    rows, columns, part = view
    across, down = (width / columns, height / rows) if part < 1 else (1.0, 1.0)
    matrix = np.array([[[across, 0, 0], [0, down, 0], [0, 0, 1]]])
    warp = (0, matrix, np.array([[rows, columns]]), 1, 1, True, None, ())
    out = np.empty((1, rows, columns, 3), np.uint8)
    errors = pool.run([data], [(None, None, [(warp, [])])], 3, out, "uint8", False)
    return out[0], errors[0][2] if errors else None


def without(data, marker):
    """A file without its segments of this kind."""
    out, at = data[:2], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] != marker:
            out += data[at:end]
        at = end
    return out + data[at:]


# A frame of Motion JPEG: its Huffman tables are those of the standard, so it does not spell them out.
SPELLED_OUT = encoded(scene(120, 160), quality=75, optimize=False)
MOTION_JPEG = without(SPELLED_OUT, 0xC4)


def files():
    """Files that each leave other tables behind, and files that lack some."""
    picture = scene(96, 128, 3)
    yield from (encoded(picture, quality=quality, optimize=True) for quality in (20, 95))
    yield encoded(picture, quality=60, progressive=True)
    yield encoded(picture[..., 0], quality=80, optimize=True)
    yield MOTION_JPEG
    yield without(encoded(picture, quality=75), 0xDB)
    yield without(encoded(picture, quality=75, progressive=True), 0xC4)
    yield encoded(picture, quality=90)[:-700]
    yield encoded(picture, quality=90, progressive=True)[:200]


def hold(datas, views=(SMALL, CORNER), rounds=2):
    """Each file behind others, in several orders, gives what it gives alone."""
    for view in views:
        alone = [shown(_core.Pool(1), data, view) for data in datas]
        pool = _core.Pool(1)
        rng = np.random.default_rng(0)
        for order in [
            range(len(datas)),
            range(len(datas))[::-1],
            *(rng.permutation(len(datas)) for _ in range(rounds)),
        ]:
            for i in order:
                pixels, reason = shown(pool, datas[i], view)
                assert reason == alone[i][1]
                assert np.array_equal(pixels, alone[i][0])


def test_each_file_behind_each_other():
    for first in files():
        for second in files():
            hold([first, second], rounds=0)


@pytest.mark.parametrize("before", [{"optimize": True}, {"progressive": True}, {"quality": 5}], ids=str)
@pytest.mark.parametrize("view", [SMALL, CORNER], ids=["small", "corner"])
def test_a_frame_of_motion_jpeg_is_read_with_the_standard_tables(before, view):
    want, reason = shown(_core.Pool(1), SPELLED_OUT, view)
    assert reason is None
    pool = _core.Pool(1)
    shown(pool, encoded(scene(90, 70, 2), **before), view)
    pixels, reason = shown(pool, MOTION_JPEG, view)
    assert reason is None
    # In the corner, what spells its tables out is read by our own decoder, and what does not by libjpeg.
    assert np.abs(pixels - want.astype(int)).max() <= (0 if view is SMALL else 3)


def test_pillow_reads_it_so():
    pictures = [np.asarray(Image.open(io.BytesIO(data))) for data in (MOTION_JPEG, SPELLED_OUT)]
    assert np.array_equal(*pictures)


def jpegs(paths, most=1 << 20):
    """Those that the core takes; none so large that all orders would take long."""
    datas = [path.read_bytes() for path in paths if path.stat().st_size < most]
    rows = _core.header(datas)
    good = (rows[:, 0] == 1) & (rows[:, 1].astype(np.int64) * rows[:, 2] < 1 << 22)
    return [data for data, kept in zip(datas, good, strict=True) if kept]


def test_every_difficult_file_behind_others():
    if not nasty():
        pytest.skip(f"{DATA / 'nasty_dev'} is not there")
    hold(jpegs(DATA / "nasty_dev" / record["file"] for record in nasty()))


def test_difficult_files_behind_photos():
    photos = sorted(real("flowers").rglob("*.jpg"))[::90]
    odd = [DATA / "nasty_dev" / record["file"] for record in nasty() if record["file"].startswith("jpeg")]
    hold([*jpegs(photos), *jpegs(odd), *files()], rounds=1)
