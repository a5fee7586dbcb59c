#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mix/blend.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "mix/mix.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;

// The image lies in planes whose other pixels are not to be touched.
void CoverRow(float* HWY_RESTRICT under, const float* HWY_RESTRICT row, const float* HWY_RESTRICT weights, int count) {
    const size_t n = static_cast<size_t>(count), step = hn::Lanes(df);
    const auto cover = [&](size_t j, auto below) HWY_ATTR {
        const auto weight = hn::LoadU(df, weights + j), over = hn::LoadU(df, row + j);
        const auto both = hn::MulAdd(weight, hn::Sub(over, below), below);
        // Bit by bit one of them where the other is not seen: it may hold what is no number.
        return hn::IfThenElse(hn::Eq(weight, hn::Zero(df)), below,
                              hn::IfThenElse(hn::Eq(weight, hn::Set(df, 1.0f)), over, both));
    };
    size_t j = 0;
    for (; j + step <= n; j += step) hn::StoreU(cover(j, hn::LoadU(df, under + j)), df, under + j);
    if (j == n) return;
    HWY_ALIGN float some[hn::MaxLanes(df)] = {};
    for (size_t k = j; k < n; ++k) some[k - j] = under[k];
    hn::Store(cover(j, hn::Load(df, some)), df, some);
    for (size_t k = j; k < n; ++k) under[k] = some[k - j];
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(CoverRow);

void cover_row(float* under, const float* row, const float* weights, int n) {
    HWY_DYNAMIC_DISPATCH(CoverRow)(under, row, weights, n);
}

}  // namespace augstream
#endif
