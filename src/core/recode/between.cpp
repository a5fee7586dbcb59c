#include "recode/between.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "recode/between.cpp"
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

HWY_INLINE F Level(const float* p) { return hn::LoadU(df, p); }
HWY_INLINE F Level(const uint8_t* p) { return hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, p))); }
HWY_INLINE void Write(F v, float* out) { hn::StoreU(v, df, out); }
HWY_INLINE void Write(F v, uint8_t* out) { hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(v)), d8, out); }

template <typename In, typename Out>
HWY_INLINE void Between(const In* above, const In* below, float weight, size_t n, Out* HWY_RESTRICT out) {
    const auto w = hn::Set(df, weight);
    for (size_t x = 0; x < n; x += hn::Lanes(df)) {
        const auto a = Level(above + x);
        Write(hn::MulAdd(hn::Sub(Level(below + x), a), w, a), out + x);
    }
}
void BytesToFloats(const uint8_t* above, const uint8_t* below, float weight, size_t n, float* out) {
    Between(above, below, weight, n, out);
}
void FloatsToFloats(const float* above, const float* below, float weight, size_t n, float* out) {
    Between(above, below, weight, n, out);
}
void FloatsToBytes(const float* above, const float* below, float weight, size_t n, uint8_t* out) {
    Between(above, below, weight, n, out);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(BytesToFloats);
HWY_EXPORT(FloatsToFloats);
HWY_EXPORT(FloatsToBytes);

void between(const uint8_t* above, const uint8_t* below, float weight, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(BytesToFloats)(above, below, weight, n, out);
}
void between(const float* above, const float* below, float weight, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(FloatsToFloats)(above, below, weight, n, out);
}
void between(const float* above, const float* below, float weight, size_t n, uint8_t* out) {
    HWY_DYNAMIC_DISPATCH(FloatsToBytes)(above, below, weight, n, out);
}

}  // namespace augstream
#endif
