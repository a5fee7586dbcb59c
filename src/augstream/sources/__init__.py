"""Where samples come from: index -> bytes or array, label, targets, name.

Each kind of source is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from augstream.decode.sample import Sample
from augstream.sources.source import Joined, Source, Subset

if TYPE_CHECKING:
    from augstream.sources.arrays import from_arrays
    from augstream.sources.coco import from_coco
    from augstream.sources.folder import from_folder
    from augstream.sources.huggingface import from_huggingface
    from augstream.sources.interleaving import interleave
    from augstream.sources.masks import from_masks
    from augstream.sources.sequence import from_function, from_sequence
    from augstream.sources.split_file import read_split, write_split
    from augstream.sources.table import from_table
    from augstream.sources.tar import from_tar
    from augstream.sources.voc import from_voc
    from augstream.sources.yolo import from_yolo

LAZY = {
    "from_arrays": "arrays",
    "from_coco": "coco",
    "from_folder": "folder",
    "from_function": "sequence",
    "from_huggingface": "huggingface",
    "from_masks": "masks",
    "from_sequence": "sequence",
    "from_table": "table",
    "from_tar": "tar",
    "from_voc": "voc",
    "from_yolo": "yolo",
    "interleave": "interleaving",
    "read_split": "split_file",
    "write_split": "split_file",
}

__all__ = [
    "Joined",
    "Sample",
    "Source",
    "Subset",
    "from_arrays",
    "from_coco",
    "from_folder",
    "from_function",
    "from_huggingface",
    "from_masks",
    "from_sequence",
    "from_table",
    "from_tar",
    "from_voc",
    "from_yolo",
    "interleave",
    "read_split",
    "write_split",
]


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{LAZY[name]}"), name)
    return value
