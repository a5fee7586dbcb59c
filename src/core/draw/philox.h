// Philox4x32-10: random words as a pure function of a key and a counter.
// Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace augstream {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

// One block of four words.
PhiloxCounter philox_block(PhiloxKey key, PhiloxCounter counter);

// The low word of `key` comes first.
PhiloxKey philox_key(uint64_t key);

// Row i of out, (n, words), holds the words of sample index[i]: block b has the counter (epoch, index low, index high,
// b).
void philox(uint64_t key, uint32_t epoch, const int64_t* index, size_t n, size_t words, uint32_t* out);

}  // namespace augstream
