"""What a notebook shows of an object, for every class that has something to show."""

from importlib import import_module
from typing import Any


def page(shown: Any) -> str:
    """A piece of a page: what the object says of itself and, where it has images, a few of them."""
    # Who draws a thing stands above the thing. It is looked for by its name, and only once somebody looks.
    made: str = import_module("augstream.drawing.page").page(shown)
    return made
