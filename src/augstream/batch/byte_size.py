"""Amounts of memory as people write them."""

import re

from augstream.errors import ArgumentError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def in_bytes(name: str, value: object) -> int:
    """A number of bytes, or text such as "500MB", "2 GB" or "1.5GiB"; `name` is the argument's, for the error."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", value.lower()) if isinstance(value, str) else None
    if found is None or found[2] not in _UNITS or not float(found[1]):
        raise ArgumentError(f'Loader.{name} must be a number of bytes above 0, or text such as "2GB"; got {value!r}.')
    return max(int(float(found[1]) * _UNITS[found[2]]), 1)


def spelled(count: float) -> str:
    """A number of bytes for people: "1.2 GB"."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
