#include "filter/unsharp.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/unsharp.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
const hn::Rebind<uint8_t, decltype(df)> d8;
using F = hn::Vec<decltype(df)>;

HWY_INLINE F Read(const float* in) { return hn::LoadU(df, in); }
HWY_INLINE F Read(const uint8_t* in) { return hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, in))); }

template <typename T>
HWY_INLINE void Unsharp(const T* HWY_RESTRICT in, size_t n, const float* mask, float* HWY_RESTRICT line) {
    const F amount = hn::Set(df, mask[0]), threshold = hn::Set(df, mask[1]), high = hn::Set(df, mask[2]);
    const F low = hn::Zero(df), one = hn::Set(df, 1.0f), steep = hn::Set(df, 1 / std::max(mask[1], 1e-30f));
    for (size_t x = 0; x < n; x += hn::Lanes(df)) {
        const F own = Read(in + x), difference = hn::Sub(own, hn::LoadU(df, line + x));
        const F above = hn::Mul(hn::Sub(hn::Abs(difference), threshold), steep);
        const F part = hn::Min(hn::Max(above, low), one);
        F level = hn::MulAdd(hn::Mul(amount, part), difference, own);
        // What is no number becomes the lowest.
        if (mask[2] > 0) level = hn::Min(hn::IfThenElse(hn::Gt(level, low), level, low), high);
        hn::StoreU(level, df, line + x);
    }
}

void UnsharpBytes(const uint8_t* in, size_t n, const float* mask, float* line) { Unsharp(in, n, mask, line); }
void UnsharpFloats(const float* in, size_t n, const float* mask, float* line) { Unsharp(in, n, mask, line); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(UnsharpBytes);
HWY_EXPORT(UnsharpFloats);

void unsharp_row(const Plane& plane, int y, size_t n, const float* mask, float* line) {
    if (plane.element == Element::u8) {
        HWY_DYNAMIC_DISPATCH(UnsharpBytes)(plane.row<uint8_t>(y), n, mask, line);
    } else {
        HWY_DYNAMIC_DISPATCH(UnsharpFloats)(plane.row<float>(y), n, mask, line);
    }
}

}  // namespace augstream
#endif
