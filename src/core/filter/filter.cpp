#include "filter/filter.h"

#include "filter/lines.h"
#include "filter/unsharp.h"

namespace augstream {

Filter::Filter(Fields& fields)
    : along_(fields.array<float>("along", {Fields::kAny})),
      down_(fields.array<float>("down", {Fields::kAny})),
      reach_(fields.array<int64_t>("reach", {2})),
      border_(border_of(fields)),
      fill_(fields.array_or_none<float>("fill", {fields.channels})),
      mask_(fields.array_or_none<float>("mask", {3})) {
    if (along_.shape[1] % 2 == 0) fields.fail("along", "must have an odd number of weights");
    if (down_.shape[1] % 2 == 0) fields.fail("down", "must have an odd number of weights");
    check_reach(fields, reach_, static_cast<int64_t>(down_.shape[1] / 2), static_cast<int64_t>(along_.shape[1] / 2));
}

void Filter::run(const Planes& in, size_t row, Scratch& scratch, const Emit& emit) const {
    const float* const fill = fill_ ? fill_[row] : nullptr;
    if (!mask_) return run_separable(in, along(row), down(row), border_, fill, scratch, emit);
    const auto sharpen = [&](int y, float* const* rows) {
        for (size_t c = 0; c < in.plane.size(); ++c)
            unsharp_row(in.plane[c], y, static_cast<size_t>(in.width), mask_[row], rows[c]);
        emit(y, rows);
    };
    run_separable(in, along(row), down(row), border_, fill, scratch, sharpen);
}

bool Filter::run_bytes(const Planes& in, size_t row, Scratch& scratch, const EmitBytes& emit) const {
    return !mask_ &&
           run_separable_bytes(in, along(row), down(row), border_, fill_ ? fill_[row] : nullptr, scratch, emit);
}

}  // namespace augstream
