#include "draw/boxes.h"

#include <algorithm>
#include <cmath>

namespace augstream {

bool first_fit(const int64_t* size, const double* share, const double* ratio, size_t tries, Sides& out) {
    const double height = static_cast<double>(size[0]), width = static_cast<double>(size[1]);
    for (size_t k = 0; k < tries; ++k) {
        const double side = std::sqrt(share[k] * (height * width)), root = std::exp(ratio[k] / 2);
        out = {std::rint(side / root), std::rint(side * root)};
        if (out.height >= 1 && out.width >= 1 && out.height <= height && out.width <= width) return true;
    }
    return false;
}

Sides largest(const int64_t* size, double lowest_ratio, double highest_ratio) {
    const double height = static_cast<double>(size[0]), width = static_cast<double>(size[1]);
    return {std::max(std::min(height, std::rint(width / lowest_ratio)), 1.0),
            std::max(std::min(width, std::rint(height * highest_ratio)), 1.0)};
}

}  // namespace augstream
