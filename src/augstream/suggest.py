"""Names that nobody knows, and what may have been meant."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar

from augstream.errors import RefusedError

P = ParamSpec("P")
R = TypeVar("R")


def unknown(fact: str, name: str, known: list[str]) -> RefusedError:
    """The error for a name that is not on a list, with the nearest one that is."""
    return RefusedError(f"{fact} {name!r}", nearest(name, known))


def nearest(name: str, known: list[str]) -> str:
    """The name that may have been meant, or all where they are few."""
    import difflib  # only for those who mistype

    near = difflib.get_close_matches(name, known, 1)
    return f"Did you mean {near[0]}?" if near else f"It takes {', '.join(known)}." if len(known) < 12 else ""


def known_arguments(owner: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Makes an unknown keyword argument an error in words; `owner` is what the error calls the function."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        known = [name for name in signature(function).parameters if name != "self"]

        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in kwargs:
                if name not in known:
                    raise unknown(f"{owner} has no argument", name, known)
            return function(*args, **kwargs)

        return checked

    return decorate
