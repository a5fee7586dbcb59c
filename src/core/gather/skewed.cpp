#include <algorithm>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gather/skewed.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "gather/places.h"
#include "gather/rows.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
using F = hn::Vec<decltype(df)>;

// x - n * floor(x / n), for coordinates of any size.
HWY_INLINE F modulo(F x, F n, F inverse) {
    return hn::Min(hn::Max(hn::NegMulAdd(hn::Floor(hn::Mul(x, inverse)), n, x), hn::Zero(df)), n);
}

// Brings places back into [0, n] by the border rule. The clamp to the plane's last pixel is no substitute: the last box
// of a reduced plane reaches beyond the image where the boxes do not divide its side.
struct Fold {
    F period, inverse, last, size;
    Border border;

    Fold(Border b, double n) : border(b) {
        const double p = b == Border::symmetric ? 2 * n
                         : b == Border::reflect ? std::max(1.0, 2 * n - 2)
                         : b == Border::overlap ? std::max(1.0, n - 1)
                                                : n;
        last = hn::Set(df, static_cast<float>(n - 0.5));
        size = hn::Set(df, static_cast<float>(n));
        period = hn::Set(df, static_cast<float>(p));
        inverse = hn::Set(df, static_cast<float>(1 / p));
    }

    F operator()(F x) const {
        switch (border) {
            case Border::wrap:
                return modulo(x, period, inverse);
            case Border::symmetric:
                x = modulo(x, period, inverse);
                return hn::Min(x, hn::Sub(period, x));
            case Border::reflect: {
                const F half = hn::Set(df, 0.5f);
                x = modulo(hn::Sub(x, half), period, inverse);
                return hn::Add(hn::Min(x, hn::Max(hn::Sub(period, x), hn::Zero(df))), half);
            }
            case Border::overlap: {
                const F half = hn::Set(df, 0.5f);
                const auto outside = hn::Or(hn::Lt(x, half), hn::Gt(x, last));
                return hn::IfThenElse(outside, hn::Add(modulo(hn::Sub(x, half), period, inverse), half), x);
            }
            default:
                return hn::Min(hn::Max(x, hn::Zero(df)), size);
        }
    }
};

template <typename P>
HWY_INLINE void Offsets(const Grid& grid, const P& places, int n, int32_t* HWY_RESTRICT offset, float* HWY_RESTRICT fx,
                        float* HWY_RESTRICT fy) {
    const Fold fold_x(grid.border, grid.width), fold_y(grid.border, grid.height);
    const Plane& p = *grid.plane;
    const bool wrap = grid.border == Border::wrap;
    const F center = hn::Set(df, static_cast<float>(grid.center)), zero = hn::Zero(df);
    const F sx = hn::Set(df, static_cast<float>(grid.scale_x)), sy = hn::Set(df, static_cast<float>(grid.scale_y));
    const F right = hn::Set(df, static_cast<float>(p.width - 1)),
            bottom = hn::Set(df, static_cast<float>(p.height - 1));
    const F width = hn::Set(df, static_cast<float>(p.width)), height = hn::Set(df, static_cast<float>(p.height));
    const auto first_x = hn::Set(di, p.x0), last_x = hn::Set(di, p.x1 - 1);
    const auto first_y = hn::Set(di, p.y0), last_y = hn::Set(di, p.y1 - 1);
    const auto stride = hn::Set(di, static_cast<int32_t>(p.stride));
    // A hair before the first pixel is as good as on it: the sum would be rounded to beyond the last one.
    const auto around = [&](F place, F side) {
        const F before = hn::Add(place, side);
        return hn::IfThenElse(hn::Lt(place, zero), hn::IfThenElse(hn::Lt(before, side), before, zero), place);
    };
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df)) {
        F u, v;
        places.at(j, u, v);
        u = hn::MulSub(fold_x(u), sx, center);
        v = hn::MulSub(fold_y(v), sy, center);
        if (wrap) {
            u = around(u, width);
            v = around(v, height);
        } else {
            u = hn::Min(hn::Max(u, zero), right);
            v = hn::Min(hn::Max(v, zero), bottom);
        }
        const F u0 = hn::Floor(u), v0 = hn::Floor(v);
        hn::StoreU(hn::Sub(u, u0), df, fx + j);
        hn::StoreU(hn::Sub(v, v0), df, fy + j);
        // Whatever the numbers were, no pixel outside the stored window is read.
        const auto x = hn::Sub(hn::Min(hn::Max(hn::ConvertTo(di, u0), first_x), last_x), first_x);
        const auto row = hn::Sub(hn::Min(hn::Max(hn::ConvertTo(di, v0), first_y), last_y), first_y);
        hn::StoreU(hn::Add(hn::Mul(row, stride), x), di, offset + j);
    }
}

