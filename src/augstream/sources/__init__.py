"""Where samples come from: index -> bytes or array, label, name."""

from augstream.sources.arrays import from_arrays
from augstream.sources.folder import from_folder
from augstream.sources.source import Sample, Source, Subset

__all__ = ["Sample", "Source", "Subset", "from_arrays", "from_folder"]
