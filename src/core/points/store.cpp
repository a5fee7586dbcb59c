#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/store.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "points/store.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
using F = hn::Vec<decltype(df)>;

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

// Returns how many of the n pixels are done.
size_t Interleave(const uint8_t* const* rows, int channels, size_t n, uint8_t* HWY_RESTRICT out) {
    const hn::ScalableTag<uint8_t> d;
    const size_t step = hn::Lanes(d);
    const auto v = [&](int c, size_t x) HWY_ATTR { return hn::LoadU(d, rows[c] + x); };
    size_t x = 0;
    if (channels == 3) {
        for (; x + step <= n; x += step) hn::StoreInterleaved3(v(0, x), v(1, x), v(2, x), d, out + 3 * x);
    } else if (channels == 4) {
        for (; x + step <= n; x += step) hn::StoreInterleaved4(v(0, x), v(1, x), v(2, x), v(3, x), d, out + 4 * x);
    }
    return x;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(StoreRow);
HWY_EXPORT(Interleave);

void store_row(const float* const* rows, int channels, int n, Type type, Layout layout, size_t plane_stride,
               void* out) {
    HWY_DYNAMIC_DISPATCH(StoreRow)(rows, channels, n, type, layout, plane_stride, out);
}

void store_bytes_row(const uint8_t* const* rows, int channels, int n, Layout layout, size_t plane_stride,
                     uint8_t* out) {
    const auto count = static_cast<size_t>(channels), pixels = static_cast<size_t>(n);
    if (layout == Layout::nchw || channels == 1) {
        for (size_t c = 0; c < count; ++c) std::memcpy(out + c * plane_stride, rows[c], pixels);
        return;
    }
    for (size_t x = HWY_DYNAMIC_DISPATCH(Interleave)(rows, channels, pixels, out); x < pixels; ++x)
        for (size_t c = 0; c < count; ++c) out[x * count + c] = rows[c][x];
}

}  // namespace augstream
#endif
