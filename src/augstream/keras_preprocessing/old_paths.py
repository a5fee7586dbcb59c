"""Our names under the paths that old programs import them from, until they are taken away again."""

import importlib.util
import sys
from collections.abc import MutableMapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from augstream.keras_preprocessing import image

PACKAGE = "keras_preprocessing"
OLDEST = f"{PACKAGE}.image"
# Of Keras itself, and of whatever package Keras' modules are imported through: tensorflow, keras.api, keras._tf_keras.
ENDINGS = ("keras.preprocessing.image", "keras.api.preprocessing.image")
SUBMODULES = {name: module for name, module in vars(image).items() if isinstance(module, ModuleType)}

_absent = object()
_changes: list[tuple[MutableMapping[str, Any], str, Any]] = []


def install() -> None:
    """Makes `keras.preprocessing.image`, also below `tensorflow`, and `keras_preprocessing.image` give our names.

    Nothing is imported for it: a module that comes later gets them when it comes. What it has besides them stays.
    """
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    for name, module in list(sys.modules.items()):
        if _is_old(name) and module is not None:
            _stand_in(name, module)
    at = sys.modules.get("tensorflow")
    for part in ("keras", "preprocessing", "image"):
        # Not by getattr, which would import what TensorFlow leaves for later.
        at = getattr(at, "__dict__", {}).get(part)
    if at is not None:
        _stand_in("tensorflow.keras.preprocessing.image", at)
    if PACKAGE not in sys.modules and importlib.util.find_spec(PACKAGE) is None:
        _put(sys.modules, PACKAGE, sys.modules[image.__name__.rpartition(".")[0]])
        _put(sys.modules, OLDEST, image)
        _put_submodules()


def uninstall() -> None:
    """Undoes `install`: every module has what it had."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    while _changes:
        namespace, name, before = _changes.pop()
        if before is _absent:
            namespace.pop(name, None)
        else:
            namespace[name] = before


class _Finder(MetaPathFinder):
    """Lets the others find the old modules, and puts our names into what they load."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_old(fullname):
            return None
        others = (other.find_spec(fullname, path, target) for other in sys.meta_path if other is not self)
        spec = next((spec for spec in others if spec is not None), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def executed(module: ModuleType) -> None:
                execute(module)
                if _finder in sys.meta_path:
                    _stand_in(fullname, module)

            spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


_finder = _Finder()


def _is_old(name: str) -> bool:
    return name == OLDEST or name.endswith(ENDINGS)


def _stand_in(name: str, module: Any) -> None:
    if module is image:
        return
    for own in image.__all__:
        _put(module.__dict__, own, getattr(image, own))
    if name == OLDEST:
        # Programs put functions of their own into these modules, which have to be those that we look into.
        for own, submodule in SUBMODULES.items():
            _put(module.__dict__, own, submodule)
        _put_submodules()


def _put_submodules() -> None:
    for own, submodule in SUBMODULES.items():
        _put(sys.modules, f"{OLDEST}.{own}", submodule)


def _put(namespace: MutableMapping[str, Any], name: str, value: Any) -> None:
    before = namespace.get(name, _absent)
    if before is not value:
        _changes.append((namespace, name, before))
        namespace[name] = value
