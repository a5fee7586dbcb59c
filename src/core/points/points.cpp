#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/points.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "gather/rows.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
using F = hn::Vec<decltype(df)>;

void FadeRow(float* HWY_RESTRICT row, const float* HWY_RESTRICT seen, float fill, int n) {
    const F f = hn::Set(df, fill);
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df))
        hn::StoreU(hn::MulAdd(hn::LoadU(df, seen + j), hn::Sub(hn::LoadU(df, row + j), f), f), df, row + j);
}

void ClipRow(float* row, float low, float high, int n) {
    const F a = hn::Set(df, low), b = hn::Set(df, high);
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df))
        hn::StoreU(hn::Min(hn::Max(hn::LoadU(df, row + j), a), b), df, row + j);
}

// The usual pictures, with everything in registers.
template <int kInputs, int kOutputs>
void ColorFixed(float* const* rows, const float* m, const float* clip, int n) {
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df)) {
        const F a = hn::LoadU(df, rows[0] + j);
        const F b = kInputs > 1 ? hn::LoadU(df, rows[1] + j) : a;
        const F c = kInputs > 2 ? hn::LoadU(df, rows[2] + j) : a;
        for (int o = 0; o < kOutputs; ++o) {
            const float* w = m + o * (kInputs + 1);
            F sum = hn::MulAdd(hn::Set(df, w[0]), a, hn::Set(df, w[kInputs]));
            if (kInputs > 1) sum = hn::MulAdd(hn::Set(df, w[1]), b, sum);
            if (kInputs > 2) sum = hn::MulAdd(hn::Set(df, w[2]), c, sum);
            if (clip) sum = hn::Min(hn::Max(sum, hn::Set(df, clip[2 * o])), hn::Set(df, clip[2 * o + 1]));
            hn::StoreU(sum, df, rows[o] + j);
        }
    }
}

// Any number of channels; a block of pixels at a time, so that inputs may be overwritten.
void ColorAny(float* const* rows, int inputs, int outputs, const float* m, const float* clip, int n) {
    constexpr size_t kBlock = 64;
    static_assert(kBlock <= kRowPad);
    thread_local std::vector<float> result;
    result.resize(static_cast<size_t>(outputs) * kBlock);
    for (size_t j = 0; j < static_cast<size_t>(n); j += kBlock) {
        for (int o = 0; o < outputs; ++o) {
            const float* w = m + o * (inputs + 1);
            float* to = result.data() + static_cast<size_t>(o) * kBlock;
            for (size_t x = 0; x < kBlock; x += hn::Lanes(df)) {
                F sum = hn::Set(df, w[inputs]);
                for (int i = 0; i < inputs; ++i)
                    sum = hn::MulAdd(hn::Set(df, w[i]), hn::LoadU(df, rows[i] + j + x), sum);
                if (clip) sum = hn::Min(hn::Max(sum, hn::Set(df, clip[2 * o])), hn::Set(df, clip[2 * o + 1]));
                hn::StoreU(sum, df, to + x);
            }
        }
        for (int o = 0; o < outputs; ++o)
            std::memcpy(rows[o] + j, result.data() + static_cast<size_t>(o) * kBlock, kBlock * sizeof(float));
    }
}

void ColorRow(float* const* rows, int inputs, int outputs, const float* m, const float* clip, int n) {
    if (inputs == 3 && outputs == 3) return ColorFixed<3, 3>(rows, m, clip, n);
    if (inputs == 1 && outputs == 1) return ColorFixed<1, 1>(rows, m, clip, n);
    if (inputs == 1 && outputs == 3) return ColorFixed<1, 3>(rows, m, clip, n);
    if (inputs == 3 && outputs == 1) return ColorFixed<3, 1>(rows, m, clip, n);
    ColorAny(rows, inputs, outputs, m, clip, n);
}

// Writes kWidth rows side by side, of the `together` channels of each pixel.
template <size_t kWidth, typename T, typename Convert>
void StoreGroup(const float* const* rows, size_t n, size_t together, T* HWY_RESTRICT to, Convert convert) {
    const hn::Rebind<T, decltype(df)> d;
    const size_t step = hn::Lanes(df);
    const auto store = [&](size_t j, T* out) HWY_ATTR {
        const auto v = [&](size_t k) HWY_ATTR { return convert(hn::LoadU(df, rows[k] + j)); };
        if constexpr (kWidth == 1) hn::StoreU(v(0), d, out);
        if constexpr (kWidth == 2) hn::StoreInterleaved2(v(0), v(1), d, out);
        if constexpr (kWidth == 3) hn::StoreInterleaved3(v(0), v(1), v(2), d, out);
        if constexpr (kWidth == 4) hn::StoreInterleaved4(v(0), v(1), v(2), v(3), d, out);
    };
    size_t j = 0;
    if (kWidth == together)
        for (; j + step <= n; j += step) store(j, to + j * kWidth);
    HWY_ALIGN T some[kWidth * hn::MaxLanes(df)];
    for (; j < n; j += step) {
        store(j, some);
        for (size_t x = 0; x < std::min(step, n - j); ++x)
            std::memcpy(to + (j + x) * together, some + x * kWidth, kWidth * sizeof(T));
    }
}

