// Rows of levels to where the batch wants them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "image/pixels.h"

namespace augstream {

// Writes one row of `channels` channels to `out`: interleaved, or `plane_stride` elements apart.
void store_row(const float* const* rows, int channels, int n, Type type, Layout layout, size_t plane_stride, void* out);

void store_bytes_row(const uint8_t* const* rows, int channels, int n, Layout layout, size_t plane_stride, uint8_t* out);

}  // namespace augstream
