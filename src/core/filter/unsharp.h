// Unsharp masks: the difference from a blurred image, added to the image.
#pragma once

#include <cstddef>

#include "image/plane.h"

namespace augstream {

// line: row y of the blurred image, which becomes the sharp one's. mask: amount, threshold, highest level (0: no clip).
void unsharp_row(const Plane& plane, int y, size_t n, const float* mask, float* line);

}  // namespace augstream