void GridRow(const Grid& grid, int y, int n, int32_t* HWY_RESTRICT offset, float* HWY_RESTRICT fx,
             float* HWY_RESTRICT fy) {
    if (grid.bend) {
        Offsets(grid, BentPlaces(grid.m, grid.bend->x(), grid.bend->y()), n, offset, fx, fy);
    } else {
        Offsets(grid, Places(grid.m, y), n, offset, fx, fy);
    }
}

template <typename P>
HWY_INLINE F Visible(const Frame& frame, const P& places, int n, float* HWY_RESTRICT seen) {
    const F zero = hn::Zero(df), one = hn::Set(df, 1.0f);
    const F first = hn::Set(df, static_cast<float>(frame.inset));
    const F last_x = hn::Set(df, static_cast<float>(frame.width - frame.inset));
    const F last_y = hn::Set(df, static_cast<float>(frame.height - frame.inset));
    const auto slope = [&](double shrink) { return static_cast<float>(frame.fades ? 2 / std::max(1.0, shrink) : 1e9); };
    const F fade_x = hn::Set(df, slope(frame.shrink_x)), fade_y = hn::Set(df, slope(frame.shrink_y));
    F least = one;
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df)) {
        F u, v;
        places.at(j, u, v);
        const F out_x = hn::Max(hn::Max(hn::Sub(first, u), hn::Sub(u, last_x)), zero);
        const F out_y = hn::Max(hn::Max(hn::Sub(first, v), hn::Sub(v, last_y)), zero);
        const F seen_x = hn::Max(hn::NegMulAdd(out_x, fade_x, one), zero);
        const F seen_y = hn::Max(hn::NegMulAdd(out_y, fade_y, one), zero);
        const F both = hn::Mul(seen_x, seen_y);
        least = hn::Min(least, both);
        hn::StoreU(both, df, seen + j);
    }
    return least;
}

bool SeenRow(const Frame& frame, const Bend* bend, int y, int n, float* HWY_RESTRICT seen) {
    const F least = bend ? Visible(frame, BentPlaces(frame.m, bend->x(), bend->y()), n, seen)
                         : Visible(frame, Places(frame.m, y), n, seen);
    return hn::AllTrue(df, hn::Ge(least, hn::Set(df, 1.0f)));
}

HWY_INLINE F lerp2(F a, F b, F c, F d, F fx, F fy) {
    const F top = hn::MulAdd(fx, hn::Sub(b, a), a);
    const F bottom = hn::MulAdd(fx, hn::Sub(d, c), c);
    return hn::MulAdd(fy, hn::Sub(bottom, top), top);
}

