// Planes of levels up to a peak as bytes, for heads that work on those.
#pragma once

#include <cstddef>
#include <cstdint>

#include "image/plane.h"

namespace augstream {

inline size_t byte_pitch(int width) { return padded(static_cast<size_t>(width)) + kRowPad; }

// Whether the plane holds the bytes themselves.
inline bool is_bytes(const Plane& plane, float peak) { return plane.element == Element::u8 && peak == 255; }

// Row y as 0..255, rounded to nearest even; `out` has room for kRowPad more.
void to_bytes(const Plane& plane, int y, float peak, size_t n, uint8_t* out);
// Bytes as levels up to the peak.
void to_levels(const uint8_t* in, size_t n, float peak, float* out);
// Row y as it is.
void to_floats(const Plane& plane, int y, size_t n, float* out);

}  // namespace augstream
