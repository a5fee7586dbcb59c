#include "mix/mix.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "image/reshape.h"

namespace augstream {
namespace {

void read_branch(const Wire& wire, Fields& mix, size_t inputs, Mix::Branch& branch) {
    Fields fields(wire, "Mix.branch", mix.rows, mix.channels);
    const Wire& sources = fields.next("sources");
    branch.steps = read_steps(fields.row("steps"), mix.rows, mix.channels, inputs);
    fields.end();
    if (mixes(branch.steps)) return;
    if (sources.kind == Wire::Kind::none) fields.fail("sources", "must be given where a branch begins with no mix");
    Fields again(wire, "Mix.branch", mix.rows, mix.channels);
    branch.source = again.array<int64_t>("sources", {});
    for (size_t i = 0; i < mix.rows; ++i)
        if (*branch.source[i] < 0 || static_cast<uint64_t>(*branch.source[i]) >= inputs)
            fields.fail("sources", "name an input that is not there: " + std::to_string(*branch.source[i]));
}

// Pixels whose centers are in [low, high), of n.
void pixels(double low, double high, int n, int& first, int& last) {
    first = static_cast<int>(std::clamp(std::ceil(low - 0.5), 0.0, static_cast<double>(n)));
    last = static_cast<int>(std::clamp(std::ceil(high - 0.5), static_cast<double>(first), static_cast<double>(n)));
}

}  // namespace

void read_mix(Fields& fields, size_t inputs, Step& step) {
    step.mix = std::make_unique<Mix>();
    Mix& mix = *step.mix;
    const std::vector<Wire>& branches = fields.row("branches");
    mix.branches.resize(branches.size());
    for (size_t k = 0; k < branches.size(); ++k) read_branch(branches[k], fields, inputs, mix.branches[k]);
    mix.weight = fields.array<float>("weight", {branches.size()});
    mix.region = fields.array_or_none<float>("region", {branches.size(), 4});
    mix.place = fields.array_or_none<double>("place", {3, 3});
    for (size_t i = 0; i < fields.rows; ++i) {
        bool any = false;
        for (size_t k = 0; k < branches.size(); ++k) {
            const float weight = mix.weight[i][k];
            if (!(weight >= 0 && weight <= 1)) fields.fail("weight", "must be 0 to 1; got " + std::to_string(weight));
            for (size_t v = 0; mix.region && v < 4; ++v)
                if (std::isnan(mix.region[i][4 * k + v])) fields.fail("region", "must hold numbers; got a nan");
            any = any || mix.live(i, k);
        }
        if (!any) fields.fail("weight", "must let a branch of row " + std::to_string(i) + " be seen; all are 0");
        for (size_t v = 0; mix.place && v < 9; ++v)
            if (!std::isfinite(mix.place[i][v])) fields.fail("place", "must hold finite matrices");
    }
}

bool Mix::live(size_t row, size_t k) const {
    if (!(weight[row][k] > 0)) return false;
    if (!region || k == 0) return true;
    const float* box = region[row] + 4 * k;
    return box[0] < box[2] && box[1] < box[3];
}

Way Mix::way(size_t row, size_t k) const {
    const Branch& branch = branches[k];
    return {branch.steps, row, branch.source ? static_cast<size_t>(*branch.source[row]) : 0};
}

Blend::Blend(const Mix& mix, size_t row, Size size, size_t channels, std::vector<Buffer>& memory)
    : mix_(mix),
      row_(row),
      size_(size),
      planes_(allocate_planes(size.height, size.width, Element::f32, channels, memory)),
      weights_(padded(static_cast<size_t>(size.width)) + kRowPad) {
    if (mix.live(row, 0)) return;
    for (const Plane& plane : planes_.plane)
        std::memset(plane.data, 0,
                    static_cast<size_t>(plane.stride) * static_cast<size_t>(size.height) * sizeof(float));
}

std::vector<size_t> Blend::order() const {
    std::vector<size_t> order;
    for (size_t k = 0; k < mix_.branches.size(); ++k)
        if (mix_.live(row_, k)) order.push_back(k);
    return order;
}

Part Blend::part(size_t k) const {
    Part part{0, 0, size_.width, size_.height};
    if (everywhere() || k == 0) return part;
    const float* box = mix_.region[row_] + 4 * k;
    double low_x = box[0], low_y = box[1], high_x = box[2], high_y = box[3];
    if (mix_.place) {
        const double* m = mix_.place[row_];
        const double det = m[0] * m[4] - m[1] * m[3];
        if (m[6] != 0 || m[7] != 0 || m[8] == 0 || std::abs(det) < 1e-12) return part;
        double x[4], y[4];
        for (int corner = 0; corner < 4; ++corner) {
            const double u = std::clamp<double>(box[corner & 1 ? 2 : 0], -1e9, 1e9) * m[8] - m[2];
            const double v = std::clamp<double>(box[corner & 2 ? 3 : 1], -1e9, 1e9) * m[8] - m[5];
            x[corner] = (m[4] * u - m[1] * v) / det;
            y[corner] = (m[0] * v - m[3] * u) / det;
        }
        // A pixel more than must be: each is tested by itself.
        low_x = *std::min_element(x, x + 4) - 1;
        high_x = *std::max_element(x, x + 4) + 1;
        low_y = *std::min_element(y, y + 4) - 1;
        high_y = *std::max_element(y, y + 4) + 1;
    }
    pixels(low_x, high_x, size_.width, part.x0, part.x1);
    pixels(low_y, high_y, size_.height, part.y0, part.y1);
    return part;
}

void Blend::weigh(size_t k, const Part& part, int y, float* weights) const {
    const float weight = mix_.weight[row_][k];
    const int n = part.x1 - part.x0;
    if (everywhere() || !mix_.place) {
        std::fill_n(weights, n, weight);
        return;
    }
    const double* m = mix_.place[row_];
    const float* box = mix_.region[row_] + 4 * k;
    for (int j = 0; j < n; ++j) {
        const double px = part.x0 + j + 0.5, py = y + 0.5, w = m[6] * px + m[7] * py + m[8];
        const double u = (m[0] * px + m[1] * py + m[2]) / w, v = (m[3] * px + m[4] * py + m[5]) / w;
        weights[j] = u >= box[0] && u < box[2] && v >= box[1] && v < box[3] ? weight : 0;
    }
}

void Blend::add(size_t k, const Part& part, int y, const float* const* rows) {
    const int n = part.x1 - part.x0;
    // Nothing shines through, not even by a rounding.
    const bool covers = k == 0 || (mix_.weight[row_][k] == 1 && (everywhere() || !mix_.place));
    if (!covers) weigh(k, part, y, weights_.data());
    for (size_t c = 0; c < planes_.plane.size(); ++c) {
        float* under = planes_.plane[c].row<float>(y) + part.x0;
        if (covers) {
            std::copy_n(rows[c], n, under);
        } else {
            cover_row(under, rows[c], weights_.data(), n);
        }
    }
}

}  // namespace augstream
