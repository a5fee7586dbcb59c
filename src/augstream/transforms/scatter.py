"""Transforms that move whole pixels about: tiles in another order, pixels among their neighbors, frosted glass."""

from collections.abc import Iterator

import numpy as np

import augstream._core as _core
from augstream.plan.kinds import field
from augstream.plan.kinds.field import Field
from augstream.plan.kinds.filter import Filter
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame, Op, repeated
from augstream.rng import Rng
from augstream.transforms.arguments import Integer, Range, SameAs, WholeRange, WholeSpread
from augstream.transforms.transform import Edged, Transform

EDGE = 0.01  # pixels
STILL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


class GridShuffle(Transform):
    """Cut the image into tiles and put them together in a random order. Lossless: no resampling.

    rows, columns: how many tiles there are; columns are as many as the rows unless it is said. Where they do not divide
    the image, tiles differ by a pixel, and the last row or column of a larger one is what lies beside it. Points move
    with their tile, and a box is around all of its pieces that are left.

    >>> GridShuffle(2, 3)
    GridShuffle(rows=2, columns=3)
    """

    rows: Integer = Integer(3, 1, 64)
    columns: SameAs = SameAs("rows", 64)
    sentence = "Shuffle {rows} by {columns} tiles"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        rows, columns, sides = self.rows, self.columns, frame.size[:, None]
        order = rng.order("tiles", rows * columns)
        y, x = np.mgrid[:rows, :columns].reshape(2, -1)
        ends = np.stack([y, x], axis=1)
        many = np.array([rows, columns])
        # A pixel belongs to a tile by its center, and no center lies on an edge.
        first = np.ceil(ends * sides / many - 0.5 + EDGE)
        last = np.ceil((ends + 1) * sides / many - 0.5 + EDGE)
        taken = np.take_along_axis(first, order[:, :, None], axis=1)
        shift = np.minimum(taken, sides - (last - first)) - first
        nodes = np.ascontiguousarray(shift[..., ::-1]).reshape(-1, rows, columns, 2)
        yield _whole(frame, Field(nodes, field.around(frame.size) + EDGE, repeated(STILL, len(frame)), "tiles"))


class PixelSpread(Transform):
    """Let each pixel be one of those around it, chosen at random. Lossless: no resampling.

    reach: range of how far they may be taken from, across and down, in pixels; a whole number, or (low, high). Masks,
    boxes and points stay as they are.

    >>> PixelSpread(2)
    PixelSpread(reach=(2, 2))
    """

    reach: WholeRange = WholeRange((1, 3), 0, 1000)
    sentence = "Spread pixels by at most {reach} pixels"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        yield _whole(frame, _spread(rng, frame, self.reach))


class GlassBlur(Edged):
    """Look through frosted glass: each pixel is one of those around it, and a slight blur goes before it and behind it.

    sigma: range of the standard deviation of the blurs in pixels, 0 or more; one number is a fixed one. reach: as of
    PixelSpread. In the manner of albumentations and Hendrycks and Dietterich, "Benchmarking neural network robustness
    to common corruptions", 2019, who swap pixels one after the other. Masks, boxes and points stay as they are.

    >>> GlassBlur(0.7, reach=4)
    GlassBlur(sigma=(0.7, 0.7), reach=(4, 4))
    """

    sigma: Range = Range((0.5, 1), "(v, v)", 0)
    reach: WholeRange = WholeRange((1, 3), 0, 1000)
    sentence = (
        "Look through glass that spreads pixels by at most {reach} pixels and blurs by a Gaussian of sigma {sigma}"
    )

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        kernel, reach = _core.gaussians(rng.draw("sigma", self.sigma, unit="px"))
        blur = Filter(kernel, kernel, reach, *self.edge(frame))
        yield blur
        yield _whole(frame, _spread(rng, frame, self.reach))
        yield blur


def _whole(frame: Frame, own: Field) -> Warp:
    """A warp that moves whole pixels of the image, and shows nothing else."""
    return Warp(repeated(STILL, len(frame)), frame.size, covers=True, field=own)


def _spread(rng: Rng, frame: Frame, span: WholeSpread) -> Field:
    reach = rng.whole("reach", span, unit="px").astype(np.float64)
    nodes = np.repeat(reach[:, None], 2, axis=1).reshape(-1, 1, 1, 2)
    still = repeated(STILL, len(frame))
    return Field(nodes, field.around(frame.size), still, "pixels", rng.key("pixels"))
