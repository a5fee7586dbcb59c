#include "draw/matrices.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace augstream {
namespace {

double radians(double degrees) { return degrees * (std::numbers::pi / 180); }

}  // namespace

void affine(double a, double b, double x, double c, double d, double y, double* out) {
    const double rows[9] = {a, b, x, c, d, y, 0, 0, 1};
    std::copy_n(rows, 9, out);
}

void linear(const int64_t* size, double a, double b, double c, double d, double* out) {
    const double y = static_cast<double>(size[0]) * 0.5, x = static_cast<double>(size[1]) * 0.5;
    affine(a, b, x - a * x - b * y, c, d, y - c * x - d * y, out);
}

void rotate(const int64_t* size, double degrees, double* out) {
    const double angle = radians(degrees), cos = std::cos(angle), sin = std::sin(angle);
    linear(size, cos, -sin, sin, cos, out);
}

void shear(const int64_t* size, double x, double y, double* out) {
    const double lean = std::tan(radians(x)), rise = std::tan(radians(y));
    linear(size, 1 - lean * rise, -lean, rise, 1, out);
}

// The map of the unit square to a quadrilateral is Heckbert's ("Fundamentals of texture mapping", 1989); a homography
// has no scale of its own, so its adjugate serves as its inverse.
void perspective(const int64_t* size, const double* corners, double* out) {
    const double x0 = corners[0], x1 = corners[2], x2 = corners[4], x3 = corners[6];
    const double y0 = corners[1], y1 = corners[3], y2 = corners[5], y3 = corners[7];
    const double ax = x1 - x2, ay = y1 - y2, bx = x3 - x2, by = y3 - y2;
    const double sx = x0 - x1 + x2 - x3, sy = y0 - y1 + y2 - y3;
    const double area = ax * by - bx * ay;
    const double g = (sx * by - bx * sy) / area, h = (ax * sy - sx * ay) / area;
    const double a = x1 - x0 + g * x1, b = x3 - x0 + h * x3, c = x0;
    const double d = y1 - y0 + g * y1, e = y3 - y0 + h * y3, f = y0;
    const double height = static_cast<double>(size[0]), width = static_cast<double>(size[1]);
    const double rows[9] = {
        e - f * h,    (c * h - b) * width / height, (b * f - c * e) * width, (f * g - d) * height / width,
        a - c * g,    (c * d - a * f) * height,     (d * h - e * g) / width, (b * g - a * h) / height,
        a * e - b * d};
    for (size_t k = 0; k < 9; ++k) out[k] = rows[k] / rows[8];
}

void then(const double* first, const double* second, double* out) {
    for (size_t i = 0; i < 3; ++i)
        for (size_t j = 0; j < 3; ++j)
            out[3 * i + j] =
                first[3 * i] * second[j] + first[3 * i + 1] * second[3 + j] + first[3 * i + 2] * second[6 + j];
}

}  // namespace augstream
