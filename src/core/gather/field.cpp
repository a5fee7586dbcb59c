#include "gather/field.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gather/field.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "draw/pixel_hash.h"
#include "gather/places.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
using F = hn::Vec<decltype(df)>;

// Where a place lies among cells along one axis.
struct Steps {
    F first, inverse, last;
    hn::Vec<decltype(di)> most;

    Steps(double start, double size, int count)
        : first(hn::Set(df, static_cast<float>(start))),
          inverse(hn::Set(df, static_cast<float>(1 / size))),
          last(hn::Set(df, static_cast<float>(count))),
          most(hn::Set(di, count - 1)) {}

    // The place in cells; beyond them at their edge.
    F at(F place) const { return hn::Min(hn::Max(hn::Mul(hn::Sub(place, first), inverse), hn::Zero(df)), last); }
    // Whatever the numbers were, there is such a cell.
    auto cell(F at) const { return hn::Min(hn::Max(hn::ConvertTo(di, at), hn::Zero(di)), most); }
};

// The places that the row looks at before the field moves them: x and y, and the number of the cell that each is in.
void FlatRow(const Nodes& nodes, int y, int n, float* HWY_RESTRICT x, float* HWY_RESTRICT y_,
             int32_t* HWY_RESTRICT cell) {
    const Places places(nodes.m, y);
    const Steps along(nodes.x0, nodes.width, nodes.across), down(nodes.y0, nodes.height, nodes.down);
    const auto across = hn::Set(di, nodes.across);
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df)) {
        F u, v;
        places.at(j, u, v);
        hn::StoreU(u, df, x + j);
        hn::StoreU(v, df, y_ + j);
        hn::StoreU(hn::Add(hn::Mul(down.cell(down.at(v)), across), along.cell(along.at(u))), di, cell + j);
    }
}

// Pixels go to others at most `reach` away, by the hash of their numbers.
void SpreadRow(const Nodes& nodes, int y, int n, float* HWY_RESTRICT out_x, float* HWY_RESTRICT out_y) {
    const Places places(nodes.m, y);
    const Steps along(nodes.x0, nodes.width, nodes.across), down(nodes.y0, nodes.height, nodes.down);
    const hn::RebindToUnsigned<decltype(df)> du;
    const auto across = hn::Set(di, nodes.across);
    const PixelKey key(nodes.key);
    const auto shifted = [&](auto base, uint32_t channel, float reach, auto at, auto last) {
        decltype(base) word[1] = {base};
        PixelWords(word, key.of_channel(channel));
        const auto far = static_cast<int32_t>(reach);
        const auto most = hn::Set(du, static_cast<uint32_t>(2 * far + 1));
        const auto drawn = hn::ShiftRight<16>(hn::Mul(hn::ShiftRight<16>(word[0]), most));
        const auto to = hn::Add(at, hn::Sub(hn::BitCast(di, drawn), hn::Set(di, far)));
        return hn::ConvertTo(df, hn::Sub(hn::Min(hn::Max(to, hn::Zero(di)), last), at));
    };
    for (size_t j = 0; j < static_cast<size_t>(n); j += hn::Lanes(df)) {
        F u, v;
        places.at(j, u, v);
        const auto x = along.cell(along.at(u)), row = down.cell(down.at(v));
        const auto base = PixelBase(key, hn::BitCast(du, hn::Add(hn::Mul(row, across), x)));
        hn::StoreU(hn::Add(u, shifted(base, 0, nodes.node[0], x, along.most)), df, out_x + j);
        hn::StoreU(hn::Add(v, shifted(base, 1, nodes.node[1], row, down.most)), df, out_y + j);
    }
}

HWY_INLINE F Cubic(const float* c, F t) {
    return hn::MulAdd(hn::MulAdd(hn::MulAdd(hn::Set(df, c[0]), t, hn::Set(df, c[1])), t, hn::Set(df, c[2])), t,
                      hn::Set(df, c[3]));
}

// Pixels [first, last) of one cell, and up to a vector more; the polynomials are those of this row.
void CubicRun(const Nodes& nodes, const float* poly, int column, size_t first, size_t last, const float* HWY_RESTRICT x,
              const float* HWY_RESTRICT y, float* HWY_RESTRICT out_x, float* HWY_RESTRICT out_y) {
    const Steps along(nodes.x0, nodes.width, nodes.across);
    const F left = hn::Set(df, static_cast<float>(column));
    for (size_t j = first; j < last; j += hn::Lanes(df)) {
        const F u = hn::LoadU(df, x + j), t = hn::Sub(along.at(u), left);
        hn::StoreU(hn::Add(u, Cubic(poly, t)), df, out_x + j);
        hn::StoreU(hn::Add(hn::LoadU(df, y + j), Cubic(poly + 4, t)), df, out_y + j);
    }
}

