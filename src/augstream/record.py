"""Records: dataclasses that are frozen for the type checker alone.

A plan is made of dozens of records for every image. To freeze them at run time as well makes each cost ten times as
much, and so does `dataclasses.replace`: more than all arithmetic of a draw.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass as record
    from dataclasses import replace
else:
    Record = TypeVar("Record")

    def record(*, frozen: bool, eq: bool) -> Any:  # noqa: ARG001
        return dataclass(eq=eq)

    def replace(whole: Record, /, **changes: Any) -> Record:
        """The record with other values in some of its fields. Nothing else may be kept in it."""
        fields = whole.__dict__
        for name in changes:
            if name not in fields:
                raise TypeError(f"{type(whole).__name__} has no field {name!r}.")
        made = object.__new__(type(whole))
        made.__dict__.update(fields)
        made.__dict__.update(changes)
        return made


__all__ = ["record", "replace"]
