#include "filter/rank.h"

#include <algorithm>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/rank.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "filter/lines.h"
#include "filter/median.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// out[x] is the lower, or the higher, of a[x] and b[x]; over the end of the row by less than kRowPad elements. `out`
// may be `a`, and `b` may begin further on in it.
template <typename T>
HWY_INLINE void Better(const T* a, const T* b, size_t n, bool high, T* out) {
    const hn::ScalableTag<T> d;
    const size_t step = hn::Lanes(d);
    for (size_t x = 0; x < n; x += step) {
        const auto u = hn::LoadU(d, a + x), v = hn::LoadU(d, b + x);
        hn::StoreU(high ? hn::Max(u, v) : hn::Min(u, v), d, out + x);
    }
}

void BetterBytes(const uint8_t* a, const uint8_t* b, size_t n, bool high, uint8_t* out) { Better(a, b, n, high, out); }
void BetterFloats(const float* a, const float* b, size_t n, bool high, float* out) { Better(a, b, n, high, out); }

// The best of some rows.
template <typename T>
HWY_INLINE void Best(const T* const* row, size_t count, size_t n, bool high, T* HWY_RESTRICT out) {
    const hn::ScalableTag<T> d;
    const size_t step = hn::Lanes(d);
    for (size_t x = 0; x < n; x += 2 * step) {
        auto u = hn::LoadU(d, row[0] + x), v = hn::LoadU(d, row[0] + x + step);
        for (size_t k = 1; k < count; ++k) {
            const auto a = hn::LoadU(d, row[k] + x), b = hn::LoadU(d, row[k] + x + step);
            u = high ? hn::Max(u, a) : hn::Min(u, a);
            v = high ? hn::Max(v, b) : hn::Min(v, b);
        }
        hn::StoreU(u, d, out + x);
        hn::StoreU(v, d, out + x + step);
    }
}

