"""What a notebook shows: a line of text, and a small contact sheet."""

import base64
from html import escape
from io import BytesIO
from time import monotonic
from typing import Any

from augstream.batch.described import Described
from augstream.drawing.picture import Picture
from augstream.drawing.sheet import grid, spread
from augstream.drawing.show import original, pictures_of
from augstream.sources.files import Disk, Files
from augstream.sources.source import Source
from augstream.transforms.compose import Compose

_MANY, _SIDE = 12, 96
_SECONDS = 0.5


def page(shown: Any) -> str:
    """A piece of a page; never an error, and a loader stays where it is."""
    try:
        text = str(shown) if isinstance(shown, Compose) else repr(shown)
    except Exception:
        text = object.__repr__(shown)
    made = f'<pre style="white-space: pre-wrap">{escape(text)}</pre>'
    try:
        pictures = [] if isinstance(shown, Compose) else _few(shown)
        return made + _img(pictures) if pictures else made
    except Exception:  # an object that cannot be drawn is still an object that can be told of
        return made


def _few(shown: Any) -> list[Picture]:
    """A few pictures, as many as there is time for; none of what is far away."""
    source = shown if isinstance(shown, Source) else shown.batches.source if isinstance(shown, Described) else None
    if source is not None and not _near(source):
        return []
    if not isinstance(shown, Source):
        return pictures_of(shown, _MANY, _SIDE)
    begin, pictures = monotonic(), []
    for index in spread(len(shown), _MANY):
        try:
            pictures.append(original(shown, index, _SIDE))
        except Exception:  # what cannot be read is told of where it is read
            continue
        if monotonic() - begin > _SECONDS:
            break
    return pictures


def _near(source: Source) -> bool:
    """Whether its samples can be read without waiting for a network."""
    leaf = source.leaf(0)[0]
    return not isinstance(leaf, Files) or isinstance(leaf.reader, Disk)


def _img(pictures: list[Picture]) -> str:
    buffer = BytesIO()
    sheet = grid(pictures, _SIDE)
    sheet.save(buffer, "PNG", compress_level=3)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" width="{sheet.width}" height="{sheet.height}" alt="">'
