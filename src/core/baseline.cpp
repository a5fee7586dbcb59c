#include "baseline.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "idct.h"

namespace augstream {
namespace {

// Bits that are looked up at once. Most coefficients of a photo take fewer, their own bits included.
constexpr int kBits = 11;
// A coefficient number beyond any block: what ends one.
constexpr int kEnd = 80;

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
constexpr auto kZigzag = make_zigzag();

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

bool Huffman::build(const uint8_t* p, size_t bytes, bool dc) {
    if (dc == is_dc && definition.size() == bytes && std::memcmp(definition.data(), p, bytes) == 0) return true;
    definition.clear();
    step.fill(0);
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
                    step[at] = static_cast<uint32_t>(value << 24 | length << 16);
                    continue;
                }
                const bool end = !dc && size == 0 && value != 0xF0;
                const int skip = dc ? 0 : end ? kEnd : value >> 4;
                const int level = extend_bits(tail >> (spare - size), size);
                step[at] = static_cast<uint32_t>(level) << 16 | static_cast<uint32_t>(skip) << 8 |
                           static_cast<uint32_t>(length + size);
            }
        }
        limit[static_cast<size_t>(length)] = code << (16 - length);
        code <<= 1;
    }
    limit[17] = 0xFFFFFFFF;
    is_dc = dc;
    definition.assign(p, p + bytes);
    return true;
}

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
[[gnu::noinline]] uint32_t find_long(uint64_t bits, const Huffman& table) {
    const auto ahead = static_cast<uint32_t>(bits >> 48);
    size_t length = kBits + 1;
    while (ahead >= table.limit[length]) ++length;
    if (length > 16) return 0;
    const int index = table.first[length] + static_cast<int>(ahead >> (16 - length));
    return static_cast<uint32_t>(table.values[static_cast<size_t>(index) & 0xFF] << 8) | static_cast<uint32_t>(length);
}

// Needs 27 bits.
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

// Reads a block; `last` becomes the number of the last one. False where the file is broken.
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
    int k = 1, end = 0;
    for (;;) {
        // Two steps a fill, where the first is not one of the long ones.
        r.fill();
        step = take_step(r, ac, false);
        r = step.reader;
        k += step.skip;
        block[kZigzag[static_cast<size_t>(k)]] = static_cast<int16_t>(step.value);
        if (!step.good || k >= 63) break;
        end = k++;
        if (r.count < 27) [[unlikely]]
            continue;
        step = take_step(r, ac, false);
        r = step.reader;
        k += step.skip;
        block[kZigzag[static_cast<size_t>(k)]] = static_cast<int16_t>(step.value);
        if (!step.good || k >= 63) break;
        end = k++;
        if (r.count < 27) [[unlikely]]
            continue;
        step = take_step(r, ac, false);
        r = step.reader;
        k += step.skip;
        block[kZigzag[static_cast<size_t>(k)]] = static_cast<int16_t>(step.value);
        if (!step.good || k >= 63) break;
        end = k++;
    }
    last = static_cast<uint8_t>(k == 63 ? k : end);
    reader = r;
    return step.good && (k == 63 || k > kEnd);
}

uint32_t big16(const uint8_t* p) { return static_cast<uint32_t>(p[0]) << 8 | p[1]; }

struct Component {
    int id = 0, h = 1, v = 1, quantizer = 0, dc = 0, ac = 0;
};

}  // namespace

struct BaselineDecoder::State {
    Huffman tables[2][4];  // DC and AC
    bool defined[2][4];
    alignas(64) float scale[4][64];
    bool scaled[4];
    Component component[3];
    int components = 0, height = 0, width = 0, restart = 0;
    ColorSpace space = ColorSpace::gray;
    std::vector<uint8_t> scan;     // without stuffed bytes and markers
    std::vector<size_t> segments;  // where each restart interval ends in it
    std::vector<int16_t> blocks;   // coefficients of one row of MCUs
    std::vector<uint8_t> last;
    Buffer buffer[3];
    Plane plane[3];

