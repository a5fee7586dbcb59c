// The set of instructions with lookups of bytes is not compiled for unless it is asked for.
#define HWY_WANT_AVX3_DL

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/table.cpp"
#include "points/table.h"

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

void LookUp(uint8_t* row, size_t n, const uint8_t* table) {
    size_t j = 0;
#if HWY_TARGET <= HWY_AVX3_DL
    // Two registers hold 128 entries, and one instruction looks 64 bytes up in them.
    const __m512i a = _mm512_loadu_si512(table), b = _mm512_loadu_si512(table + 64),
                  c = _mm512_loadu_si512(table + 128), d = _mm512_loadu_si512(table + 192);
    for (; j + 64 <= n; j += 64) {
        const __m512i place = _mm512_loadu_si512(row + j);
        const __m512i low = _mm512_permutex2var_epi8(a, place, b), high = _mm512_permutex2var_epi8(c, place, d);
        _mm512_storeu_si512(row + j, _mm512_mask_blend_epi8(_mm512_movepi8_mask(place), low, high));
    }
#endif
    for (; j < n; ++j) row[j] = table[row[j]];
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(LookUp);

void look_up(uint8_t* row, size_t n, const uint8_t* table) { HWY_DYNAMIC_DISPATCH(LookUp)(row, n, table); }

}  // namespace augstream
#endif
