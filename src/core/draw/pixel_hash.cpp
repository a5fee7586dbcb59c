#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "draw/pixel_hash.cpp"
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

template <typename T, typename Make>
void Each(const uint32_t* pixel, size_t n, T* out, const Make& make) {
    HWY_ALIGN uint32_t in[hn::MaxLanes(df)] = {};
    HWY_ALIGN T made[hn::MaxLanes(df)];
    for (size_t j = 0; j < n; j += hn::Lanes(df)) {
        const size_t some = std::min(hn::Lanes(df), n - j);
        std::memcpy(in, pixel + j, some * sizeof(uint32_t));
        make(hn::Load(du, in), made);
        std::memcpy(out + j, made, some * sizeof(T));
    }
}

using Word = hn::Vec<decltype(du)>;

void Words(const PixelKey& key, uint32_t channel, const uint32_t* pixel, size_t n, uint32_t* out) {
    Each(pixel, n, out, [&](Word p, uint32_t* to) HWY_ATTR {
        Word word[1] = {PixelBase(key, p)};
        PixelWords(word, key.of_channel(channel));
        hn::Store(word[0], du, to);
    });
}

void NormalValues(const PixelKey& key, uint32_t channel, const uint32_t* pixel, size_t n, float* out) {
    Each(pixel, n, out, [&](Word p, float* to) HWY_ATTR {
        Word word[1] = {PixelBase(key, p)};
        PixelWords(word, key.of_channel(channel));
        hn::Vec<decltype(df)> value[1] = {Symmetric(df, word[0])};
        Normals(df, value);
        hn::Store(value[0], df, to);
    });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(Words);
HWY_EXPORT(NormalValues);

void pixel_words(uint64_t key, uint32_t channel, const uint32_t* pixel, size_t n, uint32_t* out) {
    HWY_DYNAMIC_DISPATCH(Words)(PixelKey(key), channel, pixel, n, out);
}

void pixel_normals(uint64_t key, uint32_t channel, const uint32_t* pixel, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(NormalValues)(PixelKey(key), channel, pixel, n, out);
}

}  // namespace augstream
#endif
