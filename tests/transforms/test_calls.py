"""A pipeline that is called: with what images, drawn by what, one by one and many at once."""

import io
import multiprocessing

import numpy as np
import pytest
from conftest import encoded, scene, turned
from PIL import Image

import augstream as aug
from augstream.engines import native

PIPELINE = aug.Compose([aug.Rotate(40), aug.HorizontalFlip(), aug.ColorJitter(0.2), aug.Resize(24, 32)])
MIXED = aug.Compose([aug.RandomCrop(40), aug.MixUp(1.0), aug.HorizontalFlip(), aug.CutMix(), aug.GaussianNoise()])
IMAGE = scene(60, 80)
OTHERS = [scene(50, 70, 1), scene(66, 44, 2)]
GRAY = IMAGE[..., 0]
PLAIN = aug.Compose([])


@pytest.fixture
def calls(monkeypatch):
    """How many images each native call was given."""
    seen = []
    run = native.NATIVE.run

    def counted(samples, *given, **more):
        seen.append(len(samples))
        return run(samples, *given, **more)

    monkeypatch.setattr(native.Native, "run", staticmethod(counted))
    return seen


def digest_of_a_call(_):
    return PIPELINE(IMAGE).tobytes()


class TestDraws:
    def test_without_seed_epoch_and_index_each_call_is_drawn_anew(self):
        assert len({PIPELINE(IMAGE).tobytes() for _ in range(9)}) == 9
        assert len({one.tobytes() for one in PIPELINE.variants(IMAGE)}) == 9
        assert len({one.tobytes() for one in PIPELINE.batch([IMAGE] * 4)}) == 4
        assert (PIPELINE.variants(IMAGE) != PIPELINE.variants(IMAGE)).any()
        assert (PIPELINE.batch([IMAGE]) != PIPELINE.batch([IMAGE])).any()

    def test_one_of_the_three_makes_it_repeatable_and_the_others_are_0(self):
        origin = PIPELINE(IMAGE, 0, 0, 0)
        for name in ("seed", "epoch", "index"):
            np.testing.assert_array_equal(PIPELINE(IMAGE, **{name: 0}), origin)
            np.testing.assert_array_equal(PIPELINE(IMAGE, **{name: 7}), PIPELINE(IMAGE, **{name: 7}))
            assert (PIPELINE(IMAGE, **{name: 7}) != origin).any()

    @pytest.mark.parametrize("method", ["fork", "spawn"])
    def test_workers_differ(self, method):
        with multiprocessing.get_context(method).Pool(2) as pool:
            made = pool.map(digest_of_a_call, range(4), chunksize=1)
        assert len(set(made)) == 4

    def test_mixes_are_drawn_anew_as_well(self):
        made = {MIXED(IMAGE, partners=OTHERS).tobytes() for _ in range(4)}
        assert len(made) == 4

    def test_an_explanation_is_of_sample_0_as_before(self):
        assert str(PIPELINE.explain((60, 80))) == str(PIPELINE.explain((60, 80), 0, 0, 0))


