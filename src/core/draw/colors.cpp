#include "draw/colors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace augstream {

namespace {

using Matrix = std::array<double, 9>;

// Luma is that of ITU-R BT.601.
constexpr std::array<double, 3> kLuma{0.299, 0.587, 0.114};
// RGB to I and Q of YIQ (the NTSC primaries): a hue is an angle in their plane, and turning there keeps Y, the luma.
constexpr std::array<double, 3> kI{0.595716, -0.274453, -0.321263}, kQ{0.211456, -0.522591, 0.311135};

constexpr std::array<double, 3> cross(const std::array<double, 3>& a, const std::array<double, 3>& b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

constexpr double dot(const std::array<double, 3>& a, const std::array<double, 3>& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

// A quarter turn of the color circle: into YIQ, I becomes Q and Q becomes -I, and back.
constexpr Matrix quarter_turn() {
    const std::array<double, 3> back_i = cross(kQ, kLuma), back_q = cross(kLuma, kI);
    const double volume = dot(kLuma, cross(kI, kQ));
    Matrix turn{};
    for (size_t i = 0; i < 3; ++i)
        for (size_t j = 0; j < 3; ++j) turn[3 * i + j] = (back_i[i] * kQ[j] - back_q[i] * kI[j]) / volume;
    return turn;
}

constexpr Matrix kQuarter = quarter_turn();

}  // namespace

void tint(double gain, double saturation, double hue, double* out) {
    const double angle = 2 * std::numbers::pi * hue;
    const double across = saturation * std::cos(angle), along = saturation * std::sin(angle);
    for (size_t i = 0; i < 3; ++i)
        for (size_t j = 0; j < 3; ++j) {
            const double chroma = (i == j ? 1.0 : 0.0) - kLuma[j];
            out[3 * i + j] = gain * (kLuma[j] + across * chroma + along * kQuarter[3 * i + j]);
        }
}

void color_matrix(double gain, const double* gains, const double* offset, size_t k, size_t c, double* out) {
    std::fill_n(out, c * (c + 1), 0.0);
    for (size_t i = 0; i < c; ++i) {
        double* const row = out + i * (c + 1);
        if (i >= k) {
            row[i] = 1;
            continue;
        }
        row[c] = offset[i];
        if (gains)
            std::copy_n(gains + i * k, k, row);
        else
            row[i] = gain;
    }
}

void merge_colors(const double* first, const double* second, size_t c, double* out) {
    for (size_t i = 0; i < c; ++i)
        for (size_t j = 0; j <= c; ++j) {
            const double* const row = second + i * (c + 1);
            double sum = 0;
            for (size_t k = 0; k < c; ++k) sum += row[k] * first[k * (c + 1) + j];
            out[i * (c + 1) + j] = j == c ? sum + row[c] : sum;
        }
}

void map_clip(const double* clip, const double* matrix, size_t c, double* out) {
    for (size_t i = 0; i < c; ++i) {
        const double gain = matrix[i * (c + 1) + i], shift = matrix[i * (c + 1) + c];
        const double low = gain * clip[2 * i] + shift, high = gain * clip[2 * i + 1] + shift;
        out[2 * i] = std::min(low, high);  // a negative gain exchanges low and high
        out[2 * i + 1] = std::max(low, high);
    }
}

bool fill_before(const double* matrix, const double* fill, double* out) {
    std::array<std::array<double, 3>, 3> row{}, cofactor{};
    std::array<double, 3> rest{};
    double widest = 0, most = 0;
    for (size_t i = 0; i < 3; ++i) {
        std::copy_n(matrix + 4 * i, 3, row[i].begin());
        rest[i] = fill[i] - matrix[4 * i + 3];
    }
    for (size_t i = 0; i < 3; ++i) {
        cofactor[i] = cross(row[(i + 1) % 3], row[(i + 2) % 3]);
        for (size_t j = 0; j < 3; ++j) {
            widest = std::max(widest, std::abs(row[i][j]));
            most = std::max(most, std::abs(cofactor[i][j]));
        }
    }
    const double volume = dot(row[0], cofactor[0]);
    // 9 x both maxima bounds the condition number: below 1000 nothing counts as lost.
    if (!(9 * widest * most < 1000 * std::abs(volume))) return false;
    for (size_t j = 0; j < 3; ++j)
        out[j] = (cofactor[0][j] * rest[0] + cofactor[1][j] * rest[1] + cofactor[2][j] * rest[2]) / volume;
    return true;
}

}  // namespace augstream
