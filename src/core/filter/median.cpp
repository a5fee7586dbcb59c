#include "filter/median.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/median.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "image/plane.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <typename V>
HWY_INLINE void Order(V& low, V& high) {
    const V least = hn::Min(low, high);
    high = hn::Max(low, high);
    low = least;
}

// Networks of exchanges; what nobody looks at is left out by the compiler.
template <typename V>
HWY_INLINE void Sort3(V* v) {
    Order(v[0], v[1]);
    Order(v[1], v[2]);
    Order(v[0], v[1]);
}

template <typename V>
HWY_INLINE void Sort5(V* v) {
    Order(v[0], v[3]);
    Order(v[1], v[4]);
    Order(v[0], v[2]);
    Order(v[1], v[3]);
    Order(v[0], v[1]);
    Order(v[2], v[4]);
    Order(v[1], v[2]);
    Order(v[3], v[4]);
    Order(v[2], v[3]);
}

// The lowest of n becomes the first, and the highest the last.
template <size_t n, typename V>
HWY_INLINE void DropEnds(V* v) {
    for (size_t k = 0; k < n / 2; ++k) Order(v[k], v[n - 1 - k]);
    for (size_t k = 1; k < (n + 1) / 2; ++k) {
        Order(v[0], v[k]);
        Order(v[n - 1 - k], v[n - 1]);
    }
}

// The middle one of the thirteen that Median5 finds, row by row. Their lowest is the first of one of the upper four
// rows, and their highest the last of one of the lower four. Of the others, neither the lowest nor the highest of seven
// is the middle, so another one takes their place, and so on.
template <typename V>
HWY_INLINE V Middle13(V* v) {
    Order(v[0], v[2]);
    Order(v[5], v[8]);
    Order(v[0], v[5]);
    Order(v[4], v[7]);
    Order(v[10], v[12]);
    Order(v[7], v[12]);
    V* const rest = v + 1;
    DropEnds<7>(rest);
    rest[0] = v[8];
    DropEnds<6>(rest);
    rest[0] = v[9];
    DropEnds<5>(rest);
    rest[0] = v[10];
    DropEnds<4>(rest);
    rest[0] = v[11];
    DropEnds<3>(rest);
    return rest[1];
}

// Sorted columns of kSide levels, a row of memory for each rank.
template <size_t kSide, typename T>
HWY_INLINE void Columns(const T* const* row, size_t n, size_t pitch, T* HWY_RESTRICT sorted) {
    const hn::ScalableTag<T> d;
    for (size_t x = 0; x < n; x += hn::Lanes(d)) {
        hn::Vec<decltype(d)> v[kSide];
        for (size_t k = 0; k < kSide; ++k) v[k] = hn::LoadU(d, row[k] + x);
        if constexpr (kSide == 3) Sort3(v);
        if constexpr (kSide == 5) Sort5(v);
        for (size_t k = 0; k < kSide; ++k) hn::StoreU(v[k], d, sorted + k * pitch + x);
    }
}

template <typename T>
HWY_INLINE void Median3(const T* const* row, size_t apart, size_t n, T* sorted, T* HWY_RESTRICT out) {
    const hn::ScalableTag<T> d;
    const size_t pitch = padded(n + 2 * apart) + kRowPad;
    Columns<3>(row, n + 2 * apart, pitch, sorted);
    for (size_t x = 0; x < n; x += hn::Lanes(d)) {
        const auto at = [&](size_t rank, size_t k)
                            HWY_ATTR { return hn::LoadU(d, sorted + rank * pitch + x + k * apart); };
        const auto low = hn::Max(hn::Max(at(0, 0), at(0, 1)), at(0, 2));
        const auto high = hn::Min(hn::Min(at(2, 0), at(2, 1)), at(2, 2));
        hn::Vec<decltype(d)> middle[3] = {at(1, 0), at(1, 1), at(1, 2)};
        Sort3(middle);
        hn::Vec<decltype(d)> three[3] = {low, middle[1], high};
        Sort3(three);
        hn::StoreU(three[1], d, out + x);
    }
}

