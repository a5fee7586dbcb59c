"""Iterators: what they hand out, in which order, and that it depends on nothing else; names and messages."""

import inspect
import multiprocessing
import pickle
import subprocess
import sys
import threading
import tracemalloc
from functools import partial

import numpy as np
import pytest
from keras_lines import LINES, line, photo, photos, quiet
from PIL import Image

from augstream.keras_preprocessing import image
from augstream.keras_preprocessing.image import (
    BatchFromFilesMixin,
    DataFrameIterator,
    DirectoryIterator,
    ImageDataGenerator,
    Iterator,
    NumpyArrayIterator,
)

COURSE = {
    "rotation_range": 40,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 0.2,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "rescale": 1 / 255,
}


@pytest.fixture
def folder(tmp_path):
    for number in range(13):
        place = tmp_path / "photos" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(30 + number, 40, seed=number)).save(
            place / f"{number:02}.{('png', 'jpg')[number % 3 > 0]}"
        )
    return tmp_path / "photos"


def epoch(flow):
    return [next(flow) for _ in range(len(flow))]


def same(a, b):
    return all(np.array_equal(one, two) for one, two in zip(a, b, strict=True))


def test_a_flow_is_endless_and_each_epoch_has_every_sample_once(folder):
    flow = ImageDataGenerator(**COURSE).flow_from_directory(folder, (24, 20), batch_size=5, class_mode="input", seed=1)
    assert len(flow) == 3
    first, second = epoch(flow), epoch(flow)
    assert [len(x) for x, _ in first] == [5, 5, 3]
    assert not np.array_equal(first[0][0], second[0][0])
    flow = ImageDataGenerator().flow(photos(13, 4, 4), np.arange(13), batch_size=5, seed=1)
    for _ in range(3):
        assert sorted(np.concatenate([y for _, y in epoch(flow)]).tolist()) == list(range(13))
    assert flow.total_batches_seen == 9
    assert flow.batch_index == 0


def test_next_and_brackets_give_the_same_batches_in_any_order(folder):
    def flow():
        return ImageDataGenerator(**COURSE).flow_from_directory(folder, (24, 20), batch_size=4, seed=7)

    one, two = flow(), flow()
    expected = epoch(one)
    for numbers in ((0, 1, 2, 3), (1, 3, 0, 2), (-1, -3)):
        for number in numbers:
            assert same(two[number], expected[number])
        two.reset()
    two.on_epoch_end()
    assert same(two[1], [next(one) for _ in range(2)][1])
    with pytest.raises(ValueError, match="Asked to retrieve element 4, but the Sequence has length 4"):
        two[4]


def test_the_order_is_the_index_array(folder):
    flow = ImageDataGenerator().flow_from_directory(folder, (9, 9), batch_size=4, class_mode="sparse", seed=2)
    assert flow.index_array is None
    _, y = next(flow)
    assert y.tolist() == flow.classes[flow.index_array[:4]].tolist()
    flow.index_array = np.arange(13)[::-1]
    assert flow[0][1].tolist() == flow.classes[::-1][:4].tolist()
    assert np.array_equal(next(flow.index_generator), [8, 7, 6, 5])
    flow.reset()
    assert sorted(np.concatenate([y for _, y in epoch(flow)]).tolist()) == sorted(flow.classes.tolist())


def test_a_sample_is_the_same_in_any_batch_and_with_any_threads(folder):
    def everything(batch_size, threads):
        generator = ImageDataGenerator(**COURSE, brightness_range=(0.5, 1.5), threads=threads)
        flow = generator.flow_from_directory(folder, (24, 20), batch_size=batch_size, class_mode=None, seed=3)
        return np.concatenate(epoch(flow) + epoch(flow))

    expected = everything(13, 8)
    assert np.array_equal(everything(4, 1), expected)
    assert np.array_equal(everything(1, 2), expected)


def test_without_a_seed_flows_differ(folder):
    one, two = (ImageDataGenerator(**COURSE).flow(photos(4, 16, 16)) for _ in range(2))
    assert one.seed is None
    assert not np.array_equal(next(one), next(two))


