// What is done to an image in one go, and what is done to all images of a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "plan/fields.h"
#include "plan/head.h"
#include "plan/point.h"
#include "plan/wire.h"

namespace augstream {

// The numbers are those of the wire.
enum class Border : uint8_t { constant, edge, symmetric, reflect, wrap, overlap };
enum class Interpolation : uint8_t { nearest, bilinear, bicubic };

// The rectangle of an image as it was at some point of the chain: outside of it the output is the fill.
struct Window {
    Rows<double> matrix;  // (n, 3, 3), output to that image
    Rows<int64_t> size;   // (n, 2), its height and width
    Rows<float> fill;     // (n, channels)
    bool bent = false;    // the matrix is from where the field has moved a place to
};

// A displacement of places between two matrices: an output pixel looks at matrix * displaced(Warp::matrix * pixel).
struct Field {
    // How the nodes are read: as the coefficients of a cubic B-spline, as the shift of a tile each, or, a single one,
    // as how far pixels are taken from at most.
    enum class Kind : uint8_t { smooth, tiles, pixels } kind = Kind::smooth;
    Rows<float> nodes;    // (n, high, wide, 2), x and y
    Rows<double> box;     // (n, 4) x0 y0 x1 y1, what the nodes cover; beyond it all is as at its edge
    Rows<double> matrix;  // (n, 3, 3), from where it leads to the input
    Rows<uint64_t> key;   // (n,) of pixels, or none
};

struct Warp {
    Rows<double> matrix;  // (n, 3, 3), output to input
    Rows<int64_t> size;   // (n, 2), output height and width
    Border border = Border::edge;
    Interpolation interpolation = Interpolation::bilinear;
    bool antialias = true;
    Rows<float> fill;             // (n, channels), with a constant border, or none
    std::vector<Window> windows;  // innermost first
    std::optional<Field> field;   // where there is one, `matrix` leads to it
};

struct Mix;
struct Way;

// At most one of the three heads.
struct Step {
    std::optional<Warp> warp;
    std::unique_ptr<Mix> mix;
    std::unique_ptr<Head> head;
    std::vector<std::unique_ptr<Point>> points;

    Step();
    Step(Step&&) noexcept;
    ~Step();
};

// Several rows for one: each branch's images are blended where its region is.
struct Mix {
    struct Branch {
        Rows<int64_t> source;  // (n,), the number of an input; none where the branch itself begins with a mix
        std::vector<Step> steps;
    };
    std::vector<Branch> branches;
    Rows<float> weight;  // (n, branches), 0 to 1; one of 1 hides what lies below it
    Rows<float> region;  // (n, branches, 4) x0 y0 x1 y1 on the canvas, or none: everywhere
    Rows<double> place;  // (n, 3, 3), output to canvas, or none: the same

    // Whether branch k is seen at all in this row.
    bool live(size_t row, size_t k) const;
    // What the image of branch k goes through.
    Way way(size_t row, size_t k) const;
};

// Rows of images that go the same way.
struct Program {
    size_t rows = 0;
    Rows<int64_t> slot;    // (rows,), the numbers of the outputs, or none: 0, 1, 2, ...
    Rows<int64_t> source;  // (rows,), the numbers of the inputs, or none: as the outputs
    std::vector<Step> steps;

    size_t slot_of(size_t row) const { return slot ? static_cast<size_t>(*slot[row]) : row; }
    size_t source_of(size_t row) const { return source ? static_cast<size_t>(*source[row]) : slot_of(row); }
};

std::vector<Step> read_steps(const std::vector<Wire>& wire, size_t rows, size_t channels, size_t inputs);
// Everything that can be known to be wrong without a pixel is an std::invalid_argument in words.
std::vector<Program> read_programs(const Wire& wire, size_t inputs, size_t outputs, size_t channels);

}  // namespace augstream
