"""Images with one JSON file of annotations, as COCO has them."""

import json
from dataclasses import replace
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.decode import pillow
from augstream.decode.sample import MAX_PIXELS
from augstream.errors import ArgumentError, SourceError
from augstream.sources.annotate import annotate, rules
from augstream.sources.files import Files, Where, absolute, is_remote, reader, unlimited
from augstream.sources.packed_names import Names
from augstream.sources.targets import Targets

Masks: TypeAlias = Literal["class", "instance"] | None


def from_coco(
    images: Where,
    annotations: Where,
    *,
    masks: Masks = None,
    panoptic: Where | None = None,
    crowd: bool = False,
    points: bool = False,
    polygons: bool = False,
    mask_fill: int = 0,
    min_visible: float = 0.1,
    remote: dict[str, Any] | None = None,
) -> Files:
    """A folder of images and the JSON file of their annotations: instances, keypoints, or panoptic segments.

    Classes are the categories in the order of their ids; `box_label` counts them from 0. crowd: whether boxes of crowds
    are there. masks: "class" has each pixel's class counted from 1, "instance" the number of its object, counted from
    1 in the order of the boxes; 0 is what belongs to none, and smaller objects lie on top. They are drawn from polygons
    or run lengths when a sample is read, or taken from the PNG files of the folder `panoptic`. points: the keypoints,
    all objects' in a row; NaN where one is not marked. polygons: whether to have the outlines, so that boxes stay tight
    around them when they are turned; an object that has run lengths instead is as large as its box. mask_fill: the
    number that a mask has outside of the image. min_visible: a box is dropped where a smaller share of it is left.
    remote: what `Remote` takes, where the images are at an address.
    """
    if masks not in (None, "class", "instance"):
        raise ArgumentError(f'from_coco.masks must be "class", "instance" or None; got {masks!r}.')
    path = absolute(annotations)
    try:
        data = json.loads(unlimited(reader(path, remote if is_remote(path) else None), path))
        notes = _parsed(data, crowd)
        names = Names.of(picture["file_name"] for picture in notes.pictures)
        classes = [str(category["name"]) for category in notes.categories]
        boxes = [[_corners(one["bbox"]) for one in some] for some in notes.objects]
        box_label = [[notes.number[one["category_id"]] for one in some] for some in notes.objects]
        keypoints = [[point for one in some for point in _keypoints(one)] for some in notes.objects] if points else None
        outlines = [[_outlines(one) for one in some] for some in notes.objects] if polygons else None
        shapes, sizes = None, []
        if masks is not None:
            shapes = [[_shape(one, notes.number, panoptic is None) for one in some] for some in notes.objects]
            sizes = [_size(picture) for picture in notes.pictures]
    except OSError as error:
        raise SourceError(f"from_coco: cannot read {path}: {error.strerror or error}.") from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        what = f"something in it has no {error}" if isinstance(error, KeyError) else error
        raise SourceError(
            f"from_coco: {path} is no COCO file: {what}. It needs images, categories and annotations."
        ) from None
    away = None if panoptic is None or not is_remote(panoptic) else remote
    segments = None if panoptic is None else Files(panoptic, Names.of(notes.files), away)
    source = Coco(images, names, masks, shapes, segments, sizes, remote)
    source.classes = classes
    annotate(source, "from_coco", boxes=boxes, box_label=box_label, points=keypoints, polygons=outlines)
    source.rules = rules(mask_fill, min_visible, "from_coco")
    return source


class _Notes(NamedTuple):
    """What a COCO file says. number: id of a category -> its class. objects, files: for each image."""

    pictures: list[dict[str, Any]]
    categories: list[dict[str, Any]]
    number: dict[int, int]
    objects: list[list[dict[str, Any]]]
    files: list[str]


def _parsed(data: dict[str, Any], crowd: bool) -> _Notes:
    pictures = sorted(data["images"], key=lambda picture: str(picture["file_name"]))
    categories = sorted(data["categories"], key=lambda category: category["id"])
    number = {category["id"]: place for place, category in enumerate(categories)}
    row = {picture["id"]: place for place, picture in enumerate(pictures)}
    if not pictures:
        raise ValueError("it lists no images")
    if len(row) < len(pictures):
        raise ValueError("two of its images have one id")
    objects: list[list[dict[str, Any]]] = [[] for _ in pictures]
    files = [""] * len(pictures)
    for one in data["annotations"]:
        place = row.get(one["image_id"])
        if place is None:
            raise ValueError(f"an annotation is for image {one['image_id']}, which is not listed")
        files[place] = one.get("file_name", "")
        for part in one.get("segments_info", [one]):
            if part["category_id"] not in number:
                raise ValueError(f"an annotation is of category {part['category_id']}, which is not listed")
            if crowd or not part.get("iscrowd"):
                objects[place].append(part)
    return _Notes(pictures, categories, number, objects, files)


