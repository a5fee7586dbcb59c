#include "plan/leaves.h"

#include <algorithm>

namespace augstream {

bool idle(const Step& step, size_t row) {
    if (step.warp || (step.head && !step.head->idle(row))) return false;
    return std::all_of(step.points.begin(), step.points.end(), [&](const auto& point) { return point->idle(row); });
}

const Step* first_step(const Way& way) {
    for (const Step& step : way.steps)
        if (!idle(step, way.row)) return &step;
    return nullptr;
}

Size size_of(const Step& step, size_t row, Size in) {
    if (step.warp) return {static_cast<int>(step.warp->size[row][0]), static_cast<int>(step.warp->size[row][1])};
    return step.head && !step.head->idle(row) ? step.head->size(row, in) : in;
}

Hint hint_of(const Way& way, Size in) {
    const Step* step = first_step(way);
    return make_hint(make_mapping(step && step->warp ? &*step->warp : nullptr, way.row, in), in.height, in.width);
}

}  // namespace augstream
