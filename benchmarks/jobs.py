"""The three jobs, and augstream's entries for them.

An entry makes an endless stream of float32 batches of one job; a peer's entry of the same job makes batches of the same
shape, from the same files, shuffled. What the numbers of a job mean is said once, here.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import data

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ANGLE, SHIFT, SHEAR, ZOOM = 40, 0.2, 11, 0.2  # course
JITTER = 0.4  # imagenet: brightness, contrast and saturation
PAD, TURN = 4, 15  # small

BATCH = {"course": 32, "imagenet": 32, "small": 128}
SHAPE = {"course": (32, 224, 224, 3), "imagenet": (32, 3, 224, 224), "small": (128, 3, 32, 32)}

Batches = Iterator[Any]


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pipeline(job: str) -> Any:
    """The job as an augstream pipeline."""
    import augstream as aug

    if job == "course":
        return aug.Compose(
            [
                aug.Rotate((-ANGLE, ANGLE)),
                aug.Shift(x=(-SHIFT, SHIFT), y=(-SHIFT, SHIFT)),
                aug.Shear((-SHEAR, SHEAR)),
                aug.Zoom((1 - ZOOM, 1 + ZOOM)),
                aug.HorizontalFlip(p=0.5),
                aug.Resize(224, 224),
                aug.Rescale(1 / 255),
            ],
            border="edge",
        )
    if job == "imagenet":
        jitter = aug.ColorJitter(brightness=JITTER, contrast=JITTER, saturation=JITTER)
        return aug.Compose(
            [aug.RandomResizedCrop(224, 224), aug.HorizontalFlip(p=0.5), jitter, aug.Normalize(MEAN, STD)]
        )
    crop = [aug.Pad(PAD), aug.RandomCrop(32, 32), aug.HorizontalFlip(p=0.5)]
    return aug.Compose([*crop, aug.Rotate((-TURN, TURN)), aug.Normalize(MEAN, STD)])


def loader(job: str, folder: Path, threads: int) -> Any:
    import augstream as aug

    source = aug.from_arrays(*data.small_arrays()) if job == "small" else aug.from_folder(folder)
    layout = "NHWC" if job == "course" else "NCHW"
    return aug.Loader(source, pipeline(job), BATCH[job], seed=0, threads=threads, layout=layout, drop_remainder=True)


def augstream(job: str, folder: Path, threads: int) -> Batches:
    batches = loader(job, folder, threads)
    while True:
        for batch in batches:
            yield batch.image


def augstream_one_thread(job: str, folder: Path, threads: int) -> Batches:  # noqa: ARG001
    return augstream(job, folder, 1)
