#include "jpeg/huffman.h"

#include <algorithm>

namespace augstream {

bool Huffman::build(const uint8_t* p, size_t bytes, bool dc) {
    if (dc == is_dc && definition.size() == bytes && std::memcmp(definition.data(), p, bytes) == 0) return true;
    definition.clear();
    step.fill({});
    const uint8_t* symbols = p + 16;
    std::copy(symbols, p + bytes, values.begin());
    uint32_t code = 0;
    int index = 0;
    for (int length = 1; length <= 16; ++length) {
        first[static_cast<size_t>(length)] = index - static_cast<int>(code);
        for (int i = 0; i < p[length - 1]; ++i, ++code, ++index) {
            if (code >> length) return false;  // more codes than there are
            const int value = symbols[index], size = dc ? value : value & 15;
            if (dc ? value > 11 : size > 10) return false;
            if (length > kBits) continue;
            const int spare = kBits - length;
            for (uint32_t tail = 0; tail < uint32_t{1} << spare; ++tail) {
                const size_t at = code << spare | tail;
                if (size > spare) {
                    step[at] = {static_cast<uint64_t>(value << 16 | length << 8)};
                    continue;
                }
                const bool end = size == 0 && value != 0xF0;
                step[at] =
                    Step::of(static_cast<uint64_t>(length + size), 1 + (end ? kEnd : static_cast<size_t>(value) >> 4),
                             extend_bits(tail >> (spare - size), size));
            }
        }
        limit[static_cast<size_t>(length)] = code << (16 - length);
        code <<= 1;
    }
    limit[17] = 0xFFFFFFFF;
    if (!dc) pair();
    is_dc = dc;
    definition.assign(p, p + bytes);
    return true;
}

// Adds to each coefficient the next one, where the bits hold that too.
void Huffman::pair() {
    const auto alone = step;
    for (size_t at = 0; at < alone.size(); ++at) {
        const Step one = alone[at];
        if (one.bits() == 0 || one.skip() > kEnd) continue;
        // The bits that move in behind are zeros; a code that takes them for its own is too long to stay.
        const Step two = alone[at << one.bits() & (alone.size() - 1)];
        if (two.bits() && one.bits() + two.bits() <= kBits) step[at] = one.then(two);
    }
}

uint32_t find_long(uint64_t bits, const Huffman& table) {
    const auto ahead = static_cast<uint32_t>(bits >> 48);
    size_t length = kBits + 1;
    while (ahead >= table.limit[length]) ++length;
    if (length > 16) return 0;
    const int index = table.first[length] + static_cast<int>(ahead >> (16 - length));
    return static_cast<uint32_t>(table.values[static_cast<size_t>(index) & 0xFF] << 8) | static_cast<uint32_t>(length);
}

}  // namespace augstream
