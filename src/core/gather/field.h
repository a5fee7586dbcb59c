// The places that a row of output looks at behind a field: displaced, but not yet brought into the image.
#pragma once

#include <cstdint>
#include <vector>

#include "image/plane.h"
#include "plan/geometry.h"

namespace augstream {

// The nodes of one image's field, ready to be read; cell is the rectangle between four of them, or a tile.
struct Nodes {
    Field::Kind kind;
    double m[9];           // output to the field
    double x0, y0;         // of the box, ...
    double width, height;  // ... of a cell, ...
    int across, down;      // ... and how many there are
    const float* node;
    // Of each cell, x and then y: the 16 coefficients of its polynomial, the highest powers (of y, then of x) first.
    // Null where rows of output run along those of the nodes.
    const float* patch;
    uint64_t key;
};

// The memory of one thread for this. Never shared.
class Bend {
  public:
    void begin(const Mapping& mapping);
    void row(int y);
    // Of each pixel of the row at hand; they stay where they are until the next begin().
    const float* x() const { return x_; }
    const float* y() const { return y_; }

    // Whether rows are pieces of rows of a plane of bytes, and such a row. Both matrices keep pixels whole.
    bool tiled(const Plane& plane) const;
    void tile_row(const Plane& plane, int y, uint8_t* out) const;

  private:
    Nodes nodes_;
    int n_ = 0;
    float *x_ = nullptr, *y_ = nullptr, *flat_ = nullptr;
    int32_t* cell_ = nullptr;
    double from_[9];
    float* row_ = nullptr;  // the polynomials of one row of output
    Buffer places_, cells_, patches_;
};

}  // namespace augstream