// Columns and then rows are sorted, so that one at (i, j), from 1, is not below i * j of the 25 and not above
// (6 - i) * (6 - j). Thirteen may be the middle, and six that cannot are below it, as many above.
template <typename T>
HWY_INLINE void Median5(const T* const* row, size_t apart, size_t n, T* sorted, T* HWY_RESTRICT out) {
    const hn::ScalableTag<T> d;
    const size_t pitch = padded(n + 4 * apart) + kRowPad;
    Columns<5>(row, n + 4 * apart, pitch, sorted);
    for (size_t x = 0; x < n; x += hn::Lanes(d)) {
        hn::Vec<decltype(d)> v[13];
        const auto sort = [&](size_t rank, hn::Vec<decltype(d)>(&line)[5]) HWY_ATTR {
            for (size_t k = 0; k < 5; ++k) line[k] = hn::LoadU(d, sorted + rank * pitch + x + k * apart);
            Sort5(line);
        };
        hn::Vec<decltype(d)> line[5];
        sort(0, line);
        v[0] = line[3], v[1] = line[4];
        sort(1, line);
        v[2] = line[2], v[3] = line[3], v[4] = line[4];
        sort(2, line);
        v[5] = line[1], v[6] = line[2], v[7] = line[3];
        sort(3, line);
        v[8] = line[0], v[9] = line[1], v[10] = line[2];
        sort(4, line);
        v[11] = line[0], v[12] = line[1];
        hn::StoreU(Middle13(v), d, out + x);
    }
}

// The highest level that not more than half of the window are below, bit by bit. T: unsigned, and wide enough to count.
template <typename T>
HWY_INLINE void Bisect(const T* const* row, size_t rows, size_t columns, size_t apart, size_t n, T* HWY_RESTRICT out) {
    const hn::ScalableTag<T> d;
    const size_t step = hn::Lanes(d);
    const auto one = hn::Set(d, T{1}), most = hn::Set(d, static_cast<T>(rows * columns / 2));
    for (size_t x = 0; x < n; x += 2 * step) {
        auto a = hn::Zero(d), b = a;
        for (T bit = static_cast<T>(T{1} << (8 * sizeof(T) - 1)); bit; bit = static_cast<T>(bit >> 1)) {
            const auto try_a = hn::Or(a, hn::Set(d, bit)), try_b = hn::Or(b, hn::Set(d, bit));
            auto count_a = hn::Zero(d), count_b = count_a;
            for (size_t i = 0; i < rows; ++i) {
                for (size_t j = 0; j < columns; ++j) {
                    const T* const at = row[i] + x + j * apart;
                    count_a = hn::Add(count_a, hn::IfThenElseZero(hn::Gt(try_a, hn::LoadU(d, at)), one));
                    count_b = hn::Add(count_b, hn::IfThenElseZero(hn::Gt(try_b, hn::LoadU(d, at + step)), one));
                }
            }
            a = hn::IfThenElse(hn::Gt(count_a, most), a, try_a);
            b = hn::IfThenElse(hn::Gt(count_b, most), b, try_b);
        }
        hn::StoreU(a, d, out + x);
        hn::StoreU(b, d, out + x + step);
    }
}

void MedianBytes(const uint8_t* const* row, size_t rows, size_t columns, size_t apart, size_t n, uint8_t* memory,
                 uint8_t* out) {
    if (rows == 3 && columns == 3) return Median3(row, apart, n, memory, out);
    if (rows == 5 && columns == 5) return Median5(row, apart, n, memory, out);
    Bisect(row, rows, columns, apart, n, out);
}

// Floats as whole numbers of the same order, and back.
void Keys(const float* in, size_t n, uint32_t* out) {
    const hn::ScalableTag<uint32_t> d;
    const hn::RebindToSigned<decltype(d)> di;
    for (size_t x = 0; x < n; x += hn::Lanes(d)) {
        const auto bits = hn::BitCast(di, hn::LoadU(hn::RebindToFloat<decltype(d)>(), in + x));
        const auto flip = hn::Or(hn::ShiftRight<31>(bits), hn::Set(di, INT32_MIN));
        hn::StoreU(hn::BitCast(d, hn::Xor(bits, flip)), d, out + x);
    }
}
void FromKeys(const uint32_t* in, size_t n, float* out) {
    const hn::ScalableTag<uint32_t> d;
    const hn::RebindToSigned<decltype(d)> di;
    for (size_t x = 0; x < n; x += hn::Lanes(d)) {
        const auto bits = hn::BitCast(di, hn::LoadU(d, in + x));
        const auto flip = hn::Or(hn::Not(hn::ShiftRight<31>(bits)), hn::Set(di, INT32_MIN));
        hn::StoreU(hn::BitCast(hn::RebindToFloat<decltype(d)>(), hn::Xor(bits, flip)), hn::RebindToFloat<decltype(d)>(),
                   out + x);
    }
}

