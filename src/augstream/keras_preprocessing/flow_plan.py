"""Samples -> pixels of a flow: a generator's arguments as one plan, and behind it what cannot be part of a plan."""

from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream import engines
from augstream.batch.prepare import Tools
from augstream.concurrency.prefetch import Threads
from augstream.decode.header import JPEG, PILLOW, oversized, peek, read_headers
from augstream.decode.orientation import orient, oriented_size
from augstream.decode.sample import CHANNELS, MAX_PIXELS, ColorMode, Sample, Stack, Undecodable, bomb, encoded
from augstream.engines.engine import Layout
from augstream.errors import AugstreamError
from augstream.keras_preprocessing import geometry
from augstream.keras_preprocessing import intensity as levels
from augstream.keras_preprocessing.affine import apply_channel_shift
from augstream.keras_preprocessing.generator import Generator
from augstream.keras_preprocessing.load import load_img, pillow, upright
from augstream.keras_preprocessing.parameters import Parameters, draw, rng_of
from augstream.plan.fuse import Plan, fuse
from augstream.plan.ops import Array, Frame, Op, Warp
from augstream.sources.source import Source

Integers: TypeAlias = NDArray[np.int64]
COLORS: dict[str, ColorMode] = {"grayscale": "gray", "rgb": "rgb", "rgba": "rgba"}
NATIVE = ("uint8", "float16", "float32")
ABSENT = "the file does not exist"
ENGINE = ("nearest", "bilinear", "bicubic")  # the others of Pillow's ways to resize are left to Pillow


