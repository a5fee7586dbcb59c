// A keyed bijection of 0..n-1, computed position by position and never stored.
#pragma once

#include <cstddef>
#include <cstdint>

namespace augstream {

// out[i] is where position[i] goes; each position is in [0, n), and n in [1, 2^62].
void permute(uint64_t key, int64_t n, const int64_t* position, size_t count, int64_t* out);

}  // namespace augstream
