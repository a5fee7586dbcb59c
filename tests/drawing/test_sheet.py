"""The contact sheet shows what a loader hands out, at levels that a screen can show."""

import numpy as np
import pytest

import augstream as aug
from augstream.drawing import sheet
from augstream.drawing.picture import fitted

PIPELINE = aug.Compose([aug.Rotate(30), aug.HorizontalFlip(p=0.5), aug.Resize(32, 48), aug.Rescale(1 / 255)])


def test_variants_are_those_of_the_loader(photos):
    source = aug.from_folder(photos)
    made = sheet.make(source, PIPELINE, rows=3, variants=2, seed=5)
    loader = aug.Loader(source, PIPELINE, 24, seed=5)
    for epoch in range(2):
        (batch,) = loader.at(epoch)
        for row in made.rows:
            expected = batch.image[batch.index.tolist().index(row.index)] * 255
            assert np.abs(row.variants[epoch] - expected).max() <= 0.51


def test_rows_come_from_all_over_the_source(photos):
    source = aug.from_folder(photos)
    rows = sheet.make(source, PIPELINE, rows=3, variants=1).rows
    assert [row.label for row in rows] == ["ant", "bee", "cat"]
    assert [row.index for row in sheet.make(source, PIPELINE, rows=99, variants=1).rows] == list(range(24))


@pytest.mark.parametrize("last", [aug.Rescale(1 / 255), aug.Normalize(0.5, 0.25), aug.Rescale(2 / 255, -1)])
def test_a_closing_change_of_levels_is_left_out(last):
    pipeline = aug.Compose([aug.Rotate(30), last], border="edge")
    assert list(sheet.shown(pipeline)) == [pipeline[0]]
    assert sheet.shown(pipeline).border == "edge"


def test_levels_fit_the_screen_wherever_the_change_of_levels_stands(photos):
    source = aug.from_folder(photos)
    plain = aug.Compose([aug.Resize(32, 32)])
    expected = sheet.make(source, plain, rows=1, variants=1).rows[0].variants[0]
    early = aug.Compose([aug.Rescale(1 / 255), aug.Resize(32, 32)])
    assert np.abs(sheet.make(source, early, rows=1, variants=1).rows[0].variants[0] - expected.astype(int)).max() <= 1
    odd = sheet.make(source, aug.Compose([aug.Normalize(0.5, 0.25), aug.Resize(32, 32)]), rows=1, variants=1)
    assert odd.rows[0].variants[0].min() == 0
    assert odd.rows[0].variants[0].max() == 255


def test_pictures_keep_their_proportions_on_the_sheet():
    assert fitted(np.zeros((30, 60, 3), np.uint8), 100).size == (100, 50)
    assert fitted(np.zeros((6000, 1, 1), np.uint8), 100).size == (1, 100)
    assert fitted(np.full((8, 8, 1), 7, np.uint8), 8).getpixel((3, 3)) == (7, 7, 7)


def test_a_long_name_stays_on_the_sheet():
    picture = np.zeros((8, 8, 3), np.uint8)
    rows = [sheet.Row(0, "x" * 500, "", picture, [picture])]
    drawn = np.asarray(sheet.render(rows, 64))
    assert (drawn[:, -8:] > 240).all()
