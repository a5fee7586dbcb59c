// The kind Mix: several rows of pictures for one.
#pragma once

#include <vector>

#include "image/plane.h"
#include "plan/fields.h"
#include "plan/geometry.h"
#include "plan/leaves.h"
#include "plan/step.h"

namespace augstream {

void read_mix(Fields& fields, size_t inputs, Step& step);

// The picture that a row's branches are blended into, one after the other.
class Blend {
  public:
    // memory: one per channel and one more.
    Blend(const Mix& mix, size_t row, Size size, size_t channels, std::vector<Buffer>& memory);

    // The branches to be run, in their order: a covering one comes last.
    std::vector<size_t> order() const;
    // The part of the picture that branch k is seen in; it may be empty.
    Part part(size_t k) const;
    // Row y of that part.
    void add(size_t k, const Part& part, int y, const float* const* rows);
    Planes finish();

  private:
    // How much branch k weighs at each pixel of a row of its part.
    void weigh(size_t k, const Part& part, int y, float* weights) const;
    bool everywhere() const { return !mix_.region; }

    const Mix& mix_;
    const size_t row_;
    const Size size_;
    float sum_ = 0;  // of all weights, where there are no regions
    Planes planes_;
    Plane total_;  // of the weights at each pixel, where there are regions
    std::vector<float> weights_;
};

// blend.cpp: sum += weight * row; sum += weights * row; sum = row where weights > 0; and sum / total, or 0 where
// nothing weighs.
void add_row(float* sum, const float* row, float weight, int n);
void add_weighted_row(float* sum, const float* row, const float* weights, int n);
void cover_row(float* sum, const float* row, const float* weights, int n);
void divide_row(float* sum, const float* total, int n);

}  // namespace augstream
