// Draws: numbers as a pure function of (key, epoch, index), by Philox.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "column.h"

namespace augstream {

// The samples that are drawn for, and the stream of bits that is drawn from.
struct Stream {
    uint64_t key;
    uint32_t epoch;
    const int64_t* index;
    size_t n;
};

// (n, k) numbers in [low, high); exactly low where the two are equal.
void uniform(const Stream& stream, size_t k, Column low, Column high, double* out);
// (n,) standard normal numbers, by Box and Muller.
void normal(const Stream& stream, double* out);
// (n,) true with probability p.
void chance(const Stream& stream, double p, bool* out);
// (n,) whole numbers in [low, low + count).
void integers(const Stream& stream, Column count, Column low, int64_t* out);
// (n,) positions in `weights`, with a probability proportional to the weight.
void choice(const Stream& stream, const std::vector<double>& weights, int64_t* out);
// (n, k) random orders of 0..k-1.
void order(const Stream& stream, size_t k, int64_t* out);
// (n,) keys of other streams.
void keys(const Stream& stream, uint64_t* out);

}  // namespace augstream
