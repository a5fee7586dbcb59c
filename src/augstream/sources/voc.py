"""Images with an XML file of boxes each, as Pascal VOC's tools write them."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from augstream.errors import ArgumentError, SourceError
from augstream.sources.annotate import annotate
from augstream.sources.files import Files, Reader, Where, absolute, in_waves, is_remote
from augstream.sources.folder import from_folder
from augstream.sources.packed_names import Names


def from_voc(
    folder: Where,
    split: str | None = None,
    *,
    classes: Sequence[str] | None = None,
    difficult: bool = True,
    masks: bool = False,
    mask_fill: int = 255,
    values: Mapping[int, int] | None = None,
    min_visible: float = 0.1,
    remote: dict[str, Any] | None = None,
) -> Files:
    """A folder with JPEGImages, Annotations and ImageSets; VOC's boxes count pixels from 1, both ends included.

    split: a list of ImageSets/Main (with masks: of ImageSets/Segmentation), such as "train"; None: every annotation
    that has its image. classes: their names in order; None: all there are, sorted. difficult: whether boxes marked
    so are there. masks: whether to have the class masks of SegmentationClass, in which 255 is the outline. values:
    {number as stored: class id} for masks; other numbers stay. remote: what `Remote` takes, where the folder
    is an address.
    """
    root = absolute(folder).rstrip("/")
    for part in ("JPEGImages", "Annotations"):
        if not is_remote(root) and not Path(root, part).is_dir():
            raise SourceError(f"from_voc: {root} has no folder {part}.")
    images = from_folder(f"{root}/JPEGImages", labels=None, remote=remote)
    pictures = {name.rpartition(".")[0]: name for name in (images.name(index) for index in range(len(images)))}
    if split is not None:
        stems = _listed(root, "Segmentation" if masks else "Main", split, images.reader)
    else:
        notes = from_folder(f"{root}/Annotations", labels=None, extensions=["xml"], remote=remote)
        stems = [notes.name(index).rpartition(".")[0] for index in range(len(notes))]
        stems = [stem for stem in stems if stem in pictures]
    missing = [stem for stem in stems if stem not in pictures]
    if missing or not stems:
        raise SourceError(f"from_voc: {root}/JPEGImages lacks {missing[0] if missing else 'every picture'}.")
    files = [f"{root}/Annotations/{stem}.xml" for stem in stems]
    found = [
        _objects(file, data, difficult) for file, data in zip(files, in_waves(images.reader.many, files), strict=True)
    ]
    names = sorted({name for some in found for name, _ in some}) if classes is None else [str(name) for name in classes]
    number = {name: place for place, name in enumerate(names)}
    unknown = next((name for some in found for name, _ in some if name not in number), None)
    if unknown is not None:
        raise ArgumentError(f"from_voc.classes are {names}, but there are boxes of {unknown!r}.")
    source = Files(root, Names.of(f"JPEGImages/{pictures[stem]}" for stem in stems), images.reader)
    source.classes = names
    annotate(
        source,
        "from_voc",
        boxes=[[box for _, box in some] for some in found],
        box_label=[[number[name] for name, _ in some] for some in found],
        masks=Files(root, Names.of(f"SegmentationClass/{stem}.png" for stem in stems), images.reader)
        if masks
        else None,
        mask_fill=mask_fill if masks else 0,
        min_visible=min_visible,
        values={} if values is None else values,  # here 255 is meant
    )
    return source


def _listed(root: str, folder: str, split: str, files: Reader) -> list[str]:
    file = f"{root}/ImageSets/{folder}/{split}.txt"
    try:
        lines = files.one(file).decode().splitlines()
    except FileNotFoundError:
        known = [] if is_remote(root) else sorted(path.stem for path in Path(file).parent.glob("*.txt"))
        has = f"; {Path(file).parent} has {', '.join(known)}" if known else ""
        raise SourceError(f"from_voc: there is no split {split!r}{has}.") from None
    stems = [line.split()[0] for line in lines if line.strip()]
    if not stems:
        raise SourceError(f"from_voc: {file} names no image.")
    return stems


def _objects(file: str, data: bytes | Exception, difficult: bool) -> list[tuple[str, list[float]]]:
    try:
        if isinstance(data, Exception):
            raise data
        tree = ElementTree.fromstring(data)
    except Exception as error:
        raise SourceError(f"from_voc: cannot read {file}: {error}.") from error
    found = []
    for one in tree.iter("object"):
        if not difficult and (one.findtext("difficult") or "0").strip() == "1":
            continue
        box = one.find("bndbox")
        try:
            if box is None:
                raise ValueError
            x0, y0, x1, y1 = (float(box.findtext(name, "?")) for name in ("xmin", "ymin", "xmax", "ymax"))
            if not all(map(math.isfinite, (x0, y0, x1, y1))):
                raise ValueError
        except ValueError:
            raise SourceError(f"from_voc: {file} has an object without a whole bndbox.") from None
        # Pixels are counted from 1 and the last one is part of the box: [x0, x1] there is [x0 - 1, x1) here.
        name = (one.findtext("name") or "").strip()
        if not name:
            raise SourceError(f"from_voc: {file} has an object without a name.")
        found.append((name, [x0 - 1, y0 - 1, x1, y1]))
    return found
