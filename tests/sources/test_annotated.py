"""COCO, YOLO, VOC and mask pairs: made ones, and the real ones beside the repository where they are there."""

import json
import pickle

import numpy as np
import pytest
from conftest import encoded, real, scene

import augstream as aug
from augstream.errors import ArgumentError, SampleError, SourceError
from augstream.sources.coco import _unpack, outline
from augstream.sources.yolo import _names


def put(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def png(array):
    return encoded(array, "PNG")


PLAIN = aug.Compose([aug.Resize(48, 64)])


def first(source, n=None, pipeline=PLAIN):
    return next(iter(aug.Loader(source, pipeline, n or len(source), shuffle=False)))


# YOLO


def test_yolo_boxes_are_fractions_about_their_centers(tmp_path):
    put(
        tmp_path,
        images__a_dot_jpg=encoded(scene(100, 200)),
        images__b_dot_jpg=encoded(scene(48, 64)),
        images__sub__c_dot_jpg=encoded(scene(48, 64)),
        labels__a_dot_txt="1 0.5 0.5 0.2 0.4\n\n0 0.1 0.1 0.2 0.2 0.9\n",
        labels__sub__c_dot_txt="2 0.25 0.25 0.5 0.25 0.5 0.75\n",
    )
    source = aug.from_yolo(tmp_path / "images", classes=["x", "y", "z"])
    batch = first(source)
    assert np.allclose(batch.boxes[0], [[0.4 * 64, 0.3 * 48, 0.6 * 64, 0.7 * 48], [0, 0, 0.2 * 64, 0.2 * 48]])
    assert batch.box_label[0].tolist() == [1, 0]
    assert batch.boxes[1].shape == (0, 4)
    assert np.allclose(batch.boxes[2], [[16, 12, 32, 36]])
    assert (source.classes, batch.name) == (["x", "y", "z"], ["a.jpg", "b.jpg", "sub/c.jpg"])
    assert np.array_equal(pickle.loads(pickle.dumps(source)).targets(0).boxes, source.targets(0).boxes)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("path: .\nnames:\n  0: cat\n  2: 'traffic light'\nval: x\n", ["cat", "1", "traffic light"]),
        ('names: [cat, "dog"]\n', ["cat", "dog"]),
        ("names:\n- cat\n- dog # barks\nnc: 2\n", ["cat", "dog"]),
    ],
)
def test_yolo_names_are_read_without_a_yaml_package(tmp_path, text, names):
    (tmp_path / "data.yaml").write_text(text)
    assert _names(tmp_path / "data.yaml") == names


def test_yolo_folders_that_are_none_say_why(tmp_path):
    put(tmp_path, images__a_dot_jpg=b"x", labels__b_dot_txt="0 .5 .5 1 1", other__a_dot_txt="0 1 2")
    with pytest.raises(SourceError, match="no text file for any of the 1 images"):
        aug.from_yolo(tmp_path / "images")
    with pytest.raises(SourceError, match=r"line 1 of .*a.txt is no box: '0 1 2'"):
        aug.from_yolo(tmp_path / "images", tmp_path / "other")
    with pytest.raises(SourceError, match=r"no folder .*gone"):
        aug.from_yolo(tmp_path / "images", tmp_path / "gone")
    put(tmp_path, labels__a_dot_txt="7 .5 .5 1 1")
    with pytest.raises(ArgumentError, match="classes are 2, but there are boxes of class 7"):
        aug.from_yolo(tmp_path / "images", classes=["a", "b"])


# VOC

XML = """<annotation><object><name>{}</name><difficult>{}</difficult>
<bndbox><xmin>1</xmin><ymin>11</ymin><xmax>32</xmax><ymax>48</ymax></bndbox></object></annotation>"""


def voc(folder):
    mask = np.zeros((48, 64), np.uint8)
    mask[10:48, :32] = 1
    return put(
        folder,
        JPEGImages__a_dot_jpg=encoded(scene(48, 64)),
        JPEGImages__b_dot_jpg=encoded(scene(48, 64)),
        Annotations__a_dot_xml=XML.format("dog", 0),
        Annotations__b_dot_xml=XML.format("cat", 1),
        ImageSets__Main__train_dot_txt="b\n",
        ImageSets__Segmentation__train_dot_txt="a\n",
        SegmentationClass__a_dot_png=png(mask),
    )


