"""Transforms that hold others: what Compose shares with them, one of several (OneOf), some of several (SomeOf)."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import augstream._core as _core
from augstream.errors import MisplacedError, PlacedError, RefusedError
from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Frame, Mask, Op
from augstream.rng import Integers, Rng
from augstream.transforms.arguments import (
    Argument,
    Maybe,
    MaybeNumbers,
    MaybeWholeRange,
    Numbers,
    WholeRange,
)
from augstream.transforms.limits import UnfitError
from augstream.transforms.transform import Mixing, Transform, chosen, from_dict

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

    def turning_points(self, value: Any) -> tuple[int, ...]:
        return tuple(turn for member in value for turn in member.turning_points)

    def at(self, value: Any, epoch: int) -> Any:
        return [member.at(epoch) for member in value]

    def english(self, value: Any) -> str:
        # `describe` has a line for each; repeating them here would double the work with every container around.
        return f"{len(value)}"

    def written(self, name: str, value: Any) -> str:
        return repr(list(value))

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

    def describe(self) -> str:
        """One line for the container and one for each member."""
        members = [f"  {line}" for member in self for line in member.describe().splitlines()]
        return "\n".join([f"{super().describe()}:", *members])

    @property
    def needy(self) -> bool:
        return any(member.needy for member in self)

    @property
    def mixers(self) -> tuple[int, ...]:
        return self._mixers

    @property
    def blends(self) -> bool:
        return any(member.blends for member in self)

    @cached_property
    def _mixers(self) -> tuple[int, ...]:
        return tuple(k for member in self for k in member.mixers) if self.p else ()

    def _each(
        self, rng: Rng, frame: Frame, on: Sequence[Mask] | None = None, names: list[str] | None = None
    ) -> Iterator[Op]:
        """The ops of the members, one after the other; `on` says for which images each member is: mixes among them
        have been drawn.

        names: the member of each op is appended to it.
        """
        for position, (name, member) in enumerate(self._named):
            if on is not None and isinstance(member, Mixing):
                continue
            try:
                ops = member.ops(rng.child(name), frame)
                for op in ops if on is None else chosen(ops, on[position], frame):
                    if isinstance(op, Warp) and op.size is not frame.size and _core.bounds(op.size, 2)[1] > MOST:
                        raise _large(type(member).__name__, op.size)
                    if names is not None:
                        names.append(name)
                    yield op
                    frame = frame.after(op)
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
    """One of the transforms for each image. weights: how often each one is taken, in proportion; None: equally often.

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
        for position, (name, member) in enumerate(self._named):
            try:
                for op in member.ops(rng.child(name), frame) if member.mixers else ():
                    if isinstance(op, Mix):
                        mix = op.where(on[position], later) if mix is None else mix.either(op, on[position])
            except PlacedError as error:
                raise error.inside(type(self).__name__, position) from None
        if mix is not None:
            yield mix
            later = later.after(mix)
        yield from self._each(mixed, later, on)

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
    """Some of the transforms for each image, in the order given here.

    k: how many, a number or (low, high), both ends included; None: from one to all of them.

    >>> import augstream as aug
    >>> aug.SomeOf([aug.Rotate(10), aug.Shear(10), aug.Zoom(0.1)], k=2)
    SomeOf([Rotate(degrees=(-10, 10)), Shear(x=(-10, 10), y=(0, 0)), Zoom(scale=(0.9, 1.1))], k=(2, 2))
    """

    transforms: Members = Members(least=1)
    k: MaybeWholeRange = Maybe(WholeRange(1, low=0), "1 to all")
    sentence = "Any {k} of"

    def __post_init__(self) -> None:
        if isinstance(self.k, tuple) and self.k[1] > len(self):
            fact = f"SomeOf.k must be at most {len(self)}, the number of transforms; got {self.k}"
            raise RefusedError(fact, "Lower k or add transforms.")
        if self.mixers:
            raise RefusedError("SomeOf takes no mixes", "Put them into a OneOf, or give them a p of their own.")

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        many = rng.whole("k", self.k or (1, len(self)))
        order = rng.order("order", len(self))
        on = [order[:, position] < many for position in range(len(self))]
        return self._each(rng, frame, on)


def _large(maker: str, size: Integers) -> MisplacedError:
    height, width = size[size.max(axis=1).argmax()].tolist()
    fact = f"{maker} makes an image of {height} x {width} pixels, more than {MOST} a side"
    return MisplacedError(fact, "Ask for fewer.")
