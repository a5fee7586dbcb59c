// A table of output levels over the input levels, channel by channel.
#pragma once

#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

class Curve final : public Point {
  public:
    explicit Curve(Fields& fields);

    bool idle(size_t row) const override { return on_ && !*on_[row]; }
    void run(const Line& line) const override;
    Bytes bytes(size_t, bool) const override { return Bytes::levels; }

  private:
    const Rows<float> table_;  // (n, 1 or c, 256)
    const float peak_;         // the level of the last entry
    const bool steps_;         // nearest entry
    const Rows<uint8_t> on_;   // (n,), 0 where the image stays as it is, or none
};

// One channel, in place.
void curve_row(float* row, int n, const float* table, float peak, bool steps);

}  // namespace augstream
