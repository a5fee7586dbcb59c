"""Cats and dogs for the notebooks, drawn here so that they need no download: portraits with a mask each.

`python examples/pets.py FOLDER` writes 300 of each into FOLDER/photos.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

Color = tuple[int, ...]
Point = tuple[float, float]

FURS = [(222, 160, 88), (120, 84, 60), (92, 92, 100), (238, 226, 205), (176, 130, 90), (64, 58, 60), (205, 205, 208)]
GROUNDS = [(148, 190, 112), (205, 180, 140), (170, 150, 190), (130, 170, 160), (190, 160, 130)]
SKIES = [(190, 220, 240), (250, 225, 190), (225, 215, 240), (215, 235, 215), (245, 215, 215)]
CAT_EYES = [(140, 190, 70), (225, 180, 60), (110, 170, 210)]
WIDTH, HEIGHT = 480, 600
"""Of what an animal is drawn on, before it is put into its picture."""
TOP = 210
"""Where the middle of the head is."""


def write(folder: Path | str, counts: dict[str, int], seed: int = 0) -> Path:
    """Draw folder/train/cats/000.jpg and so on; counts: pictures of each class, by part, such as {"train": 50}."""
    for number, (part, count) in enumerate(counts.items()):
        for kind in ("cat", "dog"):
            place = Path(folder) / part / f"{kind}s"
            place.mkdir(parents=True, exist_ok=True)
            for index in range(count):
                draw(kind, [seed, number, kind == "dog", index])[0].save(place / f"{index:03}.jpg", quality=90)
    return Path(folder)


def write_pairs(folder: Path | str, count: int, seed: int = 0) -> Path:
    """Draw folder/images/000.jpg and folder/masks/000.png: 0 is background, 1 is the animal."""
    for name in ("images", "masks"):
        (Path(folder) / name).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        image, mask = draw(("cat", "dog")[index % 2], [seed, 99, index])
        image.save(Path(folder) / "images" / f"{index:03}.jpg", quality=90)
        mask.save(Path(folder) / "masks" / f"{index:03}.png")
    return Path(folder)


def draw(kind: str, seed: int | list[int], size: tuple[int, int] = (160, 120)) -> tuple[Image.Image, Image.Image]:
    """A picture of a "cat" or a "dog", (width, height) large, and its mask; another one for each seed."""
    rng = np.random.default_rng(seed)
    animal = _animal(kind, rng)
    scale = size[1] / HEIGHT * rng.uniform(0.85, 1.5)
    animal = animal.resize((round(WIDTH * scale), round(HEIGHT * scale)), Image.Resampling.LANCZOS)
    animal = animal.rotate(rng.uniform(-25, 25), Image.Resampling.BICUBIC, expand=True)
    free = np.subtract(size, animal.size)
    left, top = (int(place) for place in free / 2 + rng.uniform(-0.2, 0.2, 2) * size)
    image = _background(size, rng)
    image.paste(animal, (left, top), animal)
    mask = Image.new("L", size)
    mask.paste(1, (left, top), animal.getchannel("A").point(lambda alpha: 255 * (alpha > 127)))
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.15))
    noise = rng.normal(0, 6, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)), mask


def _background(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Sky, ground, and things that stand around."""
    width, height = size
    image = Image.new("RGB", size, _near(SKIES, rng))
    pen = ImageDraw.Draw(image)
    horizon = height * rng.uniform(0.45, 0.8)
    pen.rectangle((0, horizon, width, height), fill=_near(GROUNDS, rng))
    for _ in range(rng.integers(2, 6)):
        x, y, r = rng.uniform(0, width), horizon + rng.normal(0, 14), rng.uniform(6, 26)
        fill = _near(rng.permutation([*GROUNDS, *SKIES, *FURS]).tolist(), rng)
        if rng.random() < 0.4:
            pen.polygon([(x - r, y), (x + r, y), (x, y - 2 * r)], fill=fill)
        else:
            pen.ellipse((x - r, y - r, x + r, y + r), fill=fill)
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2.5)))


