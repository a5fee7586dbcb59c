#include "recode/aberration.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "recode/aberration.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "recode/between.h"
#include "recode/eight_bits.h"

#ifndef AUGSTREAM_RECODE_ABERRATION
#define AUGSTREAM_RECODE_ABERRATION
namespace augstream {
namespace {

// Pixels that lie between their neighbors number x + offset and the next, up to pixel `end`.
struct Run {
    size_t end;
    ptrdiff_t offset;
};

}  // namespace
}  // namespace augstream
#endif

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::Rebind<uint8_t, decltype(df)> d8;
using F = hn::Vec<decltype(df)>;

// All of these run over the end of the row, by less than kRowPad elements.

HWY_INLINE void Write(F v, float* out) { hn::StoreU(v, df, out); }
HWY_INLINE void Write(F v, uint8_t* out) { hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(v)), d8, out); }

template <typename T>
HWY_INLINE void Along(const float* line, const Run* run, const float* weight, size_t n, T* HWY_RESTRICT out) {
    // What a run writes beyond its end, the next one writes again.
    for (size_t x = 0; x < n; ++run) {
        for (; x < run->end; x += hn::Lanes(df)) {
            const float* const from = line + static_cast<ptrdiff_t>(x) + run->offset;
            const auto a = hn::LoadU(df, from);
            Write(hn::MulAdd(hn::Sub(hn::LoadU(df, from + 1), a), hn::LoadU(df, weight + x), a), out + x);
        }
        x = run->end;
    }
}
void AlongBytes(const float* line, const Run* run, const float* weight, size_t n, uint8_t* HWY_RESTRICT out) {
    Along(line, run, weight, n, out);
}
void AlongFloats(const float* line, const Run* run, const float* weight, size_t n, float* HWY_RESTRICT out) {
    Along(line, run, weight, n, out);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(AlongBytes);
HWY_EXPORT(AlongFloats);

namespace {

void along(const float* line, const std::vector<Run>& runs, const float* weight, size_t n, uint8_t* out) {
    HWY_DYNAMIC_DISPATCH(AlongBytes)(line, runs.data(), weight, n, out);
}
void along(const float* line, const std::vector<Run>& runs, const float* weight, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(AlongFloats)(line, runs.data(), weight, n, out);
}
void copy(const Plane& plane, int y, size_t n, uint8_t* out) { std::memcpy(out, plane.row<uint8_t>(y), n); }
void copy(const Plane& plane, int y, size_t n, float* out) { to_floats(plane, y, n, out); }

// Where the pixels of one channel look.
struct Scale {
    double gain = 1;
    size_t margin = 0;  // pixels that are looked at beyond each end of a row
    std::vector<Run> runs;
    std::vector<float> weight;

    // In pixels, from the middle of the first one.
    double place(int i, int n) const { return gain * (i + 0.5) + n / 2.0 * (1 - gain) - 0.5; }

    Scale(double spread, int n) : gain(1 / (1 + spread)), weight(padded(static_cast<size_t>(n)) + kRowPad) {
        if (spread == 0) return;
        margin = static_cast<size_t>(std::ceil(std::abs(1 - gain) * n / 2)) + 2;
        for (int x = 0; x < n; ++x) {
            const double at = place(x, n), first = std::floor(at);
            weight[static_cast<size_t>(x)] = static_cast<float>(at - first);
            const auto offset = static_cast<ptrdiff_t>(first) - x;
            if (runs.empty() || runs.back().offset != offset) runs.push_back({0, offset});
            runs.back().end = static_cast<size_t>(x) + 1;
        }
    }
};

template <typename T>
void enlarge(const Planes& in, const double* spread, Head::Scratch& scratch, const EmitOf<T>& emit) {
    const size_t n = static_cast<size_t>(in.width), pitch = padded(n) + kRowPad, channels = in.plane.size();
    std::vector<Scale> scales;
    size_t margin = 0;
    for (size_t c = 0; c < channels; ++c) {
        scales.emplace_back(spread[c], in.width);
        margin = std::max(margin, scales[c].margin);
    }
    T* const memory = scratch[0].take<T>(channels * pitch);
    float* const line = scratch[1].take<float>(pitch + 2 * margin) + margin;
    std::fill_n(line - margin, pitch + 2 * margin, 0.0f);
    std::vector<T*> rows;
    for (int y = 0; y < in.height; ++y) {
        rows.clear();
        for (size_t c = 0; c < channels; ++c) {
            rows.push_back(memory + c * pitch);
            const Scale& scale = scales[c];
            if (scale.runs.empty()) {
                copy(in.plane[c], y, n, rows[c]);
                continue;
            }
            const double at = scale.place(y, in.height), first = std::floor(at);
            const int above = std::clamp(static_cast<int>(first), 0, in.height - 1),
                      below = std::clamp(static_cast<int>(first) + 1, 0, in.height - 1);
            const auto weight = static_cast<float>(at - first);
            const Plane& plane = in.plane[c];
            plane.element == Element::u8
                ? between(plane.row<uint8_t>(above), plane.row<uint8_t>(below), weight, n, line)
                : between(plane.row<float>(above), plane.row<float>(below), weight, n, line);
            std::fill_n(line - scale.margin, scale.margin, line[0]);
            std::fill_n(line + n, scale.margin, line[n - 1]);
            along(line, scale.runs, scale.weight.data(), n, rows[c]);
        }
        emit(y, rows.data());
    }
}

}  // namespace

Aberration::Aberration(Fields& fields) : spread_(fields.array<double>("spread", {fields.channels})) {
    for (size_t i = 0; i < fields.rows; ++i)
        for (size_t c = 0; c < fields.channels; ++c)
            if (!(std::abs(spread_[i][c]) <= 0.5))
                fields.fail("spread", "must be within -0.5 and 0.5; got " + std::to_string(spread_[i][c]));
}

bool Aberration::idle(size_t row) const {
    return std::all_of(spread_[row], spread_[row] + spread_.shape[1], [](double spread) { return spread == 0; });
}

void Aberration::run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const {
    enlarge(in, spread_[row], scratch, emit);
}

bool Aberration::run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const {
    for (const Plane& plane : in.plane)
        if (plane.element != Element::u8) return false;
    enlarge(in, spread_[row], scratch, emit);
    return true;
}

}  // namespace augstream
#endif
