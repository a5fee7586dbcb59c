// Few levels, each pixel rounded up or down by its place in a matrix.
#pragma once

#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

class Dither final : public Point {
  public:
    static constexpr int kMost = 16;  // levels

    explicit Dither(Fields& fields);

    bool idle(size_t row) const override { return *levels_[row] == 0; }
    void run(const Line& line) const override;
    Bytes bytes(size_t, bool last) const override { return last && peak_ == 255 ? Bytes::places : Bytes::none; }
    void run_bytes(const ByteLine& line) const override;

  private:
    const Rows<int64_t> levels_;  // (n,), from 0 to the peak; 0 leaves the image as it is
    const Rows<int64_t> shift_;   // (n, 2), what the matrix is moved by, down and right
    const float peak_;
};

}  // namespace augstream
