#include "stored.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace augstream {
namespace {

// The digit is the version: a block of another one is no block.
constexpr char kMagic[8] = {'A', 'U', 'G', 'B', 'L', 'O', 'C', '1'};
constexpr int kMostSide = 1 << 16;

// Kernels read a little beyond the last row.
Block make_block(size_t pixels, const Stored& stored) {
    Block block;
    block.bytes = kStoredFront + pixels + 2 * kSlack;
    block.data = std::make_unique<uint8_t[]>(block.bytes);
    std::memcpy(block.data.get(), &stored, sizeof stored);
    return block;
}

Stored make_front(uint32_t kind, int height, int width, int orientation) {
    Stored stored{};
    std::memcpy(stored.magic, kMagic, sizeof kMagic);
    stored.kind = kind;
    stored.height = height;
    stored.width = width;
    stored.orientation = static_cast<uint32_t>(orientation);
    return stored;
}

bool side(int n) { return n >= 1 && n <= kMostSide; }

}  // namespace

Block store_planes(const Planes& planes, ColorSpace space, const Groups& groups, int denominator, int orientation) {
    Stored stored = make_front(0, planes.height, planes.width, orientation);
    stored.space = static_cast<uint32_t>(space);
    stored.components = static_cast<uint32_t>(planes.plane.size());
    stored.denominator = static_cast<uint32_t>(denominator);
    stored.groups = groups;
    size_t pixels = 0;
    for (size_t c = 0; c < planes.plane.size(); ++c) {
        const Plane& p = planes.plane[c];
        stored.plane[c] = {p.height, p.width, p.scale_x, p.scale_y, kStoredFront + pixels};
        pixels += static_cast<size_t>(padded_stride(p.width)) * static_cast<size_t>(p.height);
    }
    Block block = make_block(pixels, stored);
    for (size_t c = 0; c < planes.plane.size(); ++c) {
        const Plane& p = planes.plane[c];
        uint8_t* to = block.data.get() + stored.plane[c].offset;
        for (int y = 0; y < p.height; ++y)
            std::memcpy(to + y * padded_stride(p.width), p.row<uint8_t>(y), static_cast<size_t>(p.width));
    }
    return block;
}

Block store_pixels(const uint8_t* pixels, int height, int width, int channels, int orientation) {
    Stored stored = make_front(1, height, width, orientation);
    stored.components = static_cast<uint32_t>(channels);
    stored.denominator = 1;
    const size_t bytes = static_cast<size_t>(height) * static_cast<size_t>(width) * static_cast<size_t>(channels);
    Block block = make_block(bytes, stored);
    std::memcpy(block.data.get() + kStoredFront, pixels, bytes);
    return block;
}

bool read_stored(const uint8_t* data, size_t bytes, Stored& stored) {
    if (bytes < kStoredFront) return false;
    std::memcpy(&stored, data, sizeof stored);
    const uint32_t d = stored.denominator;
    if (std::memcmp(stored.magic, kMagic, sizeof kMagic) != 0 || !side(stored.height) || !side(stored.width) ||
        stored.orientation < 1 || stored.orientation > 8 || (d != 1 && d != 2 && d != 4 && d != 8))
        return false;
    const size_t room = bytes - kStoredFront;
    if (stored.kind == 1) {
        if (stored.components < 1 || stored.components > 4) return false;
        return static_cast<size_t>(stored.height) * static_cast<size_t>(stored.width) * stored.components +
                   2 * kSlack <=
               room;
    }
    const auto gray = static_cast<uint32_t>(ColorSpace::gray);
    if (stored.kind != 0 || stored.space > static_cast<uint32_t>(ColorSpace::rgb) ||
        stored.components != (stored.space == gray ? 1U : 3U) || !side(stored.groups.height) ||
        !side(stored.groups.lines))
        return false;
    for (uint32_t c = 0; c < stored.components; ++c) {
        const auto& p = stored.plane[c];
        const int lines = stored.groups.plane_lines[c];
        if (!side(p.height) || !side(p.width) || lines < 1 || lines > stored.groups.lines || !(p.scale_x > 1e-3) ||
            !(p.scale_y > 1e-3) || !(p.scale_x <= 1) || !(p.scale_y <= 1))
            return false;
        const size_t size = static_cast<size_t>(padded_stride(p.width)) * static_cast<size_t>(p.height) + 2 * kSlack;
        if (p.offset < kStoredFront || size > room || p.offset - kStoredFront > room - size) return false;
    }
    return true;
}

void view_stored(const uint8_t* data, const Stored& stored, const Hint& hint, bool luma_only, Planes& planes,
                 ColorSpace& space) {
    if (static_cast<uint32_t>(hint.denominator) != stored.denominator)
        throw std::runtime_error("the cache holds it at another scale");
    space = static_cast<ColorSpace>(stored.space);
    const bool luma = luma_only && space == ColorSpace::ycc;
    if (luma) space = ColorSpace::gray;
    planes.width = stored.width;
    planes.height = stored.height;
    planes.borrowed = true;
    planes.plane.assign(luma ? 1 : stored.components, Plane{});
    const auto [top, bottom] = groups_of(stored.groups, hint);
    for (size_t c = 0; c < planes.plane.size(); ++c) {
        const auto& from = stored.plane[c];
        Plane& p = planes.plane[c];
        p.stride = padded_stride(from.width);
        p.width = from.width;
        p.height = from.height;
        p.x1 = from.width;
        p.y0 = top * stored.groups.plane_lines[c];
        p.y1 = std::min(bottom * stored.groups.plane_lines[c], from.height);
        if (p.y0 >= p.y1) throw std::runtime_error("the cache is damaged");
        p.scale_x = from.scale_x;
        p.scale_y = from.scale_y;
        // Nothing writes to borrowed planes.
        p.data = const_cast<uint8_t*>(data) + from.offset + static_cast<size_t>(p.y0 * p.stride);
    }
}

uint64_t checksum(const uint8_t* data, size_t bytes) {
    // Each step is a bijection, so that a difference stays one. Eight sums run side by side, as a product takes longer
    // than it takes to begin the next one.
    constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
    std::array<uint64_t, 8> sums;
    const auto add = [](uint64_t sum, uint64_t value) {
        sum = (sum ^ value) * kOdd;
        return sum ^ sum >> 32;  // else a difference of the top bits alone would stay one of one bit
    };
    const auto add_row = [&](const uint8_t* row) {
        for (size_t k = 0; k < sums.size(); ++k) {
            uint64_t value;
            std::memcpy(&value, row + sizeof value * k, sizeof value);
            sums[k] = add(sums[k], value);
        }
    };
    for (size_t k = 0; k < sums.size(); ++k) sums[k] = kOdd * (k + 1);
    size_t at = 0;
    for (; bytes - at >= sizeof sums; at += sizeof sums) add_row(data + at);
    uint8_t rest[sizeof sums] = {};
    if (at < bytes) std::memcpy(rest, data + at, bytes - at);
    add_row(rest);
    uint64_t all = bytes;
    for (const uint64_t sum : sums) all = add(all, sum);
    return all;
}

}  // namespace augstream
