#include "image/reshape.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace augstream {
namespace {

template <typename T>
void extend_as(const Plane& p, bool wrap) {
    const int n = p.x1 - p.x0;
    for (int y = p.y0; y < p.y1; ++y) {
        T* row = p.row<T>(y);
        row[n] = wrap ? row[0] : row[n - 1];
    }
    std::memcpy(p.row<T>(p.y1), p.row<T>(wrap ? p.y0 : p.y1 - 1), static_cast<size_t>(n + 1) * sizeof(T));
}

// 8 x 8 bytes: halves of words change places, then quarters, then bytes.
void transpose_tile(const uint8_t* in, ptrdiff_t in_stride, uint8_t* out, ptrdiff_t out_stride) {
    uint64_t row[8];
    for (int k = 0; k < 8; ++k) std::memcpy(row + k, in + k * in_stride, 8);
    const auto swap = [&](int apart, int shift, uint64_t mask) {
        for (int k = 0; k < 8; ++k) {
            if (k & apart) continue;
            uint64_t &a = row[k], &b = row[k + apart];
            const uint64_t differ = ((a >> shift) ^ b) & mask;
            b ^= differ;
            a ^= differ << shift;
        }
    };
    swap(4, 32, 0x00000000FFFFFFFF);
    swap(2, 16, 0x0000FFFF0000FFFF);
    swap(1, 8, 0x00FF00FF00FF00FF);
    for (int k = 0; k < 8; ++k) std::memcpy(out + k * out_stride, row + k, 8);
}

template <typename T>
void transpose_as(const Plane& in, const Plane& out) {
    constexpr int kTile = 16;
    constexpr bool kBytes = sizeof(T) == 1 && std::endian::native == std::endian::little;
    for (int y0 = in.y0; y0 < in.y1; y0 += kTile)
        for (int x0 = in.x0; x0 < in.x1; x0 += kTile) {
            const int y1 = std::min(y0 + kTile, in.y1), x1 = std::min(x0 + kTile, in.x1);
            if (kBytes && y1 - y0 == kTile && x1 - x0 == kTile) {
                for (const int y : {y0, y0 + 8})
                    for (const int x : {x0, x0 + 8})
                        transpose_tile(in.row<uint8_t>(y) + (x - in.x0), in.stride, out.row<uint8_t>(x) + (y - out.x0),
                                       out.stride);
                continue;
            }
            for (int x = x0; x < x1; ++x)
                for (int y = y0; y < y1; ++y) out.row<T>(x)[y - out.x0] = in.row<T>(y)[x - in.x0];
        }
}

template <typename T>
void reduce_as(const Plane& in, const Plane& out, int kx, int ky) {
    for (int y = out.y0; y < out.y1; ++y)
        for (int x = out.x0; x < out.x1; ++x) {
            const int left = std::max(x * kx, in.x0), right = std::min((x + 1) * kx, in.x1);
            const int top = std::max(y * ky, in.y0), bottom = std::min((y + 1) * ky, in.y1);
            float sum = 0;
            for (int v = top; v < bottom; ++v)
                for (int u = left; u < right; ++u) sum += static_cast<float>(in.row<T>(v)[u - in.x0]);
            out.row<float>(y)[x - out.x0] = sum / static_cast<float>((right - left) * (bottom - top));
        }
}

}  // namespace

Planes allocate_planes(int height, int width, Element element, size_t channels, std::vector<Buffer>& memory) {
    Planes planes;
    Plane like;
    like.element = element;
    like.width = planes.width = width;
    like.height = planes.height = height;
    memory.resize(std::max(memory.size(), channels));
    for (size_t c = 0; c < channels; ++c) planes.plane.push_back(allocate(like, 0, 0, width, height, memory[c]));
    return planes;
}

void extend(const Plane& p, bool wrap) {
    if (p.element == Element::u8) {
        extend_as<uint8_t>(p, wrap);
    } else {
        extend_as<float>(p, wrap);
    }
}

Plane allocate(const Plane& like, int x0, int y0, int x1, int y1, Buffer& buffer) {
    Plane p = like;
    p.x0 = x0;
    p.y0 = y0;
    p.x1 = x1;
    p.y1 = y1;
    p.stride = padded_stride(x1 - x0);
    const size_t count = static_cast<size_t>(p.stride) * static_cast<size_t>(y1 - y0 + 1);
    p.data = p.element == Element::u8 ? static_cast<void*>(buffer.take<uint8_t>(count)) : buffer.take<float>(count);
    return p;
}

Plane transpose(const Plane& in, Buffer& buffer) {
    Plane out = allocate(in, in.y0, in.x0, in.y1, in.x1, buffer);
    std::swap(out.width, out.height);
    std::swap(out.scale_x, out.scale_y);
    if (in.element == Element::u8) {
        transpose_as<uint8_t>(in, out);
    } else {
        transpose_as<float>(in, out);
    }
    return out;
}

Plane reduce(const Plane& in, int kx, int ky, Buffer& buffer) {
    Plane like = in;
    like.element = Element::f32;
    like.width = (in.width + kx - 1) / kx;
    like.height = (in.height + ky - 1) / ky;
    like.scale_x = in.scale_x / kx;
    like.scale_y = in.scale_y / ky;
    const Plane out = allocate(like, in.x0 / kx, in.y0 / ky, (in.x1 + kx - 1) / kx, (in.y1 + ky - 1) / ky, buffer);
    if (in.element == Element::u8) {
        reduce_as<uint8_t>(in, out, kx, ky);
    } else {
        reduce_as<float>(in, out, kx, ky);
    }
    return out;
}

}  // namespace augstream