def test_voc_boxes_count_from_one_and_hold_their_last_pixel(tmp_path):
    source = aug.from_voc(voc(tmp_path))
    batch = first(source)
    assert batch.boxes[0].tolist() == [[0, 10, 32, 48]]
    assert [labels.tolist() for labels in batch.box_label] == [[1], [0]]
    assert source.classes == ["cat", "dog"]
    assert first(aug.from_voc(tmp_path, difficult=False)).boxes[1].shape == (0, 4)
    assert first(aug.from_voc(tmp_path, "train")).name == ["JPEGImages/b.jpg"]


def test_voc_masks_lie_under_their_boxes(tmp_path):
    batch = first(aug.from_voc(voc(tmp_path), "train", masks=True))
    assert batch.mask[0, 10:, :32].all()
    assert batch.mask[0].sum() == 38 * 32
    padded = first(aug.from_voc(tmp_path, "train", masks=True), pipeline=aug.Compose([aug.Pad(2)]))
    assert set(np.unique(padded.mask)) == {0, 1, 255}


def test_voc_folders_that_are_none_say_why(tmp_path):
    with pytest.raises(SourceError, match="no folder JPEGImages"):
        aug.from_voc(tmp_path)
    voc(tmp_path)
    with pytest.raises(SourceError, match=r"no split 'val'; .*Main has train"):
        aug.from_voc(tmp_path, "val")
    with pytest.raises(ArgumentError, match="boxes of 'dog'"):
        aug.from_voc(tmp_path, classes=["cat"])
    put(tmp_path, Annotations__a_dot_xml="<annotation><object/></annotation>")
    with pytest.raises(SourceError, match="without a whole bndbox"):
        aug.from_voc(tmp_path)
    put(tmp_path, Annotations__a_dot_xml="<annotation>")
    with pytest.raises(SourceError, match=r"cannot read .*a.xml"):
        aug.from_voc(tmp_path)


# COCO


def coco(folder, **more):
    squares = [
        {"image_id": 7, "category_id": 18, "bbox": [10, 5, 20, 10], "segmentation": [[10, 5, 30, 5, 30, 15, 10, 15]]},
        {"image_id": 7, "category_id": 1, "bbox": [0, 0, 64, 40], "segmentation": [[0, 0, 64, 0, 64, 40, 0, 40]]},
        {"image_id": 7, "category_id": 1, "bbox": [0, 0, 9, 9], "iscrowd": 1, "segmentation": []},
    ]
    squares[0]["keypoints"] = [12, 6, 2, 0, 0, 0]
    data = {
        "images": [
            {"id": 7, "file_name": "b.jpg", "height": 48, "width": 64},
            {"id": 3, "file_name": "a.jpg", "height": 48, "width": 64},
        ],
        "categories": [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}],
        "annotations": [{"id": number, **one} for number, one in enumerate(squares)],
        **more,
    }
    pictures = {"images__a_dot_jpg": encoded(scene(48, 64)), "images__b_dot_jpg": encoded(scene(48, 64))}
    return put(folder, all_dot_json=json.dumps(data), **pictures)


def test_coco_boxes_and_classes(tmp_path):
    source = aug.from_coco(coco(tmp_path) / "images", tmp_path / "all.json")
    batch = first(source)
    assert (source.classes, batch.name) == (["person", "dog"], ["a.jpg", "b.jpg"])
    assert [len(boxes) for boxes in batch.boxes] == [0, 2]
    assert batch.boxes[1].tolist() == [[10, 5, 30, 15], [0, 0, 64, 40]]
    assert batch.box_label[1].tolist() == [1, 0]
    assert batch.mask is None
    crowded = first(aug.from_coco(tmp_path / "images", tmp_path / "all.json", crowd=True, points=True))
    assert len(crowded.boxes[1]) == 3
    assert crowded.points[1][0].tolist() == [12.5, 6.5]
    outlined = first(aug.from_coco(tmp_path / "images", tmp_path / "all.json", polygons=True, masks="class"))
    assert outlined.polygons[1][0][0].tolist() == [[10, 5], [30, 5], [30, 15], [10, 15]]
    assert outlined.polygons[0] == []
    assert np.isnan(crowded.points[1][1]).all()


