"""The drop-in for keras-preprocessing: its names and arguments, over our engine.

The facade owns no pixels: arguments become draws, draws become ops, and the native engine runs them.
"""

from augstream.keras_preprocessing import image

__all__ = ["image"]
__version__ = "1.1.2"  # of the package whose names these are
