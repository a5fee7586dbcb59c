// Whole planes into other planes: what happens to them before they are sampled row by row.
#pragma once

#include <vector>

#include "image/plane.h"

namespace augstream {

// A plane of `like`'s kind with the window [x0, x1) x [y0, y1), in memory of `buffer`.
Plane allocate(const Plane& like, int x0, int y0, int x1, int y1, Buffer& buffer);

// The planes of a whole image; memory: one per channel.
Planes allocate_planes(int height, int width, Element element, size_t channels, std::vector<Buffer>& memory);

// Fills the column and the row beyond the window, which 2x2 neighborhoods at its edge reach into: with the edge, or
// with the other side.
void extend(const Plane& p, bool wrap);

Plane transpose(const Plane& in, Buffer& buffer);

// The averages of boxes of kx x ky pixels; the last box of a row or column averages what is there.
Plane reduce(const Plane& in, int kx, int ky, Buffer& buffer);

}  // namespace augstream
