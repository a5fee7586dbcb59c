#include "image/reshape.h"

#include <algorithm>
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

template <typename T>
void transpose_as(const Plane& in, const Plane& out) {
    constexpr int kTile = 16;
    for (int y0 = in.y0; y0 < in.y1; y0 += kTile)
        for (int x0 = in.x0; x0 < in.x1; x0 += kTile)
            for (int x = x0; x < std::min(x0 + kTile, in.x1); ++x)
                for (int y = y0; y < std::min(y0 + kTile, in.y1); ++y)
                    out.row<T>(x)[y - out.x0] = in.row<T>(y)[x - in.x0];
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
