"""The pipeline: transforms in a row, planned, called, printed, explained and stored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import augstream._core as _core
from augstream.decode.sample import PEAK
from augstream.engines.default import default_engine
from augstream.errors import (
    ArgumentError,
    PipelineError,
    RefusedError,
    SampleError,
    ragged,
)
from augstream.notebook import page
from augstream.plan.fuse import fuse, layout, unfused
from augstream.plan.op import Border, Frame, Interpolation, Op
from augstream.plan.plan import Plan
from augstream.record import replace
from augstream.rng import Crowd, Draw, Integers, Rng, gather, successors
from augstream.transforms.arguments import (
    Flag,
    Maybe,
    MaybeNumbers,
    Numbers,
    Option,
    plain,
)
from augstream.transforms.container import Container, Members
from augstream.transforms.explanation import Explanation, count
from augstream.transforms.transform import (
    BORDERS,
    FOREIGN_BORDERS,
    INTERPOLATIONS,
    from_dict,
)

DEEPEST = 100
VERSION = 1  # of stored pipelines
NAMES: dict[Any, str] = {
    np.dtype(name): name for name in ("uint8", "uint16", "float32")
}  # `dtype.name` is worked out anew each time


class Compose(Container):
    """A pipeline: transforms one after the other, merged into as few passes over the pixels as can be.

    border, fill, interpolation: what holds where a transform does not say; None leaves it to the Compose around this
    one, and is "constant", 0 and "bilinear" in the outermost. fill is in levels of the images that enter (0..255).
    fuse: False runs step by step.

    >>> import augstream as aug
    >>> print(aug.Compose([aug.Rotate(40), aug.HorizontalFlip(), aug.Resize(224)], border="edge"))
    border edge
     0  Rotate by -40 to 40 degrees
     1  Swap left and right, with probability 0.5
     2  Resize to 224 x 224
    3 warps -> 1, one pass
    """

    transforms: Members = Members()
    _: KW_ONLY
    border: Option[Border] = Option(BORDERS, FOREIGN_BORDERS)
    fill: MaybeNumbers = Maybe(Numbers(0.0))
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    fuse: Flag = Flag(True)
    sentence = "All of"

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        return self._each(rng, self._inner(frame))

    def __post_init__(self) -> None:
        if self.mixers and self.p < 1:
            raise RefusedError("A Compose that holds a mix has no p", "Give the mix a p of its own.")

    def plan(self, seed: int, epoch: int, index: Integers, frame: Frame, crowd: Crowd | None = None) -> Plan:
        """What to do with the images `index` (n,) of an epoch, whose sizes are in `frame`.

        crowd: for a pipeline with mixes, what `gather` returns beside the index: some of the images are partners.
        """
        rng = rng_for(seed, epoch, index)
        return self._plan(self.ops(rng if crowd is None else replace(rng, crowd=crowd), frame), frame)

    def explain(
        self, size: tuple[int, int], seed: int = 0, epoch: int = 0, index: int = 0, channels: int = 3
    ) -> Explanation:
        """Everything about one sample of this size (height, width), without its pixels: print it."""
        if np.shape(size) != (2,) or not all(hasattr(side, "__index__") and side > 0 for side in size):
            raise ArgumentError(f"size must be (height, width), whole numbers above 0; got {size!r:.80}.")
        draws: list[Draw] = []
        rng, frame = self.alone(Frame(np.array([size], np.int64), channels), seed, epoch, index)
        names: list[str] = []
        list(self._each(rng, self._inner(frame), names=names))
        ops = list(self.ops(replace(rng, trace=draws), frame))
        return Explanation(draws, names, ops, self._plan(ops, frame))

    def alone(self, frame: Frame, seed: int = 0, epoch: int = 0, index: int = 0) -> tuple[Rng, Frame]:
        """The draws of one image; its partners, where there are mixes, are of its size and have the next numbers."""
        inputs, crowd = gather(np.array([index]), self.mixers, successors)
        rng = replace(rng_for(seed, epoch, inputs), crowd=crowd)
        return rng, frame.resized(np.repeat(frame.size, len(inputs), axis=0))

    def result(self, frame: Frame) -> Frame:
        """What comes out of one image of this frame, in the first epoch."""
        rng, frame = self.alone(frame)
        for op in self.ops(rng, frame):
            frame = frame.after(op)
        return frame

    def __call__(
        self,
        image: NDArray[Any],
        seed: int = 0,
        epoch: int = 0,
        index: int = 0,
        dtype: DTypeLike | None = None,
        peak: float | None = None,
        partners: Sequence[NDArray[Any]] = (),
    ) -> NDArray[Any]:
        """The image (h, w) or (h, w, c) as a Loader would make it, but for mixes, whose partners are the caller's.

        dtype: the result's; None keeps the image's, or is float32 where the pipeline changes the levels.
        peak: the highest level; None is 255 for uint8, 65535 for uint16 and 1 for float32.
        partners: the images that mixes take from, of the same kind and any size: as many as they need, in their order,
            drawn as samples index + 1, index + 2, ...
        """
        if not isinstance(partners, Sequence):
            raise ArgumentError("partners must be a list of images. Write partners=[image].")
        cubes = [_cube(some, peak) for some in (image, *partners)]
        first, mixers = cubes[0], self.mixers
        if len(partners) != sum(mixers):
            needs = f"this pipeline needs {sum(mixers)}, which its mixes take from" if mixers else "none"
            raise ArgumentError(f"partners must be as many images as the mixes need: {needs}; got {len(partners)}.")
        if any((one.dtype, one.shape[2]) != (first.dtype, first.shape[2]) for one in cubes[1:]):
            kinds = ", ".join(f"{one.dtype} with {one.shape[2]}" for one in cubes)
            raise ArgumentError(
                f"partners must have the dtype and the number of channels of the image; got {kinds} channels."
            )
        own = NAMES[first.dtype]
        frame = Frame(_core.sizes(cubes), first.shape[2], peak or PEAK[first.dtype])
        inputs, crowd = gather(np.array([index]), mixers, successors)
        plan = self.plan(seed, epoch, inputs, frame, crowd)
        if dtype is None:
            dtype = own if plan.frame_out.peak == frame.peak else "float32"
        name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        out, errors = default_engine().run(cubes, plan, dtype=name, layout="NHWC")
        if errors[0] is not None:
            raise SampleError([(index, "the image", errors[0])])
        made: NDArray[Any] = out[0] if np.ndim(image) == 3 else out[0, :, :, 0]
        return made

    def __str__(self) -> str:
        said = [f"{name} {plain(getattr(self, name))}" for name in ("border", "fill", "interpolation")]
        said = [text for text in said if not text.endswith(" None")] + ["step by step"] * (not self.fuse)
        lines = [", ".join(said)] if said else []
        for number, member in enumerate(self):
            first, *rest = member.describe().splitlines()
            lines += [f"{number:2}  {first}", *(f"    {line}" for line in rest)]
        try:
            rng, frame = self.alone(Frame(np.array([(375, 500)], np.int64)))
            ops = list(self.ops(rng, frame))
            lines.append(count(ops, layout(ops, frame) if self.fuse else unfused(ops, frame).steps))
        except PipelineError as error:
            lines.append(f"Not for (375, 500, 3) images of uint8: {error}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return page(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Compose":
        """The pipeline that `to_dict` stored, or that `to_json` wrote."""
        _refuse_deep(data)
        made = from_dict(_without_version(data))
        if not isinstance(made, Compose):
            raise ArgumentError(f"A stored pipeline must be a Compose; got {type(made).__name__}. Wrap it in one.")
        return made

    def to_json(self) -> str:
        """The pipeline as text for a file; `from_json` reads it back."""
        import json
        import re

        text = json.dumps({"version": VERSION, **self.to_dict()}, indent=2)
        return re.sub(
            r"\[[^][{}]*\]", lambda numbers: " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]"), text
        )

    @classmethod
    def from_json(cls, text: str) -> "Compose":
        """The pipeline that `to_json` wrote."""
        import json

        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ArgumentError(
                f"A stored pipeline must be JSON; got text that is none: {error}. Use to_json."
            ) from None
        return cls.from_dict(data)

    def _inner(self, frame: Frame) -> Frame:
        if self._silent:
            return frame
        border, interpolation = self.border or frame.border, self.interpolation or frame.interpolation
        return replace(frame, border=border, fill=self.fill or frame.fill, interpolation=interpolation)

    @cached_property
    def _silent(self) -> bool:
        """Whether it says nothing of borders and interpolation."""
        return self.border is None and self.fill is None and self.interpolation is None

    def _plan(self, ops: Iterable[Op], frame: Frame) -> Plan:
        plan = (fuse if self.fuse else unfused)(ops, frame)
        size = plan.frame_out.size
        if odd := _core.first_odd(size):
            (a, b), (c, d) = size[0].tolist(), size[odd].tolist()
            raise ragged(f"({a}, {b})", f"({c}, {d})")
        return plan


def _without_version(data: Any) -> Any:
    if not isinstance(data, Mapping) or "version" not in data:
        return data
    version = data["version"]
    if type(version) is not int or version < 1:
        raise ArgumentError(f"The version of a stored pipeline must be a whole number from 1; got {version!r:.80}.")
    if version > VERSION:
        fact = f"The stored pipeline is of version {version}, and this augstream reads version {VERSION}"
        raise ArgumentError(f"{fact}. Update augstream, or store the pipeline with this one.")
    return {name: value for name, value in data.items() if name != "version"}


def _refuse_deep(data: Any) -> None:
    """Before anything follows the levels by calling itself, which Python ends with an error of its own."""
    level, depth = [data], 0
    while level:
        if depth > DEEPEST:
            raise ArgumentError(f"A stored pipeline must have at most {DEEPEST} levels of lists and transforms.")
        inside = (one.values() if isinstance(one, Mapping) else one for one in level if isinstance(one, Mapping | list))
        level, depth = [member for members in inside for member in members], depth + 1


def rng_for(seed: int, epoch: int, index: Any) -> Rng:
    """The draws of these samples, once the three are known to be sound."""
    index = np.ascontiguousarray(index)
    if index.ndim != 1 or index.dtype.kind not in "iu" or _core.bounds(index, 1)[0] < 0:
        raise ArgumentError(f"index must hold whole numbers that are 0 or more; got {index!r:.80}.")
    for name, value, top in (("seed", seed, ""), ("epoch", epoch, " from 0 to 2**32 - 1")):
        if not hasattr(value, "__index__") or (top and not 0 <= value < 2**32):
            raise ArgumentError(f"{name} must be a whole number{top}; got {value!r:.80}.")
    return Rng(int(seed), int(epoch), index if index.dtype == np.int64 else index.astype(np.int64))


def _cube(image: NDArray[Any], peak: float | None) -> NDArray[Any]:
    """One image as (h, w, c), or what is wrong with it."""
    image = np.asarray(image)
    if image.dtype not in NAMES or image.ndim not in (2, 3) or not image.size:
        got = f"{image.shape} of {image.dtype}"
        raise ArgumentError(f"An image must be (h, w) or (h, w, c) of uint8, uint16 or float32; got {got}.")
    if peak is not None and not peak > 0:
        raise ArgumentError(f"peak must be above 0; got {peak!r}.")
    if peak is None and image.dtype.kind == "f" and (highest := float(np.nanmax(image, initial=0))) > 1 + 1e-6:
        fact = f"The image holds floats up to {highest:g}, and the level of white is 1 unless peak says otherwise"
        raise ArgumentError(f"{fact}. Pass peak={255 if highest <= 255 else f'{highest:g}'}, or divide by it.")
    return np.ascontiguousarray(image if image.ndim == 3 else image[:, :, None])