@dataclass(frozen=True)
class FlowRecipe:
    """How a flow's samples become pixels; with (epoch, index) it says all about them.

    target: (height, width) that files are resized to; None for arrays. augment: whether anything is drawn.
    mask: nearest neighbor, and nothing but geometry. bounds: of the levels of arrays.
    """

    source: Source
    generator: Generator
    seed: int
    layout: Layout = "NHWC"
    dtype: str = "float32"
    color: ColorMode = "rgb"
    target: tuple[int, int] | None = None
    interpolation: str = "nearest"
    keep_aspect_ratio: bool = False
    augment: bool = True
    mask: bool = False
    bounds: levels.Bounds | None = None

    @cached_property
    def behind(self) -> str | None:
        """What the first thing is that has to wait for pixels: "spline", "shift" or "standardize"; None: nothing."""
        if self.mask:
            return None
        generator = self.generator
        if self.augment:
            if generator.overrides("apply_transform") or (generator.interpolation_order > 1 and self.turned):
                return "spline"
            if generator.channel_shift_range:
                return "shift"
        return None if generator.levels_fit_a_plan and self.direct else "standardize"

    @cached_property
    def direct(self) -> bool:
        """Whether the engine writes batches of the dtype that is wanted."""
        return np.dtype(self.generator.dtype).name in NATIVE

    @cached_property
    def turned(self) -> bool:
        """Whether pictures are turned, moved, leaned or zoomed."""
        generator = self.generator
        return self.augment and (
            any(
                np.any(value)
                for value in (
                    generator.rotation_range,
                    generator.width_shift_range,
                    generator.height_shift_range,
                    generator.shear_range,
                )
            )
            or tuple(generator.zoom_range) != (1, 1)
        )

    def with_dtype(self) -> "FlowRecipe":
        """The same, writing the wanted dtype where the engine can and nothing is left to do behind it."""
        direct = self.direct and self.behind is None
        return replace(self, dtype=np.dtype(self.generator.dtype).name if direct else "float32")

    def parameters(self, epoch: int, index: Integers, size: Integers) -> Parameters | None:
        """The draws for these samples, which are of `size` (n, 2) once they are resized."""
        return draw(self.generator, rng_of(self.seed, epoch, index), size) if self.augment else None

    def make(self, epoch: int, index: Integers, tools: Tools) -> tuple[NDArray[Any], dict[int, str]]:
        """Pixels of the samples `index` (m,), and row -> reason for those that cannot be read (any values there).

        An empty array where no sample could even be opened.
        """
        samples, reasons = self._read(index)
        stored, orientation = self._open(samples, reasons, tools.threads)
        tools.threads.check()
        good = np.array([row for row in range(len(index)) if row not in reasons], dtype=np.int64)
        if not len(good):
            return np.empty(0), reasons
        some = len(good) < len(index)
        if some:
            samples, stored, orientation = [samples[row] for row in good], stored[good], orientation[good]
        plan = self.plan(epoch, index[good] if some else index, samples, stored, orientation)
        tools.threads.check()
        pixels, errors = engines.default().run(
            samples, plan, dtype=self.dtype, layout=self.layout, pool=tools.pool, slots=tools.slots
        )
        reasons |= {row: reason for row, reason in zip(good.tolist(), errors, strict=True) if reason is not None}
        if some:
            full = np.zeros((len(index), *pixels.shape[1:]), pixels.dtype)
            full[good] = pixels
            pixels = full
        return (self._finished(pixels, epoch, index, reasons, tools) if self.behind else pixels), reasons

    def plan(self, epoch: int, index: Integers, samples: Any, stored: Integers, orientation: Integers) -> Plan:
        """Resize, affine and flips as one warp; brightness, rescaling and featurewise statistics as one color."""
        ops: list[Op] = []
        channels = CHANNELS[self.color] if isinstance(samples[0], bytes) else samples[0].shape[2]
        seen = oriented_size(orientation, stored)
        if (orientation != 1).any():
            ops.append(orient(orientation, stored))
        target = self.target
        size = seen if target is None else np.full_like(seen, target)
        parameters = self.parameters(epoch, index, size)
        turned = self.turned and self.behind != "spline"
        made = np.eye(3)[None] if target is None else geometry.resize(seen, target, self.keep_aspect_ratio)
        resized = target is not None and bool((seen != size).any())
        if parameters is not None and self.behind != "spline":
            if turned:
                made = made @ geometry.affine(parameters, size)
            if parameters.flip_horizontal.any() or parameters.flip_vertical.any():
                made = made @ geometry.flips(parameters, size)
        made = np.ascontiguousarray(np.broadcast_to(made, (len(seen), 3, 3)))
        if turned:
            ops.append(self._warp(made, size))
        elif resized:
            engine: Any = self.interpolation if self.interpolation in ENGINE and not self.mask else "nearest"
            ops.append(Warp(made, size, "edge", None, engine))
        elif len(made) and (made != np.eye(3)).any():
            ops.append(Warp(made, size))
        if not self.mask:
            ops += self._levels(parameters, samples, channels)
        return fuse(ops, Frame(stored, channels, None))

    def _warp(self, made: Array, size: Integers) -> Warp:
        generator = self.generator
        order = 0 if self.mask else generator.interpolation_order
        # "nearest" asks for samples as they are; whoever resizes otherwise wants what Pillow's resize does: averages.
        antialias = self.target is not None and self.interpolation != "nearest"
        cval = 0.0 if self.mask else generator.cval
        return geometry.warp(made, size, generator.fill_mode, cval, order, antialias)

    def _levels(self, parameters: Parameters | None, samples: Any, channels: int) -> list[Op]:
        ops: list[Op] = []
        if self.behind in ("spline", "shift"):
            return ops
        if parameters is not None and parameters.brightness is not None:
            clip = np.array([self._bounds(sample) for sample in samples])
            ops.append(levels.brightness(parameters.brightness, channels, clip))
        if self.behind is None:
            gain, offset = self.generator.linear_levels(channels)
            if (gain != 1).any() or offset.any():
                ops.append(levels.linear(gain, offset, len(samples)))
        return ops

    def _bounds(self, sample: Sample) -> levels.Bounds:
        if isinstance(sample, bytes):
            return 0.0, 255.0
        if self.bounds is not None:
            return self.bounds
        # A float array from a file is one of 32-bit integers.
        return levels.bounds(0, 2**31, sample.dtype.kind, sample.dtype.itemsize)

    def _finished(
        self, pixels: NDArray[Any], epoch: int, index: Integers, reasons: dict[int, str], tools: Tools
    ) -> NDArray[Any]:
        generator = self.generator
        axis = generator.channel_axis - 1
        planar = axis == 0
        size = np.tile(np.array(pixels.shape[2:] if planar else pixels.shape[1:3], np.int64), (len(pixels), 1))
        parameters = self.parameters(epoch, index, size)
        wanted, work = np.dtype(generator.dtype), generator.work_dtype
        out = np.zeros(pixels.shape, work)

        def one(row: int) -> None:
            x = pixels[row].astype(work)
            if parameters is not None and self.behind == "spline":
                x = generator.apply_transform(x, parameters.row(row))
            elif parameters is not None and self.behind == "shift":
                if parameters.channel_shift is not None:
                    x = apply_channel_shift(x, float(parameters.channel_shift[row]), axis)
                if parameters.brightness is not None:
                    clip = np.array([levels.bounds_of(x) if self.bounds is None else self.bounds])
                    op = levels.brightness(parameters.brightness[row : row + 1], x.shape[axis], clip)
                    x = levels.run_one(x, op, axis)
            out[row] = generator.standardize_one(x)

        rows = [row for row in range(len(pixels)) if row not in reasons]
        if generator.preprocessing_function:
            # It may not like threads.
            for row in rows:
                tools.threads.check()
                one(row)
        else:
            tools.threads.map(one, rows)
        out = generator.whiten(out)
        if wanted.kind in "iu":
            limit = np.iinfo(wanted)
            out = np.clip(np.rint(out), limit.min, limit.max)
        return out.astype(wanted, copy=False)

    def _read(self, index: Integers) -> tuple[list[Sample] | Stack, dict[int, str]]:
        samples: list[Sample] = []
        reasons: dict[int, str] = {}
        found = self.source.read_many(index.tolist())
        if isinstance(found, Stack):
            return found, reasons
        for row, sample in enumerate(found):
            if isinstance(sample, OSError):
                missing = isinstance(sample, FileNotFoundError)
                reasons[row] = ABSENT if missing else f"cannot be read: {sample.strerror or sample}"
                samples.append(b"")
            elif isinstance(sample, Exception):
                raise sample
            else:
                samples.append(sample if isinstance(sample, bytes) else np.ascontiguousarray(sample))
        return samples, reasons

    def _open(
        self, samples: list[Sample] | Stack, reasons: dict[int, str], threads: Threads
    ) -> tuple[Integers, Integers]:
        """Stored sizes and orientations; what the core cannot decode, or resize as asked, Pillow does in place."""
        table = peek(samples)
        if isinstance(samples, Stack):
            return table[:, 1:3], table[:, 4]
        for row in oversized(table, MAX_PIXELS):
            reasons[row] = _short(bomb(int(table[row, 2]), int(table[row, 1]), MAX_PIXELS))
        theirs = table[:, 0] == PILLOW
        if self.target is not None and (self.interpolation not in ENGINE or self.mask):
            # A mask's levels are not to pass through a JPEG's color planes either.
            theirs |= table[:, 0] == JPEG
        rows = [row for row in np.flatnonzero(theirs).tolist() if row not in reasons]
        for row, result in zip(rows, threads.map(self._decode, [samples[row] for row in rows]), strict=True):
            if isinstance(result, str):
                reasons[row] = result
            else:
                samples[row] = result
                table[row, 1:] = *result.shape, 1
        return table[:, 1:3], table[:, 4]

    def _decode(self, data: Sample) -> NDArray[Any] | str:
        """A file that the core does not decode, as Pillow converts it; 16 and 32 bits keep their levels in gray."""
        try:
            file = encoded(data)
            bad = read_headers([file]).reasons[0]
            if bad is not None:
                return _short(bad)
            if self.mask:
                pixels = mask_levels(file)
            else:
                whole = self.interpolation in ENGINE
                color = next(name for name, mode in COLORS.items() if mode == self.color)
                image = load_img(
                    BytesIO(file),
                    color_mode=color,
                    target_size=None if whole else self.target,
                    interpolation=self.interpolation,
                    keep_aspect_ratio=self.keep_aspect_ratio,
                )
                pixels = np.asarray(image)
        except (Undecodable, AugstreamError) as error:
            return str(error)
        except Exception as error:
            # Pillow's plugins let nearly every kind of exception through when a file is broken.
            return f"cannot be decoded ({len(data)} bytes): {' '.join(str(error).split())} ({type(error).__name__})"
        if pixels.dtype.name not in ("uint8", "uint16"):
            pixels = pixels.astype(np.float32)
        return np.ascontiguousarray(pixels[:, :, None] if pixels.ndim == 2 else pixels)


def mask_levels(data: bytes) -> NDArray[Any]:
    """The levels of a mask as they are in the file: of a palette, the numbers of its colors."""
    image = upright(pillow("masks").open(BytesIO(data)))
    if image.mode not in ("1", "L", "P", "I", "I;16"):
        image = image.convert("L")
    levels: NDArray[Any] = np.asarray(image)
    return levels.astype(np.uint8) if levels.dtype == np.bool_ else levels


def _short(reason: str) -> str:
    """A reason without the advice about an argument that a flow does not have."""
    return reason.split(" If the file is to be trusted")[0]
