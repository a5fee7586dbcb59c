"""`keras_preprocessing.image`, name by name; `docs/porting/keras_preprocessing.md` says what differs, and why."""

from augstream.keras_preprocessing.image.affine_transformations import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
    transform_matrix_offset_center,
)
from augstream.keras_preprocessing.image.dataframe_iterator import DataFrameIterator
from augstream.keras_preprocessing.image.directory_iterator import DirectoryIterator
from augstream.keras_preprocessing.image.image_data_generator import ImageDataGenerator
from augstream.keras_preprocessing.image.iterator import BatchFromFilesMixin, Iterator
from augstream.keras_preprocessing.image.numpy_array_iterator import NumpyArrayIterator
from augstream.keras_preprocessing.image.utils import (
    array_to_img,
    img_to_array,
    list_pictures,
    load_img,
    save_img,
    validate_filename,
)
from augstream.keras_preprocessing.names import one_copy, optional

__all__ = [
    "BatchFromFilesMixin",
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "flip_axis",
    "img_to_array",
    "list_pictures",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "transform_matrix_offset_center",
    "validate_filename",
]

__getattr__ = optional(__name__)
one_copy(__name__, "image")
