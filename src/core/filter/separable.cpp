#include "filter/separable.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/separable.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "filter/box.h"
#include "filter/lines.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::ScalableTag<int16_t> d16;

// A weight that stands twice in its word: words are broadcast by the load alone.
HWY_INLINE hn::Vec<decltype(d16)> Broadcast(int32_t word) {
#if HWY_TARGET == HWY_SCALAR
    return hn::Set(d16, static_cast<int16_t>(word));
#else
    return hn::BitCast(d16, hn::Set(hn::RepartitionToWide<decltype(d16)>(), word));
#endif
}

// All of these run over the end of the row, by less than kRowPad elements.

// Bytes as 128ths of a level about the middle, so that the sum of two of them fits into 16 bits, and 0 is exact.
void Center(const uint8_t* HWY_RESTRICT in, size_t n, int16_t* HWY_RESTRICT out) {
    const hn::Rebind<uint8_t, decltype(d16)> d8;
    const auto middle = hn::Set(d16, 128);
    for (size_t x = 0; x < n; x += hn::Lanes(d16))
        hn::StoreU(hn::ShiftLeft<7>(hn::Sub(hn::PromoteTo(d16, hn::LoadU(d8, in + x)), middle)), d16, out + x);
}

void Widen(const uint8_t* HWY_RESTRICT in, size_t n, float* HWY_RESTRICT out) {
    const hn::RebindToSigned<decltype(df)> di;
    const hn::Rebind<uint8_t, decltype(df)> d8;
    for (size_t x = 0; x < n; x += hn::Lanes(df))
        hn::StoreU(hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, in + x))), df, out + x);
}

// The weighted sums of pairs at equal distance from the center, of two vectors side by side.
template <typename Pair, typename Store>
HWY_INLINE void Pairs(const int32_t* weight, int reach, size_t n, const Pair& pair, const Store& store) {
    const size_t step = hn::Lanes(d16);
    size_t x = 0;
    for (; x + 4 * step <= n; x += 4 * step) {
        auto a = hn::Zero(d16), b = a, c = a, d = a;
        for (int k = 0; k <= reach; ++k) {
            const auto w = Broadcast(weight[k]);
            a = hn::Add(a, hn::MulFixedPoint15(pair(x, k), w));
            b = hn::Add(b, hn::MulFixedPoint15(pair(x + step, k), w));
            c = hn::Add(c, hn::MulFixedPoint15(pair(x + 2 * step, k), w));
            d = hn::Add(d, hn::MulFixedPoint15(pair(x + 3 * step, k), w));
        }
        store(x, a);
        store(x + step, b);
        store(x + 2 * step, c);
        store(x + 3 * step, d);
    }
    for (; x < n; x += 2 * step) {
        auto a = hn::Zero(d16), b = a;
        for (int k = 0; k <= reach; ++k) {
            const auto w = Broadcast(weight[k]);
            a = hn::Add(a, hn::MulFixedPoint15(pair(x, k), w));
            b = hn::Add(b, hn::MulFixedPoint15(pair(x + step, k), w));
        }
        store(x, a);
        store(x + step, b);
    }
}

// apart: elements from one pixel to the next.
void AlongPairs(const int16_t* HWY_RESTRICT line, const int32_t* HWY_RESTRICT weight, int reach, int apart, size_t n,
                int16_t* HWY_RESTRICT out) {
    Pairs(
        weight, reach, n,
        [&](size_t x, int k)
            HWY_ATTR { return hn::Add(hn::LoadU(d16, line + x - k * apart), hn::LoadU(d16, line + x + k * apart)); },
        [&](size_t x, auto sum) HWY_ATTR { hn::StoreU(sum, d16, out + x); });
}

// line: of the center; those before and behind it are its neighbors in memory.
template <typename Store>
HWY_INLINE void Down(const int16_t* const* line, const int32_t* HWY_RESTRICT weight, int reach, size_t n,
                     const Store& store) {
    Pairs(
        weight, reach, n,
        [&](size_t x, int k) HWY_ATTR { return hn::Add(hn::LoadU(d16, line[-k] + x), hn::LoadU(d16, line[k] + x)); },
        store);
}

