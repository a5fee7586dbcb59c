// From the planes of a JPEG to the channels of the pipeline.
#pragma once

#include <vector>

#include "gather/sampler.h"
#include "jpeg/decoder.h"
#include "points/color.h"

namespace augstream {

class Conversion {
  public:
    // color: the one that comes next, to be merged with, or null.
    Levels levels(ColorSpace space, size_t planes, size_t channels, const Color* color, size_t row);

  private:
    std::vector<float> base_, matrix_, clip_;
};

}  // namespace augstream