def test_coco_masks_are_drawn_from_polygons_the_small_ones_on_top(tmp_path):
    coco(tmp_path)
    instance = first(aug.from_coco(tmp_path / "images", tmp_path / "all.json", masks="instance")).mask[1]
    assert instance.dtype == np.int32
    assert np.bincount(instance.ravel()).tolist()[1] == pytest.approx(200, abs=32)
    assert (instance[6:14, 11:29] == 1).all()
    assert (instance[20:39] == 2).all()
    assert not instance[42:].any()
    kinds = first(aug.from_coco(tmp_path / "images", tmp_path / "all.json", masks="class")).mask[1]
    assert (kinds[6:14, 11:29] == 2).all()
    assert (kinds[20:39] == 1).all()


def packed(runs):
    """COCO's text form of run lengths, written from its description and not from our reader."""
    text = ""
    for place, run in enumerate(runs):
        value, more = run - (runs[place - 2] if place > 2 else 0), True
        while more:
            bits = value & 31
            value >>= 5
            more = value != (-1 if bits & 16 else 0)
            text += chr(48 + bits + (32 if more else 0))
    return text


def test_coco_run_lengths():
    runs = [3, 5, 1000, 2, 70000, 1, 40, 33]
    assert _unpack(packed(runs)) == runs
    mask = np.zeros((6, 5), bool)
    mask[1:4, 2:4] = True
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    for kept in (counts, packed(counts)):
        assert np.array_equal(outline({"counts": kept, "size": [6, 5]}, 6, 5), mask)
    with pytest.raises(ValueError, match="run lengths are of"):
        outline({"counts": counts, "size": [6, 5]}, 5, 6)


def test_coco_files_that_are_none_say_why(tmp_path):
    with pytest.raises(SourceError, match="cannot read"):
        aug.from_coco(tmp_path, tmp_path / "gone.json")
    with pytest.raises(SourceError, match="no COCO file"):
        aug.from_coco(tmp_path, put(tmp_path, x_dot_json="[]") / "x.json")
    coco(tmp_path, categories=[{"id": 1, "name": "person"}])
    with pytest.raises(SourceError, match="category 18, which is not listed"):
        aug.from_coco(tmp_path / "images", tmp_path / "all.json")
    coco(tmp_path, images=[{"id": 1, "file_name": "a.jpg"}])
    with pytest.raises(SourceError, match="image 7, which is not listed"):
        aug.from_coco(tmp_path / "images", tmp_path / "all.json")
    twice = [{"id": 7, "file_name": name, "height": 48, "width": 64} for name in ("a.jpg", "b.jpg")]
    coco(tmp_path, images=twice)
    with pytest.raises(SourceError, match="two of its images have one id"):
        aug.from_coco(tmp_path / "images", tmp_path / "all.json")
    with pytest.raises(ArgumentError, match="masks must be"):
        aug.from_coco(tmp_path / "images", tmp_path / "all.json", masks="all")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bbox": None}, "no COCO file"),
        ({"bbox": [1, 2]}, "no COCO file"),
        ({"bbox": "abcd"}, "no COCO file"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "no COCO file"),
        ({"keypoints": [1, 2]}, "no COCO file"),
        ({"image_id": ...}, "no 'image_id'"),
        ({"category_id": ...}, "no 'category_id'"),
        ({"bbox": ...}, "no 'bbox'"),
        ({"segmentation": ...}, "no 'segmentation'"),
    ],
)
def test_annotations_that_are_none_say_why(tmp_path, change, message):
    one = {
        "id": 1,
        "image_id": 7,
        "category_id": 1,
        "bbox": [1, 2, 3, 4],
        "segmentation": [[1, 1, 5, 1, 5, 5]],
        **change,
    }
    coco(tmp_path, annotations=[{key: value for key, value in one.items() if value is not ...}])
    with pytest.raises(SourceError, match=message):
        aug.from_coco(tmp_path / "images", tmp_path / "all.json", masks="class", points=True, polygons=True)


