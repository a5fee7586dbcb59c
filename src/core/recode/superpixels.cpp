#include "recode/superpixels.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "draw/pixel_hash.h"
#include "recode/clusters.h"
#include "recode/eight_bits.h"

namespace augstream {
namespace {

void level(double value, float& out) { out = static_cast<float>(value); }
void level(double value, uint8_t& out) { out = static_cast<uint8_t>(std::nearbyint(value)); }
void copy(const Plane& plane, int y, size_t n, float* out) { to_floats(plane, y, n, out); }
void copy(const Plane& plane, int y, size_t n, uint8_t* out) { std::copy_n(plane.row<uint8_t>(y), n, out); }

template <typename T>
void add(const T* line, const int32_t* area, size_t n, double* sum) {
    for (size_t x = 0; x < n; ++x) sum[area[x]] += line[x];
}

}  // namespace

Superpixels::Superpixels(Fields& fields)
    : grid_(fields.array<int64_t>("grid", {2})),
      share_(fields.array<float>("share", {})),
      key_(fields.array<uint64_t>("key", {})),
      peak_(fields.real("peak")) {
    if (!(peak_ > 0)) fields.fail("peak", "must be above 0");
    for (size_t i = 0; i < fields.rows; ++i)
        if (grid_[i][0] < 0 || grid_[i][1] < 0) fields.fail("grid", "must not be negative");
}

template <typename T>
void Superpixels::paint(const Planes& in, size_t row, Scratch& scratch, const EmitOf<T>& emit) const {
    if (grid_[row][0] > in.height || grid_[row][1] > in.width)
        throw std::runtime_error("more superpixels than the image has rows or columns");
    const Size grid{static_cast<int>(grid_[row][0]), static_cast<int>(grid_[row][1])};
    Clusters clusters(in, grid, peak_, scratch[0]);
    const size_t n = static_cast<size_t>(in.width), pitch = padded(n) + kRowPad, channels = in.plane.size(),
                 colored = channels == 4 ? 3 : channels,
                 areas = static_cast<size_t>(grid.height) * static_cast<size_t>(grid.width);
    std::vector<uint32_t> number(areas), word(areas);
    for (size_t k = 0; k < areas; ++k) number[k] = static_cast<uint32_t>(k);
    pixel_words(*key_[row], 0, number.data(), areas, word.data());
    std::vector<uint8_t> painted(areas);
    for (size_t k = 0; k < areas; ++k) painted[k] = static_cast<float>(word[k] >> 8) * 0x1p-24f < *share_[row];

    auto* const label = scratch[1].take<int32_t>(n * static_cast<size_t>(in.height));
    std::vector<double> sums(colored * areas);
    std::vector<int64_t> many(areas);
    for (int y = 0; y < in.height; ++y) {
        int32_t* const area = label + static_cast<size_t>(y) * n;
        std::copy_n(clusters.labels(y), n, area);
        for (size_t x = 0; x < n; ++x) ++many[static_cast<size_t>(area[x])];
        for (size_t c = 0; c < colored; ++c) {
            double* const sum = sums.data() + c * areas;
            const Plane& plane = in.plane[c];
            plane.element == Element::u8 ? add(plane.row<uint8_t>(y), area, n, sum)
                                         : add(plane.row<float>(y), area, n, sum);
        }
    }
    std::vector<T> mean(colored * areas);
    for (size_t k = 0; k < mean.size(); ++k)
        level(sums[k] / static_cast<double>(std::max<int64_t>(many[k % areas], 1)), mean[k]);
    T* const memory = scratch[2].take<T>(channels * pitch);
    std::vector<T*> rows(channels);
    for (int y = 0; y < in.height; ++y) {
        const int32_t* const area = label + static_cast<size_t>(y) * n;
        for (size_t c = 0; c < channels; ++c) {
            rows[c] = memory + c * pitch;
            copy(in.plane[c], y, n, rows[c]);
            if (c == colored) continue;
            const T* const color = mean.data() + c * areas;
            for (size_t x = 0; x < n; ++x)
                rows[c][x] = painted[static_cast<size_t>(area[x])] ? color[area[x]] : rows[c][x];
        }
        emit(y, rows.data());
    }
}

void Superpixels::run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const {
    paint(in, row, scratch, emit);
}

bool Superpixels::run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const {
    for (const Plane& plane : in.plane)
        if (!is_bytes(plane, peak_)) return false;
    paint(in, row, scratch, emit);
    return true;
}

}  // namespace augstream
