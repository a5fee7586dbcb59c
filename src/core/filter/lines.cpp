#include "filter/lines.h"

#include <cmath>
#include <string>

#include "plan/geometry.h"

namespace augstream {

Border border_of(Fields& fields) {
    return static_cast<Border>(
        fields.integer("border", static_cast<int>(Border::constant), static_cast<int>(Border::wrap)));
}

void check_reach(Fields& fields, const Rows<int64_t>& reach, int64_t y, int64_t x) {
    for (size_t i = 0; i < fields.rows; ++i)
        if (reach[i][0] < 0 || reach[i][0] > y || reach[i][1] < 0 || reach[i][1] > x)
            fields.fail("reach", "must be within " + std::to_string(y) + " and " + std::to_string(x) + "; got " +
                                     std::to_string(reach[i][0]) + " and " + std::to_string(reach[i][1]) + " in row " +
                                     std::to_string(i));
}

bool whole_levels(const float* fill, size_t channels) {
    return !fill || std::all_of(fill, fill + channels,
                                [](float level) { return level >= 0 && level <= 255 && level == std::floor(level); });
}

std::vector<int> places(int n, int reach, Border border) {
    std::vector<int> place;
    place.reserve(static_cast<size_t>(n) + 2 * static_cast<size_t>(reach));
    for (int k = -reach; k < n + reach; ++k)
        place.push_back(k >= 0 && k < n ? k : border == Border::constant ? -1 : wrap_index(k, n, border));
    return place;
}

}  // namespace augstream
