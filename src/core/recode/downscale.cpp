#include "recode/downscale.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "gather/sampler.h"
#include "image/pixels.h"
#include "points/store.h"
#include "recode/between.h"
#include "recode/eight_bits.h"

namespace augstream {
namespace {

// An image of `in` resized, row by row.
void resize(const Planes& in, Size size, Interpolation interpolation, const Emit& emit) {
    const double matrix[9] = {
        static_cast<double>(in.width) / size.width, 0, 0, 0, static_cast<double>(in.height) / size.height, 0, 0, 0, 1};
    const int64_t shape[2] = {size.height, size.width};
    Warp warp;
    warp.matrix = {matrix, {1, 3, 3}, 9};
    warp.size = {shape, {1, 2}, 2};
    warp.interpolation = interpolation;
    Planes planes = in;
    planes.borrowed = true;
    Sampler sampler;
    sampler.begin(make_mapping(&warp, 0, {in.height, in.width}), planes, in.plane.size(), {});
    sampler.levels({}, emit);
}

// The image at the lower resolution.
template <typename T>
Planes lowered(const Planes& in, Size low, Buffer& memory) {
    const size_t pitch = padded(static_cast<size_t>(low.width)) + kRowPad;
    T* const pixels = memory.take<T>(in.plane.size() * static_cast<size_t>(low.height) * pitch);
    Planes out{low.width, low.height, std::vector<Plane>(in.plane.size()), true};
    for (size_t c = 0; c < in.plane.size(); ++c) {
        Plane& plane = out.plane[c];
        plane.data = pixels + c * static_cast<size_t>(low.height) * pitch;
        plane.element = std::is_same_v<T, float> ? Element::f32 : Element::u8;
        plane.stride = static_cast<ptrdiff_t>(pitch);
        plane.width = plane.x1 = low.width;
        plane.height = plane.y1 = low.height;
    }
    resize(in, low, Interpolation::bilinear, [&](int y, float* const* rows) {
        for (size_t c = 0; c < in.plane.size(); ++c) {
            T* const to = out.plane[c].row<T>(y);
            if constexpr (std::is_same_v<T, float>) {
                std::memcpy(to, rows[c], static_cast<size_t>(low.width) * sizeof(float));
            } else {
                store_row(rows + c, 1, low.width, Type::u8, Layout::nhwc, 0, to);
            }
        }
    });
    return out;
}

// Each pixel is the one it lies in.
template <typename T>
void repeat(const Planes& in, Size size, Buffer& memory, const EmitOf<T>& emit) {
    const size_t n = static_cast<size_t>(size.width), pitch = padded(n) + kRowPad, channels = in.plane.size();
    const auto place = [](int i, int few, int many) {
        const double at = static_cast<double>(few) / many * (i + 0.5);
        return std::min(static_cast<int>(at), few - 1);
    };
    std::vector<int> from(n);
    for (size_t x = 0; x < n; ++x) from[x] = place(static_cast<int>(x), in.width, size.width);
    T* const pixels = memory.take<T>(2 * channels * pitch);  // a row, and what is handed out of it
    std::vector<T*> rows(channels);
    for (int y = 0, last = -1; y < size.height; ++y) {
        const int low = place(y, in.height, size.height);
        for (size_t c = 0; c < channels; ++c) {
            T* const row = pixels + 2 * c * pitch;
            const T* const given = in.plane[c].row<T>(low);
            for (size_t x = 0; low != last && x < n; ++x) row[x] = given[from[x]];
            rows[c] = row + pitch;
            std::memcpy(rows[c], row, n * sizeof(T));
        }
        last = low;
        emit(y, rows.data());
    }
}

// Each pixel lies between its neighbors. A row of the lower resolution is widened once.
template <typename T>
void interpolate(const Planes& in, Size size, Buffer& wide, Buffer& memory, const EmitOf<T>& emit) {
    const size_t n = static_cast<size_t>(size.width), pitch = padded(n) + kRowPad, channels = in.plane.size();
    struct Place {
        int before, after;
        float weight;
    };
    const auto place = [](int i, int few, int many) {
        const double at = static_cast<double>(few) / many * (i + 0.5) - 0.5, first = std::floor(at);
        const int before = static_cast<int>(first);
        return Place{std::max(before, 0), std::min(before + 1, few - 1), static_cast<float>(at - first)};
    };
    std::vector<Place> from;
    for (int x = 0; x < size.width; ++x) from.push_back(place(x, in.width, size.width));
    float* const widened = wide.take<float>(2 * channels * pitch);
    std::fill_n(widened, 2 * channels * pitch, 0.0f);
    T* const pixels = memory.take<T>(channels * pitch);
    std::vector<T*> rows(channels);
    int held[2] = {-1, -1};  // even and odd rows
    const auto row = [&](int y, size_t c) { return widened + (2 * c + static_cast<size_t>(y % 2)) * pitch; };
    for (int y = 0; y < size.height; ++y) {
        const Place at = place(y, in.height, size.height);
        for (const int low : {at.before, at.after}) {
            for (size_t c = 0; held[low % 2] != low && c < channels; ++c) {
                const float* const given = in.plane[c].row<float>(low);
                float* const to = row(low, c);
                for (size_t x = 0; x < n; ++x) {
                    const float before = given[from[x].before];
                    to[x] = before + from[x].weight * (given[from[x].after] - before);
                }
            }
            held[low % 2] = low;
        }
        for (size_t c = 0; c < channels; ++c) {
            rows[c] = pixels + c * pitch;
            between(row(at.before, c), row(at.after, c), at.weight, n, rows[c]);
        }
        emit(y, rows.data());
    }
}

}  // namespace

Downscale::Downscale(Fields& fields)
    : low_(fields.array<int64_t>("low", {2})),
      interpolation_(static_cast<Interpolation>(fields.integer("interpolation", 0, 2))),
      peak_(fields.real("peak")) {
    for (size_t i = 0; i < fields.rows; ++i)
        for (int k = 0; k < 2; ++k)
            if (low_[i][k] < 0 || low_[i][k] > (1 << 28))
                fields.fail("low", "must be 0 (none) to 2^28; got " + std::to_string(low_[i][k]));
}

void Downscale::run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const {
    const Size low{static_cast<int>(low_[row][0]), static_cast<int>(low_[row][1])}, size{in.height, in.width};
    if (static_cast<int64_t>(low.height) * low.width > (1 << 28))
        throw std::runtime_error("the lower resolution is none");
    const Planes few = lowered<float>(in, low, scratch[0]);
    const auto clipped = [&](int y, float* const* rows) {
        for (size_t c = 0; c < in.plane.size(); ++c)
            for (size_t x = 0; x < static_cast<size_t>(size.width); ++x)
                rows[c][x] = rows[c][x] > 0 ? std::min(rows[c][x], peak_) : 0;
        emit(y, rows);
    };
    if (interpolation_ == Interpolation::nearest) return repeat<float>(few, size, scratch[1], clipped);
    if (interpolation_ == Interpolation::bilinear)
        return interpolate<float>(few, size, scratch[1], scratch[2], clipped);
    resize(few, size, interpolation_, clipped);
}

bool Downscale::run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const {
    if (interpolation_ == Interpolation::bicubic) return false;
    for (const Plane& plane : in.plane)
        if (!is_bytes(plane, peak_)) return false;
    const Size low{static_cast<int>(low_[row][0]), static_cast<int>(low_[row][1])};
    if (interpolation_ == Interpolation::bilinear) {
        interpolate<uint8_t>(lowered<float>(in, low, scratch[0]), {in.height, in.width}, scratch[1], scratch[2], emit);
        return true;
    }
    repeat<uint8_t>(lowered<uint8_t>(in, low, scratch[0]), {in.height, in.width}, scratch[1], emit);
    return true;
}

}  // namespace augstream
