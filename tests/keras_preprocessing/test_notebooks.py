"""What notebooks do with a flow besides training on it, line by line as they write it."""

import itertools
import subprocess
import sys
import threading
from types import MethodType

import numpy as np
import pytest
from keras_lines import LINES, photo, photos
from PIL import Image

from augstream.errors import SourceError
from augstream.keras_preprocessing.image import DirectoryIterator, ImageDataGenerator, NumpyArrayIterator, load_img

MOVED = {"rotation_range": 40, "zoom_range": 0.3, "horizontal_flip": True, "rescale": 1 / 255}


@pytest.fixture
def folder(tmp_path):
    for number in range(9):
        place = tmp_path / ("cats", "dogs")[number % 2]
        place.mkdir(exist_ok=True)
        Image.fromarray(photo(30, 40, seed=number)).save(place / f"{number}.png")
    return tmp_path


def all_differ(pictures):
    return not any(np.array_equal(one, two) for one, two in itertools.combinations(pictures, 2))


def same(a, b):
    return all(np.array_equal(one, two) for one, two in zip(a, b, strict=True))


@pytest.mark.parametrize("compat", [None, *LINES])
def test_five_looks_at_one_photo_are_five_pictures(folder, compat):
    def looks():
        generator = ImageDataGenerator(**MOVED, compat=compat)
        flow = generator.flow_from_directory(folder, (24, 32), batch_size=4, class_mode="sparse", seed=3)
        return [flow[0] for _ in range(5)]

    first, again = looks(), looks()
    assert all_differ([images[0] for images, _ in first])
    assert all(same(labels, first[0][1]) for _, labels in first)  # the same photos
    assert all(same(one, two) for one, two in zip(first, again, strict=True))


def test_a_look_changes_no_batch_that_is_trained_on(folder):
    def flow():
        return ImageDataGenerator(**MOVED).flow_from_directory(folder, (24, 32), batch_size=4, seed=3)

    expected, looked = flow(), flow()
    for _ in range(3):
        looked[0], looked[1]
    for _ in range(2):
        for one in (expected, looked):
            one.on_epoch_begin()
        for number in (2, 0, 1):
            assert same(looked[number], expected[number])
        for one in (expected, looked):
            one.on_epoch_end()
    assert same(next(looked), next(expected))


def test_next_brackets_and_reset_on_one_flow():
    flow = ImageDataGenerator(**MOVED).flow(photos(8, 16, 16), np.arange(8), batch_size=4, seed=1)
    first, labels = next(flow)
    again, same_labels = flow[0]  # the batch that `next` has just given, with other draws
    assert np.array_equal(labels, same_labels)
    ahead, _ = flow[1]
    second, _ = flow.next()  # goes on where `next` was, whatever was asked for by number
    assert all_differ([first, again, ahead, second])
    flow.reset()
    assert np.array_equal(flow[0][0], first)  # not seen since the reset
    assert np.array_equal(flow[1][0], ahead)
    fresh, other_labels = next(flow)  # the first batch of a new epoch
    assert not np.array_equal(labels, other_labels)
    assert not np.array_equal(fresh, first)


def test_visits_count_what_was_asked_for_and_by_whatever_thread():
    def flow():
        return ImageDataGenerator(**MOVED).flow(photos(12, 9, 9), batch_size=4, seed=5)

    one, many = flow(), flow()
    expected = [one[number] for number in (0, 1, 2) for _ in range(4)]
    seen, lock = [], threading.Lock()

    def ask():
        for number in range(3):
            batch = many[number]
            with lock:
                seen.append(batch)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    order = [batch.tobytes() for batch in expected]
    assert sorted(batch.tobytes() for batch in seen) == sorted(order)
    assert len(set(order)) == 12


def test_a_loop_of_ones_own_is_drawn_anew_too(folder):
    class Bright(DirectoryIterator):
        def _get_batches_of_transformed_samples(self, index_array):
            images, labels = super()._get_batches_of_transformed_samples(index_array)
            return images * 2, labels

    own, plain = (cls(folder, ImageDataGenerator(**MOVED), (16, 16), seed=2) for cls in (Bright, DirectoryIterator))
    for _ in range(3):
        assert np.array_equal(own[0][0], plain[0][0] * 2)
    assert all_differ([own[0][0] for _ in range(3)])


