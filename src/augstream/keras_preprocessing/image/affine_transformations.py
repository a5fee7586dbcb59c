"""One transformation of one image, under the path that porting code imports."""

from augstream.keras_preprocessing.affine import (
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
from augstream.keras_preprocessing.load import array_to_img, img_to_array
from augstream.keras_preprocessing.names import one_copy, optional

__all__ = [
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "flip_axis",
    "img_to_array",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "transform_matrix_offset_center",
]

__getattr__ = optional(__name__)
one_copy(__name__, "image.affine_transformations")
