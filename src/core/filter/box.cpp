#include "filter/box.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/box.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "filter/lines.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// All of these run over the end of the row, by less than kRowPad elements.

template <typename T>
HWY_INLINE void Widen(const uint8_t* HWY_RESTRICT in, size_t n, T* HWY_RESTRICT out) {
    const hn::ScalableTag<T> d;
    const hn::Rebind<uint8_t, decltype(d)> d8;
    for (size_t x = 0; x < n; x += hn::Lanes(d)) hn::StoreU(hn::PromoteTo(d, hn::LoadU(d8, in + x)), d, out + x);
}

// `out` may be `a`, and `b` may begin further on in it.
template <typename T>
HWY_INLINE void Plus(const T* a, const T* b, size_t n, T* out) {
    const hn::ScalableTag<T> d;
    for (size_t x = 0; x < n; x += hn::Lanes(d))
        hn::StoreU(hn::Add(hn::LoadU(d, a + x), hn::LoadU(d, b + x)), d, out + x);
}

// The sums of a few pixels in a row.
void SumBytes(const uint8_t* HWY_RESTRICT in, size_t count, size_t apart, size_t n, uint16_t* HWY_RESTRICT out) {
    const hn::ScalableTag<uint16_t> d;
    const hn::Rebind<uint8_t, decltype(d)> d8;
    for (size_t x = 0; x < n; x += hn::Lanes(d)) {
        auto sum = hn::PromoteTo(d, hn::LoadU(d8, in + x));
        for (size_t k = 1; k < count; ++k) sum = hn::Add(sum, hn::PromoteTo(d, hn::LoadU(d8, in + x + k * apart)));
        hn::StoreU(sum, d, out + x);
    }
}

void Widen16(const uint8_t* in, size_t n, uint16_t* out) { Widen(in, n, out); }
void Widen32(const uint8_t* in, size_t n, uint32_t* out) { Widen(in, n, out); }
void Plus16(const uint16_t* a, const uint16_t* b, size_t n, uint16_t* out) { Plus(a, b, n, out); }
void Plus32(const uint32_t* a, const uint32_t* b, size_t n, uint32_t* out) { Plus(a, b, n, out); }

const hn::ScalableTag<float> df;
const hn::RebindToUnsigned<decltype(df)> du;
const hn::RebindToSigned<decltype(df)> di;

HWY_INLINE hn::Vec<decltype(du)> Read(const uint32_t* in) { return hn::LoadU(du, in); }
HWY_INLINE hn::Vec<decltype(du)> Read(const uint16_t* in) {
    return hn::PromoteTo(du, hn::LoadU(hn::Rebind<uint16_t, decltype(du)>(), in));
}
HWY_INLINE void Write(hn::Vec<decltype(df)> v, float* out) { hn::StoreU(v, df, out); }
HWY_INLINE void Write(hn::Vec<decltype(df)> v, uint8_t* out) {
    const hn::Rebind<uint8_t, decltype(df)> d8;
    hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(v)), d8, out);
}

// sum += add - take, and the mean of that.
template <typename T, typename Out>
HWY_INLINE void Move(uint32_t* HWY_RESTRICT sum, const T* add, const T* take, size_t n, float unit,
                     Out* HWY_RESTRICT out) {
    const auto scale = hn::Set(df, unit);
    for (size_t x = 0; x < n; x += hn::Lanes(df)) {
        const auto now = hn::Sub(hn::Add(hn::LoadU(du, sum + x), Read(add + x)), Read(take + x));
        hn::StoreU(now, du, sum + x);
        // Below 2**31.
        Write(hn::Mul(hn::ConvertTo(df, hn::BitCast(di, now)), scale), out + x);
    }
}

void Move16ToBytes(uint32_t* sum, const uint16_t* add, const uint16_t* take, size_t n, float unit, uint8_t* out) {
    Move(sum, add, take, n, unit, out);
}
void Move32ToBytes(uint32_t* sum, const uint32_t* add, const uint32_t* take, size_t n, float unit, uint8_t* out) {
    Move(sum, add, take, n, unit, out);
}
void Move16ToFloats(uint32_t* sum, const uint16_t* add, const uint16_t* take, size_t n, float unit, float* out) {
    Move(sum, add, take, n, unit, out);
}
void Move32ToFloats(uint32_t* sum, const uint32_t* add, const uint32_t* take, size_t n, float unit, float* out) {
    Move(sum, add, take, n, unit, out);
}

