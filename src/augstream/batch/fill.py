"""What stands in for samples that cannot be read."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.batch.parts import Part

Integers: TypeAlias = NDArray[np.int64]
Bad: TypeAlias = dict[int, str]
"""Sample -> why it cannot be read."""


def fill(
    part: Part,
    index: Integers,
    *,
    following: Callable[[list[int]], Integers],
    make: Callable[[Integers], Part],
    judge: Callable[[Bad], None],
    tries: int,
) -> tuple[Integers, Bad, bool]:
    """Puts another sample in the place of each that cannot be read, in `part` itself.

    index: (n,) the samples of the part. following: the samples that are to be tried next in these rows. judge: raises
    where samples may not be skipped. Returns the samples that are there now, those that cannot be read, and whether
    every row has one that can.
    """
    bad = {int(index[row]): part.reasons[row] for row in sorted(part.reasons)}
    judge(bad)
    index = index.copy()
    rows = sorted(part.reasons)
    for _ in range(tries):
        index[rows] = following(rows)
        fresh = [row for row in rows if int(index[row]) not in bad]
        if fresh:
            more = make(index[fresh])
            met = {int(index[fresh[row]]): reason for row, reason in more.reasons.items()}
            judge(met)
            bad |= met
            part.put(fresh, more, len(index))
        rows = [row for row in rows if int(index[row]) in bad]
        if not rows:
            break
    return index, bad, not rows
