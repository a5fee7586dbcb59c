"""What happens to one sample, as text: its draws, the ops they make, the plan these fuse to."""

from dataclasses import dataclass

import numpy as np

from augstream.plan.fuse import Plan
from augstream.plan.ops import Op
from augstream.plan.text import op_text, plan_text
from augstream.rng import Draw


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
        ops = [f"{name:<{width}}  {op_text(op)}" for name, op in zip(self.names, self.ops, strict=False)]  # p may be 0
        parts = {
            "draws": draws or ["none"],
            "ops": ops or ["none"],
            f"plan: {count(self.ops, self.plan)}": plan_text(self.plan).splitlines(),
        }
        return "\n".join(line for title, lines in parts.items() for line in (title, *(f"  {text}" for text in lines)))


def value_text(draw: Draw) -> str:
    """The first sample's value of a draw, with its unit."""
    value = np.atleast_1d(draw.value[0])
    if value.dtype.kind == "b":
        text = "yes" if value[0] else "no"
    else:
        text = " ".join(f"{number:.4g}" for number in value.tolist())
    return text + (
        draw.unit if draw.unit in ("", "°") else f" ({draw.unit})" if draw.unit[0] == "p" else f" {draw.unit}"
    )


def count(ops: list[Op], plan: Plan) -> str:
    """How many ops of each kind there were and are: 5 warps -> 1, 2 colors -> 1."""
    kinds = [type(op).__name__.lower() for op in ops]
    # A warp that went through colors is of a sub-class of Warp.
    left = ["warp" if hasattr(op, "interpolation") else type(op).__name__.lower() for op in plan.ops]
    texts = [
        f"{kinds.count(kind)} {kind}{'s' * (kinds.count(kind) > 1)} -> {left.count(kind)}"
        for kind in ("warp", "color", "curve")
        if kind in kinds
    ]
    passes = len(plan.passes)
    return ", ".join(texts) + f", {passes} passes" * (passes > 1) if texts else "nothing to do"
