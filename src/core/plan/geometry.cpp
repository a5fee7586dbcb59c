#include "plan/geometry.h"

#include <cstring>
#include <limits>
#include <stdexcept>

namespace augstream {
namespace {

constexpr double kAligned = 1e-4;
constexpr double kMostShrink = 3.5;  // for the prefilter

bool skewed(const double* m, int width, int height) {
    const double drift = std::max(std::abs(m[1]) * height, std::abs(m[3]) * width);
    return drift >= kAligned || std::abs(m[6]) * width > 1e-9 || std::abs(m[7]) * height > 1e-9;
}

void shrink_factors(Mapping& g) {
    const double* m = g.m;
    const double x = g.width / 2.0, y = g.height / 2.0;
    const double w = m[6] * x + m[7] * y + m[8];
    const double px = (m[0] * x + m[1] * y + m[2]) / w, py = (m[3] * x + m[4] * y + m[5]) / w;
    g.shrink_x = std::hypot((m[0] - px * m[6]) / w, (m[1] - px * m[7]) / w);
    g.shrink_y = std::hypot((m[3] - py * m[6]) / w, (m[4] - py * m[7]) / w);
    // A degenerate perspective shrinks without bound; beyond this nothing is left to see.
    constexpr double kMost = 1e5;
    if (!(g.shrink_x < kMost)) g.shrink_x = kMost;
    if (!(g.shrink_y < kMost)) g.shrink_y = kMost;
}

}  // namespace

int reduction(double shrink) { return std::max(1, static_cast<int>(std::ceil(shrink / kMostShrink - 1e-6))); }

double prefilter(double shrink, double reduced) {
    const double v = std::min(std::min(0.65 * (shrink - 1), 0.265 * shrink - 0.15), 2.0 / 3);
    return std::max(0.0, v - 0.125 * (1 - 1 / (reduced * reduced)));
}

int wrap_index(int index, int n, Border border) {
    const auto modulo = [](int a, int b) {
        const int r = a % b;
        return r < 0 ? r + b : r;
    };
    switch (border) {
        case Border::wrap:
            return modulo(index, n);
        case Border::symmetric:
            index = modulo(index, 2 * n);
            return std::min(index, 2 * n - 1 - index);
        case Border::reflect:
            index = modulo(index, std::max(1, 2 * n - 2));
            return std::min(index, std::max(2 * n - 2 - index, 0));
        case Border::overlap:
            return index < 0 || index >= n ? modulo(index, std::max(1, n - 1)) : index;
        default:
            return std::clamp(index, 0, n - 1);
    }
}

double fold(double x, double n, Border border) {
    const auto modulo = [](double a, double b) { return a - b * std::floor(a / b); };
    switch (border) {
        case Border::wrap:
            return modulo(x, n);
        case Border::symmetric:
            x = modulo(x, 2 * n);
            return std::min(x, 2 * n - x);
        case Border::reflect: {
            const double period = std::max(1.0, 2 * n - 2);
            x = modulo(x - 0.5, period);
            return std::min(x, std::max(2 * n - 2 - x, 0.0)) + 0.5;
        }
        case Border::overlap:
            return x < 0.5 || x > n - 0.5 ? modulo(x - 0.5, std::max(1.0, n - 1)) + 0.5 : x;
        default:
            return std::clamp(x, 0.0, n);
    }
}

double keys(double d) {
    if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
    if (d < 2) return ((-0.5 * d + 2.5) * d - 4) * d + 2;
    return 0;
}

double visible(double x, double n, double shrink, const Mapping& mapping) {
    if (!mapping.antialias) return x >= 0.5 && x <= n - 0.5;
    if (mapping.interpolation == Interpolation::nearest) return x >= 0 && x < n;
    const double outside = std::max(std::max(-x, x - n), 0.0);
    return std::clamp(1 - 2 * outside / shrink, 0.0, 1.0);
}

namespace {

void multiply(const double* a, const double* b, double* out) {
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j)
            out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
}

// Where there is perspective the sign of the last row says what is in front of the camera, and is kept.
void scale(const double* m, double* out) {
    const bool perspective = m[6] != 0 || m[7] != 0;
    const double unit = !perspective ? m[8] : m[8] == 0 ? 1 : std::abs(m[8]);
    for (int i = 0; i < 9; ++i) out[i] = m[i] / unit;
}

// Scales the matrix, and finds out what kind of a warp it is.
void settle(Mapping& g, const double* m) {
    scale(m, g.m);
    for (const double number : g.m)
        if (!std::isfinite(number)) throw std::invalid_argument("the plan holds a matrix that is not finite");
    g.skewed = g.field || skewed(g.m, g.width, g.height);
    if (g.skewed && !g.field) {
        double t[9];
        std::memcpy(t, g.m + 3, 3 * sizeof(double));
        std::memcpy(t + 3, g.m, 3 * sizeof(double));
        std::memcpy(t + 6, g.m + 6, 3 * sizeof(double));
        if (!skewed(t, g.width, g.height)) {
            std::memcpy(g.m, t, sizeof t);
            g.transposed = true;
            g.skewed = false;
        }
    }
    if (g.antialias) shrink_factors(g);
}

// The same for a mapping with a field, of which to_field is known.
void settle_bent(Mapping& g, const double* from_field) {
    scale(from_field, g.from_field);
    double both[9];
    multiply(g.from_field, g.to_field, both);
    settle(g, both);
}

}  // namespace