@pytest.mark.parametrize("compat", [None, "1.1.2"])
def test_an_order_of_ones_own_has_new_draws_in_each_epoch(compat):
    class Sorted(NumpyArrayIterator):
        def _set_index_array(self):
            self.index_array = np.arange(self.n)

    class Kept(NumpyArrayIterator):
        def on_epoch_end(self):
            pass

    for cls in (Sorted, Kept):
        flow = cls(photos(4, 9, 9), None, ImageDataGenerator(**MOVED, compat=compat), batch_size=4, seed=1)
        epochs = []
        for _ in range(3):
            flow.on_epoch_begin()
            epochs.append(flow[0])
            flow.on_epoch_end()
        assert all_differ(epochs)


@pytest.mark.parametrize("compat", [None, *LINES])
def test_a_global_seed_repeats_a_run(folder, compat):
    def run(seed):
        np.random.seed(seed)  # noqa: NPY002 (the line that notebooks begin with)
        generator = ImageDataGenerator(**MOVED, compat=compat)
        training = generator.flow_from_directory(folder, (16, 16), batch_size=4)
        more = generator.flow(photos(6, 16, 16), batch_size=3)
        drawn = [next(training)[0], more[1], next(training)[0], next(more)]
        return drawn, np.random.rand()  # noqa: NPY002

    (first, after), (again, after_again), (other, _) = run(42), run(42), run(43)
    assert same(first, again)
    assert after == after_again
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(*(next(ImageDataGenerator(**MOVED).flow(photos(4, 9, 9))) for _ in range(2)))


def test_keras_seed_repeats_a_run():
    keras = pytest.importorskip("keras", reason="Keras is not installed")

    def run():
        keras.utils.set_random_seed(7)
        return next(ImageDataGenerator(**MOVED).flow(photos(5, 9, 9)))

    assert np.array_equal(run(), run())


def test_a_run_without_any_seed_is_another_each_time():
    script = (
        "import numpy as np; from augstream.keras_preprocessing.image import ImageDataGenerator\n"
        "x = np.arange(20 * 3, dtype=np.uint8).reshape(20, 1, 1, 3)\n"
        "print(next(ImageDataGenerator().flow(x, batch_size=20))[:, 0, 0, 0].tolist())"
    )
    runs = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout for _ in range(2)]
    assert runs[0].startswith("[")
    assert runs[0] != runs[1]


def half_turn(self, img_shape, seed=None):
    return {"theta": 180}


def black_left(self, x, transform_parameters):
    x = x.copy()
    x[:, :2] = 0
    return x


def to_seven(self, x):
    return x * 0 + 7


def only_sums(self, index_array):
    return self.x[index_array].sum((1, 2, 3))


def backwards(self):
    self.index_array = np.arange(self.n)[::-1]


def nothing_new(self):
    self.index_array = np.arange(self.n)


def nine(self):
    return 9


