"""What one process spends: the time to import, the time to the first batch, the memory of a long run.

Each measurement is a fresh interpreter that runs one of the functions below: `python -m benchmarks.footprint NAME ...`.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import jobs
from benchmarks.report import Row

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("PIL", "cv2", "jax", "keras", "matplotlib", "pandas", "scipy", "sklearn", "tensorflow", "torch", "typer")
IMPORT = """
import sys, time
start = time.perf_counter()
import augstream
spent = time.perf_counter() - start
import json
print(json.dumps([spent, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def footprint(folder: Path, repeats: int, batches: tuple[int, int], say: Callable[[str], None]) -> list[Row]:
    """Rows about a folder of photos (each under one name). batches: when memory is looked at."""
    imports = [_python("-c", IMPORT) for _ in range(repeats + 1)][1:]  # the first may meet a cold disk
    seconds = [spent for spent, _ in imports]
    heavy = sorted(set(HEAVY) & set(imports[0][1]))
    say("    import")
    firsts = [_python("-m", "benchmarks.footprint", "first", str(folder)) for _ in range(repeats)]
    say("    first batch")
    early, late = batches
    rss, later, peak = _python("-m", "benchmarks.footprint", "memory", str(folder), str(early), str(late))
    say("    memory")
    return [
        Row("import augstream", median(seconds), min(seconds), max(seconds), "s", 0.15, "lower"),
        Row("heavy packages imported with it", len(heavy), target=0, better="lower", note=", ".join(heavy)),
        Row(
            "from_folder, Loader and the first batch of course",
            *(median(firsts), min(firsts), max(firsts)),
            *("s", 0.5, "lower"),
            note=f"{sum(1 for _ in folder.glob('*/*'))} files",
        ),
        Row("peak memory of course", peak, unit="MB", target=250, better="lower", note=f"{late:,} batches"),
        Row(f"growth from batch {early} to {late:,}", later - rss, unit="MB", target=5, better="lower"),
    ]


def first(folder: Path) -> float:
    """Seconds from nothing but the import to the first batch."""
    import augstream  # noqa: F401 (it is timed by itself)

    start = time.perf_counter()
    next(iter(jobs.loader("course", folder, jobs.cores())))
    return time.perf_counter() - start


def memory(folder: Path, early: int, late: int) -> tuple[float, float, float]:
    """MB in use around batch `early` and around batch `late`, and the most at any time.

    How many batches are in memory changes from moment to moment; the most within as many batches does not.
    """
    batches = jobs.augstream("course", folder, jobs.cores())
    window = (early + 1) // 2
    in_use = []
    for _ in range(late):
        next(batches)
        in_use.append(_status("VmRSS"))
    return max(in_use[early - window : early]), max(in_use[late - window :]), _status("VmHWM")


def _status(name: str) -> float:
    """MB of a line of /proc/self/status; elsewhere the most memory so far, which is never too small."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except FileNotFoundError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def _python(*arguments: str) -> Any:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=["first", "memory"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("batches", type=int, nargs="*")
    arguments = parser.parse_args()
    what = first if arguments.name == "first" else memory
    print(json.dumps(what(arguments.folder, *arguments.batches)))


if __name__ == "__main__":
    main()
