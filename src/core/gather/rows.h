// The kernels of warps: compiled for every instruction set and chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gather/field.h"
#include "image/plane.h"
#include "plan/geometry.h"

namespace augstream {

// skewed.cpp: skewed warps. Places in a plane for one row of output.
struct Grid {
    double m[9];              // output to image; where there is a bend, from where that leads
    double width, height;     // of the image
    double scale_x, scale_y;  // plane pixels per image pixel
    Border border;
    double center;       // where in a pixel its place is: 0.5; 0 where the pixel is all there is to know
    const Plane* plane;  // any of the planes on this grid
    const Bend* bend;    // the field that the output is seen through, or null; at this row
};
// offset: of the upper left pixel of each 2x2, in elements; fx, fy: the weights of the right and lower ones.
void grid_row(const Grid& grid, int y, int n, int32_t* offset, float* fx, float* fy);

// A rectangle under one row of output.
struct Frame {
    double m[9];  // output to the rectangle
    double width, height;
    double inset;               // its outside begins here, in pixels from its edge inwards
    bool fades;                 // ... and fades in, rather than at once
    double shrink_x, shrink_y;  // for the fade
};
// seen: how much of it each output pixel sees; true where that is all of it. bend: as of a grid.
bool seen_row(const Frame& frame, const Bend* bend, int y, int n, float* seen);

// n interpolated values; packed: room for n words.
void bilinear_row(const Plane& plane, const int32_t* offset, const float* fx, const float* fy, int n, uint32_t* packed,
                  float* out);
// n pixels as they are.
void nearest_row(const Plane& plane, const int32_t* offset, int n, float* out);
void nearest_row(const Plane& plane, const int32_t* offset, int n, uint8_t* out);
// Nearest and bicubic, pixel by pixel, with every border rule.
void slow_row(const Grid& grid, const Plane& plane, Interpolation interpolation, int y, int n, float* out);

// axis.cpp: axis-aligned warps. The weighted sum of some rows of a plane, pixels [low, high); then along four such
// rows, of which pixel taps.low comes first. scratch: 4 floats for each padded input and output pixel.
void vertical_row(const Plane& plane, const Taps& taps, int y, int low, int high, float* out);
void horizontal_rows(const float* const* in, const Taps& taps, float* scratch, float* const* out);
inline constexpr int kRowsAtOnce = 4;

// prefilter.cpp: three taps (v/2, 1-v, v/2) per axis over the stored part of a plane; `in` and `out` have the same
// window.
void prefilter_plane(const Plane& in, const Plane& out, double vx, double vy, Buffer& scratch);

// fade.cpp: out = fill + seen * (in - fill), in place.
void fade_row(float* row, const float* seen, float fill, int n);

}  // namespace augstream
