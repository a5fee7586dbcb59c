#include "gather/warp.h"

#include <string>

namespace augstream {
namespace {

constexpr int64_t kMostSide = 1 << 16;

Rows<int64_t> read_size(Fields& fields) {
    const Rows<int64_t> size = fields.array<int64_t>("size", {2});
    for (size_t i = 0; i < 2 * fields.rows; ++i)
        if (size.data[i] < 1 || size.data[i] > kMostSide)
            fields.fail("size", "must be in 1.." + std::to_string(kMostSide) + "; got " + std::to_string(size.data[i]));
    return size;
}

}  // namespace

void read_warp(Fields& fields, size_t, Step& step) {
    Warp& warp = step.warp.emplace();
    warp.matrix = fields.array<double>("matrix", {3, 3});
    warp.size = read_size(fields);
    warp.border = static_cast<Border>(fields.integer("border", 0, 5));
    warp.interpolation = static_cast<Interpolation>(fields.integer("interpolation", 0, 2));
    warp.antialias = fields.flag("antialias");
    warp.fill = fields.array_or_none<float>("fill", {fields.channels});
    for (const Wire& one : fields.row("windows")) {
        Fields window(one, "Warp.window", fields.rows, fields.channels);
        Window& made = warp.windows.emplace_back();
        made.matrix = window.array<double>("matrix", {3, 3});
        made.size = read_size(window);
        made.fill = window.array<float>("fill", {fields.channels});
        window.end();
    }
}

}  // namespace augstream
