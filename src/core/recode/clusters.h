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

    Lattice lattice(int side) const;
    void load(int y, float* const* lines);
    void assign(const Lattice& lattice, int y, float* const* lines);
    void reduce(int side, const Lattice& small, float* pixels, size_t pitch);
    void move(const Lattice& small, float* pixels, size_t pitch, const int32_t* labels);

    const Planes& in_;
    const Size grid_;
    const float peak_;
    const size_t channels_;
    std::vector<float> centers_;  // (areas, channels + 2): color, y, x
    Lattice full_;
    std::vector<float> lines_, best_;
    std::vector<int32_t> labels_;
    std::vector<uint8_t> bytes_;
};

}  // namespace augstream
