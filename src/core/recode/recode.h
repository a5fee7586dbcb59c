// Encodes and decodes again: what a lossy file would make of the image.
#pragma once

#include "plan/fields.h"
#include "plan/head.h"

namespace augstream {

// 1 channel is gray, 3 are RGB, 4 are RGB and alpha, which stays; of other numbers each is a gray image. Levels are
// rounded to 8 bits before.
class Recode final : public Head {
  public:
    explicit Recode(Fields& fields);

    bool idle(size_t row) const override { return *quality_[row] == 0; }
    void run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const override;
    bool run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override;

  private:
    void code(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const;

    const bool webp_;              // or JPEG
    const Rows<int64_t> quality_;  // (n,), 1 to 100; 0 leaves the image as it is
    const float peak_;
};

}  // namespace augstream
