// Tables of functions: curves over the levels, kernels of filters.
#pragma once

#include <cstddef>
#include <cstdint>

namespace augstream {

inline constexpr size_t kLevels = 256;

// Level x of 0..1 becomes peak * x ** power, at 256 evenly spaced x.
void power_table(double power, double peak, double* out);

// How far a Gaussian of this standard deviation reaches: three of them.
int64_t gaussian_reach(double sigma);
// Its weights at -most..most, zero beyond its reach; their sum is 1.
void gaussian_kernel(double sigma, int64_t reach, int64_t most, double* out);

}  // namespace augstream
