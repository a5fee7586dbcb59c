#include "points/clahe.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "points/clahe.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "plan/geometry.h"
#include "points/histogram.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;
const hn::RebindToUnsigned<decltype(df)> du;
const hn::Rebind<uint8_t, decltype(df)> d8;
const hn::Rebind<uint16_t, decltype(df)> d16;
using F = hn::Vec<decltype(df)>;

HWY_INLINE F Read(const float* in) { return hn::LoadU(df, in); }
HWY_INLINE F Read(const uint8_t* in) { return hn::ConvertTo(df, hn::PromoteTo(di, hn::LoadU(d8, in))); }
HWY_INLINE void Write(F v, float* out) { hn::StoreU(v, df, out); }
// Of values in 0..255.
HWY_INLINE void Write(F v, uint8_t* out) { hn::StoreU(hn::U8FromU32(hn::BitCast(du, hn::NearestInt(v))), d8, out); }

// The luma in 255ths of the peak, 0..255; of bytes exact. The weights are Pillow's, 65536ths.
template <typename T>
HWY_INLINE F Luma(const T* const* rows, size_t colors, size_t j, F scale) {
    F y = Read(rows[0] + j);
    if (colors == 3) {
        y = hn::Mul(y, hn::Set(df, 19595 / 65536.0f));
        y = hn::MulAdd(Read(rows[1] + j), hn::Set(df, 38470 / 65536.0f), y);
        y = hn::MulAdd(Read(rows[2] + j), hn::Set(df, 7471 / 65536.0f), y);
    }
    y = hn::Mul(y, scale);
    // What is no number becomes the lowest.
    return hn::Min(hn::IfThenElse(hn::Gt(y, hn::Zero(df)), y, hn::Zero(df)), hn::Set(df, 255.0f));
}

// All of these run over the end of the n pixels, by less than a vector.

template <typename T>
HWY_INLINE void Round(const T* const* rows, size_t colors, size_t n, float scale, uint8_t* out) {
    for (size_t j = 0; j < n; j += hn::Lanes(df)) {
        const F half = hn::Add(Luma(rows, colors, j, hn::Set(df, scale)), hn::Set(df, 0.5f));
        hn::StoreU(hn::U8FromU32(hn::BitCast(du, hn::ConvertTo(di, half))), d8, out + j);
    }
}

void RoundBytes(const uint8_t* const* rows, size_t colors, size_t n, float scale, uint8_t* out) {
    Round(rows, colors, n, scale, out);
}
void RoundFloats(const float* const* rows, size_t colors, size_t n, float scale, uint8_t* out) {
    Round(rows, colors, n, scale, out);
}

// The lower entry of each pixel, and how far it is to the next one.
template <typename T>
HWY_INLINE void Find(const T* const* rows, size_t colors, size_t n, float scale, int32_t* low, float* part) {
    for (size_t j = 0; j < n; j += hn::Lanes(df)) {
        const F y = Luma(rows, colors, j, hn::Set(df, scale));
        const auto whole = hn::ConvertTo(di, y);
        hn::StoreU(whole, di, low + j);
        hn::StoreU(hn::Sub(y, hn::ConvertTo(df, whole)), df, part + j);
    }
}

