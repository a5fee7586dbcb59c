#include "draw/draws.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "draw/philox.h"

namespace augstream {

namespace {

// Calls use(row, number, 64 bits) for k numbers of each row. Two words make 64 bits, the low one first.
void each_word(const Stream& stream, size_t k, const auto& use) {
    const PhiloxKey key = philox_key(stream.key);
    for (size_t i = 0; i < stream.n; ++i) {
        const PhiloxKey halves = philox_key(static_cast<uint64_t>(stream.index[i]));
        for (size_t j = 0; j < k; j += 2) {
            const PhiloxCounter block =
                philox_block(key, {stream.epoch, halves[0], halves[1], static_cast<uint32_t>(j / 2)});
            use(i, j, block[0] | uint64_t{block[1]} << 32);
            if (j + 1 < k) use(i, j + 1, block[2] | uint64_t{block[3]} << 32);
        }
    }
}

// use(row, number, fraction in [0, 1)): the upper 53 bits are exactly what a double holds.
void each_fraction(const Stream& stream, size_t k, const auto& use) {
    each_word(stream, k,
              [&](size_t i, size_t j, uint64_t word) { use(i, j, static_cast<double>(word >> 11) * 0x1p-53); });
}

}  // namespace

void uniform(const Stream& stream, size_t k, Column low, Column high, double* out) {
    each_fraction(stream, k, [&](size_t i, size_t j, double fraction) {
        const double from = low[i];
        out[i * k + j] = from + (high[i] - from) * fraction;
    });
}

void normal(const Stream& stream, double* out) {
    double radius = 0;
    each_fraction(stream, 2, [&](size_t i, size_t j, double fraction) {
        if (j == 0)
            radius = std::sqrt(-2 * std::log1p(-fraction));
        else
            out[i] = radius * std::cos(2 * std::numbers::pi * fraction);
    });
}

void chance(const Stream& stream, double p, bool* out) {
    each_fraction(stream, 1, [&](size_t i, size_t, double fraction) { out[i] = fraction < p; });
}

void integers(const Stream& stream, Column count, Column low, int64_t* out) {
    each_fraction(stream, 1, [&](size_t i, size_t, double fraction) {
        out[i] = static_cast<int64_t>(low[i]) + static_cast<int64_t>(fraction * count[i]);
    });
}

void choice(const Stream& stream, const std::vector<double>& weights, int64_t* out) {
    std::vector<double> edges(weights.size());
    std::partial_sum(weights.begin(), weights.end(), edges.begin());
    each_fraction(stream, 1, [&](size_t i, size_t, double fraction) {
        const auto place = std::upper_bound(edges.begin(), edges.end(), fraction * edges.back()) - edges.begin();
        // A fraction just under one may round up to the last edge.
        out[i] = std::min<int64_t>(place, static_cast<int64_t>(edges.size()) - 1);
    });
}

void order(const Stream& stream, size_t k, int64_t* out) {
    std::vector<double> fractions(stream.n * k);
    uniform(stream, k, {.value = 0}, {.value = 1}, fractions.data());
    for (size_t i = 0; i < stream.n; ++i) {
        const double* const row = fractions.data() + i * k;
        int64_t* const mine = out + i * k;
        std::iota(mine, mine + k, int64_t{0});
        std::stable_sort(mine, mine + k, [&](int64_t a, int64_t b) { return row[a] < row[b]; });
    }
}

void keys(const Stream& stream, uint64_t* out) {
    each_word(stream, 1, [&](size_t i, size_t, uint64_t word) { out[i] = word; });
}

}  // namespace augstream
