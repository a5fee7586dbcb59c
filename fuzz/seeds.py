"""Files for the fuzz targets to begin with: JPEGs, and the blocks that a cache keeps of them.

usage: seeds.py FOLDER_OF_FILES OUTPUT
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import augstream as aug
from augstream import _core
from augstream.engines.default import default_engine

MOST_BYTES = 1 << 15
MOST_PIXELS = 1 << 14  # so that blocks are no longer than what the targets take


def made():
    """JPEGs of each kind, for where no folder of files is there."""
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (9, 11, 3), np.uint8)).resize((61, 45))
    for options in (
        {"subsampling": 2},
        {"subsampling": 1, "restart_marker_blocks": 3},
        {"subsampling": 0, "optimize": True},
        {"progressive": True},
        {"keep_rgb": True},
    ):
        file = io.BytesIO()
        image.save(file, "JPEG", **options)
        yield file.getvalue()


def blocks(data, small):
    """The block of a file's whole image at its own scale, or of one that is looked at from afar."""
    height, width = (int(n) for n in _core.header([data])[0, 1:3])
    transform = aug.Resize(max(1, height // 9), max(1, width // 9)) if small else aug.CenterCrop(1)
    plan = aug.Compose([transform]).plan(0, 0, np.arange(1), aug.Frame(np.array([[height, width]]), 3))
    keep = [True]
    default_engine().run([data], plan, keep=keep)
    return [block for block in keep if block is not None]


def main():
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for name in ("jpeg", "block"):
        (target / name).mkdir(parents=True, exist_ok=True)
    paths = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else []
    datas = [path.read_bytes() for path in paths if path.stat().st_size <= MOST_BYTES]
    number = 0
    for data in [*made(), *datas]:
        kind, height, width = (int(n) for n in _core.header([data])[0, :3])
        if kind != 1 or height * width > MOST_PIXELS:
            continue
        (target / "jpeg" / f"{number:04}").write_bytes(data)
        for small in (False, True):
            for block in blocks(data, small):
                (target / "block" / f"{number:04}-{small:d}").write_bytes(block.tobytes())
        number += 1
    for channels in (1, 2, 3, 4):
        packed = _core.pack(np.arange(5 * 7 * channels, dtype=np.uint8).reshape(5, 7, channels), 1)
        (target / "block" / f"packed-{channels}").write_bytes(packed.tobytes())
    print(f"{number} JPEGs to begin with")


main()
