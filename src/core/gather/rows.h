// The row kernels: everything that touches many pixels, compiled for every instruction set and chosen at run time.
// Rows of floats are padded to kRowPad elements, so kernels may run over the end of a row by less than that.
#pragma once

#include <cstddef>
#include <cstdint>

#include "image/plane.h"
#include "plan/geometry.h"
#include "plan/plan.h"

namespace augstream {

inline constexpr size_t kRowPad = 64;
inline size_t padded(size_t n) { return (n + kRowPad - 1) / kRowPad * kRowPad; }

// gather.cpp: skewed warps. Places in a plane for one row of output.
struct Grid {
    double m[9];                // output to picture
    double width, height;       // of the picture
    double scale_x, scale_y;    // plane pixels per picture pixel
    double inset;               // a constant border begins here, in pixels from the edge of the picture inwards
    bool fades;                 // ... and fades in, rather than at once
    double shrink_x, shrink_y;  // of the picture, for the fade of a constant border
    Border border;
    double center;       // where in a pixel its place is: 0.5; 0 where the pixel is all there is to know
    const Plane* plane;  // any of the planes on this grid
};
// offset: of the upper left pixel of each 2x2, in elements; fx, fy: the weights of the right and lower ones.
void grid_row(const Grid& grid, int y, int n, int32_t* offset, float* fx, float* fy);
// seen: how much of the picture each output pixel sees.
void seen_row(const Grid& grid, int y, int n, float* seen);
// n interpolated values; packed: room for n words.
void bilinear_row(const Plane& plane, const int32_t* offset, const float* fx, const float* fy, int n, uint32_t* packed,
                  float* out);
// n pixels as they are.
void nearest_row(const Plane& plane, const int32_t* offset, int n, float* out);
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

// points.cpp
// out = fill + seen * (in - fill), in place.
void fade_row(float* row, const float* seen, float fill, int n);
// matrix: (outputs, inputs + 1) row by row; clip: (outputs, 2) or null. In place over `rows`, which has room for all
// outputs.
void color_row(float* const* rows, int inputs, int outputs, const float* matrix, const float* clip, int n);
void curve_row(float* row, const float* table, float peak, bool steps, int n);
void clip_row(float* row, float low, float high, int n);
// Writes one row of `channels` channels to `out`: interleaved, or `plane_stride` elements apart.
void store_row(const float* const* rows, int channels, int n, Type type, Layout layout, size_t plane_stride, void* out);

// unpack.cpp: pixels [x0, x1) of one interleaved row to planes of u8 or, for other types, floats.
void unpack_row(const void* row, Type type, int channels, int x0, int x1, void* const* out);
// n values of a picture that nothing is done to; false where these types have to go the long way.
// Floats are written past the cache: flush_pixels() comes before another thread may look.
bool copy_pixels(const void* in, Type from, size_t n, Type to, void* out);
void flush_pixels();

}  // namespace augstream