HWY_INLINE F Bicubic(const float* c, F s, F t) {
    return hn::MulAdd(hn::MulAdd(hn::MulAdd(Cubic(c, t), s, Cubic(c + 4, t)), s, Cubic(c + 8, t)), s, Cubic(c + 12, t));
}

void PatchRun(const Nodes& nodes, int cell, size_t first, size_t last, const float* HWY_RESTRICT x,
              const float* HWY_RESTRICT y, float* HWY_RESTRICT out_x, float* HWY_RESTRICT out_y) {
    const Steps along(nodes.x0, nodes.width, nodes.across), down(nodes.y0, nodes.height, nodes.down);
    const F left = hn::Set(df, static_cast<float>(cell % nodes.across));
    const F top = hn::Set(df, static_cast<float>(cell / nodes.across));
    const float* patch = nodes.patch + 32 * static_cast<size_t>(cell);
    for (size_t j = first; j < last; j += hn::Lanes(df)) {
        const F u = hn::LoadU(df, x + j), v = hn::LoadU(df, y + j);
        const F t = hn::Sub(along.at(u), left), s = hn::Sub(down.at(v), top);
        hn::StoreU(hn::Add(u, Bicubic(patch, s, t)), df, out_x + j);
        hn::StoreU(hn::Add(v, Bicubic(patch + 16, s, t)), df, out_y + j);
    }
}

