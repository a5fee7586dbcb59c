// Separable filters: blurs of all kinds, and whatever else is a row of weights along and one down.
#pragma once

#include <vector>

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

  private:
    const Rows<float> along_;    // (n, kx)
    const Rows<float> down_;     // (n, ky)
    const Rows<int64_t> reach_;  // (n, 2), weights beyond these many pixels down and along are zero
    const Border border_;
    const Rows<float> fill_;  // (n, channels), with a constant border, or none
    const Rows<float> mask_;  // (n, 3), amount, threshold and highest level of an unsharp mask, or none
};

// The same for a head that has found its weights to be a column times a row; odd numbers of both.
void run_separable(const Planes& in, const std::vector<float>& down, const std::vector<float>& along, Border border,
                   const float* fill, Head::Scratch& scratch, const Emit& emit);
// False where floats are needed.
bool run_separable_bytes(const Planes& in, const std::vector<float>& down, const std::vector<float>& along,
                         Border border, const float* fill, Head::Scratch& scratch, const EmitBytes& emit);

}  // namespace augstream
