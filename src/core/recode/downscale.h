// Down to fewer pixels, and up again.
#pragma once

#include "plan/fields.h"
#include "plan/head.h"
#include "plan/step.h"

namespace augstream {

class Downscale final : public Head {
  public:
    explicit Downscale(Fields& fields);

    bool idle(size_t row) const override { return low_[row][0] == 0 || low_[row][1] == 0; }
    void run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const override;
    bool run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override;

  private:
    const Rows<int64_t> low_;  // (n, 2), the height and width in between; 0 leaves the image as it is
    const Interpolation interpolation_;
    const float peak_;  // levels are clipped to 0..peak
};

}  // namespace augstream
