"""A contact sheet of what each contestant makes, a row each: `python -m benchmarks.sheet OUT.png`. Look at it."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks import data, jobs
from benchmarks.race import ROOT
from benchmarks.worker import ENTRIES, start

COLUMNS, CELL, MARGIN = 8, 160, 18


def pictures(contestant: str, job: str, folder: Path) -> NDArray[np.uint8]:
    """The first images of the contestant's second batch, as levels again."""
    stream, _ = start(contestant, job, folder)
    batch = np.asarray(next(stream.batches))[:COLUMNS]  # type: ignore[attr-defined]
    if job == "course":
        return (batch * 255).round().clip(0, 255).astype(np.uint8)
    levels = batch.transpose(0, 2, 3, 1) * jobs.STD + jobs.MEAN
    return (levels * 255).round().clip(0, 255).astype(np.uint8)


def draw(rows: dict[str, NDArray[np.uint8]]) -> Image.Image:
    sheet = Image.new("RGB", (COLUMNS * CELL, len(rows) * (CELL + MARGIN)), "white")
    for number, (title, row) in enumerate(rows.items()):
        top = number * (CELL + MARGIN)
        ImageDraw.Draw(sheet).text((4, top + 3), title, "black")
        for column, picture in enumerate(row):
            cell = Image.fromarray(picture).resize((CELL, CELL), Image.Resampling.NEAREST)
            sheet.paste(cell, (column * CELL, top + MARGIN))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sheet", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cache", type=Path, default=data.default_cache())
    parser.add_argument("--row", nargs=2, metavar=("CONTESTANT", "JOB"), help="write one row as .npy (used by itself)")
    options = parser.parse_args()
    folder = data.photo_sets(options.cache)[0].often
    if options.row:
        np.save(options.out, pictures(*options.row, folder))
        return
    rows = {}
    with tempfile.TemporaryDirectory() as scratch:
        for job in jobs.SHAPE:
            for contestant in ENTRIES:
                out = Path(scratch) / "row.npy"
                command = [sys.executable, "-m", "benchmarks.sheet", str(out), "--cache", str(options.cache)]
                done = subprocess.run([*command, "--row", contestant, job], cwd=ROOT, capture_output=True, text=True)
                if done.returncode == 0:
                    rows[f"{job}: {contestant}"] = np.load(out)
                else:
                    print(f"{job}: {contestant}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    draw(rows).save(options.out)


if __name__ == "__main__":
    main()
