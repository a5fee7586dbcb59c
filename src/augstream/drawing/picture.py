"""One image with what is known of it drawn upon it: mask, boxes, outlines, points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augstream.drawing.levels import Pixels
from augstream.sources.targets import Targets

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

# Okabe and Ito's, which people who confuse red and green can tell apart.
COLORS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))
NO_CLASS = (160, 160, 160)  # 255 in a mask commonly says that nobody knows
_DARK = (20, 20, 20)


@dataclass(frozen=True, eq=False)
class Picture:
    """An image as bytes, (h, w, c). targets: in pixels of an image of `size`, (height, width); None: of this one."""

    pixels: Pixels
    caption: str = ""
    targets: Targets = field(default_factory=Targets)
    size: tuple[int, int] | None = None

    def drawn(self, side: int) -> Image.Image:
        """As large as fits into a square of `side` pixels."""
        from PIL import ImageDraw

        image = fitted(self.pixels, side)
        height, width = self.size or self.pixels.shape[:2]
        targets = self.targets
        if isinstance(targets.mask, np.ndarray):
            image = _masked(image, targets.mask)
        pen = ImageDraw.Draw(image)
        scale = np.array([image.width / width, image.height / height])
        _draw_boxes(pen, targets, scale, max(1, side // 100))
        if targets.points is not None:
            _draw_points(pen, np.asarray(targets.points) * scale, max(2, side // 50))
        return image


def fitted(pixels: Pixels, size: int) -> Image.Image:
    """The image as large as fits into a square of `size` pixels."""
    from PIL import Image

    # A palette of gray would do for one channel, but a sheet is in color anyway.
    image = Image.fromarray(np.broadcast_to(_three(pixels), (*pixels.shape[:2], 3)).copy())
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    way = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    return image if scale == 1 else image.resize((width, height), way)


def _three(pixels: Pixels) -> Pixels:
    """Channels that a screen has: alpha is left out, and so is what is beyond three."""
    return pixels[:, :, :1] if pixels.shape[2] == 2 else pixels[:, :, :3]


def _color(number: Any) -> tuple[int, int, int]:
    return COLORS[int(number) % len(COLORS)]


def _masked(image: Image.Image, mask: NDArray[Any]) -> Image.Image:
    """The image, half of it the color of the class where the mask is not 0."""
    from PIL import Image

    if mask.ndim == 3:
        # A channel each: the last one that is set lies on top.
        numbers = np.arange(1, mask.shape[2] + 1)
        mask = mask[:, :, 0] if mask.shape[2] == 1 else ((mask != 0) * numbers).max(axis=2)
    numbers = mask.astype(np.int64)
    colors = np.array(COLORS, np.uint8)[(numbers - 1) % len(COLORS)]
    colors[numbers == 255] = NO_CLASS
    near = Image.Resampling.NEAREST
    over = Image.fromarray(colors).resize(image.size, near)
    share = Image.fromarray((numbers != 0).astype(np.uint8) * 128).resize(image.size, near)
    return Image.composite(over, image, share)


def _draw_boxes(pen: ImageDraw.ImageDraw, targets: Targets, scale: NDArray[Any], line: int) -> None:
    boxes = () if targets.boxes is None else np.asarray(targets.boxes) * np.tile(scale, 2)
    for row, box in enumerate(boxes):
        label = 0 if targets.box_label is None else targets.box_label[row]
        color = _color(label) if np.ndim(label) == 0 and np.asarray(label).dtype.kind in "biu" else COLORS[0]
        # A box ends where its last pixel ends; Pillow's rectangle has its last pixel at the end.
        x0, y0, x1, y1 = np.rint(box).astype(int).tolist()
        x1, y1 = max(x0, x1 - 1), max(y0, y1 - 1)
        for corners in () if targets.polygons is None else targets.polygons[row]:
            points = [tuple(corner) for corner in (np.asarray(corners) * scale).tolist()]
            pen.line([*points, points[0]], fill=color, width=1)
        # Dark beside it, so that it is seen on any ground.
        pen.rectangle((x0, y0, x1, y1), outline=_DARK, width=line + 1)
        pen.rectangle((x0, y0, x1, y1), outline=color, width=line)


def _draw_points(pen: ImageDraw.ImageDraw, points: NDArray[Any], radius: int) -> None:
    for number, (x, y) in enumerate(points.tolist()):
        if np.isfinite(x) and np.isfinite(y):
            around = (x - radius - 0.5, y - radius - 0.5, x + radius - 0.5, y + radius - 0.5)
            pen.ellipse(around, fill=_color(number), outline=_DARK)
