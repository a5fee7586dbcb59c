#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gather/fade.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "gather/rows.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
using F = hn::Vec<decltype(df)>;

void FadeRow(float* HWY_RESTRICT row, const float* HWY_RESTRICT seen, float fill, int n) {
    const F f = hn::Set(df, fill);
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df))
        hn::StoreU(hn::MulAdd(hn::LoadU(df, seen + j), hn::Sub(hn::LoadU(df, row + j), f), f), df, row + j);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(FadeRow);

void fade_row(float* row, const float* seen, float fill, int n) { HWY_DYNAMIC_DISPATCH(FadeRow)(row, seen, fill, n); }

}  // namespace augstream
#endif
