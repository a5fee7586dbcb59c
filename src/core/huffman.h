// Huffman-coded blocks of a baseline JPEG file (ITU-T T.81, annex F).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace augstream {

// Bits that are looked up at once. Most coefficients of a photo take fewer, their own bits included.
inline constexpr int kBits = 11;
// A coefficient number beyond any block: what ends one.
inline constexpr int kEnd = 80;
// The longest code and the bits of its value.
inline constexpr int kMostBits = 27;
static_assert(2 * kMostBits <= 56);

// Where the k-th coefficient of a file (zigzag order, ITU-T T.81 figure 5) stands in a block, column by column. Numbers
// from 64 on are those of a broken file, or of the end of a block, and lead to a place that nobody reads.
constexpr std::array<uint8_t, 64 + kEnd> make_zigzag() {
    std::array<uint8_t, 64 + kEnd> place{};
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

struct Huffman {
    // By the next kBits bits: the value in the upper half, then by how much the number of the coefficient grows first,
    // then the bits used. Where kBits hold the code but not all bits of the value: the symbol, the length of the code,
    // and two zeros. Where they do not even hold the code: 0.
    std::array<uint32_t, size_t{1} << kBits> step;
    // Codes of each length come before limit (16 bits, left-aligned); their values stand from values[first + code] on.
    std::array<uint32_t, 18> limit;
    std::array<int, 17> first;
    std::array<uint8_t, 256> values;
    std::vector<uint8_t> definition;  // what it was built from: cameras write the same tables into every file
    bool is_dc = false;

    bool build(const uint8_t* p, size_t bytes, bool dc);
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
    void drop(int n) {
        bits <<= n;
        count -= n;
    }
    // Bits that were read from `start` on.
    ptrdiff_t used(const uint8_t* start) const { return (next - start) * 8 - count; }
};

// What comes next: by how much the number of the coefficient grows first, and its value. Readers go in and out by
// value, because one whose address is known elsewhere would live in memory instead of registers.
struct Step {
    Reader reader;
    int skip = 0, value = 0;
    bool good = true;
};

// The symbol of a code of more than kBits bits, above the length of the code; 0 where there is none.
uint32_t find_long(uint64_t bits, const Huffman& table);

// Needs kMostBits.
[[gnu::always_inline]] inline Step take_step(Reader reader, const Huffman& table, bool dc) {
    const uint32_t step = table.step[reader.bits >> (64 - kBits)];
    if (step & 0xFF) [[likely]] {
        reader.drop(static_cast<int>(step & 0xFF));
        return {reader, static_cast<int>(step >> 8 & 0xFF), static_cast<int>(step) >> 16, true};
    }
    const uint32_t found = step ? step >> 16 : find_long(reader.bits, table);
    if (found == 0) return {reader, 0, 0, false};
    reader.drop(static_cast<int>(found & 0xFF));
    const uint32_t symbol = found >> 8;
    const int size = static_cast<int>(dc ? symbol : symbol & 15);
    const int skip = dc ? 0 : size == 0 && symbol != 0xF0 ? kEnd : static_cast<int>(symbol >> 4);
    const int value = size == 0 ? 0 : extend_bits(static_cast<uint32_t>(reader.bits >> (64 - size)), size);
    reader.drop(size);
    return {reader, skip, value, true};
}

// Reads a block; `last` becomes the number of its last coefficient that may differ from zero. False where the file is
// broken.
[[gnu::always_inline]] inline bool read_block(Reader& reader, const Huffman& dc, const Huffman& ac, int& predicted,
                                              int16_t* block, uint8_t& last) {
    Reader r = reader;
    std::memset(block, 0, 64 * sizeof(int16_t));
    r.fill();
    Step step = take_step(r, dc, true);
    r = step.reader;
    predicted += step.value;
    if (!step.good || predicted != static_cast<int16_t>(predicted)) return false;
    block[0] = static_cast<int16_t>(predicted);
    for (int k = 1, end = 0;;) {
        r.fill();
        // The bits are enough for two, always; how often they are for a third could not be predicted.
        for (int twice = 0; twice < 2; ++twice) {
            step = take_step(r, ac, false);
            r = step.reader;
            k += step.skip;
            block[kZigzag[static_cast<size_t>(k)]] = static_cast<int16_t>(step.value);
            if (!step.good || k >= 63) {
                last = static_cast<uint8_t>(k == 63 ? k : end);
                reader = r;
                return step.good && (k == 63 || k >= kEnd);
            }
            end = k++;
        }
    }
}

}  // namespace augstream
