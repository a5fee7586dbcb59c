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

// channel: PixelKey::of_channel().
template <typename V>
HWY_INLINE V PixelWord(V base, uint32_t channel) {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::DFromV<V> d;
    V h = hn::Add(base, hn::Set(d, channel));
    h = hn::Mul(hn::Xor(h, hn::ShiftRight<16>(h)), hn::Set(d, 0xC2B2AE35u));
    h = hn::Mul(hn::Xor(h, hn::ShiftRight<15>(h)), hn::Set(d, 0x2C1B3C6Du));
    return hn::Xor(h, hn::ShiftRight<16>(h));
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
    const auto twice = hn::BitCast(di, hn::ShiftLeft<1>(hn::ShiftRight<8>(word)));
    return hn::Mul(hn::ConvertTo(df, hn::Sub(twice, hn::Set(di, 0xFFFFFF))), hn::Set(df, 0x1p-24f));
}

// sum of coefficient[k] * x^(n - 1 - k).
template <typename D, size_t kCount>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> Horner(D d, hwy::HWY_NAMESPACE::Vec<D> x, const float (&coefficient)[kCount]) {
    namespace hn = hwy::HWY_NAMESPACE;
    auto sum = hn::Set(d, coefficient[0]);
    for (size_t k = 1; k < kCount; ++k) sum = hn::MulAdd(sum, x, hn::Set(d, coefficient[k]));
    return sum;
}

// The natural logarithm of normal numbers, to 3e-7.
template <typename D, typename V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Log(D df, V v) {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::RebindToSigned<D> di;
    constexpr float kSeries[] = {0.118274709f,  -0.189019774f, 0.206046746f, -0.248813397f,
                                 0.333032982f, -0.500019651f, 1.00000325f};
    const auto bits = hn::BitCast(di, v);
    const auto exponent = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(di, 0x3F3504F3)));  // of sqrt(1/2)
    const V f = hn::Sub(hn::BitCast(df, hn::Sub(bits, hn::ShiftLeft<23>(exponent))), hn::Set(df, 1.0f));
    return hn::MulAdd(hn::ConvertTo(df, exponent), hn::Set(df, 0.69314718056f), hn::Mul(f, Horner(df, f, kSeries)));
}

// The standard normal value below which a share of (x + 1) / 2 lies: sqrt(2) times the inverse error function, by the
// polynomials of M. Giles, "Approximating the erfinv function" (GPU Computing Gems, 2010), to 1e-6 of it.
template <typename D, typename V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Normal(D df, V x) {
    namespace hn = hwy::HWY_NAMESPACE;
    constexpr float kNear[] = {2.81022636e-08f, 3.43273939e-07f, -3.5233877e-06f, -4.39150654e-06f, 0.00021858087f,
                               -0.00125372503f, -0.00417768164f, 0.246640727f,    1.50140941f};
    constexpr float kFar[] = {-0.000200214257f, 0.000100950558f, 0.00134934322f, -0.00367342844f, 0.00573950773f,
                              -0.0076224613f,   0.00943887047f,  1.00167406f,    2.83297682f};
    const V one = hn::Set(df, 1.0f), size = hn::Abs(x);
    const V w = hn::Neg(Log(df, hn::Mul(hn::Sub(one, size), hn::Add(one, size))));
    V ratio = Horner(df, hn::Sub(w, hn::Set(df, 2.5f)), kNear);
    const auto far = hn::Ge(w, hn::Set(df, 5.0f));
    if (HWY_UNLIKELY(!hn::AllFalse(df, far)))
        ratio = hn::IfThenElse(far, Horner(df, hn::Sub(hn::Sqrt(w), hn::Set(df, 3.0f)), kFar), ratio);
    return hn::Mul(ratio, hn::Mul(x, hn::Set(df, 1.41421356237f)));
}

}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#endif
