#include "points/noise.h"

#include <algorithm>
#include <cmath>
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
    int x, y, width;  // the place of the line's first pixel, and the image's width
    int distribution;
    bool per_channel;
    const float* std;
    const float* growth;  // (2, c), or null
    float grain;          // 0: each pixel has a value of its own
    float low, high;
    uint32_t pixel() const {
        return static_cast<uint32_t>(y) * static_cast<uint32_t>(width) + static_cast<uint32_t>(x);
    }
    bool loud(size_t channel, size_t channels) const {
        return std[channel] != 0 || (growth && (growth[channel] != 0 || growth[channels + channel] != 0));
    }
};
}  // namespace augstream
#endif

#include <hwy/contrib/math/math-inl.h>

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
                const auto pixel = hn::Add(numbers, hn::Set(du, row.pixel() + static_cast<uint32_t>(first + k)));
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

// The values of n pixels, or nodes, that follow one another; n is rounded up to whole vectors.
void Draw(const NoiseRow& row, uint32_t pixel, uint32_t channel, size_t n, float* HWY_RESTRICT out) {
    const size_t lanes = hn::Lanes(df);
    const auto numbers = hn::Iota(du, 0);
    HWY_ALIGN uint32_t base[kTogether * hn::MaxLanes(df)];
    for (size_t j = 0; j < n; j += kTogether * lanes) {
        for (size_t k = 0; k < kTogether; ++k) {
            const auto number = hn::Add(numbers, hn::Set(du, pixel + static_cast<uint32_t>(j + k * lanes)));
            hn::Store(PixelBase(row.key, number), du, base + k * lanes);
        }
        F value[kTogether];
        if (row.distribution == 0) {
            Values<true>(base, channel, value);
        } else {
            Values<false>(base, channel, value);
        }
        for (size_t k = 0; k < kTogether; ++k) {
            if (row.distribution == 2) {
                const F x = hn::Mul(value[k], hn::Set(df, 0.57735026919f));  // of Symmetric() again
                const F far = hn::Log(df, hn::Sub(hn::Set(df, 1.0f), hn::Abs(x)));
                value[k] = hn::CopySign(hn::Mul(far, hn::Set(df, 0.70710678119f)), x);
            }
            hn::StoreU(value[k], df, out + j + k * lanes);
        }
    }
}

constexpr size_t kPiece = 256;
constexpr size_t kRoom = kPiece + 2 * kTogether * hn::MaxLanes(df);

// A node of the grain before a place, and the weights of it and of the next one, whose squares have the sum 1.
struct Node {
    int number;
    float one, two;
    Node(int pixel, double grain) {
        const double place = pixel / grain;
        number = static_cast<int>(place);
        const double share = place - number, norm = 1 / std::sqrt(share * share + (1 - share) * (1 - share));
        one = static_cast<float>((1 - share) * norm);
        two = static_cast<float>(share * norm);
    }
};

void DrawGrain(const NoiseRow& row, size_t first, uint32_t channel, size_t n, float* HWY_RESTRICT out) {
    HWY_ALIGN float upper[kRoom], lower[kRoom];
    const double grain = row.grain;
    const int x = row.x + static_cast<int>(first);
    const auto nodes = static_cast<uint32_t>(Node(row.width - 1, grain).number + 2);
    const Node down(row.y, grain);
    const int begin = Node(x, grain).number;
    const auto count = static_cast<size_t>(Node(x + static_cast<int>(n) - 1, grain).number + 2 - begin);
    const uint32_t number = static_cast<uint32_t>(down.number) * nodes + static_cast<uint32_t>(begin);
    Draw(row, number, channel, count, upper);
    Draw(row, number + nodes, channel, count, lower);
    for (size_t j = 0; j < count; ++j) upper[j] = down.one * upper[j] + down.two * lower[j];
    for (size_t j = 0; j < n; ++j) {
        const Node along(x + static_cast<int>(j), grain);
        const float* const at = upper + (along.number - begin);
        out[j] = along.one * at[0] + along.two * at[1];
    }
}

