// Hue, saturation and value of a color.
#pragma once

#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

class Hsv final : public Point {
  public:
    explicit Hsv(Fields& fields);

    bool idle(size_t row) const override;
    void run(const Line& line) const override;
    Bytes bytes(size_t, bool last) const override { return last ? Bytes::places : Bytes::none; }
    void run_bytes(const ByteLine& line) const override;

  private:
    const Rows<float> change_;  // (n, 3): added to the hue, in turns; factors of saturation and value
    const float peak_;
};

}  // namespace augstream
