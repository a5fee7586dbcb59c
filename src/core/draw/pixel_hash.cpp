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

void Words(const PixelKey& key, uint32_t channel, const uint32_t* pixel, size_t n, uint32_t* out) {
    Each(pixel, n, out, [&](auto p, uint32_t* to) HWY_ATTR {
        hn::Store(PixelWord(PixelBase(key, p), key.of_channel(channel)), du, to);
    });
}

void Normals(const PixelKey& key, uint32_t channel, const uint32_t* pixel, size_t n, float* out) {
    Each(pixel, n, out, [&](auto p, float* to) HWY_ATTR {
        hn::Store(Normal(df, Symmetric(df, PixelWord(PixelBase(key, p), key.of_channel(channel)))), df, to);
    });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(Words);
HWY_EXPORT(Normals);

void pixel_words(uint64_t key, uint32_t channel, const uint32_t* pixel, size_t n, uint32_t* out) {
    HWY_DYNAMIC_DISPATCH(Words)(PixelKey(key), channel, pixel, n, out);
}

void pixel_normals(uint64_t key, uint32_t channel, const uint32_t* pixel, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(Normals)(PixelKey(key), channel, pixel, n, out);
}

}  // namespace augstream
#endif
