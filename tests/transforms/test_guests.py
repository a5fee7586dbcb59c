"""Blur, noise, erasing and mixing, held to what others make of the same numbers and to what they say of themselves."""

import numpy as np
import pytest
from conftest import scene
from planned import drawn_ops, fast, inputs_of, pictures, shown

import augstream as aug
from augstream.engines.targets import Rules, Targets, move
from augstream.errors import ArgumentError, PipelineError
from augstream.plan.op import Frame
from augstream.transforms.compose import Compose

PEAK = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
SCIPY = {"edge": "nearest", "symmetric": "reflect", "reflect": "mirror", "wrap": "wrap", "constant": "constant"}
BORDERS = list(SCIPY)


def image_of(dtype, height=37, width=45, channels=3, seed=0):
    """Noise, so that every neighbor counts."""
    drawn = np.random.default_rng(seed).uniform(0, PEAK[dtype], (height, width, channels))
    return drawn.astype(dtype) if dtype == "float32" else np.rint(drawn).astype(dtype)


def blurred_by_scipy(image, sigma, border, fill=0.0):
    ndimage = pytest.importorskip("scipy.ndimage")
    radius = int(np.ceil(3 * sigma))
    levels = image.astype(np.float64)
    # For one channel after the other, as a radius of 0 for an axis is not the same to all versions.
    made = [
        ndimage.gaussian_filter(levels[..., c], sigma, mode=SCIPY[border], cval=fill, radius=radius)
        for c in range(image.shape[2])
    ]
    return np.stack(made, axis=2)


def frame_for(image, n=1):
    return Frame(np.tile(image.shape[:2], (n, 1)), image.shape[2], PEAK[image.dtype.name])


def planned_for(transforms, image, n=1, seed=1, **options):
    return Compose(list(transforms), **options).plan(seed, 0, np.arange(n), frame_for(image, n))


