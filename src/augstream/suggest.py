"""Names that nobody knows, and what may have been meant."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import signature
from types import MappingProxyType
from typing import ParamSpec, TypeVar

from augstream.errors import RefusedError

P = ParamSpec("P")
R = TypeVar("R")


def unknown(
    fact: str, name: str, known: Sequence[str], foreign: Mapping[str, str] = MappingProxyType({})
) -> RefusedError:
    """The error for a name that is not on a list, with what may have been meant."""
    return RefusedError(f"{fact} {name!r}", nearest(name, known, foreign))


def nearest(name: str, known: Sequence[str], foreign: Mapping[str, str] = MappingProxyType({})) -> str:
    """What may have been meant by a name, or all there are where they are few."""
    return meant(name, known, foreign) or (f"It takes {', '.join(known)}." if len(known) < 12 else "")


def meant(name: str, known: Sequence[str], foreign: Mapping[str, str] = MappingProxyType({})) -> str:
    """The known names that may have been meant by one that is not known, as a question; or advice; or nothing.

    foreign: what others call things: known names, of which there need not be all, or a sentence.
    """
    import difflib  # only for those who mistype

    advice = foreign.get(name, "")
    if advice.endswith("."):
        return advice
    near = [one for one in advice.split() if one in known]
    if not near and not advice:
        plain = {one.replace("_", "").lower(): one for one in known}
        written = name.replace("_", "").lower()
        exact = next((plain[one] for one in (written, written.removeprefix("random")) if one in plain), None)
        near = difflib.get_close_matches(name, known, 1, 0.7) if exact is None else [exact]
    return f"Did you mean {' or '.join(near)}?" if near else ""


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
