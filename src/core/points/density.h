// An affine map of the optical densities of three channels.
#pragma once

#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

class Density final : public Point {
  public:
    explicit Density(Fields& fields);

    bool idle(size_t row) const override;
    void run(const Line& line) const override;
    Bytes bytes(size_t, bool last) const override { return last ? Bytes::places : Bytes::none; }
    void run_bytes(const ByteLine& line) const override;

  private:
    const Rows<float> matrix_;  // (n, 3, 4)
    const float peak_;
};

}  // namespace augstream
