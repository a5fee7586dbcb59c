#include "gather/warp.h"

#include <cmath>
#include <string>

namespace augstream {
namespace {

constexpr int64_t kMostSide = 1 << 16;
constexpr size_t kMostNodes = 512;    // along an axis
constexpr double kMostShift = 30000;  // so that twice as much and a half fits into 16 bits

Rows<int64_t> read_size(Fields& fields) {
    const Rows<int64_t> size = fields.array<int64_t>("size", {2});
    for (size_t i = 0; i < 2 * fields.rows; ++i)
        if (size.data[i] < 1 || size.data[i] > kMostSide)
            fields.fail("size", "must be in 1.." + std::to_string(kMostSide) + "; got " + std::to_string(size.data[i]));
    return size;
}

// A field stands behind all else, where there is one.
void read_field(Fields& fields, Warp& warp) {
    Fields row(fields.next("field"), "Warp.field", fields.rows, fields.channels);
    Field& field = warp.field.emplace();
    field.kind = static_cast<Field::Kind>(row.integer("kind", 0, 2));
    field.nodes = row.array<float>("nodes", {Fields::kAny, Fields::kAny, 2});
    field.box = row.array<double>("box", {4});
    field.matrix = row.array<double>("matrix", {3, 3});
    field.key = row.array_or_none<uint64_t>("key", {});
    row.end();
    const bool smooth = field.kind == Field::Kind::smooth, pixels = field.kind == Field::Kind::pixels;
    const size_t down = field.nodes.shape[1], across = field.nodes.shape[2], least = smooth ? 4 : 1;
    if (down < least || across < least || down > kMostNodes || across > kMostNodes || (pixels && down * across != 1))
        row.fail("nodes", "are " + std::to_string(down) + " x " + std::to_string(across));
    if (pixels && !field.key) row.fail("key", "must be given");
    for (size_t i = 0; i < fields.rows * down * across * 2; ++i) {
        const float node = field.nodes.data[i];
        if (!(std::abs(node) <= kMostShift) || (!smooth && node != std::floor(node)) || (pixels && node < 0))
            row.fail("nodes", "hold a shift of " + number_text(node));
    }
    for (size_t i = 0; i < fields.rows; ++i) {
        for (size_t k = 0; k < 9; ++k)
            if (!std::isfinite(field.matrix[i][k])) row.fail("matrix", "must hold finite matrices");
        const double* box = field.box[i];
        for (const size_t axis : {size_t{0}, size_t{1}}) {
            const double low = box[axis], high = box[axis + 2], side = high - low;
            const bool good = std::abs(low) <= 1e9 && std::abs(high) <= 1e9 && side > 1e-3;
            if (!good || (pixels && (side != std::floor(side) || side > kMostSide)))
                row.fail("box", "goes from " + number_text(low) + " to " + number_text(high));
        }
    }
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
        if (window.more()) made.bent = window.flag("bent");
        window.end();
    }
    if (fields.more()) read_field(fields, warp);
}

}  // namespace augstream
