"""What happens to samples that cannot be read: ended with, skipped, or as a function says; and how many may be."""

import warnings
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from augstream.concurrency.lock import Lock
from augstream.errors import ArgumentError, SampleError
from augstream.printable import printable

Failure: TypeAlias = tuple[int, str, str]
OnError: TypeAlias = Literal["raise", "skip"] | Callable[[int, str, str], object]


class Failures:
    """The rule for bad samples, and a record of those that were skipped.

    on_error: "raise", "skip", or a function of (index, name, reason) that returns one of the two; None is "skip". It is
    called in the threads that make batches, and must answer alike on every rank. most: how many samples may be skipped.
    """

    def __init__(self, on_error: OnError, max_errors: float | None, n: int) -> None:
        if not callable(on_error) and on_error not in ("raise", "skip"):
            raise ArgumentError(f"Loader.on_error must be 'raise', 'skip' or a function; got {on_error!r}.")
        if max_errors is not None and on_error == "raise":
            raise ArgumentError(
                'Loader.max_errors counts samples that are skipped, and on_error="raise" skips none. Pass '
                'on_error="skip" or a function.'
            )
        self.on_error = on_error
        self.max_errors = max_errors
        self.most = _most(max_errors, n)
        self._known: dict[int, tuple[str, str]] = {}
        self._lock = Lock()

    def judge(self, failures: Sequence[Failure]) -> None:
        """Raises SampleError with those that are not to be skipped."""
        if callable(self.on_error):
            fatal = []
            for failure in failures:
                verdict = self.on_error(*failure)
                if verdict not in ("raise", "skip", None):
                    raise ArgumentError(f"Loader.on_error must return 'raise', 'skip' or None; got {verdict!r}.")
                if verdict == "raise":
                    fatal.append(failure)
        else:
            fatal = list(failures) if self.on_error == "raise" else []
        if fatal:
            hint = 'Repair or remove the files, or let on_error return "skip" for them.'
            raise SampleError(fatal, hint if callable(self.on_error) else None)

    def note(self, failures: Sequence[Failure]) -> None:
        """Takes note of skipped samples; raises SampleError where they are more than there may be."""
        with self._lock:
            self._known.update({index: (name, reason) for index, name, reason in failures})
            count = len(self._known)
        if failures and self.most is not None and count > self.most:
            raise SampleError(
                self.known,
                f"These are {count} unreadable samples, more than max_errors = {self.max_errors} allows "
                f"({self.most}). Repair or remove the files, or raise max_errors.",
            )

    @property
    def known(self) -> list[Failure]:
        """Every sample skipped so far, by index."""
        with self._lock:
            return [(index, name, reason) for index, (name, reason) in sorted(self._known.items())]

    def __len__(self) -> int:
        return len(self._known)


def tell(epoch: int, skipped: Sequence[Failure], n: int, stacklevel: int = 2) -> None:
    """Warns of the samples that were skipped in an epoch of a source of n, if there were any."""
    if skipped:
        index, name, reason = min(skipped)
        warnings.warn(
            printable(
                f"epoch {epoch}: {len({one[0] for one in skipped})} of {n} samples could not be read; others took "
                f"their places; see Loader.errors. The first is sample {index} ({name}): {reason}"
            ),
            stacklevel=stacklevel + 1,
        )


def _most(max_errors: object, n: int) -> int | None:
    if max_errors is None:
        return None
    if isinstance(max_errors, int) and not isinstance(max_errors, bool) and max_errors >= 0:
        return max_errors
    if isinstance(max_errors, float) and 0 <= max_errors < 1:
        return int(max_errors * n)
    raise ArgumentError(
        f"Loader.max_errors must be a number of samples, or a share of the source such as 0.01; got {max_errors!r}."
    )
