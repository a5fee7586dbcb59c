// Medians of rectangles.
#pragma once

#include <cstddef>
#include <cstdint>

namespace augstream {

// Memory for one row's medians of n pixels, in elements.
size_t median_room(size_t rows, size_t n);

// The medians of n rectangles, each a pixel to the right of the one before; row: the rows of the first of them, of
// `rows` x `columns` pixels, each `apart` elements behind the one before it. Rows may be read over their ends by less
// than kRowPad elements.
void median_row(const uint8_t* const* row, size_t rows, size_t columns, size_t apart, size_t n, uint8_t* memory,
                uint8_t* out);
void median_row(const float* const* row, size_t rows, size_t columns, size_t apart, size_t n, float* memory,
                float* out);

// How often each level of bytes stands in each column of a window that goes down an image, of 255 rows at most.
class Histograms {
  public:
    // memory: of size(columns) counts.
    static size_t size(size_t columns) { return (columns + 1) * kCounts; }
    Histograms(uint8_t* memory, size_t columns);

    void add(const uint8_t* row);
    void remove(const uint8_t* row);
    // The medians of n windows of so many columns and rows.
    void medians(size_t columns, size_t rows, size_t n, uint8_t* out) const;

  private:
    // Of each column; a multiple of what a vector holds.
    static constexpr size_t kCounts = 288;

    template <uint8_t kStep>
    void count(const uint8_t* row);

    uint8_t* const memory_;
    const size_t columns_;
};

}  // namespace augstream
