#include "draw/philox.h"

#include <algorithm>

namespace augstream {

namespace {

struct Product {
    uint32_t high, low;
};

Product multiply(uint32_t a, uint32_t b) {
    const uint64_t product = uint64_t{a} * b;
    return {static_cast<uint32_t>(product >> 32), static_cast<uint32_t>(product)};
}

}  // namespace

PhiloxKey philox_key(uint64_t key) { return {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)}; }

PhiloxCounter philox_block(PhiloxKey key, PhiloxCounter counter) {
    for (int round = 0; round < 10; ++round) {
        const Product a = multiply(0xD2511F53u, counter[0]);
        const Product b = multiply(0xCD9E8D57u, counter[2]);
        counter = {b.high ^ counter[1] ^ key[0], b.low, a.high ^ counter[3] ^ key[1], a.low};
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return counter;
}

void philox(uint64_t key, uint32_t epoch, const int64_t* index, size_t n, size_t words, uint32_t* out) {
    const PhiloxKey split = philox_key(key);
    for (size_t i = 0; i < n; ++i, out += words) {
        const PhiloxKey halves = philox_key(static_cast<uint64_t>(index[i]));
        for (size_t start = 0; start < words; start += 4) {
            const PhiloxCounter counter{epoch, halves[0], halves[1], static_cast<uint32_t>(start / 4)};
            const PhiloxCounter block = philox_block(split, counter);
            std::copy_n(block.begin(), std::min<size_t>(4, words - start), out + start);
        }
    }
}

}  // namespace augstream
