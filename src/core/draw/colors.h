// Affine maps of the channels of a pixel: (c, c + 1) matrices whose last column is added, and (c, 2) clips.
#pragma once

#include <cstddef>

namespace augstream {

// The maps of colors that keep gray gray: `gain` times colors that are `saturation` times as far from gray and turned
// by the fraction `hue` of the color circle. (3, 3).
void tint(double gain, double saturation, double hue, double* out);

// The matrix with one gain for all channels, or with a (3, 3) one; an offset of levels for each of the first k; what is
// behind them (alpha) stays.
void color_matrix(double gain, const double* gains, const double* offset, size_t k, size_t c, double* out);

// The product, first one map, then the other.
void merge_colors(const double* first, const double* second, size_t c, double* out);
// What becomes of a clip behind a map of the levels, channel by channel.
void map_clip(const double* clip, const double* matrix, size_t c, double* out);

// The levels that look like `fill` behind a map of three channels; false where too much is lost for there to be any.
bool fill_before(const double* matrix, const double* fill, double* out);

}  // namespace augstream
