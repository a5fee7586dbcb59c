// The kind Warp: each output pixel looks at one place of the input image.
#pragma once

#include "plan/fields.h"
#include "plan/step.h"

namespace augstream {

void read_warp(Fields& fields, size_t inputs, Step& step);

}  // namespace augstream
