// Random words for pixels: a hash of (key, number of the pixel, channel), without state, the same on every machine.
// The first half is for plain code, the second is compiled for each instruction set.
#ifndef AUGSTREAM_DRAW_PIXEL_HASH_H
#define AUGSTREAM_DRAW_PIXEL_HASH_H

#include <cstddef>
#include <cstdint>

namespace augstream {

// A key with its bits mixed (SplitMix64), so that keys that resemble each other have nothing in common.
struct PixelKey {
    uint32_t low, high;

    explicit PixelKey(uint64_t key) {
        key += 0x9E3779B97F4A7C15u;
        key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9u;
        key = (key ^ (key >> 27)) * 0x94D049BB133111EBu;
        key ^= key >> 31;
        low = static_cast<uint32_t>(key);
        high = static_cast<uint32_t>(key >> 32);
    }
    uint32_t of_channel(uint32_t channel) const { return high + channel * 0x6C8E9CF5u; }
};

// draw/pixel_hash.cpp. For n pixels given by their numbers: random words, and normal values of those words.
void pixel_words(uint64_t key, uint32_t channel, const uint32_t* pixel, size_t n, uint32_t* out);
void pixel_normals(uint64_t key, uint32_t channel, const uint32_t* pixel, size_t n, float* out);

}  // namespace augstream

#endif

#if defined(AUGSTREAM_DRAW_PIXEL_HASH_TARGET) == defined(HWY_TARGET_TOGGLE)
#ifdef AUGSTREAM_DRAW_PIXEL_HASH_TARGET
#undef AUGSTREAM_DRAW_PIXEL_HASH_TARGET
#else
#define AUGSTREAM_DRAW_PIXEL_HASH_TARGET
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {

// What the channels of a pixel have in common.
template <typename V>
HWY_INLINE V PixelBase(const PixelKey& key, V pixel) {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::DFromV<V> d;
    V h = hn::Add(hn::Mul(pixel, hn::Set(d, 0x9E3779B1u)), hn::Set(d, key.low));
    h = hn::Mul(hn::Xor(h, hn::ShiftRight<16>(h)), hn::Set(d, 0x85EBCA6Bu));
    return hn::Xor(h, hn::ShiftRight<13>(h));
}

// Several vectors are taken side by side, as these are long chains of dependent steps.

// From what pixels have in common to their words; channel: PixelKey::of_channel().
template <typename V, size_t kCount>
HWY_INLINE void PixelWords(V (&h)[kCount], uint32_t channel) {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::DFromV<V> d;
    for (V& v : h) v = hn::Add(v, hn::Set(d, channel));
    for (V& v : h) v = hn::Mul(hn::Xor(v, hn::ShiftRight<16>(v)), hn::Set(d, 0xC2B2AE35u));
    for (V& v : h) v = hn::Mul(hn::Xor(v, hn::ShiftRight<15>(v)), hn::Set(d, 0x2C1B3C6Du));
    for (V& v : h) v = hn::Xor(v, hn::ShiftRight<16>(v));
}

// In [0, 1).
template <typename D, typename V>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> Uniform(D df, V word) {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::RebindToSigned<D> di;
    return hn::Mul(hn::ConvertTo(df, hn::BitCast(di, hn::ShiftRight<8>(word))), hn::Set(df, 0x1p-24f));
}

// In (-1, 1), symmetric and never 0: exactly 2 p - 1 with p = ((word >> 8) + 0.5) / 2^24.
template <typename D, typename V>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> Symmetric(D df, V word) {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::RebindToSigned<D> di;
    const hn::DFromV<V> du;
    const V centered = hn::Xor(hn::And(word, hn::Set(du, 0xFFFFFF00u)), hn::Set(du, 0x80000080u));
    return hn::Mul(hn::ConvertTo(df, hn::BitCast(di, centered)), hn::Set(df, 0x1p-31f));
}

// sum of coefficient[k] * x^(n - 1 - k).
template <typename D, typename V, size_t kCount, size_t kTerms>
HWY_INLINE void Horner(D d, const V (&x)[kCount], const float (&coefficient)[kTerms], V (&sum)[kCount]) {
    namespace hn = hwy::HWY_NAMESPACE;
    for (V& v : sum) v = hn::Set(d, coefficient[0]);
    for (size_t k = 1; k < kTerms; ++k)
        for (size_t i = 0; i < kCount; ++i) sum[i] = hn::MulAdd(sum[i], x[i], hn::Set(d, coefficient[k]));
}

// The standard normal values below which a share of (x + 1) / 2 lies, to 1e-5. As M. Giles does it ("Approximating the
// erfinv function", GPU Computing Gems, 2010), they are x times polynomials of w = -log(1 - x^2); these are shorter,
// and change over at w = 7, so that few vectors need the second one.
template <typename D, typename V, size_t kCount>
HWY_INLINE void Normals(D df, V (&x)[kCount]) {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::RebindToSigned<D> di;
    // of w - 3.5, and of w - 11.5
    constexpr float kNear[] = {3.59059443e-07f,  -1.36026852e-06f, -2.11387049e-05f, 2.29152627e-04f,
                               -6.85567266e-04f, -9.50931902e-03f, 3.32852193e-01f,  2.46473691f};
    constexpr float kFar[] = {3.36481010e-07f,  -8.87114573e-06f, 1.81924917e-04f,
                              -4.43744164e-03f, 2.09882739e-01f,  4.56209675f};
    // -log(m) - 3.5, from sqrt(1/2) to sqrt(2)
    constexpr float kLog[] = {-0.17595088f, 1.15495972f, -3.1978936f, 4.92244409f, -4.99119093f, -1.21236199f};
    const V one = hn::Set(df, 1.0f);
    V m[kCount], w[kCount], e[kCount], ratio[kCount];
    for (size_t i = 0; i < kCount; ++i) {
#if HWY_NATIVE_FMA
        m[i] = hn::NegMulAdd(x[i], x[i], one);
#else
        m[i] = hn::Mul(hn::Sub(one, hn::Abs(x[i])), hn::Add(one, hn::Abs(x[i])));
#endif
    }
    for (size_t i = 0; i < kCount; ++i) {
        const auto bits = hn::BitCast(di, m[i]);
        const auto exponent =
            hn::And(hn::Sub(bits, hn::Set(di, 0x3F3504F3)), hn::Set(di, static_cast<int32_t>(0xFF800000u)));
        m[i] = hn::BitCast(df, hn::Sub(bits, exponent));
        e[i] = hn::ConvertTo(df, exponent);
    }
    Horner(df, m, kLog, w);
    for (size_t i = 0; i < kCount; ++i) w[i] = hn::MulAdd(e[i], hn::Set(df, -0.69314718056f * 0x1p-23f), w[i]);
    Horner(df, w, kNear, ratio);
    const V middle = hn::Set(df, 3.5f);
    V most = w[0];
    for (const V& v : w) most = hn::Max(most, v);
    if (HWY_UNLIKELY(!hn::AllFalse(df, hn::Gt(most, middle)))) {
        V beyond[kCount], far[kCount];
        for (size_t i = 0; i < kCount; ++i) beyond[i] = hn::Sub(w[i], hn::Set(df, 8.0f));
        Horner(df, beyond, kFar, far);
        for (size_t i = 0; i < kCount; ++i) ratio[i] = hn::IfThenElse(hn::Gt(w[i], middle), far[i], ratio[i]);
    }
    for (size_t i = 0; i < kCount; ++i) x[i] = hn::Mul(ratio[i], x[i]);
}

}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#endif
