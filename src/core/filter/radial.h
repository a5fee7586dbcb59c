// Zoom blurs.
#pragma once

#include "plan/fields.h"
#include "plan/head.h"
#include "plan/step.h"

namespace augstream {

// The mean of an image's zooms about its center: passes of two zooms each.
class Radial final : public Head {
  public:
    explicit Radial(Fields& fields);

    bool idle(size_t row) const override { return *factor_[row] == 1; }
    void run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const override;

  private:
    const Rows<double> factor_;  // (n,), 1 to 4
    const Border border_;
    const Rows<float> fill_;  // (n, channels), with a constant border, or none
};

}  // namespace augstream