class TestMany:
    def test_variants_are_the_calls_with_their_numbers(self, calls):
        made = PIPELINE.variants(IMAGE, 5, seed=3, epoch=2)
        assert calls == [1]
        assert made.shape == (5, 24, 32, 3)
        for index, one in enumerate(made):
            np.testing.assert_array_equal(one, PIPELINE(IMAGE, 3, 2, index))

    def test_a_batch_is_the_calls_with_their_numbers_whatever_the_sizes(self, calls):
        images = [IMAGE, *OTHERS]
        made = PIPELINE.batch(images, seed=1, epoch=4, index=[8, 2, 8])
        assert calls == [3]
        for image, index, one in zip(images, (8, 2, 8), made, strict=True):
            np.testing.assert_array_equal(one, PIPELINE(image, 1, 4, index))
        np.testing.assert_array_equal(PIPELINE.batch(images, epoch=4), PIPELINE.batch(images, 0, 4, range(3)))
        stack = np.stack([IMAGE, IMAGE[::-1]])
        np.testing.assert_array_equal(PIPELINE.batch(stack, seed=1), PIPELINE.batch(list(stack), seed=1))

    @pytest.mark.parametrize("fuse", [True, False])
    def test_with_partners(self, fuse, calls):
        mixed = aug.Compose(list(MIXED), fuse=fuse)
        for index, one in enumerate(mixed.variants(IMAGE, 4, seed=2, partners=OTHERS)):
            np.testing.assert_array_equal(one, mixed(IMAGE, 2, 0, index, partners=OTHERS))
        assert calls[0] == 3
        images = [IMAGE, OTHERS[0]]
        partners = [OTHERS, [IMAGE, OTHERS[1]]]
        for index, one in enumerate(mixed.batch(images, seed=2, partners=partners)):
            np.testing.assert_array_equal(one, mixed(images[index], 2, 0, index, partners=partners[index]))

    def test_gray_images_without_channels_stay_so(self):
        assert PIPELINE.variants(GRAY, 2).shape == (2, 24, 32)
        assert PIPELINE.batch([GRAY, GRAY[:20]]).shape == (2, 24, 32)
        assert PIPELINE.batch([GRAY, GRAY[:20, :, None]]).shape == (2, 24, 32, 1)

    def test_dtype_and_peak_hold_for_all(self):
        bright = [np.full((3, 4), 25, np.float32), np.full((3, 4), 50, np.float32)]
        made = aug.Compose([aug.Invert()]).batch(bright, peak=255, dtype="uint16")
        assert made.dtype == np.uint16
        assert made[:, 0, 0].tolist() == [230, 205]

    def test_what_is_no_batch_is_refused(self):
        ragged = aug.Compose([aug.Rotate(5)])
        with pytest.raises(aug.PipelineError, match=r"one size \(height, width\); got \(60, 80\) and \(50, 70\)\. Add"):
            ragged.batch([IMAGE, *OTHERS])
        with pytest.raises(aug.PipelineError, match=r"one size \(height, width\); got \(80, 60\) and \(60, 80\)\. Add"):
            ragged.batch([turned(IMAGE, 6), IMAGE])
        with pytest.raises(aug.ArgumentError, match="uint8 with 3 channels and float32 with 1 channels"):
            PIPELINE.batch([IMAGE, np.zeros((9, 9), np.float32)])
        for wrong in ("a.jpg", IMAGE[0], 7, Image.fromarray(IMAGE)):
            with pytest.raises(aug.ArgumentError, match="images must be a list of images"):
                PIPELINE.batch(wrong)
        with pytest.raises(aug.ArgumentError, match="at least one image"):
            PIPELINE.batch([])
        with pytest.raises(aug.ArgumentError, match=r"a number for each of the 2 images; got \[1\]"):
            PIPELINE.batch([IMAGE] * 2, index=[1])
        with pytest.raises(aug.ArgumentError, match="index must hold whole numbers"):
            PIPELINE.batch([IMAGE] * 2, index=[0.5, 1])
        with pytest.raises(aug.ArgumentError, match="a list for each of the 2 images; got 1"):
            MIXED.batch([IMAGE] * 2, partners=[OTHERS])
        for n in (0, -1, 2.5, "9"):
            with pytest.raises(aug.ArgumentError, match="n must be a whole number, 1 or more; got"):
                PIPELINE.variants(IMAGE, n)


