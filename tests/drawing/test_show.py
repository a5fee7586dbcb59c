"""`aug.show` and what a notebook shows of batches, loaders, pipelines and sources."""

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import augstream as aug
from augstream.drawing.images import images_of, label_text
from augstream.drawing.levels import on_screen
from augstream.drawing.picture import COLORS

X = np.random.default_rng(0).integers(0, 256, (10, 24, 32, 3), np.uint8)
Y = np.arange(10) % 2
PIPELINE = aug.Compose([aug.HorizontalFlip(p=1), aug.Normalize()])


def photos(**how):
    return aug.from_arrays(X, Y, classes=["ant", "bee"], **how)


def has(image, pixels):
    """Whether these pixels stand somewhere on the image."""
    sheet = np.asarray(image)
    h, w = pixels.shape[:2]
    corners = np.argwhere((sheet[: len(sheet) - h + 1, : sheet.shape[1] - w + 1] == pixels[0, 0]).all(axis=2))
    return any((sheet[y : y + h, x : x + w] == pixels).all() for y, x in corners)


class TestShow:
    def test_a_source_as_it_is(self):
        sheet = aug.show(photos(), size=32)
        assert isinstance(sheet, Image.Image)
        assert all(has(sheet, X[row]) for row in range(10))
        assert not has(sheet, X[0][:, ::-1])

    def test_a_source_beside_what_becomes_of_it(self):
        sheet = aug.show(photos(), [aug.HorizontalFlip(p=1)], count=2, variants=1, size=32)
        assert has(sheet, X[2])
        assert has(sheet, X[2][:, ::-1])

    def test_one_sample(self):
        assert has(aug.show(photos()[3], size=32), X[3])
        sheet = aug.show(photos()[3], PIPELINE, variants=2, size=32)
        assert has(sheet, X[3])
        assert has(sheet, X[3][:, ::-1])

    def test_a_loader_shows_its_next_batch_in_the_photos_own_colors_and_stays_where_it_is(self):
        loader, other = (aug.Loader(photos(), PIPELINE, batch_size=4, seed=3) for _ in range(2))
        sheet = aug.show(loader, size=32)
        index = next(iter(other)).index
        assert all(has(sheet, X[row][:, ::-1]) for row in index)
        other = aug.Loader(photos(), PIPELINE, batch_size=4, seed=3)
        for ours, theirs in zip(loader, other, strict=True):
            np.testing.assert_array_equal(ours.index, theirs.index)

    def test_a_batch_whose_levels_are_known(self):
        loader = aug.Loader(photos(), aug.Compose([aug.Rescale(1 / 255)]), batch_size=4, seed=3)
        batch = next(iter(loader))
        assert all(has(aug.show(batch, size=32), X[row]) for row in batch.index)
        planar = next(iter(aug.Loader(photos(), aug.Compose([]), batch_size=4, layout="NCHW", dtype="uint8")))
        assert has(aug.show(planar, size=32), X[planar.index[0]])

    @pytest.mark.parametrize(
        "what",
        [X, list(X), X[0], (X, Y), Image.fromarray(X[0]), X.transpose(0, 3, 1, 2), X[0].astype(np.float32) / 255],
        ids=["array", "list", "one", "x, y", "Pillow", "planes", "floats"],
    )
    def test_images_in_any_form(self, what):
        assert has(aug.show(what, size=32), X[0])

    def test_a_path(self, tmp_path):
        Image.fromarray(X[0]).save(tmp_path / "a.png")
        assert has(aug.show(tmp_path / "a.png", size=32), X[0])
        with pytest.raises(aug.ArgumentError, match=r"is a folder\. Write aug\.show\(aug\.from_folder"):
            aug.show(tmp_path)

    def test_images_through_a_pipeline(self):
        sheet = aug.show(X[:2], PIPELINE, size=32, variants=1)
        assert has(sheet, X[1])
        assert has(sheet, X[1][:, ::-1])

    def test_boxes_points_and_masks_lie_where_they_belong(self):
        image = np.full((1, 40, 60, 3), 128, np.uint8)
        mask = np.zeros((1, 40, 60), np.uint8)
        mask[0, 30:, :20] = 1
        source = aug.from_arrays(image, masks=mask, boxes=[[(10, 5, 30, 20)]], points=[[(50, 35)]])
        flipped = np.asarray(aug.show(source, [aug.HorizontalFlip(p=1)], size=60, variants=1))
        plain = np.asarray(aug.show(source, size=60))
        orange, half = np.array(COLORS[0]), (np.array(COLORS[0]) + 128) / 2

        def corners(sheet):
            """Where the outline of the box begins and ends, on the photo."""
            ys, xs = np.nonzero((sheet == orange).all(axis=2))
            return ys.min(), ys.max(), xs.min(), xs.max()

        (top, _, left, _), photo = corners(plain), np.argwhere((plain == 128).all(axis=2)).min(axis=0)
        assert (top - photo[0], left - photo[1]) == (5, 10)
        tinted = np.abs(plain.astype(float) - half).max(axis=2) < 2
        assert tinted.sum() == 200
        right = flipped[:, flipped.shape[1] // 2 :]
        tinted = np.argwhere(np.abs(right.astype(float) - half).max(axis=2) < 2)
        gray = np.argwhere((right == 128).all(axis=2))
        assert tinted[:, 1].max() == gray[:, 1].max()  # the mask has gone to the right

    @pytest.mark.parametrize(
        ("call", "said"),
        [
            (lambda: aug.show(aug.Rotate()), r"Write aug\.show\(photos, pipeline\)"),
            (lambda: aug.show(X, count=0), "show.count must be an integer"),
            (lambda: aug.show([]), "at least one image"),
            (lambda: aug.show("no/such.jpg"), "cannot be read"),
            (lambda: aug.show(np.zeros((2, 3, 4, 5, 6))), "show needs images"),
            (
                lambda: aug.show(next(iter(aug.Loader(photos(), PIPELINE, batch_size=4))), PIPELINE),
                "has been through its pipeline",
            ),
        ],
    )
    def test_what_cannot_be_shown_is_said(self, call, said):
        with pytest.raises(aug.AugstreamError, match=said):
            call()


def test_levels_that_are_not_known_are_found_or_stretched():
    photo = X[0].astype(np.float32)
    for given in (photo / 255, photo, photo / 127.5 - 1):
        assert np.abs(on_screen(given).astype(int) - X[0]).max() <= 1
    odd = on_screen(photo / 50 - 2)
    assert odd.min() == 0
    assert odd.max() == 255
    assert on_screen(np.array([[[np.nan]]], np.float32)).dtype == np.uint8


def test_labels_as_captions():
    names = ["ant", "bee", "cat"]
    assert label_text(1, names) == "bee"
    assert label_text(np.float32(0.5), None) == "0.5"
    assert label_text(np.array([0, 1, 0]), names) == "bee"
    assert label_text(np.array([0.3, 0.0, 0.7]), names) == "cat 0.70, ant 0.30"
    assert label_text(np.array([1.0]), ["no", "yes"]) == "yes"
    assert label_text("a word", None) == "a word"


def test_tensors(monkeypatch):
    torch = pytest.importorskip("torch")
    images, labels = images_of((torch.from_numpy(X.transpose(0, 3, 1, 2).copy()), torch.from_numpy(Y)))
    np.testing.assert_array_equal(images[3], X[3])
    assert labels.tolist() == Y.tolist()


class TestPage:
    def images(self, page):
        return [Image.open(BytesIO(base64.b64decode(data))) for data in re.findall(r"base64,([^\"]+)", page)]

    def test_text_and_a_contact_sheet(self):
        loader = aug.Loader(photos(), PIPELINE, batch_size=4, seed=3)
        for shown in (photos(), loader, next(iter(aug.Loader(photos(), PIPELINE, batch_size=4))), loader.numpy()):
            page = shown._repr_html_()
            assert page.startswith("<pre")
            (image,) = self.images(page)
            assert image.width > 150
        page = PIPELINE._repr_html_()
        assert "Swap left and right" in page
        assert not self.images(page)

    def test_what_it_says_is_escaped(self):
        source = aug.from_arrays(X, Y, classes=["<script>", "b"])
        assert "<script>" not in source._repr_html_()

    def test_never_an_error_and_the_loader_stays_where_it_is(self):
        def broken(index):
            raise RuntimeError("no such disk")

        assert "<pre" in aug.from_function(5, broken)._repr_html_()
        loader, other = (aug.Loader(photos(), PIPELINE, batch_size=4, seed=3) for _ in range(2))
        loader._repr_html_()
        assert [batch.index.tolist() for batch in loader] == [batch.index.tolist() for batch in other]
