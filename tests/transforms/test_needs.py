"""A transform that must see the targets gets them as the ops before it have moved them."""

from dataclasses import replace

import numpy as np

import augstream as aug
from augstream.engines.targets import move
from augstream.plan import matrix
from augstream.plan.fuse import fuse
from augstream.plan.op import Known

SIZE = (50, 60)


class AtFirstBox(aug.Transform):
    """Crop 20 x 20 pixels at the upper left corner of the first box."""

    needs = ("boxes",)

    def draw(self, rng, frame):
        n = len(frame)
        boxes = np.zeros((n, 4)) if frame.targets is None else np.array([boxes[0] for boxes in frame.targets.boxes])
        corner = matrix.affine(n, 1.0, 0.0, boxes[:, 0], 0.0, 1.0, boxes[:, 1])
        yield aug.Warp(corner, np.full((n, 2), 20))


def knowing(targets, frame):
    """The frame with these targets, one for each image."""
    rules = aug.Source.rules
    return replace(frame, known=Known(lambda ops: move(targets, fuse(ops, frame), rules)))


def test_boxes_are_seen_as_the_ops_so_far_have_moved_them():
    boxes = [np.array([[5, 6, 15, 16]]), np.array([[20, 1, 30, 9]])]
    targets = [aug.Targets(boxes=one).checked(SIZE) for one in boxes]
    frame = aug.Frame(np.array([SIZE, SIZE]))
    pipeline = aug.Compose([aug.HorizontalFlip(p=1), aug.Compose([aug.VerticalFlip(p=1), AtFirstBox()])])
    plan = pipeline.plan(0, 0, np.arange(2), knowing(targets, frame))
    assert plan.frame_out.size.tolist() == [[20, 20]] * 2
    corners = [boxes[0, :2].tolist() for boxes in move(targets, plan, aug.Source.rules).boxes]
    assert corners == [[0, 0], [0, 0]]


def test_a_pipeline_is_planned_and_printed_without_targets():
    pipeline = aug.Compose([aug.HorizontalFlip(), AtFirstBox()])
    assert "20" in str(pipeline.explain(SIZE).plan)
    assert pipeline.needy
    assert not aug.Compose([aug.HorizontalFlip()]).needy