void DownPairs(const int16_t* const* line, const int32_t* HWY_RESTRICT weight, int reach, size_t n,
               float* HWY_RESTRICT out) {
    const hn::RebindToSigned<decltype(df)> di;
    const hn::Rebind<int16_t, decltype(df)> narrow;
    const auto unit = hn::Set(df, 1 / 128.0f), middle = hn::Set(df, 128.0f);
    Down(line, weight, reach, n, [&](size_t x, auto sum) HWY_ATTR {
        HWY_ALIGN int16_t sums[hn::MaxLanes(d16)];
        hn::Store(sum, d16, sums);
        for (size_t j = 0; j < hn::Lanes(d16); j += hn::Lanes(df)) {
            const auto wide = hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(narrow, sums + j)));
            hn::StoreU(hn::MulAdd(wide, unit, middle), df, out + x + j);
        }
    });
}

// Rounded to nearest even.
void DownToBytes(const int16_t* const* line, const int32_t* HWY_RESTRICT weight, int reach, size_t n,
                 uint8_t* HWY_RESTRICT out) {
    const hn::RebindToUnsigned<decltype(d16)> du;
    const hn::Rebind<uint8_t, decltype(d16)> d8;
    const auto middle = hn::Set(du, 128 * 128), half = hn::Set(du, 63), one = hn::Set(du, 1);
    Down(line, weight, reach, n, [&](size_t x, auto sum) HWY_ATTR {
        const auto level = hn::Add(hn::BitCast(du, sum), middle);
        const auto odd = hn::And(hn::ShiftRight<7>(level), one);
        const auto rounded = hn::ShiftRight<7>(hn::Add(level, hn::Add(half, odd)));
        hn::StoreU(hn::DemoteTo(d8, hn::BitCast(d16, rounded)), d8, out + x);
    });
}

// weight: of the center.
template <typename At>
HWY_INLINE void Sums(const float* weight, int reach, size_t n, const At& at, float* HWY_RESTRICT out) {
    const size_t step = hn::Lanes(df);
    for (size_t x = 0; x < n; x += 4 * step) {
        auto a = hn::Zero(df), b = a, c = a, d = a;
        for (int k = -reach; k <= reach; ++k) {
            const auto w = hn::Set(df, weight[k]);
            const float* from = at(k) + x;
            a = hn::MulAdd(hn::LoadU(df, from), w, a);
            b = hn::MulAdd(hn::LoadU(df, from + step), w, b);
            c = hn::MulAdd(hn::LoadU(df, from + 2 * step), w, c);
            d = hn::MulAdd(hn::LoadU(df, from + 3 * step), w, d);
        }
        hn::StoreU(a, df, out + x);
        hn::StoreU(b, df, out + x + step);
        hn::StoreU(c, df, out + x + 2 * step);
        hn::StoreU(d, df, out + x + 3 * step);
    }
}

void AlongSums(const float* line, const float* weight, int reach, int apart, size_t n, float* HWY_RESTRICT out) {
    Sums(weight, reach, n, [&](int k) { return line + k * apart; }, out);
}