@pytest.mark.parametrize(
    "line",
    ["nan .5 .5 .2 .2", "inf .5 .5 .2 .2", "1.5 .5 .5 .2 .2", "-1 .5 .5 .2 .2", "0 nan .5 .2 .2", "0 30 40 20 9"],
)
def test_yolo_lines_that_are_none_are_named(tmp_path, line):
    put(tmp_path, images__a_dot_jpg=encoded(scene(24, 32)), labels__a_dot_txt=f"0 .5 .5 1 1\n{line}\n")
    with pytest.raises(SourceError, match=r"line 2 of .*a\.txt is .* fractions of the image"):
        aug.from_yolo(tmp_path / "images")


@pytest.mark.parametrize(
    ("name", "x0", "message"), [("", "1", "without a name"), ("cat", "nan", "without a whole bndbox")]
)
def test_voc_objects_that_are_none_say_why(tmp_path, name, x0, message):
    box = f"<bndbox><xmin>{x0}</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    note = f"<annotation><object><name>{name}</name>{box}</object></annotation>"
    put(tmp_path, JPEGImages__a_dot_jpg=encoded(scene(24, 32)), Annotations__a_dot_xml=note)
    with pytest.raises(SourceError, match=message):
        aug.from_voc(tmp_path)


def test_annotated_sources_are_picklable(tmp_path):
    coco(tmp_path / "coco")
    options = {"masks": "instance", "points": True, "polygons": True}
    for source in (
        aug.from_coco(tmp_path / "coco/images", tmp_path / "coco/all.json", **options),
        aug.from_voc(voc(tmp_path / "voc")),
        aug.from_masks(pairs(tmp_path) / "images", tmp_path / "masks"),
    ):
        again = pickle.loads(pickle.dumps(source))
        one, two = first(source), first(again)
        assert np.array_equal(one.image, two.image)
        assert (one.mask is None) == (two.mask is None)
        assert one.mask is None or np.array_equal(one.mask, two.mask)
        assert one.boxes is None or all(np.array_equal(a, b) for a, b in zip(one.boxes, two.boxes, strict=True))
        assert again.classes == source.classes


# Pairs


def pairs(folder):
    for name in ("a", "deep/b"):
        for part, data in (("images", encoded(scene(48, 64))), ("masks", png(np.full((48, 64), 3, np.uint16) * 300))):
            path = folder / part / f"{name}.{'jpg' if part == 'images' else 'png'}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return folder


def test_masks_are_paired_by_name(tmp_path):
    pairs(tmp_path)
    batch = first(aug.from_masks(tmp_path / "images", tmp_path / "masks"))
    assert batch.name == ["a.jpg", "deep/b.jpg"]
    assert batch.mask.dtype == np.uint16
    assert set(np.unique(batch.mask)) == {900}
    (tmp_path / "masks/a.png").rename(tmp_path / "masks/a_mask.png")
    with pytest.raises(SourceError, match=r"no mask for a.jpg. Pass suffix="):
        aug.from_masks(tmp_path / "images", tmp_path / "masks")
    with pytest.raises(SourceError, match=r"no mask for deep/b.jpg"):
        aug.from_masks(tmp_path / "images", tmp_path / "masks", suffix="_mask")


def test_masks_of_another_size_and_broken_ones_are_bad_samples(tmp_path):
    pairs(tmp_path)
    (tmp_path / "masks/a.png").write_bytes(png(np.zeros((64, 48), np.uint16)))
    (tmp_path / "masks/deep/b.png").write_bytes(b"\x89PNG")
    with pytest.raises(SampleError) as caught:
        first(aug.from_masks(tmp_path / "images", tmp_path / "masks"))
    reasons = [reason for _, _, reason in caught.value.failures]
    assert "its targets: cannot be read: the mask is 64 x 48 pixels" in reasons[0]
    assert reasons[1].startswith("its mask: ")


def test_masks_of_one_instance_each_are_numbered(tmp_path):
    pairs(tmp_path)
    for number in range(2):
        mask = np.zeros((48, 64), np.uint8)
        mask[10 * number : 10 * number + 15] = 255
        (tmp_path / f"{number}.png").write_bytes(png(mask))
    mask = first(aug.from_masks(tmp_path / "images", lambda picture: tmp_path.glob("?.png"))).mask[0]
    assert mask.dtype == np.int32
    assert mask[:, 0].tolist() == [1] * 10 + [2] * 15 + [0] * 23


# Real ones

