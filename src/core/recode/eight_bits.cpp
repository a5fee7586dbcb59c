#include "recode/eight_bits.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace augstream {

void to_bytes(const Plane& plane, int y, float peak, size_t n, uint8_t* out) {
    if (is_bytes(plane, peak)) {
        std::memcpy(out, plane.row<uint8_t>(y), n);
        return;
    }
    const bool bytes = plane.element == Element::u8;
    const uint8_t* const byte = bytes ? plane.row<uint8_t>(y) : nullptr;
    const float* const level = bytes ? nullptr : plane.row<float>(y);
    for (size_t x = 0; x < n; ++x) {
        const double v = (bytes ? static_cast<double>(byte[x]) : static_cast<double>(level[x])) * 255.0 / peak;
        out[x] = static_cast<uint8_t>(std::nearbyint(v > 0 ? std::min(v, 255.0) : 0.0));  // NaN is 0
    }
}

void to_levels(const uint8_t* in, size_t n, float peak, float* out) {
    const float unit = peak / 255;
    for (size_t x = 0; x < n; ++x) out[x] = static_cast<float>(in[x]) * unit;
}

void to_floats(const Plane& plane, int y, size_t n, float* out) {
    if (plane.element == Element::u8) return to_levels(plane.row<uint8_t>(y), n, 255, out);
    std::memcpy(out, plane.row<float>(y), n * sizeof(float));
}

}  // namespace augstream
