"""What the cache is worth: epochs of the course job with it and without it in turn, so that both are disturbed alike.

usage: python -m benchmarks.caching [--disk] [--epochs N]
"""

import argparse
import statistics
import tempfile
import time

from benchmarks import data, jobs


def rate(loader: object) -> tuple[float, float]:
    """Images per second of one epoch, and the seconds of processor time an image cost."""
    begin, work, images = time.perf_counter(), time.process_time(), 0
    for batch in loader:  # type: ignore[attr-defined]
        images += len(batch)
    return images / (time.perf_counter() - begin), (time.process_time() - work) / images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--disk", action="store_true", help="keep the cache in a folder instead of in memory")
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    import augstream as aug

    photos = data.photo_sets(data.default_cache())[0].often
    with tempfile.TemporaryDirectory() as folder:
        options = {"cache_dir": folder} if arguments.disk else {"cache": "4GB"}
        source, pipeline = aug.from_folder(photos), jobs.pipeline("course")
        plain = aug.Loader(source, pipeline, 32, drop_remainder=True)
        cached = aug.Loader(source, pipeline, 32, drop_remainder=True, **options)
        first, _ = rate(cached)
        rounds = [(rate(plain), rate(cached)) for _ in range(arguments.epochs)]
        without, with_it = (statistics.median(each[k][0] for each in rounds) for k in (0, 1))
        work = [statistics.median(each[k][1] for each in rounds) for k in (0, 1)]
        print(f"{len(source)} photos; first epoch, filling the cache: {first:,.0f} images/s")
        print(f"without: {without:,.0f} images/s, {work[0] * 1e3:.3f} ms of processor time an image")
        print(f"with:    {with_it:,.0f} images/s, {work[1] * 1e3:.3f} ms of processor time an image")
        print(
            f"ratio:   {statistics.median(b[0] / a[0] for a, b in rounds):.2f} (processor time {work[0] / work[1]:.2f})"
        )
        print(cached.stats())


if __name__ == "__main__":
    main()