void MedianFloats(const float* const* row, size_t rows, size_t columns, size_t apart, size_t n, float* memory,
                  float* out) {
    if (rows == 3 && columns == 3) return Median3(row, apart, n, memory, out);
    if (rows == 5 && columns == 5) return Median5(row, apart, n, memory, out);
    const size_t pitch = padded(n + (columns - 1) * apart) + 2 * kRowPad;
    constexpr size_t kMost = 255;
    uint32_t* const keys = reinterpret_cast<uint32_t*>(memory);
    const uint32_t* from[kMost];
    for (size_t i = 0; i < rows && i < kMost; ++i) {
        Keys(row[i], n + (columns - 1) * apart, keys + i * pitch);
        from[i] = keys + i * pitch;
    }
    uint32_t* const made = keys + rows * pitch;
    Bisect(from, rows, columns, apart, n, made);
    FromKeys(made, n, out);
}

// to += add - take, of the counts of a column each.
HWY_INLINE void Move(const uint8_t* HWY_RESTRICT add, const uint8_t* HWY_RESTRICT take, size_t n,
                     uint16_t* HWY_RESTRICT to) {
    const hn::ScalableTag<uint16_t> d;
    const hn::Rebind<uint8_t, decltype(d)> d8;
    for (size_t k = 0; k < n; k += hn::Lanes(d)) {
        const auto more = hn::PromoteTo(d, hn::LoadU(d8, add + k)), less = hn::PromoteTo(d, hn::LoadU(d8, take + k));
        hn::StoreU(hn::Add(hn::LoadU(d, to + k), hn::Sub(more, less)), d, to + k);
    }
}

// counts: a column's are of 256 levels, then of 16 sixteens of them.
void Medians(const uint8_t* counts, size_t pitch, size_t columns, size_t rows, size_t n, uint8_t* out) {
    HWY_ALIGN uint16_t window[288] = {};
    for (size_t k = 0; k < columns; ++k) Move(counts + k * pitch, counts - pitch, pitch, window);
    const size_t half = rows * columns / 2;
    for (size_t x = 0;; ++x) {
        size_t below = 0, part = 0;
        while (below + window[256 + part] <= half) below += window[256 + part++];
        size_t level = part * 16;
        while (below + window[level] <= half) below += window[level++];
        out[x] = static_cast<uint8_t>(level);
        if (x + 1 == n) return;
        Move(counts + (x + columns) * pitch, counts + x * pitch, pitch, window);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(MedianBytes);
HWY_EXPORT(MedianFloats);
HWY_EXPORT(Medians);

size_t median_room(size_t rows, size_t n) { return (rows + 1) * (padded(n) + 2 * kRowPad); }

void median_row(const uint8_t* const* row, size_t rows, size_t columns, size_t apart, size_t n, uint8_t* memory,
                uint8_t* out) {
    HWY_DYNAMIC_DISPATCH(MedianBytes)(row, rows, columns, apart, n, memory, out);
}
void median_row(const float* const* row, size_t rows, size_t columns, size_t apart, size_t n, float* memory,
                float* out) {
    HWY_DYNAMIC_DISPATCH(MedianFloats)(row, rows, columns, apart, n, memory, out);
}

// The first column's are zeros.
Histograms::Histograms(uint8_t* memory, size_t columns) : memory_(memory + kCounts), columns_(columns) {
    std::memset(memory, 0, size(columns));
}

template <uint8_t kStep>
void Histograms::count(const uint8_t* row) {
    for (size_t x = 0; x < columns_; ++x) {
        uint8_t* const counts = memory_ + x * kCounts;
        const auto add = [](uint8_t& to) { to = static_cast<uint8_t>(to + kStep); };
        add(counts[row[x]]);
        add(counts[256 + row[x] / 16]);
    }
}

void Histograms::add(const uint8_t* row) { count<1>(row); }
void Histograms::remove(const uint8_t* row) { count<255>(row); }

void Histograms::medians(size_t columns, size_t rows, size_t n, uint8_t* out) const {
    HWY_DYNAMIC_DISPATCH(Medians)(memory_, kCounts, columns, rows, n, out);
}

}  // namespace augstream
#endif