@pytest.mark.parametrize("compat", [None, *LINES])
def test_a_flow_is_pickled_in_the_middle_of_an_epoch(folder, compat):
    generator = ImageDataGenerator(**COURSE, compat=compat)
    flows = [
        generator.flow_from_directory(folder, (24, 20), batch_size=4, seed=5),
        generator.flow(photos(9, 12, 10), np.arange(9), batch_size=4, seed=5),
    ]
    for flow in flows:
        next(flow)
        copy = pickle.loads(pickle.dumps(flow))
        assert type(copy) is type(flow)
        for _ in range(5):
            assert same(next(copy), next(flow))


def test_threads_and_processes_may_share_a_flow(folder):
    flow = ImageDataGenerator(**COURSE).flow(photos(40, 16, 16), np.arange(40), batch_size=4, seed=1)
    labels, lock = [], threading.Lock()

    def take():
        for _ in range(5):
            _, y = next(flow)
            with lock:
                labels.extend(y.tolist())

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(labels) == sorted(list(range(40)) * 2)
    flow.reset()
    expected = [flow[number][0] for number in range(3)]
    flow.reset()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert same(pool.map(partial(batch_of, flow), range(3)), expected)


def batch_of(flow, number):
    return flow[number][0]


def test_batches_belong_to_whoever_gets_them(folder):
    flow = ImageDataGenerator().flow(photos(8, 6, 6), batch_size=4, shuffle=False)
    first = next(flow)
    kept = first.copy()
    first *= 2
    for _ in range(6):
        next(flow)
    assert np.array_equal(first, kept * 2)
    assert np.array_equal(flow.x, photos(8, 6, 6))


def test_class_folders_may_be_nested(folder):
    (folder / "more").mkdir()
    (folder / "a").rename(folder / "more" / "a")
    flow = ImageDataGenerator().flow_from_directory(folder, (9, 9), classes=["more/a", "b"], class_mode="sparse")
    assert flow.class_indices == {"more/a": 0, "b": 1}
    assert len(next(flow)[0]) == 13


def test_dropping_a_flow_ends_its_threads():
    before = set(threading.enumerate())
    flow = ImageDataGenerator(**COURSE).flow(photos(64, 32, 32), batch_size=4)
    next(flow)
    del flow
    assert not [one for one in set(threading.enumerate()) - before if one.name.startswith("augstream")]


def test_an_array_of_bytes_is_never_copied_to_floats():
    x = np.zeros((2000, 32, 32, 3), np.uint8)
    tracemalloc.start()
    try:
        flow = ImageDataGenerator(**COURSE).flow(x, batch_size=8, seed=0)
        for _ in range(20):
            next(flow)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.shares_memory(flow.x, x)
    assert peak < x.nbytes / 2


def test_what_goes_with_the_pictures_goes_with_them():
    x, a, b, y = photos(7, 6, 6), np.arange(7), np.arange(14).reshape(7, 2), np.arange(7) * 10
    flow = ImageDataGenerator().flow((x, [a, b]), y, batch_size=3, sample_weight=y + 1, shuffle=False)
    (pictures, one, two), target, weight = next(flow)
    assert np.array_equal(pictures, x[:3])
    assert (one.tolist(), two.tolist()) == ([0, 1, 2], [[0, 1], [2, 3], [4, 5]])
    assert (target.tolist(), weight.tolist()) == ([0, 10, 20], [1, 11, 21])
    assert isinstance(next(ImageDataGenerator().flow((x, a)))[1], np.ndarray)


def test_a_function_sees_each_picture_between_color_and_rescaling(folder):
    seen = []

    def treat(one):
        seen.append((one.shape, one.dtype.name, float(one.max()) > 1, threading.current_thread() is not None))
        return one * 0 + 51

    generator = ImageDataGenerator(preprocessing_function=treat, rescale=1 / 255, rotation_range=20)
    x, _ = next(generator.flow_from_directory(folder, (24, 20), batch_size=13))
    np.testing.assert_allclose(x, 0.2, rtol=1e-6)
    assert set(seen) == {((24, 20, 3), "float32", True, True)}


