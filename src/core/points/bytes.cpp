#include "points/bytes.h"

#include <cmath>

#include "image/pixels.h"
#include "image/plane.h"
#include "points/store.h"
#include "points/table.h"

namespace augstream {

bool BytePoints::begin(const std::vector<const Point*>& points, size_t row, int channels) {
    stages_.clear();
    for (size_t k = 0; k < points.size();) {
        const bool last = k + 1 == points.size();
        switch (points[k]->bytes(row, last)) {
            case Point::Bytes::none:
                return false;
            case Point::Bytes::places:
                stages_.push_back({points[k], {}});
                ++k;
                break;
            default:
                size_t end = k + 1;
                while (end < points.size() && points[end]->bytes(row, false) == Point::Bytes::levels) ++end;
                if (!add_table(&points[k], points.data() + end, row, channels) && end < points.size()) return false;
                k = end;
        }
    }
    return true;
}

// Every level there is goes through the points as floats do, and is rounded once. False where that changed one.
bool BytePoints::add_table(const Point* const* first, const Point* const* last, size_t row, int channels) {
    const auto n = static_cast<size_t>(channels);
    std::vector<float> levels(n * (256 + kRowPad));
    std::vector<float*> rows(n);
    for (size_t c = 0; c < n; ++c) {
        rows[c] = levels.data() + c * (256 + kRowPad);
        for (int v = 0; v < 256; ++v) rows[c][v] = static_cast<float>(v);
    }
    for (; first != last; ++first) (*first)->run({rows.data(), channels, 256, 0, 0, 256, 1, row, nullptr});
    Stage stage;
    stage.table.resize(n * 256);
    bool whole = true;
    for (size_t c = 0; c < n; ++c) {
        uint8_t* table = stage.table.data() + 256 * c;
        store_row(&rows[c], 1, 256, Type::u8, Layout::nhwc, 0, table);
        for (int v = 0; v < 256; ++v) whole = whole && rows[c][v] == static_cast<float>(table[v]);
    }
    stages_.push_back(std::move(stage));
    return whole;
}

void BytePoints::run(const ByteLine& line) const {
    for (const Stage& stage : stages_) {
        if (stage.point) {
            stage.point->run_bytes(line);
            continue;
        }
        for (size_t c = 0; c < static_cast<size_t>(line.channels); ++c)
            look_up(line.rows[c], static_cast<size_t>(line.n), stage.table.data() + 256 * c);
    }
}

}  // namespace augstream
