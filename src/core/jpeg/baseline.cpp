#include "jpeg/baseline.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "jpeg/huffman.h"
#include "jpeg/idct.h"

namespace augstream {
namespace {

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
    Buffer memory[2];
    uint8_t* scan = nullptr;       // without stuffed bytes and markers
    std::vector<size_t> segments;  // where each restart interval ends in it
    int16_t* blocks = nullptr;     // coefficients of one row of MCUs
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
    scan = memory[0].take<uint8_t>(static_cast<size_t>(end - p) + kPad);
    segments.clear();
    uint8_t* out = scan;
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
            segments.push_back(static_cast<size_t>(out - scan));
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
    blocks = memory[1].take<int16_t>((row_blocks + 2) * kBlockSize);
    std::memset(blocks, 0, (row_blocks + 2) * kBlockSize * sizeof(int16_t));
    last.resize(row_blocks + 1);

    const uint8_t* start = scan;
    Reader reader{start};
    int predicted[3] = {};
    size_t segment = 0;
    int64_t mcu = 0;
    for (int y = 0; y < bottom; ++y) {
        const bool seen = y >= top;
        for (int x = 0; x < across; ++x, ++mcu) {
            if (restart && mcu > 0 && mcu % restart == 0) {
                const uint8_t* end = scan + segments[segment++];
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
                        if (!read_block(reader, dc, ac, predicted[c], blocks + at * kBlockSize, last[at])) return false;
                    }
                }
            }
            if (reader.used(start) > static_cast<ptrdiff_t>(scan + segments[segment] - start) * 8) return false;
        }
        if (!seen) continue;
        for (int c = 0; c < wanted; ++c) {
            const Component& part = component[c];
            const auto count = static_cast<size_t>((right - left) * part.h);
            for (int v = 0; v < part.v; ++v) {
                const size_t first = offset[c] + static_cast<size_t>(v) * count;
                uint8_t* out = static_cast<uint8_t*>(plane[c].data) + ((y - top) * part.v + v) * 8 * plane[c].stride;
                idct_row(blocks + first * kBlockSize, last.data() + first, count, scale[part.quantizer], out,
                         plane[c].stride);
            }
        }
    }
    const ptrdiff_t spare = static_cast<ptrdiff_t>(scan + segments[segment] - start) * 8 - reader.used(start);
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
