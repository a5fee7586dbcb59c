// The lowest, the middle or the highest level of a rectangle.
#pragma once

#include "plan/fields.h"
#include "plan/head.h"
#include "plan/step.h"

namespace augstream {

class Rank final : public Head {
  public:
    explicit Rank(Fields& fields);

    bool idle(size_t row) const override { return reach_[row][0] == 0 && reach_[row][1] == 0; }
    void run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const override;
    bool run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override;
    bool run_packed(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override {
        return run_bytes(in, row, scratch, emit);
    }

  private:
    template <typename T>
    void choose(const Planes& in, size_t row, Scratch& scratch, const EmitOf<T>& emit) const;

    const int which_;            // 0 the lowest, 1 the middle, 2 the highest
    const Rows<int64_t> reach_;  // (n, 2), pixels down and along
    const Border border_;
    const Rows<float> fill_;  // (n, channels), with a constant border, or none
};

}  // namespace augstream
