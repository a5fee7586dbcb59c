"""Names that the old modules had besides those of their own: optional packages, and the modules' own names."""

import importlib
import sys
from collections.abc import Callable
from typing import Any

PACKAGE = __name__.rpartition(".")[0]
OPTIONAL = {
    "ImageEnhance": "PIL.ImageEnhance",
    "linalg": "scipy.linalg",
    "ndimage": "scipy.ndimage",
    "pil_image": "PIL.Image",
    "scipy": "scipy",
}


def optional(module: str) -> Callable[[str], Any]:
    """A `__getattr__` for packages that the old module imported where it could; None where it could not."""

    def get(name: str) -> Any:
        if name not in OPTIONAL:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        try:
            return importlib.import_module(OPTIONAL[name])
        except ImportError:
            return None

    return get


def demand(own: str, name: str, message: str) -> None:
    """Raises ImportError where somebody has set this attribute of our module to None, as tests of old programs do."""
    module = sys.modules.get(f"{PACKAGE}.{own}")
    if module is not None and vars(module).get(name, name) is None:
        raise ImportError(message)


def one_copy(name: str, own: str) -> None:
    """Puts our module in the place of a second copy of it, read under another name.

    That happens where our package stands in `sys.modules` under the old one's name, to serve programs that import that:
    Python reads the files of its modules again, and every class would be there twice.
    """
    ours = f"{PACKAGE}.{own}"
    if name != ours:
        sys.modules[name] = importlib.import_module(ours)
