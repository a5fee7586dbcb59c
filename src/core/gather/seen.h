// How much of a rectangle each pixel of the output sees: that of an image with a constant border, or of a window.
#pragma once

#include <vector>

#include "gather/rows.h"
#include "plan/geometry.h"

namespace augstream {

class Seen {
  public:
    // in: the size of the rectangle.
    Seen(const Mapping& mapping, Size in);

    // Row y, from 0 (nothing) to 1; false where all of it is seen. bend: the field's, at this row, where the output has
    // one.
    bool row(int y, const Bend* bend, float* seen) const;

    // Whether every pixel sees all or nothing, as far as is known.
    bool hard() const;

  private:
    Mapping mapping_;
    Frame frame_;               // where the mapping is skewed,
    std::vector<float> x_, y_;  // and where not: along each axis
    bool whole_x_ = false, whole_ = false;
};

}  // namespace augstream
