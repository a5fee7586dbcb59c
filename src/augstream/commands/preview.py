"""A contact sheet: real photos, each beside what a network would see of it in the epochs to come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augstream.decode.sample import ColorMode
from augstream.errors import SampleError
from augstream.loader import Loader
from augstream.plan.op import Frame
from augstream.printable import printable
from augstream.sources.source import Source
from augstream.transforms.compose import Compose
from augstream.transforms.tone import Normalize, Rescale

if TYPE_CHECKING:
    from PIL import Image

Pixels = NDArray[np.uint8]

_PAPER, _INK, _FAINT = (250, 250, 249), (28, 28, 30), (122, 122, 128)


@dataclass(frozen=True, eq=False)
class Row:
    """One sample: the image as it is, and as it comes out in epochs 0, 1, ...; each (h, w, c) uint8.

    name, label: as they may be shown.
    """

    index: int
    name: str
    label: str
    original: Pixels
    variants: list[Pixels]


@dataclass(frozen=True, eq=False)
class Sheet:
    """The rows that could be made, and the (index, name, reason) of samples that were passed over."""

    rows: list[Row]
    failures: list[tuple[int, str, str]]


def make(
    source: Source, pipeline: Compose, *, rows: int = 6, variants: int = 6, seed: int = 0, color: ColorMode = "rgb"
) -> Sheet:
    """Rows for encoded samples from all over the source: the very images that a Loader with this seed hands out.

    A sample that cannot be read is passed over for the next one. Levels are those before a closing Normalize or
    Rescale, as a screen wants them.
    """
    # One sample a batch and in the source's order: batch number i is sample i, as any loader with this seed makes it.
    plain, loader = (
        Loader(source, steps, 1, seed=seed, shuffle=False, prefetch=0, color=color)
        for steps in (Compose([]), shown(pipeline))
    )
    made: list[Row] = []
    failures: list[tuple[int, str, str]] = []
    tried: set[int] = set()
    for start in _spread(len(source), rows):
        for index in range(start, len(source)):
            if index in tried:
                continue
            tried.add(index)
            try:
                made.append(_row(plain, loader, index, variants))
                break
            except SampleError as error:
                failures += error.failures
    if not made:
        raise SampleError(failures, "Repair or remove the files, or pass a folder with images that can be read.")
    return Sheet(made, failures)


def shown(pipeline: Compose) -> Compose:
    """The pipeline without the Normalize and Rescale at its end; the draws of the others stay as they are."""
    kept = list(pipeline)
    while kept and isinstance(kept[-1], Normalize | Rescale):
        kept.pop()
    return replace(pipeline, transforms=kept)


def render(rows: Sequence[Row], size: int = 160) -> "Image.Image":
    """The sheet as an image, each photo fitted into a square of `size` pixels."""
    from PIL import Image, ImageDraw, ImageFont

    columns = 1 + max(len(row.variants) for row in rows)
    gap, margin = max(4, size // 20), max(12, size // 8)
    text = max(10, size // 11)
    head, foot = text + 2 * gap, text + 3 * gap
    aside = 2 * gap
    width = 2 * margin + columns * size + (columns - 1) * gap + aside
    sheet = Image.new("RGB", (width, 2 * margin + head + len(rows) * (size + foot)), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(text)
    left = [margin + column * (size + gap) + (aside if column else 0) for column in range(columns)]
    for column, x in enumerate(left):
        title = "original" if column == 0 else f"epoch {column - 1}"
        pen.text((x + size / 2, margin), title, _INK if column == 0 else _FAINT, font, anchor="mt")
    for number, row in enumerate(rows):
        top = margin + head + number * (size + foot)
        for x, pixels in zip(left, [row.original, *row.variants], strict=False):
            photo = fitted(pixels, size)
            sheet.paste(photo, (x + (size - photo.width) // 2, top + (size - photo.height) // 2))
        caption = f"{row.index}  {row.name}"
        while pen.textlength(caption, font) > width - 2 * margin and len(caption) > 8:
            caption = caption[:-4] + "..."
        pen.text((margin, top + size + gap), caption, _FAINT, font, anchor="lt")
    return sheet


def fitted(pixels: Pixels, size: int) -> "Image.Image":
    """The image as large as fits into a square of `size` pixels."""
    from PIL import Image

    # A palette of gray would do for one channel, but a sheet is in color anyway.
    image = Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)).copy())
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    way = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    return image if scale == 1 else image.resize((width, height), way)


def _row(plain: Loader, loader: Loader, index: int, variants: int) -> Row:
    """One sample as it is and as it becomes."""
    source = plain.source
    original = plain.batch(0, index).image[0]
    frame = Frame(np.array([original.shape[:2]]), original.shape[2])
    peak = loader.pipeline.result(frame).peak
    made = [_levels(loader.batch(epoch, index).image[0], peak) for epoch in range(variants)]
    label = source.classes[source.label(index)] if source.classes else ""
    return Row(index, printable(source.name(index)), printable(label), _levels(original, frame.peak), made)


def _spread(n: int, count: int) -> list[int]:
    """Up to `count` indices, evenly over 0..n-1."""
    return sorted({int((k + 0.5) * n / count) for k in range(count)}) if count < n else list(range(n))


def _levels(pixels: NDArray[Any], peak: float | None) -> Pixels:
    """Pixels as a screen shows them. peak: the level of white; where it has no meaning any more, the highest one."""
    low, high = (0.0, peak) if peak else (float(pixels.min()), float(pixels.max()))
    return np.clip(np.rint((pixels - low) * (255 / max(high - low, 1e-9))), 0, 255).astype(np.uint8)