// Any noise: values first, then what is made of them.
template <typename T>
void AddAny(const NoiseRow& row, T* const* rows, size_t channels, size_t all) {
    HWY_ALIGN float drawn[kRoom];
    constexpr bool kBytes = std::is_same_v<T, uint8_t>;
    const F low = hn::Set(df, kBytes ? std::max(row.low, 0.0f) : row.low);
    const F high = hn::Set(df, kBytes ? std::min(row.high, 255.0f) : row.high);
    const size_t lanes = hn::Lanes(df);
    for (size_t first = 0; first < all; first += kPiece) {
        const size_t n = std::min(kPiece, all - first);
        const auto draw = [&](size_t channel) {
            const uint32_t of = row.key.of_channel(static_cast<uint32_t>(channel));
            if (row.grain > 0) return DrawGrain(row, first, of, n, drawn);
            Draw(row, row.pixel() + static_cast<uint32_t>(first), of, n, drawn);
        };
        if (!row.per_channel) draw(0);
        for (size_t c = 0; c < channels; ++c) {
            if (!row.loud(c, channels)) continue;
            if (row.per_channel) draw(c);
            const F variance = hn::Set(df, row.std[c] * row.std[c]);
            const F linear = hn::Set(df, row.growth ? row.growth[c] : 0.0f);
            const F square = hn::Set(df, row.growth ? row.growth[channels + c] : 0.0f);
            Each(rows[c] + first, n, [&](size_t j, F(&level)[kTogether]) HWY_ATTR {
                for (size_t k = 0; k < kTogether; ++k) {
                    const F grown = hn::MulAdd(hn::MulAdd(square, level[k], linear), level[k], variance);
                    const F std = hn::Sqrt(hn::Max(grown, hn::Zero(df)));
                    const F noisy = hn::MulAdd(hn::LoadU(df, drawn + j + k * lanes), std, level[k]);
                    level[k] = hn::Min(hn::IfThenElse(hn::Gt(noisy, low), noisy, low), high);
                }
            });
        }
    }
}

template <typename T>
void AddToLines(const NoiseRow& row, T* const* rows, size_t channels, size_t n) {
    if (row.growth || row.grain > 0 || row.distribution == 2) return AddAny(row, rows, channels, n);
    row.distribution == 0 ? AddTo<true>(row, rows, channels, n) : AddTo<false>(row, rows, channels, n);
}

void AddToFloats(const NoiseRow& row, float* const* rows, size_t channels, size_t n) {
    AddToLines(row, rows, channels, n);
}

void AddToBytes(const NoiseRow& row, uint8_t* const* rows, size_t channels, size_t n) {
    AddToLines(row, rows, channels, n);
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
    : distribution_(fields.integer("distribution", 0, 2)),
      std_(fields.array<float>("std", {fields.channels})),
      key_(fields.array<uint64_t>("key", {})),
      per_channel_(fields.flag("per_channel")),
      low_(fields.real("low")),
      high_(fields.real("high")),
      growth_(fields.array_or_none<float>("growth", {2, fields.channels})),
      grain_(fields.array_or_none<float>("grain", {})) {
    for (size_t row = 0; grain_ && row < fields.rows; ++row)
        if (!(*grain_[row] >= 1 && *grain_[row] <= 1e6f)) fields.fail("grain", "must be from 1 to 1e6");
}

NoiseRow Noise::at(size_t row) const {
    NoiseRow noise{PixelKey(*key_[row]), 0, 0, 0, distribution_, per_channel_, std_[row], nullptr, 0, low_, high_};
    if (growth_) noise.growth = growth_[row];
    if (grain_) noise.grain = *grain_[row];
    return noise;
}

bool Noise::idle(size_t row) const {
    const NoiseRow noise = at(row);
    const size_t channels = std_.shape[1];
    for (size_t c = 0; c < channels; ++c)
        if (noise.loud(c, channels)) return false;
    return true;
}

template <typename T>
void Noise::add(const LineOf<T>& line) const {
    NoiseRow row = at(line.row);
    row.x = line.x;
    row.y = line.y;
    row.width = line.width;
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