def test_what_somebody_overrides_is_used(folder):
    class Own(ImageDataGenerator):
        def standardize(self, x):
            return super().standardize(x) * 0 + 7

    assert (next(Own(rescale=1 / 255).flow(photos(3, 4, 4))) == 7).all()

    class Still(ImageDataGenerator):
        def get_random_transform(self, img_shape, seed=None):
            return {"theta": 180}

    x = photos(3, 8, 8)
    made = next(Still(rotation_range=9).flow(x, shuffle=False))
    np.testing.assert_allclose(made, x[:, ::-1, ::-1], atol=1e-2)

    class Half(DirectoryIterator):
        def _get_batches_of_transformed_samples(self, index_array):
            x, y = super()._get_batches_of_transformed_samples(index_array)
            return x / 2, y

    plain = ImageDataGenerator(**COURSE)
    half, whole = (cls(folder, plain, (9, 9), seed=3) for cls in (Half, DirectoryIterator))
    for _ in range(3):
        assert np.array_equal(next(half)[0], next(whole)[0] / 2)


def test_an_iterator_of_ones_own_needs_one_method():
    class Numbers(Iterator):
        def _get_batches_of_transformed_samples(self, index_array):
            return index_array * 2

    flow = Numbers(5, 2, False, None)
    assert [next(flow).tolist() for _ in range(4)] == [[0, 2], [4, 6], [8], [0, 2]]
    with pytest.raises(NotImplementedError):
        next(Iterator(3, 2, False, 0))


def test_an_iterator_may_number_its_samples_itself():
    class Twice(NumpyArrayIterator):
        def __init__(self, *arguments, **more):
            super().__init__(*arguments, **more)
            self.index_generator = self._flow_index()

        def _flow_index(self):
            for index_array in super()._flow_index():
                yield index_array
                yield index_array

    flow = Twice(photos(5, 4, 4), np.arange(5), ImageDataGenerator(), batch_size=2)
    for expected in ([0, 1], [0, 1], [2, 3], [2, 3], [4], [4], [0, 1]):
        x, y = next(flow)
        assert y.tolist() == expected
        assert np.array_equal(x, flow.x[expected])


@pytest.mark.parametrize("compat", [None, "1.1.2"])
def test_whoever_numbers_his_samples_gets_new_draws_each_time(compat):
    class Halves(NumpyArrayIterator):
        def _flow_index(self):
            while True:
                yield np.array([0, 1])
                yield np.array([4, 3])

    flow = Halves(photos(5, 9, 9), np.arange(5), ImageDataGenerator(rotation_range=90, compat=compat), seed=1)
    batches = [next(flow) for _ in range(4)]
    assert [y.tolist() for _, y in batches] == [[0, 1], [4, 3]] * 2
    assert not np.array_equal(batches[0][0], batches[2][0])


def test_files_of_ones_own_need_paths_labels_and_weights(folder):
    class Mine(BatchFromFilesMixin, Iterator):
        dtype = "float32"
        class_mode = "sparse"

        def __init__(self, paths, generator):
            self.set_processing_attrs(
                generator, (9, 8), "rgb", "channels_last", None, "", "png", subset=None, interpolation="nearest"
            )
            self.paths = paths
            self.classes = np.arange(len(paths))
            super().__init__(len(paths), 4, True, 3)

        filepaths = property(lambda self: self.paths)
        labels = property(lambda self: self.classes)
        sample_weight = property(lambda self: self.classes + 1)

    for compat in (None, "1.1.2"):
        flow = Mine(sorted(map(str, folder.rglob("*.*g"))), ImageDataGenerator(rotation_range=9, compat=compat))
        x, y, weight = next(flow)
        assert x.shape == (4, 9, 8, 3)
        assert weight.tolist() == (y + 1).tolist()
        assert len(flow[3][0]) == 1

    class Less(BatchFromFilesMixin, Iterator):
        pass

    with pytest.raises(NotImplementedError, match="`filepaths` property method has not been implemented in Less"):
        Less(3, 2, False, None).filepaths  # noqa: B018


def test_batches_are_saved_where_asked(tmp_path):
    flow = ImageDataGenerator(rotation_range=5).flow(
        photos(4, 8, 8), batch_size=2, save_to_dir=str(tmp_path), save_prefix="aug", save_format="jpeg", seed=1
    )
    next(flow)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 2
    assert all(name.startswith("aug_") and name.endswith(".jpeg") for name in names)


