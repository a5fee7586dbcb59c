// 3x3 matrices, row by row, that map output to input coordinates (x right, y down, pixel i covers [i, i+1)).
// A size is (height, width); what is said to be about the center is about (width / 2, height / 2).
#pragma once

#include <cstddef>
#include <cstdint>

namespace augstream {

// The rows (a, b, x), (c, d, y), (0, 0, 1).
void affine(double a, double b, double x, double c, double d, double y, double* out);
// The map ((a, b), (c, d)) about the center.
void linear(const int64_t* size, double a, double b, double c, double d, double* out);
// Counter-clockwise as seen.
void rotate(const int64_t* size, double degrees, double* out);
// By x degrees what is upright, then by y degrees what is level, both counter-clockwise as seen.
void shear(const int64_t* size, double x, double y, double* out);
// The unit square's corners, clockwise from the top left, pulled to four (x, y) fractions.
void perspective(const int64_t* size, const double* corners, double* out);
// The product.
void then(const double* first, const double* second, double* out);

}  // namespace augstream
