"""Rows of numbers beside their targets, as a table and as JSON with the machine and the versions."""

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from benchmarks import jobs

PACKAGES = (
    *("augstream", "numpy", "pillow", "simplejpeg", "opencv-python-headless", "albumentations", "torch", "torchvision"),
    *("Keras-Preprocessing", "scipy"),
)


@dataclass(frozen=True)
class Row:
    """One number; `low` and `high` are its spread (over rounds, or over photos), `target` what it is held against."""

    what: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    target: float | None = None
    better: Literal["higher", "lower"] = "higher"
    note: str = ""

    @property
    def passed(self) -> bool | None:
        if self.target is None or self.value is None:
            return None
        return self.value >= self.target if self.better == "higher" else self.value <= self.target

    def cells(self) -> tuple[str, str, str, str, str]:
        mark = {None: "", True: "ok", False: "MISSED"}[self.passed]
        sign = ">=" if self.better == "higher" else "<="
        target = "" if self.target is None else f"{sign} {_short(self.target)}"
        spread = "" if self.low is None or self.high is None else f"{_short(self.low)} .. {_short(self.high)}"
        value = "not measured" if self.value is None else f"{_short(self.value)} {self.unit}".strip()
        what = f"{self.what} ({self.note})" if self.note else self.what
        return what, value, spread, target, mark


@dataclass(frozen=True)
class Section:
    title: str
    rows: Sequence[Row]

    def __str__(self) -> str:
        lines = [("", "value", "spread", "target", ""), *(row.cells() for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(5)]
        return "\n".join(
            [
                self.title,
                *(
                    "  ".join(
                        cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(line, widths, strict=True))
                    ).rstrip()
                    for line in lines
                ),
            ]
        )


def machine() -> dict[str, Any]:
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": jobs.cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "load_before": os.getloadavg()[0],
    }


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "commit": _commit()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def write(path: Path, sections: Sequence[Section], about: dict[str, Any], raw: dict[str, Any]) -> None:
    document = {
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": about,
        "versions": versions(),
        "sections": [
            {"title": section.title, "rows": [{**asdict(row), "passed": row.passed} for row in section.rows]}
            for section in sections
        ],
        "raw": raw,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def _commit() -> str:
    root = Path(__file__).parent
    try:
        found = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True)
    except FileNotFoundError:
        return "unknown"
    return found.stdout.strip() or "unknown"