def test_names_and_arguments_are_the_old_ones():
    old = line("1.1.2")
    for name in (name for name in dir(old) if not name.startswith("_") and name in image.__all__):
        both = [getattr(module, name) for module in (image, old)]
        both = [one.__init__ if isinstance(one, type) else one for one in both]
        mine, theirs = (inspect.signature(one).parameters for one in both)
        positional = [p for p in mine.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.VAR_KEYWORD)]
        for place, (argument, parameter) in enumerate(theirs.items()):
            if parameter.kind is parameter.VAR_KEYWORD:
                continue
            assert positional[place].name == argument, name
            assert positional[place].default == parameter.default, (name, argument)
    for name in ("flow", "flow_from_directory", "flow_from_dataframe", "fit", "standardize", "get_random_transform"):
        mine, theirs = (
            list(inspect.signature(getattr(cls, name)).parameters.items())
            for cls in (ImageDataGenerator, old.ImageDataGenerator)
        )
        for (a, one), (b, two) in zip(mine, theirs, strict=False):
            assert a == b or two.kind is two.VAR_KEYWORD
            assert one.default == two.default or two.kind is two.VAR_KEYWORD
    generator, theirs = ImageDataGenerator(), old.ImageDataGenerator()
    assert {name for name in vars(theirs) if name not in vars(generator)} == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"data_format": "channels_middle"},
        {"validation_split": 5},
        {"zoom_range": (1, 2, 3)},
        {"zoom_range": "ab"},
        {"brightness_range": 0.1},
    ],
    ids=str,
)
def test_errors_read_as_they_did(wrong):
    with pytest.raises(ValueError) as theirs:
        line("1.1.2").ImageDataGenerator(**wrong)
    with pytest.raises(ValueError) as ours:
        ImageDataGenerator(**wrong)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize(
    "asked",
    [
        {"zca_whitening": True, "featurewise_std_normalization": True},
        {"featurewise_std_normalization": True},
        {"samplewise_std_normalization": True},
    ],
    ids=str,
)
def test_warnings_read_as_they_did(asked):
    with pytest.warns(UserWarning, match="overrides") as theirs:
        line("1.1.2").ImageDataGenerator(**asked)
    with pytest.warns(UserWarning, match="overrides") as ours:
        generator = ImageDataGenerator(**asked)
    assert [str(one.message) for one in ours] == [str(one.message) for one in theirs]
    if "featurewise_std_normalization" in asked:
        with pytest.warns(UserWarning, match="hasn't been fit on any training data"):
            next(generator.flow(photos(2, 4, 4)))


def test_the_table_is_read_as_before(folder, capsys):
    pandas = pytest.importorskip("pandas")
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*g"))
    table = pandas.DataFrame({"filename": names, "class": [name[0] for name in names], "n": range(len(names))})
    table["many"] = [["a", "b"] if number % 3 == 0 else ["b"] for number in range(len(names))]
    generators = {
        "ours": ImageDataGenerator(validation_split=0.3),
        "old": line("1.1.2").ImageDataGenerator(validation_split=0.3),
    }
    for more in (
        {"class_mode": "sparse", "y_col": "class"},
        {"class_mode": "categorical", "y_col": "many", "subset": "training"},
        {"class_mode": "raw", "y_col": "n", "weight_col": "n"},
        {"class_mode": "raw", "y_col": ["n", "n"], "subset": "validation"},
        {"class_mode": "multi_output", "y_col": ["n", "n"]},
        {"class_mode": None},
        {"class_mode": "binary", "y_col": "class", "classes": ["a", "b"], "validate_filenames": False},
    ):
        batches, said = {}, {}
        for name, generator in generators.items():
            capsys.readouterr()
            with np.errstate(all="ignore"):
                flow = generator.flow_from_dataframe(table, str(folder), target_size=(9, 9), shuffle=False, **more)
            said[name] = capsys.readouterr().out
            batches[name] = (next(flow), flow.filenames, getattr(flow, "class_indices", None), flow.n)
        assert said["ours"] == said["old"]
        assert batches["ours"][1:] == batches["old"][1:]
        if more["class_mode"] is not None:
            (_, *mine), (_, *theirs) = batches["ours"][0], batches["old"][0]
            for a, b in zip(mine, theirs, strict=True):
                np.testing.assert_array_equal(a, b)


