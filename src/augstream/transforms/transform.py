"""What a transform is: a frozen dataclass of the user's arguments with one method, `draw`, that yields ops.

To add one, sub-class `Transform` (it becomes a frozen dataclass by itself), declare its arguments, write `draw`, and
say in `sentence` what one sees; validation, repr, JSON, `p` and the contract tests come with it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, fields
from functools import cached_property, wraps
from inspect import getattr_static
from typing import Any, ClassVar, Self, dataclass_transform, get_args

import numpy as np
from numpy.typing import NDArray

from augstream.errors import MisplacedError, PipelineError, RefusedError
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.warp import Warp
from augstream.plan.op import Array, Border, Frame, Interpolation, Mask, Op, levels_of, repeated
from augstream.record import replace
from augstream.rng import Crowd, Rng
from augstream.suggest import meant, unknown
from augstream.transforms import foreign
from augstream.transforms.arguments import (
    Argument,
    Maybe,
    MaybeNumbers,
    Number,
    Numbers,
    Option,
)
from augstream.transforms.limits import plain
from augstream.transforms.schedules import Schedule

BORDERS: tuple[Border, ...] = ("constant", "edge", "reflect", "symmetric", "wrap")
INTERPOLATIONS: tuple[Interpolation, ...] = get_args(Interpolation)

# Every transform that can be drawn, by the name that its stored form bears.
catalogue: dict[str, type["Transform"]] = {}


def _in_every_epoch(check: Callable[[Any], None]) -> Callable[[Any], None]:
    """The check of the arguments together, of a transform with schedules at each of their turns."""

    @wraps(check)
    def checked(self: Any) -> None:
        if not self.turning_points:
            check(self)
        for epoch in self.turning_points:
            self.at(epoch)

    return checked


@dataclass_transform(frozen_default=True)
class Record:
    """Makes a frozen dataclass of every sub-class; equality by value, repr and stored form from its arguments."""

    arguments: ClassVar[dict[str, Argument[Any, Any]]]
    sentence: ClassVar[str] = ""
    # What arguments are where none of them is given; as soon as one is, the others have their own defaults.
    bare: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, repr=False, eq=False)(cls)
        cls.arguments = {}
        # Positional ones first, as they are written; mypy can't see that this is a dataclass by now.
        for field in sorted(fields(cls), key=lambda field: field.kw_only is True):  # type: ignore[arg-type]
            argument = getattr_static(cls, field.name, None)
            cls.arguments[field.name] = argument if isinstance(argument, Argument) else Argument(field.default)
        init = cls.__init__

        @wraps(init)
        def checked(self: Record, /, *args: Any, **kwargs: Any) -> None:
            for name in kwargs:
                if name not in cls.arguments:
                    raise _no_argument(cls, name)
            if cls.bare and not args and not cls.bare.keys() & kwargs.keys():
                kwargs |= cls.bare
            init(self, *args, **kwargs)

        cls.__init__ = checked  # type: ignore[assignment]
        if "__post_init__" in vars(cls):
            cls.__post_init__ = _in_every_epoch(vars(cls)["__post_init__"])  # type: ignore[attr-defined]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), *self._values()))

    def __repr__(self) -> str:
        keyword = {field.name: field.kw_only for field in fields(self)}  # type: ignore[arg-type]
        given = dict(self._given())
        shown = (
            f"{name}={value!r}" if isinstance(value, Schedule) else self.arguments[name].written(name, value)
            for name, value in given.items()
            if (value is not None and not keyword[name]) or value != self._default(name)
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def to_dict(self) -> dict[str, Any]:
        """The stored form: {"transform": "Rotate", "degrees": [-40, 40], "p": 1}; what is None is left out."""
        given = dict(self._given())
        stored = {name: self.arguments[name].to_json(value) for name, value in given.items() if value is not None}
        return {"transform": stored_name(type(self)), **stored}

    def describe(self) -> str:
        """One line of English with the ranges."""
        given = {name: self.arguments[name].say(value) for name, value in self._given()}
        line = self.sentence.format(**given) or type(self).__name__
        line = line[0].upper() + line[1:]
        for name in ("border", "fill", "interpolation"):
            if getattr(self, name, None) is not None and f"{{{name}}}" not in self.sentence:
                line += f", {name} {self.arguments[name].say(getattr(self, name))}"
        return line

    @cached_property
    def turning_points(self) -> tuple[int, ...]:
        """The epochs at which a schedule within it changes its course; none where there is no schedule."""
        return tuple(
            sorted({turn for name, value in self._given() for turn in self.arguments[name].turning_points(value)})
        )

    def at(self, epoch: int) -> Self:
        """What it is in this epoch: the same, with the values that its schedules have there."""
        if not self.turning_points:
            return self
        made = self._epochs.get(epoch)
        if made is None:
            made = type(self)(**{name: self.arguments[name].at(value, epoch) for name, value in self._given()})
            # An epoch asks for its own often, and for those of others hardly ever. (Threads may race here: a miss.)
            self._epochs.clear()
            self._epochs[epoch] = made
        return made

    @cached_property
    def _epochs(self) -> dict[int, Self]:
        return {}

    def _given(self) -> Iterator[tuple[str, Any]]:
        return zip(self.arguments, self._values(), strict=True)

    def _values(self) -> list[Any]:
        return [getattr(self, name) for name in self.arguments]

    def _default(self, name: str) -> Any:
        argument = self.arguments[name]
        return None if argument.default is None else argument.accept(argument.default)


class Transform(Record):
    """Base of all transforms. p: the probability of each image to be transformed; the others stay as they are.

    needs: what `draw` must see of the targets, such as ("boxes",); `frame.targets` then has them as they are at this
    point of the pipeline, or None where a pipeline is planned without any.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    _: KW_ONLY
    p: Number = Number(1.0, 0, 1)

    @property
    def needy(self) -> bool:
        """Whether it, or a member of it, must see the targets."""
        return bool(self.needs)

    @property
    def mixers(self) -> tuple[int, ...]:
        """How many partners each mix within it needs, in their order; a mix makes fewer images than it takes."""
        return ()

    @property
    def blends(self) -> bool:
        """Whether it may make one pixel of several images' pixels, which masks of class ids can't be."""
        return False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.draw is not Transform.draw:
            catalogue[stored_name(cls)] = cls

    def draw(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        """The ops for a batch of images of which `frame` is known; the only place that may use `rng`."""
        raise NotImplementedError(f"{type(self).__name__}.draw")

    def ops(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        """What `draw` yields, with p: an image that is passed over gets ops that do nothing."""
        if self.p == 1:
            return self.draw(rng, frame)
        if self.p == 0:
            return iter(())
        on = rng.chance("apply", self.p)
        return chosen(self.draw(rng, frame), on, frame)

    def describe(self) -> str:
        """One line of English with the ranges."""
        if isinstance(self.p, Schedule):
            return f"{super().describe()}, with probability {self.arguments['p'].say(self.p)}"
        return super().describe() + (f", with probability {self.p:g}" if self.p < 1 else "")


class Bordered(Transform):
    """A transform that may look outside the image.

    border, fill: what is seen there; None leaves it to the Compose. A fill alone means the constant border. It is in
    levels of the images that reach the transform, one for all channels or one for each. A border that is given here
    begins at the edge of the image as it is at this point of the pipeline; one of the Compose where nothing is left of
    the original image. surrounds: whether a border of the Compose counts as given here.
    """

    surrounds: ClassVar[bool] = False

    _: KW_ONLY
    border: Option[Border] = Option(BORDERS, foreign.BORDERS)
    fill: MaybeNumbers = Maybe(Numbers(0.0))

    def __post_init__(self) -> None:
        _one_of_both(self, self.border, self.fill)

    def warp(self, frame: Frame, matrix: Array, size: NDArray[np.int64] | None = None) -> Warp:
        """A warp that keeps pixels whole, with the border that holds here."""
        return self._bordered(frame, matrix, size, None)

    def _bordered(
        self, frame: Frame, matrix: Array, size: NDArray[np.int64] | None, interpolation: Interpolation | None
    ) -> Warp:
        own, levels = self.border, self.fill
        written = own is not None or levels is not None
        border = own or ("constant" if levels is not None else frame.border)
        size = frame.size if size is None else size
        fill = _levels(self, frame, frame.fill if levels is None else levels) if border == "constant" else None
        return Warp(matrix, size, border, fill, interpolation, explicit=written or self.surrounds)


class Edged(Transform):
    """A transform that looks at the neighbors of a pixel.

    border, fill: what they are outside of the image: its edge goes on unless it is said here. A fill alone means the
    constant border.
    """

    _: KW_ONLY
    border: Option[Border] = Option(BORDERS, foreign.BORDERS)
    fill: MaybeNumbers = Maybe(Numbers(0.0))

    def __post_init__(self) -> None:
        _one_of_both(self, self.border, self.fill)

    def edge(self, frame: Frame) -> tuple[Border, Array | None]:
        """The border that holds here, and the levels (n, 1 or c) of a constant one."""
        border: Border = self.border or ("edge" if self.fill is None else "constant")
        return border, _levels(
            self, frame, (0.0,) if self.fill is None else self.fill
        ) if border == "constant" else None


class Mixing(Transform):
    """A transform that makes one image of several: `draw` yields one Mix, for what comes out of it.

    partners: how many samples that follow in the order of the epoch it takes for each.
    """

    partners: ClassVar[int] = 1

    @property
    def mixers(self) -> tuple[int, ...]:
        return (self.partners,) if self.p else ()

    def ops(self, rng: Rng, frame: Frame) -> Iterator[Op]:
        """The mix, with p: an image that is passed over stays as it is."""
        if self.p == 0:
            return
        rows = rng.partners(self.partners)[: len(rng.mixed())]
        if (rows < 0).any():
            raise PipelineError(f"{type(self).__name__} has no partner for some of the images.")
        mixed = rng.mixed()
        after = replace(frame.resized(frame.size[: len(mixed)]), before=frame)
        (mix,) = self.draw(replace(mixed, crowd=Crowd(mixed.crowd.sizes if mixed.crowd else (), rows)), after)
        yield mix if self.p == 1 else mix.where(mixed.chance("apply", self.p), after)


class Geometric(Bordered):
    """A transform that looks between pixels. interpolation: how; None leaves it to the Compose."""

    _: KW_ONLY
    interpolation: Option[Interpolation] = Option(INTERPOLATIONS)

    def warp(self, frame: Frame, matrix: Array, size: NDArray[np.int64] | None = None) -> Warp:
        """A warp with the border and the interpolation that hold here."""
        return self._bordered(frame, matrix, size, self.interpolation or frame.interpolation)


def _no_argument(cls: type[Record], name: str) -> RefusedError:
    """The error for an argument that a transform has not got; it may be that of another one."""
    advice = foreign.ARGUMENTS.get(f"{cls.__name__}.{name}") or foreign.ARGUMENTS.get(name, "")
    fact, known = f"{cls.__name__} has no argument", list(cls.arguments)
    if name in foreign.NAMES and not meant(name, known, {name: advice}):
        other = foreign.NAMES[name]
        return RefusedError(f"{fact} {name!r}", f"{other} is a transform of its own." if other in catalogue else other)
    return unknown(fact, name, known, {name: advice})


def _levels(transform: Transform, frame: Frame, fill: float | Sequence[float]) -> Array:
    """(n, 1 or c) levels of a constant border."""
    levels = levels_of(fill)
    if len(levels) not in (1, frame.channels):
        fact = (
            f"{type(transform).__name__}: the fill has {len(levels)} numbers and the images {frame.channels} channels"
        )
        raise MisplacedError(fact, "Give one number, or one for each channel.")
    return repeated(levels, len(frame))


def _one_of_both(transform: Transform, border: str | None, fill: tuple[float, ...] | None) -> None:
    if fill is not None and border not in (None, "constant"):
        fact = f"{type(transform).__name__}.fill must be None where the border is {border!r}; got {plain(fill)}"
        raise RefusedError(fact, "Leave one of the two out.")


def chosen(ops: Iterator[Op], on: Mask, frame: Frame) -> Iterator[Op]:
    """The ops for the samples that are on, neutral ones for the others."""
    for op in ops:
        if isinstance(op, Color) and op.clip is None:
            fact = "Normalize and Rescale change the levels of all images or of none"
            raise MisplacedError(
                fact, "Take them out of OneOf and SomeOf, and give what holds them no p between 0 and 1."
            )
        op = op.where(on, frame)
        yield op
        frame = frame.after(op)


def stored_name(cls: type) -> str:
    """Our own transforms go by their name, others by their module's too, so that they never stand in for ours."""
    return cls.__name__ if cls.__module__.split(".")[0] == "augstream" else f"{cls.__module__}.{cls.__name__}"


def from_dict(data: Any) -> Transform:
    """The transform whose stored form this is."""
    if not isinstance(data, Mapping) or not isinstance(data.get("transform"), str):
        raise RefusedError(f'A stored transform must be {{"transform": name, ...}}; got {data!r:.80}')
    cls = catalogue.get(data["transform"])
    if cls is None:
        raise unknown("There is no transform", data["transform"], list(catalogue), foreign.NAMES)
    given = {name: value for name, value in data.items() if name != "transform"}
    return cls(
        **{
            name: cls.arguments[name].from_json(value) if name in cls.arguments else value
            for name, value in given.items()
        }
    )
