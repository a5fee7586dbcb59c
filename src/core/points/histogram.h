// What the levels of a whole image are like.
#pragma once

#include <array>
#include <cstdint>

#include "image/plane.h"

namespace augstream {

inline constexpr int kBins = 256;
// How often each level stands there.
using Histogram = std::array<uint32_t, kBins>;

// Of a whole plane: bytes as they are, floats as the nearest of 256 levels from 0 to the peak.
Histogram histogram(const Plane& plane, float peak);
void count_bytes(const uint8_t* row, size_t n, Histogram (&part)[4]);
Histogram sum_of(const Histogram (&part)[4]);

// The mean and the variance of a whole plane.
struct Moments {
    double mean = 0, variance = 0;
};
Moments moments(const Plane& plane);

}  // namespace augstream
