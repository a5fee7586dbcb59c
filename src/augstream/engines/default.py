"""The engine that is used where nobody is handed another."""

from augstream.engines.engine import Engine


def default_engine() -> Engine:
    """The native one."""
    from augstream.engines.native import NATIVE  # the core's thread pool is for those who run something

    return NATIVE