// entry: of each pixel, what the tables on its left and on its right have there, then at the next level, as 256ths.
template <typename T>
HWY_INLINE void Add(T* const* rows, size_t colors, size_t n, float scale, const uint64_t* entry, const int32_t* low,
                    const float* part, const float* across, float peak) {
    const F unit = hn::Set(df, 1 / 256.0f), back = hn::Set(df, 1 / scale), top = hn::Set(df, peak);
    const auto wide = [&](auto v) HWY_ATTR { return hn::ConvertTo(df, hn::PromoteTo(di, v)); };
    for (size_t j = 0; j < n; j += hn::Lanes(df)) {
        hn::Vec<decltype(d16)> a, b, c, d;
        hn::LoadInterleaved4(d16, reinterpret_cast<const uint16_t*>(entry + j), a, b, c, d);
        const F x = hn::LoadU(df, across + j), t = hn::LoadU(df, part + j);
        const F left = wide(a), next_left = wide(c);
        const F at = hn::MulAdd(hn::Sub(wide(b), left), x, left);
        const F next = hn::MulAdd(hn::Sub(wide(d), next_left), x, next_left);
        const F place = hn::Add(hn::ConvertTo(df, hn::LoadU(di, low + j)), t);
        const F more = hn::Mul(hn::MulSub(hn::MulAdd(hn::Sub(next, at), t, at), unit, place), back);
        for (size_t k = 0; k < colors; ++k) {
            const F level = hn::Add(Read(rows[k] + j), more);
            Write(hn::Min(hn::IfThenElse(hn::Gt(level, hn::Zero(df)), level, hn::Zero(df)), top), rows[k] + j);
        }
    }
}

#define AUGSTREAM_CLAHE(T, Name)                                                                                    \
    void Find##Name(const T* const* rows, size_t colors, size_t n, float scale, int32_t* low, float* part) {        \
        Find(rows, colors, n, scale, low, part);                                                                    \
    }                                                                                                               \
    void Add##Name(T* const* rows, size_t colors, size_t n, float scale, const uint64_t* entry, const int32_t* low, \
                   const float* part, const float* across, float peak) {                                            \
        Add(rows, colors, n, scale, entry, low, part, across, peak);                                                \
    }
AUGSTREAM_CLAHE(float, Floats)
AUGSTREAM_CLAHE(uint8_t, Bytes)
#undef AUGSTREAM_CLAHE