def test_the_table_keeps_the_order_of_given_classes(folder):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"filename": ["a/00.png", "b/01.jpg"], "class": ["x", "y"]})
    flow = ImageDataGenerator().flow_from_dataframe(table, str(folder), classes=["y", "x"])
    assert flow.class_indices == {"y": 0, "x": 1}
    assert isinstance(flow, DataFrameIterator)
    with pytest.warns(DeprecationWarning, match="has_ext is deprecated"):
        ImageDataGenerator().flow_from_dataframe(table, str(folder), has_ext=True)
    with pytest.raises(TypeError, match="must be strings"):
        ImageDataGenerator().flow_from_dataframe(table.assign(filename=1), str(folder))
    table.loc[2] = ["gone.png", "x"]
    with pytest.warns(UserWarning, match="Found 1 invalid image filename"):
        ImageDataGenerator().flow_from_dataframe(table, str(folder))


def test_importing_brings_neither_keras_nor_scipy_nor_pillow():
    heavy = ("keras", "scipy", "PIL", "pandas", "jax", "tensorflow", "torch")
    script = (
        "import sys; from augstream.keras_preprocessing.image import *; "
        "import augstream.keras_preprocessing.image.utils, augstream.keras_preprocessing.image.image_data_generator; "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("class_mode", ["categorical", "sparse", "binary"])
def test_several_columns_are_no_classes(folder, class_mode):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"filename": ["a/00.png"], "one": ["a"], "two": ["b"]})
    said = []
    for generator in (line("1.1.2").ImageDataGenerator(), ImageDataGenerator()):
        with pytest.raises(TypeError) as error:
            generator.flow_from_dataframe(table, str(folder), y_col=["one", "two"], class_mode=class_mode)
        said.append(str(error.value))
    assert said[0] == said[1]


def test_load_img_takes_the_color_mode_by_name(folder):
    with pytest.raises(ValueError, match="color_mode='grayscale'"):
        image.load_img(folder / "a" / "00.png", "grayscale")


def test_an_array_must_have_four_axes():
    with pytest.raises(ValueError, match="should have rank 4"):
        ImageDataGenerator().flow(np.zeros((3, 4, 5)))
    with pytest.raises(ValueError, match="should have rank 4"):
        ImageDataGenerator().fit(np.zeros((3, 4, 5)))
    with pytest.warns(UserWarning, match="expected either 1, 3, or 4 channels"):
        NumpyArrayIterator(np.zeros((3, 4, 4, 5), np.float32), None, ImageDataGenerator())
    with pytest.raises(ValueError, match="should have the same length"):
        ImageDataGenerator().flow(photos(3, 4, 4), np.arange(4))


def test_nothing_to_read_is_an_empty_batch(tmp_path):
    (tmp_path / "a").mkdir()
    with quiet():
        flow = ImageDataGenerator().flow_from_directory(tmp_path, (5, 6))
    assert len(flow) == 0
    x, y = next(flow)
    assert x.shape == (0, 5, 6, 3)
    assert y.shape == (0, 1)


def test_settings_may_change_between_two_batches():
    x, y = photos(20, 4, 4), np.arange(20)
    flow = ImageDataGenerator().flow(x, y, batch_size=4, seed=1)
    seen = next(flow)[1].tolist()
    order = flow.index_array.tolist()
    flow.batch_size = 8
    assert next(flow)[1].tolist() == order[8:16]
    flow.shuffle = False
    pictures, labels = next(flow)
    assert labels.tolist() == order[16:]
    assert np.array_equal(pictures, x[order[16:]])
    assert next(flow)[1].tolist() == list(range(8))
    flow.image_data_generator = ImageDataGenerator(rescale=2)
    assert np.array_equal(next(flow)[0], x[8:16] * 2.0)
    assert seen == order[:4]