    bool read_markers(const uint8_t* data, size_t bytes, size_t& at);
    bool read_frame(const uint8_t* p, size_t bytes);
    bool read_quantizers(const uint8_t* p, size_t bytes);
    bool read_tables(const uint8_t* p, size_t bytes);
    bool read_scan_header(const uint8_t* p, size_t bytes);
    bool unstuff(const uint8_t* p, const uint8_t* end);
    bool decode(const Hint& hint, bool luma_only, Groups& groups);
};

bool BaselineDecoder::State::read_quantizers(const uint8_t* p, size_t bytes) {
    while (bytes > 0) {
        const bool wide = p[0] >> 4, tall = (p[0] & 15) > 3 || p[0] >> 5;
        const size_t size = wide ? 129 : 65;
        if (tall || bytes < size) return false;
        const size_t number = p[0] & 3;
        for (size_t k = 0; k < 64; ++k) {
            const uint32_t step = wide ? big16(p + 1 + 2 * k) : p[1 + k];
            const int u = kZigzag[k] / 8, v = kZigzag[k] % 8;
            scale[number][kZigzag[k]] = static_cast<float>(step * idct_factor(v, u));
        }
        scaled[number] = true;
        p += size;
        bytes -= size;
    }
    return true;
}

bool BaselineDecoder::State::read_tables(const uint8_t* p, size_t bytes) {
    while (bytes > 0) {
        const size_t kind = p[0] >> 4, number = p[0] & 15;
        if (kind > 1 || number > 3 || bytes < 17) return false;
        size_t values = 0;
        for (size_t i = 1; i <= 16; ++i) values += p[i];
        if (values > 256 || bytes < 17 + values) return false;
        defined[kind][number] = tables[kind][number].build(p + 1, 16 + values, kind == 0);
        if (!defined[kind][number]) return false;
        p += 17 + values;
        bytes -= 17 + values;
    }
    return true;
}

bool BaselineDecoder::State::read_frame(const uint8_t* p, size_t bytes) {
    if (bytes < 6 || p[0] != 8) return false;
    height = static_cast<int>(big16(p + 1));
    width = static_cast<int>(big16(p + 3));
    const size_t n = p[5];
    if (height == 0 || width == 0 || (n != 1 && n != 3) || bytes != 6 + 3 * n) return false;
    for (size_t c = 0; c < n; ++c) {
        const uint8_t* q = p + 6 + 3 * c;
        component[c] = {q[0], q[1] >> 4, q[1] & 15, q[2], 0, 0};
        const auto factor = [](int f) { return f == 1 || f == 2 || f == 4; };
        if (!factor(component[c].h) || !factor(component[c].v) || component[c].quantizer > 3) return false;
    }
    if (n == 1) component[0].h = component[0].v = 1;  // a single component is not interleaved
    components = static_cast<int>(n);
    return true;
}

bool BaselineDecoder::State::read_scan_header(const uint8_t* p, size_t bytes) {
    const auto n = static_cast<size_t>(components);
    if (n == 0 || bytes != 4 + 2 * n || p[0] != n) return false;
    int blocks_in_mcu = 0;
    for (size_t c = 0; c < n; ++c) {
        Component& part = component[c];
        part.dc = p[2 + 2 * c] >> 4;
        part.ac = p[2 + 2 * c] & 15;
        blocks_in_mcu += part.h * part.v;
        if (p[1 + 2 * c] != part.id || part.dc > 3 || part.ac > 3 || !defined[0][part.dc] || !defined[1][part.ac] ||
            !scaled[part.quantizer])
            return false;
    }
    const uint8_t* rest = p + 1 + 2 * n;
    return blocks_in_mcu <= 10 && rest[0] == 0 && rest[1] == 63 && rest[2] == 0;
}

