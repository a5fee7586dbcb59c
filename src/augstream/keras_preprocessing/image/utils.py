"""Images in and out of files, under the path that porting code imports."""

from augstream.keras_preprocessing.load import (
    _PIL_INTERPOLATION_METHODS,
    _iter_valid_files,
    _list_valid_filenames_in_directory,
    array_to_img,
    img_to_array,
    list_pictures,
    load_img,
    save_img,
    validate_filename,
)
from augstream.keras_preprocessing.names import one_copy, optional

__all__ = [
    "_PIL_INTERPOLATION_METHODS",
    "_iter_valid_files",
    "_list_valid_filenames_in_directory",
    "array_to_img",
    "img_to_array",
    "list_pictures",
    "load_img",
    "save_img",
    "validate_filename",
]

__getattr__ = optional(__name__)
one_copy(__name__, "image.utils")
