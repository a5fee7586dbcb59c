#include "points/shapes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/shapes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "draw/pixel_hash.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToUnsigned<decltype(df)> du;
const hn::Rebind<uint8_t, decltype(df)> d8;

HWY_INLINE void Write(hn::Vec<decltype(df)> v, float* out) { hn::StoreU(v, df, out); }
HWY_INLINE void Write(hn::Vec<decltype(df)> v, uint8_t* out) {
    hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(v)), d8, out);
}

// What stands behind the n pixels stays as it is.
template <typename T>
HWY_INLINE void Fill(const PixelKey& key, uint32_t channel, uint32_t pixel, float peak, size_t n, T* out) {
    const size_t step = hn::Lanes(df);
    const auto lanes = hn::Iota(du, 0);
    const auto write = [&](size_t j, T* to) HWY_ATTR {
        const auto number = hn::Add(lanes, hn::Set(du, pixel + static_cast<uint32_t>(j)));
        hn::Vec<decltype(du)> word[1] = {PixelBase(key, number)};
        PixelWords(word, key.of_channel(channel));
        Write(hn::Mul(Uniform(df, word[0]), hn::Set(df, peak)), to);
    };
    size_t j = 0;
    for (; j + step <= n; j += step) write(j, out + j);
    if (j == n) return;
    HWY_ALIGN T some[hn::MaxLanes(df)];
    write(j, some);
    std::memcpy(out + j, some, (n - j) * sizeof(T));
}

void FillFloats(const PixelKey& key, uint32_t channel, uint32_t pixel, float peak, size_t n, float* out) {
    Fill(key, channel, pixel, peak, n, out);
}

void FillBytes(const PixelKey& key, uint32_t channel, uint32_t pixel, float peak, size_t n, uint8_t* out) {
    Fill(key, channel, pixel, peak, n, out);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(FillFloats);
HWY_EXPORT(FillBytes);

Shapes::Shapes(Fields& fields)
    : boxes_(fields.array<float>("boxes", {Fields::kAny, 4})),
      mode_(static_cast<Mode>(fields.integer("mode", 0, 2))),
      fill_(fields.array_or_none<float>("fill", {boxes_.shape[1], fields.channels})),
      key_(fields.array_or_none<uint64_t>("key", {})),
      peak_(fields.real("peak")),
      channels_(fields.integer("channels", 1, static_cast<int>(fields.channels))) {
    if (mode_ == Mode::constant && !fill_) fields.fail("fill", "must be given for constant boxes");
    if (mode_ == Mode::noise && !key_) fields.fail("key", "must be given for boxes of noise");
}

bool Shapes::idle(size_t row) const {
    for (size_t k = 0; k < boxes_.shape[1]; ++k) {
        const float* box = boxes_[row] + 4 * k;
        if (box[0] < box[2] && box[1] < box[3]) return false;
    }
    return true;
}

// Bytes are rounded at once, which is right at the end, and where there is nothing to round.
Point::Bytes Shapes::bytes(size_t row, bool last) const {
    if (last) return Bytes::places;
    if (mode_ != Mode::constant) return Bytes::none;
    for (size_t k = 0; k < boxes_.shape[1]; ++k)
        for (size_t c = 0; c < static_cast<size_t>(channels_); ++c) {
            const float level = fill_[row][k * fill_.shape[2] + c];
            if (!(level >= 0 && level <= 255 && std::floor(level) == level)) return Bytes::none;
        }
    return Bytes::places;
}

namespace {

// The number of the first pixel whose center is not before `place`, within [low, high].
int first_pixel(float place, int low, int high) {
    return static_cast<int>(std::clamp(std::ceil(place - 0.5), double(low), double(high)));
}

void put(float level, size_t n, float* out) { std::fill_n(out, n, level); }
void put(float level, size_t n, uint8_t* out) {
    std::memset(out, static_cast<int>(std::nearbyint(std::clamp(level, 0.0f, 255.0f))), n);
}

}  // namespace

template <typename T>
void Shapes::write(const LineOf<T>& line) const {
    for (size_t k = 0; k < boxes_.shape[1]; ++k) {
        const float* box = boxes_[line.row] + 4 * k;
        if (!(box[1] <= line.y + 0.5 && line.y + 0.5 < box[3])) continue;
        if (!(box[0] < box[2])) continue;
        const int begin = first_pixel(box[0], line.x, line.x + line.n),
                  end = first_pixel(box[2], line.x, line.x + line.n);
        if (begin >= end) continue;
        const auto n = static_cast<size_t>(end - begin);
        for (size_t c = 0; c < static_cast<size_t>(channels_); ++c) {
            T* out = line.rows[c] + (begin - line.x);
            if (mode_ == Mode::constant) {
                put(fill_[line.row][k * fill_.shape[2] + c], n, out);
            } else if (mode_ == Mode::mean) {
                put(line.mean[c], n, out);
            } else {
                const uint32_t pixel =
                    static_cast<uint32_t>(line.y) * static_cast<uint32_t>(line.width) + static_cast<uint32_t>(begin);
                const PixelKey key(*key_[line.row]);
                if constexpr (std::is_same_v<T, float>) {
                    HWY_DYNAMIC_DISPATCH(FillFloats)(key, static_cast<uint32_t>(c), pixel, peak_, n, out);
                } else {
                    HWY_DYNAMIC_DISPATCH(FillBytes)(key, static_cast<uint32_t>(c), pixel, peak_, n, out);
                }
            }
        }
    }
}

}  // namespace augstream
#endif