Mapping make_mapping(const Warp* warp, size_t row, Size in) {
    Mapping g;
    g.height = in.height;
    g.width = in.width;
    if (!warp) return g;
    g.height = static_cast<int>(warp->size[row][0]);
    g.width = static_cast<int>(warp->size[row][1]);
    g.border = warp->border;
    g.interpolation = warp->interpolation;
    g.antialias = warp->antialias;
    if (warp->field) {
        g.field = &*warp->field;
        g.field_row = row;
        scale(warp->matrix[row], g.to_field);
        settle_bent(g, g.field->matrix[row]);
    } else {
        settle(g, warp->matrix[row]);
    }
    return g;
}

Mapping make_mapping(const Mapping& output, const double* matrix, bool bent) {
    Mapping g;
    g.height = output.height;
    g.width = output.width;
    g.interpolation = output.interpolation;
    g.antialias = output.antialias;
    if (bent && output.field) {
        g.field = output.field;
        g.field_row = output.field_row;
        std::copy_n(output.to_field, 9, g.to_field);
        settle_bent(g, matrix);
    } else {
        settle(g, matrix);
    }
    return g;
}

Mapping part_of(const Mapping& mapping, const Part& part) {
    Mapping g = mapping;
    g.height = part.y1 - part.y0;
    g.width = part.x1 - part.x0;
    const auto shift = [&](double* m) {
        for (int i = 0; i < 9; i += 3) m[i + 2] += m[i] * part.x0 + m[i + 1] * part.y0;
    };
    shift(g.m);
    if (g.field) shift(g.to_field);
    return g;
}

namespace {

// The rectangle around where the corners of another one go; false where one of them is behind the camera.
bool around(const double* m, const Extent& from, Extent& to) {
    to = {1e30, 1e30, -1e30, -1e30};
    for (int corner = 0; corner < 4; ++corner) {
        const double x = corner & 1 ? from.x1 : from.x0, y = corner & 2 ? from.y1 : from.y0;
        const double w = m[6] * x + m[7] * y + m[8];
        if (!(w > 1e-6)) return false;
        const double u = (m[0] * x + m[1] * y + m[2]) / w, v = (m[3] * x + m[4] * y + m[5]) / w;
        to = {std::min(to.x0, u), std::min(to.y0, v), std::max(to.x1, u), std::max(to.y1, v)};
    }
    return true;
}

// What all of the output looks at.
bool looked_at(const Mapping& g, Extent& seen) {
    const Extent all{0, 0, double(g.width), double(g.height)};
    if (!g.field) return around(g.m, all, seen);
    Extent flat;
    if (!around(g.to_field, all, flat)) return false;
    const Extent most = shifts(*g.field, g.field_row);
    return around(g.from_field, {flat.x0 + most.x0, flat.y0 + most.y0, flat.x1 + most.x1, flat.y1 + most.y1}, seen);
}

}  // namespace

Extent shifts(const Field& field, size_t row) {
    const size_t n = field.nodes.shape[1] * field.nodes.shape[2];
    const float* node = field.nodes[row];
    if (field.kind == Field::Kind::pixels) return {-node[0], -node[1], node[0], node[1]};
    Extent most{node[0], node[1], node[0], node[1]};
    for (size_t k = 1; k < n; ++k) {
        const double x = node[2 * k], y = node[2 * k + 1];
        most = {std::min(most.x0, x), std::min(most.y0, y), std::max(most.x1, x), std::max(most.y1, y)};
    }
    return most;
}

