"""Steps as text, for `print(plan)` and `explain`; one image at a time."""

from collections.abc import Sequence

from augstream.plan.kinds.mix import Mix
from augstream.plan.step import Step


def steps_text(steps: Sequence[Step], row: int = 0) -> str:
    """The steps of one image, one op per line; the branches of a mix are indented before it."""
    if not steps:
        return "nothing to do"
    lines = []
    for number, step in enumerate(steps, 1):
        if isinstance(step.head, Mix):
            for which, branch in enumerate(step.head.branches):
                if step.head.weight[row, which]:
                    lines.append(f"partner {which}" if which else "its own image")
                    lines += [f"  {line}" for line in steps_text(branch.steps, row).splitlines()]
        ops = [op.text(row) for op in step.ops]
        lines += [f"pass {number}  {ops[0]}", *(f"        {op}" for op in ops[1:])]
    return "\n".join(lines)
