#include "filter/kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/kernel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "filter/lines.h"
#include "filter/separable.h"

#ifndef AUGSTREAM_FILTER_KERNEL_TAPS
#define AUGSTREAM_FILTER_KERNEL_TAPS
namespace augstream {
// One weight that is not zero, or of bytes two side by side, in 16 bits each.
struct Tap {
    size_t row, column;  // from the upper left
    float weight;
    int32_t pair;
};
// Sums of 16-bit weights times levels, and what makes levels of them.
struct Unit {
    float scale, low, high;
};
}  // namespace augstream
#endif

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
const hn::Rebind<uint8_t, decltype(df)> d8;
using F = hn::Vec<decltype(df)>;
using I = hn::Vec<decltype(di)>;

// All of these run over the end of the row, by less than kRowPad elements.

// Each level beside that of the next pixel, as two halves of a word.
void Pair(const uint8_t* HWY_RESTRICT in, size_t apart, size_t n, int32_t* HWY_RESTRICT out) {
    for (size_t x = 0; x < n; x += hn::Lanes(di)) {
        const I own = hn::PromoteTo(di, hn::LoadU(d8, in + x)), next = hn::PromoteTo(di, hn::LoadU(d8, in + x + apart));
        hn::StoreU(hn::Or(own, hn::ShiftLeft<16>(next)), di, out + x);
    }
}

HWY_INLINE I AddProducts(I pixels, I weights, I sum) {
#if HWY_TARGET == HWY_SCALAR
    const int32_t p = hn::GetLane(pixels), w = hn::GetLane(weights);
    return hn::Add(sum, hn::Set(di, (p & 0xFFFF) * static_cast<int16_t>(w) + (p >> 16) * (w >> 16)));
#else
    const hn::Repartition<int16_t, decltype(di)> d16;
    I odd = hn::Zero(di);
    sum = hn::ReorderWidenMulAccumulate(di, hn::BitCast(d16, pixels), hn::BitCast(d16, weights), sum, odd);
    return hn::RearrangeToOddPlusEven(sum, odd);
#endif
}

template <typename Store>
HWY_INLINE void SumPairs(const Tap* taps, const int32_t* const* from, size_t count, size_t n, const Store& store) {
    const size_t step = hn::Lanes(di);
    for (size_t x = 0; x < n; x += 4 * step) {
        I a = hn::Zero(di), b = a, c = a, d = a;
        for (size_t k = 0; k < count; ++k) {
            const I w = hn::Set(di, taps[k].pair);
            const int32_t* const at = from[k] + x;
            a = AddProducts(hn::LoadU(di, at), w, a);
            b = AddProducts(hn::LoadU(di, at + step), w, b);
            c = AddProducts(hn::LoadU(di, at + 2 * step), w, c);
            d = AddProducts(hn::LoadU(di, at + 3 * step), w, d);
        }
        store(x, a);
        store(x + step, b);
        store(x + 2 * step, c);
        store(x + 3 * step, d);
    }
}

HWY_INLINE F Level(F sum, const Unit& unit) {
    // What is no number becomes the lowest.
    const F level = hn::Mul(sum, hn::Set(df, unit.scale)), low = hn::Set(df, unit.low);
    return hn::Min(hn::IfThenElse(hn::Gt(level, low), level, low), hn::Set(df, unit.high));
}

void PairsToFloats(const Tap* taps, const int32_t* const* from, size_t count, size_t n, const Unit& unit,
                   float* HWY_RESTRICT out) {
    SumPairs(taps, from, count, n,
             [&](size_t x, I sum) HWY_ATTR { hn::StoreU(Level(hn::ConvertTo(df, sum), unit), df, out + x); });
}

void PairsToBytes(const Tap* taps, const int32_t* const* from, size_t count, size_t n, const Unit& unit,
                  uint8_t* HWY_RESTRICT out) {
    const F scale = hn::Set(df, unit.scale);
    SumPairs(taps, from, count, n, [&](size_t x, I sum) HWY_ATTR {
        hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(hn::Mul(hn::ConvertTo(df, sum), scale))), d8, out + x);
    });
}

