#include <algorithm>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gather/prefilter.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "gather/rows.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Bytes, in 16-bit fixed point: center + side * (before - 2 * center + after), rounded once. Between the axes stand
// 64ths of a level; sides are 65536ths, by which MulHigh divides.
void Bytes(const Plane& in, const Plane& out, double side_x, double side_y, int16_t* HWY_RESTRICT line) {
    const hn::ScalableTag<int16_t> d16;
    const hn::Rebind<uint8_t, decltype(d16)> d8;
    const size_t n = static_cast<size_t>(in.x1 - in.x0), step = hn::Lanes(d16);
    const auto side = hn::Set(d16, static_cast<int16_t>(std::lround(65536 * side_y)));
    const auto beside = hn::Set(d16, static_cast<int16_t>(std::lround(65536 * side_x)));
    const auto half = hn::Set(d16, 32);
    int16_t* row = line + step;
    for (int y = in.y0; y < in.y1; ++y) {
        const uint8_t* HWY_RESTRICT b = in.row<uint8_t>(y);
        const uint8_t* HWY_RESTRICT a = in.row<uint8_t>(std::max(y - 1, in.y0));
        const uint8_t* HWY_RESTRICT c = in.row<uint8_t>(std::min(y + 1, in.y1 - 1));
        for (size_t x = 0; x < n; x += step) {
            const auto around =
                hn::Add(hn::PromoteTo(d16, hn::LoadU(d8, a + x)), hn::PromoteTo(d16, hn::LoadU(d8, c + x)));
            const auto here = hn::PromoteTo(d16, hn::LoadU(d8, b + x));
            const auto bend = hn::ShiftLeft<6>(hn::Sub(around, hn::Add(here, here)));
            hn::StoreU(hn::Add(hn::ShiftLeft<6>(here), hn::MulHigh(bend, side)), d16, row + x);
        }
        row[-1] = row[0];
        row[n] = row[n - 1];
        uint8_t* HWY_RESTRICT to = out.row<uint8_t>(y);
        for (size_t x = 0; x < n; x += step) {
            const auto here = hn::LoadU(d16, row + x);
            const auto around = hn::Add(hn::LoadU(d16, row + x - 1), hn::LoadU(d16, row + x + 1));
            const auto bend = hn::Sub(around, hn::Add(here, here));
            const auto value = hn::ShiftRight<6>(hn::Add(hn::Add(here, hn::MulHigh(bend, beside)), half));
            hn::StoreU(hn::DemoteTo(d8, value), d8, to + x);
        }
    }
}

void Floats(const Plane& in, const Plane& out, float side_x, float side_y, float* HWY_RESTRICT line) {
    const hn::ScalableTag<float> d;
    const size_t n = static_cast<size_t>(in.x1 - in.x0), step = hn::Lanes(d);
    const auto side = hn::Set(d, side_y), beside = hn::Set(d, side_x);
    const auto two = hn::Set(d, 2.0f);
    float* row = line + step;
    // center + side * (before - 2 * center + after) keeps flat areas exactly flat.
    for (int y = in.y0; y < in.y1; ++y) {
        const float* HWY_RESTRICT b = in.row<float>(y);
        const float* HWY_RESTRICT a = in.row<float>(std::max(y - 1, in.y0));
        const float* HWY_RESTRICT c = in.row<float>(std::min(y + 1, in.y1 - 1));
        for (size_t x = 0; x < n; x += step) {
            const auto here = hn::LoadU(d, b + x);
            const auto bend = hn::NegMulAdd(two, here, hn::Add(hn::LoadU(d, a + x), hn::LoadU(d, c + x)));
            hn::StoreU(hn::MulAdd(side, bend, here), d, row + x);
        }
        row[-1] = row[0];
        row[n] = row[n - 1];
        float* HWY_RESTRICT to = out.row<float>(y);
        for (size_t x = 0; x < n; x += step) {
            const auto here = hn::LoadU(d, row + x);
            const auto bend = hn::NegMulAdd(two, here, hn::Add(hn::LoadU(d, row + x - 1), hn::LoadU(d, row + x + 1)));
            hn::StoreU(hn::MulAdd(beside, bend, here), d, to + x);
        }
    }
}

void PrefilterPlane(const Plane& in, const Plane& out, double vx, double vy, Buffer& scratch) {
    const size_t room = padded(static_cast<size_t>(in.x1 - in.x0)) + 4 * kRowPad;
    if (in.element == Element::u8) {
        Bytes(in, out, vx / 2, vy / 2, scratch.take<int16_t>(room));
    } else {
        Floats(in, out, static_cast<float>(vx / 2), static_cast<float>(vy / 2), scratch.take<float>(room));
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(PrefilterPlane);

void prefilter_plane(const Plane& in, const Plane& out, double vx, double vy, Buffer& scratch) {
    HWY_DYNAMIC_DISPATCH(PrefilterPlane)(in, out, vx, vy, scratch);
}

}  // namespace augstream
#endif
