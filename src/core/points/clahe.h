// Contrast-limited adaptive histogram equalization: a table for each tile of the image, bilinear between them.
#pragma once

#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

class Clahe final : public Point {
  public:
    explicit Clahe(Fields& fields);

    bool idle(size_t row) const override { return !*on_[row]; }
    void run(const Line&) const override {}  // measured() does it
    bool measures() const override { return true; }
    std::unique_ptr<Point> measured(const Planes& image, size_t row) const override;

  private:
    const Rows<double> clip_;  // (n,)
    const int tiles_;          // a side
    const float peak_;
    const Rows<uint8_t> on_;  // (n,)
};

}  // namespace augstream
