// Convolutions by a rectangle of weights.
#pragma once

#include "plan/fields.h"
#include "plan/head.h"
#include "plan/step.h"

namespace augstream {

// out(x, y) = sum over i and j of weights[i][j] * in(x + j - kx / 2, y + i - ky / 2).
class Kernel final : public Head {
  public:
    explicit Kernel(Fields& fields);

    bool idle(size_t row) const override { return reach_[row][0] == 0 && reach_[row][1] == 0; }
    void run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const override;
    bool run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override;
    bool run_packed(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override {
        return run_bytes(in, row, scratch, emit);
    }

  private:
    struct Weights;

    const Rows<float> weights_;  // (n, ky, kx)
    const Rows<int64_t> reach_;  // (n, 2), weights beyond these many pixels down and along are zero
    const Border border_;
    const Rows<float> fill_;  // (n, channels), with a constant border, or none
    const float high_;        // what is made is clipped to 0..high; not where it is 0
};

}  // namespace augstream
