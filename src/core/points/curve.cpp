#include "points/curve.h"

#include <algorithm>
#include <cmath>

namespace augstream {

Curve::Curve(Fields& fields)
    : table_(fields.array<float>("table", {Fields::kAny, 256})),
      peak_(fields.real("peak")),
      steps_(fields.flag("steps")),
      on_(fields.array_or_none<uint8_t>("on", {})) {
    if (table_.shape[1] != 1 && table_.shape[1] != fields.channels) fields.fail("table", "must have 1 or all channels");
}

void curve_row(float* row, int n, const float* table, float peak, bool steps) {
    const float scale = 255 / peak;
    for (int j = 0; j < n; ++j) {
        float place = std::clamp(std::isnan(row[j]) ? 0.0f : row[j] * scale, 0.0f, 255.0f);
        if (steps) place = std::floor(place + 0.5f);
        const int low = std::min(static_cast<int>(place), 254);
        row[j] = table[low] + (place - static_cast<float>(low)) * (table[low + 1] - table[low]);
    }
}

void Curve::run(const Line& line) const {
    for (size_t c = 0; c < static_cast<size_t>(line.channels); ++c)
        curve_row(line.rows[c], line.n, table_[line.row] + (table_.shape[1] == 1 ? 0 : 256 * c), peak_, steps_);
}

}  // namespace augstream