class Coco(Files):
    """Images with COCO's annotations. shapes: for each image (class from 1, outline) of each object."""

    def __init__(
        self,
        root: Where,
        names: Names,
        masks: Masks,
        shapes: list[list[tuple[int, Any]]] | None,
        panoptic: Files | None,
        sizes: list[tuple[int, int]],
        remote: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(root, names, remote if is_remote(root) else None)
        self.masks, self.shapes, self.panoptic, self.sizes = masks, shapes, panoptic, sizes

    def targets(self, index: int) -> Targets | None:
        found = super().targets(index)
        if found is None or self.shapes is None:
            return found
        return replace(found, mask=self._mask(index))

    def _mask(self, index: int) -> NDArray[Any]:
        shapes = self.shapes[index] if self.shapes is not None else []
        labels = [kind if self.masks == "class" else place for place, (kind, _) in enumerate(shapes, 1)]
        if self.panoptic is not None:
            data = self.panoptic.read(index)
            colors = pillow.numbers(data if isinstance(data, bytes) else b"").astype(np.int32)
            ids = colors[..., 0] + 256 * colors[..., 1] + 65536 * colors[..., 2]
            mask = np.zeros(ids.shape, np.int32)
            for label, (_, segment) in zip(labels, shapes, strict=True):
                mask[ids == segment] = label
            return mask
        height, width = self.sizes[index]
        drawn = [outline(shape, height, width) for _, shape in shapes]
        mask = np.zeros((height, width), np.int32)
        for place in sorted(range(len(drawn)), key=lambda place: -int(drawn[place].sum())):
            mask[drawn[place]] = labels[place]
        return mask


def outline(shape: Any, height: int, width: int) -> NDArray[np.bool_]:
    """The pixels of one object: of polygons [[x, y, x, y, ...], ...], or of run lengths {"counts", "size"}."""
    if isinstance(shape, dict):
        size = tuple(shape["size"])
        if size != (height, width):
            raise ValueError(f"the run lengths are of {size} pixels and the image of {(height, width)}")
        counts = shape["counts"]
        runs = np.asarray(_unpack(counts) if isinstance(counts, str) else counts, np.int64)
        if (runs.size and (runs.min() < 0 or runs.max() > height * width)) or runs.sum() != height * width:
            raise ValueError(f"the run lengths are not those of {height * width} pixels")
        pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
        return pixels.reshape(width, height).T
    from PIL import Image, ImageDraw

    image = Image.new("1", (width, height))
    draw = ImageDraw.Draw(image)
    for polygon in shape:
        if len(polygon) >= 6:
            # Pillow's whole numbers are pixel centers; here they are pixel edges.
            draw.polygon([value - 0.5 for value in polygon], fill=1)
    return np.array(image)


def _unpack(text: str) -> list[int]:
    """COCO's compressed run lengths: five bits a letter; each run from the fourth on is told from the last but one."""
    runs: list[int] = []
    value = shift = 0
    for letter in text.encode():
        bits = letter - 48
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return runs


def _shape(one: dict[str, Any], number: dict[int, int], drawn: bool) -> tuple[int, Any]:
    """Class from 1, and the outline, or the number of the segment in the panoptic image."""
    return number[one["category_id"]] + 1, one["segmentation"] if drawn else one["id"]


def _size(picture: dict[str, Any]) -> tuple[int, int]:
    height, width = int(picture["height"]), int(picture["width"])
    if not (height > 0 and width > 0 and height * width <= MAX_PIXELS):
        raise ValueError(
            f"{picture['file_name']!r:.200} is said to have {height} x {width} pixels; masks are drawn for images of "
            f"up to {MAX_PIXELS}"
        )
    return height, width


def _corners(box: Any) -> list[float]:
    x, y, width, height = map(float, box)
    return [x, y, x + width, y + height]


def _outlines(one: dict[str, Any]) -> list[NDArray[np.float32]]:
    shape = one.get("segmentation")
    if not isinstance(shape, list):
        return []
    return [np.array(part, np.float32).reshape(-1, 2) for part in shape if len(part) >= 6]


def _keypoints(one: dict[str, Any]) -> list[list[float]]:
    triples = np.asarray(one.get("keypoints", []), np.float64).reshape(-1, 3)
    # Keypoints are pixels; the middle of pixel i is at i + 0.5.
    marked = np.where(triples[:, 2:] > 0, triples[:, :2] + 0.5, np.nan)
    return marked.tolist()  # type: ignore[no-any-return]
