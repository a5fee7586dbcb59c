// How one sample's warp is sampled: which kernel, how much it shrinks, where it looks. The rules are those of
// engines/reference.py, name by name; all of it is double precision, so that both engines decide alike.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "image/plane.h"
#include "jpeg/decoder.h"
#include "plan/step.h"

namespace augstream {

// One sample's warp, with the matrix scaled to |m[8]| = 1.
struct Mapping {
    double m[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    int height = 0, width = 0;  // of the output
    Border border = Border::edge;
    Interpolation interpolation = Interpolation::bilinear;
    bool antialias = true;
    bool transposed = false;  // the source is to be transposed first; m already says so
    bool skewed = false;      // rows do not run along the source's rows: no separable kernel
    double shrink_x = 1, shrink_y = 1;
    // Where there is a field, m is the product of what stands before and behind it, and says how much is shrunk.
    const Field* field = nullptr;
    size_t field_row = 0;
    double to_field[9], from_field[9];
};

// A part of an output: its pixels [x0, x1) x [y0, y1).
struct Part {
    int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

// warp: null for none, which leaves images of this size as they are.
Mapping make_mapping(const Warp* warp, size_t row, Size in);
// How the frame of a window lies under the output of a mapping.
Mapping make_mapping(const Mapping& output, const double* matrix, bool bent);
// The same mapping for a part of its output: all else, shrinking too, is that of the whole.
Mapping part_of(const Mapping& mapping, const Part& part);

struct Extent {
    double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};
// How far a field moves a place, at least and at most.
Extent shifts(const Field& field, size_t row);

// The part of an input image that the mapping looks at, and the decoder's scale that leaves enough to filter.
Hint make_hint(const Mapping& mapping, int height, int width);

int reduction(double shrink);
// shrink: what is left; reduced: what has gone before, 1 / the plane's scale.
double prefilter(double shrink, double reduced);
int wrap_index(int index, int n, Border border);
double fold(double x, double n, Border border);
double keys(double distance);
double visible(double x, double n, double shrink, const Mapping& mapping);

// Weights of an axis-aligned warp along one axis of a plane: output j is the sum over k < count of
// weight[j * count + k] * pixel[index[j * count + k]].
struct Taps {
    int n = 0, count = 0;
    std::vector<int32_t> index;
    std::vector<float> weight;
    int low = 0, high = 0;  // indices used: [low, high)
    enum class Kind : uint8_t { weighted, copy, reverse } kind = Kind::weighted;
};

// One axis of a plane: its extent, what of it is stored, the image's extent, and the plane pixels per image pixel.
struct Axis {
    int n = 0, first = 0, last = 0;
    double extent = 0, scale = 1;
};

// `gain` and `shift`: output to image.
void make_taps(const Mapping& mapping, double gain, double shift, int n_out, const Axis& in, Taps& taps);

}  // namespace augstream
