// The points of a step on bytes that stay bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/point.h"

namespace augstream {

class BytePoints {
  public:
    // False where some point needs floats. Points that only change levels become one table.
    bool begin(const std::vector<const Point*>& points, size_t row, int channels);
    void run(const ByteLine& line) const;

  private:
    struct Stage {
        const Point* point = nullptr;  // null: a table
        std::vector<uint8_t> table;    // (channels, 256)
    };

    bool add_table(const Point* const* first, const Point* const* last, size_t row, int channels);

    std::vector<Stage> stages_;
};

}  // namespace augstream
