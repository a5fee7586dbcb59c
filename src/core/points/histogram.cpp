#include "points/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "points/color.h"

namespace augstream {

// Four tables in turn, as a run of one level would wait for the count before it.
void count_bytes(const uint8_t* row, size_t n, Histogram (&part)[4]) {
    size_t j = 0;
    for (; j + 8 <= n; j += 8) {
        uint64_t word;
        std::memcpy(&word, row + j, 8);
        for (unsigned k = 0; k < 8; ++k) ++part[k % 4][(word >> (8 * k)) & 255];
    }
    for (; j < n; ++j) ++part[0][row[j]];
}

Histogram sum_of(const Histogram (&part)[4]) {
    Histogram sum;
    for (size_t v = 0; v < kBins; ++v) sum[v] = part[0][v] + part[1][v] + part[2][v] + part[3][v];
    return sum;
}

Histogram histogram(const Plane& plane, float peak) {
    Histogram part[4] = {};
    const auto n = static_cast<size_t>(plane.width);
    const float scale = 255 / peak;
    for (int y = 0; y < plane.height; ++y) {
        if (plane.element == Element::u8) {
            count_bytes(plane.row<uint8_t>(y), n, part);
            continue;
        }
        const float* row = plane.row<float>(y);
        for (size_t j = 0; j < n; ++j) {
            const float place = std::isnan(row[j]) ? 0.0f : std::clamp(row[j] * scale, 0.0f, 255.0f);
            ++part[j % 4][static_cast<size_t>(place + 0.5f)];
        }
    }
    return sum_of(part);
}

Moments moments(const Plane& plane) {
    const auto n = static_cast<size_t>(plane.width);
    const double count = static_cast<double>(n) * plane.height;
    Moments found;
    if (plane.element == Element::u8) {
        const Histogram levels = histogram(plane, 255);
        for (size_t v = 0; v < kBins; ++v) found.mean += static_cast<double>(v) * levels[v] / count;
        for (size_t v = 0; v < kBins; ++v) {
            const double gap = static_cast<double>(v) - found.mean;
            found.variance += gap * gap * levels[v] / count;
        }
        return found;
    }
    for (int y = 0; y < plane.height; ++y) found.mean += sum_row(plane.row<float>(y), n) / count;
    for (int y = 0; y < plane.height; ++y) {
        const float* row = plane.row<float>(y);
        double sum = 0;
        for (size_t j = 0; j < n; ++j) sum += (row[j] - found.mean) * (row[j] - found.mean);
        found.variance += sum / count;
    }
    return found;
}

}  // namespace augstream
