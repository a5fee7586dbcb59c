#include "run/conversion.h"

#include <algorithm>

namespace augstream {
namespace {

// Full-range BT.601 as JFIF has it, with the offset of 128 in the last column.
constexpr float kYccToRgb[12] = {1,          0,           1.402f, -179.456f, 1, -0.344136f,
                                 -0.714136f, 135.458816f, 1,      1.772f,    0, -226.816f};
constexpr float kRgbToLuma[4] = {0.299f, 0.587f, 0.114f, 0};

void fill_base(ColorSpace space, size_t p, size_t c, std::vector<float>& base) {
    base.assign(c * (p + 1), 0.0f);
    if (c == 1) {
        if (p == 1)
            base[0] = 1;
        else
            std::copy(kRgbToLuma, kRgbToLuma + 4, base.begin());
        return;
    }
    for (size_t o = 0; o < std::min<size_t>(c, 3); ++o) {
        if (p == 1)
            base[o * 2] = 1;
        else if (space == ColorSpace::ycc)
            std::copy(kYccToRgb + 4 * o, kYccToRgb + 4 * o + 4, base.begin() + static_cast<ptrdiff_t>(4 * o));
        else
            base[o * 4 + o] = 1;
    }
    if (c == 4) base[3 * (p + 1) + p] = 255;  // a JPEG is opaque
}

}  // namespace

Levels Conversion::levels(ColorSpace space, size_t p, size_t c, const Color* color, size_t row) {
    fill_base(space, p, c, base_);
    clip_.assign(2 * c, 0.0f);
    for (size_t o = 0; o < c; ++o) clip_[2 * o + 1] = 255;
    Levels levels{true, base_.data(), clip_.data(), 0};
    if (!color) return levels;
    const float* m = color->matrix[row];
    matrix_.assign(c * (p + 1), 0.0f);
    for (size_t o = 0; o < c; ++o) {
        float* to = matrix_.data() + o * (p + 1);
        for (size_t k = 0; k < c; ++k)
            for (size_t j = 0; j <= p; ++j) to[j] += m[o * (c + 1) + k] * base_[k * (p + 1) + j];
        to[p] += m[o * (c + 1) + c];
        if (color->clip) {
            std::copy_n(color->clip[row] + 2 * o, 2, &clip_[2 * o]);
        } else {
            const float gain = m[o * (c + 1) + o], shift = m[o * (c + 1) + c];
            clip_[2 * o] = std::min(shift, gain * 255 + shift);
            clip_[2 * o + 1] = std::max(shift, gain * 255 + shift);
        }
    }
    levels.matrix = matrix_.data();
    return levels;
}

}  // namespace augstream
