"""Transforms of transforms: all in a row (Compose), one of several (OneOf), some of several (SomeOf)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from augstream import _core
from augstream.errors import ArgumentError, PipelineError, SampleError
from augstream.plan.fuse import fuse, layout, unfused
from augstream.plan.kinds import Mix, Warp
from augstream.plan.op import Border, Frame, Interpolation, Mask, Op
from augstream.plan.plan import Plan
from augstream.record import replace
from augstream.rng import Crowd, Draw, Integers, Rng, gather, successors
from augstream.transforms.arguments import (
    Argument,
    Flag,
    Maybe,
    MaybeNumbers,
    MaybeWholeRange,
    MisplacedError,
    Numbers,
    Option,
    PlacedError,
    RefusedError,
    UnfitError,
    WholeRange,
    plain,
)
from augstream.transforms.explanation import Explanation, count
from augstream.transforms.transform import (
    BORDERS,
    FOREIGN_BORDERS,
    INTERPOLATIONS,
    Mixing,
    Transform,
    chosen,
    from_dict,
)

PEAKS = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
NAMES = {np.dtype(name): name for name in PEAKS}  # `dtype.name` is worked out anew each time
MOST = 1 << 16  # pixels a side that the core makes


class Members(Argument[Sequence[Transform], tuple[Transform, ...]]):
    """The transforms that a container holds; `least` is how many there must be."""

    def __init__(self, least: int = 0) -> None:
        super().__init__(())
        self.least = least

    def accept(self, value: Any) -> tuple[Transform, ...]:
        if isinstance(value, Transform) or not isinstance(value, Sequence) or isinstance(value, str):
            raise UnfitError("a list of transforms")
        for member in value:
            if not isinstance(member, Transform):
                kind = isinstance(member, type) and issubclass(member, Transform)
                hint = f"Write {member.__name__}()." if kind else f"{member!r:.60} is none."
                raise UnfitError("a list of transforms", hint)
        if len(value) < self.least:
            raise UnfitError(f"a list of at least {self.least}")
        return tuple(value)

    def store(self, value: Any) -> Any:
        return [member.to_dict() for member in value]

    def load(self, stored: Any) -> Any:
        if not isinstance(stored, list):
            return stored
        members = []
        for position, data in enumerate(stored):
            try:
                members.append(from_dict(data))
            except PlacedError as error:
                raise error.inside(self.owner, position) from None
        return members


class Container(Transform):
    """What Compose, OneOf and SomeOf share: members, with a name for the draws of each."""

    transforms: Members = Members()

    def __len__(self) -> int:
        return len(self.transforms)

    def __iter__(self) -> Iterator[Transform]:
        return iter(self.transforms)

    def __getitem__(self, position: int) -> Transform:
        return self.transforms[position]

    def __repr__(self) -> str:
        named, inside = f"transforms={self.transforms!r}", f"{list(self.transforms)!r}"
        return super().__repr__().replace(named, inside, 1)

    def describe(self) -> str:
        """One line for the container and one for each member."""
        members = [f"  {line}" for member in self for line in member.describe().splitlines()]
        return "\n".join([f"{super().describe()}:", *members])

    @property
    def mixers(self) -> tuple[int, ...]:
        return self._mixers

    @cached_property
    def _mixers(self) -> tuple[int, ...]:
        return tuple(k for member in self for k in member.mixers) if self.p else ()

    def _each(
        self, rng: Rng, frame: Frame, on: Sequence[Mask] | None = None, names: list[str] | None = None
    ) -> Iterator[Op]:
        """The ops of the members, one after the other; `on` says for which samples each member is.

        names: the member of each op is appended to it.
        """
        for position, (name, member) in enumerate(self._named):
            try:
                ops = member.ops(rng.child(name), frame)
                for op in ops if on is None else chosen(ops, on[position], frame):
                    if isinstance(op, Warp) and op.size is not frame.size and _core.bounds(op.size, 2)[1] > MOST:
                        raise _large(type(member).__name__, op.size)
                    if names is not None:
                        names.append(name)
                    yield op
                    frame = op.after(frame)
                    if isinstance(op, Mix):
                        rng = rng.mixed()
            except PlacedError as error:
                raise error.inside(type(self).__name__, position) from None

    @cached_property
    def _named(self) -> list[tuple[str, Transform]]:
        """Members under their kind and occurrence, so that one of another kind in front changes no draw."""
        seen: dict[str, int] = {}
        named = []
        for member in self.transforms:
            kind = type(member).__name__
            named.append((f"{kind}.{seen.setdefault(kind, 0)}", member))
            seen[kind] += 1
        return named


class OneOf(Container):
    """One of the transforms for each picture. weights: how often each one is taken, in proportion; None: equally often.

    >>> import augstream as aug
    >>> aug.OneOf([aug.Rotate(10), aug.HorizontalFlip()], weights=(3, 1))
    OneOf([Rotate(degrees=(-10, 10)), HorizontalFlip()], weights=(3, 1))
    """

    transforms: Members = Members(least=1)
    weights: MaybeNumbers = Maybe(Numbers(1.0, low=0))
    sentence = "One of"

    def __post_init__(self) -> None:
        weights = self.weights
        if weights is not None and (len(weights) != len(self) or not sum(weights)):
            fact = f"OneOf.weights must be a number for each of {len(self)} transforms, not all 0; got {weights}"
            raise RefusedError(fact)
        if any(member.mixers and not isinstance(member, Mixing) for member in self):
            raise RefusedError("OneOf takes a mix only as a member of its own", "Take it out of what holds it.")

    @cached_property
    def _mixers(self) -> tuple[int, ...]:
        needs = [k for member in self for k in member.mixers] if self.p else []
        return (max(needs),) if needs else ()

    def ops(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        """What `draw` yields, with p; of several mixes one, as all of them take from the same images."""
        if not self.mixers:
            yield from super().ops(rng, frame)
            return
        mixed, mix = rng.mixed(), None
        later = frame.resized(frame.size[: len(mixed)])
        on = self._on(mixed)
        for mine, (name, member) in zip(on, self._named, strict=True):
            for op in member.ops(rng.child(name), frame) if member.mixers else ():
                if isinstance(op, Mix):
                    mix = op.where(mine, later) if mix is None else mix.either(op, mine)
        if mix is not None:
            yield mix
        for mine, (name, member) in zip(on, self._named, strict=True):
            for op in chosen(member.ops(mixed.child(name), later), mine, later) if not member.mixers else ():
                yield op
                later = op.after(later)

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        return self._each(rng, frame, self._on(rng))

    def _on(self, rng: Rng) -> list[Mask]:
        """For each member the images (n,) that it is for."""
        which = rng.choice("which", self.weights or [1.0] * len(self))
        if self.p == 1 or not self.mixers:
            return [which == position for position in range(len(self))]
        on = rng.chance("apply", self.p)
        return [(which == position) & on for position in range(len(self))]


class SomeOf(Container):
    """Some of the transforms for each picture, in the order given here.

    k: how many, a number or (low, high), both ends included; None: from one to all of them.

    >>> import augstream as aug
    >>> aug.SomeOf([aug.Rotate(10), aug.Shear(10), aug.Zoom(0.1)], k=2)
    SomeOf([Rotate(degrees=(-10, 10)), Shear(x=(-10, 10), y=(0, 0)), Zoom(scale=(0.9, 1.1))], k=(2, 2))
    """

    transforms: Members = Members(least=1)
    k: MaybeWholeRange = Maybe(WholeRange(1, low=0), "1 to all")
    sentence = "Any {k} of"

    def __post_init__(self) -> None:
        if self.k is not None and self.k[1] > len(self):
            fact = f"SomeOf.k must be at most {len(self)}, the number of transforms; got {self.k}"
            raise RefusedError(fact, "Lower k or add transforms.")
        if self.mixers:
            raise RefusedError("SomeOf takes no mixes", "Put them into a OneOf, or give them a p of their own.")

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        low, high = self.k or (1, len(self))
        many = low + rng.integers("k", high - low + 1)
        order = rng.order("order", len(self))
        on = [order[:, position] < many for position in range(len(self))]
        return self._each(rng, frame, on)


class Compose(Container):
    """A pipeline: transforms one after the other, merged into as few passes over the pixels as can be.

    border, fill, interpolation: what holds where a transform does not say; None leaves it to the Compose around this
    one, and is "constant", 0 and "bilinear" in the outermost. fill is in levels of the pictures that enter (0..255).
    fuse: False runs step by step.

    >>> import augstream as aug
    >>> print(aug.Compose([aug.Rotate(40), aug.HorizontalFlip(), aug.Resize(224)], border="edge"))
    border edge
     0  Turn by -40 to 40 degrees
     1  Swap left and right, with probability 0.5
     2  Resize to 224 x 224
    3 warps -> 1
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
        rng, frame = self._alone(Frame(np.array([size], np.int64), channels), seed, epoch, index)
        names: list[str] = []
        list(self._each(rng, self._inner(frame), names=names))
        ops = list(self.ops(replace(rng, trace=draws), frame))
        return Explanation(draws, names, ops, self._plan(ops, frame))

    def _alone(self, frame: Frame, seed: int = 0, epoch: int = 0, index: int = 0) -> tuple[Rng, Frame]:
        """The draws of one image; its partners, where there are mixes, are of its size and have the next numbers."""
        inputs, crowd = gather(np.array([index]), self.mixers, successors)
        rng = replace(rng_for(seed, epoch, inputs), crowd=crowd)
        return rng, frame.resized(np.repeat(frame.size, len(inputs), axis=0))

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
        """The image (h, w) or (h, w, c) as a Loader would make it.

        dtype: the result's; None keeps the picture's, or is float32 where the pipeline changes the levels.
        peak: the highest level; None is 255 for uint8, 65535 for uint16 and 1 for float32.
        partners: the images that mixes take from, of the same kind and any size: as many as they need, in their order.
        """
        cubes = [_cube(some, peak) for some in (image, *partners)]
        first, mixers = cubes[0], self.mixers
        if len(partners) != sum(mixers):
            needs = f"this pipeline needs {sum(mixers)}, which its mixes take from" if mixers else "none"
            raise ArgumentError(f"partners must be as many images as the mixes need: {needs}; got {len(partners)}.")
        if any((one.dtype, one.shape[2]) != (first.dtype, first.shape[2]) for one in cubes[1:]):
            raise ArgumentError("partners must have the dtype and the number of channels of the image.")
        from augstream.engines import native  # the core's thread pool is for those who run something

        own = NAMES[first.dtype]
        frame = Frame(_core.sizes(cubes), first.shape[2], peak or PEAKS[own])
        inputs, crowd = gather(np.array([index]), mixers, successors)
        plan = self.plan(seed, epoch, inputs, frame, crowd)
        if dtype is None:
            dtype = own if plan.frame_out.peak == frame.peak else "float32"
        name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        out, errors = native.run(cubes, plan, dtype=name, layout="NHWC")
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
            rng, frame = self._alone(Frame(np.array([(375, 500)], np.int64)))
            ops = list(self.ops(rng, frame))
            lines.append(count(ops, layout(ops, frame) if self.fuse else unfused(ops, frame).steps))
        except PipelineError as error:
            lines.append(f"Not for (375, 500, 3) pictures of uint8: {error}")
        return "\n".join(lines)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Compose":
        """The pipeline that `to_dict` stored."""
        made = from_dict(data)
        if not isinstance(made, Compose):
            raise ArgumentError(f"A stored pipeline must be a Compose; got {type(made).__name__}. Wrap it in one.")
        return made

    def to_json(self) -> str:
        """The pipeline as text for a file; `from_json` reads it back."""
        import json
        import re

        text = json.dumps(self.to_dict(), indent=2)
        return re.sub(
            r"\[[^][{}]*\]", lambda numbers: " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]"), text
        )

    @classmethod
    def from_json(cls, text: str) -> "Compose":
        """The pipeline that `to_json` wrote."""
        import json

        try:
            return cls.from_dict(json.loads(text))
        except json.JSONDecodeError as error:
            raise ArgumentError(
                f"A stored pipeline must be JSON; got text that is none: {error}. Use to_json."
            ) from None

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
            fact = f"The pictures of a batch must come out in one size; got ({a}, {b}) and ({c}, {d})"
            raise PipelineError(f"{fact}. Add Resize(height, width) at the end of the pipeline.")
        return plan


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


def _large(maker: str, size: Integers) -> MisplacedError:
    height, width = size[size.max(axis=1).argmax()].tolist()
    fact = f"{maker} makes a picture of {height} x {width} pixels, more than {MOST} a side"
    return MisplacedError(fact, "Ask for fewer.")
