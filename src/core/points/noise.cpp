#include "points/noise.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/noise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "draw/pixel_hash.h"

#ifndef AUGSTREAM_POINTS_NOISE_ROW
#define AUGSTREAM_POINTS_NOISE_ROW
namespace augstream {
// The row of one picture.
struct NoiseRow {
    PixelKey key;
    uint32_t pixel;  // the number of the line's first
    bool gaussian, per_channel;
    const float* std;
    float low, high;
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
const hn::RebindToUnsigned<decltype(df)> du;
const hn::Rebind<uint8_t, decltype(df)> d8;
using F = hn::Vec<decltype(df)>;

HWY_INLINE F Read(const float* in) { return hn::LoadU(df, in); }
HWY_INLINE F Read(const uint8_t* in) { return hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, in))); }
HWY_INLINE void Write(F v, float* out) { hn::StoreU(v, df, out); }
HWY_INLINE void Write(F v, uint8_t* out) { hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(v)), d8, out); }

// `first`: the first of the lanes, in pixels from the line's beginning.
template <bool kGaussian, typename T>
HWY_INLINE void Add(const NoiseRow& row, T* const* rows, size_t channels, size_t at, size_t first) {
    const auto z = [&](auto word) HWY_ATTR {
        const F x = Symmetric(df, word);
        return kGaussian ? Normal(df, x) : hn::Mul(x, hn::Set(df, 1.73205080757f));  // sqrt(3)
    };
    const F low = hn::Set(df, row.low), high = hn::Set(df, row.high);
    const auto base = PixelBase(row.key, hn::Iota(du, row.pixel + static_cast<uint32_t>(first)));
    F value = hn::Zero(df);
    if (!row.per_channel) value = z(PixelWord(base, row.key.of_channel(0)));
    for (size_t c = 0; c < channels; ++c) {
        if (row.std[c] == 0) continue;
        if (row.per_channel) value = z(PixelWord(base, row.key.of_channel(static_cast<uint32_t>(c))));
        const F sum = hn::MulAdd(value, hn::Set(df, row.std[c]), Read(rows[c] + at));
        Write(hn::Min(hn::Max(sum, low), high), rows[c] + at);
    }
}

template <bool kGaussian, typename T>
void AddAll(const NoiseRow& row, T* const* rows, size_t channels, size_t n) {
    const size_t step = hn::Lanes(df);
    size_t j = 0;
    for (; j + step <= n; j += step) Add<kGaussian>(row, rows, channels, j, j);
    if (j == n) return;
    if constexpr (std::is_same_v<T, float>) return Add<kGaussian>(row, rows, channels, j, j);
    // Bytes may end where their memory does.
    HWY_ALIGN T some[hn::MaxLanes(df)];
    for (size_t c = 0; c < channels; ++c) {
        NoiseRow one = row;
        T* const line = some;
        std::memcpy(some, rows[c] + j, (n - j) * sizeof(T));
        one.std = row.std + c;
        if (row.per_channel) one.key.high = row.key.of_channel(static_cast<uint32_t>(c));
        Add<kGaussian>(one, &line, 1, 0, j);
        std::memcpy(rows[c] + j, some, (n - j) * sizeof(T));
    }
}

void AddToFloats(const NoiseRow& row, float* const* rows, size_t channels, size_t n) {
    row.gaussian ? AddAll<true>(row, rows, channels, n) : AddAll<false>(row, rows, channels, n);
}

void AddToBytes(const NoiseRow& row, uint8_t* const* rows, size_t channels, size_t n) {
    row.gaussian ? AddAll<true>(row, rows, channels, n) : AddAll<false>(row, rows, channels, n);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(AddToFloats);
HWY_EXPORT(AddToBytes);

Noise::Noise(Fields& fields)
    : gaussian_(fields.integer("distribution", 0, 1) == 0),
      std_(fields.array<float>("std", {fields.channels})),
      key_(fields.array<uint64_t>("key", {})),
      per_channel_(fields.flag("per_channel")),
      low_(fields.real("low")),
      high_(fields.real("high")) {}

bool Noise::idle(size_t row) const {
    return std::all_of(std_[row], std_[row] + std_.shape[1], [](float std) { return std == 0; });
}

template <typename T>
void Noise::add(const LineOf<T>& line) const {
    const uint32_t pixel = static_cast<uint32_t>(line.y) * static_cast<uint32_t>(line.width) +
                           static_cast<uint32_t>(line.x);
    const NoiseRow row{PixelKey(*key_[line.row]), pixel, gaussian_, per_channel_, std_[line.row], low_, high_};
    const auto channels = static_cast<size_t>(line.channels), n = static_cast<size_t>(line.n);
    if constexpr (std::is_same_v<T, float>) {
        HWY_DYNAMIC_DISPATCH(AddToFloats)(row, line.rows, channels, n);
    } else {
        HWY_DYNAMIC_DISPATCH(AddToBytes)(row, line.rows, channels, n);
    }
}

void Noise::run(const Line& line) const { add(line); }
void Noise::run_bytes(const ByteLine& line) const { add(line); }

}  // namespace augstream
#endif