void DownSums(const float* const* line, const float* weight, int reach, size_t n, float* HWY_RESTRICT out) {
    Sums(weight, reach, n, [&](int k) { return line[k]; }, out);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(Center);
HWY_EXPORT(Widen);
HWY_EXPORT(AlongPairs);
HWY_EXPORT(DownPairs);
HWY_EXPORT(DownToBytes);
HWY_EXPORT(AlongSums);
HWY_EXPORT(DownSums);

namespace {

// Weights in 32768ths, that of the center halved as it pairs with itself; together they are exactly a half, so that
// black stays black. Empty where this cannot be done: they are not symmetric, or negative, or no mean, or so many that
// their roundings add up.
std::vector<int32_t> pair_weights(const float* center, int reach) {
    if (reach > 32) return {};
    double sum = 0;
    for (int k = -reach; k <= reach; ++k) sum += center[k];
    if (!(std::abs(sum - 1) <= 1e-5)) return {};
    std::vector<int32_t> weights;
    double exact = 0;
    int rounded = 0;
    for (int k = 0; k <= reach; ++k) {
        if (!(center[k] >= 0) || center[k] != center[-k]) return {};
        exact += center[k] / sum * (k == 0 ? 16384 : 32768);
        const auto weight = static_cast<int32_t>(std::lround(exact)) - rounded;
        rounded += weight;
        weights.push_back(weight | weight << 16);
    }
    return weights;
}

// The two kinds of arithmetic, each chosen by the type of its lines.
void load(Element, const void* row, size_t n, int16_t* line) {
    HWY_DYNAMIC_DISPATCH(Center)(static_cast<const uint8_t*>(row), n, line);
}
void load(Element element, const void* row, size_t n, float* line) {
    if (element == Element::u8) return HWY_DYNAMIC_DISPATCH(Widen)(static_cast<const uint8_t*>(row), n, line);
    std::memcpy(line, row, n * sizeof(float));
}
void level(float value, int16_t& out) { out = static_cast<int16_t>(std::lround((value - 128) * 128)); }
void level(float value, float& out) { out = value; }
void along(const int16_t* line, const Profile& kernel, int apart, size_t n, int16_t* out) {
    HWY_DYNAMIC_DISPATCH(AlongPairs)(line, kernel.pairs.data(), kernel.reach, apart, n, out);
}
void along(const float* line, const Profile& kernel, int apart, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(AlongSums)(line, kernel.center, kernel.reach, apart, n, out);
}
void down(const int16_t* const* lines, const Profile& kernel, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(DownPairs)(lines, kernel.pairs.data(), kernel.reach, n, out);
}
void down(const int16_t* const* lines, const Profile& kernel, size_t n, uint8_t* out) {
    HWY_DYNAMIC_DISPATCH(DownToBytes)(lines, kernel.pairs.data(), kernel.reach, n, out);
}
void down(const float* const* lines, const Profile& kernel, size_t n, float* out) {
    HWY_DYNAMIC_DISPATCH(DownSums)(lines, kernel.center, kernel.reach, n, out);
}

// Each row is filtered along once, and kept until the last output row that looks at it.
template <typename T>
class Separable {
  public:
    Separable(const Planes& in, const Profile& x, const Profile& y, Border border, const float* fill,
              Head::Scratch& scratch)
        : in_(in),
          x_(x),
          y_(y),
          apart_(in.together),
          n_(elements(in)),
          pitch_(padded(n_)),
          kept_(border == Border::wrap ? in.height : std::min(in.height, 2 * y.reach + 1)),
          ahead_(border == Border::wrap ? in.height : y.reach),
          columns_(places(in.width, x.reach, border)),
          rows_(places(in.height, y.reach, border)),
          slots_(static_cast<size_t>(kept_) + 1),
          window_(2 * static_cast<size_t>(y.reach) + 1),
          fill_(in.plane.size() * static_cast<size_t>(apart_)),
          out_(scratch[2]),
          copy_(in.tight ? n_ + kSlack : 0) {
        const size_t beside = padded(static_cast<size_t>(x.reach * apart_)), channels = in.plane.size();
        line_ = scratch[0].take<T>(pitch_ + 2 * beside) + beside;
        memory_ = scratch[1].take<T>(channels * slots_ * pitch_);
        for (int& y_in : rows_) y_in = y_in < 0 ? kept_ : y_in % kept_;
        if (border != Border::constant) return;
        for (size_t c = 0; c < fill_.size(); ++c) level(fill ? fill[c] : 0.0f, fill_[c]);
        const auto apart = static_cast<size_t>(apart_), room = static_cast<size_t>(x.reach) * apart;
        for (size_t c = 0; c < channels; ++c) {
            for (size_t k = 0; k < n_ + 2 * room; ++k) (line_ - room)[k] = fill_[c * apart + k % apart];
            along(line_, x_, apart_, n_, kept(c, kept_));
        }
    }

    template <typename Out>
    void run(const EmitOf<Out>& emit) {
        const size_t channels = in_.plane.size();
        const std::vector<Out*> out = lines_out<Out>(out_, channels, n_);
        int done = 0;
        for (int y = 0; y < in_.height; ++y) {
            for (; done <= std::min(y + ahead_, in_.height - 1); ++done)
                for (size_t c = 0; c < channels; ++c) filter_along(c, done);
            for (size_t c = 0; c < channels; ++c) {
                for (size_t k = 0; k < window_.size(); ++k) window_[k] = kept(c, rows_[static_cast<size_t>(y) + k]);
                down(window_.data() + y_.reach, y_, n_, out[c]);
            }
            emit(y, out.data());
        }
    }

  private:
    // The last slot is a row of fill.
    T* kept(size_t c, int slot) const { return memory_ + (c * slots_ + static_cast<size_t>(slot)) * pitch_; }

    void filter_along(size_t c, int y) {
        const Plane& plane = in_.plane[c];
        const void* row =
            plane.element == Element::u8 ? static_cast<void*>(plane.row<uint8_t>(y)) : plane.row<float>(y);
        if (!copy_.empty()) row = std::memcpy(copy_.data(), plane.row<uint8_t>(y), n_);
        load(plane.element, row, n_, line_);
        const auto reach = static_cast<size_t>(x_.reach), apart = static_cast<size_t>(apart_);
        const auto width = static_cast<size_t>(in_.width);
        T* const first = line_ - reach * apart;
        const auto fill = [&](size_t k) {
            const int place = columns_[k];
            for (size_t e = 0; e < apart; ++e)
                first[k * apart + e] = place < 0 ? fill_[c * apart + e] : line_[static_cast<size_t>(place) * apart + e];
        };
        for (size_t k = 0; k < reach; ++k) {
            fill(k);
            fill(reach + width + k);
        }
        along(line_, x_, apart_, n_, kept(c, y % kept_));
    }

    const Planes& in_;
    const Profile &x_, &y_;
    const int apart_;  // elements from one pixel to the next
    const size_t n_, pitch_;
    const int kept_, ahead_;
    const std::vector<int> columns_;
    std::vector<int> rows_;  // in slots
    const size_t slots_;     // per channel
    std::vector<const T*> window_;
    std::vector<T> fill_;
    Buffer& out_;
    std::vector<uint8_t> copy_;  // of a row that nothing may be read behind
    T* line_ = nullptr;
    T* memory_ = nullptr;
};

// Whether 16 bits will do.
bool short_sums(const Planes& in, const Profile& x, const Profile& y, const float* fill) {
    bool bytes = !x.pairs.empty() && !y.pairs.empty() && all_bytes(in);
    for (size_t c = 0; fill && c < channels(in); ++c) bytes = bytes && fill[c] >= 0 && fill[c] <= 255;
    return bytes;
}

bool box(const Planes& in, const Profile& x, const Profile& y, const float* fill) {
    return is_box(x.center, x.reach) && is_box(y.center, y.reach) && all_bytes(in) && whole_levels(fill, channels(in));
}

}  // namespace

Profile::Profile(const float* weights, size_t count, int64_t pixels)
    : center(weights + count / 2), reach(static_cast<int>(pixels)), pairs(pair_weights(center, reach)) {}

void run_separable(const Planes& in, const Profile& x, const Profile& y, Border border, const float* fill,
                   Head::Scratch& scratch, const Emit& emit) {
    if (box(in, x, y, fill)) {
        run_box(in, box_size(y.center, y.reach), box_size(x.center, x.reach), border, fill, scratch, emit);
    } else if (short_sums(in, x, y, fill)) {
        Separable<int16_t>(in, x, y, border, fill, scratch).run(emit);
    } else {
        Separable<float>(in, x, y, border, fill, scratch).run(emit);
    }
}

bool run_separable_bytes(const Planes& in, const Profile& x, const Profile& y, Border border, const float* fill,
                         Head::Scratch& scratch, const EmitBytes& emit) {
    if (box(in, x, y, fill)) {
        run_box(in, box_size(y.center, y.reach), box_size(x.center, x.reach), border, fill, scratch, emit);
        return true;
    }
    if (!short_sums(in, x, y, fill)) return false;
    Separable<int16_t>(in, x, y, border, fill, scratch).run(emit);
    return true;
}

}  // namespace augstream
#endif