class TestGaussianBlur:
    @pytest.mark.parametrize("border", BORDERS)
    @pytest.mark.parametrize("sigma", [0.1, 0.3, 0.8, 1.0, 2.0, 3.7, 9.0, 25.0])
    def test_the_reference_is_scipys(self, sigma, border):
        image = image_of("uint8")
        blur = aug.GaussianBlur(sigma, **({"fill": 40} if border == "constant" else {"border": border}))
        made = shown([image], planned_for([blur], image))[0]
        np.testing.assert_allclose(made, blurred_by_scipy(image, sigma, border, 40.0), atol=1e-9)

    @pytest.mark.parametrize("dtype", PEAK)
    @pytest.mark.parametrize("border", BORDERS)
    @pytest.mark.parametrize("sigma", [0.4, 1.0, 3.0, 11.0])
    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_the_core_is_scipys(self, sigma, border, dtype, channels):
        image, peak = image_of(dtype, channels=channels), PEAK[dtype]
        fill = 0.25 * peak
        blur = aug.GaussianBlur(sigma, **({"fill": fill} if border == "constant" else {"border": border}))
        expected = blurred_by_scipy(image, sigma, border, fill)
        plan = planned_for([blur], image)
        off = np.abs(fast([image], plan)[0] - expected)
        # Bytes are summed in 128ths of a level, each tap rounded: that grows with the root of their number.
        bound = {"uint8": 0.03 + 0.01 * np.ceil(3 * sigma) ** 0.5, "uint16": 0.05, "float32": 2e-6}[dtype]
        assert off.max() < bound
        whole = aug.Compose([blur])(image)
        assert whole.dtype == image.dtype
        if dtype != "float32":
            assert np.abs(whole - expected).max() <= 0.5 + bound

    @pytest.mark.parametrize("sigma", [0.8, 1.0, 3.0])
    def test_the_core_is_opencvs(self, sigma):
        cv2 = pytest.importorskip("cv2")
        names = {"edge": "REPLICATE", "symmetric": "REFLECT", "reflect": "REFLECT_101"}
        image, side = image_of("uint8"), 2 * int(np.ceil(3 * sigma)) + 1
        for border, name in names.items():
            theirs = cv2.GaussianBlur(image, (side, side), sigma, borderType=getattr(cv2, f"BORDER_{name}"))
            ours = aug.Compose([aug.GaussianBlur(sigma, border=border)])(image)
            assert np.abs(ours.astype(int) - theirs).max() <= 1

    def test_sigma_is_drawn_from_its_range_for_each_image(self):
        (op,) = drawn_ops([aug.GaussianBlur((0.5, 2))], Frame(np.full((500, 2), 20)))
        place = np.arange(op.along.shape[1]) - op.along.shape[1] // 2
        spread = np.sqrt((op.along * place**2).sum(axis=1))
        assert 0.4 < spread.min() < 0.6
        assert 1.8 < spread.max() < 2.05
        assert abs(spread.mean() - 1.25) < 0.1
        np.testing.assert_allclose(op.along.sum(axis=1), 1)

    def test_zero_leaves_the_image_as_it_is(self):
        image = image_of("uint8")
        np.testing.assert_array_equal(aug.Compose([aug.GaussianBlur(0)])(image), image)

    def test_its_border_is_not_that_of_the_compose(self):
        image = image_of("uint8")
        one = aug.Compose([aug.GaussianBlur(2)], border="constant", fill=255)(image)
        np.testing.assert_array_equal(one, aug.Compose([aug.GaussianBlur(2, border="edge")])(image))

    @pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (2, 3)])
    @pytest.mark.parametrize("border", BORDERS)
    def test_a_kernel_larger_than_the_image(self, shape, border):
        image = image_of("uint8", *shape)
        blur = aug.GaussianBlur(4, border=border)
        plan = planned_for([blur], image)
        np.testing.assert_allclose(fast([image], plan)[0], shown([image], plan)[0], atol=0.04)

    def test_masks_boxes_and_points_stay(self):
        image = image_of("uint8")
        plan = planned_for([aug.GaussianBlur(3)], image)
        boxes, points = np.array([[3.0, 4, 20, 30]]), np.array([[5.5, 6.5]])
        moved = move([Targets(image[..., 0].copy(), boxes, points=points)], plan, Rules())
        np.testing.assert_array_equal(moved.mask[0], image[..., 0])
        np.testing.assert_array_equal(moved.boxes[0], boxes)
        np.testing.assert_array_equal(moved.points[0], points)


