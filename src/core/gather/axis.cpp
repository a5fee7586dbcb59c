#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gather/axis.cpp"
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

HWY_INLINE F load(const float* p) { return hn::LoadU(df, p); }
HWY_INLINE F load(const uint8_t* p) {
    const hn::Rebind<uint8_t, decltype(df)> d8;
    return hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, p)));
}

template <typename T>
void Vertical(const Plane& plane, const Taps& taps, int y, int low, int high, float* HWY_RESTRICT out) {
    const size_t n = static_cast<size_t>(high - low), step = hn::Lanes(df);
    const auto at = [&](int k) {
        return static_cast<size_t>(y) * static_cast<size_t>(taps.count) + static_cast<size_t>(k);
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

// The taps of four interleaved lines, so that one load serves all of them and nothing is gathered. kCount: taps.count
// where it is one of the usual ones, so that the loop over taps is unrolled.
template <size_t kCount>
void Sum(const float* HWY_RESTRICT in, const Taps& taps, float* HWY_RESTRICT out) {
    const hn::CappedTag<float, 4> d4;  // four lanes on every machine that has vectors
    const size_t n = static_cast<size_t>(taps.n), count = kCount ? kCount : static_cast<size_t>(taps.count);
    const int32_t* HWY_RESTRICT index = taps.index.data();
    const float* HWY_RESTRICT weight = taps.weight.data();
    for (size_t j = 0; j < n; ++j, index += count, weight += count) {
        for (size_t lane = 0; lane < 4; lane += hn::Lanes(d4)) {
            auto sum = hn::Zero(d4);
            for (size_t k = 0; k < count; ++k)
                sum = hn::MulAdd(hn::Set(d4, weight[k]), hn::LoadU(d4, in + 4 * (index[k] - taps.low) + lane), sum);
            hn::StoreU(sum, d4, out + 4 * j + lane);
        }
    }
}

void HorizontalRows(const float* const* in, const Taps& taps, float* HWY_RESTRICT scratch, float* const* out) {
    const size_t n = static_cast<size_t>(taps.n), wide = static_cast<size_t>(taps.high - taps.low);
    const size_t step = hn::Lanes(df);
    for (size_t x = 0; x < wide; x += step)
        hn::StoreInterleaved4(load(in[0] + x), load(in[1] + x), load(in[2] + x), load(in[3] + x), df, scratch + 4 * x);
    float* HWY_RESTRICT sums = scratch + 4 * padded(wide);
    switch (taps.count) {
        case 2:
            Sum<2>(scratch, taps, sums);
            break;
        case 3:
            Sum<3>(scratch, taps, sums);
            break;
        case 4:
            Sum<4>(scratch, taps, sums);
            break;
        default:
            Sum<0>(scratch, taps, sums);
    }
    for (size_t j = 0; j < n; j += step) {
        F a, b, c, d;
        hn::LoadInterleaved4(df, sums + 4 * j, a, b, c, d);
        hn::StoreU(a, df, out[0] + j);
        hn::StoreU(b, df, out[1] + j);
        hn::StoreU(c, df, out[2] + j);
        hn::StoreU(d, df, out[3] + j);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(VerticalRow);
HWY_EXPORT(HorizontalRows);

void vertical_row(const Plane& plane, const Taps& taps, int y, int low, int high, float* out) {
    HWY_DYNAMIC_DISPATCH(VerticalRow)(plane, taps, y, low, high, out);
}

void horizontal_rows(const float* const* in, const Taps& taps, float* scratch, float* const* out) {
    HWY_DYNAMIC_DISPATCH(HorizontalRows)(in, taps, scratch, out);
}

}  // namespace augstream
#endif
