// Boxes of a random area and shape inside of an image.
#pragma once

#include <cstddef>
#include <cstdint>

namespace augstream {

struct Sides {
    double height, width;
};

// The first of some boxes that fits into an image of this size (height, width); share: their parts of its area; ratio:
// the logarithms of their widths over their heights. False where none fits.
bool first_fit(const int64_t* size, const double* share, const double* ratio, size_t tries, Sides& out);

// The largest box of a shape in a range.
Sides largest(const int64_t* size, double lowest_ratio, double highest_ratio);

}  // namespace augstream
