// The separable filter of a plan.
#pragma once

#include "filter/separable.h"
#include "plan/fields.h"
#include "plan/head.h"
#include "plan/step.h"

namespace augstream {

// out(x, y) = sum over i and j of along[i] * down[j] * in(x + i - kx / 2, y + j - ky / 2).
class Filter final : public Head {
  public:
    explicit Filter(Fields& fields);

    bool idle(size_t row) const override { return reach_[row][0] == 0 && reach_[row][1] == 0; }
    void run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const override;
    bool run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override;
    bool run_packed(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override {
        return run_bytes(in, row, scratch, emit);
    }

  private:
    Profile along(size_t row) const { return {along_[row], along_.shape[1], reach_[row][1]}; }
    Profile down(size_t row) const { return {down_[row], down_.shape[1], reach_[row][0]}; }

    const Rows<float> along_;    // (n, kx)
    const Rows<float> down_;     // (n, ky)
    const Rows<int64_t> reach_;  // (n, 2), weights beyond these many pixels down and along are zero
    const Border border_;
    const Rows<float> fill_;  // (n, channels), with a constant border, or none
    const Rows<float> mask_;  // (n, 3), amount, threshold and highest level of an unsharp mask, or none
};

}  // namespace augstream
