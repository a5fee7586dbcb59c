"""What a call and a plan cost beside the pixels: microseconds of processor time on images of about 8 x 8 pixels.

By index in no order, and sizes that change from call to call; each number is the least of some rounds, in which all
take turns. `python -m benchmarks --only planning`.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Row

CALLS, BATCH = 50, 32
# Beyond the pixels, for one image; microseconds.
MOST = {"empty": 12.0, "six": 80.0}
ONE = 20.0
SIX = "RandomResizedCrop, HorizontalFlip, Rotate, ColorJitter, Gamma, Normalize"

Image = NDArray[np.uint8]


def images() -> list[Image]:
    """Images of a few sizes."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (8 + i % 3, 8 + i % 2, 3), np.uint8) for i in range(CALLS)]


def ours() -> dict[str, Any]:
    import augstream as aug

    crop, flip, turn = aug.RandomResizedCrop(8), aug.HorizontalFlip(p=1), aug.Rotate(15)
    jitter, gamma, normal = aug.ColorJitter(0.2, 0.2, 0.2), aug.Gamma(0.2), aug.Normalize()
    rows = {
        "empty": [],
        "flip": [flip],
        "Brightness": [aug.Brightness(0.2)],
        "Gamma": [gamma],
        "Normalize": [normal],
        "RandomResizedCrop": [crop],
        "Rotate": [turn],
        "ColorJitter": [jitter],
        "six": [crop, aug.HorizontalFlip(), turn, jitter, gamma, normal],
    }
    return {name: aug.Compose(row) for name, row in rows.items()}


def albumentations() -> dict[str, Callable[[Image], Any]]:
    """The same of albumentations, by the name of the row."""
    try:
        import albumentations as peer
    except ImportError:
        return {}
    crop, flip, turn = peer.RandomResizedCrop((8, 8)), peer.HorizontalFlip(p=1), peer.Rotate(15, p=1)
    jitter, gamma = peer.ColorJitter(0.2, 0.2, 0.2, 0, p=1), peer.RandomGamma((80, 120), p=1)
    normal = peer.Normalize()
    rows = {
        "empty": [],
        "flip": [flip],
        "Brightness": [peer.RandomBrightnessContrast(0.2, 0, p=1)],
        "Gamma": [gamma],
        "Normalize": [normal],
        "RandomResizedCrop": [crop],
        "Rotate": [turn],
        "ColorJitter": [jitter],
        "six": [crop, peer.HorizontalFlip(), turn, jitter, gamma, normal],
    }

    def call(made: Any) -> Callable[[Image], Any]:
        return lambda image: made(image=image)

    return {name: call(peer.Compose(row)) for name, row in rows.items()}


def planning(rounds: int, peers: bool, say: Callable[[str], None]) -> list[Row]:
    """A row for each pipeline: a call, and one image's part of the plan of a batch; albumentations beside the calls."""
    import augstream as aug

    some, frame = images(), aug.Frame(np.full((BATCH, 2), 256))
    jobs: dict[tuple[str, str], tuple[Callable[[], Any], int]] = {}
    for name, pipeline in ours().items():

        def calls(pipeline: Any = pipeline) -> None:
            for number, image in enumerate(some):
                pipeline(image, seed=0, epoch=0, index=number * 7919 % 1000)

        def plans(pipeline: Any = pipeline) -> None:
            for number in range(4):
                pipeline.plan(0, 0, np.arange(BATCH) + BATCH * number, frame)

        jobs[name, "a call"] = calls, len(some)
        jobs[name, f"a plan of {BATCH}, each"] = plans, 4 * BATCH
    for name, call in albumentations().items() if peers else ():

        def theirs(call: Callable[[Image], Any] = call) -> None:
            for image in some:
                call(image)

        jobs[name, "albumentations"] = theirs, len(some)
    found: dict[tuple[str, str], list[float]] = {key: [] for key in jobs}
    for number in range(rounds + 1):
        for key, (job, many) in jobs.items():
            start = time.process_time_ns()
            job()
            if number:  # the first one warms up
                found[key].append((time.process_time_ns() - start) / 1000 / many)
    say("    calls and plans")
    return [_row(*key, spent) for key, spent in found.items()]


def _row(name: str, what: str, spent: list[float]) -> Row:
    target = MOST.get(name, ONE) if what == "a call" else None
    note = SIX if name == "six" and what == "a call" else ""
    return Row(f"{name}: {what}", min(spent), min(spent), max(spent), "us", target, "lower", note=note)
