"""The one exception family. The fact is raised where it is found; the context is added once, at the public call."""

from collections.abc import Sequence
from typing import Self

from augstream.printable import printable

NO_OTHER = "No sample that can be read was found to take their place. Repair or remove the files."


class AugstreamError(Exception):
    """Base of every error that augstream raises on purpose; whatever names it tells are escaped."""

    def __str__(self) -> str:
        return printable(super().__str__())


class ArgumentError(AugstreamError, ValueError):
    """An argument is of the wrong type or out of range; the message names its path and the way out."""


class PipelineError(AugstreamError, ValueError):
    """Transforms that are right one by one, but not in this order or for these images."""


class PlacedError(Exception):
    """A fact, what to do about it, and the place in the pipeline, added container by container on the way out."""

    def __init__(self, fact: str, advice: str = "") -> None:
        self.fact, self.advice, self.place = fact, advice, ""
        super().__init__(fact, advice)

    def inside(self, container: str, position: int) -> Self:
        """This error, seen from the container that holds the transform it speaks of."""
        self.place = f"{container}[{position}].{self.place}".rstrip(".")
        return self

    def __str__(self) -> str:
        place = self.place.replace("Compose", "pipeline", 1) if self.place.startswith("Compose") else self.place
        return printable(f"{self.fact}{', at ' if place else ''}{place}. {self.advice}".rstrip())


class RefusedError(PlacedError, ArgumentError):
    """An argument that its field does not accept."""


class MisplacedError(PlacedError, PipelineError):
    """A transform that cannot work on the images that reach it."""


def ragged(one: str, two: str, more: str = "") -> PipelineError:
    """The error for two images of a batch whose sizes differ; `more` is another way out."""
    fact = f"The images of a batch must come out in one size (height, width); got {one} and {two}"
    return PipelineError(f"{fact}. Add Resize(height, width) or a crop at the end of the pipeline{more}.")


class SourceError(AugstreamError):
    """A folder, table or array that cannot serve as a source: missing, empty, or without classes."""


class SampleError(AugstreamError):
    """One or more samples cannot be read; `failures` holds (index, name, reason) of each."""

    def __init__(self, failures: Sequence[tuple[int, str, str]], hint: str | None = None) -> None:
        given: object = failures
        if isinstance(given, str):
            # torch makes errors of its workers anew from their text, and takes another class where this fails so.
            raise TypeError("SampleError needs (index, name, reason) of each sample")
        self.failures = list(failures)
        self.hint = hint or 'Repair or remove the files, or pass on_error="skip" to the Loader.'
        super().__init__(str(self))

    def __reduce__(self) -> tuple[type["SampleError"], tuple[list[tuple[int, str, str]], str]]:
        return type(self), (self.failures, self.hint)

    def __str__(self) -> str:
        shown = [printable(f"sample {index} ({name}): {reason}") for index, name, reason in self.failures[:5]]
        more = len(self.failures) - len(shown)
        if more > 0:
            shown.append(f"... and {more} more")
        return "\n".join([*shown, self.hint])


class MissingPackageError(AugstreamError, ImportError):
    """An optional package is not installed."""

    def __init__(self, feature: str, package: str, extra: str | None = None) -> None:
        target = f"'augstream[{extra}]'" if extra else package
        super().__init__(f"{feature} needs the package {package}. Install it with: pip install {target}")
