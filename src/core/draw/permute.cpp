#include "draw/permute.h"

#include <array>
#include <bit>

#include "draw/philox.h"

namespace augstream {

namespace {

constexpr uint32_t kRounds = 12;

// The finalizer of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
uint64_t scramble(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

// A Feistel network on the smallest power of two that holds n. The halves take turns, each xor-ed with a keyed function
// of the other, so they need not be equally wide and fewer than n of the network's positions lie outside 0..n-1.
class Feistel {
  public:
    Feistel(uint64_t key, int64_t n)
        : bits_(static_cast<uint32_t>(std::bit_width(static_cast<uint64_t>(n - 1)))),
          low_bits_((bits_ + 1) / 2),
          low_mask_((uint64_t{1} << low_bits_) - 1),
          high_mask_((uint64_t{1} << (bits_ - low_bits_)) - 1) {
        for (uint32_t round = 0; round < kRounds; ++round) {
            const PhiloxCounter block = philox_block(philox_key(key), {round, 0, 0, 0});
            keys_[round] = block[0] | uint64_t{block[1]} << 32;
        }
    }

    uint64_t operator()(uint64_t x) const {
        uint64_t low = x & low_mask_, high = x >> low_bits_;
        for (uint32_t round = 0; round < kRounds; round += 2) {
            low ^= (scramble(high ^ keys_[round]) >> 32) & low_mask_;
            high ^= (scramble(low ^ keys_[round + 1]) >> 32) & high_mask_;
        }
        return high << low_bits_ | low;
    }

  private:
    uint32_t bits_, low_bits_;
    uint64_t low_mask_, high_mask_;
    std::array<uint64_t, kRounds> keys_{};
};

}  // namespace

void permute(uint64_t key, int64_t n, const int64_t* position, size_t count, int64_t* out) {
    const Feistel feistel(key, n);
    for (size_t i = 0; i < count; ++i) {
        // Cycle walking (Black and Rogaway, 2002): a position outside 0..n-1 is sent on until it comes back inside.
        auto x = static_cast<uint64_t>(position[i]);
        do x = feistel(x);
        while (x >= static_cast<uint64_t>(n));
        out[i] = static_cast<int64_t>(x);
    }
}

}  // namespace augstream
