// Levels that are changed by what the levels of the whole image at hand are like.
#pragma once

#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

class Statistic final : public Point {
  public:
    explicit Statistic(Fields& fields);

    bool idle(size_t row) const override { return !*on_[row]; }
    void run(const Line&) const override {}  // measured() does it
    bool measures() const override { return true; }
    std::unique_ptr<Point> measured(const Planes& image, size_t row) const override;

  private:
    enum class What : uint8_t { equalize, stretch, match, contrast, standardize, standardize_channels };

    const What what_;
    const size_t channels_;  // those behind them (alpha) stay
    const float peak_;
    const Rows<double> amount_;  // (n, 2)
    const Rows<double> target_;  // match: (n, c, 256), the share of pixels up to each level; or none
    const Rows<uint8_t> on_;     // (n,)
};

}  // namespace augstream
