"""What happens to one sample, as text: its draws, the ops they make, the plan these fuse to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.table import KINDS
from augstream.plan.op import Op
from augstream.plan.plan import Plan, passes
from augstream.plan.step import Step
from augstream.plan.text import steps_text
from augstream.rng import Draw

MOST = 12  # numbers of a draw that are shown


@dataclass(frozen=True, eq=False)
class Explanation:
    """Print it, or look at its parts."""

    draws: list[Draw]
    names: list[str]  # of the transform that each op comes from
    ops: list[Op]
    plan: Plan

    def __str__(self) -> str:
        width = max((len(draw.name) for draw in self.draws), default=0)
        draws = [f"{draw.name:<{width}} = {value_text(draw)}" for draw in self.draws]
        width = max((len(name) for name in self.names), default=0)
        ops = [f"{name:<{width}}  {op.text(0)}" for name, op in zip(self.names, self.ops, strict=False)]  # p may be 0
        group, row = self.plan.at(0)
        parts = {
            "draws": draws or ["none"],
            "ops": ops or ["none"],
            f"plan: {count(self.ops, group.steps)}": steps_text(group.steps, row).splitlines(),
        }
        return "\n".join(line for title, lines in parts.items() for line in (title, *(f"  {text}" for text in lines)))


def value_text(draw: Draw) -> str:
    """The first sample's value of a draw, with its unit."""
    value = np.atleast_1d(draw.value[0])
    if value.dtype.kind == "b":
        text = "yes" if value[0] else "no"
    else:
        shown = value[:MOST].tolist()
        text = " ".join(f"{number:016x}" if value.dtype == np.uint64 else f"{number:.4g}" for number in shown)
        text += f" ... ({len(value)} numbers)" if len(value) > MOST else ""
    return text + (
        draw.unit if draw.unit in ("", "°") else f" ({draw.unit})" if draw.unit[0] == "p" else f" {draw.unit}"
    )


def count(ops: Sequence[Op], steps: Sequence[Step]) -> str:
    """How many ops of each kind there were and are, and how many passes these take: 5 warps -> 1, 2 colors -> 1."""
    before, after = ([type(op).__name__.lower() for op in some] for some in (ops, _own(steps)))
    texts = [
        f"{before.count(kind)} {kind if before.count(kind) == 1 else plural(kind)} -> {after.count(kind)}"
        for kind in dict.fromkeys([*(kind.__name__.lower() for kind in KINDS), *before])
        if kind in before
    ]
    many = passes(steps)
    return f"{', '.join(texts)}, {'one pass' if many == 1 else f'{many} passes'}" if texts else "nothing to do"


def plural(kind: str) -> str:
    """Of a kind's name; Shapes is one already."""
    return kind if kind[-1] == "s" else f"{kind}es" if kind[-1] == "x" else f"{kind}s"


def _own(steps: Sequence[Step]) -> Iterator[Op]:
    """The ops that an image goes through itself, without those of its partners."""
    for step in steps:
        if isinstance(step.head, Mix):
            yield from _own(step.head.branches[0].steps)
        yield from step.ops
