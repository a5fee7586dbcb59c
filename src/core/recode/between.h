// A row between two rows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace augstream {

// above + weight * (below - above); bytes are rounded to nearest even. It runs over the end of the rows, by less than
// kRowPad elements, of bytes kSlack.
void between(const uint8_t* above, const uint8_t* below, float weight, size_t n, float* out);
void between(const float* above, const float* below, float weight, size_t n, float* out);
void between(const float* above, const float* below, float weight, size_t n, uint8_t* out);

}  // namespace augstream