// Reads up to the scan, which begins at `at`.
bool BaselineDecoder::State::read_markers(const uint8_t* data, size_t bytes, size_t& at) {
    components = restart = 0;
    std::memset(defined, 0, sizeof defined);
    std::memset(scaled, 0, sizeof scaled);
    bool jfif = false, adobe = false;
    int transform = 0;
    if (bytes < 4 || data[0] != 0xFF || data[1] != 0xD8) return false;
    for (at = 2; at + 4 <= bytes;) {
        if (data[at] != 0xFF) return false;
        const int marker = data[at + 1];
        if (marker == 0xFF) {
            ++at;
            continue;
        }
        const size_t length = big16(data + at + 2);
        if (marker < 0xC0 || (marker >= 0xD0 && marker <= 0xD9) || length < 2 || at + 2 + length > bytes) return false;
        const uint8_t* p = data + at + 4;
        const size_t size = length - 2;
        at += 2 + length;
        switch (marker) {
            case 0xC0:
            case 0xC1:
                if (components != 0 || !read_frame(p, size)) return false;
                break;
            case 0xC4:
                if (!read_tables(p, size)) return false;
                break;
            case 0xDB:
                if (!read_quantizers(p, size)) return false;
                break;
            case 0xDD:
                if (size != 2) return false;
                restart = static_cast<int>(big16(p));
                break;
            case 0xE0:
                jfif = jfif || (size >= 14 && std::memcmp(p, "JFIF", 5) == 0);
                break;
            case 0xEE:
                if (size >= 12 && std::memcmp(p, "Adobe", 5) == 0) {
                    adobe = true;
                    transform = p[11];
                }
                break;
            case 0xDA: {
                // How libjpeg guesses what three components are.
                const int a = component[0].id, b = component[1].id, c = component[2].id;
                const bool rgb = jfif ? false : adobe ? transform == 0 : a == 'R' && b == 'G' && c == 'B';
                space = components == 1 ? ColorSpace::gray : rgb ? ColorSpace::rgb : ColorSpace::ycc;
                return read_scan_header(p, size);
            }
            default:
                if (marker < 0xE0 || (marker > 0xEF && marker != 0xFE))
                    return false;  // another kind of coding; APPn and COM do not matter
        }
    }
    return false;
}

// Copies the coded bytes, without the zeros stuffed behind 0xFF, up to the end of the image, which must be there.
bool BaselineDecoder::State::unstuff(const uint8_t* p, const uint8_t* end) {
    constexpr size_t kPad = 4096;  // more than an MCU of the longest codes: broken files are noticed after each
    scan.resize(static_cast<size_t>(end - p) + kPad);
    segments.clear();
    uint8_t* out = scan.data();
    for (;;) {
        const auto* mark = static_cast<const uint8_t*>(std::memchr(p, 0xFF, static_cast<size_t>(end - p)));
        if (!mark || mark + 1 >= end) return false;
        std::memcpy(out, p, static_cast<size_t>(mark - p));
        out += mark - p;
        p = mark + 2;
        if (mark[1] == 0) {
            *out++ = 0xFF;
        } else if (mark[1] == 0xFF) {
            --p;  // a marker may begin with any number of these
        } else {
            segments.push_back(static_cast<size_t>(out - scan.data()));
            if (mark[1] == 0xD9) break;
            if (mark[1] != 0xD0 + (segments.size() - 1) % 8) return false;
        }
    }
    std::memset(out, 0, kPad);
    return true;
}