// The same for squares of 3, 5, ..., 15 pixels, whose sums fit into 16 bits, and whose means are exact with these
// factors (all sums were tried).
void MoveSmall(uint16_t* HWY_RESTRICT sum, const uint16_t* add, const uint16_t* take, size_t n, size_t pixels,
               uint8_t* HWY_RESTRICT out) {
    const hn::ScalableTag<uint16_t> d;
    const hn::RebindToSigned<decltype(d)> ds;
    const hn::Rebind<uint8_t, decltype(d)> d8;
    int shift = 0;
    while ((size_t{2} << shift) <= pixels) ++shift;
    const auto factor = hn::Set(d, static_cast<uint16_t>(((size_t{65536} << shift) + pixels - 1) / pixels));
    const auto half = hn::Set(d, static_cast<uint16_t>(pixels / 2));
    for (size_t x = 0; x < n; x += hn::Lanes(d)) {
        const auto now = hn::Sub(hn::Add(hn::LoadU(d, sum + x), hn::LoadU(d, add + x)), hn::LoadU(d, take + x));
        hn::StoreU(now, d, sum + x);
        const auto mean = hn::ShiftRightSame(hn::MulHigh(hn::Add(now, half), factor), shift);
        hn::StoreU(hn::DemoteTo(d8, hn::BitCast(ds, mean)), d8, out + x);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(Widen16);
HWY_EXPORT(Widen32);
HWY_EXPORT(SumBytes);
HWY_EXPORT(Plus16);
HWY_EXPORT(Plus32);
HWY_EXPORT(Move16ToBytes);
HWY_EXPORT(Move32ToBytes);
HWY_EXPORT(Move16ToFloats);
HWY_EXPORT(Move32ToFloats);
HWY_EXPORT(MoveSmall);

namespace {

constexpr size_t kMost = 1024;  // pixels along or down, so that sums stay below 2**31

void widen(const uint8_t* in, size_t n, uint16_t* out) { HWY_DYNAMIC_DISPATCH(Widen16)(in, n, out); }
void widen(const uint8_t* in, size_t n, uint32_t* out) { HWY_DYNAMIC_DISPATCH(Widen32)(in, n, out); }
void plus(const uint16_t* a, const uint16_t* b, size_t n, uint16_t* out) { HWY_DYNAMIC_DISPATCH(Plus16)(a, b, n, out); }
void plus(const uint32_t* a, const uint32_t* b, size_t n, uint32_t* out) { HWY_DYNAMIC_DISPATCH(Plus32)(a, b, n, out); }
void move(uint32_t* sum, const uint16_t* add, const uint16_t* take, size_t n, float unit, uint8_t* out) {
    HWY_DYNAMIC_DISPATCH(Move16ToBytes)(sum, add, take, n, unit, out);
}
void move(uint32_t* sum, const uint32_t* add, const uint32_t* take, size_t n, float unit, uint8_t* out) {
    HWY_DYNAMIC_DISPATCH(Move32ToBytes)(sum, add, take, n, unit, out);
}
void move(uint32_t* sum, const uint16_t* add, const uint16_t* take, size_t n, float unit, float* out) {
    HWY_DYNAMIC_DISPATCH(Move16ToFloats)(sum, add, take, n, unit, out);
}
void move(uint32_t* sum, const uint32_t* add, const uint32_t* take, size_t n, float unit, float* out) {
    HWY_DYNAMIC_DISPATCH(Move32ToFloats)(sum, add, take, n, unit, out);
}

// T: of the sums along. Those of an odd number of pixels are found by doubling, and added up where they are bits of the
// number; of an even one they are twice as much, with the ends counted half.
template <typename T>
class Along {
  public:
    // pitch: the room of a line.
    Along(size_t size, size_t apart, size_t pitch)
        : odd_(size % 2 ? size : size - 1), apart_(apart), ends_(size % 2 ? 0 : pitch) {}

    // line: of `width` elements, which is changed.
    void operator()(T* line, size_t n, size_t width, T* out) {
        if (ends_.empty()) return sums(line, n, width, out);
        std::memcpy(ends_.data(), line, width * sizeof(T));
        sums(line + apart_, n, width - apart_, out);
        plus(out, out, n, out);
        plus(out, ends_.data(), n, out);
        plus(out, ends_.data() + (odd_ + 1) * apart_, n, out);
    }

  private:
    void sums(T* line, size_t n, size_t width, T* out) {
        size_t done = 0;
        for (size_t bit = 1; bit <= odd_; bit *= 2) {
            if (odd_ & bit) {
                if (done) {
                    plus(out, line + done * apart_, n, out);
                } else {
                    std::memcpy(out, line, n * sizeof(T));
                }
                done += bit;
            }
            if (2 * bit <= odd_) plus(line, line + bit * apart_, width -= bit * apart_, line);
        }
    }

    const size_t odd_, apart_;
    std::vector<T> ends_;
};

template <typename T, typename Out>
void box(const Planes& in, size_t rows, size_t columns, Border border, const float* fill, Head::Scratch& scratch,
         const EmitOf<Out>& emit) {
    const size_t planes = in.plane.size(), apart = static_cast<size_t>(in.together), n = elements(in);
    const size_t down = rows / 2, beside = columns / 2, window = 2 * down + 1;
    const size_t width = n + 2 * beside * apart, pitch = padded(width) + 2 * kRowPad;
    const Lines<uint8_t> lines(in, static_cast<int>(down), static_cast<int>(beside), border, fill);
    Along<T> along(columns, apart, pitch);
    const bool few = sizeof(T) == 2 && columns % 2 == 1 && columns <= 7;
    const bool even = rows % 2 == 0,
               small = sizeof(Out) == 1 && sizeof(T) == 2 && !even && rows == columns && rows <= 15;

    uint8_t* const bytes = scratch[0].take<uint8_t>(pitch * (1 + 3 * sizeof(T)));
    T* const line = reinterpret_cast<T*>(bytes + pitch);
    T *const add = line + pitch, *const take = add + pitch;
    const Ring<T> kept(scratch[1].take<T>(planes * (window + 1) * pitch), planes, window + 1, pitch);
    std::fill_n(kept.row(0, 0), kept.size(), T{0});
    uint32_t* const sums = scratch[3].take<uint32_t>(planes * pitch);
    std::fill_n(sums, planes * pitch, 0u);
    const std::vector<Out*> out = lines_out<Out>(scratch[2], planes, n);
    const double pixels = static_cast<double>(rows * columns) * (even ? 2 : 1) * (columns % 2 ? 1 : 2);
    const float unit = static_cast<float>(1 / pixels);
    for (size_t v = 0; v < static_cast<size_t>(in.height) + window - 1; ++v) {
        for (size_t c = 0; c < planes; ++c) {
            lines.read(c, static_cast<int>(v) - static_cast<int>(down), bytes);
            T* const row = kept.row(c, v);
            // The ring's rows are zeros until they are written to: of the rows above there is nothing to take away.
            T* const old = kept.row(c, v + 1);
            if constexpr (sizeof(T) == 2) {
                if (few) HWY_DYNAMIC_DISPATCH(SumBytes)(bytes, columns, apart, n, row);
            }
            if (!few) {
                widen(bytes, width, line);
                along(line, n, width, row);
            }
            uint32_t* const sum = sums + c * pitch;
            if constexpr (sizeof(Out) == 1 && sizeof(T) == 2) {
                if (small) {
                    HWY_DYNAMIC_DISPATCH(MoveSmall)
                    (reinterpret_cast<uint16_t*>(sum), row, old, n, rows * columns, out[c]);
                    continue;
                }
            }
            if (!even) {
                move(sum, row, old, n, unit, out[c]);
                continue;
            }
            // Half of the ends is half of this row and of the one before.
            const T* const before = kept.row(c, v + window);  // v - 1
            const T* const older = kept.row(c, v + 2);
            plus(row, before, n, add);
            plus(old, older, n, take);
            move(sum, add, take, n, unit, out[c]);
        }
        if (v + 1 >= window) emit(static_cast<int>(v + 1 - window), out.data());
    }
}

template <typename Out>
void any_box(const Planes& in, size_t rows, size_t columns, Border border, const float* fill, Head::Scratch& scratch,
             const EmitOf<Out>& emit) {
    // Of even sizes sums are doubled, along and, of two rows together, down.
    const size_t most = columns * (columns % 2 ? 1 : 2) * (rows % 2 ? 1 : 2);
    if (most <= 257) return box<uint16_t>(in, rows, columns, border, fill, scratch, emit);
    box<uint32_t>(in, rows, columns, border, fill, scratch, emit);
}

}  // namespace

bool is_box(const float* center, int reach) {
    if (static_cast<size_t>(reach) >= kMost / 2) return false;
    const size_t size = box_size(center, reach);
    double sum = 0;
    for (int k = -reach; k <= reach; ++k) {
        sum += center[k];
        const float share = std::abs(k) == reach && size % 2 == 0 ? 0.5f : 1.0f;
        if (!(std::abs(center[k] * static_cast<float>(size) - share) < 1e-5f)) return false;
    }
    return std::abs(sum - 1) < 1e-5;
}

size_t box_size(const float* center, int reach) {
    const auto half = static_cast<size_t>(reach);
    return reach > 0 && center[reach] < 0.75f * center[0] ? 2 * half : 2 * half + 1;
}

void run_box(const Planes& in, size_t rows, size_t columns, Border border, const float* fill, Head::Scratch& scratch,
             const Emit& emit) {
    any_box(in, rows, columns, border, fill, scratch, emit);
}

void run_box(const Planes& in, size_t rows, size_t columns, Border border, const float* fill, Head::Scratch& scratch,
             const EmitBytes& emit) {
    any_box(in, rows, columns, border, fill, scratch, emit);
}

}  // namespace augstream
#endif
