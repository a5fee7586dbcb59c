"""`augstream check`: each planted fault is found, and nothing else is called one."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, encoded, nasty, real, turned
from folders import call, listing
from page import Page
from PIL import Image

import augstream as aug
from augstream.check import check, findings, formats, near_duplicates, page, scan
from augstream.check.fingerprint import NEAR, Fingerprints, distance, fingerprints
from augstream.check.thumbnails import thumbnail
from augstream.errors import ArgumentError
from augstream.sources.folder import EXTENSIONS


def picture(number, height=120, width=160):
    """An image with large and small shapes, unlike that of any other number."""
    rng = np.random.default_rng(number)
    layers = [Image.fromarray(rng.integers(0, 256, (k, k + 2, 3), np.uint8)) for k in (4, 9)]
    large, small = (np.asarray(layer.resize((width, height), Image.Resampling.BICUBIC)) / 2 for layer in layers)
    return (large + small).astype(np.uint8)


def save(path, pixels, kind="JPEG", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(np.asarray(pixels), kind, **options))
    return path


@pytest.fixture
def folder(tmp_path):
    """Twenty images in two classes that nothing can be said against."""
    for number in range(20):
        save(tmp_path / "data" / "ab"[number % 2] / f"{number:02}.jpg", picture(number))
    return tmp_path / "data"


def found(report):
    """kind -> files of each group, as names."""
    return {
        section.kind: [[report.name(entry) for entry in group.entries] for group in section.groups]
        for section in report.sections
    }


def notes(report, kind):
    (section,) = (section for section in report.sections if section.kind == kind)
    return [group.note for group in section.groups]


def bomb():
    data = bytearray(encoded(picture(0), "BMP"))
    data[18:26] = np.array([60000, 60000], "<i4").tobytes()
    return bytes(data)


WHOLE = encoded(picture(50))
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50)
FAULTS = {
    "a/no.jpg": (b"", "empty", "0 bytes"),
    "a/cut.jpg": (WHOLE[: len(WHOLE) // 2], "truncated", "truncated"),
    "a/cut_late.jpg": (WHOLE[:-40], "truncated", "truncated"),
    "a/head.jpg": (WHOLE[:200], "truncated", ""),
    "b/cut.png": (encoded(picture(51), "PNG")[:-3000], "truncated", "truncated"),
    "b/bomb.bmp": (bomb(), "bomb", "60000 x 60000 pixels"),
    "b/page.jpg": (b"<html>Not found</html>", "broken", "not an image"),
    "b/huffman.jpg": (re.sub(rb"\xff\xc4..", b"\xff\xc4\0\x04", WHOLE, flags=re.S), "broken", ""),
    "b/phone.jpg": (HEIC, "broken", "convert it to JPEG"),
}


def test_nothing_is_said_of_a_folder_without_faults(folder):
    report = check(folder)
    assert found(report) == {}
    assert report.clean
    code, text = call("check", folder)
    assert code == 0
    assert "Clean: every image can be read" in text


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_cannot_be_read_is_found_with_its_kind_and_reason(name, folder):
    data, kind, reason = FAULTS[name]
    (folder / name).write_bytes(data)
    report = check(folder)
    assert found(report) == {kind: [[name]]}
    assert reason in notes(report, kind)[0]
    assert not report.clean


def test_links_to_nothing_and_forbidden_files_are_unreadable(folder):
    (folder / "a" / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    expected = [["a/gone.jpg"]]
    if os.geteuid():
        save(folder / "a" / "secret.jpg", picture(60)).chmod(0)
        expected.append(["a/secret.jpg"])
    assert found(check(folder)) == {"unreadable": expected}


def enlarged(pixels, height, width):
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


ODDITIES = {
    "misnamed": ("a/x.jpg", encoded(picture(60), "PNG"), "PNG content, named .jpg"),
    "passed_over": ("a/x", encoded(picture(60)), "JPEG content, but without an extension"),
    "passed_over ": ("x.jpg", encoded(picture(60)), "JPEG, but in no class folder"),
    "passed_over  ": ("a/x.heic", HEIC, "HEIC is not read"),
    "odd_size": ("a/x.jpg", encoded(picture(60, 9, 12)), "12 x 9, side 1/13 of the usual"),
    "odd_size ": ("a/x.jpg", encoded(picture(60, 1200, 1600)), "side 10 times the usual"),
    "odd_size  ": ("a/x.jpg", encoded(picture(60, 40, 400)), "400 x 40, 10.0 : 1"),
    "gray": ("a/x.jpg", encoded(picture(60)[:, :, 0]), ""),
    "gray ": ("a/x.png", encoded(np.repeat(picture(60)[:, :, :1], 3, axis=2), "PNG"), ""),
    "blank": ("a/x.png", encoded(np.full((120, 160, 3), (250, 20, 60), np.uint8), "PNG"), ""),
}


@pytest.mark.parametrize("case", ODDITIES)
def test_odd_files_are_noticed_without_being_problems(case, folder):
    name, data, note = ODDITIES[case]
    (folder / name).write_bytes(data)
    report = check(folder)
    assert found(report) == {case.strip(): [[name]]}
    assert note in notes(report, case.strip())[0]
    assert report.clean


def test_color_among_gray(tmp_path):
    for number in range(10):
        save(tmp_path / "a" / f"{number}.jpg", picture(number)[:, :, 1])
    save(tmp_path / "a" / "x.jpg", picture(70))
    assert found(check(tmp_path)) == {"color": [["a/x.jpg"]]}


def test_files_that_are_no_pictures_are_counted_and_no_more(folder):
    (folder / "a" / "labels.txt").write_text("0 1 2")
    (folder / "README").write_text("about")
    report = check(folder)
    assert found(report) == {}
    assert report.to_dict()["folders"][0]["other_files"] == 2


def brighter(pixels):
    return np.clip(1.12 * pixels.astype(float) + 4, 0, 255).astype(np.uint8)


COPIES = {
    "quality 40": lambda p: encoded(p, quality=40),
    "half": lambda p: encoded(np.asarray(enlarged(p, 60, 80)), quality=80),
    "double": lambda p: encoded(np.asarray(enlarged(p, 240, 320))),
    "square": lambda p: encoded(np.asarray(enlarged(p, 128, 128))),
    "webp": lambda p: encoded(p, "WEBP", quality=60),
    "png": lambda p: encoded(p, "PNG"),
    "gif": lambda p: encoded(p, "GIF"),
    "brighter": lambda p: encoded(brighter(p)),
    "gray": lambda p: encoded(np.asarray(Image.fromarray(p).convert("L"))),
    "turned back by EXIF": lambda p: turned(np.rot90(p), 6),
}
STRANGERS = {
    "mirrored": lambda p: encoded(p[:, ::-1]),
    "turned": lambda p: encoded(p[::-1, ::-1]),
    "a part": lambda p: encoded(p[:80, :100]),
    "negative": lambda p: encoded(255 - p),
    "other colors": lambda p: encoded(p[:, :, ::-1]),
    "much darker": lambda p: encoded(p // 4),
}


@pytest.mark.parametrize("way", COPIES)
def test_copies_saved_again_are_near_duplicates(way, folder):
    suffix = {"webp": "webp", "png": "png", "gif": "gif"}.get(way, "jpg")
    (folder / "a" / f"x.{suffix}").write_bytes(COPIES[way](picture(4)))
    assert found(check(folder))["near_duplicate"] == [["a/04.jpg", f"a/x.{suffix}"]]


@pytest.mark.parametrize("way", STRANGERS)
def test_other_pictures_are_no_near_duplicates(way, folder):
    (folder / "a" / "x.jpg").write_bytes(STRANGERS[way](picture(4)))
    assert "near_duplicate" not in found(check(folder))


def test_exact_copies_come_together_and_contradicting_labels_first(folder):
    for number, name in ((2, "a/y.jpg"), (2, "a/z.jpg"), (3, "a/x.jpg")):
        (folder / name).write_bytes((folder / "ab"[number % 2] / f"{number:02}.jpg").read_bytes())
    report = check(folder)
    assert found(report) == {"duplicate": [["a/x.jpg", "b/03.jpg"], ["a/02.jpg", "a/y.jpg", "a/z.jpg"]]}
    assert notes(report, "duplicate") == ["in different classes: a, b", ""]


def test_leaks_between_two_folders(folder, tmp_path):
    other = tmp_path / "other"
    for number in range(6):
        save(other / "ab"[number % 2] / f"{number}.jpg", picture(100 + number))
    assert found(check(folder, other)) == {}
    (other / "b" / "leak.jpg").write_bytes((folder / "a" / "04.jpg").read_bytes())
    save(other / "a" / "small.jpg", enlarged(picture(6), 90, 120), quality=70)
    report = check(folder, other)
    assert found(report) == {
        "leak": [[f"{folder}/a/04.jpg", f"{other}/b/leak.jpg"]],
        "near_leak": [[f"{folder}/a/06.jpg", f"{other}/a/small.jpg"]],
    }
    assert notes(report, "leak") == ["in different classes: a, b"]
    code, text = call("check", folder, "--against", other)
    assert code == 1
    assert "2 images are in both folders" in text
    # Copies within one folder do not become leaks by there being another folder.
    assert "leak" not in found(check(other))


def test_a_near_leak_is_seen_through_an_exact_copy(folder, tmp_path):
    other = tmp_path / "other"
    save(other / "a" / "1.jpg", picture(100))
    save(other / "b" / "2.jpg", picture(101))
    data = encoded(picture(4), quality=30)
    for path in (folder / "a" / "x.jpg", other / "a" / "x.jpg"):
        path.write_bytes(data)
    report = found(check(folder, other))
    assert report["leak"] == [[f"{folder}/a/x.jpg", f"{other}/a/x.jpg"]]
    assert report["near_leak"] == [[f"{folder}/a/04.jpg", f"{folder}/a/x.jpg", f"{other}/a/x.jpg"]]


def test_remarks_on_classes(folder, tmp_path):
    (folder / "c").mkdir()
    save(folder / "d" / "x.jpg", picture(60))
    assert notes(check(folder), "classes") == [
        "c holds no images",
        "b has 10 images, d 1: 10 times as many. source.balance() evens that out",
    ]
    other = tmp_path / "other"
    save(other / "a" / "x.jpg", picture(200))
    assert "c is only in data; d is only in data" in notes(check(folder, other), "classes")[-1]


def test_parts_of_a_split_are_no_classes(tmp_path):
    for number in range(6):
        save(tmp_path / ("train", "val")[number % 2] / f"{number}.jpg", picture(number))
    assert "look like parts of a split" in notes(check(tmp_path), "classes")[0]


def test_a_folder_without_classes(tmp_path):
    for number in range(9):
        save(tmp_path / f"{number}.jpg", picture(number))
    (tmp_path / "docs").mkdir()
    report = check(tmp_path)
    assert found(report) == {}
    assert report.to_dict()["folders"][0]["classes"] == {}


# --- what is written ---------------------------------------------------------------------------------------------


@pytest.fixture
def faulty(folder):
    for name, (data, _, _) in FAULTS.items():
        (folder / name).write_bytes(data)
    (folder / "a" / 'x<i>&"\x1b[31m.jpg').write_bytes((folder / "a" / "02.jpg").read_bytes())
    save(folder / "b" / "again.jpg", picture(5), quality=40)
    return folder


def test_nothing_in_the_folder_changes(faulty, tmp_path):
    before = listing(faulty)
    code, _ = call("check", faulty, "--json", tmp_path / "c.json", "--html", tmp_path / "c.html")
    assert code == 1
    assert listing(faulty) == before


def test_json_says_all_of_it(faulty, tmp_path):
    call("check", faulty, "--json", tmp_path / "c.json")
    said = json.loads((tmp_path / "c.json").read_text())
    report = check(faulty)
    assert said["clean"] is False
    assert {f["kind"]: [g["files"] for g in f["groups"]] for f in said["findings"]} == found(report)
    (about,) = said["folders"]
    assert about["images"] == 20 + len(FAULTS) + 2
    assert about["readable"] == 22
    assert about["classes"] == {"a": 15, "b": 16}
    assert about["formats"] == {"JPEG": 22}
    assert about["sizes"]["median"] == {"width": 160, "height": 120}
    assert (about["color"], about["gray"]) == (22, 0)


def test_json_on_the_screen_is_nothing_but_json(faulty):
    code = "from augstream.commands.cli import app; app(prog_name='augstream')"
    made = subprocess.run([sys.executable, "-c", code, "check", faulty, "--json", "-"], capture_output=True, text=True)
    assert made.returncode == 1
    assert json.loads(made.stdout)["clean"] is False
    assert "cannot be read" in made.stderr


def test_the_page_needs_nothing_else_and_shows_the_pictures(faulty):
    text = page.make(check(faulty))
    made = Page(text)
    images = [attrs["src"] for tag, attrs in made.tags if tag == "img"]
    # Two pairs; what cannot be decoded has no image.
    assert len(images) == 4
    assert all(src.startswith("data:image/jpeg;base64,") for src in images)
    assert not [attrs for _, attrs in made.tags if {"href", "src"} & set(attrs) and "http" in str(attrs)]
    assert not {"script", "link", "i"} & {tag for tag, _ in made.tags}
    assert "9 files cannot be read." in made.words
    assert r'x<i>&"\x1b[31m.jpg' in made.words
    ids = {attrs["id"] for _, attrs in made.tags if "id" in attrs}
    assert {attrs["href"][1:] for tag, attrs in made.tags if tag == "a"} == ids


def test_a_page_of_a_clean_folder(folder):
    made = Page(page.make(check(folder)))
    assert "Clean." in made.words
    assert not [tag for tag, _ in made.tags if tag == "section"]


def test_the_page_stays_small_where_there_is_much_to_show(tmp_path):
    for number in range(300):
        save(tmp_path / "a" / f"{number}.jpg", np.full((8, 8, 3), number % 250, np.uint8))
    assert len(page.make(check(tmp_path))) < 1_000_000


def test_a_picture_that_vanishes_before_the_page_is_made(folder):
    (folder / "a" / "x.jpg").write_bytes((folder / "a" / "02.jpg").read_bytes())
    report = check(folder)
    (folder / "a" / "x.jpg").unlink()
    assert "no image" in Page(page.make(report)).words


def test_the_text_names_a_few_and_with_all_every_file(tmp_path):
    for number in range(30):
        save(tmp_path / "a" / f"{number}.jpg", picture(number))
        (tmp_path / "a" / f"no{number}.jpg").write_bytes(b"")
    code, text = call("check", tmp_path)
    assert code == 1
    assert "Empty  30 files" in text
    assert "... and 22 more" in text
    assert "a/no9.jpg" not in text
    _, text = call("check", tmp_path, "--all")
    assert text.count("a/no") == 30
    assert "30 files cannot be read" in text


def test_many_classes_are_not_all_printed(tmp_path):
    for number in range(30):
        save(tmp_path / f"class{number:02}" / "x.jpg", picture(number))
    _, text = call("check", tmp_path)
    assert "30 classes" in text
    assert "... 18 more ..." in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no/such/folder"], "does not exist"),
        (["{folder}/a/00.jpg"], "is a file, not a folder"),
        (["{folder}", "--against", "{folder}/a"], "lie one in the other"),
        (["{folder}", "--against", "{folder}"], "lie one in the other"),
        (["{folder}", "--json", "{folder}/c.json"], "nothing is ever written there"),
        (["{folder}", "--html", "{folder}/a/c.html"], "nothing is ever written there"),
        (["{folder}", "--html", "no/such/c.html"], "there is no folder"),
        (["{folder}", "--html", "{folder}/.."], "is a folder"),
        (["{empty}"], "is empty"),
        (["{texts}"], "holds 1 files, but none with an image's extension"),
    ],
)
def test_what_cannot_be_checked_ends_with_2_and_one_message(words, said, folder, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    monkeypatch.chdir(tmp_path)
    places = {"folder": folder, "empty": tmp_path / "empty", "texts": tmp_path / "texts"}
    code, text = call("check", *(word.format(**places) for word in words))
    assert code == 2
    assert said in " ".join(text.split())
    assert "Traceback" not in text


def test_help_names_the_exit_codes():
    code, text = call("check", "--help")
    assert code == 0
    assert "Ends with 0" in text


# --- reading -----------------------------------------------------------------------------------------------------


def test_every_row_is_about_its_own_file_however_they_are_read(tmp_path, monkeypatch):
    for number in range(150):
        kind, ending = (("JPEG", "jpg"), ("PNG", "png"))[number % 2]
        save(tmp_path / "a" / f"{number:03}.{ending}", picture(number, 20 + number, 30), kind)
    told = []
    whole = scan.scan(tmp_path, begin=lambda n: told.append(n) or told.append)
    assert whole.size.tolist() == [[20 + number, 30] for number in range(150)]
    assert told[0] == sum(told[1:]) == 150
    monkeypatch.setattr(scan, "_FLIGHT", 1)
    alone = scan.scan(tmp_path, threads=1)
    for field in ("state", "format", "size", "weight", "digest"):
        assert (getattr(whole, field) == getattr(alone, field)).all()
    assert (whole.prints.luma == alone.prints.luma).all()


def test_a_file_costs_a_few_hundred_bytes_of_memory(tmp_path):
    for number in range(64):
        save(tmp_path / "a" / f"{number}.png", picture(number, 8, 8), "PNG")
    made = scan.scan(tmp_path)
    arrays = [value for part in (made, made.prints) for value in vars(part).values() if isinstance(value, np.ndarray)]
    assert sum(array.nbytes for array in arrays) <= 360 * 64


def test_strange_names_loops_and_pipes(folder):
    raw = os.fsencode(folder / "a") + b"/\xff\n.jpg"
    Path(os.fsdecode(raw)).write_bytes(WHOLE[:100])
    os.mkfifo(folder / "a" / "pipe.jpg")
    os.mkfifo(folder / "a" / "pipe")
    (folder / "a" / "up").symlink_to(folder)
    (folder / "b" / "loop").symlink_to(folder / "b" / "loop")
    report = found(check(folder))
    assert report["truncated"] == [["a/\\xff\\n.jpg"]]
    assert report["unreadable"] == [["a/pipe.jpg"]]


def test_a_file_too_large_for_a_picture_is_not_read(folder):
    with (folder / "a" / "disk.jpg").open("wb") as file:
        file.truncate(3 << 30)
    report = check(folder)
    assert found(report) == {"unreadable": [["a/disk.jpg"]]}
    assert "3,221,225,472 bytes" in notes(report, "unreadable")[0]


def test_formats_are_known_by_their_first_bytes():
    kinds = {"JPEG": "jpg", "PNG": "png", "WebP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tif", "ICO": "ico"}
    for name, suffix in kinds.items():
        data = encoded(picture(0), name.upper())
        assert formats.content(data[: formats.HEAD]) == name
        assert formats.fits(name, suffix.upper())
        assert not formats.fits(name, "jp2")
    assert formats.content(b"P6\n3 3 255\n") == "Netpbm"
    assert formats.content(b"") is None
    assert formats.content(b"\0" * 64) is None
    assert formats.decoded((40).to_bytes(4, "little")) == "DIB"
    assert formats.decoded(bytes(18)) == "TGA"


def test_every_extension_of_a_folder_source_is_known():
    assert set(formats.SUFFIXES) == set(EXTENSIONS)


def test_thumbnails_keep_their_proportions_and_stand_upright():
    assert thumbnail(encoded(picture(0, 300, 600)), 100).shape == (50, 100, 3)
    assert thumbnail(encoded(picture(0, 300, 600), "PNG"), 100).shape == (50, 100, 3)
    assert thumbnail(turned(picture(0, 300, 600), 6), 100).shape == (100, 50, 3)
    assert thumbnail(encoded(picture(0, 30, 60)), 100).shape == (30, 60, 3)
    assert thumbnail(encoded(picture(0, 3, 4000), "PNG"), 100).shape == (1, 100, 3)


# --- comparing ---------------------------------------------------------------------------------------------------


def thumbnails(n, seed=0):
    """Made-up thumbnails (n, 32, 32, 3), most of their contrast in large shapes, as in photos."""
    rng = np.random.default_rng(seed)
    waves = np.fft.rfft2(rng.standard_normal((n, 32, 32, 3)), axes=(1, 2))
    radius = np.hypot(np.fft.fftfreq(32)[:, None], np.fft.rfftfreq(32)[None])
    radius[0, 0] = 1 / 32
    fields = np.fft.irfft2(waves / radius[None, :, :, None] ** 1.3, axes=(1, 2))
    fields /= fields.std(axis=(1, 2, 3), keepdims=True)
    return np.clip(127 + 50 * fields, 0, 255).astype(np.uint8)


def test_all_near_pairs_are_found_as_if_each_were_compared_with_each():
    rng = np.random.default_rng(1)
    pixels = thumbnails(600)
    pixels[500:] = np.clip(pixels[:100].astype(int) + rng.integers(-6, 7, (100, 32, 32, 3)), 0, 255)
    prints = fingerprints(pixels)
    one, two = np.triu_indices(600, 1)
    close = distance(prints, one, two) <= NEAR
    groups, nearest = near_duplicates.near(prints, np.arange(600))
    assert sorted(map(tuple, map(np.ndarray.tolist, groups))) == sorted(
        zip(one[close].tolist(), two[close].tolist(), strict=True)
    )
    assert len(groups) == 100
    assert max(nearest.values()) <= NEAR


def test_no_folder_makes_the_search_quadratic(monkeypatch):
    prints = fingerprints(np.repeat(thumbnails(1), 3000, axis=0))
    pairs = 0

    def counting(prints, one, two):
        nonlocal pairs
        pairs += len(one)
        return np.full(len(one), np.inf, np.float32)

    monkeypatch.setattr(near_duplicates, "distance", counting)
    near_duplicates.near(prints, np.arange(3000))
    assert pairs <= 8 * 32 * 3000
    monkeypatch.undo()
    groups, _ = near_duplicates.near(prints, np.arange(3000))
    assert [len(group) for group in groups] == [3000]


def test_chains_are_one_group_and_flat_pictures_none():
    base = thumbnails(2, seed=3).astype(float)
    chain = [base[0] + (base[1] - base[0]) * step / 60 for step in range(8)]
    prints = fingerprints(np.stack([*chain, np.full((32, 32, 3), 90), np.full((32, 32, 3), 91)]).astype(np.uint8))
    groups, _ = near_duplicates.near(prints, np.arange(10))
    assert [group.tolist() for group in groups] == [list(range(8))]
    assert near_duplicates.near(prints, np.array([8, 9]))[0] == []
    assert near_duplicates.near(prints, np.array([], dtype=np.int64))[0] == []


def test_exact_groups():
    digests = np.array([[5, 1], [2, 2], [5, 1], [5, 2], [2, 2], [2, 2]], dtype=np.uint64)
    assert [group.tolist() for group in near_duplicates.exact(digests)] == [[0, 2], [1, 4, 5]]
    assert near_duplicates.exact(digests[:0]) == []


def test_fingerprints_of_parts_joined_are_those_of_the_whole():
    prints = fingerprints(thumbnails(10))
    again = Fingerprints.empty(10)
    rows = np.arange(10)
    again.put(rows[5:], fingerprints(thumbnails(10)[5:]))
    again.put(rows[:5], fingerprints(thumbnails(10)[:5]))
    joined = Fingerprints.joined([fingerprints(thumbnails(10)[:5]), fingerprints(thumbnails(10)[5:])])
    for other in (again, joined):
        assert (other.bits == prints.bits).all()
        assert (other.luma == prints.luma).all()
        assert (other.chroma == prints.chroma).all()


# --- real files --------------------------------------------------------------------------------------------------


def test_of_flowers_only_the_black_and_white_ones_are_noticed(flowers):
    assert found(check(flowers)) == {
        "gray": [
            ["daisy/3084924076_4d5c5711af_m.jpg"],
            ["dandelion/5829610661_8439ba4a77_n.jpg"],
            ["dandelion/8632704230_ccafc5f7e2.jpg"],
            ["roses/5892908233_6756199a43.jpg"],
        ]
    }


def test_of_micrographs_that_all_look_alike_one_pair_shows_the_same_cells():
    report = found(check(real("bccd") / "JPEGImages"))
    assert report == {"near_duplicate": [["BloodImage_00037.jpg", "BloodImage_00038.jpg"]]}


@pytest.mark.skipif(not nasty(), reason=f"{DATA / 'nasty_dev'} is not there")
@pytest.mark.filterwarnings("ignore")
def test_of_difficult_files_those_are_broken_that_a_loader_cannot_read():
    made = scan.scan(DATA / "nasty_dev")
    source = aug.from_folder(DATA / "nasty_dev")
    loader = aug.Loader(source, aug.Compose([aug.Resize(8, 8)]), 16, on_error="skip", shuffle=False)
    for _ in loader:
        pass
    assert {made.listing.name(row) for row in made.faults} == {name for _, name, _ in loader.errors}
    assert {made.listing.name(int(row)) for row in np.flatnonzero(made.listing.wanted)} == {
        source.name(index) for index in range(len(source))
    }
    assert {fault.kind for fault in made.faults.values()} == {"truncated", "bomb", "broken"}


def test_a_check_in_python(folder):
    told = {}
    report = check(str(folder), threads=1, max_pixels=1000, begin=lambda name, n: told.setdefault(name, []).append)
    assert [section.kind for section in report.sections] == ["bomb"]
    assert sum(told[str(folder)]) == 20
    assert isinstance(report.sections[0], findings.Section)
    with pytest.raises(ArgumentError, match="does not exist"):
        check(folder / "no")


NOISY = """
import logging, os, sys
from pathlib import Path
from augstream.check import command
def noisy(made):
    def noise(*arguments, **options):
        os.write(2, b"a library's own words")
        logging.getLogger("PIL.TiffImagePlugin").error("Pillow's")
        print("ours", file=sys.stderr)
        return made(*arguments, **options)
    return noise
command.check, command.page.make = noisy(command.check), noisy(command.page.make)
code = command.command(Path(sys.argv[1]), None, html=Path(sys.argv[2]))
os.write(2, b"afterwards")
sys.exit(code)
"""


def test_what_libraries_write_past_python_is_kept_out(folder, tmp_path):
    command = [sys.executable, "-c", NOISY, str(folder), str(tmp_path / "page.html")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "ours\nours\nafterwards")