void SmoothRow(const Nodes& nodes, const float* row, int n, const float* x, const float* y, const int32_t* cell,
               float* out_x, float* out_y) {
    const auto count = static_cast<size_t>(n);
    for (size_t j = 0; j < count;) {
        const int32_t here = cell[j];
        size_t last = j + 1;
        while (last < count && cell[last] == here) ++last;
        if (nodes.patch) {
            PatchRun(nodes, here, j, last, x, y, out_x, out_y);
        } else {
            const int column = here % nodes.across;
            CubicRun(nodes, row + 8 * column, column, j, last, x, y, out_x, out_y);
        }
        j = last;
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(FlatRow);
HWY_EXPORT(SmoothRow);
HWY_EXPORT(SpreadRow);

namespace {

constexpr double kFar = 1e9;

// The uniform cubic B-spline between four coefficients, as a polynomial, the highest power first.
void cubic(double a, double b, double c, double d, float* out) {
    out[0] = static_cast<float>((d - a) / 6 + (b - c) / 2);
    out[1] = static_cast<float>((a + c) / 2 - b);
    out[2] = static_cast<float>((c - a) / 2);
    out[3] = static_cast<float>((a + 4 * b + c) / 6);
}

// The weights of four coefficients at t within a cell.
void weigh(double t, double* weight) {
    const double s = 1 - t;
    weight[0] = s * s * s / 6;
    weight[1] = (t * t * (3 * t - 6) + 4) / 6;
    weight[2] = (s * s * (3 * s - 6) + 4) / 6;
    weight[3] = t * t * t / 6;
}

void make_patches(const Nodes& nodes, float* patch) {
    const auto wide = static_cast<size_t>(nodes.across + 3);
    for (int i = 0; i < nodes.down; ++i)
        for (int j = 0; j < nodes.across; ++j)
            for (size_t axis = 0; axis < 2; ++axis, patch += 16) {
                const float* node = nodes.node + 2 * (static_cast<size_t>(i) * wide + static_cast<size_t>(j)) + axis;
                float rows[4][4];
                for (size_t k = 0; k < 4; ++k, node += 2 * wide) cubic(node[0], node[2], node[4], node[6], rows[k]);
                for (size_t k = 0; k < 4; ++k) {
                    float column[4];
                    cubic(rows[0][k], rows[1][k], rows[2][k], rows[3][k], column);
                    for (size_t power = 0; power < 4; ++power) patch[4 * power + k] = column[power];
                }
            }
}

// The polynomials of a row of output that runs along the nodes.
void make_row(const Nodes& nodes, int y, float* poly) {
    const auto wide = static_cast<size_t>(nodes.across + 3);
    const double place = (nodes.m[4] * (y + 0.5) + nodes.m[5] - nodes.y0) / nodes.height;
    const double at = place > 0 ? std::min(place, static_cast<double>(nodes.down)) : 0;
    const int cell = std::min(static_cast<int>(at), nodes.down - 1);
    double weight[4];
    weigh(at - cell, weight);
    const float* node = nodes.node + 2 * static_cast<size_t>(cell) * wide;
    const auto sum = [&](size_t k) {
        return weight[0] * node[k] + weight[1] * node[2 * wide + k] + weight[2] * node[4 * wide + k] +
               weight[3] * node[6 * wide + k];
    };
    for (size_t axis = 0; axis < 2; ++axis) {
        double a = sum(axis), b = sum(2 + axis), c = sum(4 + axis);
        for (size_t j = 0; j < static_cast<size_t>(nodes.across); ++j) {
            const double d = sum(2 * (j + 3) + axis);
            cubic(a, b, c, d, poly + 8 * j + 4 * axis);
            a = b;
            b = c;
            c = d;
        }
    }
}

}  // namespace

void Bend::begin(const Mapping& g) {
    const Field& field = *g.field;
    const double* box = field.box[g.field_row];
    const bool smooth = field.kind == Field::Kind::smooth, pixels = field.kind == Field::Kind::pixels;
    std::copy_n(g.to_field, 9, nodes_.m);
    std::copy_n(g.from_field, 9, from_);
    nodes_.kind = field.kind;
    nodes_.node = field.nodes[g.field_row];
    nodes_.key = field.key ? *field.key[g.field_row] : 0;
    nodes_.down = static_cast<int>(field.nodes.shape[1]) - (smooth ? 3 : 0);
    nodes_.across = static_cast<int>(field.nodes.shape[2]) - (smooth ? 3 : 0);
    if (pixels) {  // each is a tile
        nodes_.across = static_cast<int>(box[2] - box[0]);
        nodes_.down = static_cast<int>(box[3] - box[1]);
    }
    nodes_.x0 = box[0];
    nodes_.y0 = box[1];
    nodes_.width = (box[2] - box[0]) / nodes_.across;
    nodes_.height = (box[3] - box[1]) / nodes_.down;
    n_ = g.width;
    const size_t pitch = padded(static_cast<size_t>(n_)) + kRowPad;
    const auto across = static_cast<size_t>(smooth ? nodes_.across : 0);
    x_ = places_.take<float>(4 * pitch + 8 * across);
    y_ = x_ + pitch;
    flat_ = y_ + pitch;
    row_ = flat_ + 2 * pitch;
    cell_ = cells_.take<int32_t>(pitch);
    nodes_.patch = nullptr;
    const bool along = g.to_field[3] == 0 && g.to_field[6] == 0 && g.to_field[7] == 0;
    if (smooth && !along) {
        auto* patch = patches_.take<float>(32 * across * static_cast<size_t>(nodes_.down));
        make_patches(nodes_, patch);
        nodes_.patch = patch;
    }
}

void Bend::row(int y) {
    const size_t pitch = padded(static_cast<size_t>(n_)) + kRowPad;
    const float *x = flat_, *down = flat_ + pitch;
    if (nodes_.kind == Field::Kind::pixels) return HWY_DYNAMIC_DISPATCH(SpreadRow)(nodes_, y, n_, x_, y_);
    HWY_DYNAMIC_DISPATCH(FlatRow)(nodes_, y, n_, flat_, flat_ + pitch, cell_);
    if (nodes_.kind == Field::Kind::smooth) {
        if (!nodes_.patch) make_row(nodes_, y, row_);
        HWY_DYNAMIC_DISPATCH(SmoothRow)(nodes_, row_, n_, x, down, cell_, x_, y_);
        return;
    }
    for (int j = 0; j < n_; ++j) {
        const float* node = nodes_.node + 2 * static_cast<size_t>(cell_[j]);
        x_[j] = x[j] + node[0];
        y_[j] = down[j] + node[1];
    }
}

bool Bend::tiled(const Plane& plane) const {
    const auto straight = [](const double* m) { return m[0] == 1 && m[4] == 1; };
    return nodes_.kind == Field::Kind::tiles && straight(nodes_.m) && straight(from_) && plane.element == Element::u8;
}

void Bend::tile_row(const Plane& plane, int y, uint8_t* out) const {
    const auto whole = [](double place, double low, double high) {
        return static_cast<int>(std::floor(place > low ? std::min(place, high) : low));
    };
    const double left = nodes_.m[2], top = y + 0.5 + nodes_.m[5];
    const int i = whole((top - nodes_.y0) / nodes_.height, 0, nodes_.down - 1);
    const float* node = nodes_.node + 2 * static_cast<size_t>(i) * static_cast<size_t>(nodes_.across);
    for (int k = 0, x = 0; k < nodes_.across; ++k, node += 2) {
        const double end = std::ceil(nodes_.x0 + (k + 1) * nodes_.width - 0.5 - left);
        const int last = k + 1 == nodes_.across ? n_ : whole(end, x, n_);
        const int row = whole(top + node[1] + from_[5], plane.y0, plane.y1 - 1);
        const auto* pixels = plane.row<uint8_t>(row) - plane.x0;
        const int from = x + whole(left + node[0] + from_[2] + 0.5, -kFar, kFar);
        if (from >= plane.x0 && from + (last - x) <= plane.x1) {
            if (last > x) std::memcpy(out + x, pixels + from, static_cast<size_t>(last - x));
        } else {
            for (int j = x; j < last; ++j) out[j] = pixels[std::clamp(from + j - x, plane.x0, plane.x1 - 1)];
        }
        x = last;
    }
}

}  // namespace augstream
#endif
