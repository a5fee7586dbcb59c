"""`aug.show`: a contact sheet of whatever one has at hand."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augstream.batch.arguments import composed, is_whole
from augstream.batch.batch import Batch
from augstream.batch.described import Described
from augstream.check.thumbnails import thumbnail
from augstream.decode.header import read_headers
from augstream.decode.sample import checked
from augstream.drawing.images import images_of, label_text, planes
from augstream.drawing.levels import Pixels, on_screen
from augstream.drawing.picture import Picture
from augstream.drawing.sheet import grid, make, render, shown, spread, targets_of
from augstream.errors import ArgumentError, SampleError
from augstream.printable import printable
from augstream.sources.arrays import from_arrays
from augstream.sources.decoded import Decoded
from augstream.sources.source import Source
from augstream.transforms.compose import Compose
from augstream.transforms.transform import Transform

if TYPE_CHECKING:
    from PIL import Image

_MANY, _ROWS = 24, 6


def show(
    what: Any,
    pipeline: Compose | Sequence[Transform] | None = None,
    *,
    count: int | None = None,
    variants: int = 6,
    seed: int = 0,
    size: int = 160,
) -> "Image.Image":
    """An image to look at, of a batch, a loader, a source, one of its samples, or images; a notebook displays it.

    pipeline: with one, each photo stands beside what the network sees of it in so many epochs, `variants`. count: how
    many photos; None is 24, and 6 with a pipeline. size: the side of each, in pixels. what: of a loader, the next
    batch, and its epoch stays where it is; images are arrays, tensors, Pillow's or paths, one or several, or (x, y).
    Masks, boxes, outlines and points are drawn. Levels are those before a closing Normalize or Rescale; where that is
    not known, as in a batch, they are taken to be 0 to 1, -1 to 1 or 0 to 255, or are stretched.
    """
    for name, value in (("count", 1 if count is None else count), ("variants", variants), ("size", size)):
        if not is_whole(value) or value < 1:
            raise ArgumentError(f"show.{name} must be an integer of at least 1; got {value!r}.")
    if isinstance(what, Transform):
        raise ArgumentError("show needs images for the pipeline to work on. Write aug.show(photos, pipeline).")
    if pipeline is None:
        return grid(pictures_of(what, count or _MANY, size), size)
    of: Sequence[int] | None = None
    if isinstance(what, Batch):
        raise ArgumentError("A batch has been through its pipeline. Write aug.show(batch), or show its source.")
    if isinstance(what, Described):
        what = what.batches.source
    elif isinstance(what, Decoded):
        what, of = what.source, [what.index]
    elif not isinstance(what, Source):
        what = _source(what)
    made = make(what, composed(pipeline, "show"), rows=count or _ROWS, variants=variants, seed=seed, of=of)
    return render(made.rows, size)


def _source(what: Any) -> Source:
    """Images as a source."""
    images, labels = images_of(what)
    if any(image.dtype.kind == "f" for image in images):
        images = [image.astype(np.float32) for image in images]
        bright = max(float(image.max()) for image in images) > 1
        return from_arrays(images, labels, peak=255.0 if bright else None)
    return from_arrays([image if image.dtype.itemsize < 3 else on_screen(image) for image in images], labels)


def pictures_of(what: Any, count: int, size: int) -> list[Picture]:
    """Up to `count` pictures of anything that `show` takes, of at least so many pixels a side where there are."""
    if isinstance(what, Described):
        return _of_loader(what, count)
    if isinstance(what, Batch):
        return _of_batch(what, count)
    if isinstance(what, Source):
        return of_source(what, count, size)
    if isinstance(what, Decoded):
        caption = "" if what.label is None else label_text(what.label, what.source.classes)
        return [Picture(on_screen(what.image, what.source.peak), printable(caption), what.targets)]
    images, labels = images_of(what)
    return [
        Picture(pixels, "" if labels is None else label_text(labels[row], None))
        for row, pixels in enumerate(_together(images[:count]))
    ]


def _of_loader(what: Described, count: int) -> list[Picture]:
    batches = what.batches
    # Without the closing change of levels, so that colors are the photo's; the draws are the same.
    plain = batches.like(shown(batches.prepare.pipeline))
    batch = plain.peek(*batches.place.following, count)
    frame = plain.prepare.try_out(batch.index[:1])
    return _of_batch(batch, count, None if frame is None else frame.peak)


def _of_batch(batch: Batch, count: int, peak: float | None = None) -> list[Picture]:
    levels = on_screen(batch.image[:count], peak)
    names = batch.name if batch.label is None else [""] * len(batch)
    pictures = []
    for row, pixels in enumerate(levels):
        targets = targets_of(batch, row)
        if planes(pixels):
            pixels = pixels.transpose(1, 2, 0)
            if isinstance(targets.mask, np.ndarray) and targets.mask.ndim == 3:
                targets = replace(targets, mask=targets.mask.transpose(1, 2, 0))
        caption = names[row] if batch.label is None else label_text(batch.label[row], batch.source.classes)
        pictures.append(Picture(pixels, printable(caption), targets))
    return pictures


def of_source(source: Source, count: int, size: int) -> list[Picture]:
    """Samples from all over a source, as they are; those that cannot be read are passed over."""
    failures: list[tuple[int, str, str]] = []
    pictures = list(islice(_originals(source, count, size, failures), count))
    if not pictures:
        raise SampleError(failures, "Repair or remove the files.")
    return pictures


def _originals(source: Source, count: int, size: int, failures: list[tuple[int, str, str]]) -> Iterator[Picture]:
    tried: set[int] = set()
    for start in spread(len(source), count):
        for index in range(start, len(source)):
            if index in tried:
                continue
            tried.add(index)
            try:
                yield original(source, index, size)
                break
            except Exception as error:  # sources are anybody's code
                failures.append((index, source.name(index), str(error)))


def original(source: Source, index: int, size: int) -> Picture:
    """One sample as it is, encoded ones at a fraction of their size; any exception where it cannot be read."""
    sample, caption = checked(source.read(index)), _caption(source.label(index), source) or source.name(index)
    if isinstance(sample, bytes):
        pixels, (height, width) = thumbnail(sample, size), read_headers([sample]).size[0].tolist()
    else:
        pixels, (height, width) = on_screen(sample, source.peak), sample.shape[:2]
    noted = source.targets(index) if source.targeted else None
    if noted is None:
        return Picture(pixels, printable(caption))
    targets = noted.checked((height, width), source.rules.values)
    return Picture(pixels, printable(caption), targets, (height, width))


def _caption(label: Any, source: Source) -> str:
    return "" if label is None else label_text(label, source.classes)


def _together(images: list[NDArray[Any]]) -> list[Pixels]:
    """Images by the same measure: each by itself would be made lighter or darker than it is beside the others."""
    if len({(image.shape, image.dtype) for image in images}) == 1:
        return list(on_screen(np.stack(images)))
    return [on_screen(image) for image in images]
