// Which inputs a row reads, and how.
#pragma once

#include "plan/geometry.h"
#include "plan/step.h"

namespace augstream {

// The steps that one input of one row goes through.
struct Way {
    const std::vector<Step>& steps;
    size_t row = 0, input = 0;
};

// Whether a step leaves this row's image as it is; of a mix: the points behind it.
bool idle(const Step& step, size_t row);
// The first step that does not, or null.
const Step* first_step(const Way& way);
inline bool mixes(const std::vector<Step>& steps) { return !steps.empty() && steps[0].mix; }

// The size of what comes out of a step that is no mix.
Size size_of(const Step& step, size_t row, Size in);
// The size of what a mix is blended on: that of its first live branch. in(i): that of input i.
template <typename In>
Size size_of(const Mix& mix, size_t row, const In& in) {
    size_t k = 0;
    while (!mix.live(row, k)) ++k;
    const Way way = mix.way(row, k);
    const bool mixed = mixes(way.steps);
    Size size = mixed ? size_of(*way.steps[0].mix, row, in) : in(way.input);
    for (size_t s = mixed; s < way.steps.size(); ++s) size = size_of(way.steps[s], row, size);
    return size;
}

// Calls f(way) for each input that a row reads.
template <typename F>
void each_leaf(const Way& way, const F& f) {
    if (!mixes(way.steps)) return f(way);
    const Mix& mix = *way.steps[0].mix;
    for (size_t k = 0; k < mix.branches.size(); ++k)
        if (mix.live(way.row, k)) each_leaf(mix.way(way.row, k), f);
}

// What a leaf looks at of its input of this size.
Hint hint_of(const Way& way, Size in);

}  // namespace augstream
