#include "points/dither.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/dither.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef AUGSTREAM_POINTS_DITHER
#define AUGSTREAM_POINTS_DITHER
namespace augstream {
namespace {

// Of one row of the matrix: from which byte on each level is reached, column by column; and the levels.
struct Thresholds {
    int steps = 0;
    uint8_t from[Dither::kMost][8] = {}, level[Dither::kMost] = {};
};

}  // namespace
}  // namespace augstream
#endif

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// column: of the matrix, at the first pixel.
void RoundBytes(const Thresholds& row, size_t column, size_t n, uint8_t* line) {
    const hn::ScalableTag<uint8_t> d;
    const size_t step = hn::Lanes(d);
    uint8_t from[Dither::kMost][8 + hn::MaxLanes(d)];
    for (int k = 1; k <= row.steps; ++k)
        for (size_t j = 0; j < 8 + step; ++j) from[k - 1][j] = row.from[k - 1][j % 8];
    const auto apply = [&](size_t x, uint8_t* to) HWY_ATTR {
        const auto level = hn::LoadU(d, to);
        auto made = hn::Zero(d);
        for (int k = 0; k < row.steps; ++k) {
            const auto least = hn::LoadU(d, from[k] + (column + x) % 8);
            made = hn::IfThenElse(hn::Eq(hn::Max(level, least), level), hn::Set(d, row.level[k]), made);
        }
        hn::StoreU(made, d, to);
    };
    size_t x = 0;
    for (; x + step <= n; x += step) apply(x, line + x);
    if (x == n) return;
    HWY_ALIGN uint8_t some[hn::MaxLanes(d)] = {};
    std::memcpy(some, line + x, n - x);
    apply(x, some);
    std::memcpy(line + x, some, n - x);
}

// threshold: of the row of the matrix, 0 to 1.
void RoundFloats(const float* threshold, size_t column, float steps, float peak, size_t n, float* line) {
    const hn::ScalableTag<float> d;
    const size_t step = hn::Lanes(d);
    float repeated[8 + hn::MaxLanes(d)];
    for (size_t j = 0; j < 8 + step; ++j) repeated[j] = threshold[j % 8];
    const auto most = hn::Set(d, peak), down = hn::Set(d, steps / peak), up = hn::Set(d, peak / steps);
    for (size_t x = 0; x < n; x += step) {
        const auto given = hn::LoadU(d, line + x);
        // What is no number becomes the lowest.
        const auto level = hn::Min(hn::IfThenElse(hn::Gt(given, hn::Zero(d)), given, hn::Zero(d)), most);
        const auto place = hn::MulAdd(level, down, hn::LoadU(d, repeated + (column + x) % 8));
        hn::StoreU(hn::Mul(hn::Floor(place), up), d, line + x);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(RoundBytes);
HWY_EXPORT(RoundFloats);

namespace {

// The matrix of Bayer (1973): the bits of its numbers are those of x xor y and y, the last ones first.
int bayer(int64_t y, int64_t x) {
    int number = 0;
    for (int bit = 0; bit < 3; ++bit) {
        const auto right = static_cast<int>(x >> bit & 1), down = static_cast<int>(y >> bit & 1);
        number |= ((right ^ down) << 1 | down) << (2 * (2 - bit));
    }
    return number;
}

size_t colored(int channels) { return static_cast<size_t>(channels == 4 ? 3 : channels); }

}  // namespace

Dither::Dither(Fields& fields)
    : levels_(fields.array<int64_t>("levels", {})),
      shift_(fields.array<int64_t>("shift", {2})),
      peak_(fields.real("peak")) {
    if (!(peak_ > 0)) fields.fail("peak", "must be above 0");
    for (size_t i = 0; i < fields.rows; ++i) {
        const int64_t levels = *levels_[i];
        if (levels != 0 && (levels < 2 || levels > kMost))
            fields.fail("levels", "must be 0 (none) or 2 to 16; got " + std::to_string(levels));
        for (int k = 0; k < 2; ++k)
            if (shift_[i][k] < 0 || shift_[i][k] > 7) fields.fail("shift", "must be 0 to 7");
    }
}

void Dither::run(const Line& line) const {
    float threshold[8];
    const int64_t* shift = shift_[line.row];
    for (int x = 0; x < 8; ++x) threshold[x] = (static_cast<float>(bayer(line.y + shift[0], x)) + 0.5f) / 64;
    const auto column = static_cast<size_t>(line.x + shift[1]), n = static_cast<size_t>(line.n);
    const auto steps = static_cast<float>(*levels_[line.row] - 1);
    for (size_t c = 0; c < colored(line.channels); ++c)
        HWY_DYNAMIC_DISPATCH(RoundFloats)(threshold, column, steps, peak_, n, line.rows[c]);
}

void Dither::run_bytes(const ByteLine& line) const {
    Thresholds row;
    const int64_t* shift = shift_[line.row];
    row.steps = static_cast<int>(*levels_[line.row]) - 1;
    for (int k = 1; k <= row.steps; ++k) {
        row.level[k - 1] = static_cast<uint8_t>(std::nearbyint(255.0 * k / row.steps));
        for (int x = 0; x < 8; ++x) {
            // Level k from `byte * steps / 255 + (number + 1/2) / 64 >= k` on, which is never a tie.
            const int least = 255 * (128 * k - 2 * bayer(line.y + shift[0], x) - 1), unit = 128 * row.steps;
            row.from[k - 1][x] = static_cast<uint8_t>(least <= 0 ? 0 : (least + unit - 1) / unit);
        }
    }
    const auto column = static_cast<size_t>(line.x + shift[1]), n = static_cast<size_t>(line.n);
    for (size_t c = 0; c < colored(line.channels); ++c) HWY_DYNAMIC_DISPATCH(RoundBytes)(row, column, n, line.rows[c]);
}

}  // namespace augstream
#endif