def _animal(kind: str, rng: np.random.Generator) -> Image.Image:
    """Head and shoulders on nothing; what tells the two apart are ears, muzzle, nose and eyes, not the fur."""
    layer = Image.new("RGBA", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(layer)
    fur = _near(FURS, rng)
    light, dark = _mixed(fur, (255, 250, 240), 0.55), _mixed(fur, (40, 30, 30), 0.35)
    wide, high = rng.uniform(98, 118), rng.uniform(88, 104)

    def ellipse(x: float, y: float, rx: float, ry: float, fill: Color) -> None:
        pen.ellipse((WIDTH / 2 + x - rx, TOP + y - ry, WIDTH / 2 + x + rx, TOP + y + ry), fill=fill)

    def both(shape: Callable[[int], None]) -> None:
        shape(-1)
        shape(1)

    def polygon(points: list[Point], fill: Color) -> None:
        pen.polygon([(WIDTH / 2 + x, TOP + y) for x, y in points], fill=fill)

    ellipse(0, 235, 128, 150, fur)
    ellipse(0, 240, 68, 125, light)
    if kind == "cat":
        tip, lean = rng.uniform(150, 185), rng.uniform(60, 100)
        both(lambda s: polygon([(s * 104, -30), (s * lean, -tip), (s * 14, -80)], fur))
        both(lambda s: polygon([(s * 86, -58), (s * lean, -tip + 32), (s * 36, -86)], (236, 170, 170)))
    ellipse(0, 0, wide, high, fur)
    if rng.random() < 0.5:
        ellipse(float(rng.choice([-44, 44])), -22, 44, 46, light if rng.random() < 0.5 else dark)
    if kind == "dog":
        length, out, fold = rng.uniform(58, 88), rng.uniform(86, 112), rng.uniform(-20, 20)
        both(lambda s: _tilted(layer, (s * out, fold + 10), (32, length), s * rng.uniform(8, 22), dark))
        ellipse(0, 48, 54, 46, light)
        both(lambda s: ellipse(s * 42, -20, 15, 17, (46, 32, 28)))
        both(lambda s: ellipse(s * 42 - 5, -26, 5, 5, (255, 255, 255)))
        if rng.random() < 0.6:
            ellipse(0, 92, 17, 28, (232, 120, 130))
        pen.arc((WIDTH / 2 - 34, 238, WIDTH / 2, 290), 20, 160, (60, 45, 45), 5)
        pen.arc((WIDTH / 2, 238, WIDTH / 2 + 34, 290), 20, 160, (60, 45, 45), 5)
        ellipse(0, 26, 23, 17, (38, 32, 34))
    else:
        eye = _near(CAT_EYES, rng)
        both(lambda s: ellipse(s * 42, -10, 21, 18, eye))
        both(lambda s: ellipse(s * 42, -10, 6, 16, (28, 26, 26)))
        both(lambda s: ellipse(s * 17, 48, 23, 18, light))
        polygon([(-13, 28), (13, 28), (0, 42)], (226, 130, 140))
        for side in (-1, 1):
            for rise in (-14, 0, 14):
                near, far = WIDTH / 2 + side * 30, WIDTH / 2 + side * 108
                pen.line((near, 258, far, 254 + rise), (245, 240, 235) if sum(fur) < 450 else (90, 80, 80), 4)
        if rng.random() < 0.4:
            for x in (-28, 0, 28):
                pen.line((WIDTH / 2 + x, TOP - high + 12, WIDTH / 2 + x * 0.7, TOP - high + 48), dark, 9)
    return layer


def _tilted(layer: Image.Image, center: Point, radii: Point, angle: float, fill: Color) -> None:
    """An ellipse whose lower end swings outward by `angle` degrees."""
    turn = np.deg2rad(angle)
    t = np.linspace(0, 2 * np.pi, 60)
    x, y = radii[0] * np.cos(t), radii[1] * np.sin(t)
    points = np.stack([x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)], 1)
    points += [WIDTH / 2 + center[0], TOP + center[1]]
    ImageDraw.Draw(layer).polygon([tuple(point) for point in points], fill=fill)


def _near(colors: Sequence[Color], rng: np.random.Generator) -> Color:
    """One of these colors, a little varied."""
    color = np.array(colors[int(rng.integers(len(colors)))]) + rng.normal(0, 12, 3)
    return tuple(np.clip(color, 0, 255).astype(int).tolist())


def _mixed(color: Color, other: Color, share: float) -> Color:
    return tuple(round(a + (b - a) * share) for a, b in zip(color, other, strict=True))


if __name__ == "__main__":
    write(sys.argv[1], {"photos": 300})
