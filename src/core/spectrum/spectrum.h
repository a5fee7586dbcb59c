// The lowest frequencies of an image get other amplitudes and keep their phases.
#pragma once

#include "plan/fields.h"
#include "plan/head.h"

namespace augstream {

// No FFT: only the few coefficients that change are computed, as sums along the rows, then down the columns, and what
// they change comes back as a smooth field the same way.
class Spectrum final : public Head {
  public:
    explicit Spectrum(Fields& fields);

    bool idle(size_t row) const override { return *reach_[row] < 0; }
    void run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const override;
    bool run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override;

  private:
    template <typename T>
    void change(const Planes& in, size_t row, Scratch& scratch, const EmitOf<T>& emit) const;

    const Rows<float> amplitude_;  // (n, c, 2 k + 1, k + 1), per pixel, of frequencies -k..k down and 0..k along
    const Rows<int64_t> reach_;    // (n,), up to which frequency, k at most; -1: the image stays as it is
    const float peak_;
};

}  // namespace augstream
