// Huffman-coded blocks of a baseline JPEG file (ITU-T T.81, annex F).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace augstream {

// Bits that are looked up at once. Most coefficients of a photo take fewer, their own bits included, and half of them
// leave room for the next one.
inline constexpr int kBits = 10;
// A coefficient number beyond any block: what ends one.
inline constexpr size_t kEnd = 80;
// The longest code and the bits of its value.
inline constexpr int kMostBits = 27;
static_assert(2 * kBits + kMostBits <= 56);

// Where the k-th coefficient of a file (zigzag order, ITU-T T.81 figure 5) stands in a block, column by column. Numbers
// from 64 on are those of a broken file, or of the end of a block, and lead to a place that nobody reads.
constexpr std::array<uint8_t, 2 * kEnd> make_zigzag() {
    std::array<uint8_t, 2 * kEnd> place{};
    int row = 0, column = 0;
    for (size_t k = 0; k < place.size(); ++k) {
        place[k] = static_cast<uint8_t>(k < 64 ? column * 8 + row : 64);
        const bool up = (row + column) % 2 == 0;
        const bool turn = up ? row == 0 || column == 7 : column == 0 || row == 7;
        if (!turn) {
            row += up ? -1 : 1;
            column += up ? 1 : -1;
        } else if (up ? column == 7 : row != 7) {
            ++row;
        } else {
            ++column;
        }
    }
    return place;
}
inline constexpr auto kZigzag = make_zigzag();

// The value that `size` bits of a file stand for (T.81, F.2.2.1).
constexpr int extend_bits(uint32_t bits, int size) {
    return size == 0 || bits >> (size - 1) ? static_cast<int>(bits) : static_cast<int>(bits) - (1 << size) + 1;
}

// What the next kBits bits of a file stand for: one coefficient, or two.
struct Step {
    uint64_t packed = 0;

    static Step of(uint64_t bits, uint64_t skip, int value) {
        return {bits | bits << 8 | skip << 16 | skip << 24 | static_cast<uint64_t>(static_cast<uint16_t>(value)) << 32};
    }
    // With another one behind it.
    Step then(Step other) const {
        return {(packed & 0xFFFF00FFFF00) | (bits() + other.bits()) | (skip() + other.skip()) << 24 |
                (other.packed & 0xFFFF00000000) << 16};
    }
    // Bits of all of it, and of the first alone; 0 where kBits do not hold a code and the bits of its value.
    uint64_t bits() const { return packed & 0xFF; }
    uint64_t first_bits() const { return packed >> 8 & 0xFF; }
    // By how much the number of the coefficient grows up to the last, and up to the first.
    size_t skip() const { return packed >> 24 & 0xFF; }
    size_t first_skip() const { return packed >> 16 & 0xFF; }
    // What is written to the last place, and then to the first, which are one place for a single coefficient.
    int16_t second() const { return static_cast<int16_t>(packed >> 48); }
    int16_t first() const { return static_cast<int16_t>(packed >> 32); }
};

struct Huffman {
    // By the next kBits bits. Where they hold the code but not all bits of the value: the symbol << 16 | the length of
    // the code << 8. Where they do not even hold the code: 0.
    std::array<Step, size_t{1} << kBits> step;
    // Codes of each length come before limit (16 bits, left-aligned); their values stand from values[first + code] on.
    std::array<uint32_t, 18> limit;
    std::array<int, 17> first;
    std::array<uint8_t, 256> values;
    std::vector<uint8_t> definition;  // what it was built from: cameras write the same tables into every file
    bool is_dc = false;

    bool build(const uint8_t* p, size_t bytes, bool dc);
    void pair();
};

// The next bits of a segment, from the top of `bits` down; at least 56 of them after `fill`.
struct Reader {
    const uint8_t* next;
    uint64_t bits = 0;
    int count = 0;

