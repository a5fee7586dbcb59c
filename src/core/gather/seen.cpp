#include "gather/seen.h"

#include <algorithm>
#include <utility>

namespace augstream {
namespace {

void see_along(const Mapping& mapping, double gain, double shift, int n, int extent, std::vector<float>& seen) {
    const double fade = mapping.antialias ? std::max(1.0, std::abs(gain)) : 1;
    seen.resize(static_cast<size_t>(n));
    for (size_t j = 0; j < seen.size(); ++j)
        seen[j] = static_cast<float>(visible(gain * (static_cast<double>(j) + 0.5) + shift, extent, fade, mapping));
}

bool all_seen(const std::vector<float>& seen) {
    return std::all_of(seen.begin(), seen.end(), [](float value) { return value == 1; });
}

// Whether the whole output lies inside: its corners do, and the mapping is affine.
bool inside(const Mapping& g, const Frame& frame) {
    if (g.m[6] != 0 || g.m[7] != 0 || !(g.m[8] > 0)) return false;
    for (int corner = 0; corner < 4; ++corner) {
        const double x = corner & 1 ? g.width : 0, y = corner & 2 ? g.height : 0;
        const double u = (g.m[0] * x + g.m[1] * y + g.m[2]) / g.m[8], v = (g.m[3] * x + g.m[4] * y + g.m[5]) / g.m[8];
        if (!(u >= frame.inset && u <= frame.width - frame.inset && v >= frame.inset &&
              v <= frame.height - frame.inset))
            return false;
    }
    return true;
}

}  // namespace

Seen::Seen(const Mapping& mapping, Size in) : mapping_(mapping) {
    if (mapping.transposed) std::swap(in.height, in.width);
    const double* m = mapping.m;
    if (!mapping.skewed) {
        see_along(mapping, m[0], m[2], mapping.width, in.width, x_);
        see_along(mapping, m[4], m[5], mapping.height, in.height, y_);
        whole_x_ = all_seen(x_);
        return;
    }
    std::copy_n(mapping.field ? mapping.from_field : m, 9, frame_.m);
    frame_.width = in.width;
    frame_.height = in.height;
    frame_.shrink_x = mapping.shrink_x;
    frame_.shrink_y = mapping.shrink_y;
    frame_.fades = mapping.antialias && mapping.interpolation != Interpolation::nearest;
    frame_.inset = mapping.antialias ? 0 : 0.5;
    whole_ = !mapping.field && inside(mapping, frame_);
}

bool Seen::row(int y, const Bend* bend, float* seen) const {
    if (mapping_.skewed) return !whole_ && !seen_row(frame_, mapping_.field ? bend : nullptr, y, mapping_.width, seen);
    const float down = y_[static_cast<size_t>(y)];
    if (whole_x_ && down == 1) return false;
    for (size_t j = 0; j < x_.size(); ++j) seen[j] = down * x_[j];
    return true;
}

bool Seen::hard() const {
    if (!mapping_.antialias || mapping_.interpolation == Interpolation::nearest || whole_) return true;
    const auto hard = [](float value) { return value == 0 || value == 1; };
    return !mapping_.skewed && std::all_of(x_.begin(), x_.end(), hard) && std::all_of(y_.begin(), y_.end(), hard);
}

}  // namespace augstream
