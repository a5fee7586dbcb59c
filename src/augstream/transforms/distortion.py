"""Distortions: warps that bend the image by a field of displacements.

A field never folds by itself, so boxes, points and masks follow it exactly; and it stands between the matrices of the
warps before and behind it, so that a row of geometric transforms with one distortion is one pass.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from augstream.plan import matrix
from augstream.plan.kinds import field
from augstream.plan.kinds.field import Field
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Frame, Op, repeated
from augstream.record import replace
from augstream.rng import Rng
from augstream.transforms.arguments import Integer, Number, Range, Spread
from augstream.transforms.transform import Geometric

# Cubic B-splines with coefficients of less than this part of a cell never fold (Choi and Lee, "Injectivity conditions
# of 2D and 3D uniform cubic B-spline functions", 2000: 1 / 2.046).
SAFE = 0.48
CELLS = 32  # along each side, where a formula is sampled: within 0.05 pixels of it on images of 512 x 512
WAVES = 128
STILL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


class Distortion(Geometric):
    """A transform that bends the image by a smooth field."""

    def bent(self, frame: Frame, nodes: Array, box: Array | None = None) -> Warp:
        """A warp with the border and the interpolation that hold here, and the field of these coefficients."""
        still = repeated(STILL, len(frame))
        own = Field(nodes, field.around(frame.size) if box is None else box, still)
        return replace(self.warp(frame, still), field=own)

    def formed(self, frame: Frame, center: Array, factor: Array) -> Warp:
        """The warp that looks `factor` times as far from the center (n, 2) as each node (n, g, g, 1) is."""
        return self.bent(frame, field.coefficients((_nodes(frame) - center[:, None, None]) * (factor - 1)))


class Elastic(Distortion):
    """Bend the image like rubber: points of a grid go to random places, and all between them follow smoothly.

    amount: range of the farthest that a point may go, across and down, as a fraction of the shorter side; one number v
    is (0, v). smoothness: the distance between points, as a fraction of the width and the height. No point goes farther
    than 0.48 of that distance, so that the image never folds. In the spirit of Simard et al., "Best practices for
    convolutional neural networks", 2003, with a cubic B-spline in the place of the Gaussian.

    >>> Elastic(0.05)
    Elastic(amount=(0, 0.05), smoothness=0.2)
    """

    amount: Range = Range((0.04, 0.09), "(0, v)", 0, 1)
    smoothness: Number = Number(0.2, 0.01, 1)
    sentence = "Bend like rubber by at most {amount} of the shorter side, in waves of {smoothness} of the sides"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        cells = max(1, round(1 / self.smoothness))
        amount = rng.draw("amount", self.amount, unit="of the shorter side")
        places = rng.uniform("points", -1.0, 1.0, 2 * (cells + 3) ** 2, unit="of the amount")
        far = np.minimum((amount * frame.size.min(axis=1))[:, None], SAFE * frame.size[:, ::-1] / cells)
        yield self.bent(frame, places.reshape(-1, cells + 3, cells + 3, 2) * far[:, None, None])


class GridDistortion(Distortion):
    """Make the columns and the rows of a grid wider and narrower, smoothly and at random; the image's edges stay.

    amount: range of how much wider or narrower they may become; one number v is (0, v), within 0 and 0.9. steps: how
    many columns and rows there are; where they begin is random. As albumentations has it, but without creases, and the
    order of places is kept.

    >>> GridDistortion(0.3)
    GridDistortion(amount=(0, 0.3), steps=5)
    """

    amount: Range = Range((0.3, 0.6), "(0, v)", 0, 0.9)
    steps: Integer = Integer(5, 1, 64)
    sentence = "Make {steps} columns and rows wider or narrower by at most {amount}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        many = self.steps + 4
        amount = rng.draw("amount", self.amount, unit="at most")
        start = rng.uniform("start", 0.0, 1.0, 2, unit="of a step")
        change = rng.uniform("steps", -1.0, 1.0, 2 * many, unit="of the amount").reshape(-1, many, 2)
        step = frame.size[:, ::-1] / self.steps
        widths = 1 + amount[:, None, None] * change
        places = np.cumsum(widths, axis=1)
        first, last = (_spline(places[:, k : k + 4], start) for k in (0, self.steps))
        places = (places - first[:, None]) * (self.steps / (last - first))[:, None]
        shift = (places - (np.arange(-1, many - 1)[:, None] - start[:, None])) * step[:, None]
        nodes = np.empty((len(frame), many, many, 2))
        nodes[..., 0], nodes[..., 1] = shift[:, None, :, 0], shift[:, :, None, 1]
        box = np.concatenate([-start * step, (self.steps + 1 - start) * step], axis=1)
        yield self.bent(frame, nodes, box)


class OpticalDistortion(Distortion):
    """Bend straight lines as a lens does: barrels where k is positive, pincushions where it is negative.

    k: range of both radial coefficients of OpenCV's camera model (x' = x (1 + k r^2 + k r^4), with x in widths and y in
    heights from the center), -0.2 to 1; one number v is (-v, v). shift: range of how far the center is moved, across
    and down, as a fraction of the width and the height.

    >>> OpticalDistortion(0.2)
    OpticalDistortion(k=(-0.2, 0.2), shift=(-0.05, 0.05))
    """

    k: Range = Range(0.2, low=-0.2, high=1)
    shift: Range = Range(0.05, low=-0.1, high=0.1)
    sentence = "Bend as a lens does by {k}, about a center that is moved by {shift}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        k = rng.draw("k", self.k)[:, None, None, None]
        center = _center(rng, frame, self.shift)
        far = (_nodes(frame) - center[:, None, None]) / frame.size[:, None, None, ::-1]
        square = (far * far).sum(axis=3, keepdims=True)
        yield self.formed(frame, center, 1 + k * square + k * square * square)


class Fisheye(Distortion):
    """See the image as through a fisheye: what is near the center grows, what is near the corners shrinks.

    strength: range, one number v is (0, v), within 0 and 1: how much of the tangent's curve is used. A place at the
    share r of the way from the center to the farthest corner looks at tan(a r) / tan(a) of it, where a is 1.2 times the
    strength: nothing is lost, and the farthest corner stays. shift: as of OpticalDistortion.

    >>> Fisheye(0.5)
    Fisheye(strength=(0, 0.5), shift=(-0.05, 0.05))
    """

    strength: Range = Range((0.4, 0.9), "(0, v)", 0, 1)
    shift: Range = Range(0.05, low=-0.5, high=0.5)
    sentence = "See as through a fisheye of {strength}, about a center that is moved by {shift}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        angle = 1.2 * rng.draw("strength", self.strength)[:, None, None, None]
        center = _center(rng, frame, self.shift)
        sides = frame.size[:, ::-1]
        most = np.hypot(*np.maximum(center, sides - center).T)[:, None, None, None]
        far = np.linalg.norm(_nodes(frame) - center[:, None, None], axis=3, keepdims=True) / most
        # Not zero, where both tangents are as good as their angles. No node is far enough out for the tangent's pole.
        far, angle = np.maximum(far, 1e-6), np.maximum(angle, 1e-6)
        yield self.formed(frame, center, np.tan(angle * far) / (np.tan(angle) * far))


class Twirl(Distortion):
    """Twist the image about a point near its center: the most there, and less and less outwards.

    degrees: range of the angle at that point, counter-clockwise as seen; one number v is (-v, v). radius: range of
    where it ends, as a fraction of the shorter side; at the share r of the way the angle is (1 - r^2)^3 of it. shift:
    as of OpticalDistortion.

    >>> Twirl(45)
    Twirl(degrees=(-45, 45), radius=(0.5, 0.7), shift=(-0.1, 0.1))
    """

    degrees: Range = Range(60, low=-180, high=180)
    radius: Range = Range((0.5, 0.7), "(v, v)", 0.1, 2)
    shift: Range = Range(0.1, low=-0.5, high=0.5)
    sentence = "Twist by {degrees} degrees within {radius} of the shorter side, about a center that is moved by {shift}"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        angle = np.radians(rng.draw("angle", self.degrees, unit="°"))[:, None, None]
        radius = rng.draw("radius", self.radius, unit="of the shorter side") * frame.size.min(axis=1)
        center = _center(rng, frame, self.shift)
        # Beyond the box, and a cell within it, nothing moves.
        reach = radius[:, None] * CELLS / (CELLS - 2)
        box = np.concatenate([center - reach, center + reach], axis=1)
        x, y = np.moveaxis(field.grid(box, CELLS, CELLS) - center[:, None, None], 3, 0)
        share = np.maximum(1 - (x * x + y * y) / (radius * radius)[:, None, None], 0)
        turn = angle * share**3
        cos, sin = np.cos(turn), np.sin(turn)
        shift = np.stack([cos * x - sin * y - x, sin * x + cos * y - y], axis=3)
        yield self.bent(frame, field.coefficients(shift), box)


class Wave(Distortion):
    """Let a wave run through the image in a random direction: straight lines along it become sines.

    amplitude: range of how far places move to either side, as a fraction of the shorter side; one number v is (0, v).
    wavelength: range of the distance between crests, likewise, 0.1 or more. direction: range of the way the wave runs,
    in degrees, counter-clockwise from the right.

    >>> Wave(0.02)
    Wave(amplitude=(0, 0.02), wavelength=(0.25, 0.7), direction=(-180, 180))
    """

    amplitude: Range = Range((0.01, 0.03), "(0, v)", 0, 0.5)
    wavelength: Range = Range((0.25, 0.7), "(v, v)", 0.1)
    direction: Range = Range(180)
    sentence = "Let a wave run at {direction} degrees, {amplitude} of the shorter side high and {wavelength} of it long"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        short = frame.size.min(axis=1)
        amplitude = rng.draw("amplitude", self.amplitude, unit="of the shorter side") * short
        length = rng.draw("wavelength", self.wavelength, unit="of the shorter side") * short
        direction = rng.draw("direction", self.direction, unit="°")
        phase = rng.uniform("phase", 0.0, 2 * np.pi, unit="as angle")
        middle, reach = frame.size[:, ::-1] / 2, np.hypot(*frame.size.T)[:, None] / 2
        box = np.concatenate([middle - reach, middle + reach], axis=1)
        # Along the wave, as its own frame has it, nothing changes: one row of cells is enough.
        speed = 2 * np.pi / length
        step = 2 * reach[:, 0] / WAVES
        at = speed[:, None] * (step[:, None] * np.arange(-1, WAVES + 2)) + phase[:, None]
        exact = 3 / (2 + np.cos(speed * step))  # so that the spline goes through the sine
        nodes = np.zeros((len(frame), 4, WAVES + 3, 2))
        nodes[..., 1] = ((amplitude * exact)[:, None] * np.sin(at))[:, None]
        warp = self.warp(frame, matrix.rotate(frame.size, direction))
        yield replace(warp, field=Field(nodes, box, matrix.rotate(frame.size, -direction)))


class PiecewiseAffine(Distortion):
    """Move the points of a grid at random, each by itself, and what lies between them along.

    scale: range of the standard deviation of the points, as a fraction of the width and the height; one number v is
    (v, v). points: how many there are along each side. As scikit-image's and imgaug's, but a cubic spline goes through
    the points instead of triangles, so that there are no creases; where the points would fold it, all of them go less
    far.

    >>> PiecewiseAffine(0.02)
    PiecewiseAffine(scale=(0.02, 0.02), points=4)
    """

    scale: Range = Range((0.02, 0.05), "(v, v)", 0, 0.5)
    points: Integer = Integer(4, 2, 64)
    sentence = "Move {points} by {points} points by {scale} of the sides, and the image with them"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        cells = self.points - 1
        scale = rng.draw("scale", self.scale, unit="of the sides")
        places = rng.uniform("points", -1.0, 1.0, 2 * (cells + 3) ** 2, unit="of the farthest")
        far = np.sqrt(3) * scale[:, None] * frame.size[:, ::-1]
        values = places.reshape(-1, cells + 3, cells + 3, 2) * far[:, None, None]
        yield self.bent(frame, _unfolded(frame, field.coefficients(values)))


class ThinPlateSpline(Distortion):
    """Pull points of a grid to random places, and bend the image between them like a thin plate of metal.

    amount: range of the farthest that a point goes, across and down, as a fraction of the shorter side; one number v is
    (0, v). points: how many there are along each side. The plate is Bookstein's ("Principal warps", 1989), exact at the
    points; where it would fold, all of them go less far.

    >>> ThinPlateSpline(0.1)
    ThinPlateSpline(amount=(0, 0.1), points=4)
    """

    amount: Range = Range((0.04, 0.1), "(0, v)", 0, 0.5)
    points: Integer = Integer(4, 2, 16)
    sentence = "Pull {points} by {points} points by at most {amount} of the shorter side, like a thin plate"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        amount = rng.draw("amount", self.amount, unit="of the shorter side") * frame.size.min(axis=1)
        pull = rng.uniform("points", -1.0, 1.0, 2 * self.points**2, unit="of the amount")
        pull = pull.reshape(len(frame), -1, 2) * amount[:, None, None]
        nodes = (_plate(self.points) @ pull).reshape(-1, CELLS + 3, CELLS + 3, 2)
        yield self.bent(frame, _unfolded(frame, nodes))


def _nodes(frame: Frame) -> Array:
    """(n, g, g, 2) places of the nodes of a field that is sampled from a formula."""
    return field.grid(field.around(frame.size), CELLS, CELLS)


def _center(rng: Rng, frame: Frame, span: Spread) -> Array:
    """(n, 2) the center that a distortion is about."""
    shift = rng.draw("shift", span, k=2, unit="of the width and the height")
    center: Array = (0.5 + shift) * frame.size[:, ::-1]
    return center


def _spline(coefficients: Array, t: Array) -> Array:
    """The values (n, 2) of splines with four coefficients (n, 4, 2) each at t (n, 2) between the middle ones."""
    s = 1 - t
    weights = [s**3, t * t * (3 * t - 6) + 4, s * s * (3 * s - 6) + 4, t**3]
    value: Array = np.einsum("knc,nkc->nc", np.stack(weights), coefficients) / 6
    return value


def _unfolded(frame: Frame, nodes: Array) -> Array:
    """Coefficients (n, gh, gw, 2) over whole images, those of an image made smaller together until it does not fold.

    The derivatives of a spline are means of the differences of its coefficients, and where their matrix has a norm
    below 1 no two places go to the same.
    """
    gh, gw = nodes.shape[1:3]
    by_x = np.linalg.norm(np.diff(nodes, axis=2), axis=3).max(axis=(1, 2)) * (gw - 3) / frame.size[:, 1]
    by_y = np.linalg.norm(np.diff(nodes, axis=1), axis=3).max(axis=(1, 2)) * (gh - 3) / frame.size[:, 0]
    factor: Array = np.minimum(0.95 / np.maximum(np.hypot(by_x, by_y), 1e-9), 1)
    return nodes * factor[:, None, None, None]


@lru_cache(maxsize=16)
def _plate(k: int) -> Array:
    """(nodes, k * k) the coefficients of a thin plate over the unit square by the pulls at k by k points of it."""
    y, x = np.mgrid[:k, :k].reshape(2, -1) / (k - 1)
    points = np.stack([x, y], axis=1)
    side = np.arange(-1.0, CELLS + 2) / CELLS
    nodes = np.stack(np.meshgrid(side, side), axis=2).reshape(-1, 2)

    def rows(places: Array) -> Array:
        square = ((places[:, None] - points) ** 2).sum(axis=2)
        bending = square * np.log(np.maximum(square, 1e-30))
        return np.concatenate([bending, np.ones((len(places), 1)), places], axis=1)

    system = np.zeros((k * k + 3, k * k + 3))
    system[: k * k] = rows(points)
    system[k * k :, : k * k] = system[: k * k, k * k :].T
    values = rows(nodes) @ np.linalg.inv(system)[:, : k * k]
    pairs = np.stack([values.T, values.T], axis=2).reshape(k * k, len(side), len(side), 2)
    return field.coefficients(pairs)[..., 0].reshape(k * k, -1).T
