#include "points/hsv.h"

#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/hsv.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

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

// A number of sixths of the circle, -3..9, into 0..6.
HWY_INLINE F Wrapped(F x) {
    const F circle = hn::Set(df, 6.0f);
    x = hn::IfThenElse(hn::Ge(x, circle), hn::Sub(x, circle), x);
    return hn::IfThenElse(hn::Lt(x, hn::Zero(df)), hn::Add(x, circle), x);
}

// red, green, blue at j of rows; shift: 0..6 sixths of the circle.
template <typename T>
HWY_INLINE void Change(T* red, T* green, T* blue, F shift, F saturation, F value, F peak) {
    const F zero = hn::Zero(df), one = hn::Set(df, 1.0f);
    const auto level = [&](const T* in) HWY_ATTR {
        const F x = Read(in);
        return hn::Min(hn::IfThenElse(hn::Gt(x, zero), x, zero), peak);
    };
    const F r = level(red), g = level(green), b = level(blue);
    const F most = hn::Max(hn::Max(r, g), b), chroma = hn::Sub(most, hn::Min(hn::Min(r, g), b));
    // Of the places where the hue is 0, 2 and 4 sixths, the one that is nearest, and how far it is away, times chroma.
    const auto is_red = hn::Eq(most, r), is_green = hn::Eq(most, g);
    const F from = hn::IfThenElse(is_red, zero, hn::IfThenElse(is_green, hn::Set(df, 2.0f), hn::Set(df, 4.0f)));
    const F gap = hn::IfThenElse(is_red, hn::Sub(g, b), hn::IfThenElse(is_green, hn::Sub(b, r), hn::Sub(r, g)));
    // A gray pixel has a gap of 0 over the least number that there is.
    const F tiny = hn::Set(df, 1e-30f);
    const F hue = Wrapped(hn::Add(hn::Add(hn::Div(gap, hn::Max(chroma, tiny)), from), shift));
    const F top = hn::Min(hn::Mul(most, value), peak);
    // What saturation times value becomes: the chroma, if the saturation is not above 1.
    const F share = hn::Min(hn::Mul(hn::Div(chroma, hn::Max(most, tiny)), saturation), one);
    const F spread = hn::Mul(top, share);
    const auto put = [&](float place, T* out) HWY_ATTR {
        const F k = Wrapped(hn::Add(hue, hn::Set(df, place)));
        const F ramp = hn::Min(hn::Min(k, hn::Sub(hn::Set(df, 4.0f), k)), one);
        Write(hn::NegMulAdd(spread, hn::Max(ramp, zero), top), out);
    };
    put(5 - 6, red);
    put(3, green);
    put(1, blue);
}

template <typename T>
HWY_INLINE void ChangeRow(T* const* rows, size_t n, const float* change, float peak) {
    const F shift = hn::Set(df, change[0]), saturation = hn::Set(df, change[1]), value = hn::Set(df, change[2]);
    const F high = hn::Set(df, peak);
    const size_t step = hn::Lanes(df);
    size_t j = 0;
    for (; j + step <= n; j += step) Change(rows[0] + j, rows[1] + j, rows[2] + j, shift, saturation, value, high);
    if (j == n) return;
    HWY_ALIGN T some[3][hn::MaxLanes(df)] = {};
    for (size_t c = 0; c < 3; ++c) std::memcpy(some[c], rows[c] + j, (n - j) * sizeof(T));
    Change(some[0], some[1], some[2], shift, saturation, value, high);
    for (size_t c = 0; c < 3; ++c) std::memcpy(rows[c] + j, some[c], (n - j) * sizeof(T));
}

void ChangeFloats(float* const* rows, size_t n, const float* change, float peak) { ChangeRow(rows, n, change, peak); }
void ChangeBytes(uint8_t* const* rows, size_t n, const float* change, float peak) { ChangeRow(rows, n, change, peak); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(ChangeFloats);
HWY_EXPORT(ChangeBytes);

namespace {

// The kernel's numbers: the shift in sixths of the circle, 0..6.
struct Change {
    float numbers[3];
    explicit Change(const float* given) : numbers{(given[0] - std::floor(given[0])) * 6, given[1], given[2]} {}
};

}  // namespace

Hsv::Hsv(Fields& fields) : change_(fields.array<float>("change", {3})), peak_(fields.real("peak")) {
    if (fields.channels < 3) fields.fail("", "needs images of three channels or more");
    if (!(peak_ > 0)) fields.fail("peak", "must be above 0");
}

bool Hsv::idle(size_t row) const {
    const float* change = change_[row];
    return change[0] == 0 && change[1] == 1 && change[2] == 1;
}

void Hsv::run(const Line& line) const {
    const Change change(change_[line.row]);
    HWY_DYNAMIC_DISPATCH(ChangeFloats)(line.rows, static_cast<size_t>(line.n), change.numbers, peak_);
}

void Hsv::run_bytes(const ByteLine& line) const {
    const Change change(change_[line.row]);
    const float peak = std::fmin(peak_, 255.0f);
    HWY_DYNAMIC_DISPATCH(ChangeBytes)(line.rows, static_cast<size_t>(line.n), change.numbers, peak);
}

}  // namespace augstream
#endif
