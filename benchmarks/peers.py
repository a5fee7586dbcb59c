"""The peers' entries for the jobs: each as its own documentation would write it, in its own process.

Choices are made in the peer's favor where there is one: OpenCV's single-threaded mode inside worker processes, plain
(not antialiased) resizing where that is the peer's default, workers that outlive an epoch, no copy that is not needed.
"""

import itertools
import os
import sys
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.jobs import ANGLE, BATCH, JITTER, MEAN, PAD, SHEAR, SHIFT, STD, TURN, ZOOM, Batches


def bare_decode(folder: Path, cores: int) -> Callable[[float], tuple[int, float]]:
    """Read and decode the files to RGB, and nothing else: returns what does so for some seconds (images, seconds)."""
    import simplejpeg

    paths = [str(path) for path in folder.glob("*/*.jpg")]
    order = np.random.default_rng(0)
    endless = (paths[i] for _ in itertools.count() for i in order.permutation(len(paths)))
    turn = threading.Lock()

    def one_thread(deadline: float, done: list[int]) -> None:
        count = 0
        while time.perf_counter() < deadline:
            with turn:
                path = next(endless)
            with open(path, "rb") as file:  # noqa: PTH123 (the cheapest way to read)
                simplejpeg.decode_jpeg(file.read(), "RGB")
            count += 1
        done.append(count)

    def measure(seconds: float) -> tuple[int, float]:
        done: list[int] = []
        start = time.perf_counter()
        threads = [threading.Thread(target=one_thread, args=(start + seconds, done)) for _ in range(cores)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(done), time.perf_counter() - start

    return measure


def keras_preprocessing(job: str, folder: Path, cores: int) -> Batches:  # noqa: ARG001 (it has no workers of its own)
    """`flow_from_directory`, as the API was used for years."""
    flow = _keras_flow(job, folder)
    while True:
        yield next(flow)[0]


def keras_preprocessing_bilinear(job: str, folder: Path, cores: int) -> Batches:  # noqa: ARG001
    """The same with the photos resized as well as the others do it, which is not its default."""
    flow = _keras_flow(job, folder, interpolation="bilinear")
    while True:
        yield next(flow)[0]


def keras_preprocessing_processes(job: str, folder: Path, cores: int) -> Batches:
    """`flow_from_directory` behind a pool of processes, as `fit(workers=..., use_multiprocessing=True)` did."""
    import multiprocessing

    flow = _keras_flow(job, folder)
    with multiprocessing.get_context("fork").Pool(cores, _serve_flow, (flow,)) as pool:
        steps = (i for _ in itertools.count() for i in range(len(flow) - 1))
        waiting = [pool.apply_async(_flow_item, (next(steps),)) for _ in range(2 * cores)]
        while True:
            batch = waiting.pop(0).get()
            waiting.append(pool.apply_async(_flow_item, (next(steps),)))
            yield batch


def _keras_flow(job: str, folder: Path, interpolation: str = "nearest") -> Any:
    from keras_preprocessing.image import ImageDataGenerator, affine_transformations
    from scipy import ndimage

    if job != "course":
        raise NotImplementedError
    # SciPy has moved these functions out of ndimage.interpolation and warns, or fails, at every call.
    affine_transformations.ndimage = types.SimpleNamespace(interpolation=ndimage)
    generator = ImageDataGenerator(
        rotation_range=ANGLE,
        width_shift_range=SHIFT,
        height_shift_range=SHIFT,
        shear_range=SHEAR,
        zoom_range=ZOOM,
        horizontal_flip=True,
        rescale=1 / 255,
    )
    return generator.flow_from_directory(
        str(folder), (224, 224), batch_size=BATCH[job], class_mode="sparse", seed=0, interpolation=interpolation
    )


_flow: Any = None


def _serve_flow(flow: Any) -> None:
    global _flow
    _flow = flow
    np.random.seed(os.getpid())  # noqa: NPY002 (the generator draws from the global state)


def _flow_item(step: int) -> Any:
    return _flow[step][0]


class _Photos:
    """A torch dataset: a file (or an array) through a function."""

    def __init__(self, samples: Any, transform: Callable[[Any], Any]) -> None:
        self.samples, self.transform = samples, transform

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Any:
        return self.transform(self.samples[index])


def _torch_batches(job: str, samples: Any, transform: Callable[[Any], Any], cores: int) -> Batches:
    from torch.utils.data import DataLoader

    batches = DataLoader(
        _Photos(samples, transform),
        BATCH[job],
        shuffle=True,
        num_workers=cores,
        persistent_workers=True,
        drop_last=True,
        worker_init_fn=_single_threaded,
        multiprocessing_context="fork",
    )
    while True:
        for batch in batches:
            yield batch.numpy()


def _single_threaded(worker: int) -> None:  # noqa: ARG001
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(0)


def _samples(job: str, folder: Path) -> Any:
    return data.small_arrays()[0] if job == "small" else [str(path) for path in sorted(folder.glob("*/*.jpg"))]


def albumentations(job: str, folder: Path, cores: int, resize_first: bool = True) -> Batches:
    """torch's DataLoader with a worker per core, OpenCV and Albumentations."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import albumentations as a
    import cv2
    import torch

    cv2.setNumThreads(0)
    flip = a.HorizontalFlip(p=0.5)
    if job == "course":
        affine = a.Affine(
            rotate=(-ANGLE, ANGLE),
            translate_percent=(-SHIFT, SHIFT),
            shear={"x": (-SHEAR, SHEAR), "y": (0, 0)},
            scale=(1 - ZOOM, 1 + ZOOM),
            border_mode=cv2.BORDER_REPLICATE,
            p=1,
        )
        geometry = [a.Resize(224, 224), affine] if resize_first else [affine, a.Resize(224, 224)]
        chain = a.Compose([*geometry, flip, a.ToFloat(max_value=255)])
    elif job == "imagenet":
        jitter = a.ColorJitter(JITTER, JITTER, JITTER, hue=0, p=1)
        chain = a.Compose([a.RandomResizedCrop((224, 224)), flip, jitter, a.Normalize(MEAN, STD), a.ToTensorV2()])
    else:
        crop = [a.Pad(PAD), a.RandomCrop(32, 32), flip]
        chain = a.Compose([*crop, a.Rotate((-TURN, TURN), p=1), a.Normalize(MEAN, STD), a.ToTensorV2()])

    def transform(sample: Any) -> Any:
        picture = cv2.imread(sample, cv2.IMREAD_COLOR_RGB) if isinstance(sample, str) else sample
        image = chain(image=picture)["image"]
        return torch.from_numpy(image) if job == "course" else image

    return _torch_batches(job, _samples(job, folder), transform, cores)


def albumentations_resize_last(job: str, folder: Path, cores: int) -> Batches:
    """The same with the order of augstream's pipeline: the affine map sees the whole photo."""
    if job != "course":
        raise NotImplementedError
    return albumentations(job, folder, cores, resize_first=False)


def torchvision(job: str, folder: Path, cores: int) -> Batches:
    """torch's DataLoader with a worker per core, Pillow and torchvision's v2 transforms on Pillow images."""
    # A torchvision of another build than torch's lacks the compiled operators that this module describes; the
    # transforms need none of them.
    sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations"))
    import torch
    from PIL import Image
    from torchvision.transforms import InterpolationMode, v2

    bilinear = InterpolationMode.BILINEAR
    flip = v2.RandomHorizontalFlip()
    scale, normal = v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)
    if job == "course":
        affine = v2.RandomAffine(ANGLE, (SHIFT, SHIFT), (1 - ZOOM, 1 + ZOOM), (-SHEAR, SHEAR), interpolation=bilinear)
        chain = v2.Compose([v2.Resize((224, 224)), affine, flip, v2.ToImage(), scale])
    elif job == "imagenet":
        jitter = v2.ColorJitter(JITTER, JITTER, JITTER)
        chain = v2.Compose([v2.RandomResizedCrop(224), flip, jitter, v2.ToImage(), scale, normal])
    else:
        turn = v2.RandomRotation(TURN, interpolation=bilinear)
        chain = v2.Compose([v2.RandomCrop(32, padding=PAD), flip, turn, v2.ToImage(), scale, normal])

    def transform(sample: Any) -> Any:
        if isinstance(sample, str):
            with Image.open(sample) as file:
                image = chain(file.convert("RGB"))
        else:
            image = chain(Image.fromarray(sample))
        image = image.as_subclass(torch.Tensor)
        return image.permute(1, 2, 0) if job == "course" else image

    return _torch_batches(job, _samples(job, folder), transform, cores)
