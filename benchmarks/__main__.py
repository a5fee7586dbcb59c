"""`python -m benchmarks`: every number that augstream promises, beside what it promised."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import data, footprint, planning, quality, report
from benchmarks.data import PhotoSet
from benchmarks.race import Key, Result, race
from benchmarks.report import Row, Section

US, ONE = "augstream", "augstream, one thread"
DECODE, DECODE_ONE = ("bare decode", ""), ("bare decode, one thread", "")
ALBUMENTATIONS, LAST, TORCHVISION = "albumentations", "albumentations, resize last", "torchvision"
KERAS, KERAS_BILINEAR = "keras-preprocessing", "keras-preprocessing, bilinear"
KERAS_PROCESSES = "keras-preprocessing, processes"
PARTS = ("speed", "planning", "footprint", "quality")

# (one, other, target) of each ratio; the first set of photos meets every peer.
PHOTO_RATIOS: list[tuple[Key, Key, float | None]] = [
    ((US, "course"), DECODE, 0.90),
    ((US, "imagenet"), DECODE, 1.1),
]
PEER_RATIOS: list[tuple[Key, Key, float | None]] = [
    ((US, "course"), (KERAS, "course"), 15),
    ((US, "course"), (KERAS_BILINEAR, "course"), None),
    ((US, "course"), (KERAS_PROCESSES, "course"), None),
    ((US, "course"), (ALBUMENTATIONS, "course"), 3.5),
    ((US, "course"), (LAST, "course"), None),
    ((US, "course"), (TORCHVISION, "course"), None),
    ((US, "imagenet"), (ALBUMENTATIONS, "imagenet"), None),
    ((US, "imagenet"), (TORCHVISION, "imagenet"), None),
    ((US, "course"), (ONE, "course"), 1.8),
    (DECODE, DECODE_ONE, None),
]
SMALL_RATIOS: list[tuple[Key, Key, float | None]] = [
    ((US, "small"), (ALBUMENTATIONS, "small"), 10),
    ((US, "small"), (TORCHVISION, "small"), None),
]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def name(key: Key) -> str:
    return f"{key[1]}: {key[0]}" if key[1] else key[0]


def rows(result: Result, ratios: Sequence[tuple[Key, Key, float | None]]) -> list[Row]:
    """A row of images per second for each contestant, then one for each ratio."""
    made = []
    for key, rates in result.rates.items():
        note = f"{1000 * median(result.processor[key]):.3f} ms of processor time each"
        made.append(Row(name(key), median(rates), min(rates), max(rates), "images/s", note=note))
    for one, other, target in ratios:
        found = result.ratio(one, other)
        note = "" if found else next((result.missing[key] for key in (other, one) if key in result.missing), "")
        made.append(Row(f"{name(one)} / {name(other)}", *(found or (None, None, None)), "x", target, note=note))
    return made


def speed(sets: Sequence[PhotoSet], rounds: int, seconds: float, peers: bool) -> tuple[list[Section], dict[str, Any]]:
    groups = [
        (f"Speed: {photos.name}", photos.often, [*PHOTO_RATIOS, *(PEER_RATIOS if number == 0 else [])])
        for number, photos in enumerate(sets)
    ]
    groups.append(("Speed: 10,000 arrays in memory", sets[0].often, SMALL_RATIOS))
    sections, raw = [], {}
    for title, folder, ratios in groups:
        say(title)
        keys = list(dict.fromkeys(key for one, other, _ in ratios for key in (one, other)))
        result = race([key for key in keys if peers or key[0] in (US, ONE)], folder, rounds, seconds, say)
        sections.append(Section(title, rows(result, ratios)))
        raw[title] = {
            name(key): {"images_per_second": rates, "processor_seconds_per_image": result.processor[key]}
            for key, rates in result.rates.items()
        }
    return sections, raw


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="may be given more than once")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contestant")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a turn")
    parser.add_argument("--photos", type=int, default=quality.PHOTOS, help="photos of each set to judge the quality on")
    parser.add_argument("--cache", type=Path, default=data.default_cache(), help="where the photo sets are made")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks.json"))
    parser.add_argument("--no-peers", action="store_true", help="augstream alone")
    parser.add_argument("--smoke", action="store_true", help="does it run? A few seconds, meaningless numbers")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    options = parser.parse_args()
    parts = options.only or PARTS
    if options.smoke:
        options.rounds, options.seconds, options.photos = 1, 0.05, 2
    about = report.machine()
    photos_needed = set(parts) != {"planning"}
    sets = data.photo_sets(options.cache, smoke=options.smoke) if photos_needed else []

    sections: list[Section] = []
    raw: dict[str, Any] = {}
    if "speed" in parts:
        sections, raw = speed(sets, options.rounds, options.seconds, not options.no_peers)
    if "planning" in parts:
        say("Planning")
        rounds = 1 if options.smoke else 30
        sections.append(Section("Planning", planning.planning(rounds, not options.no_peers, say)))
    if "footprint" in parts:
        say("Footprint")
        repeats, batches = (1, (2, 6)) if options.smoke else (7, (50, 2050))
        sections.append(Section("Footprint", footprint.footprint(sets[0].once, repeats, batches, say)))
    if "quality" in parts:
        for photos in sets:
            title = f"Quality: {photos.name}"
            say(title)
            sections.append(Section(title, quality.quality(photos, options.photos, say)))

    if options.smoke:
        sections = [Section(f"{s.title} (smoke)", [replace(row, target=None) for row in s.rows]) for s in sections]
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print("\n\n".join(str(section) for section in sections))
    report.write(options.json, sections, about, raw)
    print(f"\nAlso in {options.json}")
    missed = [row for section in sections for row in section.rows if row.passed is False]
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
