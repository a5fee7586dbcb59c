"""A contact sheet: real photos, each beside what a network would see of it in the epochs to come."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from augstream.batch.batch import Batch
from augstream.decode.sample import ColorMode
from augstream.drawing.levels import Pixels, on_screen
from augstream.drawing.picture import Picture
from augstream.errors import SampleError
from augstream.loader import Loader
from augstream.plan.op import Frame
from augstream.printable import printable
from augstream.sources.source import Source
from augstream.sources.targets import Targets
from augstream.transforms.compose import Compose
from augstream.transforms.tone import Normalize, Rescale

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

_PAPER, _INK, _FAINT = (250, 250, 249), (28, 28, 30), (122, 122, 128)


@dataclass(frozen=True, eq=False)
class Row:
    """One sample: the image as it is, and as it comes out in epochs 0, 1, ...; each (h, w, c) uint8.

    name, label: as they may be shown. targets: those of the image as it is, and of each variant.
    """

    index: int
    name: str
    label: str
    original: Pixels
    variants: list[Pixels]
    targets: list[Targets] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Sheet:
    """The rows that could be made, and the (index, name, reason) of samples that were passed over."""

    rows: list[Row]
    failures: list[tuple[int, str, str]]


def make(
    source: Source,
    pipeline: Compose,
    *,
    rows: int = 6,
    variants: int = 6,
    seed: int = 0,
    color: ColorMode = "rgb",
    of: Sequence[int] | None = None,
) -> Sheet:
    """Rows for samples from all over the source: the very images that a Loader with this seed hands out.

    of: which samples; None is `rows` of them from all over the source. One that cannot be read is passed over for the
    next one. Levels are those before a closing Normalize or
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
    for start in spread(len(source), rows) if of is None else of:
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
        images = [row.original, *row.variants]
        for x, pixels, targets in zip(left, images, row.targets or [Targets()] * len(images), strict=False):
            photo = Picture(pixels, targets=targets).drawn(size)
            sheet.paste(photo, (x + (size - photo.width) // 2, top + (size - photo.height) // 2))
        caption = _shortened(f"{row.index}  {row.name}", width - 2 * margin, pen, font)
        pen.text((margin, top + size + gap), caption, _FAINT, font, anchor="lt")
    return sheet


def grid(pictures: Sequence[Picture], size: int = 160, columns: int = 6) -> "Image.Image":
    """Pictures in rows, each fitted into a square of `size` pixels above its caption."""
    from PIL import Image, ImageDraw, ImageFont

    columns = min(columns, len(pictures))
    gap, margin, text = max(4, size // 20), max(8, size // 12), max(10, size // 11)
    foot = text + 2 * gap if any(one.caption for one in pictures) else 0
    rows = -(-len(pictures) // columns)
    width = 2 * margin + columns * size + (columns - 1) * gap
    sheet = Image.new("RGB", (width, 2 * margin + rows * (size + foot + gap) - gap), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(text)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        left, top = margin + column * (size + gap), margin + row * (size + foot + gap)
        photo = picture.drawn(size)
        sheet.paste(photo, (left + (size - photo.width) // 2, top + (size - photo.height) // 2))
        caption = _shortened(picture.caption, size, pen, font)
        pen.text((left + size / 2, top + size + gap), caption, _INK, font, anchor="mt")
    return sheet


def targets_of(batch: Batch, row: int) -> Targets:
    """What is drawn upon one image of a batch."""
    moved: dict[str, Any] = {
        name: None if (rows := getattr(batch, name)) is None else rows[row]
        for name in ("mask", "boxes", "box_label", "points", "polygons")
    }
    return Targets(**moved)


def spread(n: int, count: int) -> list[int]:
    """Up to `count` indices, evenly over 0..n-1."""
    return sorted({int((k + 0.5) * n / count) for k in range(count)}) if count < n else list(range(n))


def _shortened(text: str, width: float, pen: "ImageDraw.ImageDraw", font: Any) -> str:
    """The beginning of a text, as much as fits into so many pixels."""
    if pen.textlength(text, font) <= width:
        return text
    while text and pen.textlength(f"{text}...", font) > width:
        text = text[:-1]
    return f"{text}..."


def _row(plain: Loader, loader: Loader, index: int, variants: int) -> Row:
    """One sample as it is and as it becomes."""
    source = plain.source
    batch = plain.batch(0, index)
    original = batch.image[0]
    known = plain.batches.prepare.try_out(np.array([index]))
    frame = known or Frame(np.array([original.shape[:2]]), original.shape[2])
    peak = loader.pipeline.result(frame).peak
    made = [loader.batch(epoch, index) for epoch in range(variants)]
    label = source.classes[source.label(index)] if source.classes else ""
    return Row(
        index,
        printable(source.name(index)),
        printable(label),
        on_screen(original, frame.peak),
        [on_screen(one.image[0], peak) for one in made],
        [targets_of(one, 0) for one in (batch, *made)],
    )
