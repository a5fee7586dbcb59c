"""Ops and plans as text, for `print(plan)` and `explain`; one sample at a time."""

from typing import TYPE_CHECKING

import numpy as np

from augstream.plan.ops import Array, Color, Op, Warp

if TYPE_CHECKING:
    from augstream.plan.fuse import Plan


def op_text(op: Op, row: int = 0) -> str:
    """One op of one sample on one line."""
    if isinstance(op, Warp):
        height, width = op.size[row]
        fill = f" {_numbers(op.fill[row])}" if op.fill is not None else ""
        rows = op.matrix[row]
        if np.array_equal(rows[2], (0, 0, 1)):
            rows = rows[:2]
        plain = "" if op.antialias else ", not antialiased"
        how = f"border {op.border or 'any'}{fill}, {op.interpolation or 'whole pixels'}{plain}"
        return f"Warp   {_matrix(rows)} to {height} x {width}, {how}"
    if isinstance(op, Color):
        clip = op.clip[row] if op.clip is not None else None
        if clip is None:
            return f"Color  {_matrix(op.matrix[row])}"
        shown = clip[:1] if (clip == clip[0]).all() else clip
        return f"Color  {_matrix(op.matrix[row])}, clip {_matrix(shown)}"
    if op.on is not None and not op.on[row]:
        return "Curve  none"
    table = op.table[row]
    nodes = [0, 64, 128, 192, 255]
    curves = " / ".join(_numbers(channel[nodes]) for channel in table)
    return f"Curve  {_numbers(np.array(nodes) * op.peak / 255)} -> {curves}{', in steps' if op.steps else ''}"


def plan_text(plan: "Plan", row: int = 0) -> str:
    """The passes of one sample, one op per line."""
    if not plan.passes:
        return "nothing to do"
    lines = []
    for number, one in enumerate(plan.passes, 1):
        ops = [op_text(op, row) for op in (one.warp, *one.points) if op is not None]
        lines += [f"pass {number}  {ops[0]}", *(f"        {op}" for op in ops[1:])]
    return "\n".join(lines)


def _matrix(rows: Array) -> str:
    return "[" + "; ".join(_numbers(row) for row in rows) + "]"


def _numbers(values: Array) -> str:
    # Adding zero turns -0 into 0.
    return " ".join(f"{round(float(value), 9) + 0.0:.5g}" for value in values)