def test_a_function_in_the_place_of_load_img_is_used(folder, monkeypatch):
    asked = []

    def cropped(path, grayscale=False, color_mode="rgb", target_size=None, interpolation="nearest"):
        asked.append((color_mode, target_size, interpolation, threading.current_thread()))
        return image.utils.load_img(path, color_mode=color_mode, interpolation="nearest").crop((3, 4, 13, 12))

    monkeypatch.setattr(image.iterator, "load_img", cropped)
    for compat in (None, "1.1.2"):
        asked.clear()
        generator = ImageDataGenerator(horizontal_flip=True, compat=compat)
        one, two = (
            generator.flow_from_directory(folder, (8, 10), batch_size=4, interpolation="lanczos:center", seed=3)
            for _ in range(2)
        )
        batches, again = epoch(one), epoch(two)
        assert all(same(a, b) for a, b in zip(batches, again, strict=True))
        whole = [np.asarray(Image.open(path), np.float32)[4:12, 3:13] for path in one.filepaths]
        for made, sample in zip(np.concatenate([x for x, _ in batches]), one.index_array, strict=True):
            assert any(np.array_equal(made, one) for one in (whole[sample], whole[sample][:, ::-1]))
        assert {row[:3] for row in asked} == {("rgb", (8, 10), "lanczos:center")}
        assert {row[3] for row in asked} == {threading.current_thread()}


@pytest.mark.parametrize("compat", [None, *LINES])
def test_what_a_subclass_adds_to_the_draws_goes_by_the_seed_too(folder, compat):
    class Quarters(ImageDataGenerator):
        def get_random_transform(self, img_shape, seed=None):
            drawn = super().get_random_transform(img_shape, seed)
            return {**drawn, "theta": 90 * round(drawn["theta"] / 90)}

    generator = Quarters(rotation_range=180, compat=compat)
    one, two = (generator.flow_from_directory(folder, (12, 12), batch_size=4, seed=6) for _ in range(2))
    first = epoch(one)
    assert all(same(a, b) for a, b in zip(first, epoch(two), strict=True))
    assert not np.array_equal(first[0][0], next(one)[0])


@pytest.mark.parametrize("compat", [None, *LINES])
def test_a_loop_of_ones_own_over_a_batch_goes_by_the_seed_too(compat):
    class Own(NumpyArrayIterator):
        def _get_batches_of_transformed_samples(self, index_array):
            return np.stack([self.image_data_generator.random_transform(self.x[i] * 1.0) for i in index_array])

    generator = ImageDataGenerator(rotation_range=90, compat=compat)
    one, two = (Own(photos(6, 9, 9), None, generator, batch_size=3, seed=1) for _ in range(2))
    first = epoch(one)
    assert same(first, epoch(two))
    assert not np.array_equal(first[0], next(one))
    plain = NumpyArrayIterator(photos(6, 9, 9), None, generator, batch_size=3, seed=1)
    np.testing.assert_allclose(first[0], next(plain), atol=0.01)


def test_a_way_to_resize_that_there_is_not_is_named_when_it_is_wanted(folder):
    flow = ImageDataGenerator().flow_from_directory(folder, (9, 9), interpolation="best")
    with pytest.raises(ValueError, match="Invalid interpolation method best specified"):
        next(flow)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"seed": 1.5}, TypeError), ({"target_size": (9.0, 9)}, TypeError), ({"target_size": (9, 9, 3)}, ValueError)],
)
def test_sizes_and_seeds_are_whole_numbers(folder, wrong, error):
    with pytest.raises(error):
        ImageDataGenerator().flow_from_directory(folder, **wrong)


def test_the_parameters_come_in_the_old_order():
    shape = (4, 5, 3)
    old = line("1.1.2").ImageDataGenerator().get_random_transform(shape)
    for compat in (None, *LINES):
        assert list(ImageDataGenerator(compat=compat).get_random_transform(shape).items()) == list(old.items())


def test_brightness_is_of_one_picture():
    with pytest.raises(ValueError, match=r"rank 3 \(single image\)\. Got array with shape: \(4, 4\)"):
        image.apply_brightness_shift(np.zeros((4, 4)), 2)
