"""Keyword arguments in the wrong place: those of another function of the drop-in are ignored with a warning."""

import warnings
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import ParamSpec, TypeVar

from augstream.errors import ArgumentError
from augstream.suggest import nearest

P = ParamSpec("P")
R = TypeVar("R")
TAKES: dict[str, list[str]] = {}


class UnknownArgumentError(ArgumentError, TypeError):
    """A keyword argument that nothing here takes."""


def takes(owner: str, *more: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For a function whose keywords are those of its signature and `more`; `owner` is what messages call it."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = signature(function).parameters.values()
        known = [one.name for one in parameters if one.name != "self" and one.kind is not Parameter.VAR_KEYWORD]
        TAKES[owner] = known = [*known, *more]

        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in [name for name in kwargs if name not in known]:
                places = [place for place, names in TAKES.items() if name in names]
                if not places:
                    raise UnknownArgumentError(
                        f"{owner} got an unexpected keyword argument {name!r}. {nearest(name, known)}".rstrip()
                    )
                del kwargs[name]
                warnings.warn(
                    f"{owner} has no argument {name!r} and ignores it; pass it to {' or '.join(places)}.", stacklevel=2
                )
            return function(*args, **kwargs)

        return checked

    return decorate