void BestBytes(const uint8_t* const* row, size_t count, size_t n, bool high, uint8_t* out) {
    high ? Best(row, count, n, true, out) : Best(row, count, n, false, out);
}
void BestFloats(const float* const* row, size_t count, size_t n, bool high, float* out) {
    high ? Best(row, count, n, true, out) : Best(row, count, n, false, out);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(BetterBytes);
HWY_EXPORT(BetterFloats);
HWY_EXPORT(BestBytes);
HWY_EXPORT(BestFloats);

namespace {

void better(const uint8_t* a, const uint8_t* b, size_t n, bool high, uint8_t* out) {
    HWY_DYNAMIC_DISPATCH(BetterBytes)(a, b, n, high, out);
}
void better(const float* a, const float* b, size_t n, bool high, float* out) {
    HWY_DYNAMIC_DISPATCH(BetterFloats)(a, b, n, high, out);
}

void best(const uint8_t* const* row, size_t count, size_t n, bool high, uint8_t* out) {
    HWY_DYNAMIC_DISPATCH(BestBytes)(row, count, n, high, out);
}
void best(const float* const* row, size_t count, size_t n, bool high, float* out) {
    HWY_DYNAMIC_DISPATCH(BestFloats)(row, count, n, high, out);
}

// Of a few rows and columns each is looked at.
constexpr size_t kFew = 5;

template <typename T>
void few_extremes(const Planes& in, size_t rows, size_t columns, const Lines<T>& lines, bool high,
                  Head::Scratch& scratch, const EmitOf<T>& emit) {
    const size_t channels = in.plane.size(), apart = static_cast<size_t>(in.together), n = elements(in);
    const size_t pitch = padded(n + (columns - 1) * apart) + 2 * kRowPad;
    T* const line = scratch[0].take<T>(pitch);
    const Ring<T> kept(scratch[1].take<T>(channels * rows * pitch), channels, rows, pitch);
    const std::vector<T*> out = lines_out<T>(scratch[2], channels, n);
    const T* from[kFew];
    for (size_t v = 0; v < static_cast<size_t>(in.height) + rows - 1; ++v) {
        for (size_t c = 0; c < channels; ++c) {
            lines.read(c, static_cast<int>(v) - static_cast<int>(rows / 2), line);
            for (size_t k = 0; k < columns; ++k) from[k] = line + k * apart;
            best(from, columns, n, high, kept.row(c, v));
            if (v + 1 < rows) continue;
            for (size_t k = 0; k < rows; ++k) from[k] = kept.row(c, k);
            best(from, rows, n, high, out[c]);
        }
        if (v + 1 >= rows) emit(static_cast<int>(v + 1 - rows), out.data());
    }
}

// The best of n levels in a row is found by doubling: of two, of four, ..., then of two of these that overlap.
struct Doubling {
    size_t levels = 0, rest = 0;  // 2 ** levels + rest = n
    explicit Doubling(size_t n) {
        while ((size_t{2} << levels) <= n) ++levels;
        rest = n - (size_t{1} << levels);
    }
};

template <typename T>
void extremes(const Planes& in, size_t rows, size_t columns, const Lines<T>& lines, bool high, Head::Scratch& scratch,
              const EmitOf<T>& emit) {
    const size_t channels = in.plane.size(), apart = static_cast<size_t>(in.together), n = elements(in);
    const size_t width = n + (columns - 1) * apart;
    const size_t pitch = padded(width) + 2 * kRowPad;
    const Doubling down(rows), along(columns);
    // Of each level, the rows that the next one looks back at.
    std::vector<Ring<T>> levels;
    size_t all = 0;
    for (size_t k = 0; k <= down.levels; ++k) all += (k < down.levels ? size_t{1} << k : down.rest) + 1;
    T* memory = scratch[1].take<T>(all * channels * pitch);
    for (size_t k = 0; k <= down.levels; ++k) {
        levels.emplace_back(memory, channels, (k < down.levels ? size_t{1} << k : down.rest) + 1, pitch);
        memory += levels.back().size();
    }
    T* const line = scratch[0].take<T>(pitch);
    const std::vector<T*> out = lines_out<T>(scratch[2], channels, n);
    const int first = -static_cast<int>(rows / 2);
    for (size_t v = 0; v < static_cast<size_t>(in.height) + rows - 1; ++v) {
        for (size_t c = 0; c < channels; ++c) {
            lines.read(c, static_cast<int>(v) + first, line);
            size_t left = width;
            for (size_t k = 0; k < along.levels; ++k) {
                left -= apart << k;
                better(line, line + (apart << k), left, high, line);
            }
            better(line, line + along.rest * apart, n, high, levels[0].row(c, v));
            for (size_t k = 1; k <= down.levels; ++k) {
                const size_t back = size_t{1} << (k - 1);
                if (v >= back)
                    better(levels[k - 1].row(c, v), levels[k - 1].row(c, v - back), n, high, levels[k].row(c, v));
            }
            if (v + 1 < rows) continue;
            const Ring<T>& last = levels.back();
            better(last.row(c, v), last.row(c, v - down.rest), n, high, out[c]);
        }
        if (v + 1 >= rows) emit(static_cast<int>(v + 1 - rows), out.data());
    }
}

// From this many rows and columns on histograms are faster.
constexpr size_t kHistograms = 17;
bool counted(size_t side) { return side >= kHistograms; }

// The windows go down the image, and their rows are kept.
template <typename T>
void medians(const Planes& in, size_t rows, size_t columns, const Lines<T>& lines, Head::Scratch& scratch,
             const EmitOf<T>& emit) {
    const size_t channels = in.plane.size(), apart = static_cast<size_t>(in.together), n = elements(in);
    const size_t width = n + (columns - 1) * apart;
    const size_t pitch = padded(width) + 2 * kRowPad;
    const Ring<T> kept(scratch[0].take<T>(channels * (rows + 1) * pitch), channels, rows + 1, pitch);
    T* const memory = scratch[1].take<T>(median_room(rows, width));
    const std::vector<T*> out = lines_out<T>(scratch[2], channels, n);
    std::vector<const T*> window(rows);
    std::vector<Histograms> histograms;
    if constexpr (sizeof(T) == 1) {
        uint8_t* const counts =
            scratch[3].take<uint8_t>(counted(std::max(rows, columns)) ? channels * Histograms::size(width) : 1);
        for (size_t c = 0; c < channels && counted(std::max(rows, columns)); ++c)
            histograms.emplace_back(counts + c * Histograms::size(width), width);
    }
    const int first = -static_cast<int>(rows / 2);
    for (size_t v = 0; v < static_cast<size_t>(in.height) + rows - 1; ++v) {
        for (size_t c = 0; c < channels; ++c) {
            lines.read(c, static_cast<int>(v) + first, kept.row(c, v));
            if constexpr (sizeof(T) == 1) {
                if (!histograms.empty()) {
                    histograms[c].add(kept.row(c, v));
                    if (v >= rows) histograms[c].remove(kept.row(c, v - rows));
                    if (v + 1 >= rows) histograms[c].medians(columns, rows, n, out[c]);
                    continue;
                }
            }
            if (v + 1 < rows) continue;
            for (size_t k = 0; k < rows; ++k) window[k] = kept.row(c, v + 1 - rows + k);
            median_row(window.data(), rows, columns, apart, n, memory, out[c]);
        }
        if (v + 1 >= rows) emit(static_cast<int>(v + 1 - rows), out.data());
    }
}

}  // namespace

Rank::Rank(Fields& fields)
    : which_(fields.integer("which", 0, 2)),
      reach_(fields.array<int64_t>("reach", {2})),
      border_(border_of(fields)),
      fill_(fields.array_or_none<float>("fill", {fields.channels})) {
    // Histograms of the middle count the rows of a column in bytes.
    const int64_t most = which_ == 1 ? 127 : 1 << 20;
    check_reach(fields, reach_, most, most);
}

template <typename T>
void Rank::choose(const Planes& in, size_t row, Scratch& scratch, const EmitOf<T>& emit) const {
    const int down = static_cast<int>(reach_[row][0]), along = static_cast<int>(reach_[row][1]);
    const size_t rows = 2 * static_cast<size_t>(down) + 1, columns = 2 * static_cast<size_t>(along) + 1;
    const Lines<T> lines(in, down, along, border_, fill_ ? fill_[row] : nullptr);
    if (which_ == 1) return medians(in, rows, columns, lines, scratch, emit);
    if (std::max(rows, columns) <= kFew) return few_extremes(in, rows, columns, lines, which_ == 2, scratch, emit);
    extremes(in, rows, columns, lines, which_ == 2, scratch, emit);
}

void Rank::run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const {
    const size_t channels = in.plane.size(), n = static_cast<size_t>(in.width);
    if (!all_bytes(in) || !whole_levels(fill_ ? fill_[row] : nullptr, channels))
        return choose<float>(in, row, scratch, emit);
    std::vector<float> memory(channels * (padded(n) + kRowPad));
    std::vector<float*> out;
    for (size_t c = 0; c < channels; ++c) out.push_back(memory.data() + c * (padded(n) + kRowPad));
    const auto widen = [&](int y, uint8_t* const* rows) {
        for (size_t c = 0; c < channels; ++c) std::copy(rows[c], rows[c] + n, out[c]);
        emit(y, out.data());
    };
    choose<uint8_t>(in, row, scratch, widen);
}

bool Rank::run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const {
    if (!all_bytes(in) || !whole_levels(fill_ ? fill_[row] : nullptr, channels(in))) return false;
    // Histograms are of one channel.
    const int64_t most = *std::max_element(reach_[row], reach_[row] + 2);
    if (in.together > 1 && which_ == 1 && counted(2 * static_cast<size_t>(most) + 1)) return false;
    choose<uint8_t>(in, row, scratch, emit);
    return true;
}

}  // namespace augstream
#endif
