"""Days of training in minutes: a run that is killed again and again sees exactly the samples of one that is not.

The worker streams an epoch of small images, 1% of them broken, and logs (index, hash of the pixels) of every sample.
Now and then it saves the loader's state and the length of its log. It is killed with SIGKILL each time the log has
grown by `--every` samples, wherever it may be, and started again: with other threads and prefetching, and every other
time with a cache on disk. In the end the log must be, as a multiset and in order, what an undisturbed run gives.

usage: python -m benchmarks.soak [--images 200000] [--every 20000]
"""

import argparse
import hashlib
import json
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

BATCH, SAVE_EVERY, BROKEN_EVERY, DISTINCT = 64, 20, 100, 500
ROOT = Path(__file__).resolve().parents[1]
RECORD = np.dtype([("index", "<i8"), ("hash", "<u8")])


def pictures() -> list[bytes]:
    """Some small JPEG files."""
    files = []
    for number in range(DISTINCT):
        y, x = np.mgrid[:24, :32]
        waves = [127 + 100 * np.sin((x * (1 + number % 7) + y * (1 + number % 11) + number) / 9 + c) for c in range(3)]
        buffer = BytesIO()
        Image.fromarray(np.stack(waves, 2).astype(np.uint8)).save(buffer, "JPEG")
        files.append(buffer.getvalue())
    return files


def make_loader(images: int, **options: Any) -> Any:
    import augstream as aug
    from augstream.sources import Source

    files = pictures()

    class Small(Source):
        """Every hundredth sample is broken, in one of four ways."""

        def __len__(self) -> int:
            return images

        def read(self, index: int) -> bytes:
            data = files[index % DISTINCT]
            if index % BROKEN_EVERY != BROKEN_EVERY - 1:
                return data
            kind = index // BROKEN_EVERY % 4
            if kind == 3:
                raise OSError(5, "Input/output error")
            return (b"", data[: len(data) // 2], b"no picture at all")[kind]

    pipeline = aug.Compose(
        [aug.Rotate(40), aug.HorizontalFlip(p=0.5), aug.ColorJitter(0.2, 0.2), aug.Resize(16, 16)], border="edge"
    )
    return aug.Loader(Small(), pipeline, BATCH, seed=7, dtype="uint8", on_error="skip", **options)


def records(loader: Any) -> Iterator[np.ndarray]:
    """(index, hash of the pixels) of each sample, batch by batch, for one epoch or what is left of it."""
    for batch in loader:
        found = np.empty(len(batch), RECORD)
        found["index"] = batch.index
        for row, picture in enumerate(batch.image):
            found["hash"][row] = int.from_bytes(hashlib.blake2b(picture.tobytes(), digest_size=8).digest(), "little")
        yield found


def work(folder: Path, images: int, options: dict[str, Any]) -> None:
    """Goes on from the last saved state to the end of the epoch."""
    saved, log = folder / "saved.json", folder / "log"
    loader = make_loader(images, **options)
    length = 0
    if saved.exists():
        checkpoint = json.loads(saved.read_text())
        loader.load_state_dict(checkpoint["state"])
        length = checkpoint["length"]
    with log.open("r+b" if log.exists() else "w+b") as file:
        # What came after the saved state is as lost as the training on it.
        file.truncate(length)
        file.seek(length)
        for number, found in enumerate(records(loader), 1):
            file.write(found.tobytes())
            if number % SAVE_EVERY == 0 or loader.state_dict()["epoch"]:
                file.flush()
                fresh = folder / "fresh.json"
                fresh.write_text(json.dumps({"state": loader.state_dict(), "length": file.tell()}))
                fresh.replace(saved)
    (folder / "done").write_text("")


def disturbed(folder: Path, images: int, every: int) -> tuple[np.ndarray, int]:
    """The log of a run that is killed every so many samples, and how often that was."""
    log, kills, limit = folder / "log", 0, every
    while not (folder / "done").exists():
        options: dict[str, Any] = {"threads": 1 + kills % 3, "prefetch": kills % 4}
        if kills % 2:
            options["cache_dir"] = str(folder / "cache")
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.soak", "--work", str(folder)]
        worker = subprocess.Popen([*command, "--images", str(images), "--options", json.dumps(options)], cwd=ROOT)
        while worker.poll() is None:
            time.sleep(0.01)
            if log.exists() and log.stat().st_size // RECORD.itemsize >= limit:
                worker.send_signal(signal.SIGKILL)
                worker.wait()
                kills += 1
                limit += every
                break
        else:
            if worker.returncode:
                raise SystemExit(f"The worker ended with {worker.returncode}.")
    return np.fromfile(log, RECORD), kills


def soak(images: int, every: int) -> str:
    """Runs it; a line that says what was found, or SystemExit."""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found, kills = disturbed(Path(folder), images, every)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.concatenate(list(records(make_loader(images))))
    if Counter(found.tolist()) != Counter(expected.tolist()):
        lost = Counter(expected.tolist()) - Counter(found.tolist())
        raise SystemExit(f"{len(found)} samples instead of {len(expected)}, {sum(lost.values())} lost or changed.")
    if not np.array_equal(found, expected):
        raise SystemExit("The same samples, but in another order.")
    whole = [index for index in range(images) if index % BROKEN_EVERY != BROKEN_EVERY - 1]
    if set(found["index"].tolist()) != set(whole):
        raise SystemExit("Not every good sample was there.")
    seconds = time.perf_counter() - begin
    return f"{images:,} samples, 1% broken, {kills} kills: the same samples, pixels and order; {seconds:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--every", type=int, default=20_000)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--options", type=json.loads, default={}, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.images, arguments.options)
    else:
        print(soak(arguments.images, arguments.every))


if __name__ == "__main__":
    main()