bool BaselineDecoder::State::decode(const Hint& hint, bool luma_only, Groups& groups) {
    int h_most = 1, v_most = 1;
    for (int c = 0; c < components; ++c) {
        h_most = std::max(h_most, component[c].h);
        v_most = std::max(v_most, component[c].v);
    }
    const int across = (width + 8 * h_most - 1) / (8 * h_most), down = (height + 8 * v_most - 1) / (8 * v_most);
    const int64_t total = static_cast<int64_t>(across) * down;
    if (static_cast<int64_t>(segments.size()) != (restart ? (total + restart - 1) / restart : 1)) return false;
    const int wanted = luma_only && space == ColorSpace::ycc ? 1 : components;

    groups = {height, 8 * v_most, {}};
    for (int c = 0; c < wanted; ++c) groups.plane_lines[c] = 8 * component[c].v;
    const auto [top, bottom] = groups_of(groups, hint);
    const int left = std::clamp((hint.left - 4) / (8 * h_most), 0, across - 1);
    const int right = std::clamp((hint.right + 4 + 8 * h_most - 1) / (8 * h_most), left + 1, across);

    size_t row_blocks = 0, offset[3] = {};
    for (int c = 0; c < components; ++c) {
        const Component& part = component[c];
        offset[c] = row_blocks;
        row_blocks += static_cast<size_t>((right - left) * part.h * part.v);
        if (c >= wanted) continue;
        Plane& p = plane[c];
        p.element = Element::u8;
        p.width = (width * part.h + h_most - 1) / h_most;
        p.height = (height * part.v + v_most - 1) / v_most;
        p.x0 = left * 8 * part.h;
        p.x1 = std::min(right * 8 * part.h, p.width);
        p.y0 = top * 8 * part.v;
        p.y1 = std::min(bottom * 8 * part.v, p.height);
        p.stride = padded_stride((right - left) * 8 * part.h + 8);
        p.scale_x = static_cast<double>(part.h) / h_most;
        p.scale_y = static_cast<double>(part.v) / v_most;
        const int rows = (bottom - top) * 8 * part.v + 1;
        p.data = buffer[c].take<uint8_t>(static_cast<size_t>(p.stride) * static_cast<size_t>(rows));
    }
    blocks.resize((row_blocks + 2) * kBlockSize);
    last.resize(row_blocks + 1);

    const uint8_t* start = scan.data();
    Reader reader{start};
    int predicted[3] = {};
    size_t segment = 0;
    int64_t mcu = 0;
    for (int y = 0; y < bottom; ++y) {
        const bool seen = y >= top;
        for (int x = 0; x < across; ++x, ++mcu) {
            if (restart && mcu > 0 && mcu % restart == 0) {
                const uint8_t* end = scan.data() + segments[segment++];
                const ptrdiff_t spare = (end - start) * 8 - reader.used(start);
                if (spare < 0 || spare > 7) return false;
                start = end;
                reader = Reader{start};
                std::memset(predicted, 0, sizeof predicted);
            }
            const bool kept = seen && x >= left && x < right;
            for (int c = 0; c < components; ++c) {
                const Component& part = component[c];
                const Huffman &dc = tables[0][part.dc], &ac = tables[1][part.ac];
                for (int v = 0; v < part.v; ++v) {
                    for (int h = 0; h < part.h; ++h) {
                        size_t at = row_blocks;  // what is not kept goes to the same block over and over
                        if (kept && c < wanted)
                            at = offset[c] + static_cast<size_t>((v * (right - left) + x - left) * part.h + h);
                        if (!read_block(reader, dc, ac, predicted[c], blocks.data() + at * kBlockSize, last[at]))
                            return false;
                    }
                }
            }
            if (reader.used(start) > static_cast<ptrdiff_t>(scan.data() + segments[segment] - start) * 8) return false;
        }
        if (!seen) continue;
        for (int c = 0; c < wanted; ++c) {
            const Component& part = component[c];
            const auto count = static_cast<size_t>((right - left) * part.h);
            for (int v = 0; v < part.v; ++v) {
                const size_t first = offset[c] + static_cast<size_t>(v) * count;
                uint8_t* out = static_cast<uint8_t*>(plane[c].data) + ((y - top) * part.v + v) * 8 * plane[c].stride;
                idct_row(blocks.data() + first * kBlockSize, last.data() + first, count, scale[part.quantizer], out,
                         plane[c].stride);
            }
        }
    }
    const ptrdiff_t spare = static_cast<ptrdiff_t>(scan.data() + segments[segment] - start) * 8 - reader.used(start);
    return bottom < down || (spare >= 0 && spare <= 7);
}

BaselineDecoder::BaselineDecoder() : state_(std::make_unique<State>()) {}
BaselineDecoder::~BaselineDecoder() = default;

bool BaselineDecoder::decode(const uint8_t* data, size_t bytes, const Hint& hint, bool luma_only, Planes& planes,
                             ColorSpace& space, Groups& groups) {
    State& s = *state_;
    size_t at = 0;
    if (!s.read_markers(data, bytes, at) || !s.unstuff(data + at, data + bytes) || !s.decode(hint, luma_only, groups))
        return false;
    const bool luma = luma_only && s.space == ColorSpace::ycc;
    planes.width = s.width;
    planes.height = s.height;
    planes.plane.assign(s.plane, s.plane + (luma ? 1 : s.components));
    space = luma ? ColorSpace::gray : s.space;
    return true;
}

}  // namespace augstream
