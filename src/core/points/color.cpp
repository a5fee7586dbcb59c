#include <cstring>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/color.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "points/color.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
using F = hn::Vec<decltype(df)>;

// What is no number becomes the lowest.
HWY_INLINE F Clip(F x, F low, F high) { return hn::Min(hn::IfThenElse(hn::Gt(x, low), x, low), high); }

void ClipRow(float* row, float low, float high, int n) {
    const F a = hn::Set(df, low), b = hn::Set(df, high);
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df))
        hn::StoreU(Clip(hn::LoadU(df, row + j), a, b), df, row + j);
}

double SumRow(const float* row, size_t n) {
    double sum = 0;
    size_t j = 0;
    // So few in each lane that bytes are added without a rounding.
    while (j + hn::Lanes(df) <= n) {
        F lanes = hn::Zero(df);
        for (size_t k = 0; k < 256 && j + hn::Lanes(df) <= n; ++k, j += hn::Lanes(df))
            lanes = hn::Add(lanes, hn::LoadU(df, row + j));
        HWY_ALIGN float each[hn::MaxLanes(df)];
        hn::Store(lanes, df, each);
        for (size_t k = 0; k < hn::Lanes(df); ++k) sum += each[k];
    }
    for (; j < n; ++j) sum += row[j];
    return sum;
}

// The usual images, with everything in registers.
template <int kInputs, int kOutputs>
void ColorFixed(float* const* rows, const float* m, const float* clip, int n) {
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df)) {
        const F a = hn::LoadU(df, rows[0] + j);
        const F b = kInputs > 1 ? hn::LoadU(df, rows[1] + j) : a;
        const F c = kInputs > 2 ? hn::LoadU(df, rows[2] + j) : a;
        for (int o = 0; o < kOutputs; ++o) {
            const float* w = m + o * (kInputs + 1);
            F sum = hn::MulAdd(hn::Set(df, w[0]), a, hn::Set(df, w[kInputs]));
            if (kInputs > 1) sum = hn::MulAdd(hn::Set(df, w[1]), b, sum);
            if (kInputs > 2) sum = hn::MulAdd(hn::Set(df, w[2]), c, sum);
            if (clip) sum = Clip(sum, hn::Set(df, clip[2 * o]), hn::Set(df, clip[2 * o + 1]));
            hn::StoreU(sum, df, rows[o] + j);
        }
    }
}

// Any number of channels; a block of pixels at a time, so that inputs may be overwritten.
void ColorAny(float* const* rows, int inputs, int outputs, const float* m, const float* clip, int n) {
    constexpr size_t kBlock = 64;
    static_assert(kBlock <= kRowPad);
    thread_local std::vector<float> result;
    result.resize(static_cast<size_t>(outputs) * kBlock);
    for (size_t j = 0; j < static_cast<size_t>(n); j += kBlock) {
        for (int o = 0; o < outputs; ++o) {
            const float* w = m + o * (inputs + 1);
            float* to = result.data() + static_cast<size_t>(o) * kBlock;
            for (size_t x = 0; x < kBlock; x += hn::Lanes(df)) {
                F sum = hn::Set(df, w[inputs]);
                for (int i = 0; i < inputs; ++i)
                    sum = hn::MulAdd(hn::Set(df, w[i]), hn::LoadU(df, rows[i] + j + x), sum);
                if (clip) sum = Clip(sum, hn::Set(df, clip[2 * o]), hn::Set(df, clip[2 * o + 1]));
                hn::StoreU(sum, df, to + x);
            }
        }
        for (int o = 0; o < outputs; ++o)
            std::memcpy(rows[o] + j, result.data() + static_cast<size_t>(o) * kBlock, kBlock * sizeof(float));
    }
}

// Three channels of bytes: as floats, rounded and clipped once.
void ColorBytes(uint8_t* const* rows, const float* m, const float* clip, size_t n) {
    const hn::RebindToSigned<decltype(df)> di;
    const hn::RebindToUnsigned<decltype(df)> du;
    const hn::Rebind<uint8_t, decltype(df)> d8;
    const size_t step = hn::Lanes(df);
    // All three are the same one.
    const bool gray =
        !std::memcmp(m, m + 4, 4 * sizeof(float)) && !std::memcmp(m, m + 8, 4 * sizeof(float)) &&
        (!clip || (!std::memcmp(clip, clip + 2, 2 * sizeof(float)) && !std::memcmp(clip, clip + 4, 2 * sizeof(float))));
    const auto change = [&](uint8_t* const* at) HWY_ATTR {
        const auto read = [&](const uint8_t* in)
                              HWY_ATTR { return hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, in))); };
        const F a = read(at[0]), b = read(at[1]), c = read(at[2]);
        const int outputs = gray ? 1 : 3;
        for (int o = 0; o < outputs; ++o) {
            const float* w = m + 4 * o;
            F sum = hn::MulAdd(hn::Set(df, w[0]), a, hn::Set(df, w[3]));
            sum = hn::MulAdd(hn::Set(df, w[1]), b, sum);
            sum = hn::MulAdd(hn::Set(df, w[2]), c, sum);
            if (clip) sum = Clip(sum, hn::Set(df, clip[2 * o]), hn::Set(df, clip[2 * o + 1]));
            sum = Clip(sum, hn::Zero(df), hn::Set(df, 255.0f));
            hn::StoreU(hn::U8FromU32(hn::BitCast(du, hn::NearestInt(sum))), d8, at[o]);
        }
    };
    size_t j = 0;
    for (; j + step <= n; j += step) {
        uint8_t* const at[3] = {rows[0] + j, rows[1] + j, rows[2] + j};
        change(at);
    }
    HWY_ALIGN uint8_t some[3][hn::MaxLanes(df)] = {};
    uint8_t* const at[3] = {some[0], some[1], some[2]};
    for (size_t c = 0; c < 3; ++c) std::memcpy(some[c], rows[c] + j, n - j);
    change(at);
    for (size_t c = 0; c < 3; ++c) std::memcpy(rows[c] + j, some[c], n - j);
    for (size_t c = 1; c < 3 && gray; ++c) std::memcpy(rows[c], rows[0], n);
}