    void fill() {
        uint64_t word;
        std::memcpy(&word, next, 8);
        if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
        bits |= word >> count;
        next += (63 - count) >> 3;
        count |= 56;
    }
    void drop(uint64_t n) {
        bits <<= n;
        count -= static_cast<int>(n);
    }
    // Bits that were read from `start` on.
    ptrdiff_t used(const uint8_t* start) const { return (next - start) * 8 - count; }
};

// The symbol of a code of more than kBits bits, above the length of the code; 0 where there is none.
uint32_t find_long(uint64_t bits, const Huffman& table);

// A coefficient that takes more than kBits.
struct Long {
    Reader reader;
    size_t skip = 0;
    int value = 0;
    bool good = false;
};

// Readers go in and out by value, because one whose address is known elsewhere would live in memory instead of
// registers. Needs kMostBits.
[[gnu::always_inline]] inline Long take_long(Reader reader, Step step, const Huffman& table, bool dc) {
    const uint32_t found = step.packed ? static_cast<uint32_t>(step.packed >> 8) : find_long(reader.bits, table);
    if (found == 0) return {reader};
    reader.drop(found & 0xFF);
    const uint32_t symbol = found >> 8, size = dc ? symbol : symbol & 15;
    const size_t skip = size == 0 && symbol != 0xF0 ? kEnd : symbol >> 4;
    const int value =
        size == 0 ? 0 : extend_bits(static_cast<uint32_t>(reader.bits >> (64 - size)), static_cast<int>(size));
    reader.drop(size);
    return {reader, skip + 1, value, true};
}

// Compilers take a memset for one of any length.
inline void clear(int16_t* block) {
    constexpr std::array<int16_t, 8> kZeros{};
    for (size_t k = 0; k < 64; k += kZeros.size()) std::memcpy(block + k, kZeros.data(), sizeof kZeros);
}

// Reads a block; `last` becomes the number of its last coefficient that may differ from zero. False where the file is
// broken.
[[gnu::always_inline]] inline bool read_block(Reader& reader, const Huffman& dc, const Huffman& ac, int& predicted,
                                              int16_t* block, uint8_t& last) {
    Reader r = reader;
    clear(block);
    r.fill();
    const Step difference = dc.step[r.bits >> (64 - kBits)];
    if (difference.bits()) [[likely]] {
        r.drop(difference.bits());
        predicted += difference.first();
    } else {
        const Long found = take_long(r, difference, dc, true);
        if (!found.good) return false;
        r = found.reader;
        predicted += found.value;
    }
    if (predicted != static_cast<int16_t>(predicted)) return false;
    block[0] = static_cast<int16_t>(predicted);
    for (size_t k = 0;;) {
        r.fill();
        // The bits are enough for three, if only the last one is long.
        for (int i = 0; i < 3; ++i) {
            const Step step = ac.step[r.bits >> (64 - kBits)];
            if (step.bits() == 0) [[unlikely]] {
                const Long found = take_long(r, step, ac, false);
                r = found.reader;
                const size_t at = k + found.skip;
                block[kZigzag[at]] = static_cast<int16_t>(found.value);
                if (!found.good || at >= 63) {
                    last = static_cast<uint8_t>(at == 63 ? at : k);
                    reader = r;
                    return found.good && (at == 63 || at > kEnd);
                }
                k = at;
                break;
            }
            const size_t one = k + step.first_skip(), two = k + step.skip();
            block[kZigzag[two]] = step.second();
            block[kZigzag[one]] = step.first();
            if (two >= 63) {
                // What seems to follow the last of 64 belongs to the next block.
                r.drop(one == 63 ? step.first_bits() : step.bits());
                const bool full = one == 63 || two == 63;
                last = static_cast<uint8_t>(full ? 63 : one < 63 ? one : k);
                reader = r;
                return full || one > kEnd || (one < 63 && two > kEnd);
            }
            r.drop(step.bits());
            k = two;
        }
    }
}

}  // namespace augstream
