// Each channel at a scale of its own, about the center of the image.
#pragma once

#include "plan/fields.h"
#include "plan/head.h"

namespace augstream {

class Aberration final : public Head {
  public:
    explicit Aberration(Fields& fields);

    bool idle(size_t row) const override;
    void run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const override;
    bool run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const override;

  private:
    const Rows<double> spread_;  // (n, channels), how much each is enlarged
};

}  // namespace augstream
