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
// The row of one image.
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
// Of values in 0..255.
HWY_INLINE void Write(F v, uint8_t* out) { hn::StoreU(hn::U8FromU32(hn::BitCast(du, hn::NearestInt(v))), d8, out); }

constexpr size_t kTogether = 4;

// Several vectors at a time of n: change(j, levels) of those at j. Bytes may end where their memory does.
template <typename T, typename Change>
HWY_INLINE void Each(T* HWY_RESTRICT line, size_t n, const Change& change) {
    const size_t lanes = hn::Lanes(df), step = kTogether * lanes;
    const size_t whole = std::is_same_v<T, float> ? n : n / step * step;
    const auto apply = [&](size_t j, T* at) HWY_ATTR {
        F level[kTogether];
        for (size_t k = 0; k < kTogether; ++k) level[k] = Read(at + k * lanes);
        change(j, level);
        for (size_t k = 0; k < kTogether; ++k) Write(level[k], at + k * lanes);
    };
    size_t j = 0;
    for (; j < whole; j += step) apply(j, line + j);
    if (j >= n) return;
    HWY_ALIGN T some[kTogether * hn::MaxLanes(df)] = {};
    std::memcpy(some, line + j, (n - j) * sizeof(T));
    apply(j, some);
    std::memcpy(line + j, some, (n - j) * sizeof(T));
}

// The values of the words of one channel; base: what the channels of the pixels have in common.
template <bool kGaussian>
HWY_INLINE void Values(const uint32_t* base, uint32_t channel, F (&value)[kTogether]) {
    hn::Vec<decltype(du)> word[kTogether];
    for (size_t k = 0; k < kTogether; ++k) word[k] = hn::Load(du, base + k * hn::Lanes(df));
    PixelWords(word, channel);
    for (size_t k = 0; k < kTogether; ++k) value[k] = Symmetric(df, word[k]);
    if (kGaussian) return Normals(df, value);
    for (F& v : value) v = hn::Mul(v, hn::Set(df, 1.73205080757f));  // sqrt(3)
}

template <bool kGaussian, typename T>
void AddTo(const NoiseRow& row, T* const* rows, size_t channels, size_t all) {
    constexpr size_t kBlock = 256;
    static_assert(kBlock % (kTogether * hn::MaxLanes(df)) == 0);
    HWY_ALIGN uint32_t base[kBlock];
    HWY_ALIGN float common[kBlock];  // the values that all channels get
    constexpr bool kBytes = std::is_same_v<T, uint8_t>;
    const F low = hn::Set(df, kBytes ? std::max(row.low, 0.0f) : row.low);
    const F high = hn::Set(df, kBytes ? std::min(row.high, 255.0f) : row.high);
    const size_t lanes = hn::Lanes(df);
    const auto numbers = hn::Iota(du, 0);  // slow, and so not in the loop
    for (size_t first = 0; first < all; first += kBlock) {
        const size_t n = std::min(kBlock, all - first);
        for (size_t j = 0; j < n; j += kTogether * lanes) {
            for (size_t k = j; k < j + kTogether * lanes; k += lanes) {
                const auto pixel = hn::Add(numbers, hn::Set(du, row.pixel + static_cast<uint32_t>(first + k)));
                hn::Store(PixelBase(row.key, pixel), du, base + k);
            }
            if (row.per_channel) continue;
            F value[kTogether];
            Values<kGaussian>(base + j, row.key.of_channel(0), value);
            for (size_t k = 0; k < kTogether; ++k) hn::Store(value[k], df, common + j + k * lanes);
        }
        for (size_t c = 0; c < channels; ++c) {
            if (row.std[c] == 0) continue;
            const F std = hn::Set(df, row.std[c]);
            const uint32_t channel = row.key.of_channel(static_cast<uint32_t>(c));
            const auto add = [&](F(&level)[kTogether], const F(&value)[kTogether]) HWY_ATTR {
                for (size_t k = 0; k < kTogether; ++k) {
                    const F noisy = hn::MulAdd(value[k], std, level[k]);
                    // What is no number becomes the lowest.
                    level[k] = hn::Min(hn::IfThenElse(hn::Gt(noisy, low), noisy, low), high);
                }
            };
            T* const line = rows[c] + first;
            if (row.per_channel) {
                Each(line, n, [&](size_t j, F(&level)[kTogether]) HWY_ATTR {
                    F value[kTogether];
                    Values<kGaussian>(base + j, channel, value);
                    add(level, value);
                });
            } else {
                Each(line, n, [&](size_t j, F(&level)[kTogether]) HWY_ATTR {
                    F value[kTogether];
                    for (size_t k = 0; k < kTogether; ++k) value[k] = hn::Load(df, common + j + k * lanes);
                    add(level, value);
                });
            }
        }
    }
}

void AddToFloats(const NoiseRow& row, float* const* rows, size_t channels, size_t n) {
    row.gaussian ? AddTo<true>(row, rows, channels, n) : AddTo<false>(row, rows, channels, n);
}

void AddToBytes(const NoiseRow& row, uint8_t* const* rows, size_t channels, size_t n) {
    row.gaussian ? AddTo<true>(row, rows, channels, n) : AddTo<false>(row, rows, channels, n);
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
    const uint32_t pixel =
        static_cast<uint32_t>(line.y) * static_cast<uint32_t>(line.width) + static_cast<uint32_t>(line.x);
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
