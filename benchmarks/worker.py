"""One contestant in a process of its own: `python -m benchmarks.worker CONTESTANT JOB FOLDER`.

It builds its entry, prints one JSON line about it (or why it cannot take part), then for each line of input, a number
of seconds, works that long and prints images per second and the seconds of processor time that an image took, those of
its own worker processes included. Between turns it does nothing.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import jobs, peers

ENTRIES: dict[str, Callable[[str, Path, int], jobs.Batches]] = {
    "augstream": jobs.augstream,
    "augstream, one thread": jobs.augstream_one_thread,
    "keras-preprocessing": peers.keras_preprocessing,
    "keras-preprocessing, bilinear": peers.keras_preprocessing_bilinear,
    "keras-preprocessing, processes": peers.keras_preprocessing_processes,
    "albumentations": peers.albumentations,
    "albumentations, resize last": peers.albumentations_resize_last,
    "torchvision": peers.torchvision,
}
DECODERS = {"bare decode": None, "bare decode, one thread": 1}

SETTLE = 0.5  # seconds for worker processes and threads to fill their queues and fall silent

Measure = Callable[[float], tuple[int, float]]  # works for some seconds: (images, seconds)


class Stream:
    """Counts the images of an endless stream of batches."""

    def __init__(self, batches: jobs.Batches) -> None:
        self.batches = batches

    def __call__(self, seconds: float) -> tuple[int, float]:
        images, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            images += len(next(self.batches))
        return images, spent


def turn(measure: Measure, seconds: float) -> tuple[float, float]:
    """Images per second, and the seconds of processor time that an image took."""
    before = processor_time()
    warm, _ = measure(seconds / 4)  # what was waiting in the queues is not timed
    images, spent = measure(seconds)
    time.sleep(SETTLE)
    return images / spent, (processor_time() - before) / (warm + images)


def processor_time() -> float:
    """Seconds of this process and its children; of this process alone where there is no /proc."""
    used = sum(os.times()[:2])
    for child in multiprocessing.active_children():
        with suppress(FileNotFoundError):
            fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
            used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def start(contestant: str, job: str, folder: Path) -> tuple[Measure, dict[str, Any]]:
    """The contestant ready to run, and what is known about its batches."""
    cores = jobs.cores()
    if contestant in DECODERS:
        return peers.bare_decode(folder, DECODERS[contestant] or cores), {}
    batches = ENTRIES[contestant](job, folder, cores)
    first = np.asarray(next(batches))
    if first.shape != jobs.SHAPE[job] or first.dtype != np.float32:
        raise RuntimeError(f"{contestant} makes {first.dtype} batches of shape {first.shape} for {job}")
    if not first.flags.c_contiguous:
        raise RuntimeError(f"{contestant} makes batches that are not contiguous for {job}")
    levels = {"mean": float(first.mean()), "std": float(first.std())}
    return Stream(batches), levels


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("contestant")
    parser.add_argument("job")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    answers, sys.stdout = sys.stdout, sys.stderr  # a peer that prints does not disturb the answers
    try:
        measure, about = start(arguments.contestant, arguments.job, arguments.folder)
    except (ImportError, NotImplementedError) as error:
        print(json.dumps({"missing": f"{type(error).__name__}: {error}"}), file=answers, flush=True)
        return
    print(json.dumps(about), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(turn(measure, float(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
