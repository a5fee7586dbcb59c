#include "draw/tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace augstream {

namespace {

std::array<double, kLevels> logarithms() {
    std::array<double, kLevels> table{};
    for (size_t i = 0; i < kLevels; ++i) table[i] = std::log(static_cast<double>(i) / (kLevels - 1));
    return table;
}

}  // namespace

void power_table(double power, double peak, double* out) {
    static const std::array<double, kLevels> kLogarithms = logarithms();
    for (size_t i = 0; i < kLevels; ++i) out[i] = std::exp(power * kLogarithms[i]) * peak;
}

int64_t gaussian_reach(double sigma) { return sigma > 0 ? static_cast<int64_t>(std::ceil(3 * sigma)) : 0; }

void gaussian_kernel(double sigma, int64_t reach, int64_t most, double* out) {
    const double width = std::max(sigma, std::numeric_limits<double>::epsilon());
    const double steep = 0.5 / (width * width);
    double sum = 0;
    for (int64_t x = -most; x <= most; ++x) {
        const double place = static_cast<double>(x);
        sum += out[x + most] = std::abs(x) <= reach ? std::exp(-steep * place * place) : 0;
    }
    for (int64_t k = 0; k <= 2 * most; ++k) out[k] /= sum;
}

}  // namespace augstream
