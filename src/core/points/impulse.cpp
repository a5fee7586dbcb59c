#include "points/impulse.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/impulse.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "draw/pixel_hash.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<uint32_t> du;
const hn::RebindToSigned<decltype(du)> di;
constexpr size_t kTogether = 4;

// For each of n pixels: 1, 2, or 0 where neither of the two levels is meant. Whole vectors are written.
void Pick(const PixelKey& key, uint32_t pixel, uint32_t channel, const int64_t* below, size_t n,
          int32_t* HWY_RESTRICT out) {
    const size_t lanes = hn::Lanes(du);
    const auto numbers = hn::Iota(du, 0);
    const auto first = hn::Set(di, static_cast<int32_t>(below[0]));
    const auto second = hn::Set(di, static_cast<int32_t>((1 << 24) - below[1]) - 1);
    const auto one = hn::Set(di, 1), two = hn::Set(di, 2);
    for (size_t j = 0; j < n; j += kTogether * lanes) {
        hn::Vec<decltype(du)> word[kTogether];
        for (size_t k = 0; k < kTogether; ++k)
            word[k] = PixelBase(key, hn::Add(numbers, hn::Set(du, pixel + static_cast<uint32_t>(j + k * lanes))));
        PixelWords(word, channel);
        for (size_t k = 0; k < kTogether; ++k) {
            const auto number = hn::BitCast(di, hn::ShiftRight<8>(word[k]));
            const auto high = hn::IfThenElseZero(hn::Gt(number, second), two);
            hn::StoreU(hn::IfThenElse(hn::Lt(number, first), one, high), di, out + j + k * lanes);
        }
    }
}

constexpr size_t kPiece = 256;

template <typename T>
void SetLines(const PixelKey& key, uint32_t pixel, const int64_t* below, bool per_channel, const T* levels,
              uint32_t channel, size_t channels, T* const* rows, size_t all) {
    HWY_ALIGN int32_t picked[kPiece + kTogether * hn::MaxLanes(du)];
    for (size_t first = 0; first < all; first += kPiece) {
        const size_t n = std::min(kPiece, all - first);
        for (size_t c = 0; c < channels; ++c) {
            if (c == 0 || per_channel)
                Pick(key, pixel + static_cast<uint32_t>(first),
                     key.of_channel(per_channel ? channel + static_cast<uint32_t>(c) : 0), below, n, picked);
            const T one = levels[2 * c], two = levels[2 * c + 1];
            T* HWY_RESTRICT line = rows[c] + first;
            for (size_t j = 0; j < n; ++j) {
                const T kept = picked[j] == 2 ? two : line[j];
                line[j] = picked[j] == 1 ? one : kept;
            }
        }
    }
}

void SetFloats(const PixelKey& key, uint32_t pixel, const int64_t* below, bool per_channel, const float* levels,
               uint32_t channel, size_t channels, float* const* rows, size_t n) {
    SetLines(key, pixel, below, per_channel, levels, channel, channels, rows, n);
}

void SetBytes(const PixelKey& key, uint32_t pixel, const int64_t* below, bool per_channel, const uint8_t* levels,
              uint32_t channel, size_t channels, uint8_t* const* rows, size_t n) {
    SetLines(key, pixel, below, per_channel, levels, channel, channels, rows, n);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(SetFloats);
HWY_EXPORT(SetBytes);

Impulse::Impulse(Fields& fields)
    : below_(fields.array<int64_t>("below", {2})),
      fill_(fields.array<float>("fill", {2, fields.channels})),
      key_(fields.array<uint64_t>("key", {})),
      channels_(static_cast<size_t>(fields.integer("channels", 1, static_cast<int>(fields.channels)))),
      per_channel_(fields.flag("per_channel")) {
    for (size_t row = 0; row < fields.rows; ++row)
        for (size_t k = 0; k < 2; ++k)
            if (below_[row][k] < 0 || below_[row][k] > 1 << 24) fields.fail("below", "must be from 0 to 2^24");
}

template <typename T>
void Impulse::set(const LineOf<T>& line) const {
    const uint32_t pixel =
        static_cast<uint32_t>(line.y) * static_cast<uint32_t>(line.width) + static_cast<uint32_t>(line.x);
    const PixelKey key(*key_[line.row]);
    constexpr size_t kMost = 64;
    T levels[2 * kMost];
    const size_t all = fill_.shape[2];
    for (size_t first = 0; first < channels_; first += kMost) {
        const auto channel = static_cast<uint32_t>(first);
        const size_t some = std::min(kMost, channels_ - first);
        for (size_t c = 0; c < some; ++c)
            for (size_t k = 0; k < 2; ++k) {
                const float level = fill_[line.row][k * all + first + c];
                if constexpr (std::is_same_v<T, float>) {
                    levels[2 * c + k] = level;
                } else {
                    levels[2 * c + k] = static_cast<T>(std::nearbyint(std::clamp(level, 0.0f, 255.0f)));
                }
            }
        const auto n = static_cast<size_t>(line.n);
        if constexpr (std::is_same_v<T, float>) {
            HWY_DYNAMIC_DISPATCH(SetFloats)(key, pixel, below_[line.row], per_channel_, levels, channel, some,
                                            line.rows + first, n);
        } else {
            HWY_DYNAMIC_DISPATCH(SetBytes)(key, pixel, below_[line.row], per_channel_, levels, channel, some,
                                           line.rows + first, n);
        }
    }
}

}  // namespace augstream
#endif
