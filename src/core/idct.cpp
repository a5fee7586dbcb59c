#include <atomic>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "idct.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "idct.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Lines of eight points: a part of one in a vector, one, or two, those of neighboring blocks.
const hn::CappedTag<float, 16> df;
using F = hn::Vec<decltype(df)>;
constexpr size_t kLanes = hn::MaxLanes(df);

// The fast inverse DCT of eight points of Arai, Agui and Nakajima (Trans. IEICE E71, 1988), on as many lines as there
// are lanes; its input is scaled by the factors that `idct_factor` puts into the quantizer's steps. Products are
// rounded before they are added, because some instruction sets cannot but do so.
HWY_INLINE void Transform(F* v) {
    const F root2 = hn::Set(df, 1.414213562f);
    const F even0 = hn::Add(v[0], v[4]), even1 = hn::Sub(v[0], v[4]);
    const F even3 = hn::Add(v[2], v[6]), even2 = hn::Sub(hn::Mul(hn::Sub(v[2], v[6]), root2), even3);
    const F a0 = hn::Add(even0, even3), a3 = hn::Sub(even0, even3);
    const F a1 = hn::Add(even1, even2), a2 = hn::Sub(even1, even2);

    const F z13 = hn::Add(v[5], v[3]), z10 = hn::Sub(v[5], v[3]);
    const F z11 = hn::Add(v[1], v[7]), z12 = hn::Sub(v[1], v[7]);
    const F b7 = hn::Add(z11, z13);
    const F z5 = hn::Mul(hn::Add(z10, z12), hn::Set(df, 1.847759065f));
    const F b6 = hn::Sub(hn::Sub(z5, hn::Mul(z10, hn::Set(df, 2.613125930f))), b7);
    const F b5 = hn::Sub(hn::Mul(hn::Sub(z11, z13), root2), b6);
    const F b4 = hn::Sub(hn::Sub(z5, hn::Mul(z12, hn::Set(df, 1.082392200f))), b5);

    v[0] = hn::Add(a0, b7);
    v[7] = hn::Sub(a0, b7);
    v[1] = hn::Add(a1, b6);
    v[6] = hn::Sub(a1, b6);
    v[2] = hn::Add(a2, b5);
    v[5] = hn::Sub(a2, b5);
    v[3] = hn::Add(a3, b4);
    v[4] = hn::Sub(a3, b4);
}

const hn::RebindToSigned<decltype(df)> di;
const hn::Rebind<int16_t, decltype(df)> d16;

// Points y and on of line u of neighboring blocks.
HWY_INLINE hn::Vec<decltype(d16)> Line(const int16_t* block, size_t u, size_t y) {
#if HWY_TARGET != HWY_SCALAR
    if constexpr (kLanes == 16) {
        const hn::Half<decltype(d16)> half;
        return hn::Combine(d16, hn::LoadU(half, block + kBlockSize + 8 * u), hn::LoadU(half, block + 8 * u));
    }
#endif
    return hn::LoadU(d16, block + y / 8 * kBlockSize + 8 * u + y % 8);
}

// Line x of the half-way result to where LoadInterleaved4 turns lines into columns: its left four columns to halves[0]
// and its right four to halves[1], block by block.
template <size_t kBlocks>
HWY_INLINE void Lay(F v, size_t x, size_t y, float (*halves)[32 * kBlocks]) {
    const size_t at = y / 8 * 32 + 4 * x;
#if HWY_TARGET != HWY_SCALAR
    if constexpr (kLanes >= 8) {
        const hn::Half<decltype(df)> half;
        const hn::Half<decltype(half)> quarter;
        const auto first = hn::LowerHalf(half, v), second = hn::UpperHalf(half, v);
        if constexpr (kLanes == 16) {
            hn::StoreU(hn::LowerHalf(quarter, first), quarter, halves[0] + at);
            hn::StoreU(hn::UpperHalf(quarter, first), quarter, halves[1] + at);
            hn::StoreU(hn::LowerHalf(quarter, second), quarter, halves[0] + 32 + at);
            hn::StoreU(hn::UpperHalf(quarter, second), quarter, halves[1] + 32 + at);
        } else {
            hn::StoreU(first, half, halves[0] + at);
            hn::StoreU(second, half, halves[1] + at);
        }
        return;
    }
#endif
    hn::StoreU(v, df, halves[y % 8 / 4] + at + y % 4);
}