// Blends the 2x2 bytes that each word holds.
void BlendRow(const uint32_t* HWY_RESTRICT packed, const float* HWY_RESTRICT fx, const float* HWY_RESTRICT fy, int n,
              float* HWY_RESTRICT out) {
    const auto byte = hn::Set(di, 0xFF);
    const auto* words = reinterpret_cast<const int32_t*>(packed);
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df)) {
        const auto q = hn::LoadU(di, words + j);
        const F a = hn::ConvertTo(df, hn::And(q, byte));
        const F b = hn::ConvertTo(df, hn::And(hn::ShiftRight<8>(q), byte));
        const F c = hn::ConvertTo(df, hn::And(hn::ShiftRight<16>(q), byte));
        const F d = hn::ConvertTo(df, hn::And(hn::ShiftRight<24>(q), byte));
        hn::StoreU(lerp2(a, b, c, d, hn::LoadU(df, fx + j), hn::LoadU(df, fy + j)), df, out + j);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(GridRow);
HWY_EXPORT(SeenRow);
HWY_EXPORT(BlendRow);

void grid_row(const Grid& grid, int y, int n, int32_t* offset, float* fx, float* fy) {
    HWY_DYNAMIC_DISPATCH(GridRow)(grid, y, n, offset, fx, fy);
}

bool seen_row(const Frame& frame, const Bend* bend, int y, int n, float* seen) {
    return HWY_DYNAMIC_DISPATCH(SeenRow)(frame, bend, y, n, seen);
}

namespace {

uint32_t two_bytes(const uint8_t* p) {
    uint16_t pair;
    std::memcpy(&pair, p, 2);
    return pair;
}

// Brings the 2x2 bytes of each output pixel into one word. Hardware gathers are slower than these plain loads on most
// machines. Half of the pairs are inserted into a vector and half are shifted and stored one by one: either way alone
// waits for its own part of the processor.
void pack_row(const uint8_t* pixels, ptrdiff_t stride, const int32_t* offset, int n, uint32_t* packed) {
    const uint8_t* below = pixels + stride;
    const auto pack = [&](int j) { packed[j] = two_bytes(pixels + offset[j]) | two_bytes(below + offset[j]) << 16; };
    int j = 0;
#if HWY_ARCH_X86
    for (; j + 8 <= n; j += 8) {
        __m128i words = _mm_setzero_si128();
        const auto both = [&]<int kLane>() {
            words = _mm_insert_epi16(words, static_cast<int>(two_bytes(pixels + offset[j + kLane])), 2 * kLane);
            words = _mm_insert_epi16(words, static_cast<int>(two_bytes(below + offset[j + kLane])), 2 * kLane + 1);
            pack(j + 4 + kLane);
        };
        both.operator()<0>();
        both.operator()<1>();
        both.operator()<2>();
        both.operator()<3>();
        _mm_storeu_si128(reinterpret_cast<__m128i*>(packed + j), words);
    }
#endif
    for (; j < n; ++j) pack(j);
}

}  // namespace

void bilinear_row(const Plane& plane, const int32_t* offset, const float* fx, const float* fy, int n, uint32_t* packed,
                  float* out) {
    if (plane.element == Element::u8) {
        pack_row(static_cast<const uint8_t*>(plane.data), plane.stride, offset, n, packed);
        HWY_DYNAMIC_DISPATCH(BlendRow)(packed, fx, fy, n, out);
        return;
    }
    const auto* pixels = static_cast<const float*>(plane.data);
    for (int j = 0; j < n; ++j) {
        const float* p = pixels + offset[j];
        const float* q = p + plane.stride;
        const float top = p[0] + fx[j] * (p[1] - p[0]), bottom = q[0] + fx[j] * (q[1] - q[0]);
        out[j] = top + fy[j] * (bottom - top);
    }
}

namespace {

template <typename T>
float slow_pixel(const Grid& grid, const Plane& plane, Interpolation interpolation, double u, double v) {
    const auto pixel = [&](int x, int y) {
        x = std::clamp(wrap_index(x, plane.width, grid.border), plane.x0, plane.x1 - 1);
        y = std::clamp(wrap_index(y, plane.height, grid.border), plane.y0, plane.y1 - 1);
        return static_cast<double>(plane.row<T>(y)[x - plane.x0]);
    };
    if (interpolation == Interpolation::nearest && grid.border == Border::overlap) {
        // The last pixel and the first share one place, so the place is brought back and not the index.
        u = fold(u, grid.width, grid.border);
        v = fold(v, grid.height, grid.border);
    }
    if (interpolation == Interpolation::nearest)
        return static_cast<float>(pixel(static_cast<int>(std::floor(std::clamp(u * grid.scale_x, -1e8, 1e8))),
                                        static_cast<int>(std::floor(std::clamp(v * grid.scale_y, -1e8, 1e8)))));
    u = fold(u, grid.width, grid.border) * grid.scale_x - 0.5;
    v = fold(v, grid.height, grid.border) * grid.scale_y - 0.5;
    const int x = static_cast<int>(std::floor(u)), y = static_cast<int>(std::floor(v));
    double wx[4], sum = 0;
    for (int k = 0; k < 4; ++k) wx[k] = keys(std::abs(x - 1 + k - u));
    for (int i = 0; i < 4; ++i) {
        double row = 0;
        for (int k = 0; k < 4; ++k) row += wx[k] * pixel(x - 1 + k, y - 1 + i);
        sum += keys(std::abs(y - 1 + i - v)) * row;
    }
    return static_cast<float>(sum);
}

}  // namespace

void nearest_row(const Plane& plane, const int32_t* offset, int n, uint8_t* out) {
    const auto* pixels = static_cast<const uint8_t*>(plane.data);
    for (int j = 0; j < n; ++j) out[j] = pixels[offset[j]];
}

void nearest_row(const Plane& plane, const int32_t* offset, int n, float* out) {
    const auto copy = [&](const auto* pixels) {
        for (int j = 0; j < n; ++j) out[j] = static_cast<float>(pixels[offset[j]]);
    };
    if (plane.element == Element::u8) {
        copy(static_cast<const uint8_t*>(plane.data));
    } else {
        copy(static_cast<const float*>(plane.data));
    }
}

void slow_row(const Grid& grid, const Plane& plane, Interpolation interpolation, int y, int n, float* out) {
    const double* m = grid.m;
    for (int j = 0; j < n; ++j) {
        const double px = grid.bend ? grid.bend->x()[j] : j + 0.5, py = grid.bend ? grid.bend->y()[j] : y + 0.5;
        const double w = m[6] * px + m[7] * py + m[8];
        const double u = w > 1e-9 ? (m[0] * px + m[1] * py + m[2]) / w : -1e6;
        const double v = w > 1e-9 ? (m[3] * px + m[4] * py + m[5]) / w : -1e6;
        out[j] = plane.element == Element::u8 ? slow_pixel<uint8_t>(grid, plane, interpolation, u, v)
                                              : slow_pixel<float>(grid, plane, interpolation, u, v);
    }
}

}  // namespace augstream
#endif