Hint make_hint(const Mapping& g, int height, int width) {
    Hint hint{0, height, 0, width, 1};
    if (g.transposed) std::swap(height, width);
    Extent seen;
    const bool whole = !looked_at(g, seen);
    // Kernels reach 2 pixels beyond the place they look at, or twice the shrink factor.
    const double reach_x = 3 + 2 * g.shrink_x, reach_y = 3 + 2 * g.shrink_y;
    const auto range = [&](double low, double high, double reach, int n, int& first, int& last) {
        low -= reach;
        high += reach;
        first = 0;
        last = n;
        const bool folded = g.border != Border::edge && g.border != Border::constant;
        if (whole || !(low <= high) || (folded && (low < 0 || high > n))) return;
        first = static_cast<int>(std::clamp(std::floor(low), 0.0, n - 1.0));
        last = static_cast<int>(std::clamp(std::ceil(high), first + 1.0, static_cast<double>(n)));
    };
    if (g.transposed) {
        range(seen.x0, seen.x1, reach_x, width, hint.top, hint.bottom);
        range(seen.y0, seen.y1, reach_y, height, hint.left, hint.right);
    } else {
        range(seen.y0, seen.y1, reach_y, height, hint.top, hint.bottom);
        range(seen.x0, seen.x1, reach_x, width, hint.left, hint.right);
    }
    if (g.interpolation == Interpolation::nearest) return hint;
    // The decoder's scaling stands in for the box averages of a skewed warp (what is left shrinks by 1.75 to 3.5), and
    // for less than half of an exact resize (what is left shrinks by 2 or more), as close to the full-size result.
    const double least = std::min(g.shrink_x, g.shrink_y);
    while (hint.denominator < 8 && (g.skewed ? least > kMostShrink * hint.denominator : least >= 4 * hint.denominator))
        hint.denominator *= 2;
    return hint;
}

void make_taps(const Mapping& mapping, double gain, double shift, int n_out, const Axis& in, Taps& taps) {
    const bool nearest = mapping.interpolation == Interpolation::nearest;
    const bool cubic = mapping.interpolation == Interpolation::bicubic;
    const bool constant = mapping.border == Border::constant;
    // A kernel that covers the image twice over would see no more if it were wider.
    const double shrink = mapping.antialias ? std::clamp(std::abs(gain) * in.scale, 1.0, 2.0 * in.n + 16) : 1;
    const double radius = shrink * (cubic ? 2 : 1);
    const auto n = static_cast<size_t>(n_out);
    const auto span = [&](double center, int64_t& from, int64_t& to) {
        if (nearest) {
            from = static_cast<int64_t>(std::floor(center));
            to = from + 1;
        } else {
            from = static_cast<int64_t>(std::floor(center - radius + 0.5));
            to = std::max(static_cast<int64_t>(std::ceil(center + radius - 0.5)), from + 1);
        }
    };
    // Far outside every border rule repeats itself; the limit keeps indices small.
    const double limit = 1e8;
    // A plane that the decoder made smaller may reach beyond the image by a part of a pixel, so that the border's
    // rule holds for places in the image.
    const bool beyond = !constant && mapping.border != Border::edge && in.n != in.extent * in.scale;
    const auto place = [&](size_t j) {
        const double at = std::clamp(gain * (static_cast<double>(j) + 0.5) + shift, -limit, limit);
        return beyond || mapping.border == Border::overlap ? fold(at, in.extent, mapping.border) * in.scale
                                                           : at * in.scale;
    };
    taps.n = n_out;
    taps.count = 1;
    int64_t from = 0, to = 0;
    for (size_t j = 0; j < n; ++j) {
        span(place(j), from, to);
        taps.count = std::max(taps.count, static_cast<int>(to - from));
    }
    const auto count = static_cast<size_t>(taps.count);
    taps.index.assign(n * count, in.first);
    taps.weight.assign(n * count, 0.0f);
    taps.low = std::numeric_limits<int>::max();
    taps.high = 0;
    for (size_t j = 0; j < n; ++j) {
        const double center = place(j);
        span(center, from, to);
        double sum = 0;
        const auto value = [&](int64_t i) {
            const double d = std::abs(static_cast<double>(i) + 0.5 - center) / shrink;
            return nearest ? 1.0 : cubic ? keys(d) : std::max(0.0, 1 - d);
        };
        for (int64_t i = from; i < to; ++i) sum += value(i);
        for (int64_t i = from; i < to; ++i) {
            const size_t at = j * count + static_cast<size_t>(i - from);
            const int index = std::clamp(wrap_index(static_cast<int>(i), in.n, mapping.border), in.first, in.last - 1);
            taps.index[at] = index;
            taps.weight[at] = static_cast<float>(value(i) / sum);
            taps.low = std::min(taps.low, index);
            taps.high = std::max(taps.high, index + 1);
        }
        for (size_t k = static_cast<size_t>(to - from); k < count; ++k)
            taps.index[j * count + k] = taps.index[j * count];
    }
    bool forward = taps.count == 1, backward = taps.count == 1;
    for (size_t j = 1; j < n && (forward || backward); ++j) {
        forward = forward && taps.index[j] == taps.index[j - 1] + 1;
        backward = backward && taps.index[j] == taps.index[j - 1] - 1;
    }
    taps.kind = forward ? Taps::Kind::copy : backward ? Taps::Kind::reverse : Taps::Kind::weighted;
}

}  // namespace augstream
