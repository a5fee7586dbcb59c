// Means of rectangles of bytes, by sums that cost the same for any size.
#pragma once

#include <cstddef>

#include "plan/head.h"
#include "plan/step.h"

namespace augstream {

// Whether these weights, of which `center` is the middle one, are those of a mean: all alike, or half as much at the
// ends of an even number of pixels.
bool is_box(const float* center, int reach);
size_t box_size(const float* center, int reach);

// in: planes of bytes. rows, columns: sizes for which is_box() holds. fill: whole levels.
void run_box(const Planes& in, size_t rows, size_t columns, Border border, const float* fill, Head::Scratch& scratch,
             const Emit& emit);
void run_box(const Planes& in, size_t rows, size_t columns, Border border, const float* fill, Head::Scratch& scratch,
             const EmitBytes& emit);

}  // namespace augstream
