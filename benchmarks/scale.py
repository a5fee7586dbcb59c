"""A loader over a million samples: how it starts, resumes, shares the processor, and what memory it takes.

usage: python -m benchmarks.scale [start] [resume] [threads] [sleep] [large]
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import data, jobs
from benchmarks.soak import pictures


def resident() -> float:
    """Megabytes of this process that are in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def synthetic(n: int) -> Any:
    """n samples, each a tiny JPEG."""
    from augstream.sources import Source

    files = pictures()

    class Synthetic(Source):
        def __len__(self) -> int:
            return n

        def read(self, index: int) -> bytes:
            return files[index % len(files)]

    return Synthetic()


def tiny(n: int, **options: Any) -> Any:
    import augstream as aug

    pipeline = aug.Compose([aug.Rotate(40), aug.HorizontalFlip(p=0.5), aug.Resize(16, 16)], border="edge")
    return aug.Loader(synthetic(n), pipeline, 32, **options)


def start() -> None:
    source = synthetic(1_000_000)
    begin = time.perf_counter()
    import augstream as aug

    pipeline = aug.Compose([aug.Rotate(40), aug.HorizontalFlip(p=0.5), aug.Resize(16, 16)], border="edge")
    loader = aug.Loader(source, pipeline, 32)
    made = time.perf_counter()
    stream = iter(loader)
    next(stream)
    print(f"1,000,000 samples: loader in {made - begin:.3f} s, first batch in {time.perf_counter() - made:.3f} s")
    for number, _ in zip(range(10_000), stream, strict=False):
        if number in (100, 9_999):
            print(f"  after {number + 1:,} batches: {resident():.1f} MB")


def resume() -> None:
    loader = tiny(100_000_000)
    state = loader.state_dict()
    seconds: dict[int, list[float]] = {0: [], 1_000_000: []}
    for _ in range(15):
        for batch, found in seconds.items():
            begin = time.perf_counter()
            loader.load_state_dict(state | {"batch": batch})
            stream = iter(loader)
            next(stream)
            found.append(time.perf_counter() - begin)
            stream.close()
    for batch, found in seconds.items():
        print(f"resume at batch {batch:,}: {statistics.median(found) * 1e3:.1f} ms to the first batch")


def threads() -> None:
    import augstream as aug

    source = aug.from_folder(data.photo_sets(data.default_cache())[0].once)
    loaders = {count: aug.Loader(source, jobs.pipeline("course"), 32, threads=count) for count in (2, 8)}
    rates: dict[int, list[float]] = {2: [], 8: []}
    for turn in range(13):
        for count, loader in loaders.items():
            begin = time.perf_counter()
            for _ in loader:
                pass
            if turn:
                rates[count].append(len(source) / (time.perf_counter() - begin))
    for count, found in rates.items():
        print(f"{count} threads: {statistics.median(found):,.0f} images/s (best {max(found):,.0f})")
    ratio = statistics.median(b / a for a, b in zip(rates[2], rates[8], strict=True))
    print(f"8 against 2: {ratio:.3f} (best {max(rates[8]) / max(rates[2]):.3f})")


def sleep() -> None:
    import augstream as aug

    source = aug.from_folder(data.photo_sets(data.default_cache())[0].often)
    pipeline = jobs.pipeline("course")
    for _ in zip(range(20), aug.Loader(source, pipeline, 32), strict=False):
        pass
    before = resident()
    loader = aug.Loader(source, pipeline, 32, memory="400MB")
    bound = (loader.prefetch + 2) * 32 * 224 * 224 * 3 * 4 / 1e6
    highest = 0.0
    for _ in zip(range(40), loader, strict=False):
        time.sleep(0.3)
        highest = max(highest, resident())
    grown = highest - before
    print(f"sleeping consumer, memory=400MB: prefetch {loader.prefetch}, bound {bound:.0f} MB, grown by {grown:.0f} MB")


def large() -> None:
    """The most memory that a batch of large files takes, and one of large images that Pillow decodes."""
    import augstream as aug

    side = 13_000
    with TemporaryDirectory() as place:
        files, colors, wide = (Path(place, name) for name in ("files", "colors", "wide"))
        for folder in (files, colors, wide):
            folder.mkdir()
        photo = pictures()[0]
        for number in range(32):
            with (files / f"{number}.jpg").open("wb") as file:
                file.write(photo)
                file.truncate(200_000_000)
        Image.new("RGB", (side, side), (10, 20, 30)).save(colors / "0.png")
        for number in range(1, 6):
            (colors / f"{number}.png").hardlink_to(colors / "0.png")
        Image.fromarray(np.full((side, side), 30_000, np.uint16)).save(wide / "0.png")
        for folder in (files, colors, wide):
            Path("/proc/self/clear_refs").write_text("5")  # the highest so far counts from here
            before = resident()
            loader = aug.Loader(aug.from_folder(folder, labels=None), aug.Compose([aug.Resize(64, 64)]), 32, threads=2)
            batch = next(iter(loader))
            status = Path("/proc/self/status").read_text().splitlines()
            highest = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024 / 1e6
            print(f"large {folder.name}: {len(batch)} samples, grown by {highest - before:.0f} MB at most")


def main() -> None:
    parts: dict[str, Callable[[], None]] = {
        "start": start,
        "resume": resume,
        "threads": threads,
        "sleep": sleep,
        "large": large,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    np.seterr(all="raise")
    main()