// The one rounding that there is, whichever way a pixel came about: to the nearest level, halves to the even one.
HWY_INLINE void Store(F v, uint8_t* out) {
    const hn::Rebind<uint8_t, decltype(df)> d8;
    hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(v)), d8, out);
}

// One block, or two neighbors. scale: every line as often as there are blocks.
template <size_t kBlocks>
void Blocks(const int16_t* HWY_RESTRICT block, const float* HWY_RESTRICT scale, uint8_t* HWY_RESTRICT out,
            ptrdiff_t stride) {
    HWY_ALIGN float halves[2][32 * kBlocks];
    F v[8];
    for (size_t y = 0; y < 8 * kBlocks; y += kLanes) {
        for (size_t u = 0; u < 8; ++u) {
            const auto coefficients = hn::ConvertTo(df, hn::PromoteTo(di, Line(block, u, y)));
            v[u] = hn::Mul(coefficients, hn::LoadU(df, scale + 8 * kBlocks * u + y));
        }
        Transform(v);
        for (size_t x = 0; x < 8; ++x) Lay<kBlocks>(v[x], x, y, halves);
    }
    for (size_t x = 0; x < 8 * kBlocks; x += kLanes) {
        hn::LoadInterleaved4(df, halves[0] + 4 * x, v[0], v[1], v[2], v[3]);
        hn::LoadInterleaved4(df, halves[1] + 4 * x, v[4], v[5], v[6], v[7]);
        v[0] = hn::Add(v[0], hn::Set(df, 128.0f));
        Transform(v);
        for (size_t y = 0; y < 8; ++y) Store(v[y], out + static_cast<ptrdiff_t>(y) * stride + x);
    }
}

template <size_t kBlocks>
void Row(const int16_t* blocks, const uint8_t* last, size_t count, const float* scale, uint8_t* out, ptrdiff_t stride) {
    HWY_ALIGN float wide[64 * kBlocks];
    for (size_t u = 0; u < 8; ++u)
        for (size_t k = 0; k < kBlocks; ++k)
            std::memcpy(wide + (u * kBlocks + k) * 8, scale + 8 * u, 8 * sizeof(float));
    for (size_t i = 0; i < count;) {
        const int16_t* block = blocks + i * kBlockSize;
        uint8_t* to = out + 8 * i;
        // The block behind the last one is room that its owner leaves, here and in the pixels.
        if (last[i] == 0) {
            const F level = hn::Set(df, static_cast<float>(block[0]) * scale[0] + 128.0f);
            for (ptrdiff_t y = 0; y < 8; ++y)
                for (size_t x = 0; x < 8; x += kLanes) Store(level, to + y * stride + x);
            ++i;
        } else {
            Blocks<kBlocks>(block, wide, to, stride);
            i += kBlocks;
        }
    }
}

void IdctRow(const int16_t* blocks, const uint8_t* last, size_t count, const float* scale, uint8_t* out,
             ptrdiff_t stride) {
    Row<kLanes == 16 ? 2 : 1>(blocks, last, count, scale, out, stride);
}

void IdctRowPairs(const int16_t* blocks, const uint8_t* last, size_t count, const float* scale, uint8_t* out,
                  ptrdiff_t stride) {
    Row<2>(blocks, last, count, scale, out, stride);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(IdctRow);
HWY_EXPORT(IdctRowPairs);

static std::atomic<bool> pairs = false;

void pair_blocks(bool on) { pairs = on; }

void idct_row(const int16_t* blocks, const uint8_t* last, size_t count, const float* scale, uint8_t* out,
              ptrdiff_t stride) {
    if (pairs.load(std::memory_order_relaxed)) {
        HWY_DYNAMIC_DISPATCH(IdctRowPairs)(blocks, last, count, scale, out, stride);
    } else {
        HWY_DYNAMIC_DISPATCH(IdctRow)(blocks, last, count, scale, out, stride);
    }
}

double idct_factor(int v, int u) {
    // cos(k pi / 16) * sqrt(2), and 1 for k = 0; an eighth of the product makes the transform orthonormal.
    constexpr double kFactor[8] = {1.0, 1.387039845, 1.306562965, 1.175875602,
                                   1.0, 0.785694958, 0.541196100, 0.275899379};
    return kFactor[v] * kFactor[u] / 8;
}

}  // namespace augstream
#endif
