"""The drop-in beside keras-preprocessing 1.1.2 and beside our own Loader: `python -m benchmarks.drop_in`.

Contestants are processes that take turns; a ratio is taken within a round, and the median over the rounds is printed
with the smallest and the largest. Needs the extra `old`. "processor" is the ratio of processor time per image, which
tells what to expect of a machine that has nothing else to do: times the number of cores, as the original uses one.
"""

import argparse
import json
import os
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.jobs import ANGLE, SHEAR, SHIFT, ZOOM, pipeline
from benchmarks.race import ROOT, Contestant
from benchmarks.worker import Stream, turn

GEOMETRY = {
    "rotation_range": ANGLE,
    "width_shift_range": SHIFT,
    "height_shift_range": SHIFT,
    "shear_range": SHEAR,
    "zoom_range": ZOOM,
    "horizontal_flip": True,
}
JOBS = {"course": "files", "arrays, all geometry": "arrays", "arrays, nothing": "arrays"}
RACES = [  # job, contestant, beside, at least
    ("course", "drop-in", "1.1.2", 15.0),
    ("course", "drop-in", "Loader", 0.9),
    ("course", "drop-in, compat", "1.1.2", None),
    ("arrays, all geometry", "drop-in", "1.1.2", 15.0),
    ("arrays, all geometry", "drop-in, compat", "1.1.2", None),
    ("arrays, nothing", "drop-in", "1.1.2", 3.0),
]


def batches(who: str, job: str, folder: Path) -> Iterator[Any]:
    """An endless stream of a contestant's batches."""
    if who == "Loader":
        import augstream as aug

        loader = aug.Loader(aug.from_folder(folder), pipeline(job), 32, seed=0)
        return (batch.image for _ in iter(int, 1) for batch in loader)
    arguments: dict[str, Any] = {} if job.endswith("nothing") else dict(GEOMETRY)
    if who == "1.1.2":
        from keras_preprocessing.image import ImageDataGenerator, affine_transformations
        from scipy import ndimage

        # SciPy has moved these functions out of ndimage.interpolation and warns, or fails, at every call.
        affine_transformations.ndimage = types.SimpleNamespace(interpolation=ndimage)
    else:
        from augstream.keras_preprocessing.image import ImageDataGenerator

        if who.endswith("compat"):
            arguments["compat"] = "1.1.2"
    if job == "course":
        generator = ImageDataGenerator(rescale=1 / 255, **arguments)
        flow = generator.flow_from_directory(str(folder), (224, 224), batch_size=32, class_mode="sparse", seed=0)
        return (x for x, _ in flow)
    x = np.random.default_rng(0).integers(0, 256, (320, 224, 224, 3), np.uint8)
    return iter(ImageDataGenerator(**arguments).flow(x, batch_size=32, seed=0))


class Runner(Contestant):
    """A contestant of this race."""

    def __init__(self, who: str, job: str, folder: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.drop_in", "--worker", who, job, str(folder)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.process = subprocess.Popen(
            command, cwd=ROOT, text=True, env={"KERAS_BACKEND": "jax", **os.environ}, **pipes
        )


def work(who: str, job: str, folder: Path) -> None:
    """What a contestant's process does: a turn for each line of input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the original prints
    stream = Stream(batches(who, job, folder))
    stream(0.2)
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(turn(stream, float(line))), file=answers, flush=True)
    os._exit(0)  # threads and frameworks take their time to end


def race(job: str, who: str, beside: str, folder: Path, rounds: int, seconds: float) -> str:
    """One line of the table."""
    with Runner(who, job, folder) as ours, Runner(beside, job, folder) as theirs:
        for runner in (ours, theirs):
            runner.hear()
        found = [(ours.turn(seconds), theirs.turn(seconds)) for _ in range(rounds)]
    ratios = sorted(a[0] / b[0] for a, b in found)
    processor = median(b[1] / a[1] for a, b in found)
    rates = [median(turn[side][0] for turn in found) for side in (0, 1)]
    return (
        f"{median(ratios):6.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})  processor {processor:5.2f}  "
        f"{rates[0]:8.0f} and {rates[1]:6.0f} images/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", nargs=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--smoke", action="store_true", help="a few made-up photos, and short turns")
    given = parser.parse_args()
    if given.worker:
        work(given.worker[0], given.worker[1], Path(given.worker[2]))
    folder = data.photo_sets(data.default_cache(), smoke=given.smoke)[0].often
    for job, who, beside, least in RACES:
        line = race(job, who, beside, folder, given.rounds, given.seconds)
        target = f"  (at least {least:g})" if least else ""
        print(f"{job:22} {who:16} / {beside:6} {line}{target}", flush=True)


if __name__ == "__main__":
    main()
