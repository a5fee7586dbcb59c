"""Everything about one sample of a source, as text: its file, draws, ops and plan, and what the decoder reads of it."""

from dataclasses import replace

import numpy as np

from augstream.batch.prepare import oriented_plan
from augstream.decode.header import ARRAY, JPEG, PILLOW, Headers, read_headers
from augstream.decode.orientation import orient
from augstream.decode.sample import Sample
from augstream.engines.default import default_engine
from augstream.errors import ArgumentError, SampleError
from augstream.plan.op import Frame
from augstream.printable import printable
from augstream.sources.source import Source
from augstream.transforms.compose import Compose

_HINT = "Repair or remove the file, or ask for another index."
_KINDS = {PILLOW: "decoded by Pillow", JPEG: "JPEG", ARRAY: "array"}


def explanation(source: Source, pipeline: Compose, seed: int = 0, epoch: int = 0, index: int = 0) -> str:
    """The page about sample `index`, as a Loader with this seed makes it in this epoch."""
    if not 0 <= index < len(source):
        raise ArgumentError(f"index must be 0 to {len(source) - 1}, as there are {len(source)} samples; got {index}.")
    sample = _read(source, index)
    headers = read_headers([sample])
    if headers.reasons[0] is not None:
        raise SampleError([(index, source.name(index), headers.reasons[0])], _HINT)
    height, width = headers.size[0].tolist()
    told = pipeline.explain((height, width), seed, epoch, index)
    if headers.orientation[0] != 1:
        frame = Frame(headers.size)
        turn = orient(headers.orientation, headers.stored)
        rng, frame = pipeline.alone(frame, seed, epoch, index)
        stored, orientation = (np.repeat(one, len(rng), axis=0) for one in (headers.stored, headers.orientation))
        plan = oriented_plan(pipeline, rng, frame, stored, orientation)
        told = replace(told, names=["EXIF", *told.names], ops=[turn, *told.ops], plan=plan.stored)
    label = f", class {source.classes[source.label(index)]}" if source.classes else ""
    lines = [
        printable(f"sample {index} of {len(source)}: {source.name(index)}{label}"),
        f"  {_file(sample, headers)}",
        str(told),
        "decoder",
        f"  {_decoder(headers, default_engine().hint(told.plan, 0, tuple(headers.stored[0].tolist())))}",
    ]
    return "\n".join(lines)


def _read(source: Source, index: int) -> Sample:
    try:
        return source.read(index)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise SampleError([(index, source.name(index), reason)], _HINT) from error


def _file(sample: Sample, headers: Headers) -> str:
    (height, width), orientation = headers.stored[0].tolist(), int(headers.orientation[0])
    kilobytes = f"{len(sample) / 1000:.1f} kB, " if isinstance(sample, bytes) else ""
    seen = "" if orientation == 1 else ", EXIF orientation {}: seen as {} x {}".format(orientation, *headers.size[0])
    return f"{_KINDS[int(headers.kind[0])]}, {kilobytes}{height} x {width} (height x width){seen}"


def _decoder(headers: Headers, hint: tuple[int, int, int, int, int]) -> str:
    """What is read of the file, in its own coordinates."""
    height, width = headers.stored[0].tolist()
    if headers.kind[0] != JPEG:
        return f"all of it: {height} x {width}"
    top, bottom, left, right, denominator = hint
    part = 100 * (bottom - top) * (right - left) / (height * width)
    region = f"rows {top} to {bottom} of {height}, columns {left} to {right} of {width} ({part:.0f} %)"
    return f"{region}, at {f'1/{denominator}' if denominator > 1 else 'full'} scale"
