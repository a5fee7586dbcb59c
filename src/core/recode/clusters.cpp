#include "recode/clusters.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "recode/clusters.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "recode/eight_bits.h"

HWY_BEFORE_NAMESPACE();
namespace augstream {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
const hn::ScalableTag<float> df;
const hn::RebindToSigned<decltype(df)> di;

// All of these run over the end of the row, by less than kRowPad elements. Whole numbers below 2^24 are exact.

void Quarters(const uint8_t* HWY_RESTRICT in, size_t n, float* HWY_RESTRICT out) {
    const hn::Rebind<uint8_t, decltype(df)> d8;
    for (size_t x = 0; x < n; x += hn::Lanes(df))
        hn::StoreU(hn::ConvertTo(df, hn::ShiftLeft<2>(hn::PromoteTo(di, hn::LoadU(d8, in + x)))), df, out + x);
}

// The nearest of some centers for pixels [begin, end). center: (color, dy * dy, x) of each.
template <size_t kChannels>
HWY_INLINE void Nearest(const float* const* lines, const float* place, const float* center, const int32_t* label,
                        size_t many, size_t begin, size_t end, int32_t* HWY_RESTRICT out) {
    for (size_t x = begin; x < end; x += hn::Lanes(df)) {
        hn::Vec<decltype(df)> level[kChannels];
        for (size_t c = 0; c < kChannels; ++c) level[c] = hn::LoadU(df, lines[c] + x);
        const auto at = hn::LoadU(df, place + x);
        auto best = hn::Set(df, 1 << 30);
        auto found = hn::Zero(di);
        for (size_t k = 0; k < many; ++k) {
            const float* const one = center + k * (kChannels + 2);
            const auto right = hn::Sub(at, hn::Set(df, one[kChannels + 1]));
            auto gap = hn::MulAdd(right, right, hn::Set(df, one[kChannels]));
            for (size_t c = 0; c < kChannels; ++c) {
                const auto apart = hn::Sub(level[c], hn::Set(df, one[c]));
                gap = hn::MulAdd(apart, apart, gap);
            }
            const auto nearer = hn::Lt(gap, best);
            best = hn::IfThenElse(nearer, gap, best);
            found = hn::IfThenElse(hn::RebindMask(di, nearer), hn::Set(di, label[k]), found);
        }
        hn::StoreU(found, di, out + x);
    }
}

void NearestOf(size_t channels, const float* const* lines, const float* place, const float* center,
               const int32_t* label, size_t many, size_t begin, size_t end, int32_t* out) {
    if (channels == 1) return Nearest<1>(lines, place, center, label, many, begin, end, out);
    if (channels == 2) return Nearest<2>(lines, place, center, label, many, begin, end, out);
    Nearest<3>(lines, place, center, label, many, begin, end, out);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace augstream
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace augstream {

HWY_EXPORT(Quarters);
HWY_EXPORT(NearestOf);

namespace {

// As in plan/kinds/superpixels.py.
constexpr int kStep = 240, kRounds = 4, kFine = 8, kSmall = 4;

int side_of(Size size, Size grid) {
    const int step = std::min(size.height / grid.height, size.width / grid.width);
    return step >= 4 * kSmall ? std::max(kSmall, step / kFine) : 1;
}

}  // namespace

Clusters::Clusters(const Planes& in, Size grid, float peak, Buffer& memory)
    : in_(in),
      grid_(grid),
      peak_(peak),
      channels_(std::min<size_t>(in.plane.size(), 3)),
      side_(side_of({in.height, in.width}, grid)),
      full_(lattice(1)),
      small_(lattice(side_)) {
    const size_t pitch = padded(static_cast<size_t>(in.width)) + kRowPad;
    lines_.resize(channels_ * pitch);
    labels_.resize(pitch);
    bytes_.resize(pitch);
    for (int y = 0; y < grid.height; ++y)
        for (int x = 0; x < grid.width; ++x) {
            centers_.insert(centers_.end(), channels_, 0.0f);
            centers_.push_back(static_cast<float>(y * kStep + kStep / 2));
            centers_.push_back(static_cast<float>(x * kStep + kStep / 2));
        }
    pitch_ = padded(static_cast<size_t>(small_.width)) + kRowPad;
    const size_t rows = static_cast<size_t>(small_.height);
    float* const pixels = memory.take<float>((channels_ + 1) * rows * pitch_);
    boxes_ = reinterpret_cast<int32_t*>(pixels + channels_ * rows * pitch_);
    reduce(pixels);
    for (size_t y = 0; y < rows; ++y)
        for (size_t cell = 0; cell + 1 < small_.column.size(); ++cell)
            std::fill(boxes_ + y * pitch_ + small_.column[cell], boxes_ + y * pitch_ + small_.column[cell + 1],
                      small_.y[y] / kStep * grid.width + static_cast<int>(cell));
    move(pixels);
    for (int round = 0; round <= kRounds; ++round) {
        for (size_t y = 0; y < rows; ++y) {
            float* lines[3];
            for (size_t c = 0; c < channels_; ++c) lines[c] = pixels + (c * rows + y) * pitch_;
            assign(small_, static_cast<int>(y), lines, boxes_ + y * pitch_);
        }
        if (round < kRounds) move(pixels);
    }
}

const int32_t* Clusters::labels(int y) {
    if (side_ == 1) return boxes_ + static_cast<size_t>(y) * pitch_;
    float* lines[3];
    for (size_t c = 0; c < channels_; ++c) lines[c] = lines_.data() + c * (lines_.size() / channels_);
    load(y, lines);
    const int row = std::min(y / side_, small_.height - 1);
    if (row != row_) look_around(row);
    row_ = row;
    const size_t side = static_cast<size_t>(side_), n = static_cast<size_t>(in_.width);
    for (size_t box = 0; box < around_.size(); ++box) {
        const Around& around = around_[box];
        const size_t begin = box * side, end = box + 1 == around_.size() ? n : begin + side;
        if (around.many == 1) {
            std::fill(labels_.begin() + static_cast<ptrdiff_t>(begin), labels_.begin() + static_cast<ptrdiff_t>(end),
                      around.label[0]);
        } else {
            nearest(full_, y, lines, around, begin, end, labels_.data());
        }
    }
    return labels_.data();
}

// The areas of the boxes around each box of a row, each once.
void Clusters::look_around(int row) {
    around_.assign(static_cast<size_t>(small_.width), {});
    for (int x = 0; x < small_.width; ++x) {
        Around& around = around_[static_cast<size_t>(x)];
        for (int j = -1; j <= 1; ++j)
            for (int i = -1; i <= 1; ++i) {
                const auto down = static_cast<size_t>(std::clamp(row + j, 0, small_.height - 1));
                const int32_t label =
                    boxes_[down * pitch_ + static_cast<size_t>(std::clamp(x + i, 0, small_.width - 1))];
                if (std::find(around.label, around.label + around.many, label) == around.label + around.many)
                    around.label[around.many++] = label;
            }
    }
}

Clusters::Lattice Clusters::lattice(int side) const {
    const auto place = [&](int i, int steps, int n) {
        return static_cast<int>((2 * int64_t{i} + 1) * side * kStep * steps / (2 * int64_t{n}));
    };
    Lattice made;
    made.height = in_.height / side;
    made.width = in_.width / side;
    for (int y = 0; y < made.height; ++y) made.y.push_back(place(y, grid_.height, in_.height));
    made.x.resize(padded(static_cast<size_t>(made.width)) + kRowPad);
    for (int x = 0; x < made.width; ++x) {
        const int at = place(x, grid_.width, in_.width);
        made.x[static_cast<size_t>(x)] = static_cast<float>(at);
        while (static_cast<int>(made.column.size()) <= at / kStep) made.column.push_back(x);
    }
    made.column.resize(static_cast<size_t>(grid_.width) + 1, made.width);
    return made;
}

// A row of the image in quarters of a level.
void Clusters::load(int y, float* const* lines) {
    const auto n = static_cast<size_t>(in_.width);
    for (size_t c = 0; c < channels_; ++c) {
        const Plane& plane = in_.plane[c];
        if (!is_bytes(plane, peak_)) to_bytes(plane, y, peak_, n, bytes_.data());
        HWY_DYNAMIC_DISPATCH(Quarters)(is_bytes(plane, peak_) ? plane.row<uint8_t>(y) : bytes_.data(), n, lines[c]);
    }
}

void Clusters::reduce(float* pixels) {
    const int side = side_;
    const auto n = static_cast<size_t>(in_.width), edge = static_cast<size_t>(side);
    const int64_t area = int64_t{side} * side;
    std::vector<int64_t> sums(static_cast<size_t>(small_.width));
    std::vector<uint32_t> column(n);
    for (int y = 0; y < small_.height; ++y)
        for (size_t c = 0; c < channels_; ++c) {
            const Plane& plane = in_.plane[c];
            std::fill(column.begin(), column.end(), 0u);
            for (int k = 0; k < side; ++k) {
                const uint8_t* row = bytes_.data();
                if (is_bytes(plane, peak_)) {
                    row = plane.row<uint8_t>(y * side + k);
                } else {
                    to_bytes(plane, y * side + k, peak_, n, bytes_.data());
                }
                for (size_t x = 0; x < n; ++x) column[x] += row[x];
            }
            float* const out = pixels + (c * static_cast<size_t>(small_.height) + static_cast<size_t>(y)) * pitch_;
            for (size_t x = 0; x < sums.size(); ++x) {
                int64_t sum = 0;
                for (size_t k = 0; k < edge; ++k) sum += column[x * edge + k];
                out[x] = static_cast<float>((8 * sum + area) / (2 * area));
            }
        }
}

// The nearest of the nine centers around the cell of each pixel of a row.
void Clusters::assign(const Lattice& lattice, int y, float* const* lines, int32_t* out) const {
    const int cell_y = lattice.y[static_cast<size_t>(y)] / kStep;
    for (int cell = 0; cell < grid_.width; ++cell) {
        Around around;
        for (int j = std::max(0, cell_y - 1); j <= std::min(grid_.height - 1, cell_y + 1); ++j)
            for (int i = std::max(0, cell - 1); i <= std::min(grid_.width - 1, cell + 1); ++i)
                around.label[around.many++] = j * grid_.width + i;
        nearest(lattice, y, lines, around, static_cast<size_t>(lattice.column[static_cast<size_t>(cell)]),
                static_cast<size_t>(lattice.column[static_cast<size_t>(cell) + 1]), out);
    }
}

// For pixels [begin, end) of a row. What is written beyond the end, whoever comes next writes again.
void Clusters::nearest(const Lattice& lattice, int y, float* const* lines, const Around& around, size_t begin,
                       size_t end, int32_t* out) const {
    const size_t values = channels_ + 2;
    float center[9 * 5];
    for (size_t k = 0; k < around.many; ++k) {
        const float* const from = centers_.data() + static_cast<size_t>(around.label[k]) * values;
        float* const to = center + k * values;
        for (size_t v = 0; v < values; ++v) to[v] = from[v];
        const float down = from[channels_] - static_cast<float>(lattice.y[static_cast<size_t>(y)]);
        to[channels_] = down * down;
    }
    HWY_DYNAMIC_DISPATCH(NearestOf)
    (channels_, lines, lattice.x.data(), center, around.label, around.many, begin, end, out);
}

// Each center to the mean of its boxes; one without any stays.
void Clusters::move(const float* pixels) {
    const size_t values = channels_ + 2, areas = centers_.size() / values, rows = static_cast<size_t>(small_.height);
    std::vector<int64_t> sums(areas * values), many(areas);
    for (size_t y = 0; y < rows; ++y)
        for (size_t x = 0; x < static_cast<size_t>(small_.width); ++x) {
            const auto area = static_cast<size_t>(boxes_[y * pitch_ + x]);
            int64_t* const sum = sums.data() + area * values;
            for (size_t c = 0; c < channels_; ++c) sum[c] += static_cast<int64_t>(pixels[(c * rows + y) * pitch_ + x]);
            sum[channels_] += small_.y[y];
            sum[channels_ + 1] += static_cast<int64_t>(small_.x[x]);
            ++many[area];
        }
    for (size_t area = 0; area < areas; ++area)
        for (size_t k = 0; many[area] > 0 && k < values; ++k)
            centers_[area * values + k] =
                static_cast<float>((2 * sums[area * values + k] + many[area]) / (2 * many[area]));
}

}  // namespace augstream
#endif
