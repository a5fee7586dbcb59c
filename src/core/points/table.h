// Tables of bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace augstream {

// Each of n bytes becomes what stands at its place in a table of 256.
void look_up(uint8_t* row, size_t n, const uint8_t* table);

}  // namespace augstream
