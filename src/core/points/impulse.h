// Pixels that become one of two levels, by chance: salt and pepper, dropped pixels.
#pragma once

#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

class Impulse final : public Point {
  public:
    explicit Impulse(Fields& fields);

    bool idle(size_t row) const override { return below_[row][0] == 0 && below_[row][1] == 0; }
    void run(const Line& line) const override { set(line); }
    Bytes bytes(size_t, bool last) const override { return last ? Bytes::places : Bytes::none; }
    void run_bytes(const ByteLine& line) const override { set(line); }

  private:
    template <typename T>
    void set(const LineOf<T>& line) const;

    const Rows<int64_t> below_;  // (n, 2), how many of the 2^24 numbers stand for each of the two levels
    const Rows<float> fill_;     // (n, 2, c)
    const Rows<uint64_t> key_;   // (n,)
    const size_t channels_;      // how many are set
    const bool per_channel_;
};

}  // namespace augstream