// Writes rows of any type; `convert` makes a vector of output elements out of one of floats.
template <typename T, typename Convert>
void StoreAs(const float* const* rows, int channels, size_t n, bool planar, size_t plane_stride, T* out,
             Convert convert) {
    const auto count = static_cast<size_t>(channels), together = planar ? 1 : count;
    for (size_t c = 0; c < count; c += std::min<size_t>(together, 4)) {
        T* to = planar ? out + c * plane_stride : out + c;
        switch (std::min<size_t>({together, 4, count - c})) {
            case 1:
                StoreGroup<1>(rows + c, n, together, to, convert);
                break;
            case 2:
                StoreGroup<2>(rows + c, n, together, to, convert);
                break;
            case 3:
                StoreGroup<3>(rows + c, n, together, to, convert);
                break;
            default:
                StoreGroup<4>(rows + c, n, together, to, convert);
        }
    }
}

void StoreRow(const float* const* rows, int channels, int count, Type type, Layout layout, size_t plane_stride,
              void* out) {
    const size_t n = static_cast<size_t>(count);
    const bool planar = layout == Layout::nchw || channels == 1;
    const hn::Rebind<uint8_t, decltype(df)> d8;
    const hn::Rebind<uint16_t, decltype(df)> d16;
    const hn::Rebind<hwy::float16_t, decltype(df)> dh;
    const auto rounded = [](F v, float top) {
        return hn::NearestInt(hn::Min(hn::Max(v, hn::Zero(df)), hn::Set(df, top)));
    };
    switch (type) {
        case Type::f32:
            return StoreAs(rows, channels, n, planar, plane_stride, static_cast<float*>(out), [](F v) { return v; });
        case Type::u8:
            return StoreAs(rows, channels, n, planar, plane_stride, static_cast<uint8_t*>(out),
                           [&](F v) { return hn::DemoteTo(d8, rounded(v, 255.0f)); });
        case Type::u16:
            return StoreAs(rows, channels, n, planar, plane_stride, static_cast<uint16_t*>(out),
                           [&](F v) { return hn::DemoteTo(d16, rounded(v, 65535.0f)); });
        case Type::f16:
            return StoreAs(rows, channels, n, planar, plane_stride, static_cast<uint16_t*>(out),
                           [&](F v) { return hn::BitCast(d16, hn::DemoteTo(dh, v)); });
        case Type::bf16:
            // The upper half of a float, rounded half to even; NaN keeps a bit of its payload.
            return StoreAs(rows, channels, n, planar, plane_stride, static_cast<uint16_t*>(out), [&](F v) {
                const auto one = hn::Set(di, 1), bits = hn::BitCast(di, v);
                const auto upper = [](auto b) { return hn::And(hn::ShiftRight<16>(b), hn::Set(di, 0xFFFF)); };
                const auto up = hn::Add(hn::Set(di, 0x7FFF), hn::And(hn::ShiftRight<16>(bits), one));
                const auto number = hn::RebindMask(di, hn::Eq(v, v));
                return hn::DemoteTo(
                    d16, hn::IfThenElse(number, upper(hn::Add(bits, up)), hn::Or(upper(bits), hn::Set(di, 0x40))));
            });
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(FadeRow);
HWY_EXPORT(ClipRow);
HWY_EXPORT(ColorRow);
HWY_EXPORT(StoreRow);

void fade_row(float* row, const float* seen, float fill, int n) { HWY_DYNAMIC_DISPATCH(FadeRow)(row, seen, fill, n); }

void clip_row(float* row, float low, float high, int n) { HWY_DYNAMIC_DISPATCH(ClipRow)(row, low, high, n); }

void color_row(float* const* rows, int inputs, int outputs, const float* matrix, const float* clip, int n) {
    HWY_DYNAMIC_DISPATCH(ColorRow)(rows, inputs, outputs, matrix, clip, n);
}

void store_row(const float* const* rows, int channels, int n, Type type, Layout layout, size_t plane_stride,
               void* out) {
    HWY_DYNAMIC_DISPATCH(StoreRow)(rows, channels, n, type, layout, plane_stride, out);
}

void curve_row(float* row, const float* table, float peak, bool steps, int n) {
    const float scale = 255 / peak;
    for (int j = 0; j < n; ++j) {
        float place = std::clamp(std::isnan(row[j]) ? 0.0f : row[j] * scale, 0.0f, 255.0f);
        if (steps) place = std::floor(place + 0.5f);
        const int low = std::min(static_cast<int>(place), 254);
        row[j] = table[low] + (place - static_cast<float>(low)) * (table[low + 1] - table[low]);
    }
}

}  // namespace augstream
#endif
