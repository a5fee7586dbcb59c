"""Use an installed augstream the way a stranger would, with nothing there but what it declares; exits 1 where it fails.

Run by `scripts/wheel.sh` in an empty environment, outside the source tree.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

OURS = ("augstream", "numpy")


def check(condition: bool, text: str) -> None:
    """Leave with `text` unless the condition holds."""
    if not condition:
        sys.exit(f"smoke: {text}")


def foreign_modules() -> set[str]:
    """The packages, other than ours and the standard library's, that `import augstream` has loaded."""
    code = "import sys; before = set(sys.modules); import augstream; print(*(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    packages = {name.partition(".")[0] for name in loaded.split()}
    return {name for name in packages if name not in sys.stdlib_module_names and name not in OURS}


def libraries(*names: str) -> list[str]:
    """The paths of the shared libraries of this process whose file names begin with one of `names`."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return []
    paths = {line.split(maxsplit=5)[5] for line in maps.read_text().splitlines() if len(line.split(maxsplit=5)) == 6}
    return sorted(path for path in paths if Path(path).name.startswith(names))


def main() -> None:
    """Import, list, stream from arrays and from a folder, call the command."""
    extra = foreign_modules()
    check(not extra, f"import augstream also imports {', '.join(sorted(extra))}")

    import augstream as aug

    where = Path(aug.__file__).parent
    check(where.is_relative_to(sys.prefix), f"augstream was imported from {where}, not from the installed wheel")
    # The wheel's copies carry a hash in their names ("libjpeg-1a2b3c4d.so.62").
    found = [path for path in libraries("libjpeg", "libhwy", "libwebp") if "pillow" not in path]
    check(all(Path(path).is_relative_to(where.parent) for path in found), f"the system's libraries are used: {found}")

    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (10, 40, 60, 3), np.uint8)
    labels = np.arange(10) % 2
    pipeline = aug.Compose([aug.Rotate((-20, 20)), aug.HorizontalFlip(p=0.5), aug.Resize(32, 32), aug.Rescale(1 / 255)])

    batches = list(aug.Loader(aug.from_arrays(pictures, labels), pipeline, batch_size=4, seed=1, dtype="float32"))
    check([len(batch.image) for batch in batches] == [4, 4, 2], "wrong batches from arrays")
    check(
        sorted(i for batch in batches for i in batch.index.tolist()) == list(range(10)),
        "samples missing from the epoch",
    )
    first = batches[0]
    alone = pipeline(pictures[first.index[0]], seed=1, epoch=0, index=int(first.index[0]), dtype="float32")
    check(np.array_equal(alone, first.image[0]), "a sample alone is not the sample in the batch")

    with tempfile.TemporaryDirectory() as folder:
        for i, picture in enumerate(pictures):
            path = Path(folder, "photos", "ab"[i % 2], f"{i}.jpg")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path)
        photos = aug.from_folder(Path(folder, "photos"))
        check(len(photos) == 10 and list(photos.classes) == ["a", "b"], "wrong source from a folder")
        (batch,) = aug.Loader(photos, pipeline, batch_size=10)
        check(batch.image.shape == (10, 32, 32, 3) and 0 <= batch.image.min() <= batch.image.max() <= 1, "wrong pixels")

        command = shutil.which("augstream")
        check(command is not None, "there is no augstream command")
        sheet = Path(folder, "sheet.png")
        subprocess.run([str(command), "--help"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(
            [str(command), "preview", str(Path(folder, "photos")), "-o", str(sheet)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with Image.open(sheet) as picture:
            check(min(picture.size) > 32, "the contact sheet is empty")


if __name__ == "__main__":
    main()
