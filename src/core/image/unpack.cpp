#include <algorithm>
#include <cstdint>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "image/unpack.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "image/pixels.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Returns how many of the n pixels are done; vectors never read over the end of the row.
size_t UnpackBytes(const uint8_t* HWY_RESTRICT row, int channels, size_t n, void* const* out) {
    const hn::ScalableTag<uint8_t> d;
    const size_t step = hn::Lanes(d);
    size_t x = 0;
    uint8_t* to[4] = {};
    for (int c = 0; c < channels; ++c) to[c] = static_cast<uint8_t*>(out[c]);
    hn::Vec<decltype(d)> a, b, c, e;
    if (channels == 3) {
        for (; x + step <= n; x += step) {
            hn::LoadInterleaved3(d, row + 3 * x, a, b, c);
            hn::StoreU(a, d, to[0] + x);
            hn::StoreU(b, d, to[1] + x);
            hn::StoreU(c, d, to[2] + x);
        }
    } else if (channels == 4) {
        for (; x + step <= n; x += step) {
            hn::LoadInterleaved4(d, row + 4 * x, a, b, c, e);
            hn::StoreU(a, d, to[0] + x);
            hn::StoreU(b, d, to[1] + x);
            hn::StoreU(c, d, to[2] + x);
            hn::StoreU(e, d, to[3] + x);
        }
    }
    return x;
}

// Bytes as floats, past the cache: a batch is larger than it, and is read by somebody else. Returns how many of the n
// values are done; `out` is aligned for vectors.
size_t StreamBytes(const uint8_t* HWY_RESTRICT in, size_t n, float* HWY_RESTRICT out) {
    const hn::ScalableTag<float> df;
    const hn::RebindToSigned<decltype(df)> di;
    const hn::Rebind<uint8_t, decltype(df)> d8;
    const size_t step = hn::Lanes(df);
    size_t i = 0;
    for (; i + step <= n; i += step)
        hn::Stream(hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, in + i))), df, out + i);
    return i;
}

size_t StreamFloats(const float* HWY_RESTRICT in, size_t n, float* HWY_RESTRICT out) {
    const hn::ScalableTag<float> df;
    const size_t step = hn::Lanes(df);
    size_t i = 0;
    for (; i + step <= n; i += step) hn::Stream(hn::LoadU(df, in + i), df, out + i);
    return i;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(UnpackBytes);
HWY_EXPORT(StreamBytes);
HWY_EXPORT(StreamFloats);

namespace {

template <typename From, typename To>
void unpack(const From* row, int channels, size_t from, size_t n, void* const* out) {
    for (int c = 0; c < channels; ++c) {
        auto* to = static_cast<To*>(out[c]);
        for (size_t x = from; x < n; ++x)
            to[x] = static_cast<To>(row[x * static_cast<size_t>(channels) + static_cast<size_t>(c)]);
    }
}

}  // namespace

void unpack_row(const void* row, Type type, int channels, int x0, int x1, void* const* out) {
    const size_t n = static_cast<size_t>(x1 - x0), first = static_cast<size_t>(x0) * static_cast<size_t>(channels);
    if (type == Type::u8) {
        const uint8_t* pixels = static_cast<const uint8_t*>(row) + first;
        const size_t done =
            channels == 3 || channels == 4 ? HWY_DYNAMIC_DISPATCH(UnpackBytes)(pixels, channels, n, out) : 0;
        unpack<uint8_t, uint8_t>(pixels, channels, done, n, out);
    } else if (type == Type::u16) {
        unpack<uint16_t, float>(static_cast<const uint16_t*>(row) + first, channels, 0, n, out);
    } else {
        unpack<float, float>(static_cast<const float*>(row) + first, channels, 0, n, out);
    }
}

bool copy_pixels(const void* in, Type from, size_t n, Type to, void* out) {
    if (from == to && to != Type::f32) {
        std::memcpy(out, in, n * (from == Type::u8 ? 1 : 2));
        return true;
    }
    if (to != Type::f32 || (from != Type::u8 && from != Type::f32)) return false;
    auto* values = static_cast<float*>(out);
    // To the next address that any vector may be written to.
    const size_t ahead = std::min(n, (128 - reinterpret_cast<uintptr_t>(out) % 128) % 128 / sizeof(float));
    const auto rest = [&](const auto* pixels, size_t done) {
        for (size_t i = 0; i < ahead; ++i) values[i] = static_cast<float>(pixels[i]);
        for (size_t i = ahead + done; i < n; ++i) values[i] = static_cast<float>(pixels[i]);
    };
    if (from == Type::u8) {
        const auto* pixels = static_cast<const uint8_t*>(in);
        rest(pixels, HWY_DYNAMIC_DISPATCH(StreamBytes)(pixels + ahead, n - ahead, values + ahead));
    } else {
        const auto* pixels = static_cast<const float*>(in);
        rest(pixels, HWY_DYNAMIC_DISPATCH(StreamFloats)(pixels + ahead, n - ahead, values + ahead));
    }
    return true;
}

void flush_pixels() { hwy::FlushStream(); }

}  // namespace augstream
#endif
