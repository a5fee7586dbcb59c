// The areas of like color of an image, by SLIC in whole numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/plane.h"
#include "plan/head.h"

namespace augstream {

class Clusters {
  public:
    // grid: rows and columns of centers, no more than the image's.
    Clusters(const Planes& in, Size grid, float peak, Buffer& memory);

    // The areas of the pixels of row y of the image, in the order of the grid; valid until the next call.
    const int32_t* labels(int y);

  private:
    // Rows of pixels or boxes in whole numbers, which floats hold exactly: values, and which cells they are in.
    struct Lattice {
        int height = 0, width = 0;
        std::vector<int> y;       // places of rows
        std::vector<float> x;     // and of columns, padded
        std::vector<int> column;  // the first pixel of each column of cells, and the end
    };

    // Some areas, in order.
    struct Around {
        int32_t label[9] = {};
        size_t many = 0;
    };

    Lattice lattice(int side) const;
    void load(int y, float* const* lines);
    void reduce(float* pixels);
    void move(const float* pixels);
    void look_around(int row);
    void assign(const Lattice& lattice, int y, float* const* lines, int32_t* out) const;
    void nearest(const Lattice& lattice, int y, float* const* lines, const Around& around, size_t begin, size_t end,
                 int32_t* out) const;

    const Planes& in_;
    const Size grid_;
    const float peak_;
    const size_t channels_;
    const int side_;  // of the boxes that the image is reduced by
    const Lattice full_, small_;
    size_t pitch_ = 0;            // of boxes
    int32_t* boxes_ = nullptr;    // their areas
    std::vector<float> centers_;  // (areas, channels + 2): color, y, x
    std::vector<Around> around_;  // of a row of boxes,
    int row_ = -1;                // this one
    std::vector<float> lines_;
    std::vector<int32_t> labels_;
    std::vector<uint8_t> bytes_;
};

}  // namespace augstream
