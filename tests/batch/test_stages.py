"""A batch in the making: the row of stages, what other code may add to it, and rows in that are not rows out."""

from dataclasses import dataclass

import numpy as np
import pytest
from conftest import encoded, scene, turned

from augstream import _core
from augstream.batch.cache import MemoryCache
from augstream.batch.fill import fill
from augstream.batch.parts import Part
from augstream.batch.prepare import Prepare, oriented_plan
from augstream.batch.stages import Record, Tools
from augstream.concurrency.prefetch import Threads
from augstream.engines.exact import Exact
from augstream.errors import PipelineError
from augstream.plan.op import Frame
from augstream.rng import Rng
from augstream.sources.arrays import from_arrays
from augstream.sources.sequence import from_function
from augstream.sources.targets import Targets
from augstream.transforms.compose import Compose, rng_for
from augstream.transforms.crop import RandomCrop, Resize
from augstream.transforms.geometry import HorizontalFlip, Rotate
from augstream.transforms.mix import MixUp

X = np.stack([scene(12, 14, number) for number in range(6)])
INDEX = np.array([4, 1, 3])


@pytest.fixture
def tools():
    threads = Threads(2)
    yield Tools(threads, _core.Pool(2))
    threads.stop()


def names(prepare, tools):
    return [stage.__name__ for _, stage in prepare.stages(tools)]


ROW = ["read", "read_targets", "header", "decode", "decode_targets", "plan", "run", "move_targets"]


def test_a_cache_is_stages_of_its_own(tools):
    prepare = Prepare(source=from_arrays(X), pipeline=Compose([]), seed=0)
    assert names(prepare, tools) == ROW
    cached = Tools(tools.threads, tools.pool, cache=MemoryCache(10**6))
    row = names(prepare, cached)
    assert [name for name in row if name in ROW] == ROW
    assert sorted(set(row) - set(ROW)) == ["keep", "look", "swap"]


@dataclass(frozen=True, kw_only=True)
class Doubled(Prepare):
    """Every row is read together with the sample behind it, and comes out brighter by a stage of its own."""

    def begin(self, epoch, index, tools):
        inputs = np.unique(np.concatenate([index, (index + 1) % len(self.source)]))
        own, partner = (np.searchsorted(inputs, one) for one in (index, (index + 1) % len(self.source)))
        return Record(epoch, index, tools, inputs, np.stack([own, partner], axis=1))

    def stages(self, tools):
        return [*super().stages(tools), ("run", self.brighten)]

    def brighten(self, record):
        own = [record.ready.own.index(one) for one in record.uses[record.ready.rows, 0].tolist()]
        record.image = record.image[own] + 1000


def test_stages_may_be_added_and_rows_in_need_not_be_rows_out(tools):
    read = []
    source = from_function(6, lambda index: read.append(index) or X[index])
    options = {"source": source, "pipeline": Compose([HorizontalFlip()]), "seed": 3}
    plain = Prepare(**options).make(2, INDEX, tools)
    assert sorted(read) == [1, 3, 4]
    read.clear()
    made = Doubled(**options).make(2, INDEX, tools)
    assert sorted(read) == [1, 2, 3, 4, 5], "each sample is read once, whoever uses it"
    np.testing.assert_array_equal(made.image, plain.image + 1000)


def test_a_bad_row_is_bad_whatever_its_partner_is(tools):
    source = from_function(6, lambda index: b"broken" if index == 5 else X[index])
    made = Prepare(source=source, pipeline=Compose([MixUp(0.4)]), seed=0).make(0, np.array([5]), tools)
    assert list(made.reasons) == [0]
    assert not len(made.image)


def test_a_loaders_stages_run_on_any_engine(tools):
    files = [encoded(picture, "PNG") for picture in X]
    options = {
        "source": from_function(6, files.__getitem__),
        "pipeline": Compose([Rotate(20), Resize(9, 8)]),
        "seed": 1,
    }
    native, exact = (Prepare(**options, **engine).make(0, INDEX, tools).image for engine in ({}, {"engine": Exact()}))
    assert native.dtype == exact.dtype == np.float32
    assert np.abs(native - exact).max() < 1.5


def test_an_epoch_of_turned_images_with_targets_is_drawn_once(monkeypatch):
    calls = []
    draw = Rng.draw

    def counted(self, name, *given, **more):
        calls.append(name)
        return draw(self, name, *given, **more)

    monkeypatch.setattr(Rng, "draw", counted)
    stored, orientation = np.array([[20, 30], [30, 20]]), np.array([6, 1])
    frame = Frame(np.array([[30, 20], [30, 20]]))
    planned = oriented_plan(
        Compose([Rotate(20), RandomCrop(8, 8)]), rng_for(0, 0, np.arange(2)), frame, stored, orientation
    )
    assert len(calls) == len(set(calls)) > 0
    assert planned.stored.frame_in.size.tolist() == stored.tolist()
    assert planned.upright.frame_in.size.tolist() == frame.size.tolist()


def test_masks_are_decoded_where_images_are(tools):
    files = [turned(picture, 1 + number) for number, picture in enumerate(X)]
    masks = [encoded(np.ascontiguousarray(X[0, :, :, 0] // 64), "PNG")] * 4
    source = from_function(4, files.__getitem__, targets=lambda index: Targets(mask=masks[index]))
    part = Prepare(source=source, pipeline=Compose([]), seed=0).make(0, np.arange(4), tools)
    assert not part.reasons
    assert part.targets.mask.shape == (4, 12, 14)
    assert tools.clock.spent["decode"] > 0


def test_parts_of_two_sizes_are_no_batch():
    part = Part(np.zeros((2, 3, 3, 1)), {})
    with pytest.raises(PipelineError, match="in one size"):
        part.put([1], Part(np.zeros((1, 4, 4, 1)), {}), 2)


def test_what_cannot_be_read_is_filled_with_what_follows():
    bad = {2, 3}
    judged = []

    def make(index):
        reasons = {row: "bad" for row, number in enumerate(index.tolist()) if number in bad}
        return Part(index[:, None].astype(float), reasons)

    index = np.array([1, 2, 5])
    current = index.copy()

    def following(rows):
        current[rows] = (current[rows] + 1) % 6
        return current[rows]

    part = make(index)
    found, met, full = fill(
        part, index, following=following, make=make, judge=lambda bad: judged.append(dict(bad)), tries=5
    )
    assert full
    assert found.tolist() == [1, 4, 5]
    assert part.image[:, 0].tolist() == [1, 4, 5]
    assert met == {2: "bad", 3: "bad"}
    assert judged == [{2: "bad"}, {3: "bad"}, {}]


def test_nothing_is_filled_where_nothing_can_be_read():
    index = np.array([0])
    broken = Part(np.empty(0), {0: "bad"})
    *_, full = fill(broken, index, following=lambda rows: index, make=None, judge=lambda bad: None, tries=1)
    assert not full
