#include "gather/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "image/reshape.h"
#include "points/color.h"

namespace augstream {
namespace {

// The last byte first; eight at a time, as std::reverse_copy is not made into anything better than single bytes.
void reverse_bytes(const uint8_t* in, size_t n, uint8_t* out) {
    size_t j = 0;
    for (; j + 8 <= n; j += 8) {
        uint64_t word;
        std::memcpy(&word, in + n - j - 8, 8);
        word = __builtin_bswap64(word);
        std::memcpy(out + j, &word, 8);
    }
    for (; j < n; ++j) out[j] = in[n - 1 - j];
}

// Whether a matrix takes centers of pixels to centers of pixels, upright, one beside the other.
bool keeps_pixels(const double* m) {
    const auto whole = [](double number) { return number == std::floor(number); };
    return std::abs(m[0]) == 1 && m[1] == 0 && m[3] == 0 && std::abs(m[4]) == 1 && m[6] == 0 && m[7] == 0 &&
           m[8] == 1 && whole(m[2]) && whole(m[5]);
}

bool moves_whole_pixels(const Mapping& mapping, const Planes& planes) {
    if (!mapping.field || mapping.field->kind == Field::Kind::smooth) return false;
    for (const Plane& p : planes.plane)
        if (p.scale_x != 1 || p.scale_y != 1) return false;
    return keeps_pixels(mapping.to_field) && keeps_pixels(mapping.from_field);
}

}  // namespace

void Sampler::begin(const Mapping& mapping, Planes& planes, size_t channels, std::vector<Outside> outside) {
    mapping_ = mapping;
    planes_ = &planes;
    channels_ = channels;
    outside_ = std::move(outside);
    prepare(planes);
    const size_t n = planes.plane.size();
    same_.assign(n, 0);
    for (size_t c = 0; c < n; ++c)
        while (!planes.plane[same_[c]].same_grid(planes.plane[c])) ++same_[c];
    if (mapping.skewed) {
        begin_skewed();
    } else {
        begin_axis();
    }
}

void Sampler::prepare(Planes& planes) {
    const size_t n = planes.plane.size();
    filtered_.resize(std::max(filtered_.size(), n));
    reduced_.resize(std::max(reduced_.size(), n));
    if (mapping_.transposed) {
        std::swap(planes.width, planes.height);
        for (size_t c = 0; c < n; ++c) planes.plane[c] = transpose(planes.plane[c], filtered_[c]);
        planes.borrowed = false;
    }
    if (!mapping_.skewed) return;
    for (size_t c = 0; c < n; ++c) {
        Plane& p = planes.plane[c];
        const void* const given = p.data;
        if (mapping_.interpolation != Interpolation::nearest && mapping_.antialias) {
            const double shrink_x = mapping_.shrink_x * p.scale_x, shrink_y = mapping_.shrink_y * p.scale_y;
            const int kx = reduction(shrink_x), ky = reduction(shrink_y);
            if (kx > 1 || ky > 1) p = reduce(p, kx, ky, reduced_[c]);
            const double vx = prefilter(mapping_.shrink_x * p.scale_x, 1 / p.scale_x),
                         vy = prefilter(mapping_.shrink_y * p.scale_y, 1 / p.scale_y);
            if (vx > 0 || vy > 0) {
                const Plane out = allocate(p, p.x0, p.y0, p.x1, p.y1, filtered_[c]);
                prefilter_plane(p, out, vx, vy, scratch_);
                p = out;
            }
        }
        if (planes.borrowed && p.data == given) {
            const Plane own = allocate(p, p.x0, p.y0, p.x1, p.y1, filtered_[c]);
            for (int y = p.y0; y < p.y1; ++y)
                std::memcpy(own.row<uint8_t>(y), p.row<uint8_t>(y), static_cast<size_t>(p.x1 - p.x0));
            p = own;
        }
        extend(p, mapping_.border == Border::wrap);
    }
}

void Sampler::begin_axis() {
    const Planes& planes = *planes_;
    const double* m = mapping_.m;
    taps_.resize(std::max(taps_.size(), 2 * same_.size()));
    for (size_t c = 0; c < same_.size(); ++c) {
        if (same_[c] != c) continue;
        const Plane& p = planes.plane[c];
        const Axis x{p.width, p.x0, p.x1, double(planes.width), p.scale_x};
        const Axis y{p.height, p.y0, p.y1, double(planes.height), p.scale_y};
        make_taps(mapping_, m[0], m[2], mapping_.width, x, taps_[2 * c]);
        make_taps(mapping_, m[4], m[5], mapping_.height, y, taps_[2 * c + 1]);
    }
}

void Sampler::begin_skewed() {
    const Planes& planes = *planes_;
    if (mapping_.field) bend_.begin(mapping_);
    whole_ = moves_whole_pixels(mapping_, planes);
    grids_.resize(same_.size());
    for (size_t c = 0; c < same_.size(); ++c) {
        const Plane& p = planes.plane[c];
        Grid& grid = grids_[c];
        std::copy_n(mapping_.field ? mapping_.from_field : mapping_.m, 9, grid.m);
        grid.width = planes.width;
        grid.height = planes.height;
        grid.scale_x = p.scale_x;
        grid.scale_y = p.scale_y;
        grid.border = mapping_.border;
        grid.center = mapping_.interpolation == Interpolation::nearest || whole_ ? 0 : 0.5;
        grid.plane = &p;
        grid.bend = mapping_.field ? &bend_ : nullptr;
    }
}

bool Sampler::copies_bytes() const {
    for (const Outside& one : outside_)
        for (size_t c = 0; one.fill && c < channels_; ++c)
            if (!(one.fill[c] >= 0 && one.fill[c] <= 255) || one.fill[c] != std::floor(one.fill[c])) return false;
    for (size_t c = 0; c < same_.size(); ++c) {
        if (planes_->plane[c].element != Element::u8) return false;
        if (!mapping_.skewed && (taps_[2 * same_[c]].count != 1 || taps_[2 * same_[c] + 1].count != 1)) return false;
    }
    const bool nearest = mapping_.interpolation == Interpolation::nearest;
    if (mapping_.skewed) return (nearest || whole_) && mapping_.border != Border::overlap;
    if (outside_.empty() || nearest || !mapping_.antialias) return true;
    // Places that keep pixels whole see all or nothing of a rectangle, unless they lie between its pixels.
    return std::all_of(outside_.begin(), outside_.end(), [](const Outside& one) { return one.seen.hard(); });
}

// One row of one channel, of whole bytes.
void Sampler::byte_row(size_t c, int y, uint8_t* to) {
    const Plane& p = planes_->plane[c];
    const Taps &along = taps_[2 * same_[c]], &down = taps_[2 * same_[c] + 1];
    const uint8_t* from = p.row<uint8_t>(down.index[static_cast<size_t>(y)]) - p.x0;
    const auto n = static_cast<size_t>(mapping_.width);
    if (along.kind == Taps::Kind::copy) {
        std::memcpy(to, from + along.low, n);
    } else if (along.kind == Taps::Kind::reverse) {
        reverse_bytes(from + along.low, n, to);
    } else {
        for (size_t j = 0; j < n; ++j) to[j] = from[along.index[j]];
    }
}

void Sampler::fill_bytes(int y, uint8_t* const* rows) {
    const auto n = static_cast<size_t>(mapping_.width);
    float* seen = seen_.take<float>(padded(n));
    for (const Outside& one : outside_) {
        if (!one.seen.row(y, &bend_, seen)) continue;
        for (size_t c = 0; c < channels_; ++c) {
            const auto fill = static_cast<uint8_t>(one.fill ? one.fill[c] : 0);
            for (size_t j = 0; j < n; ++j) rows[c][j] = seen[j] > 0.5f ? rows[c][j] : fill;
        }
    }
}

void Sampler::bytes(const EmitBytes& emit) {
    const size_t n = planes_->plane.size(), width = padded(static_cast<size_t>(mapping_.width)) + kRowPad;
    auto* memory = rows_.take<uint8_t>(width * n);
    std::vector<uint8_t*> rows(n);
    for (size_t c = 0; c < n; ++c) rows[c] = memory + c * width;
    auto* offset = offsets_.take<int32_t>(width);
    float* fractions = scratch_.take<float>(2 * width);
    const bool tiled = whole_ && outside_.empty() && mapping_.border == Border::edge && bend_.tiled(planes_->plane[0]);
    for (int y = 0; y < mapping_.height; ++y) {
        if (mapping_.field && !tiled) bend_.row(y);
        for (size_t c = 0; c < n; ++c) {
            if (tiled) {
                bend_.tile_row(planes_->plane[c], y, rows[c]);
                continue;
            }
            if (!mapping_.skewed) {
                byte_row(c, y, rows[c]);
                continue;
            }
            if (c == 0 || same_[c] != same_[c - 1])
                grid_row(grids_[c], y, mapping_.width, offset, fractions, fractions + width);
            nearest_row(planes_->plane[c], offset, mapping_.width, rows[c]);
        }
        fill_bytes(y, rows.data());
        emit(y, rows.data());
    }
}

void Sampler::levels(const Levels& levels, const Emit& emit) {
    const size_t planes = planes_->plane.size();
    pitch_ = padded(static_cast<size_t>(mapping_.width)) + kRowPad;
    row_.resize(std::max(planes, channels_));
    row_memory_ = rows_.take<float>(kRowsAtOnce * pitch_ * row_.size());
    for (size_t c = 0; c < row_.size(); ++c) row_[c] = row_of(0, c);
    float* seen = seen_.take<float>(pitch_);
    const int n = mapping_.width, channels = static_cast<int>(channels_);
    const auto finish = [&](int y, float* const* rows) {
        if (levels.converts) color_row(rows, static_cast<int>(planes), channels, levels.matrix, levels.clip, n);
        if (levels.most > 0)
            for (size_t c = 0; c < channels_; ++c) clip_row(rows[c], 0, levels.most, n);
        for (const Outside& one : outside_) {
            if (!one.seen.row(y, &bend_, seen)) continue;
            for (size_t c = 0; c < channels_; ++c) fade_row(rows[c], seen, one.fill ? one.fill[c] : 0.0f, n);
        }
        emit(y, rows);
    };
    if (mapping_.skewed) {
        skewed(finish);
    } else {
        axis(finish);
    }
}

void Sampler::axis(const Emit& emit) {
    const Mapping& g = mapping_;
    const size_t n = planes_->plane.size();
    int widest = 0;
    for (size_t c = 0; c < n; ++c) widest = std::max(widest, taps_[2 * same_[c]].high - taps_[2 * same_[c]].low);
    const size_t wide = padded(static_cast<size_t>(widest)) + kRowPad, width = padded(static_cast<size_t>(g.width));
    float* lines = scratch_.take<float>(2 * kRowsAtOnce * wide + kRowsAtOnce * width);
    float* mixed = lines + kRowsAtOnce * wide;
    for (int top = 0; top < g.height; top += kRowsAtOnce) {
        const int last = std::min(top + kRowsAtOnce, g.height) - 1;
        for (size_t c = 0; c < n; ++c) {
            const Taps &along = taps_[2 * same_[c]], &down = taps_[2 * same_[c] + 1];
            const bool copy = along.kind == Taps::Kind::copy;
            const float* in[kRowsAtOnce];
            float* out[kRowsAtOnce];
            for (int k = 0; k < kRowsAtOnce; ++k) {
                out[k] = row_of(k, c);
                float* line = copy ? out[k] : lines + static_cast<size_t>(k) * wide;
                // Rows over the end repeat the last one, and are never used.
                vertical_row(planes_->plane[c], down, std::min(top + k, last), along.low, along.high, line);
                in[k] = line;
            }
            if (along.kind == Taps::Kind::reverse) {
                for (int k = 0; k < kRowsAtOnce; ++k) std::reverse_copy(in[k], in[k] + g.width, out[k]);
            } else if (!copy) {
                horizontal_rows(in, along, mixed, out);
            }
        }
        for (int y = top; y <= last; ++y) {
            for (size_t c = 0; c < row_.size(); ++c) row_[c] = row_of(y - top, c);
            emit(y, row_.data());
        }
    }
}

void Sampler::skewed(const Emit& emit) {
    const Mapping& g = mapping_;
    const size_t n = planes_->plane.size(), width = padded(static_cast<size_t>(g.width));
    float* fx = scratch_.take<float>(2 * width);
    float* fy = fx + width;
    auto* offset = offsets_.take<int32_t>(width);
    auto* words = packed_.take<uint32_t>(width);
    const bool nearest = g.interpolation == Interpolation::nearest || whole_;
    // The overlapping border takes a pixel's number and not its place round.
    const bool slow =
        !whole_ && (g.interpolation == Interpolation::bicubic || (nearest && g.border == Border::overlap));
    for (int y = 0; y < g.height; ++y) {
        if (g.field) bend_.row(y);
        for (size_t c = 0; c < n; ++c) {
            const Plane& p = planes_->plane[c];
            if (slow) {
                slow_row(grids_[c], p, g.interpolation, y, g.width, row_[c]);
                continue;
            }
            if (c == 0 || same_[c] != same_[c - 1]) grid_row(grids_[c], y, g.width, offset, fx, fy);
            if (nearest) {
                nearest_row(p, offset, g.width, row_[c]);
            } else {
                bilinear_row(p, offset, fx, fy, g.width, words, row_[c]);
            }
        }
        emit(y, row_.data());
    }
}

}  // namespace augstream
