// An affine map of the channels of each pixel.
#pragma once

#include "image/plane.h"
#include "plan/fields.h"
#include "plan/point.h"

namespace augstream {

class Color final : public Point {
  public:
    explicit Color(Fields& fields);

    bool idle(size_t) const override { return false; }
    void run(const Line& line) const override;
    Bytes bytes(size_t row, bool last) const override;
    void run_bytes(const ByteLine& line) const override;
    const Color* color() const override { return this; }

    // from: which channel each one is.
    bool exchanges(size_t row, size_t (&from)[3]) const;

    const Rows<float> matrix;  // (n, c, c + 1)
    const Rows<float> clip;    // (n, c, 2), or none
};

// matrix: (outputs, inputs + 1) row by row; clip: (outputs, 2) or null. In place over `rows`, which has room for all
// outputs.
void color_row(float* const* rows, int inputs, int outputs, const float* matrix, const float* clip, int n);
void clip_row(float* row, float low, float high, int n);
double sum_row(const float* row, size_t n);

}  // namespace augstream
