// Blocks of 8x8 DCT coefficients to pixels.
#pragma once

#include <cstddef>
#include <cstdint>

namespace augstream {

// Coefficients of a block, then room for those that a broken file puts beyond it.
inline constexpr size_t kBlockSize = 64 + 16;

// Transforms `count` blocks into 8 rows of pixels, side by side. Behind both there must be room for one more.
// Coefficients stand column by column, because the horizontal half of the transform comes first. last: the zigzag
// number of each block's last coefficient that may differ from zero; with 0 the block is flat. scale: what to multiply
// each coefficient by, the step of the quantizer included.
void idct_row(const int16_t* blocks, const uint8_t* last, size_t count, const float* scale, uint8_t* out,
              ptrdiff_t stride);

// For tests: whether blocks go in pairs where vectors hold but one or a part of it, as they do where vectors hold two.
void pair_blocks(bool on);

// The factor of this transform for the coefficient of vertical frequency v and horizontal frequency u.
double idct_factor(int v, int u);

}  // namespace augstream
