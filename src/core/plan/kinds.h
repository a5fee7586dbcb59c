// The table of kinds: what a tag on the wire stands for. A new kind is a line in kinds.cpp and files of its own.
#pragma once

#include <memory>

#include "plan/fields.h"
#include "plan/step.h"

namespace augstream {

// `inputs` is the number of input images, for what names its sources.
std::unique_ptr<Point> read_point(const Wire& op, size_t rows, size_t channels);
void read_head(const Wire& op, size_t rows, size_t channels, size_t inputs, Step& step);

}  // namespace augstream