class TestFiles:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("fuse", [True, False])
    def test_a_jpeg_is_what_a_loader_makes_of_it(self, tmp_path, orientation, fuse, calls):
        path = tmp_path / "a.jpg"
        path.write_bytes(turned(IMAGE, orientation))
        pipeline = aug.Compose([aug.Rotate(20), aug.HorizontalFlip(), aug.Resize(24, 32)], fuse=fuse)
        source = aug.from_folder(tmp_path, labels=None)
        batch = aug.Loader(source, pipeline, 1, seed=5, dtype="uint8").batch(3, 0).image
        calls.clear()
        for given in (path, str(path), path.read_bytes()):
            np.testing.assert_array_equal(pipeline(given, 5, 3), batch[0])
        made = pipeline.variants(path, 3, seed=5, epoch=3)
        assert calls == [1, 1, 1, 1]
        np.testing.assert_array_equal(made[0], batch[0])
        np.testing.assert_array_equal(made[2], pipeline(path, 5, 3, 2))

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_an_image_of_pillows_is_seen_as_its_orientation_says(self, orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = encoded(IMAGE, "PNG", exif=exif)
        np.testing.assert_array_equal(PLAIN(Image.open(io.BytesIO(data))), PLAIN(data))
        assert PLAIN(data).shape == ((80, 60, 3) if orientation > 4 else IMAGE.shape)

    def test_files_mix_with_arrays_and_with_each_other(self):
        jpeg, png = encoded(IMAGE), encoded(OTHERS[0], "PNG")
        made = MIXED.batch([jpeg, OTHERS[1], png], seed=1, partners=[[png, jpeg], [jpeg, jpeg], OTHERS])
        np.testing.assert_array_equal(made[1], MIXED(OTHERS[1], 1, 0, 1, partners=[jpeg, jpeg]))
        np.testing.assert_array_equal(made[2], MIXED(OTHERS[0], 1, 0, 2, partners=OTHERS))
        shared = MIXED.variants(jpeg, 3, seed=1, partners=[png, jpeg])
        np.testing.assert_array_equal(shared[0], made[0])

    @pytest.mark.parametrize(
        ("mode", "shape", "dtype"),
        [
            ("1", (), np.uint8),
            ("L", (), np.uint8),
            ("LA", (4,), np.uint8),
            ("P", (3,), np.uint8),
            ("RGB", (3,), np.uint8),
            ("RGBA", (4,), np.uint8),
            ("CMYK", (3,), np.uint8),
            ("YCbCr", (3,), np.uint8),
            ("I", (), np.uint16),
        ],
    )
    def test_the_modes_of_pillow(self, mode, shape, dtype):
        image = Image.fromarray(IMAGE).convert(mode)
        out = PLAIN(image)
        assert (out.shape, out.dtype) == ((60, 80, *shape), dtype)
        seen = out if mode == "I" else np.asarray(Image.fromarray(out).convert("RGB"), int)
        assert np.abs(seen - np.asarray(image.convert("I" if mode == "I" else "RGB"), int)).max() <= 1

    def test_sixteen_bits_floats_and_transparent_palettes_of_pillow(self):
        deep = np.arange(0, 65536, 16, np.uint16).reshape(64, 64)
        np.testing.assert_array_equal(PLAIN(Image.fromarray(deep)), deep)
        floats = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
        np.testing.assert_array_equal(PLAIN(Image.fromarray(floats)), floats)
        palette = Image.fromarray(IMAGE).quantize(16)
        palette.info["transparency"] = 3
        np.testing.assert_array_equal(PLAIN(palette)[..., 3] == 0, np.asarray(palette) == 3)

    def test_transparent_files_are_seen_over_the_fill(self):
        clear = encoded(np.zeros((5, 6, 4), np.uint8), "PNG")
        assert (aug.Compose([], fill=(9, 8, 7))(clear) == (9, 8, 7)).all()

    def test_what_cannot_be_read_says_so(self, tmp_path):
        broken = tmp_path / "broken.jpg"
        broken.write_bytes(encoded(IMAGE)[:300])
        with pytest.raises(aug.SampleError, match=r"broken\.jpg\)"):
            PIPELINE.batch([IMAGE, broken])
        with pytest.raises(aug.SampleError, match=r"sample 0 \(nothing\.jpg\): cannot be read: No such file"):
            PIPELINE("nothing.jpg")
        with pytest.raises(aug.SampleError, match=r"sample 0 \(image 0\): .*not an image"):
            PIPELINE(b"GIF")
        lazy = tmp_path / "lazy.png"
        lazy.write_bytes(encoded(scene(400, 400), "PNG")[:2000])
        with Image.open(lazy) as image, pytest.raises(aug.SampleError, match="truncated"):
            PIPELINE(image)


class TestArrays:
    def test_channels_first_is_refused(self):
        for channels in (1, 3, 4):
            wrong = np.zeros((channels, 40, 33), np.uint8)
            with pytest.raises(aug.ArgumentError, match=r"channels seem to come first\. Write numpy\.moveaxis"):
                PLAIN(wrong)
            with pytest.raises(aug.ArgumentError, match=r"from_arrays\.x .* channels .* first"):
                aug.from_arrays(wrong[None])
            with pytest.raises(aug.ArgumentError, match=r"from_arrays\.x\[0\] .* channels .* first"):
                aug.from_arrays([wrong])
        assert PLAIN(np.zeros((3, 40, 32), np.uint8)).shape == (3, 40, 32)
        assert PLAIN(np.zeros((2, 40, 33), np.uint8)).shape == (2, 40, 33)

    def test_lists_are_refused_with_what_to_write(self):
        for wrong in ([[1, 2], [3, 4]], [IMAGE, IMAGE], (IMAGE,)):
            with pytest.raises(aug.ArgumentError, match=r"got a (list|tuple)\. Write .*pipeline\.batch\(images\)"):
                PLAIN(wrong)
        with pytest.raises(aug.ArgumentError, match=r"For several images write pipeline\.batch"):
            PLAIN(IMAGE[None])
