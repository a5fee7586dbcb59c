// Areas of like color, some of which get their mean color.
#pragma once

#include "plan/fields.h"
#include "plan/head.h"

namespace augstream {

// SLIC in whole numbers; plan/kinds/superpixels.py says how. Alpha stays.
class Superpixels final : public Head {
  public:
    explicit Superpixels(Fields& fields);

    bool idle(size_t row) const override { return !grid_[row][0] || !grid_[row][1] || *share_[row] == 0; }
    void run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const override;
    bool run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override;

  private:
    template <typename T>
    void paint(const Planes& in, size_t row, Scratch& scratch, const EmitOf<T>& emit) const;

    const Rows<int64_t> grid_;  // (n, 2), rows and columns of centers; 0 leaves the image as it is
    const Rows<float> share_;   // (n,) of the areas that are painted
    const Rows<uint64_t> key_;  // (n,)
    const float peak_;
};

}  // namespace augstream
