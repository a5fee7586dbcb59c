#include "points/density.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/density.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format off
#include <hwy/contrib/math/math-inl.h>  // once for each target, so behind the two
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
const hn::RebindToUnsigned<decltype(df)> du;
const hn::Rebind<uint8_t, decltype(df)> d8;
using F = hn::Vec<decltype(df)>;

HWY_INLINE F Read(const float* in) { return hn::LoadU(df, in); }
HWY_INLINE F Read(const uint8_t* in) { return hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, in))); }
HWY_INLINE void Write(F v, float* out) { hn::StoreU(v, df, out); }
// Of values in 0..255.
HWY_INLINE void Write(F v, uint8_t* out) { hn::StoreU(hn::U8FromU32(hn::BitCast(du, hn::NearestInt(v))), d8, out); }

template <typename T>
HWY_INLINE void Change(T* const* at, const float* m, F peak, F unit, F back) {
    const F zero = hn::Zero(df);
    F log[3];
    for (size_t c = 0; c < 3; ++c) {
        const F x = Read(at[c]);
        const F level = hn::Min(hn::IfThenElse(hn::Gt(x, zero), x, zero), peak);
        log[c] = hn::Log(df, hn::MulAdd(level, unit, hn::Set(df, 1 / 256.0f)));
    }
    for (size_t c = 0; c < 3; ++c) {
        const float* const w = m + 4 * c;
        // Less of a density is more of a logarithm.
        F sum = hn::MulSub(hn::Set(df, w[0]), log[0], hn::Set(df, w[3]));
        sum = hn::MulAdd(hn::Set(df, w[1]), log[1], sum);
        sum = hn::MulAdd(hn::Set(df, w[2]), log[2], sum);
        sum = hn::Min(hn::Max(sum, hn::Set(df, -20.0f)), hn::Set(df, 20.0f));
        const F level = hn::Mul(hn::Sub(hn::Exp(df, sum), hn::Set(df, 1 / 256.0f)), back);
        Write(hn::Min(hn::Max(level, zero), peak), at[c]);
    }
}

template <typename T>
HWY_INLINE void ChangeRow(T* const* rows, size_t n, const float* m, float peak, float top) {
    const F high = hn::Set(df, top), unit = hn::Set(df, 255 / (256 * peak)), back = hn::Set(df, peak * 256 / 255);
    size_t j = 0;
    for (; j + hn::Lanes(df) <= n; j += hn::Lanes(df)) {
        T* const at[3] = {rows[0] + j, rows[1] + j, rows[2] + j};
        Change(at, m, high, unit, back);
    }
    if (j == n) return;
    HWY_ALIGN T some[3][hn::MaxLanes(df)] = {};
    T* const at[3] = {some[0], some[1], some[2]};
    for (size_t c = 0; c < 3; ++c) std::memcpy(some[c], rows[c] + j, (n - j) * sizeof(T));
    Change(at, m, high, unit, back);
    for (size_t c = 0; c < 3; ++c) std::memcpy(rows[c] + j, some[c], (n - j) * sizeof(T));
}

void DensityFloats(float* const* rows, size_t n, const float* m, float peak) { ChangeRow(rows, n, m, peak, peak); }
void DensityBytes(uint8_t* const* rows, size_t n, const float* m, float peak) {
    ChangeRow(rows, n, m, peak, HWY_MIN(peak, 255.0f));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(DensityFloats);
HWY_EXPORT(DensityBytes);

Density::Density(Fields& fields) : matrix_(fields.array<float>("matrix", {3, 4})), peak_(fields.real("peak")) {
    if (fields.channels < 3) fields.fail("", "needs images of three channels or more");
    if (!(peak_ > 0)) fields.fail("peak", "must be above 0");
}

bool Density::idle(size_t row) const {
    for (size_t k = 0; k < 12; ++k)
        if (matrix_[row][k] != (k / 4 == k % 4 ? 1.0f : 0.0f)) return false;
    return true;
}

void Density::run(const Line& line) const {
    HWY_DYNAMIC_DISPATCH(DensityFloats)(line.rows, static_cast<size_t>(line.n), matrix_[line.row], peak_);
}

void Density::run_bytes(const ByteLine& line) const {
    HWY_DYNAMIC_DISPATCH(DensityBytes)(line.rows, static_cast<size_t>(line.n), matrix_[line.row], peak_);
}

}  // namespace augstream
#endif