@pytest.mark.parametrize("compat", [None, *LINES])
@pytest.mark.parametrize(
    ("base", "name", "method"),
    [
        (ImageDataGenerator, "get_random_transform", half_turn),
        (ImageDataGenerator, "apply_transform", black_left),
        (ImageDataGenerator, "standardize", to_seven),
        (NumpyArrayIterator, "_get_batches_of_transformed_samples", only_sums),
        (NumpyArrayIterator, "_set_index_array", backwards),
        (NumpyArrayIterator, "on_epoch_end", nothing_new),
        (NumpyArrayIterator, "next", nine),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_method_put_on_one_object_is_heeded_like_one_of_a_subclass(compat, base, name, method):
    x = photos(6, 8, 8)

    def batches(on_object=False, in_class=False):
        own = type("Own", (base,), {name: method} if in_class else {})
        generator_of, flow_of = (own if cls is base else cls for cls in (ImageDataGenerator, NumpyArrayIterator))
        generator = generator_of(rotation_range=30, rescale=1 / 255, compat=compat)
        flow = flow_of(x, None, generator, batch_size=2, shuffle=True, seed=4)
        if on_object:
            target = generator if base is ImageDataGenerator else flow
            setattr(target, name, MethodType(method, target))
        made = [next(flow), flow[2], next(flow)]
        flow.on_epoch_end()
        return [*made, flow[0]]

    assert same(batches(on_object=True), batches(in_class=True))
    assert not same(batches(on_object=True), batches())


def test_what_is_put_on_a_generator_between_two_batches_holds_for_the_next_one():
    x = photos(12, 8, 8)
    generator = ImageDataGenerator(rescale=1 / 255)
    flow = generator.flow(x, batch_size=2, shuffle=False)
    np.testing.assert_allclose(next(flow), x[:2] / 255, rtol=1e-6)
    generator.standardize = lambda one: one - 3
    assert np.array_equal(next(flow), x[2:4].astype(np.float32) - 3)
    del generator.standardize
    generator.rescale = 2
    assert np.array_equal(next(flow), x[4:6] * 2.0)
    flow._get_batches_of_transformed_samples = lambda index_array: index_array.tolist()
    assert next(flow) == [6, 7]


def test_a_keyword_in_the_wrong_place_is_ignored_and_told_where_it_belongs(folder):
    with pytest.warns(UserWarning, match="ImageDataGenerator has no argument 'target_size' .* flow_from_directory"):
        generator = ImageDataGenerator(rescale=1 / 255, target_size=(8, 8))
    with pytest.warns(UserWarning, match="ignores it; pass it to ImageDataGenerator") as warned:
        flow = generator.flow_from_directory(folder, (8, 8), preprocessing_function=lambda one: one * 0, seed=1)
    assert warned[0].filename == __file__
    assert next(flow)[0].any()
    with pytest.warns(UserWarning, match="flow has no argument 'class_mode'"):
        generator.flow(photos(2, 4, 4), class_mode="binary")
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pandas.DataFrame({"filename": ["cats/0.png"], "class": ["cat"]})
    with pytest.warns(UserWarning, match="flow_from_dataframe has no argument 'rescale'"):
        generator.flow_from_dataframe(table, folder, rescale=1 / 255)


def test_a_keyword_of_nobody_is_an_error_with_the_nearest_one(folder):
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'rotate_range'. Did you mean rotation_range"):
        ImageDataGenerator(rotate_range=3)
    with pytest.raises(TypeError, match=r"flow_from_directory .* 'target_sizes'. Did you mean target_size"):
        ImageDataGenerator().flow_from_directory(folder, target_sizes=(8, 8))


def test_a_folder_without_pictures_says_what_is_there(folder, tmp_path):
    generator = ImageDataGenerator(validation_split=0.01, featurewise_center=True)
    with pytest.warns(UserWarning, match=r"holds 5 images and no sub-folder.*classes=\['cats'\]") as warned:
        flow = generator.flow_from_directory(folder / "cats")
    assert warned[0].filename == __file__
    flow_above = generator.flow_from_directory(folder, classes=["cats"], class_mode=None)  # as it advises
    assert flow_above.samples == 5
    with pytest.warns(UserWarning, match="has no sub-folder 'birds'; it has cats, dogs"):
        generator.flow_from_directory(folder, classes=["birds"])
    with pytest.warns(UserWarning, match="subset='validation' holds none of the 9 images"):
        generator.flow_from_directory(folder, subset="validation")
    (tmp_path / "empty").mkdir()
    with pytest.warns(UserWarning, match="empty is empty. Pass a folder with one sub-folder per class"):
        generator.flow_from_directory(tmp_path / "empty")
    with pytest.raises(SourceError, match=r"no images, .* holds 5 images and no sub-folder"):
        generator.fit(flow)
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(SourceError, match=r"no images, .* holds 5 images and no sub-folder"):
        model.fit(flow, verbose=0)


def test_a_table_without_files_says_what_is_there(folder):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")

    def flow(names, directory, **more):
        table = pandas.DataFrame({"id": names, "class": "a"})
        return ImageDataGenerator().flow_from_dataframe(table, directory, "id", **more)

    for names, directory, words in (
        (["0", "2"], folder / "cats", r"there is 0.png. Add the extension: df\['id'\] \+ '.png'"),
        (["0.png"], folder, "holds cats, dogs. Pass directory= as the folder that the names begin in"),
        (["birds/0.png"], folder, "there is no folder .*birds. Pass directory="),
        ([], folder, "the table has no rows"),
    ):
        with pytest.warns(UserWarning, match=words):
            empty = flow(names, directory, class_mode=None)
        assert len(empty) == 0
    with pytest.warns(UserWarning, match="1 of 1 files are there, and none has a class in y_col='class'"):
        flow(["cats/0.png"], folder, classes=["b"])


def test_one_number_is_a_square(folder):
    with pytest.warns(UserWarning, match=r"64 is taken as \(64, 64\)") as warned:
        flow = ImageDataGenerator().flow_from_directory(folder, target_size=64)
    assert warned[0].filename == __file__
    assert next(flow)[0].shape[1:3] == (64, 64)
    with pytest.warns(UserWarning, match=r"9 is taken as \(9, 9\)"):
        assert load_img(folder / "cats" / "0.png", target_size=9).size == (9, 9)
