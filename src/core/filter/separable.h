// Separable filters: blurs of all kinds, and whatever else is a row of weights along and one down.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/head.h"
#include "plan/step.h"

namespace augstream {

// The weights of one axis.
struct Profile {
    const float* center;
    int reach;  // weights beyond these many pixels are zero
    // In 16 bits, where that is close enough.
    std::vector<int32_t> pairs;

    // count: an odd number.
    Profile(const float* weights, size_t count, int64_t pixels);
};

void run_separable(const Planes& in, const Profile& x, const Profile& y, Border border, const float* fill,
                   Head::Scratch& scratch, const Emit& emit);
// False, and nothing is emitted, where floats are needed.
bool run_separable_bytes(const Planes& in, const Profile& x, const Profile& y, Border border, const float* fill,
                         Head::Scratch& scratch, const EmitBytes& emit);

}  // namespace augstream
