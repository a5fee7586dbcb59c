"""What runs a plan on pixels: `reference` is the definition, `native` is the same, faster.

`engine` says what an engine is; `exact` is the reference as one; `targets` moves masks, boxes and points.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from augstream.engines.engine import Engine


def default() -> "Engine":
    """The engine that is used where nobody is handed another."""
    from augstream.engines.native import NATIVE  # the core's thread pool is for those who run something

    return NATIVE