// Two tables between two rows of tiles, side by side, as 256ths of a level; 256 entries.
void Blend(const uint8_t* const* upper, const uint8_t* const* lower, float part, uint32_t* out) {
    const F weight = hn::Set(df, 256 * part), rest = hn::Set(df, 256 * (1 - part));
    for (size_t v = 0; v < 256; v += hn::Lanes(df)) {
        const auto one = [&](size_t k) HWY_ATTR {
            return hn::BitCast(
                du, hn::NearestInt(hn::MulAdd(Read(lower[k] + v), weight, hn::Mul(Read(upper[k] + v), rest))));
        };
        hn::StoreU(hn::Or(one(0), hn::ShiftLeft<16>(one(1))), du, out + v);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(RoundBytes);
HWY_EXPORT(RoundFloats);
HWY_EXPORT(FindBytes);
HWY_EXPORT(FindFloats);
HWY_EXPORT(AddBytes);
HWY_EXPORT(AddFloats);
HWY_EXPORT(Blend);

namespace {

// OpenCV's, quirks and all: where one side is no multiple of the tiles, both get more pixels.
struct Tiling {
    int tiles, height, width;  // of the image and what continues it

    Tiling(int n, const Planes& image) : tiles(n), height(image.height), width(image.width) {
        if (width % n == 0 && height % n == 0) return;
        width += n - width % n;
        height += n - height % n;
    }
    int tile_height() const { return height / tiles; }
    int tile_width() const { return width / tiles; }
};

void equalize(const Histogram& counted, double limit, int64_t area, uint8_t* table) {
    Histogram count = counted;
    const auto most = static_cast<uint32_t>(std::clamp(limit * static_cast<double>(area) / kBins, 1.0, 4e9));
    uint32_t over = 0;
    for (uint32_t& n : count) {
        over += n > most ? n - most : 0;
        n = std::min(n, most);
    }
    const uint32_t each = over / kBins;
    uint32_t rest = over % kBins;
    for (uint32_t& n : count) n += each;
    const size_t step = std::max<size_t>(kBins / std::max(rest, 1u), 1);
    for (size_t v = 0; v < kBins && rest > 0; v += step, --rest) ++count[v];
    const float scale = 255.0f / static_cast<float>(area);
    uint64_t sum = 0;
    for (size_t v = 0; v < kBins; ++v) {
        sum += count[v];
        table[v] = static_cast<uint8_t>(std::min(std::nearbyint(static_cast<float>(sum) * scale), 255.0f));
    }
}

// Which two of the tiles a pixel lies between, 0..tiles for the one before the second, and how far from the first.
std::pair<int, float> place_of(int pixel, int side) {
    const float place = static_cast<float>(pixel) * (1.0f / static_cast<float>(side)) - 0.5f;
    const float low = std::floor(place);
    return {static_cast<int>(low) + 1, place - low};
}

class Tiles final : public Point {
  public:
    Tiles(std::vector<uint8_t> tables, const Tiling& tiling, int width, size_t colors, float peak)
        : tables_(std::move(tables)), tiling_(tiling), colors_(colors), peak_(peak) {
        for (int x = 0; x < width; ++x) {
            const auto [between, across] = place_of(x, tiling.tile_width());
            between_.push_back(std::min(between, tiling.tiles));
            across_.push_back(across);
        }
        across_.resize(across_.size() + kRowPad);
    }

    bool idle(size_t) const override { return false; }
    void run(const Line& line) const override { change(line); }
    Bytes bytes(size_t, bool last) const override { return last ? Bytes::places : Bytes::none; }
    void run_bytes(const ByteLine& line) const override { change(line); }

  private:
    static constexpr size_t kEntries = kBins + 1;
    static constexpr size_t kBlock = 512;

    const uint8_t* table(int y, int x) const {
        const int last = tiling_.tiles - 1;
        return &tables_[static_cast<size_t>(std::clamp(y, 0, last) * tiling_.tiles + std::clamp(x, 0, last)) * kBins];
    }

    template <typename T>
    void change(const LineOf<T>& line) const {
        thread_local std::vector<uint32_t> pairs;
        pairs.resize(static_cast<size_t>(tiling_.tiles + 1) * kEntries);
        const auto [between, down] = place_of(line.y, tiling_.tile_height());
        for (int x = 0; x <= tiling_.tiles; ++x) {
            const uint8_t* const upper[2] = {table(between - 1, x - 1), table(between - 1, x)};
            const uint8_t* const lower[2] = {table(between, x - 1), table(between, x)};
            uint32_t* const out = &pairs[static_cast<size_t>(x) * kEntries];
            HWY_DYNAMIC_DISPATCH(Blend)(upper, lower, down, out);
            out[kBins] = out[kBins - 1];
        }
        for (size_t first = 0; first < static_cast<size_t>(line.n); first += kBlock)
            block(line, first, std::min(kBlock, static_cast<size_t>(line.n) - first), pairs.data());
    }

    template <typename T>
    void block(const LineOf<T>& line, size_t first, size_t n, const uint32_t* pairs) const {
        HWY_ALIGN T levels[3][kBlock + kRowPad];
        HWY_ALIGN int32_t low[kBlock + kRowPad];
        HWY_ALIGN float part[kBlock + kRowPad];
        HWY_ALIGN uint64_t entry[kBlock + kRowPad];
        T* rows[3];
        for (size_t c = 0; c < colors_; ++c) {
            rows[c] = levels[c];
            std::memcpy(rows[c], line.rows[c] + first, n * sizeof(T));
            std::memset(static_cast<void*>(rows[c] + n), 0, kRowPad * sizeof(T));
        }
        const float scale = 255 / peak_;
        const size_t x = static_cast<size_t>(line.x) + first;
        constexpr bool kBytes = std::is_same_v<T, uint8_t>;
        if constexpr (kBytes) {
            HWY_DYNAMIC_DISPATCH(FindBytes)(rows, colors_, n, scale, low, part);
        } else {
            HWY_DYNAMIC_DISPATCH(FindFloats)(rows, colors_, n, scale, low, part);
        }
        for (size_t j = 0; j < n; ++j) {
            const uint32_t* const from = pairs + static_cast<size_t>(between_[x + j]) * kEntries + low[j];
            // At the last level the next one is itself; the pair behind it is there for the last tiles too.
            std::memcpy(&entry[j], from, sizeof entry[j]);
        }
        if constexpr (kBytes) {
            HWY_DYNAMIC_DISPATCH(AddBytes)
            (rows, colors_, n, scale, entry, low, part, &across_[x], std::min(peak_, 255.0f));
        } else {
            HWY_DYNAMIC_DISPATCH(AddFloats)(rows, colors_, n, scale, entry, low, part, &across_[x], peak_);
        }
        for (size_t c = 0; c < colors_; ++c) std::memcpy(line.rows[c] + first, rows[c], n * sizeof(T));
    }

    const std::vector<uint8_t> tables_;  // (tiles, tiles, 256)
    const Tiling tiling_;
    const size_t colors_;
    const float peak_;
    std::vector<int> between_;
    std::vector<float> across_;
};

// The rounded luma of one row.
void luma_row(const Planes& image, size_t colors, int y, float scale, uint8_t* out) {
    const auto n = static_cast<size_t>(image.width);
    if (image.plane[0].element == Element::u8) {
        const uint8_t* rows[3];
        for (size_t c = 0; c < colors; ++c) rows[c] = image.plane[c].row<uint8_t>(y);
        HWY_DYNAMIC_DISPATCH(RoundBytes)(rows, colors, n, scale, out);
    } else {
        const float* rows[3];
        for (size_t c = 0; c < colors; ++c) rows[c] = image.plane[c].row<float>(y);
        HWY_DYNAMIC_DISPATCH(RoundFloats)(rows, colors, n, scale, out);
    }
}

}  // namespace

Clahe::Clahe(Fields& fields)
    : clip_(fields.array<double>("clip", {})),
      tiles_(fields.integer("tiles", 1, 64)),
      peak_(fields.real("peak")),
      on_(fields.array<uint8_t>("on", {})) {
    if (fields.channels == 2 || fields.channels > 4) fields.fail("", "needs images of 1, 3 or 4 channels");
    if (!(peak_ > 0)) fields.fail("peak", "must be above 0");
    for (size_t i = 0; i < fields.rows; ++i)
        if (!(*clip_[i] > 0)) fields.fail("clip", "must be above 0");
}

std::unique_ptr<Point> Clahe::measured(const Planes& image, size_t row) const {
    const Tiling tiling(tiles_, image);
    const size_t colors = image.plane.size() == 1 ? 1 : 3, tiles = static_cast<size_t>(tiles_);
    const auto side = static_cast<size_t>(tiling.tile_width());
    std::vector<uint8_t> luma(static_cast<size_t>(std::max(tiling.width, image.width)) + kRowPad);
    std::vector<uint8_t> tables(tiles * tiles * kBins);
    struct Parts {
        Histogram part[4];
    };
    std::vector<Parts> counts(tiles);
    const int64_t area = static_cast<int64_t>(tiling.tile_height()) * tiling.tile_width();
    for (size_t t = 0; t < tiles; ++t) {
        std::fill(counts.begin(), counts.end(), Parts{});
        const int top = static_cast<int>(t) * tiling.tile_height();
        for (int y = top; y < top + tiling.tile_height(); ++y) {
            const int there = y < image.height ? y : wrap_index(y, image.height, Border::reflect);
            luma_row(image, colors, there, 255 / peak_, luma.data());
            for (int x = image.width; x < tiling.width; ++x)
                luma[static_cast<size_t>(x)] = luma[static_cast<size_t>(wrap_index(x, image.width, Border::reflect))];
            for (size_t k = 0; k < tiles; ++k) count_bytes(luma.data() + k * side, side, counts[k].part);
        }
        for (size_t k = 0; k < tiles; ++k)
            equalize(sum_of(counts[k].part), *clip_[row], area, tables.data() + (t * tiles + k) * kBins);
    }
    return std::make_unique<Tiles>(std::move(tables), tiling, image.width, colors, peak_);
}

}  // namespace augstream
#endif
