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

// change(j): what stands at pixels j, j + 1, ... The sums lie in planes whose other pixels are not to be touched.
template <typename Change>
void Each(float* HWY_RESTRICT sum, int count, const Change& change) {
    const size_t n = static_cast<size_t>(count), step = hn::Lanes(df);
    size_t j = 0;
    for (; j + step <= n; j += step) hn::StoreU(change(j, hn::LoadU(df, sum + j)), df, sum + j);
    if (j == n) return;
    HWY_ALIGN float some[hn::MaxLanes(df)] = {};
    for (size_t k = j; k < n; ++k) some[k - j] = sum[k];
    hn::Store(change(j, hn::Load(df, some)), df, some);
    for (size_t k = j; k < n; ++k) sum[k] = some[k - j];
}

void AddRow(float* sum, const float* HWY_RESTRICT row, float weight, int n) {
    const auto w = hn::Set(df, weight);
    Each(sum, n, [&](size_t j, auto s) HWY_ATTR { return hn::MulAdd(w, hn::LoadU(df, row + j), s); });
}

void AddWeightedRow(float* sum, const float* HWY_RESTRICT row, const float* HWY_RESTRICT weights, int n) {
    Each(sum, n,
         [&](size_t j, auto s) HWY_ATTR { return hn::MulAdd(hn::LoadU(df, weights + j), hn::LoadU(df, row + j), s); });
}

void CoverRow(float* sum, const float* HWY_RESTRICT row, const float* HWY_RESTRICT weights, int n) {
    Each(sum, n, [&](size_t j, auto s) HWY_ATTR {
        return hn::IfThenElse(hn::Gt(hn::LoadU(df, weights + j), hn::Zero(df)), hn::LoadU(df, row + j), s);
    });
}

void DivideRow(float* sum, const float* HWY_RESTRICT total, int n) {
    const auto one = hn::Set(df, 1.0f);
    Each(sum, n, [&](size_t j, auto s) HWY_ATTR {
        const auto t = hn::LoadU(df, total + j);
        return hn::Div(s, hn::IfThenElse(hn::Gt(t, hn::Zero(df)), t, one));
    });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(AddRow);
HWY_EXPORT(AddWeightedRow);
HWY_EXPORT(CoverRow);
HWY_EXPORT(DivideRow);

void add_row(float* sum, const float* row, float weight, int n) { HWY_DYNAMIC_DISPATCH(AddRow)(sum, row, weight, n); }

void add_weighted_row(float* sum, const float* row, const float* weights, int n) {
    HWY_DYNAMIC_DISPATCH(AddWeightedRow)(sum, row, weights, n);
}

void cover_row(float* sum, const float* row, const float* weights, int n) {
    HWY_DYNAMIC_DISPATCH(CoverRow)(sum, row, weights, n);
}

void divide_row(float* sum, const float* total, int n) { HWY_DYNAMIC_DISPATCH(DivideRow)(sum, total, n); }

}  // namespace augstream
#endif
