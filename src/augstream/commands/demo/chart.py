"""Learning curves as inline SVG; colors come from the page's style sheet, by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH, HEIGHT = 760, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 148, 14, 40


@dataclass(frozen=True)
class Curve:
    """style: its class in the style sheet. values, low, high: 0..1 after each of the epochs; no band without low.

    name: stands at the curve's end with `value`; none where it is empty.
    """

    name: str
    style: str
    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    value: float = 0.0


def render(epochs: Sequence[int], curves: Sequence[Curve], window: int) -> str:
    """The curves over the epochs, each with its name and value at its right end; the last `window` epochs shaded."""
    floor = min(min([*curve.values, *curve.low]) for curve in curves)
    bottom = min(0.9, int(floor * 10) / 10)
    left, right = _x(epochs[-min(window, len(epochs))], epochs), _x(epochs[-1], epochs)
    shade = f'x="{left:.1f}" y="{_TOP}" width="{max(right - left, 2):.1f}" height="{HEIGHT - _TOP - _BOTTOM}"'
    parts = [f'<rect class="window" {shade}/>', _axes(epochs, bottom)]
    for curve in curves:
        spots = [(_x(epoch, epochs), _y(value, bottom)) for epoch, value in zip(epochs, curve.values, strict=True)]
        if curve.low:
            low = [(x, _y(value, bottom)) for (x, _), value in zip(spots, curve.low, strict=True)]
            high = [(x, _y(value, bottom)) for (x, _), value in zip(spots, curve.high, strict=True)]
            parts.append(f'<polygon class="band {curve.style}" points="{_points(high + low[::-1])}"/>')
        parts.append(f'<polyline class="line {curve.style}" points="{_points(spots)}"/>')
    named = [curve for curve in curves if curve.name]
    for curve, y in zip(named, _apart([_y(curve.values[-1], bottom) for curve in named]), strict=True):
        x, spot = _x(epochs[-1], epochs), _y(curve.values[-1], bottom)
        parts.append(f'<circle class="dot {curve.style}" cx="{x:.1f}" cy="{spot:.1f}" r="3.5"/>')
        parts.append(
            f'<text class="name {curve.style}" x="{x + 12:.1f}" y="{y:.1f}">'
            f"<tspan>{100 * curve.value:.1f} %</tspan> {curve.name}</text>"
        )
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Learning curves">{"".join(parts)}</svg>'


def _axes(epochs: Sequence[int], bottom: float) -> str:
    parts = []
    step = 0.1 if bottom >= 0.5 else 0.2
    level = bottom if round(bottom / step, 6) % 1 == 0 else bottom + 0.1
    while level < 1.001:
        y = _y(level, bottom)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * level:.0f} %</text>')
        level += step
    for epoch in _ticks(epochs[-1]):
        if epoch >= epochs[0]:
            x, y = _x(epoch, epochs), HEIGHT - _BOTTOM + 18
            parts.append(f'<text class="tick" x="{x:.1f}" y="{y}" text-anchor="middle">{epoch}</text>')
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(f'<text class="tick" x="{middle:.1f}" y="{HEIGHT - 4}" text-anchor="middle">epochs</text>')
    return "".join(parts)


def _ticks(last: int) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, last) if last / step <= 10)
    return list(range(step, last + 1, step))


def _x(epoch: int, epochs: Sequence[int]) -> float:
    return _LEFT + (epoch - epochs[0]) / max(epochs[-1] - epochs[0], 1) * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, bottom: float) -> float:
    return _TOP + (1 - value) / (1 - bottom) * (HEIGHT - _TOP - _BOTTOM)


def _points(spots: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)


def _apart(heights: Sequence[float], least: float = 18) -> list[float]:
    """Where the names go: as near to their curves as can be without touching each other."""
    order = sorted(range(len(heights)), key=lambda number: heights[number])
    placed = list(heights)
    for above, below in pairwise(order):
        placed[below] = max(placed[below], placed[above] + least)
    over = max(0.0, max(placed) - (HEIGHT - _BOTTOM))
    return [height - over + 4 for height in placed]
