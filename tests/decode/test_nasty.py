"""The difficult files, through the loader: each ends in an image like Pillow's, or in an error with its reason."""

import io

import numpy as np
import pytest
from conftest import DATA, nasty
from PIL import Image, ImageOps

from augstream.decode.header import JPEG, peek
from augstream.errors import SampleError
from augstream.loader import Loader
from augstream.sources import Source
from augstream.transforms import Resize, Rotate
from augstream.transforms.compose import Compose

NASTY = nasty()
pytestmark = [
    pytest.mark.skipif(not NASTY, reason=f"{DATA / 'nasty_dev'} is not there"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]
# Half of it is missing, which Pillow paints gray.
HALF_GRAY = "47e840fea99df0d10344f07c8cdbad739b5547c2"
# So small that how a chroma sample is spread over its neighbors is most of the image.
TINY = 40 * 40


class Files(Source):
    def __init__(self, records):
        self.names = [record["file"] for record in records]

    def __len__(self):
        return len(self.names)

    def read(self, index):
        return (DATA / "nasty_dev" / self.names[index]).read_bytes()

    def name(self, index):
        return self.names[index]


def whole(records):
    return [record for record in records if record["status"] == "ok" and "exif_error" not in record]


def pillows(data):
    """What Pillow shows, over black; None where its levels are not ours (16 bits and more)."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if image.mode[0] in "IF":
            return None
        image = ImageOps.exif_transpose(image)
        if (image.mode != "P" or image.palette is not None) and image.has_transparency_data:
            image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image.convert("RGBA"))
        return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize("record", whole(NASTY), ids=lambda record: record["file"])
def test_whole_files_are_pictures(record):
    source = Files([record])
    if HALF_GRAY in record["file"]:
        with pytest.raises(SampleError, match="truncated"):
            next(iter(Loader(source, Compose([]), 1)))
        return
    image = next(iter(Loader(source, Compose([]), 1, dtype="uint8"))).image[0]
    expected = pillows(source.read(0))
    if expected is not None:
        assert image.shape == expected.shape
        far = np.abs(image - expected)
        if peek([source.read(0)])[0, 0] == JPEG:
            assert far.mean() <= (2 if far.size > 3 * TINY else 20)
        else:
            assert far.max() <= 1


@pytest.mark.parametrize("record", [record for record in NASTY if record["status"] != "ok"], ids=lambda r: r["file"])
def test_broken_files_are_errors_that_name_them(record):
    with pytest.raises(SampleError) as caught:
        next(iter(Loader(Files([record]), Compose([]), 1)))
    ((index, name, reason),) = caught.value.failures
    assert (index, name) == (0, record["file"])
    assert len(reason) > 10
    assert reason.isprintable()


def test_all_of_them_at_once_with_the_broken_ones_skipped():
    pipeline = Compose([Rotate(20), Resize(32, 32)])
    loader = Loader(Files(NASTY), pipeline, 16, on_error="skip")
    with pytest.warns(UserWarning, match=r"of 520 samples could not be read"):
        batches = list(loader)
    assert all(batch.image.shape == (16, 32, 32, 3) for batch in batches[:-1])
    bad = {index for index, _, _ in loader.errors}
    assert {index for index, record in enumerate(NASTY) if record["status"] != "ok"} <= bad
    assert {int(index) for batch in batches for index in batch.index} == set(range(len(NASTY))) - bad
