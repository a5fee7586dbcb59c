"""The pipeline: transforms in a row, planned, called, printed, explained and stored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import augstream._core as _core
from augstream.decode.orientation import orient
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
from augstream.plan.step import Group
from augstream.record import replace
from augstream.rng import Crowd, Draw, Integers, Rng, crowded, fresh, gather, successors
from augstream.transforms import foreign
from augstream.transforms.arguments import (
    Flag,
    Maybe,
    MaybeNumbers,
    Numbers,
    Option,
)
from augstream.transforms.container import Container, Members
from augstream.transforms.explanation import Explanation, count
from augstream.transforms.images import BROKEN, check_partners, images_of, list_of
from augstream.transforms.limits import plain
from augstream.transforms.transform import (
    BORDERS,
    INTERPOLATIONS,
    from_dict,
)

if TYPE_CHECKING:
    from augstream.transforms.images import Picture

DEEPEST = 100
VERSION = 1  # of stored pipelines


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
    border: Option[Border] = Option(BORDERS, foreign.BORDERS)
    fill: MaybeNumbers = Maybe(Numbers(0.0))
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)
    fuse: Flag = Flag(True)
    sentence = "All of"

    def ops(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        """What its transforms yield in this epoch, one after the other."""
        here = self.at(rng.epoch)
        return super(Compose, here).ops(rng, frame)

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
        here = self.at(rng.epoch)
        list(here._each(rng, here._inner(frame), names=names))
        ops = list(here.ops(replace(rng, trace=draws), frame))
        return Explanation(draws, names, ops, here._plan(ops, frame))

    def alone(self, frame: Frame, seed: int = 0, epoch: int = 0, index: int = 0) -> tuple[Rng, Frame]:
        """The draws of one image; its partners, where there are mixes, are of its size and have the next numbers."""
        inputs, crowd = gather(np.array([index]), self.at(epoch).mixers, successors)
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
        image: "Picture",
        seed: int | None = None,
        epoch: int | None = None,
        index: int | None = None,
        dtype: DTypeLike | None = None,
        peak: float | None = None,
        partners: Sequence["Picture"] = (),
    ) -> NDArray[Any]:
        """The image (h, w) or (h, w, c) as a Loader would make it, but for mixes, whose partners are the caller's.

        image: an array, the path of a file, or an image of Pillow's; the latter two are seen as their EXIF orientation
            says, and files are read as RGB.
        seed, epoch, index: where one of them is given, the result is a pure function of them, the others being 0.
            Without any, each call is drawn anew.
        dtype: the result's; None keeps the image's, or is float32 where the pipeline changes the levels.
        peak: the highest level; None is 255 for uint8, 65535 for uint16 and 1 for float32.
        partners: the images that mixes take from, of the same kind and any size: as many as they need, in their order,
            drawn as samples index + 1, index + 2, ...
        """
        numbers = fresh(1) if seed is epoch is index is None else np.array([0 if index is None else index])
        made: NDArray[Any] = self._made([image], [partners], seed, epoch, numbers, dtype, peak)[0]
        return made

    def variants(
        self,
        image: "Picture",
        n: int = 9,
        seed: int | None = None,
        epoch: int | None = None,
        dtype: DTypeLike | None = None,
        peak: float | None = None,
        partners: Sequence["Picture"] = (),
    ) -> NDArray[Any]:
        """What becomes of one image when it is drawn n times, (n, h, w, c), in one native call.

        Number i is `pipeline(image, seed, epoch, index=i)`; without seed and epoch they are drawn anew in each call.
        """
        if not hasattr(n, "__index__") or n < 1:
            raise ArgumentError(f"n must be a whole number, 1 or more; got {n!r:.80}.")
        numbers = fresh(n) if seed is epoch is None else np.arange(n)
        return self._made([image], [partners], seed, epoch, numbers, dtype, peak)

    def batch(
        self,
        images: "Iterable[Picture]",
        seed: int | None = None,
        epoch: int | None = None,
        index: Sequence[int] | Integers | None = None,
        dtype: DTypeLike | None = None,
        peak: float | None = None,
        partners: Sequence[Sequence["Picture"]] | None = None,
    ) -> NDArray[Any]:
        """Many images of any sizes as one array (n, h, w, c), in one native call.

        index: (n,) their numbers; None is 0..n-1. Image i is `pipeline(images[i], seed, epoch, index[i])`; without
            seed, epoch and index they are drawn anew in each call.
        partners: a list for each image, where the pipeline has mixes.
        """
        given = list_of(images)
        numbers = np.arange(len(given)) if index is None else np.asarray(index)
        if index is None and seed is epoch is None:
            numbers = fresh(len(given))
        if numbers.shape != (len(given),):
            raise ArgumentError(f"index must hold a number for each of the {len(given)} images; got {index!r:.80}.")
        if partners is not None and len(partners) != len(given):
            raise ArgumentError(f"partners must hold a list for each of the {len(given)} images; got {len(partners)}.")
        return self._made(
            given, [()] * len(given) if partners is None else partners, seed or 0, epoch or 0, numbers, dtype, peak
        )

    def _made(
        self,
        given: Sequence["Picture"],
        partners: Sequence[Sequence["Picture"]],
        seed: int | None,
        epoch: int | None,
        index: Integers,
        dtype: DTypeLike | None,
        peak: float | None,
    ) -> NDArray[Any]:
        """What becomes of n images, each with its partners; one image stands for n of them."""
        n, mixers = len(index), self.at(epoch or 0).mixers
        for some in partners:
            check_partners(some, mixers)
        images = images_of([*given, *(one for row in zip(*partners, strict=True) for one in row)], peak, self.fill or 0)
        own = None if len(given) == n else np.repeat(np.arange(len(images.samples)), n)
        if own is None:
            frame, stored, orientation = images.frame, images.stored, images.orientation
        else:
            frame = images.frame.resized(images.frame.size[own])
            stored, orientation = images.stored[own], None if images.orientation is None else images.orientation[own]
        rng = rng_for(0 if seed is None else seed, 0 if epoch is None else epoch, index)
        if mixers:
            rng = crowded(rng, mixers)
        if orientation is None:
            plan = self._plan(self.ops(rng, frame), frame)
        else:
            plan, _ = self.oriented(rng, frame, stored, orientation)
            _refuse_ragged(plan)
        if dtype is None:
            dtype = images.dtype if plan.frame_out.peak == frame.peak else "float32"
        name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        shared = plan if own is None else plan.sharing(own)
        out, errors = default_engine().run(images.samples, shared, dtype=name, layout="NHWC")
        if any(errors):
            raise SampleError([(row, images.name(row), why) for row, why in enumerate(errors) if why], BROKEN)
        return out[..., 0] if images.flat else out

    def oriented(self, rng: Rng, frame: Frame, stored: Integers, orientation: Integers) -> tuple[Plan, Plan]:
        """The plan for images as stored, and the same for images after EXIF orientation, which `frame` is of."""
        ops, compiled = self.ops(rng, frame), fuse if self.fuse else unfused
        if (orientation == 1).all():
            plan = compiled(ops, frame)
            return plan, plan
        drawn, lying, rotation = list(ops), replace(frame, size=stored), orient(orientation, stored)
        upright = compiled(drawn, frame)
        if self.fuse or self.mixers:
            return compiled(chain([rotation], drawn), lying), upright
        # The rotation is part of the first step: a step more would change the samples of the batch that need none.
        first = fuse([rotation, *upright.ops[:1]], lying)
        steps = (*first.steps, *upright.steps[1:])
        return Plan((Group(None, None, steps),), lying, upright.frame_out), upright

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
        _refuse_ragged(plan)
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


def _refuse_ragged(plan: Plan) -> None:
    size = plan.frame_out.size
    if odd := _core.first_odd(size):
        (a, b), (c, d) = size[0].tolist(), size[odd].tolist()
        raise ragged(f"({a}, {b})", f"({c}, {d})")