void ColorRow(float* const* rows, int inputs, int outputs, const float* m, const float* clip, int n) {
    if (inputs == 3 && outputs == 3) return ColorFixed<3, 3>(rows, m, clip, n);
    if (inputs == 1 && outputs == 1) return ColorFixed<1, 1>(rows, m, clip, n);
    if (inputs == 1 && outputs == 3) return ColorFixed<1, 3>(rows, m, clip, n);
    if (inputs == 3 && outputs == 1) return ColorFixed<3, 1>(rows, m, clip, n);
    ColorAny(rows, inputs, outputs, m, clip, n);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(ClipRow);
HWY_EXPORT(SumRow);
HWY_EXPORT(ColorRow);
HWY_EXPORT(ColorBytes);

void clip_row(float* row, float low, float high, int n) { HWY_DYNAMIC_DISPATCH(ClipRow)(row, low, high, n); }

double sum_row(const float* row, size_t n) { return HWY_DYNAMIC_DISPATCH(SumRow)(row, n); }

void color_row(float* const* rows, int inputs, int outputs, const float* matrix, const float* clip, int n) {
    HWY_DYNAMIC_DISPATCH(ColorRow)(rows, inputs, outputs, matrix, clip, n);
}

Color::Color(Fields& fields)
    : matrix(fields.array<float>("matrix", {fields.channels, fields.channels + 1})),
      clip(fields.array_or_none<float>("clip", {fields.channels, 2})) {}

void Color::run(const Line& line) const {
    color_row(line.rows, line.channels, line.channels, matrix[line.row], clip ? clip[line.row] : nullptr, line.n);
}

namespace {

// Whether row i of a matrix is one channel as it is, and which.
bool takes_one(const float* m, size_t c, size_t& which) {
    size_t ones = 0, zeros = 0;
    for (size_t j = 0; j < c; ++j) {
        if (m[j] == 1) which = j;
        ones += m[j] == 1;
        zeros += m[j] == 0;
    }
    return ones == 1 && ones + zeros == c && m[c] == 0;
}

}  // namespace

// Whether channels only change places.
bool Color::exchanges(size_t row, size_t (&from)[3]) const {
    bool all = matrix.shape[1] == 3;
    for (size_t i = 0; all && i < 3; ++i)
        all = takes_one(matrix[row] + 4 * i, 3, from[i]) &&
              (!clip || (clip[row][2 * i] <= 0 && clip[row][2 * i + 1] >= 255));
    return all;
}

Point::Bytes Color::bytes(size_t row, bool last) const {
    const size_t c = matrix.shape[1];
    bool crossed = false;
    for (size_t k = 0; k < c * (c + 1); ++k)
        crossed = crossed || (k / (c + 1) != k % (c + 1) && k % (c + 1) != c && matrix[row][k] != 0);
    if (!crossed) return Bytes::levels;
    // Channels that change places stay whole bytes; anything else is rounded, which is right at the end alone.
    size_t from[3];
    return c == 3 && (last || exchanges(row, from)) ? Bytes::places : Bytes::none;
}

void Color::run_bytes(const ByteLine& line) const {
    const auto n = static_cast<size_t>(line.n);
    size_t from[3];
    if (exchanges(line.row, from)) {
        thread_local std::vector<uint8_t> before;
        before.resize(3 * n);
        for (size_t c = 0; c < 3; ++c) std::memcpy(&before[c * n], line.rows[c], n);
        for (size_t c = 0; c < 3; ++c) std::memcpy(line.rows[c], &before[from[c] * n], n);
        return;
    }
    const float *const m = matrix[line.row], *const limits = clip ? clip[line.row] : nullptr;
    HWY_DYNAMIC_DISPATCH(ColorBytes)(line.rows, m, limits, n);
}

}  // namespace augstream
#endif
