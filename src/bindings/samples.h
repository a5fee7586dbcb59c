// Images as they come: files (bytes), blocks of a cache, and arrays.
#pragma once

#include <vector>

#include "buffers.h"
#include "run/job.h"

// A list of files, blocks and images, or (images (n, h, w, c), numbers (m,)).
std::vector<augstream::Sample> samples_of(nb::handle samples, Buffers& buffers);

augstream::Type type_of(augstream::Scalar scalar);