PIPELINE = aug.Compose([aug.Rotate(30), aug.Zoom(0.2), aug.HorizontalFlip(), aug.Resize(256, 256)])


def test_real_yolo_boxes_and_semantic_masks_agree():
    """Every person of the boxes lies on person pixels of the masks, through the same augmentation."""
    folder = real("coco_clean")
    boxed = aug.from_yolo(
        folder / "images/val2017",
        folder / "object_detection/labels/val2017",
        classes=folder / "object_detection/config.yaml",
    )
    masked = aug.from_masks(folder / "images/val2017", folder / "semantic_segmentation/masks/val2017")
    assert boxed.classes[0] == "person"
    checked = 0
    for one, two in zip(aug.Loader(boxed, PIPELINE, 9), aug.Loader(masked, PIPELINE, 9), strict=True):
        assert np.array_equal(one.image, two.image)
        for boxes, labels, mask in zip(one.boxes, one.box_label, two.mask, strict=True):
            for x0, y0, x1, y1 in boxes[labels == 0]:
                inside = mask[round(y0) : round(y1), round(x0) : round(x1)] == 1
                if inside.size > 2000:
                    checked += 1
                    assert inside.mean() > 0.15
    assert checked > 5


def test_real_panoptic_segments_are_coco():
    folder = real("coco_clean")
    panoptic = folder / "panoptic_segmentation/annotations"
    source = aug.from_coco(
        folder / "images/val2017",
        panoptic / "panoptic_val2017.json",
        masks="instance",
        panoptic=panoptic / "panoptic_val2017",
    )
    plain = aug.Compose([aug.HorizontalFlip(p=1), aug.Resize(256, 320)])
    for batch in aug.Loader(source, plain, 9):
        for boxes, mask in zip(batch.boxes, batch.mask, strict=True):
            for number, box in enumerate(boxes, 1):
                rows, columns = np.nonzero(mask == number)
                if len(rows) > 50:
                    tight = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                    assert np.abs(box - tight).max() < 3


def test_real_outlines_keep_boxes_tight():
    folder = real("coco_clean")
    labels = folder / "instance_segmentation/labels/val2017"
    loose = aug.from_yolo(folder / "images/val2017", labels)
    tight = aug.from_yolo(folder / "images/val2017", labels, polygons=True)
    pipeline = aug.Compose([aug.Rotate((20, 45)), aug.Resize(256, 256)])
    smaller = 0
    for one, two in zip(aug.Loader(loose, pipeline, 9), aug.Loader(tight, pipeline, 9), strict=True):
        for a, b, some in zip(one.boxes, two.boxes, two.polygons, strict=True):
            assert len(b) == len(some)
            for box, (edge, *_) in zip(b, some, strict=True):
                low, high = np.clip(edge.min(0), 0, 256), np.clip(edge.max(0), 0, 256)
                assert (box[:2] >= low - 0.01).all()
                assert (box[2:] <= high + 0.01).all()
            if len(a) == len(b):
                areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
                assert (areas[1] <= areas[0] + 0.1).all()
                smaller += int((areas[1] < 0.8 * areas[0]).sum())
    assert smaller > 20


def test_real_voc_boxes_are_inside_their_pictures():
    source = aug.from_voc(real("bccd"))
    assert source.classes == ["Platelets", "RBC", "WBC"]
    batch = next(iter(aug.Loader(source, PIPELINE, 16)))
    boxes = np.concatenate(batch.boxes)
    assert len(boxes) > 50
    assert boxes.min() >= 0
    assert boxes.max() <= 256


def test_real_instance_masks_lie_on_dark_or_bright_nuclei():
    folder = real("nuclei")
    pictures = sorted(folder.glob("*/images/*.png"))
    assert pictures
    source = aug.from_masks(folder, lambda picture: (picture.parent.parent / "masks").glob("*.png"))
    names = [index for index in range(len(source)) if "/images/" in source.name(index)][:6]
    part = source.subset(names)
    plain = aug.Compose([aug.Resize(256, 256)])
    batch = first(part, pipeline=plain)
    assert batch.mask.dtype == np.int32
    for picture, mask in zip(batch.image.mean(axis=3), batch.mask, strict=True):
        inside, outside = picture[mask > 0].mean(), picture[mask == 0].mean()
        assert mask.max() > 3
        assert abs(inside - outside) > 10