class TestGaussianNoise:
    @pytest.mark.parametrize("dtype", PEAK)
    def test_std_is_a_fraction_of_the_peak(self, dtype):
        peak = PEAK[dtype]
        image = np.full((200, 200, 3), peak / 2).astype(dtype)
        plan = planned_for([aug.GaussianNoise(0.05)], image)
        for made in (shown([image], plan)[0], fast([image], plan)[0].astype(np.float64)):
            off = (made - image) / peak
            assert off.std() == pytest.approx(0.05, rel=0.02)
            assert abs(off.mean()) < 5 * 0.05 / np.sqrt(off.size)
            assert abs(np.corrcoef(off[..., 0].ravel(), off[..., 1].ravel())[0, 1]) < 0.03
        np.testing.assert_allclose(fast([image], plan)[0], shown([image], plan)[0], atol=1e-4 * peak)

    def test_the_strength_is_drawn_for_each_image(self):
        (op,) = drawn_ops([aug.GaussianNoise((0.02, 0.1))], Frame(np.full((400, 2), 20)))
        assert 0.02 * 255 <= op.std.min() < 0.025 * 255
        assert 0.095 * 255 < op.std.max() <= 0.1 * 255
        assert (op.std == op.std[:, :1]).all()
        assert len(np.unique(op.key)) == 400

    def test_gray_noise(self):
        image = np.full((50, 60, 3), 128, np.uint8)
        plan = planned_for([aug.GaussianNoise(0.1, per_channel=False)], image)
        for made in (shown([image], plan)[0], fast([image], plan)[0]):
            assert (made == made[..., :1]).all()
            assert made.std() > 20

    def test_alpha_gets_none(self):
        image = image_of("uint8", channels=4)
        plan = planned_for([aug.GaussianNoise(0.2)], image)
        for made in (shown([image], plan)[0], fast([image], plan)[0]):
            np.testing.assert_array_equal(made[..., 3], image[..., 3])
            assert (made[..., :3] != image[..., :3]).mean() > 0.9

    def test_levels_are_clipped(self):
        image = np.stack([np.zeros((80, 80)), np.full((80, 80), 255), np.full((80, 80), 128)], axis=2).astype(np.uint8)
        for made in (f([image], planned_for([aug.GaussianNoise(0.5)], image))[0] for f in (shown, fast)):
            assert made.min() == 0
            assert made.max() == 255
            assert (made[..., 0] == 0).mean() == pytest.approx(0.5, abs=0.03)
            assert (made[..., 1] == 255).mean() == pytest.approx(0.5, abs=0.03)

    def test_one_sample_has_its_own_noise(self):
        image = np.full((40, 40, 3), 128, np.uint8)
        pipeline = aug.Compose([aug.GaussianNoise(0.1)])
        made = [pipeline(image, *who) for who in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))]
        assert len({one.tobytes() for one in made}) == 4
        np.testing.assert_array_equal(pipeline(image, index=0), made[0])

    def test_a_single_number_is_fixed_and_none_is_none(self):
        assert aug.GaussianNoise(0.05).std == (0.05, 0.05)
        image = image_of("uint8")
        np.testing.assert_array_equal(aug.Compose([aug.GaussianNoise(0)])(image), image)

    def test_after_normalize_there_is_no_peak(self):
        with pytest.raises(PipelineError, match="GaussianNoise works on levels, but comes after Normalize"):
            aug.Compose([aug.Normalize(), aug.GaussianNoise()])(image_of("uint8"))