void SumFloats(const Tap* taps, const float* const* from, size_t count, size_t n, const Unit& unit, bool clips,
               float* HWY_RESTRICT out) {
    const size_t step = hn::Lanes(df);
    for (size_t x = 0; x < n; x += 4 * step) {
        F sum[4] = {hn::Zero(df), hn::Zero(df), hn::Zero(df), hn::Zero(df)};
        for (size_t k = 0; k < count; ++k) {
            const F w = hn::Set(df, taps[k].weight);
            const float* const at = from[k] + x;
            sum[0] = hn::MulAdd(hn::LoadU(df, at), w, sum[0]);
            sum[1] = hn::MulAdd(hn::LoadU(df, at + step), w, sum[1]);
            sum[2] = hn::MulAdd(hn::LoadU(df, at + 2 * step), w, sum[2]);
            sum[3] = hn::MulAdd(hn::LoadU(df, at + 3 * step), w, sum[3]);
        }
        for (size_t k = 0; k < 4; ++k) hn::StoreU(clips ? Level(sum[k], unit) : sum[k], df, out + x + k * step);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(Pair);
HWY_EXPORT(PairsToFloats);
HWY_EXPORT(PairsToBytes);
HWY_EXPORT(SumFloats);

namespace {

// The weights in 16 bits, of the finest unit that these and the sums of 32 bits have room for, with their sum kept.
// False where there is none.
bool quantize(std::vector<Tap>& taps, float& scale) {
    double most = 0, total = 0;
    for (const Tap& tap : taps) {
        most = std::max<double>(most, std::abs(tap.weight));
        total += std::abs(tap.weight);
    }
    if (!(total > 0 && total < 1e4)) return false;
    const int bits =
        static_cast<int>(std::floor(std::min(std::log2(32000 / most), std::log2(2147000000 / 255 / total))));
    if (bits < 8) return false;
    const double unit = std::ldexp(1.0, std::min(bits, 30));
    scale = static_cast<float>(1 / unit);
    double exact = 0;
    int64_t rounded = 0;
    std::vector<Tap> pairs;
    for (const Tap& tap : taps) {
        exact += tap.weight * unit;
        const auto weight = static_cast<int32_t>(std::llround(exact) - rounded);
        rounded += weight;
        Tap* const last = pairs.empty() ? nullptr : &pairs.back();
        if (last && last->row == tap.row && last->column + 1 == tap.column && (last->pair >> 16) == 0) {
            last->pair = static_cast<int32_t>((static_cast<uint32_t>(last->pair) & 0xFFFF) |
                                              static_cast<uint32_t>(weight) << 16);
        } else {
            pairs.push_back({tap.row, tap.column, 0, static_cast<int32_t>(static_cast<uint32_t>(weight) & 0xFFFF)});
        }
    }
    taps = std::move(pairs);
    return true;
}

// The two kinds of arithmetic, each chosen by the type of its rows.
void sum(const std::vector<Tap>& taps, const int32_t* const* from, size_t n, const Unit& unit, bool, float* out) {
    HWY_DYNAMIC_DISPATCH(PairsToFloats)(taps.data(), from, taps.size(), n, unit, out);
}
void sum(const std::vector<Tap>& taps, const int32_t* const* from, size_t n, const Unit& unit, bool, uint8_t* out) {
    HWY_DYNAMIC_DISPATCH(PairsToBytes)(taps.data(), from, taps.size(), n, unit, out);
}
void sum(const std::vector<Tap>& taps, const float* const* from, size_t n, const Unit& unit, bool clips, float* out) {
    HWY_DYNAMIC_DISPATCH(SumFloats)(taps.data(), from, taps.size(), n, unit, clips, out);
}

}  // namespace

// Those of one image.
struct Kernel::Weights {
    const int down, along;
    const size_t rows, columns;
    const float* const fill;
    std::vector<Tap> taps;
    // Of a kernel that is a column times a row.
    std::vector<float> column, line;

    Weights(const Kernel& kernel, size_t row)
        : down(static_cast<int>(kernel.reach_[row][0])),
          along(static_cast<int>(kernel.reach_[row][1])),
          rows(2 * static_cast<size_t>(down) + 1),
          columns(2 * static_cast<size_t>(along) + 1),
          fill(kernel.fill_ ? kernel.fill_[row] : nullptr),
          pitch_(kernel.weights_.shape[2]),
          first_(kernel.weights_[row] + (kernel.weights_.shape[1] / 2 - rows / 2) * pitch_ + pitch_ / 2 - columns / 2) {
        for (size_t i = 0; i < rows; ++i)
            for (size_t j = 0; j < columns; ++j)
                if (at(i, j) != 0) taps.push_back({i, j, at(i, j), 0});
        separate();
    }

    // Whether what is made of levels from 0 up needs no clip.
    bool mean() const {
        double total = 0;
        for (const Tap& tap : taps) total += tap.weight;
        return total <= 1 + 1e-6 && std::all_of(taps.begin(), taps.end(), [](const Tap& t) { return t.weight >= 0; });
    }

    // Where there is a line.
    Profile x() const { return {line.data(), line.size(), along}; }
    Profile y() const { return {column.data(), column.size(), down}; }

    // Whether levels of bytes are summed in whole numbers.
    bool take(const Planes& in) const { return all_bytes(in) && whole_levels(fill, channels(in)); }

  private:
    float at(size_t i, size_t j) const { return first_[i * pitch_ + j]; }

    void separate() {
        if (taps.size() <= rows + columns) return;
        const Tap& most = *std::max_element(taps.begin(), taps.end(), [](const Tap& a, const Tap& b) {
            return std::abs(a.weight) < std::abs(b.weight);
        });
        double total = 0;
        for (size_t j = 0; j < columns; ++j) total += at(most.row, j);
        // The sum of the line is 1, so that the column has the sum of all.
        if (std::abs(total) < 1e-3 * std::abs(static_cast<double>(most.weight))) return;
        for (size_t i = 0; i < rows; ++i) {
            const double ratio = at(i, most.column) / static_cast<double>(most.weight);
            for (size_t j = 0; j < columns; ++j)
                if (std::abs(at(i, j) - ratio * at(most.row, j)) > 1e-6 * std::abs(most.weight)) return;
        }
        for (size_t i = 0; i < rows; ++i)
            column.push_back(static_cast<float>(at(i, most.column) * total / static_cast<double>(most.weight)));
        for (size_t j = 0; j < columns; ++j) line.push_back(static_cast<float>(at(most.row, j) / total));
    }

    const size_t pitch_;
    const float* const first_;
};

namespace {

// P: what a row is kept as, pairs of levels or floats.
template <typename T, typename P, typename Out, typename Make>
void convolve(const Planes& in, const std::vector<Tap>& taps, int down, const Lines<T>& lines, int along,
              const Unit& unit, bool clips, Head::Scratch& scratch, const Make& make, const EmitOf<Out>& emit) {
    const size_t planes = in.plane.size(), n = elements(in), apart = static_cast<size_t>(in.together);
    const size_t rows = 2 * static_cast<size_t>(down) + 1, width = n + 2 * static_cast<size_t>(along) * apart;
    const size_t pitch = padded(width) + 2 * kRowPad;
    T* const line = scratch[0].take<T>(pitch);
    const Ring<P> kept(scratch[1].take<P>(planes * rows * pitch), planes, rows, pitch);
    const std::vector<Out*> out = lines_out<Out>(scratch[2], planes, n);
    std::vector<const P*> from(taps.size());
    for (size_t v = 0; v < static_cast<size_t>(in.height) + rows - 1; ++v) {
        for (size_t c = 0; c < planes; ++c) {
            lines.read(c, static_cast<int>(v) - down, line);
            make(line, apart, width, kept.row(c, v));
        }
        if (v + 1 < rows) continue;
        for (size_t c = 0; c < planes; ++c) {
            for (size_t k = 0; k < taps.size(); ++k)
                from[k] = kept.row(c, v + 1 - rows + taps[k].row) + taps[k].column * apart;
            sum(taps, from.data(), n, unit, clips, out[c]);
        }
        emit(static_cast<int>(v + 1 - rows), out.data());
    }
}

}  // namespace

Kernel::Kernel(Fields& fields)
    : weights_(fields.array<float>("weights", {Fields::kAny, Fields::kAny})),
      reach_(fields.array<int64_t>("reach", {2})),
      border_(border_of(fields)),
      fill_(fields.array_or_none<float>("fill", {fields.channels})),
      high_(fields.real("high")) {
    if (weights_.shape[1] % 2 == 0 || weights_.shape[2] % 2 == 0)
        fields.fail("weights", "must have an odd number of rows and columns");
    check_reach(fields, reach_, static_cast<int64_t>(weights_.shape[1] / 2),
                static_cast<int64_t>(weights_.shape[2] / 2));
}

void Kernel::run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const {
    Weights weights(*this, row);
    const bool clips = high_ > 0 && !(weights.take(in) && weights.mean());
    const float most = std::numeric_limits<float>::max();
    Unit unit{1, clips ? 0 : -most, clips ? high_ : most};
    if (!weights.line.empty() && !clips)
        return run_separable(in, weights.x(), weights.y(), border_, weights.fill, scratch, emit);
    if (weights.take(in) && quantize(weights.taps, unit.scale)) {
        const Lines<uint8_t> lines(in, weights.down, weights.along, border_, weights.fill);
        return convolve<uint8_t, int32_t, float>(in, weights.taps, weights.down, lines, weights.along, unit, clips,
                                                 scratch, HWY_DYNAMIC_DISPATCH(Pair), emit);
    }
    const Lines<float> lines(in, weights.down, weights.along, border_, weights.fill);
    const auto keep = [](const float* line, size_t, size_t n, float* to) { std::memcpy(to, line, n * sizeof(float)); };
    convolve<float, float, float>(in, weights.taps, weights.down, lines, weights.along, unit, clips, scratch, keep,
                                  emit);
}

bool Kernel::run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const {
    Weights weights(*this, row);
    if (!weights.line.empty() && (!(high_ > 0) || weights.mean()))
        return run_separable_bytes(in, weights.x(), weights.y(), border_, weights.fill, scratch, emit);
    // Bytes clip by themselves.
    Unit unit{1, 0, 255};
    if ((high_ > 0 && high_ < 255) || !weights.take(in) || !quantize(weights.taps, unit.scale)) return false;
    const Lines<uint8_t> lines(in, weights.down, weights.along, border_, weights.fill);
    convolve<uint8_t, int32_t, uint8_t>(in, weights.taps, weights.down, lines, weights.along, unit, true, scratch,
                                        HWY_DYNAMIC_DISPATCH(Pair), emit);
    return true;
}

}  // namespace augstream
#endif
