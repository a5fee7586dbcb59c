"""The drop-in for keras-preprocessing: its names and arguments, over our engine.

The facade owns no pixels: arguments become draws, draws become ops, and the native engine runs them.
"""

from augstream.keras_preprocessing import image
from augstream.keras_preprocessing.old_paths import install, uninstall

__all__ = ["image", "install", "uninstall"]
__version__ = "1.1.2"  # of the package whose names these are