class TestRandomErasing:
    N = 800
    FRAME = Frame(np.tile((100, 120), (N, 1)))

    def boxes(self, **options):
        (op,) = drawn_ops([aug.RandomErasing(p=1, **options)], self.FRAME)
        return op.boxes

    def test_areas_and_ratios_are_in_range_and_evenly_drawn(self):
        (x0, y0, x1, y1) = self.boxes(area=(0.1, 0.3), ratio=(0.5, 2))[:, 0].T
        width, height = x1 - x0, y1 - y0
        area, ratio = width * height / 12000, width / height
        assert (area > 0.09).all()
        assert (area < 0.31).all()
        assert abs(area.mean() - 0.2) < 0.01
        assert abs(area.std() - 0.2 / np.sqrt(12)) < 0.005
        assert (ratio > 0.48).all()
        assert (ratio < 2.08).all()
        assert abs(np.log(ratio).mean()) < 0.07
        assert abs(np.log(ratio).std() - np.log(4) / np.sqrt(12)) < 0.03

    def test_boxes_are_whole_pixels_inside_at_any_place(self):
        (x0, y0, x1, y1) = boxes = self.boxes(area=(0.05, 0.05), ratio=(1, 1))[:, 0].T
        assert (boxes == np.floor(boxes)).all()
        assert x0.min() == 0
        assert y0.min() == 0
        assert x1.max() == 120
        assert y1.max() == 100
        assert abs((x0 / (120 - (x1 - x0))).mean() - 0.5) < 0.05
        assert abs((y0 / (100 - (y1 - y0))).mean() - 0.5) < 0.05
        assert abs(np.corrcoef(x0, y0)[0, 1]) < 0.15

    def test_half_of_the_images_unless_it_is_said(self):
        (op,) = drawn_ops([aug.RandomErasing()], self.FRAME)
        assert op.idle(self.FRAME).mean() == pytest.approx(0.5, abs=0.08)

    def test_the_count(self):
        boxes = self.boxes(area=(0.02, 0.05), count=(1, 4))
        many = ((boxes[..., 2] > boxes[..., 0]) & (boxes[..., 3] > boxes[..., 1])).sum(axis=1)
        assert np.bincount(many, minlength=5)[0] == 0
        assert (np.abs(np.bincount(many, minlength=5)[1:] - 200) < 70).all()

    def test_none_where_none_fits(self):
        boxes = self.boxes(area=(1, 1), ratio=(3, 3))
        assert not boxes.any()

    def erased(self, fill, image, **options):
        """The image, the box and what both engines make of it."""
        erase = aug.RandomErasing((0.2, 0.3), p=1, fill=fill, **options)
        plan = planned_for([erase], image)
        (op,) = plan.ops
        x0, y0, x1, y1 = op.boxes[0, 0].astype(int)
        inside = np.zeros(image.shape[:2], bool)
        inside[y0:y1, x0:x1] = True
        made = shown([image], plan)[0], fast([image], plan)[0].astype(np.float64)
        for one in made:
            np.testing.assert_array_equal(one[~inside], image[~inside])
        return inside, made

    @pytest.mark.parametrize("dtype", PEAK)
    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_levels(self, dtype, channels):
        image = image_of(dtype, 60, 70, channels)
        levels = [0.25 * PEAK[dtype], 0.5 * PEAK[dtype], 0, 0][:channels]
        inside, made = self.erased(tuple(levels), image)
        for one in made:
            for c in range(min(channels, 3)):
                np.testing.assert_allclose(one[inside][:, c], levels[c], rtol=1e-6)
            if channels == 4:
                np.testing.assert_array_equal(one[..., 3], image[..., 3])

    @pytest.mark.parametrize("dtype", PEAK)
    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_the_mean(self, dtype, channels):
        image = image_of(dtype, 60, 70, channels)
        inside, made = self.erased("mean", image)
        expected = image.mean(axis=(0, 1), dtype=np.float64)
        for one in made:
            for c in range(min(channels, 3)):
                np.testing.assert_allclose(one[inside][:, c], expected[c], rtol=1e-4)
            if channels == 4:
                np.testing.assert_array_equal(one[..., 3], image[..., 3])

    @pytest.mark.parametrize("dtype", PEAK)
    def test_noise(self, dtype):
        image = image_of(dtype, 160, 170, 4)
        inside, made = self.erased("noise", image)
        for one in made:
            drawn = one[inside][:, :3] / PEAK[dtype]
            assert drawn.min() < 0.01
            assert drawn.max() > 0.99
            assert abs(drawn.mean() - 0.5) < 0.02
            assert abs(drawn.std() - 1 / np.sqrt(12)) < 0.01
            assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.1
            np.testing.assert_array_equal(one[..., 3], image[..., 3])
        np.testing.assert_allclose(made[0], made[1], atol=1e-4 * PEAK[dtype])

    def test_the_mean_is_of_the_image_at_hand(self):
        image = scene(60, 60)
        plan = planned_for([aug.CenterCrop(20), aug.RandomErasing((0.5, 0.5), (1, 1), "mean", p=1)], image)
        expected = image[20:40, 20:40].mean(axis=(0, 1))
        for one in (shown([image], plan)[0], fast([image], plan)[0]):
            assert (np.abs(one - expected).max(axis=2) < 1e-3).mean() == pytest.approx(0.5, abs=0.04)

    @pytest.mark.parametrize("mask_fill", [None, 7])
    def test_masks(self, mask_fill):
        image = image_of("uint8")
        plan = planned_for([aug.RandomErasing((0.2, 0.3), p=1, mask_fill=mask_fill), aug.HorizontalFlip(p=1)], image)
        mask = np.full(image.shape[:2], 3, np.int32)
        moved = move([Targets(mask=mask)], plan, Rules()).mask[0]
        black = (shown([image], plan)[0] == 0).all(axis=2)
        np.testing.assert_array_equal(moved, 3 if mask_fill is None else np.where(black, 7, 3))

    @pytest.mark.parametrize("after", [[], [aug.CenterCrop(20)], [aug.Rotate((90, 90)), aug.CenterCrop(30)]])
    def test_boxes_are_as_visible_as_what_is_left_of_them(self, after):
        n = 60
        source = aug.from_arrays(
            np.full((n, 60, 60, 3), 200, np.uint8), boxes=[np.array([[10, 10, 50, 50]])] * n, min_visible=0.1
        )
        erasing = aug.RandomErasing((0.2, 0.3), fill=0, count=(1, 4), p=1, hide=True)
        kept = 0
        for batch in aug.Loader(source, aug.Compose([erasing, *after]), 20, dtype="uint8"):
            for image, boxes in zip(batch.image, batch.boxes, strict=True):
                height, width = image.shape[:2]
                margin = 10 - (60 - height) // 2
                inside = image[max(margin, 0) : height - max(margin, 0), max(margin, 0) : width - max(margin, 0), 0]
                share = (inside == 200).sum() / 1600
                assert (len(boxes) == 1) == (share >= 0.1) or abs(share - 0.1) < 1e-9
                kept += len(boxes)
        assert 0 < kept < 60

    @pytest.mark.parametrize("hide", [False, True])
    def test_points_and_boxes_under_it(self, hide):
        image = np.full((60, 70, 3), 200, np.uint8)
        plan = planned_for([aug.RandomErasing((0.3, 0.4), p=1, hide=hide)], image)
        black = shown([image], plan)[0][..., 0] == 0
        y, x = np.mgrid[:60, :70] + 0.5
        points = np.column_stack([x.ravel(), y.ravel()])
        targets = Targets(boxes=np.array([[0.0, 0, 70, 60]]), points=points)
        share = 1 - black.mean()
        moved = move([targets], plan, Rules(min_visible=share + 0.01))
        np.testing.assert_array_equal(np.isnan(moved.points[0][:, 0]), black.ravel() & hide)
        assert len(moved.boxes[0]) == (0 if hide else 1)
        assert len(move([targets], plan, Rules(min_visible=share - 0.01)).boxes[0]) == 1

    def test_a_fill_that_does_not_fit_says_so(self):
        with pytest.raises(PipelineError, match=r"RandomErasing\.fill has 2 numbers and the images 3 channels"):
            aug.Compose([aug.RandomErasing(fill=(1, 2), p=1)])(image_of("uint8"))
        with pytest.raises(ArgumentError, match="'noise' or 'mean'"):
            aug.RandomErasing(fill="black")

    def test_it_says_its_fill_once(self):
        assert aug.RandomErasing(fill=9).describe().count("9") == 1


def test_seven_transforms_are_one_pass():
    pipeline = aug.Compose(
        [
            aug.RandomResizedCrop(64),
            aug.HorizontalFlip(),
            aug.ColorJitter(0.2, 0.2, 0.2),
            aug.GaussianNoise(),
            aug.RandomErasing(),
            aug.MixUp(),
            aug.Normalize(),
        ]
    )
    assert str(pipeline).endswith(", one pass")
    images = pictures(5)
    inputs, crowd = inputs_of(pipeline, range(4))
    plan = pipeline.plan(0, 0, inputs, Frame(np.array([image.shape[:2] for image in images])), crowd)
    assert {len(group.steps) for group in plan.groups} == {1}
    assert (
        max(len(branch.steps) for group in plan.groups for branch in getattr(group.steps[0].head, "branches", ())) == 1
    )
    for one, other in zip(fast(images, plan), shown(images, plan), strict=True):
        np.testing.assert_allclose(one, other, atol=0.02)
