// The kind Mix: several rows of images for one.
#pragma once

#include <vector>

#include "image/plane.h"
#include "plan/fields.h"
#include "plan/geometry.h"
#include "plan/leaves.h"
#include "plan/step.h"

namespace augstream {

void read_mix(Fields& fields, size_t inputs, Step& step);

// The image that a row's branches are painted onto, one over the other.
class Blend {
  public:
    // memory: one per channel.
    Blend(const Mix& mix, size_t row, Size size, size_t channels, std::vector<Buffer>& memory);

    // The branches to be run, from the lowest up.
    std::vector<size_t> order() const;
    // The part of the image that branch k is seen in; it may be empty.
    Part part(size_t k) const;
    // Row y of that part.
    void add(size_t k, const Part& part, int y, const float* const* rows);
    const Planes& planes() const { return planes_; }

  private:
    // The opacity of branch k at each pixel of a row of its part.
    void weigh(size_t k, const Part& part, int y, float* weights) const;
    bool everywhere() const { return !mix_.region; }

    const Mix& mix_;
    const size_t row_;
    const Size size_;
    Planes planes_;
    std::vector<float> weights_;
};

// blend.cpp: under += weights * (row - under), where neither touches the other at weights of 0 and 1.
void cover_row(float* under, const float* row, const float* weights, int n);

}  // namespace augstream
