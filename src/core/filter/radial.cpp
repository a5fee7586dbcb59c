#include "filter/radial.h"

#include <algorithm>
#include <cmath>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/radial.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "filter/lines.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
using F = hn::Vec<decltype(df)>;

// All of these run over the end of the row, by less than kRowPad elements.

// The line between two rows.
void Between(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, float share, size_t n, float* HWY_RESTRICT out) {
    const F s = hn::Set(df, share);
    for (size_t x = 0; x < n; x += hn::Lanes(df)) {
        const F first = hn::LoadU(df, a + x);
        hn::StoreU(hn::MulAdd(hn::Sub(hn::LoadU(df, b + x), first), s, first), df, out + x);
    }
}

// out[x] = (other[x] + the line at place x) / 2. index: of the pixels before each place; those of a vector lie within
// two vectors from the first of them.
void Along(const float* HWY_RESTRICT line, const int32_t* HWY_RESTRICT index, const float* HWY_RESTRICT share,
           const float* other, size_t n, float* out) {
    const size_t lanes = hn::Lanes(df);
    const auto last = hn::Set(di, static_cast<int32_t>(lanes - 1));
    const F half = hn::Set(df, 0.5f);
    for (size_t x = 0; x < n; x += lanes) {
        const float* const at = line + index[x];
        const auto way = hn::Sub(hn::LoadU(di, index + x), hn::Set(di, index[x]));
        const auto near = hn::IndicesFromVec(df, hn::And(way, last));
        F first = hn::TableLookupLanes(hn::LoadU(df, at), near),
          next = hn::TableLookupLanes(hn::LoadU(df, at + 1), near);
        if (static_cast<size_t>(index[x + lanes - 1] - index[x]) >= lanes) {
            const auto far = hn::RebindMask(df, hn::Gt(way, last));
            first = hn::IfThenElse(far, hn::TableLookupLanes(hn::LoadU(df, at + lanes), near), first);
            next = hn::IfThenElse(far, hn::TableLookupLanes(hn::LoadU(df, at + lanes + 1), near), next);
        }
        const F zoomed = hn::MulAdd(hn::Sub(next, first), hn::LoadU(df, share + x), first);
        hn::StoreU(hn::Mul(hn::Add(hn::LoadU(df, other + x), zoomed), half), df, out + x);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(Between);
HWY_EXPORT(Along);

namespace {

// Where a zoomed axis looks: before and behind each of its n pixels, and how near to the latter.
struct Zoom {
    std::vector<int32_t> before;
    std::vector<float> share;

    // room: pixels beyond n, which look where the last one does.
    Zoom(int n, double factor, size_t room) {
        const double middle = n / 2.0;
        for (int x = 0; x < n; ++x) {
            const double place = (x + 0.5 - middle) / factor + middle - 0.5, below = std::floor(place);
            before.push_back(static_cast<int32_t>(below));
            share.push_back(static_cast<float>(place - below));
        }
        before.resize(before.size() + room, before.back());
        share.resize(share.size() + room, 0.0f);
    }
    // How many pixels outside of the image it looks at.
    int beyond(int n) const { return std::max({0, -before.front(), before[static_cast<size_t>(n) - 1] + 2 - n}); }
};

// Zooms of one image.
class Zoomed {
  public:
    Zoomed(const Planes& in, double factor, Border border, const float* fill)
        : n_(static_cast<size_t>(in.width)),
          x_(in.width, factor, kRowPad),
          y_(in.height, factor, 0),
          beyond_(x_.beyond(in.width)),
          lines_(in, y_.beyond(in.height), beyond_, border, fill) {
        for (int32_t& at : x_.before) at += beyond_;
    }
    // The elements of a line.
    size_t pitch() const { return padded(n_ + 2 * static_cast<size_t>(beyond_)) + 3 * kRowPad; }

    // out = (other + row y) / 2; memory for three lines.
    void average(size_t c, int y, const float* other, float* memory, float* out) const {
        float *const a = memory, *const b = a + pitch(), *const line = b + pitch();
        const int from = y_.before[static_cast<size_t>(y)];
        lines_.read(c, from, a);
        lines_.read(c, from + 1, b);
        const size_t width = n_ + 2 * static_cast<size_t>(beyond_);
        HWY_DYNAMIC_DISPATCH(Between)(a, b, y_.share[static_cast<size_t>(y)], width, line);
        HWY_DYNAMIC_DISPATCH(Along)(line, x_.before.data(), x_.share.data(), other, n_, out);
    }

  private:
    const size_t n_;
    Zoom x_, y_;
    const int beyond_;
    const Lines<float> lines_;
};

}  // namespace

Radial::Radial(Fields& fields)
    : factor_(fields.array<double>("factor", {})),
      border_(border_of(fields)),
      fill_(fields.array_or_none<float>("fill", {fields.channels})) {
    for (size_t i = 0; i < fields.rows; ++i)
        if (!(*factor_[i] >= 1 && *factor_[i] <= 4)) fields.fail("factor", "must be 1 to 4");
}

void Radial::run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const {
    const double factor = *factor_[row], root = std::sqrt(factor);
    const float* const fill = fill_ ? fill_[row] : nullptr;
    const double spread = (root - 1 / root) * std::max(in.height, in.width) / 2;
    int passes = 1;
    while ((1 << passes) - 1 < spread) ++passes;
    const double ratio = std::pow(factor, 1.0 / ((1 << passes) - 1));

    const size_t channels = in.plane.size(), n = static_cast<size_t>(in.width);
    const size_t pitch = padded(n) + 2 * kRowPad, rows = static_cast<size_t>(in.height);
    // Each pass goes to the other of two images.
    float* const images = scratch[0].take<float>(2 * channels * rows * pitch);
    Planes made[2] = {in, in};
    for (size_t k = 0; k < 2; ++k)
        for (size_t c = 0; c < channels; ++c) {
            Plane& plane = made[k].plane[c];
            plane = {images + (k * channels + c) * rows * pitch, Element::f32, static_cast<ptrdiff_t>(pitch)};
            plane.width = plane.x1 = in.width;
            plane.height = plane.y1 = in.height;
        }
    const std::vector<float*> out = lines_out<float>(scratch[2], channels, n);

    const Zoomed least(in, 1 / root, border_, fill), next(in, ratio / root, border_, fill);
    std::vector<float> zero(padded(n) + kRowPad);
    for (int pass = 0; pass < passes; ++pass) {
        const Planes& from = made[(pass + 1) % 2];
        const Zoomed zoomed(pass ? from : in, pass ? std::pow(ratio, 1 << pass) : 1.0, border_, fill);
        const size_t room = std::max({least.pitch(), next.pitch(), zoomed.pitch()});
        float* const memory = scratch[1].take<float>(3 * room);
        std::vector<float*> to = out;
        for (int y = 0; y < in.height; ++y) {
            for (size_t c = 0; c < channels; ++c) {
                if (pass + 1 < passes) to[c] = made[pass % 2].plane[c].row<float>(y);
                if (pass) {
                    zoomed.average(c, y, from.plane[c].row<float>(y), memory, to[c]);
                } else {
                    // Half of the one first, as it is averaged with nothing.
                    least.average(c, y, zero.data(), memory, to[c]);
                    for (size_t x = 0; x < n; ++x) to[c][x] *= 2;
                    next.average(c, y, to[c], memory, to[c]);
                }
            }
            if (pass + 1 == passes) emit(y, to.data());
        }
    }
}

}  // namespace augstream
#endif
