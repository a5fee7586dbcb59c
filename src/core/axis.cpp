#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "axis.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "rows.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
using F = hn::Vec<decltype(df)>;

HWY_INLINE F load(const float* p) { return hn::LoadU(df, p); }
HWY_INLINE F load(const uint8_t* p) {
    const hn::Rebind<uint8_t, decltype(df)> d8;
    return hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, p)));
}

template <typename T>
void Vertical(const Plane& plane, const Taps& taps, int y, int low, int high, float* HWY_RESTRICT out) {
    const size_t n = static_cast<size_t>(high - low), step = hn::Lanes(df);
    const auto at = [&](int k) {
        return static_cast<size_t>(k) * static_cast<size_t>(taps.n) + static_cast<size_t>(y);
    };
    const auto row = [&](int k) { return plane.row<T>(taps.index[at(k)]) + (low - plane.x0); };
    if (taps.count == 1) {
        const T* HWY_RESTRICT a = row(0);
        for (size_t x = 0; x < n; x += step) hn::StoreU(load(a + x), df, out + x);
        return;
    }
    // Rows two by two, since most kernels have two to four taps.
    for (int k = 0; k < taps.count; k += 2) {
        const bool pair = k + 1 < taps.count;
        const T* HWY_RESTRICT a = row(k);
        const T* HWY_RESTRICT b = pair ? row(k + 1) : a;
        const F wa = hn::Set(df, taps.weight[at(k)]), wb = hn::Set(df, pair ? taps.weight[at(k + 1)] : 0.0f);
        if (k == 0) {
            for (size_t x = 0; x < n; x += step)
                hn::StoreU(hn::MulAdd(wa, load(a + x), hn::Mul(wb, load(b + x))), df, out + x);
        } else {
            for (size_t x = 0; x < n; x += step)
                hn::StoreU(hn::MulAdd(wa, load(a + x), hn::MulAdd(wb, load(b + x), hn::LoadU(df, out + x))), df,
                           out + x);
        }
    }
}

void VerticalRow(const Plane& plane, const Taps& taps, int y, int low, int high, float* out) {
    if (plane.element == Element::u8) {
        Vertical<uint8_t>(plane, taps, y, low, high, out);
    } else {
        Vertical<float>(plane, taps, y, low, high, out);
    }
}

void HorizontalRow(const float* HWY_RESTRICT in, const Taps& taps, int low, float* HWY_RESTRICT out) {
    const size_t n = static_cast<size_t>(taps.n), step = hn::Lanes(df);
    const float* source = in - low;
    const int32_t* index = taps.index.data();
    if (taps.kind == Taps::Kind::copy) {
        std::memcpy(out, source + index[0], n * sizeof(float));
        return;
    }
    if (taps.kind == Taps::Kind::reverse) {
        for (size_t j = 0; j < n; ++j) out[j] = source[index[0] - static_cast<int32_t>(j)];
        return;
    }
    const float* weight = taps.weight.data();
    size_t j = 0;
    for (; j + step <= n; j += step) {
        F sum = hn::Zero(df);
        for (size_t k = 0; k < static_cast<size_t>(taps.count); ++k)
            sum = hn::MulAdd(hn::LoadU(df, weight + k * n + j),
                             hn::GatherIndex(df, source, hn::LoadU(di, index + k * n + j)), sum);
        hn::StoreU(sum, df, out + j);
    }
    for (; j < n; ++j) {
        float sum = 0;
        for (size_t k = 0; k < static_cast<size_t>(taps.count); ++k)
            sum += weight[k * n + j] * source[index[k * n + j]];
        out[j] = sum;
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(VerticalRow);
HWY_EXPORT(HorizontalRow);

void vertical_row(const Plane& plane, const Taps& taps, int y, int low, int high, float* out) {
    HWY_DYNAMIC_DISPATCH(VerticalRow)(plane, taps, y, low, high, out);
}

void horizontal_row(const float* in, const Taps& taps, int low, float* out) {
    HWY_DYNAMIC_DISPATCH(HorizontalRow)(in, taps, low, out);
}

}  // namespace augstream
#endif
