"""Samples -> pixels of a flow: a generator's arguments as one plan, and behind it what cannot be part of a plan."""

from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augstream.batch.parts import LATER
from augstream.batch.stages import Planned, Ready, Record, Stage, Stages, Tools
from augstream.concurrency.flight import Later, working
from augstream.decode.header import JPEG, read_headers
from augstream.decode.orientation import orient, oriented_size
from augstream.decode.sample import CHANNELS, ColorMode, Sample, Undecodable, encoded
from augstream.errors import AugstreamError
from augstream.keras_preprocessing import geometry, intensity
from augstream.keras_preprocessing.affine import apply_channel_shift
from augstream.keras_preprocessing.generator import Generator
from augstream.keras_preprocessing.load import load_img, pillow, upright
from augstream.keras_preprocessing.parameters import Parameters, draw, rng_of
from augstream.plan.fuse import fuse
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Frame, Op

Integers: TypeAlias = NDArray[np.int64]
COLORS: dict[str, ColorMode] = {"grayscale": "gray", "rgb": "rgb", "rgba": "rgba"}
NATIVE = ("uint8", "float16", "float32")
ABSENT = "the file does not exist"
_PILLOW = 20  # bytes a pixel, at most, while Pillow decodes, rotates and converts an image
ENGINE = ("nearest", "bilinear", "bicubic")  # the others of Pillow's ways to resize are left to Pillow


@dataclass(frozen=True, kw_only=True)
class FlowPlan(Stages):
    """How a flow's samples become pixels.

    target: (height, width) that files are resized to; None for arrays. augment: whether anything is drawn.
    mask: nearest neighbor, and nothing but geometry. bounds: of the levels of arrays.
    """

    generator: Generator
    target: tuple[int, int] | None = None
    interpolation: str = "nearest"
    keep_aspect_ratio: bool = False
    augment: bool = True
    mask: bool = False
    bounds: intensity.Bounds | None = None

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

    def with_dtype(self) -> "FlowPlan":
        """The same, writing the wanted dtype where the engine can and nothing is left to do behind it."""
        direct = self.direct and self.behind is None
        return replace(self, dtype=np.dtype(self.generator.dtype).name if direct else "float32")

    def parameters(self, epoch: int, index: Integers, size: Integers) -> Parameters | None:
        """The draws for these samples, which are of `size` (n, 2) once they are resized."""
        return draw(self.generator, rng_of(self.seed, epoch, index), size) if self.augment else None

    def stages(self, tools: Tools) -> list[Stage]:
        finish: Stage = "run", self.finish
        return [*super().stages(tools), finish] if self.behind else super().stages(tools)

    def planned(self, epoch: int, ready: Ready) -> Planned:
        """Resize, affine and flips as one warp; brightness, rescaling and featurewise statistics as one color."""
        ops: list[Op] = []
        samples, stored, orientation = ready.samples, ready.stored, ready.orientation
        channels = CHANNELS[self.color] if isinstance(samples[0], bytes) else samples[0].shape[2]
        seen = oriented_size(orientation, stored)
        if (orientation != 1).any():
            ops.append(orient(orientation, stored))
        target = self.target
        size = seen if target is None else np.full_like(seen, target)
        parameters = self.parameters(epoch, ready.index, size)
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
        plan = fuse(ops, Frame(stored, channels, None))
        return Planned(plan, plan)

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
            ops.append(intensity.brightness(parameters.brightness, channels, clip))
        if self.behind is None:
            gain, offset = self.generator.linear_levels(channels)
            if (gain != 1).any() or offset.any():
                ops.append(intensity.linear(gain, offset, len(samples)))
        return ops

    def _bounds(self, sample: Sample) -> intensity.Bounds:
        if isinstance(sample, bytes):
            return 0.0, 255.0
        if self.bounds is not None:
            return self.bounds
        # A float array from a file is one of 32-bit integers.
        return intensity.bounds(0, 2**31, sample.dtype.kind, sample.dtype.itemsize)

    def finish(self, record: Record) -> None:
        """What has to wait for pixels, image by image."""
        pixels, index, tools = record.image, record.ready.index, record.tools
        generator = self.generator
        axis = generator.channel_axis - 1
        planar = axis == 0
        size = np.tile(np.array(pixels.shape[2:] if planar else pixels.shape[1:3], np.int64), (len(pixels), 1))
        parameters = self.parameters(record.epoch, index, size)
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
                    clip = np.array([intensity.bounds_of(x) if self.bounds is None else self.bounds])
                    op = intensity.brightness(parameters.brightness[row : row + 1], x.shape[axis], clip)
                    x = intensity.run_one(x, op, axis)
            out[row] = generator.standardize_one(x)

        rows = [row for row, own in enumerate(record.ready.own) if own not in record.reasons]
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
        record.image = out.astype(wanted, copy=False)

    def foreign(self, kind: Integers) -> NDArray[np.bool_]:
        """What Pillow decodes: besides what the core does not, what the core cannot resize as asked."""
        found = super().foreign(kind)
        if self.target is not None and (self.interpolation not in ENGINE or self.mask):
            # A mask's levels are not to pass through a JPEG's color planes either.
            found = found | (kind == JPEG)
        return found

    def unread(self, error: Exception) -> str:
        if isinstance(error, Later):
            return LATER
        if isinstance(error, FileNotFoundError):
            return ABSENT
        if isinstance(error, MemoryError):
            return "cannot be read: not enough memory"
        reason = error.strerror if isinstance(error, OSError) else ""
        return f"cannot be read: {reason or ' '.join(str(error).split()) or type(error).__name__}"

    def refused(self, reason: str) -> str:
        """A reason without the advice about an argument that a flow does not have."""
        return reason.split(" If the file is to be trusted")[0]

    def decode_one(self, sample: Sample) -> tuple[NDArray[Any], int] | str:
        """A file as Pillow converts it, upright; 16 and 32 bits keep their levels in gray."""
        try:
            file = encoded(sample)
            headers = read_headers([file])
            bad = headers.reasons[0]
            if bad is not None:
                return self.refused(bad)
            with working(int(headers.stored.prod()) * _PILLOW) as work:
                pixels = self._loaded(file)
                work.kept = pixels.nbytes
            return pixels, 1
        except Later:
            return LATER
        except (Undecodable, AugstreamError) as error:
            return str(error)
        except Exception as error:
            # Pillow's plugins let nearly every kind of exception through when a file is broken.
            return f"cannot be decoded ({len(sample)} bytes): {' '.join(str(error).split())} ({type(error).__name__})"

    def _loaded(self, file: bytes) -> NDArray[Any]:
        if self.mask:
            pixels = mask_levels(file)
        else:
            whole = self.interpolation in ENGINE
            image = load_img(
                BytesIO(file),
                color_mode=next(name for name, mode in COLORS.items() if mode == self.color),
                target_size=None if whole else self.target,
                interpolation=self.interpolation,
                keep_aspect_ratio=self.keep_aspect_ratio,
            )
            pixels = np.asarray(image)
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
